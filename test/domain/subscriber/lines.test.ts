// IPoE subscribers have no password: what their line says is who they are. Two that say the same could neither be let in, so that
// no way of writing one may make a second, at once neither.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Answer, Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, queryRows, takeNamed, wrongFields } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let reseller: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  reseller = await api.as('reseller', { organisationId: await api.reseller('R1') })
  await addTestPlan(api, 'Home')
  await queryRows(api, `insert into nas_group (name, address_space_id) values ('north', 1)`)
})
beforeEach(() => queryRows(api, `update subscriber set archived_at = now() where archived_at is null`))

const ipoe = { account_type: 'ipoe' }
let made = 0
function post(body: Record<string, unknown>, client = admin): Promise<Answer> {
  made += 1
  return client.post('/subscribers', { username: `line${made}`, plan: 'Home', ...ipoe, ...body })
}
const line = (body: Record<string, unknown>) => addTestSubscriber(admin, { ...ipoe, ...body })
const told = (answer: Answer) => [answer.status, ...wrongFields(answer)]

describe('a second line of the same', () => {
  it.each([
    ['devices', { devices: ['aa:00:00:00:00:01'] }, { devices: ['AA-00-00-00-00-02', 'AA-00-00-00-00-01'] }],
    ['circuit_id', { circuit_id: 'olt1/7' }, { circuit_id: '0x6f6c74312f37' }],
    ['circuit_id', { circuit_id: 'a', remote_id: 'r' }, { circuit_id: 'a', remote_id: 'r' }],
    ['circuit_id', { circuit_id: 'a' }, { circuit_id: 'a', remote_id: 'r' }],
    ['circuit_id', { circuit_id: 'a', remote_id: 'r' }, { circuit_id: 'a' }],
    ['remote_id', { remote_id: 'r' }, { remote_id: 'r' }],
    ['duid', { duid: '0x000300010a0b0c0d0e0f' }, { duid: '0x000300010A0B0C0D0E0F' }],
    ['bound_interface', { bound_interface: 'ge-0/0/1' }, { bound_interface: 'ge-0/0/1' }],
    ['bound_interface', { bound_c_vlan: 7 }, { bound_c_vlan: 7 }],
    ['bound_interface', { bound_s_vlan: 100, bound_c_vlan: 7 }, { bound_s_vlan: 100, bound_c_vlan: 7 }],
    ['bound_interface', { bound_port: '1', bound_c_vlan: 7 }, { bound_port: '1', bound_c_vlan: 7 }],
  ])('is refused, naming %s', async (field, first, second) => {
    await line(first)
    expect(told(await post(second))).toEqual([409, field])
  })

  it.each([
    [
      'the same circuit of another access node',
      { circuit_id: 'a', remote_id: 'r1' },
      { circuit_id: 'a', remote_id: 'r2' },
    ],
    [
      'another port of the interface',
      { bound_interface: 'ae0', bound_port: '1' },
      { bound_interface: 'ae0', bound_port: '2' },
    ],
    ['another S-VLAN', { bound_s_vlan: 100, bound_c_vlan: 7 }, { bound_s_vlan: 200, bound_c_vlan: 7 }],
    [
      'an interface shared by lines that have MACs',
      { bound_interface: 'ae0', devices: ['aa:00:00:00:00:01'] },
      { bound_interface: 'ae0', devices: ['aa:00:00:00:00:02'] },
    ],
    [
      'the MAC of a PPPoE subscriber',
      { account_type: 'pppoe', devices: ['aa:00:00:00:00:01'] },
      { devices: ['aa:00:00:00:00:01'] },
    ],
    ['the circuit of a PPPoE subscriber', { account_type: 'pppoe', circuit_id: 'a' }, { circuit_id: 'a' }],
    [
      'the circuit of a line bound to another NAS group',
      { circuit_id: 'a', bound_nas_group: 'north' },
      { circuit_id: 'a' },
    ],
  ])('is none where it has %s', async (_what, first, second) => {
    await line(first)
    expect(told(await post(second))).toEqual([201])
  })

  it('is free again once the first one is deleted', async () => {
    const id = await line({ circuit_id: 'a' })
    await admin.post(`/subscribers/${id}/delete`)
    expect(told(await post({ circuit_id: 'a' }))).toEqual([201])
    const answer = await admin.post(`/subscribers/${id}/restore`)
    expect([answer.status, answer.body['detail']]).toEqual([
      409,
      expect.stringMatching(/^it cannot have a, by which line/),
    ])
  })

  it('of another organisation stands in the way without a name', async () => {
    const first = await post({ circuit_id: 'secret circuit', username: 'isp-own-line' })
    expect(first.status).toBe(201)
    const answer = await post({ circuit_id: 'secret circuit' }, reseller)
    expect(told(answer)).toEqual([409, 'circuit_id'])
    expect(answer.text).not.toContain('isp-own-line')
  })

  it('is made neither by turning a PPPoE subscriber into a line', async () => {
    await line({ devices: ['aa:00:00:00:00:01'] })
    const id = await addTestSubscriber(admin, { devices: ['aa:00:00:00:00:01'] })
    expect(told(await admin.patch(`/subscribers/${id}`, ipoe))).toEqual([409, 'devices'])
    expect(told(await admin.patch(`/subscribers/${id}`, { ...ipoe, devices: ['aa:00:00:00:00:02'] }))).toEqual([200])
  })

  it('is made neither by taking away what told them apart', async () => {
    await line({ bound_interface: 'ae0' })
    const id = await line({ bound_interface: 'ae0', devices: ['aa:00:00:00:00:01'] })
    expect(told(await admin.patch(`/subscribers/${id}`, { devices: [] }))).toEqual([409, 'bound_interface'])
    expect(told(await admin.patch(`/subscribers/${id}`, { devices: [], bound_port: '7' }))).toEqual([200])
  })

  it('does not stand in the way of what an edit leaves alone', async () => {
    const id = await line({ circuit_id: 'a', remote_id: 'r', devices: ['aa:00:00:00:00:01'] })
    expect(told(await admin.patch(`/subscribers/${id}`, { zone: 'north', circuit_id: 'a' }))).toEqual([200])
  })
})

describe('of twenty that write the same line at once', () => {
  const twenty = Array.from({ length: 20 }, (_, at) => at)
  const counts = (answers: Answer[]) => {
    const ofStatus = (status: number) => answers.filter((answer) => answer.status === status).length
    return [ofStatus(200) + ofStatus(201), ofStatus(409)]
  }
  const separate = () => Promise.all(twenty.map((at) => line({ circuit_id: `own/${at}` })))

  it.each([
    ['circuit', { circuit_id: 'same' }],
    ['MAC', { devices: ['aa:00:00:00:00:09'] }],
    ['VLANs', { bound_s_vlan: 5, bound_c_vlan: 6 }],
  ])('one adds it (%s)', async (_what, body) => {
    expect(counts(await Promise.all(twenty.map(() => post(body))))).toEqual([1, 19])
  })

  it('one is edited to have it', async () => {
    const ids = await separate()
    const answers = await Promise.all(ids.map((id) => admin.patch(`/subscribers/${id}`, { circuit_id: 'same' })))
    expect(counts(answers)).toEqual([1, 19])
    expect(wrongFields(answers.find(({ status }) => status === 409)!)).toEqual(['circuit_id'])
  })

  it('one is bound to it', async () => {
    const ids = await separate()
    const bind = (id: number) => admin.post(`/subscribers/${id}/rebind-interface`, { circuit_id: 'same' })
    expect(counts(await Promise.all(ids.map(bind)))).toEqual([1, 19])
  })

  it('one gets the MAC', async () => {
    const ids = await separate()
    const bind = (id: number) => admin.post(`/subscribers/${id}/bind-mac`, { macs: ['aa:00:00:00:00:0a'] })
    expect(counts(await Promise.all(ids.map(bind)))).toEqual([1, 19])
  })

  it('one is restored', async () => {
    const ids: number[] = []
    for (const _ of twenty) {
      const id = await line({ circuit_id: 'same' })
      await takeNamed(api.db, { action: 'delete', ids: [id] }, api.author)
      ids.push(id)
    }
    expect(counts(await Promise.all(ids.map((id) => admin.post(`/subscribers/${id}/restore`))))).toEqual([1, 19])
  })

  it('one has it, whichever way each of them goes', async () => {
    const ids = await separate()
    const answers = await Promise.all(
      ids.map((id, at) => {
        if (at % 4 === 0) return post({ circuit_id: 'mixed' })
        if (at % 4 === 1) return admin.patch(`/subscribers/${id}`, { circuit_id: 'mixed' })
        if (at % 4 === 2) return admin.post(`/subscribers/${id}/rebind-interface`, { circuit_id: 'mixed' })
        return reseller.post('/subscribers', { username: `mixed${at}`, plan: 'Home', ...ipoe, circuit_id: 'mixed' })
      }),
    )
    expect(counts(answers)).toEqual([1, 19])
    const rows = await queryRows(api, `select 1 from subscriber where circuit_id = 'mixed' and archived_at is null`)
    expect(rows).toHaveLength(1)
  })
})
