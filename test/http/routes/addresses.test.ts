import { beforeAll, describe, expect, it } from 'vitest'
import { makeRow, makeSessionRow, makeSide, everyPage } from '../../support/activity.ts'
import type { Side } from '../../support/activity.ts'
import { insertRow } from '../../support/access.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon, rowsOf } from '../../support/operator.ts'

const api = useApi()
let support: Client
let [one, other]: Side[] = []
const reason = 'asked by the court'

const ask = (client: Client, body: Record<string, unknown>) => client.post('/addresses/holders', { reason, ...body })
const names = (body: Record<string, unknown>) =>
  (body.holders as { username: string }[]).map(({ username }) => username)

beforeAll(async () => {
  support = await api.as('support')
  one = await makeSide(api, 'anna')
  other = await makeSide(api, 'berta')
  const space = await insertRow(api.pool, 'address_space', { name: 'vrf-7' })
  const address = { framed_ip: '100.64.0.9' }
  const anna = { subscriber_id: one.subscriberId, username: 'anna', ...address }
  await makeSessionRow(api, { ...anna, started_at: hours(-5), ended_at: hours(-3), ended_by: 'stop' })
  const berta = { subscriber_id: other.subscriberId, username: 'berta', ...address }
  await makeSessionRow(api, { ...berta, started_at: hours(-2) })
  const clara = await makeRow(api, 'clara')
  await makeSessionRow(api, {
    subscriber_id: clara,
    username: 'clara',
    ...address,
    started_at: hours(-2),
    address_space_id: space,
  })
  await makeSessionRow(api, { username: 'stranger', framed_ip: '100.64.0.10' })
  await insertRow(api.pool, 'subscriber_address', {
    subscriber_id: clara,
    address_space_id: space,
    kind: 'delegated-ipv6-prefix',
    prefix: '2001:db8:7::/48',
  })
})

describe('POST /addresses/holders', () => {
  it('tells who had it then, in which space, and who has it now', async () => {
    const at = hours(-4).toISOString()
    const then = await ask(support, { address: '100.64.0.9', at })
    expect(then.status).toBe(200)
    expect(then.body).toMatchObject({
      sought: '100.64.0.9',
      kind: 'address',
      at,
      port_known: true,
      holders: [{ username: 'anna', source: 'session', space: 'default', ended_at: hours(-3).toISOString() }],
    })
    expect(names((await ask(support, { address: '100.64.0.9' })).body).toSorted()).toEqual(['anna', 'berta', 'clara'])
    expect(names((await ask(support, { address: '100.64.0.9', space: 'vrf-7' })).body)).toEqual(['clara'])
    const inside = await ask(support, { address: '2001:DB8:7:1::1', space: 'vrf-7' })
    expect(inside.body).toMatchObject({ sought: '2001:db8:7:1::1', holders: [{ username: 'clara', exact: false }] })
    expect(names((await ask(support, { address: '2001:db8:7::1', space: 'default' })).body)).toEqual([])
  })

  it('says plainly that it cannot tell ports of a shared address apart', async () => {
    const { body } = await ask(support, { address: '100.64.0.9', at: hours(-1).toISOString(), port: 4_711 })
    expect(body).toMatchObject({ port_known: false })
    expect(names(body).toSorted()).toEqual(['berta', 'clara'])
  })

  it('writes down who asked, why and what, with every question, also where there is no answer', async () => {
    const { body } = await ask(support, {
      address: '192.0.2.1',
      at: noon.toISOString(),
      port: 80,
      case_number: 'AZ 7/26',
    })
    const administrator = await api.as('administrator')
    const log = await administrator.get('/disclosures?case_number=AZ%207/26')
    expect(log.body.items).toEqual([
      {
        id: body.disclosure_id,
        at: noon.toISOString(),
        author_kind: 'operator',
        operator_id: Number(support.operatorId),
        author_name: support.email,
        address: '127.0.0.1',
        request_id: expect.any(String) as string,
        reason,
        case_number: 'AZ 7/26',
        sought: '192.0.2.1',
        sought_kind: 'address',
        sought_at: noon.toISOString(),
        space: null,
        port: 80,
        answers: 0,
      },
    ])
    const [entry] = await rowsOf(api, `select * from audit_entry where noun = 'disclosure' and row_id = $1`, [
      body.disclosure_id,
    ])
    expect(entry).toMatchObject({ action: 'address.disclose', after: { sought: '192.0.2.1', reason, answers: 0 } })
  })

  it('answers nothing without a reason, and then writes nothing', async () => {
    const count = async () => (await rowsOf(api, 'select count(*) from disclosure'))[0]!.count
    const before = await count()
    expect((await support.post('/addresses/holders', { address: '100.64.0.9' })).status).toBe(400)
    expect((await ask(support, { address: '100.64.0.9', reason: ' x ' })).status).toBe(422)
    expect((await ask(support, { address: '100.64.0.' })).status).toBe(422)
    expect((await ask(support, { address: '100.64.0.9', at: hours(1).toISOString() })).status).toBe(422)
    expect((await ask(support, { address: '100.64.0.9', space: 'nowhere' })).status).toBe(404)
    expect((await ask(support, { address: '100.64.0.9', port: 70_000 })).status).toBe(400)
    expect(await count()).toBe(before)
  })

  it('is never for a reseller, whatever its role says, and tells a team of its zones only', async () => {
    expect((await ask(one!.client, { address: '100.64.0.9' })).status).toBe(403)
    const roleId = await insertRow(api.pool, 'role', { name: 'search', permissions: ['address.search', 'audit.read'] })
    const client = await api.as('reseller', { organisationId: one!.ownerId, roleId })
    expect((await ask(client, { address: '100.64.0.9' })).status).toBe(403)
    expect((await client.get('/disclosures')).body.items).toEqual([])
    const teamId = await insertRow(api.pool, 'team', { name: 'north', zones: ['north'], created_at: noon })
    const member = await api.as('support', { teamId })
    expect(names((await ask(member, { address: '100.64.0.9' })).body).toSorted()).toEqual(['anna', 'berta'])
    expect(names((await ask(member, { address: '100.64.0.10' })).body)).toEqual([])
  })

  it('finds by MAC and circuit id too', async () => {
    await insertRow(api.pool, 'device', { subscriber_id: one!.subscriberId, mac: 'aa:00:00:00:00:07' })
    expect((await ask(support, { address: 'AA-00-00-00-00-07' })).body).toMatchObject({
      kind: 'mac',
      holders: [{ source: 'device', username: 'anna' }],
    })
  })
})

describe('GET /disclosures', () => {
  it('is for who may read the audit trail, page by page', async () => {
    expect((await support.get('/disclosures')).status).toBe(403)
    const administrator = await api.as('administrator')
    const path = `/disclosures?limit=3&operator_id=${support.operatorId}`
    const seen = (await everyPage<{ id: number }>(administrator, path)).map(({ id }) => id)
    expect(seen).toEqual(seen.toSorted((a, b) => b - a))
    expect(new Set(seen).size).toBe(seen.length)
    const later = encodeURIComponent(hours(1).toISOString())
    expect((await administrator.get(`/disclosures?since=${later}`)).body.items).toEqual([])
    expect(((await administrator.get('/disclosures?sought=192.0.2.1')).body.items as unknown[]).length).toBe(1)
  })
})
