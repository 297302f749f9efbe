import { beforeAll, describe, expect, it } from 'vitest'
import { makeNasRow, makeRow, makeSessionRow, makeSide, everyPage } from '../../support/activity.ts'
import type { Side } from '../../support/activity.ts'
import { insertRow } from '../../support/access.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon, rowsOf } from '../../support/operator.ts'

const api = useApi()
let support: Client
let [north, south]: Side[] = []
const ids: Record<string, bigint> = {}

const listed = async (client: Client, path: string): Promise<unknown[]> => {
  const answer = await client.get(path)
  expect(answer.text).not.toContain('"code"')
  const names = new Map(Object.entries(ids).map(([name, id]) => [Number(id), name]))
  return (answer.body.items as { id: number }[]).map((item) => names.get(item.id) ?? item.id)
}

beforeAll(async () => {
  support = await api.as('support')
  north = await makeSide(api, 'north-anna')
  south = await makeSide(api, 'south-berta', 'south')
  ids.nas = await makeNasRow(api, 'bng-1')
  const group = await insertRow(api.pool, 'nas_group', { name: 'west', address_space_id: 1 })
  ids.west = await makeNasRow(api, 'bng-2', { nas_group_id: group })
  const anna = { subscriber_id: north.subscriberId, username: north.username, nas_id: ids.nas }
  ids.online = await makeSessionRow(api, {
    ...anna,
    started_at: hours(-1),
    mac: 'aa:00:00:00:00:01',
    framed_ip: '10.1.0.5',
    delegated_ipv6_prefix: '2001:db8:5::/48',
    interface: 'ae1.demux0:100-200',
    port: 'ae1',
    s_vlan: 100,
    c_vlan: 200,
    input_octets: 2n ** 60n,
    circuit_id: Buffer.from('olt 1/2'),
  })
  ids.zombie = await makeSessionRow(api, {
    subscriber_id: south.subscriberId,
    username: south.username,
    nas_id: ids.west,
    nas_group_id: group,
    started_at: hours(-20),
    updated_at: hours(-9),
    framed_ip: '10.1.0.9',
    anomalies: 2,
    last_anomaly: 'octets fell',
  })
  ids.ended = await makeSessionRow(api, { ...anna, started_at: hours(-30), ended_at: hours(-28), ended_by: 'stop' })
  ids.archived = await makeSessionRow(
    api,
    { ...anna, started_at: hours(-300), ended_at: hours(-290), ended_by: 'stale', framed_ip: '10.1.0.5' },
    'session_archive',
  )
  ids.stranger = await makeSessionRow(api, { username: 'stranger', nas_id: ids.nas, started_at: hours(-2) })
  ids.service = await makeSessionRow(api, { ...anna, service: 'voice', parent_id: ids.online, started_at: hours(-1) })
})

describe('GET /sessions', () => {
  it('shows live and past ones in one list, newest first', async () => {
    expect(await listed(support, '/sessions')).toEqual(['online', 'stranger', 'zombie', 'ended', 'archived'])
    const { body } = await support.get(`/sessions/${ids.online}`)
    expect(body).toMatchObject({
      state: 'online',
      archived: false,
      nas: 'bng-1',
      mac: 'aa:00:00:00:00:01',
      framed_ip: '10.1.0.5',
      delegated_ipv6_prefix: '2001:db8:5::/48',
      circuit_id: 'olt 1/2',
      input_octets: '1152921504606846976',
      started_at: hours(-1).toISOString(),
    })
    expect((await support.get(`/sessions/${ids.archived}`)).body).toMatchObject({ archived: true, state: 'ended' })
    expect((await support.get(`/sessions/${ids.zombie}`)).body).toMatchObject({
      state: 'zombie',
      anomalies: 2,
      last_anomaly: 'octets fell',
    })
  })

  it('goes on where a page ended, across both tables', async () => {
    const seen = (await everyPage<{ id: number }>(support, '/sessions?limit=1')).map(({ id }) => id)
    const wanted = [ids.online, ids.stranger, ids.zombie, ids.ended, ids.archived].map(Number)
    expect(seen).toEqual(wanted)
  })

  it.each([
    ['state=online', ['online', 'stranger']],
    ['state=zombie', ['zombie']],
    ['state=open', ['online', 'stranger', 'zombie']],
    ['state=ended', ['ended', 'archived']],
    ['username=%20North-ANNA', ['online', 'ended', 'archived']],
    ['port=ae1&s_vlan=100&c_vlan=200', ['online']],
    ['interface=ae1.demux0:100-200', ['online']],
    ['c_vlan=201', []],
    ['mac=AA-00-00-00-00-01', ['online']],
    ['address=10.1.0.5', ['online', 'archived']],
    ['address=10.1.0.0/24', ['online', 'zombie', 'archived']],
    ['address=2001:db8:5:7::1', ['online']],
    ['address=2001:db8::/32', ['online']],
    ['address=10.1.0.5&state=ended', ['archived']],
    ['anomalies=true', ['zombie']],
    ['services=true&state=open', ['service', 'online', 'stranger', 'zombie']],
  ])('filters by %s', async (query, wanted) => {
    expect(await listed(support, `/sessions?${query}`)).toEqual(wanted)
  })

  it('filters by NAS, NAS group, subscriber and start', async () => {
    expect(await listed(support, `/sessions?nas_id=${ids.west}`)).toEqual(['zombie'])
    expect(await listed(support, '/sessions?nas_group_id=1&state=open')).toEqual(['online', 'stranger'])
    expect(await listed(support, `/sessions?subscriber_id=${south!.subscriberId}`)).toEqual(['zombie'])
    const at = (count: number) => encodeURIComponent(hours(count).toISOString())
    expect(await listed(support, `/sessions?since=${at(-30)}&until=${at(-2)}`)).toEqual(['zombie', 'ended'])
  })

  it('counts what is open and online', async () => {
    expect((await support.get('/sessions/count')).body).toEqual({ open: 3, online: 2 })
    expect((await support.get(`/sessions/count?nas_id=${ids.west}`)).body).toEqual({ open: 1, online: 0 })
    expect((await north!.client.get('/sessions/count')).body).toEqual({ open: 1, online: 1 })
  })

  it('ends at the reach of who asks: two resellers, a team of a zone, a team of a NAS group', async () => {
    expect(await listed(north!.client, '/sessions')).toEqual(['online', 'ended', 'archived'])
    expect(await listed(south!.client, '/sessions')).toEqual(['zombie'])
    expect(await listed(south!.client, `/sessions?subscriber_id=${north!.subscriberId}`)).toEqual([])
    for (const path of [`/sessions/${ids.online}`, `/subscribers/${north!.subscriberId}/sessions`]) {
      expect((await south!.client.get(path)).status).toBe(404)
      expect((await north!.client.get(path)).status).toBe(200)
    }
    expect((await north!.client.get(`/sessions/${ids.stranger}`)).status).toBe(404)
    const zone = await insertRow(api.pool, 'team', { name: 'zone', zones: ['south'], created_at: noon })
    expect(await listed(await api.as('support', { teamId: zone }), '/sessions')).toEqual(['zombie'])
    const group = await insertRow(api.pool, 'team', { name: 'group', nas_group_ids: [1], created_at: noon })
    const member = await api.as('support', { teamId: group })
    expect(await listed(member, '/sessions')).toEqual(['online', 'stranger', 'ended', 'archived'])
  })

  it('refuses what has no form', async () => {
    for (const query of ['cursor=WyJub3ciLCIxIl0', 'cursor=x', 'state=asleep', 's_vlan=x', 'nas_id=0', 'who=me']) {
      expect((await support.get(`/sessions?${query}`)).status).toBe(400)
    }
    for (const query of ['mac=zz', 'address=10.1', 'address=10.0.0.0%2F40']) {
      expect((await support.get(`/sessions?${query}`)).status).toBe(422)
    }
    expect((await support.get('/sessions/987654')).status).toBe(404)
    expect((await api.anonymous().get('/sessions')).status).toBe(401)
  })
})

describe('GET /subscribers/:id/sessions', () => {
  it('shows those of one subscriber', async () => {
    const path = `/subscribers/${north!.subscriberId}/sessions`
    expect(await listed(north!.client, path)).toEqual(['online', 'ended', 'archived'])
    expect(await listed(north!.client, `${path}?state=ended&limit=1`)).toEqual(['ended'])
  })
})

describe('POST /sessions/:id/disconnect', () => {
  const path = (name: string) => `/sessions/${ids[name]}/disconnect`

  it('orders the disconnect of exactly this session, in place of older wishes, with an audit entry', async () => {
    await insertRow(api.pool, 'coa_order', {
      session_id: ids.online,
      subscriber_id: north!.subscriberId,
      nas_id: ids.nas,
      wish: 'reapply',
      reason: 'plan',
      next_at: noon,
      deadline: noon,
      created_at: noon,
    })
    const answer = await north!.client.post(path('online'), { reason: 'rang up' })
    expect(answer.status).toBe(202)
    const { body } = await north!.client.get(`/coa-orders?session_id=${ids.online}`)
    expect(body.items).toMatchObject([
      {
        id: answer.body.coa_order_id,
        wish: 'disconnect',
        state: 'waiting',
        reason: 'operator',
        username: 'north-anna',
        nas: 'bng-1',
        evidence: null,
        deadline: new Date(noon.getTime() + 600_000).toISOString(),
      },
      { wish: 'reapply', state: 'replaced', finished_at: noon.toISOString() },
    ])
    const [entry] = await rowsOf(api, `select * from audit_entry where action = 'session.disconnect'`)
    expect(entry).toMatchObject({
      noun: 'session',
      row_id: ids.online,
      owner_id: north!.ownerId,
      author_name: north!.client.email,
      after: { reason: 'rang up', coa_order_id: String(answer.body.coa_order_id) },
    })
  })

  it('refuses what has ended, a service, and what is out of reach', async () => {
    expect((await support.post(path('ended'), {})).status).toBe(409)
    expect((await support.post(path('service'), {})).status).toBe(409)
    expect((await support.post(path('archived'), {})).status).toBe(404)
    expect((await south!.client.post(path('online'), {})).status).toBe(404)
    expect((await (await api.as('viewer')).post(path('online'), {})).status).toBe(403)
    expect((await support.post(path('stranger'), {})).status).toBe(202)
  })
})

describe('GET /coa-orders', () => {
  it('filters, and ends at the reach of who asks', async () => {
    const orders = async (client: Client, query = '') =>
      ((await client.get(`/coa-orders${query}`)).body.items as { wish: string; state: string }[]).map(
        (order) => `${order.wish} ${order.state}`,
      )
    expect(await orders(support)).toEqual(['disconnect waiting', 'disconnect waiting', 'reapply replaced'])
    expect(await orders(support, '?state=replaced,failed')).toEqual(['reapply replaced'])
    expect(await orders(support, '?wish=reapply')).toEqual(['reapply replaced'])
    expect(await orders(support, `?nas_id=${ids.west}`)).toEqual([])
    expect(await orders(support, `?subscriber_id=${north!.subscriberId}&limit=1`)).toEqual(['disconnect waiting'])
    expect(await orders(north!.client)).toEqual(['disconnect waiting', 'reapply replaced'])
    expect(await orders(south!.client)).toEqual([])
    expect((await support.get('/coa-orders?state=lost')).status).toBe(400)
  })
})

describe('GET /subscribers/:id/usage', () => {
  it('shows hours as they are, and days of the zone with today as far as it went', async () => {
    const subscriberId = await makeRow(api, 'usage')
    const hour = (at: Date, input: number) =>
      insertRow(api.pool, 'usage_hour', {
        subscriber_id: subscriberId,
        hour: at,
        input_octets: input,
        output_octets: 1,
      })
    await api.pool.query(`insert into setting (name, value) values ('zone', '"Asia/Tokyo"')`)
    await hour(hours(-1), 10)
    await hour(hours(0), 20)
    // 16:00 UTC of the day before is 01:00 of today in Tokyo.
    await hour(hours(-20), 100)
    await hour(hours(-40), 1_000)
    const day = { subscriber_id: subscriberId, output_octets: 5 }
    await insertRow(api.pool, 'usage_day', { ...day, day: '2026-11-19', input_octets: 7 })
    // Not rolled up to its end yet: its hours count.
    await insertRow(api.pool, 'usage_day', { ...day, day: '2026-11-21', input_octets: 999_999 })
    const path = `/subscribers/${subscriberId}/usage`
    expect((await support.get(`${path}?by=hour`)).body).toMatchObject({
      by: 'hour',
      zone: 'Asia/Tokyo',
      points: [
        { at: hours(-20).toISOString(), input_octets: '100' },
        { at: hours(-1).toISOString(), input_octets: '10' },
      ],
      input_octets: '110',
      output_octets: '2',
    })
    expect((await support.get(`${path}?by=day`)).body).toMatchObject({
      points: [
        { at: '2026-11-19', input_octets: '7', output_octets: '5' },
        { at: '2026-11-21', input_octets: '1000' },
        { at: '2026-11-22', input_octets: '130' },
      ],
    })
    await api.pool.query(`delete from setting where name = 'zone'`)
    const from = encodeURIComponent(hours(-24 * 2_000).toISOString())
    expect((await support.get(`${path}?by=day&from=${from}`)).status).toBe(422)
    expect((await support.get(`${path}?by=week`)).status).toBe(400)
    expect((await north!.client.get(path)).status).toBe(404)
  })
})
