import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import {
  addTestPlan,
  addTestSubscriber,
  openTestSession,
  queryRows,
  takeNamed,
  waitingOrders,
} from '../../support/subscribers.ts'

const api = useApi()
let admin: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  await addTestPlan(api, 'Two devices', { device_limit: 2 })
  await queryRows(api, `insert into nas_group (name, address_space_id) values ('north', 1)`)
})

const take = (action: string, ids: number[], params: Record<string, unknown> = {}) =>
  takeNamed(api.db, { action, ids, params }, api.author)
const undo = (
  id: number,
  outcome: { undo?: { action: string; params: Readonly<Record<string, unknown>> } } | undefined,
) => take(outcome!.undo!.action, [id], outcome!.undo!.params)
const addresses = async (id: number) =>
  (
    await queryRows(api, 'select prefix::text from subscriber_address where subscriber_id = $1 order by prefix', [id])
  ).map(({ prefix }) => prefix)

describe('a static address', () => {
  it('is given in place of others, ends the session that has another, and is given back', async () => {
    const id = await addTestSubscriber(admin, { addresses: ['198.51.100.1'] })
    await openTestSession(api, id)
    const [set] = await take('set-address', [id], { addresses: ['198.51.100.2', '2001:db8:2::/56'] })
    expect(set).toMatchObject({
      kind: 'done',
      undo: { action: 'set-address', params: { addresses: ['198.51.100.1/32'] } },
    })
    expect(await addresses(id)).toEqual(['198.51.100.2/32', '2001:db8:2::/56'])
    expect(await waitingOrders(api, id)).toEqual(['disconnect address changed'])
    expect(await take('set-address', [id], { addresses: ['2001:db8:2::/56', '198.51.100.2'] })).toMatchObject([
      { kind: 'unchanged' },
    ])
    await undo(id, set)
    expect(await addresses(id)).toEqual(['198.51.100.1/32'])
  })

  it('is of one subscriber only', async () => {
    await addTestSubscriber(admin, { username: 'holder', addresses: ['198.51.100.8', '2001:db8:8::/56'] })
    const ids = [await addTestSubscriber(admin), await addTestSubscriber(admin)]
    expect(await take('set-address', ids, { addresses: ['2001:db8:8::/64'] })).toMatchObject([
      { kind: 'refused', reason: 'it cannot have 2001:db8:8::/64, which is or overlaps that of holder' },
      { kind: 'refused' },
    ])
    expect(await take('set-address', ids, { addresses: ['198.51.100.9'] })).toMatchObject([
      { kind: 'done' },
      { kind: 'refused' },
    ])
    const racing = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const id = await addTestSubscriber(admin)
        return admin.post(`/subscribers/${id}/set-address`, { addresses: ['198.51.100.10'] })
      }),
    )
    expect(racing.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(racing.filter(({ status }) => status === 409)).toHaveLength(4)
  })

  it('is taken back with the session, unless asked otherwise', async () => {
    const id = await addTestSubscriber(admin, { addresses: ['198.51.100.20'] })
    await openTestSession(api, id)
    expect(await take('release-address', [id], { disconnect: false })).toMatchObject([
      { kind: 'done', undo: { action: 'set-address', params: { addresses: ['198.51.100.20/32'] } } },
    ])
    expect([await addresses(id), await waitingOrders(api, id)]).toEqual([[], []])
    expect(await take('release-address', [id])).toMatchObject([{ kind: 'unchanged' }])
    await expect(take('set-address', [id], { addresses: ['10.0.0.0/24'] })).rejects.toThrow('addresses: ')
  })
})
