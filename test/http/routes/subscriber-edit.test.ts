import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import {
  addTestPlan,
  addTestSubscriber,
  auditOf,
  openTestSession,
  queryRows,
  waitingOrders,
  wrongFields,
} from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let support: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  support = await api.as('support')
  await addTestPlan(api, 'Home', { grace_hours: 24 })
  await addTestPlan(api, 'Fast')
  await queryRows(api, `insert into nas_group (name, address_space_id) values ('north', 1)`)
})

async function show(id: number, client = admin): Promise<Record<string, unknown>> {
  const answer = await client.get(`/subscribers/${id}`)
  expect(answer.status).toBe(200)
  return answer.body
}

describe('changing a subscriber', () => {
  it('leaves what is not named, clears what is null, and says what was and is', async () => {
    const id = await addTestSubscriber(admin, { full_name: 'Old Name', email: 'old@example.org', zone: 'north' })
    const answer = await admin.patch(`/subscribers/${id}`, { full_name: 'New Name', email: null, zone: 'south' })
    expect(answer.body).toMatchObject({ full_name: 'New Name', email: null, zone: 'south', plan: { name: 'Home' } })
    const entries = await auditOf(api, id)
    expect(entries.map(({ action }) => action)).toEqual(['subscriber.create', 'subscriber.edit'])
    expect(entries[1]).toMatchObject({ before: { zone: 'north' }, after: { zone: 'south' }, has_personal: true })
  })

  it('that changes nothing is no deed and no new version', async () => {
    const id = await addTestSubscriber(admin, { full_name: 'Same Name' })
    const before = await admin.get(`/subscribers/${id}`)
    const answer = await admin.patch(`/subscribers/${id}`, { full_name: ' Same Name ', password: '' })
    expect(answer.headers.get('etag')).toBe(before.headers.get('etag'))
    expect(await auditOf(api, id)).toHaveLength(1)
  })

  it('meets a change in between by the version that was read', async () => {
    const id = await addTestSubscriber(admin)
    const { headers } = await admin.get(`/subscribers/${id}`)
    const match = { 'if-match': headers.get('etag')! }
    expect((await admin.patch(`/subscribers/${id}`, { zone: 'north' }, match)).status).toBe(200)
    const late = await admin.patch(`/subscribers/${id}`, { zone: 'west' }, match)
    expect([late.status, late.body['code']]).toEqual([412, 'changed-meanwhile'])
    expect((await show(id))['zone']).toBe('north')
    expect((await admin.patch(`/subscribers/${id}`, { zone: 'west' })).status).toBe(200)
  })

  it('keeps the password where a blank one is sent, and its kind where another is', async () => {
    const id = await addTestSubscriber(admin, { password: 'the first one', credential: 'nt-hash' })
    const secret = async () =>
      (await queryRows(api, 'select kind, secret from credential where subscriber_id = $1', [id]))[0]!
    const first = await secret()
    await admin.patch(`/subscribers/${id}`, { password: '', zone: 'north' })
    expect(await secret()).toEqual(first)
    await admin.patch(`/subscribers/${id}`, { password: 'the second one' })
    expect((await secret())['kind']).toBe('nt-hash')
    expect(await secret()).not.toEqual(first)
    const entries = await auditOf(api, id)
    expect(entries.at(-1)).toMatchObject({ after: { password: true, credential: 'nt-hash' } })
    expect(entries.map(({ after }) => JSON.stringify(after)).join()).not.toContain('second one')
    await admin.patch(`/subscribers/${id}`, { password: 'a third', credential: 'clear' })
    expect((await secret())['kind']).toBe('clear')
  })

  it('names the field that is wrong, and changes nothing', async () => {
    const id = await addTestSubscriber(admin)
    for (const [field, body] of [
      ['full_name', { full_name: 'A' }],
      ['username', { username: ' ' }],
      ['latitude', { latitude: 10 }],
      ['devices', { devices: ['nonsense'] }],
      ['routes', { routes: ['nonsense'] }],
      ['credential', { credential: 'verifier' }],
      ['devices', { account_type: 'ipoe' }],
    ] as const) {
      expect(wrongFields(await admin.patch(`/subscribers/${id}`, body))).toEqual([field])
    }
    for (const body of [{ owner: 'R1' }, { owner_id: 1 }, { payer_id: 1 }, { plan: 'Fast' }, { enabled: false }]) {
      // W05: these are no fields but deeds of their own.
      expect((await admin.patch(`/subscribers/${id}`, body)).status).toBe(400)
    }
    expect(await auditOf(api, id)).toHaveLength(1)
  })

  it('needs a permission for each kind of field', async () => {
    const id = await addTestSubscriber(admin)
    const billing = await api.as('billing')
    expect((await billing.patch(`/subscribers/${id}`, { full_name: 'By Billing' })).status).toBe(200)
    for (const body of [
      { devices: [] },
      { addresses: [] },
      { session_limit: 1 },
      { bound_port: '1' },
      { password: 'x' },
      { username: 'y' },
    ]) {
      expect((await billing.patch(`/subscribers/${id}`, body)).status).toBe(403)
    }
    expect((await support.patch(`/subscribers/${id}`, { expires_at: '2030-01-01' })).status).toBe(403)
    expect((await (await api.as('viewer')).patch(`/subscribers/${id}`, { zone: 'x' })).status).toBe(403)
  })

  it('replaces lists as a whole and tells live sessions what concerns them', async () => {
    const id = await addTestSubscriber(admin, {
      devices: ['aa:00:00:00:00:01', 'aa:00:00:00:00:02'],
      addresses: ['198.51.100.99'],
    })
    await openTestSession(api, id)
    const answer = await admin.patch(`/subscribers/${id}`, { devices: ['aa:00:00:00:00:02', 'aa:00:00:00:00:03'] })
    expect((answer.body['devices'] as { mac: string }[]).map(({ mac }) => mac)).toEqual([
      'aa:00:00:00:00:02',
      'aa:00:00:00:00:03',
    ])
    expect(await waitingOrders(api, id)).toEqual([])
    await admin.patch(`/subscribers/${id}`, { attributes: ['Filter-Id = x'] })
    expect(await waitingOrders(api, id)).toEqual(['reapply edited'])
    await admin.patch(`/subscribers/${id}`, { addresses: [] })
    expect(await waitingOrders(api, id)).toEqual(['disconnect edited'])
  })

  it('of the expiry begins the service period, and ends the sessions of who is over', async () => {
    const id = await addTestSubscriber(admin)
    await openTestSession(api, id)
    await admin.patch(`/subscribers/${id}`, { expires_at: '2026-12-24T12:00:00Z' })
    expect(await show(id)).toMatchObject({
      label: 'active',
      activated_at: noon.toISOString(),
      grace_until: '2026-12-25T12:00:00.000Z',
    })
    expect(await waitingOrders(api, id)).toEqual(['reapply edited'])
    await admin.patch(`/subscribers/${id}`, { expires_at: '2026-10-01T12:00:00Z' })
    expect((await show(id))['label']).toBe('expired')
    expect(await waitingOrders(api, id)).toEqual(['disconnect edited'])
  })

  it('is refused where another has the username, the line or the address', async () => {
    await addTestSubscriber(admin, {
      username: 'taken',
      account_type: 'ipoe',
      circuit_id: 'olt1/7',
      addresses: ['198.51.100.50'],
    })
    const id = await addTestSubscriber(admin, { account_type: 'ipoe', circuit_id: 'olt1/8' })
    for (const [field, body] of [
      ['username', { username: 'TAKEN' }],
      ['circuit_id', { circuit_id: 'olt1/7' }],
      ['addresses', { addresses: ['198.51.100.50'] }],
    ] as const) {
      const answer = await admin.patch(`/subscribers/${id}`, body)
      expect([answer.status, wrongFields(answer)]).toEqual([409, [field]])
    }
  })
})
