import { beforeAll, expect, it } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { findLineHolders } from '../../src/domain/line-conflict.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { readSubscriberFields } from '../../src/domain/subscriber-fields.ts'
import type { SubscriberTexts } from '../../src/domain/subscriber-fields.ts'
import { optionNames } from '../../src/domain/subscriber.ts'
import { insertPlan, insertRow, insertSubscriber, macA, macB, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

beforeAll(async () => {
  const { pool } = database
  const plan = { plan_id: await insertPlan(pool), account_type: 'ipoe' }
  const id = await insertSubscriber(pool, { ...plan, username: 'anna', duid: Buffer.from('0003', 'hex') })
  await insertRow(pool, 'device', { subscriber_id: id, mac: macA, bound: true })
  await insertSubscriber(pool, {
    ...plan,
    username: 'west',
    circuit_id: Buffer.from('c1'),
    remote_id: Buffer.from('west'),
  })
  await insertSubscriber(pool, { ...plan, username: 'remote', remote_id: Buffer.from('r1') })
  await insertSubscriber(pool, { ...plan, username: 'vlan', bound_s_vlan: 5, bound_c_vlan: 7 })
  await insertSubscriber(pool, { ...plan, username: 'named', bound_interface: 'vlan9' })
  await insertSubscriber(pool, { ...plan, username: 'gone', circuit_id: Buffer.from('gone'), archived_at: noon })
  await insertSubscriber(pool, { ...plan, username: 'ppp', account_type: 'pppoe', circuit_id: Buffer.from('ppp') })
})

async function holders(...wanted: Partial<SubscriberTexts>[]) {
  const fields = wanted.map(
    (texts) =>
      readSubscriberFields({ username: 'new', accountType: 'ipoe', ...texts }, optionNames, defaultSettings).fields,
  )
  const found = await inTransaction(createKysely<Database>(database.pool), (trx) => findLineHolders(trx, fields))
  return found.map(({ at, fact, username }) => [at, fact.field, username])
}

it('names who has the fact already', async () => {
  expect(await holders({ mac: macA }, { duid: '0x0003' }, { circuitId: 'c1' }, { remoteId: 'r1' })).toEqual([
    [0, 'mac', 'anna'],
    [1, 'duid', 'anna'],
    [2, 'circuitId', 'west'],
    [3, 'remoteId', 'remote'],
  ])
  expect(await holders({ sVlan: '5', cVlan: '7' }, { boundInterface: 'vlan9' })).toEqual([
    [0, 'boundInterface', 'vlan'],
    [1, 'boundInterface', 'named'],
  ])
})

it('lets ids be a pair, and an interface be shared where something else tells the line', async () => {
  expect(await holders({ circuitId: 'c1', remoteId: 'east' }, { circuitId: 'c2', remoteId: 'r1' })).toEqual([])
  expect(await holders({ mac: macB, boundInterface: 'vlan9' }, { sVlan: '6', cVlan: '7' })).toEqual([])
})

it('does not look at PPPoE, and not at who is archived', async () => {
  expect(await holders({ circuitId: 'gone' }, { circuitId: 'ppp' }, { accountType: 'pppoe', mac: macA })).toEqual([])
  expect(await holders()).toEqual([])
})
