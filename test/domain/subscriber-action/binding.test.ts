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

describe('binding to where it comes in', () => {
  const bound = async (id: number) =>
    (
      await queryRows(
        api,
        `select bound_interface, bound_port, bound_s_vlan, bound_c_vlan, nas_group.name as nas_group, circuit_id
         from subscriber left join nas_group on nas_group.id = bound_nas_group_id where subscriber.id = $1`,
        [id],
      )
    )[0]!

  it('changes the parts that are named, and can be undone', async () => {
    const id = await addTestSubscriber(admin, { bound_port: '1/0/1', bound_c_vlan: 7 })
    const [moved] = await take('rebind-interface', [id], {
      port: '1/0/2',
      s_vlan: 100,
      nas_group: 'north',
      circuit_id: '0x0004',
    })
    expect(await bound(id)).toEqual({
      bound_interface: null,
      bound_port: '1/0/2',
      bound_s_vlan: 100,
      bound_c_vlan: 7,
      nas_group: 'north',
      circuit_id: Buffer.from([0, 4]),
    })
    expect(moved).toMatchObject({
      undo: { params: { port: '1/0/1', s_vlan: null, nas_group: null, circuit_id: null } },
    })
    await undo(id, moved)
    expect(await bound(id)).toMatchObject({
      bound_port: '1/0/1',
      bound_s_vlan: null,
      bound_c_vlan: 7,
      nas_group: null,
      circuit_id: null,
    })
    expect(await take('rebind-interface', [id], { port: '1/0/1' })).toMatchObject([{ kind: 'unchanged' }])
  })

  it('as its session shows: its VLANs, or its interface where it has none', async () => {
    const id = await addTestSubscriber(admin, { bound_interface: 'old' })
    expect(await take('rebind-interface', [id], { from_session: true })).toMatchObject([
      { kind: 'refused', reason: 'it has no live session to be bound as' },
    ])
    await openTestSession(api, id, { interface: 'ae0.demux', port: 'ae0', s_vlan: 20, c_vlan: 30 })
    await take('rebind-interface', [id], { from_session: true, disconnect: true })
    expect(await bound(id)).toMatchObject({
      bound_interface: null,
      bound_port: 'ae0',
      bound_s_vlan: 20,
      bound_c_vlan: 30,
      nas_group: 'default',
    })
    expect(await waitingOrders(api, id)).toEqual(['disconnect bound elsewhere'])
    const flat = await addTestSubscriber(admin)
    await openTestSession(api, flat, { interface: 'vlan4071' })
    await take('rebind-interface', [flat], { from_session: true })
    expect(await bound(flat)).toMatchObject({ bound_interface: 'vlan4071', bound_c_vlan: null })
  })

  it('cannot make two IPoE lines one, in one run either', async () => {
    await addTestSubscriber(admin, { username: 'line-1', account_type: 'ipoe', circuit_id: 'olt1/1' })
    const ids = [
      await addTestSubscriber(admin, { account_type: 'ipoe', circuit_id: 'olt1/2' }),
      await addTestSubscriber(admin, { account_type: 'ipoe', circuit_id: 'olt1/3' }),
    ]
    expect(await take('rebind-interface', [ids[0]!], { circuit_id: 'olt1/1' })).toMatchObject([
      { kind: 'refused', reason: 'it cannot have olt1/1, by which line-1 is told' },
    ])
    expect(await take('rebind-interface', ids, { circuit_id: 'olt1/9' })).toMatchObject([
      { kind: 'done' },
      { kind: 'refused' },
    ])
  })

  it('names what is wrong', async () => {
    const id = await addTestSubscriber(admin)
    await expect(take('rebind-interface', [id])).rejects.toThrow('interface: nothing to bind is named')
    await expect(take('rebind-interface', [id], { circuit_id: '0xz' })).rejects.toThrow('circuit_id: ')
    await expect(take('rebind-interface', [id], { port: 'x'.repeat(101) })).rejects.toThrow('port: ')
    await expect(take('rebind-interface', [id], { nas_group: 'No such' })).rejects.toThrow('there is no NAS group')
  })
})
