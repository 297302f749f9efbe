import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours } from '../../support/operator.ts'
import { addTestPlan, addTestSubscriber, auditOf, queryRows, takeNamed } from '../../support/subscribers.ts'

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
const devices = async (id: number) =>
  (await queryRows(api, 'select mac, bound from device where subscriber_id = $1 order by mac', [id])).map(
    ({ mac, bound }) => `${String(mac)}${bound === true ? ' bound' : ''}`,
  )
const mac = (last: number) => `aa:bb:cc:00:00:${String(last).padStart(2, '0')}`

describe('binding a MAC', () => {
  it('is done once, and undone by releasing it', async () => {
    const id = await addTestSubscriber(admin)
    const [bound] = await take('bind-mac', [id], { macs: ['AABB.CC00.0001', mac(2), mac(2)] })
    expect(bound).toMatchObject({ kind: 'done', undo: { action: 'release-mac', params: { macs: [mac(1), mac(2)] } } })
    expect(await devices(id)).toEqual([`${mac(1)} bound`, `${mac(2)} bound`])
    expect(await take('bind-mac', [id], { macs: [mac(1)] })).toMatchObject([{ kind: 'unchanged' }])
    const entry = (await auditOf(api, id)).at(-1)!
    expect([entry['has_personal'], JSON.stringify(entry['after'])]).toEqual([true, '{}'])
    await undo(id, bound)
    expect(await devices(id)).toEqual([])
  })

  it('makes a learnt one bound', async () => {
    const id = await addTestSubscriber(admin)
    await queryRows(api, 'insert into device (subscriber_id, mac) values ($1, $2)', [id, mac(3)])
    await take('bind-mac', [id], { macs: [mac(3)] })
    expect(await devices(id)).toEqual([`${mac(3)} bound`])
  })

  it('keeps to the limit of subscriber or plan', async () => {
    const id = await addTestSubscriber(admin, { plan: 'Two devices', devices: [mac(4)] })
    expect(await take('bind-mac', [id], { macs: [mac(5), mac(6)] })).toMatchObject([
      { kind: 'refused', reason: 'it may have 2 devices and has 1 bound' },
    ])
    expect(await take('bind-mac', [id], { macs: [mac(5)] })).toMatchObject([{ kind: 'done' }])
  })

  it('by which an IPoE line is told is of one of them only, at once too', async () => {
    const first = await addTestSubscriber(admin, { username: 'ipoe-1', account_type: 'ipoe', devices: [mac(10)] })
    const ids = [
      await addTestSubscriber(admin, { account_type: 'ipoe', circuit_id: 'a1' }),
      await addTestSubscriber(admin, { account_type: 'ipoe', circuit_id: 'a2' }),
    ]
    expect(await take('bind-mac', ids, { macs: [mac(10)] })).toMatchObject([
      { kind: 'refused', reason: `it cannot have ${mac(10)}, by which ipoe-1 is told` },
      { kind: 'refused' },
    ])
    expect(await take('bind-mac', ids, { macs: [mac(11)] })).toMatchObject([{ kind: 'done' }, { kind: 'refused' }])
    const pppoe = await addTestSubscriber(admin)
    expect(await take('bind-mac', [pppoe], { macs: [mac(10)] })).toMatchObject([{ kind: 'done' }])
    expect(await devices(first)).toEqual([`${mac(10)} bound`])
  })

  it('never tells a reseller whose it is', async () => {
    const r1 = await api.reseller('R1')
    const reseller = await api.as('reseller', { organisationId: r1 })
    const id = await addTestSubscriber(reseller, { account_type: 'ipoe', circuit_id: 'r1' })
    const answer = await reseller.post(`/subscribers/${id}/bind-mac`, { macs: [mac(10)] })
    expect([answer.status, answer.body['detail']]).toEqual([
      409,
      `it cannot have ${mac(10)}, by which another subscriber is told`,
    ])
    const created = await reseller.post('/subscribers', {
      username: 'r1x',
      plan: 'Home',
      account_type: 'ipoe',
      devices: [mac(10)],
    })
    expect(created.status).toBe(409)
    expect(created.text).not.toContain('ipoe-1')
  })

  it('needs MACs that are some', async () => {
    const id = await addTestSubscriber(admin)
    await expect(take('bind-mac', [id], { macs: ['nonsense'] })).rejects.toThrow('macs: ')
    await expect(take('bind-mac', [id], { macs: [] })).rejects.toThrow('macs')
  })
})

describe('releasing MACs', () => {
  it('forgets all or the named ones, and can bind the bound ones again', async () => {
    const id = await addTestSubscriber(admin, { devices: [mac(20), mac(21)] })
    await queryRows(api, 'insert into device (subscriber_id, mac) values ($1, $2)', [id, mac(22)])
    expect(await take('release-mac', [id], { macs: [mac(20)] })).toMatchObject([{ detail: { released: 1 } }])
    expect(await devices(id)).toEqual([`${mac(21)} bound`, mac(22)])
    const [all] = await take('release-mac', [id])
    expect(all).toMatchObject({ detail: { released: 2 }, undo: { action: 'bind-mac', params: { macs: [mac(21)] } } })
    expect(await devices(id)).toEqual([])
    await undo(id, all)
    expect(await devices(id)).toEqual([`${mac(21)} bound`])
  })

  it('opens the window in which the next one is bound, where asked', async () => {
    const id = await addTestSubscriber(admin)
    expect(await take('release-mac', [id])).toMatchObject([{ kind: 'unchanged' }])
    expect(await take('release-mac', [id], { learn_hours: 2 })).toMatchObject([
      { kind: 'done', detail: { released: 0 } },
    ])
    expect(await queryRows(api, 'select learn_mac_until from subscriber where id = $1', [id])).toEqual([
      { learn_mac_until: hours(2) },
    ])
  })
})
