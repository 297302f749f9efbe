import { beforeAll, describe, expect, it } from 'vitest'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import type { Deed } from '../../../src/domain/audit/audit.ts'
import { extendChain } from '../../../src/domain/audit/chain.ts'
import { destroyPersonKeys } from '../../../src/domain/audit/person-key.ts'
import { everyPage } from '../../support/activity.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'

const api = useApi()
let administrator: Client
let resellers: { id: bigint; client: Client }[] = []

async function write(
  deed: Partial<Deed>,
  changes: { at?: Date; name?: string; requestId?: string; operatorId?: bigint; address?: string } = {},
) {
  const { at = noon, ...author } = changes
  const all = { action: 'plan.edit', noun: 'plan', rowId: 1n, ...deed }
  await writeAudit(api.db, all, { ...api.author, address: '192.0.2.1', ...author }, at)
}
const items = async (client: Client, query = ''): Promise<Record<string, unknown>[]> => {
  const answer = await client.get(`/audit${query}`)
  expect(answer.status).toBe(200)
  return answer.body.items as Record<string, unknown>[]
}
const actions = async (client: Client, query: string) => (await items(client, query)).map((entry) => entry.action)

beforeAll(async () => {
  administrator = await api.as('administrator')
  for (const name of ['R1', 'R2']) {
    const id = await api.reseller(name)
    resellers.push({ id, client: await api.as('reseller', { organisationId: id }) })
  }
  const [one, other] = resellers
  await write({ action: 'plan.create', after: { name: 'Home 50%' } }, { at: hours(-30 * 24) })
  await write(
    { action: 'plan.archive', rowId: 2n, after: { name: 'Old' } },
    { at: hours(-40 * 24), name: 'ops@example.net' },
  )
  await write(
    { action: 'nas.edit', noun: 'nas', rowId: 2n },
    { requestId: 'a-request', operatorId: 77n, address: '2001:db8::7' },
  )
  const person = { noun: 'subscriber', before: { full_name: 'Anna' }, after: { full_name: 'Berta', zone: 'north' } }
  await write({ action: 'subscriber.edit', ...person, rowId: 5n, ownerId: one!.id })
  await write({ action: 'subscriber.block', ...person, rowId: 6n, ownerId: other!.id })
})

describe('GET /audit', () => {
  it('shows the newest first, page by page, each entry once', async () => {
    const seen = (await everyPage<{ id: number }>(administrator, '/audit?limit=2')).map(({ id }) => id)
    expect(seen).toEqual(seen.toSorted((one, two) => two - one))
    expect(new Set(seen).size).toBe(5)
  })

  it('opens personal values while their person is there, and shows them as removed after a purge', async () => {
    const [entry] = await items(administrator, '?noun=subscriber&row_id=5')
    expect(entry).toMatchObject({
      action: 'subscriber.edit',
      author_kind: 'system',
      address: '192.0.2.1',
      before: { full_name: 'Anna' },
      after: { full_name: 'Berta', zone: 'north' },
      personal: 'shown',
    })
    await destroyPersonKeys(api.db, [5n])
    const removed = (await administrator.get(`/audit/${String(entry!.id)}`)).body
    expect(removed).toMatchObject({ before: {}, after: { zone: 'north' }, personal: 'removed' })
  })

  it('filters by noun, row, operator, action, time, owner, request and address', async () => {
    expect(await actions(administrator, '?noun=nas')).toEqual(['nas.edit'])
    expect(await actions(administrator, '?noun=plan&row_id=2')).toEqual(['plan.archive'])
    expect(await actions(administrator, '?operator_id=77')).toEqual(['nas.edit'])
    expect(await actions(administrator, '?action=plan.create')).toEqual(['plan.create'])
    expect(await actions(administrator, '?action=subscriber.')).toEqual(['subscriber.block', 'subscriber.edit'])
    const days = (count: number) => encodeURIComponent(hours(-24 * count).toISOString())
    expect(await actions(administrator, `?since=${days(35)}&until=${days(20)}`)).toEqual(['plan.create'])
    expect(await actions(administrator, `?owner_id=${resellers[1]!.id}`)).toEqual(['subscriber.block'])
    expect(await actions(administrator, '?request_id=a-request')).toEqual(['nas.edit'])
    expect(await actions(administrator, '?address=2001:db8:0::7')).toEqual(['nas.edit'])
    expect((await administrator.get('/audit?address=192.0.2')).status).toBe(400)
  })

  it('finds text as it is, in author and open values, never in personal ones', async () => {
    expect(await actions(administrator, '?text=home')).toEqual(['plan.create'])
    expect(await actions(administrator, '?text=50%25')).toEqual(['plan.create'])
    expect(await actions(administrator, '?text=5_%25')).toEqual([])
    expect(await actions(administrator, '?text=Berta')).toEqual([])
    const since = encodeURIComponent(hours(-50 * 24).toISOString())
    expect(await actions(administrator, '?text=ops%40example')).toEqual([])
    expect(await actions(administrator, `?text=ops%40example&since=${since}`)).toEqual(['plan.archive'])
  })

  it('shows a reseller what concerns its own rows, and nothing else is there', async () => {
    const [one, other] = resellers
    expect(await actions(one!.client, '')).toEqual(['subscriber.edit'])
    expect(await actions(other!.client, '')).toEqual(['subscriber.block'])
    expect(await actions(other!.client, `?owner_id=${one!.id}`)).toEqual([])
    const [own] = await items(one!.client)
    expect((await one!.client.get(`/audit/${String(own!.id)}`)).status).toBe(200)
    expect((await other!.client.get(`/audit/${String(own!.id)}`)).status).toBe(404)
  })

  it('shows a team what concerns the subscribers of its zones, and what concerns no subscriber', async () => {
    const team = await api.db
      .insertInto('team')
      .values({ name: 'north', zones: ['north'], created_at: noon })
      .returning('id')
      .executeTakeFirstOrThrow()
    const member = await api.as('administrator', { teamId: team.id })
    expect(await actions(member, '')).toEqual(['nas.edit', 'plan.archive', 'plan.create'])
  })

  it('refuses who may not, and what has no form', async () => {
    expect((await (await api.as('support')).get('/audit')).status).toBe(403)
    expect((await api.anonymous().get('/audit')).status).toBe(401)
    for (const query of ['?cursor=zzz', '?cursor=WzFd', '?row_id=x', '?since=now', '?text=a', '?limit=0', '?who=me']) {
      expect((await administrator.get(`/audit${query}`)).status).toBe(400)
    }
    expect((await administrator.get('/audit/999999')).status).toBe(404)
  })
})

it('GET /audit-head shows the last link', async () => {
  expect((await administrator.get('/audit-head')).body).toEqual({ sequence: 0, hash: '0'.repeat(64) })
  await extendChain(api.db, noon)
  const { body } = await administrator.get('/audit-head')
  expect(body).toMatchObject({ sequence: 5 })
  expect(body.hash).not.toBe('0'.repeat(64))
})
