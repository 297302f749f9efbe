import { beforeAll, expect, it } from 'vitest'
import { takeLearnWindow } from '../../src/domain/learn-window.ts'
import { after, insertPlan, insertRow, insertSubscriber, macA, macB, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let planId: bigint

beforeAll(async () => {
  planId = await insertPlan(database.pool)
})

const subscriber = (username: string, until: Date | null) =>
  insertSubscriber(database.pool, { username, plan_id: planId, learn_mac_until: until })

async function boundMacs(id: bigint): Promise<string[]> {
  const { rows } = await database.pool.query<{ mac: string }>(
    'select mac from device where subscriber_id = $1 and bound order by mac',
    [id],
  )
  return rows.map(({ mac }) => mac)
}

it('binds the MAC and closes the window', async () => {
  const id = await subscriber('open', after(900))
  await insertRow(database.pool, 'device', { subscriber_id: id, mac: macA })
  expect(await takeLearnWindow(database.pool, { subscriberId: id, mac: macA }, noon)).toBe(true)
  expect(await takeLearnWindow(database.pool, { subscriberId: id, mac: macB }, noon)).toBe(false)
  expect(await boundMacs(id)).toEqual([macA])
})

it('binds nothing where no window is open', async () => {
  for (const [name, until] of [
    ['closed', null],
    ['over', noon],
  ] as const) {
    const id = await subscriber(name, until)
    expect(await takeLearnWindow(database.pool, { subscriberId: id, mac: macA }, noon)).toBe(false)
    expect(await boundMacs(id)).toEqual([])
  }
})

it('is for one of two that come at the same moment', async () => {
  const id = await subscriber('race', after(900))
  const taken = await Promise.all(
    [macA, macB].map((mac) => takeLearnWindow(database.pool, { subscriberId: id, mac }, noon)),
  )
  expect(taken.filter(Boolean)).toHaveLength(1)
  expect(await boundMacs(id)).toHaveLength(1)
})
