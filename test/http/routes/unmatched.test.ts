import { beforeAll, describe, expect, it } from 'vitest'
import { makeNasRow, makeRow, makeSide } from '../../support/activity.ts'
import { insertRow } from '../../support/access.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon, rowsOf } from '../../support/operator.ts'

const api = useApi()
let support: Client
const ids: Record<string, bigint> = {}

async function unmatched(name: string, row: Record<string, unknown> = {}): Promise<void> {
  await insertRow(api.pool, 'unmatched_request', {
    nas_id: ids.nas,
    fingerprint: name,
    username: name,
    reason: 'unknown',
    sent: '{"NAS-Port-Id":"ether1"}',
    first_at: hours(-3),
    last_at: noon,
    ...row,
  })
}
const listed = async (client: Client, query = '') =>
  ((await client.get(`/unmatched${query}`)).body.items as { username: string }[]).map(({ username }) => username)

beforeAll(async () => {
  support = await api.as('support')
  const west = await insertRow(api.pool, 'nas_group', { name: 'west', address_space_id: 1 })
  ids.nas = await makeNasRow(api, 'bng-1')
  ids.west = await makeNasRow(api, 'bng-2', { nas_group_id: west })
  ids.anna = await makeRow(api, 'anna')
  ids.line = await makeRow(api, 'line', { account_type: 'ipoe' })
  await unmatched('anna', { reason: 'mac-not-bound', mac: 'aa:00:00:00:00:01', count: 3 })
  await unmatched('stranger', { mac: 'aa:00:00:00:00:02', circuit_id: Buffer.from('olt 1/7'), last_at: hours(-1) })
  await unmatched('west', { nas_id: ids.west, last_at: hours(-2), interface: 'ge-0/0/1' })
})

describe('GET /unmatched', () => {
  it('shows what came last first, with all that was sent', async () => {
    const { body } = await support.get('/unmatched?limit=1')
    expect(body.items).toEqual([
      {
        id: expect.any(Number) as number,
        nas: 'bng-1',
        nas_group: 'default',
        username: 'anna',
        known: true,
        mac: 'aa:00:00:00:00:01',
        interface: null,
        port: null,
        s_vlan: null,
        c_vlan: null,
        circuit_id: null,
        remote_id: null,
        duid: null,
        reason: 'mac-not-bound',
        sent: { 'NAS-Port-Id': 'ether1' },
        count: 3,
        first_at: hours(-3).toISOString(),
        last_at: noon.toISOString(),
      },
    ])
    expect(await listed(support, `?cursor=${String(body.next_cursor)}`)).toEqual(['stranger', 'west'])
    expect(await listed(support, '?reason=mac-not-bound')).toEqual(['anna'])
    expect(await listed(support, `?nas_id=${ids.west}`)).toEqual(['west'])
    expect((await support.get('/unmatched?cursor=WzFd')).status).toBe(400)
  })

  it('is the ISP’s own, and shows a team its NAS groups', async () => {
    const side = await makeSide(api, 'of-reseller')
    expect((await side.client.get('/unmatched')).status).toBe(403)
    const teamId = await insertRow(api.pool, 'team', { name: 'default', nas_group_ids: [1], created_at: noon })
    const member = await api.as('support', { teamId })
    expect(await listed(member)).toEqual(['anna', 'stranger'])
    const [west] = await rowsOf(api, `select id from unmatched_request where username = 'west'`)
    expect(
      (await member.post(`/unmatched/${String(west!.id)}/attach`, { subscriber_id: Number(ids.line) })).status,
    ).toBe(404)
    expect((await member.delete(`/unmatched/${String(west!.id)}`)).status).toBe(404)
  })
})

describe('POST /unmatched/:id/attach', () => {
  const idOf = async (username: string) =>
    Number((await rowsOf(api, `select id from unmatched_request where username = $1`, [username]))[0]?.id ?? 0)

  it('binds what was refused to the subscriber, with an audit entry, and the entry is gone', async () => {
    const subscriberId = (await rowsOf(api, `select id from subscriber where username = 'anna'`))[0]!.id
    const answer = await support.post(`/unmatched/${await idOf('anna')}/attach`, {
      subscriber_id: Number(subscriberId),
    })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      subscriber_id: Number(subscriberId),
      username: 'anna',
      facts: [{ fact: 'mac', value: 'aa:00:00:00:00:01' }],
    })
    expect(await rowsOf(api, 'select mac::text, bound from device where subscriber_id = $1', [subscriberId])).toEqual([
      { mac: 'aa:00:00:00:00:01', bound: true },
    ])
    expect(await listed(support)).toEqual(['stranger', 'west'])
    const [entry] = await rowsOf(api, `select * from audit_entry where action = 'subscriber.attach-line'`)
    expect(entry).toMatchObject({ noun: 'subscriber', row_id: subscriberId, owner_id: 1n, person_id: subscriberId })
    // The MAC is the person's: it lies sealed.
    expect(JSON.stringify(entry!.after)).not.toContain('aa:00')
  })

  it('binds the facts that were named', async () => {
    const path = `/unmatched/${await idOf('stranger')}/attach`
    const wrong = await support.post(path, { subscriber_id: Number(ids.line), facts: ['duid'] })
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ field: 'fact' }] } })
    const answer = await support.post(path, { subscriber_id: Number(ids.line), facts: ['circuit-id', 'mac'] })
    expect(answer.body.facts).toEqual([
      { fact: 'circuit-id', value: 'olt 1/7' },
      { fact: 'mac', value: 'aa:00:00:00:00:02' },
    ])
  })

  it('refuses what is not there, and who may not', async () => {
    const path = `/unmatched/${await idOf('west')}/attach`
    expect((await support.post(path, { subscriber_id: 98_765 })).status).toBe(404)
    expect((await support.post('/unmatched/98765/attach', { subscriber_id: Number(ids.line) })).status).toBe(404)
    expect((await support.post(path, { subscriber_id: Number(ids.line), facts: [] })).status).toBe(400)
    expect((await (await api.as('viewer')).post(path, { subscriber_id: Number(ids.line) })).status).toBe(403)
  })

  it('puts one away', async () => {
    const id = await idOf('west')
    expect((await support.delete(`/unmatched/${id}`)).status).toBe(204)
    expect((await support.delete(`/unmatched/${id}`)).status).toBe(404)
    expect(await listed(support)).toEqual([])
    expect(await rowsOf(api, `select before from audit_entry where action = 'unmatched.dismiss'`)).toEqual([
      { before: { nas_id: String(ids.west), reason: 'unknown' } },
    ])
  })
})
