import { beforeAll, describe, expect, it } from 'vitest'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import { makeDecision, makeNasRow, makeSessionRow, makeSide, everyPage } from '../../support/activity.ts'
import type { Side } from '../../support/activity.ts'
import { insertRow } from '../../support/access.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'

const api = useApi()
let support: Client
let [one, other]: Side[] = []
let path = ''

type Item = { kind: string; key: string; at: string; data: Record<string, unknown> }
const items = async (client: Client, query = ''): Promise<Item[]> => {
  const answer = await client.get(`${path}${query}`)
  expect(answer.status).toBe(200)
  return answer.body.items as Item[]
}
const kinds = async (client: Client, query = '') => (await items(client, query)).map(({ kind }) => kind)

beforeAll(async () => {
  support = await api.as('support')
  one = await makeSide(api, 'anna')
  other = await makeSide(api, 'berta')
  path = `/subscribers/${one.subscriberId}/timeline`
  const nasId = await makeNasRow(api, 'bng-1')
  const anna = { subscriber_id: one.subscriberId, username: 'anna', nas_id: nasId }
  const stop = { ended_by: 'stop', session_time: 3_600, input_octets: 5, output_octets: 2n ** 60n }
  await makeSessionRow(
    api,
    {
      ...anna,
      started_at: hours(-300),
      ended_at: hours(-290),
      ...stop,
      mac: 'aa:00:00:00:00:01',
      framed_ip: '10.0.0.1',
    },
    'session_archive',
  )
  const second = { started_at: hours(-20), mac: 'aa:00:00:00:00:01', framed_ip: '10.0.0.2' }
  await makeSessionRow(api, { ...anna, ...second, ended_at: hours(-10), ...stop })
  await makeSessionRow(api, { ...anna, started_at: hours(-1), mac: 'aa:00:00:00:00:02', framed_ip: '10.0.0.2' })
  await makeSessionRow(api, { ...anna, started_at: hours(-1), service: 'voice', parent_id: 1 })
  const rejected = { reason: 'blocked', accepted: false, detail: 'unpaid', nasId, count: 4 }
  const decided = { username: 'anna', subscriberId: one.subscriberId }
  await makeDecision(api, { ...decided, ...rejected, firstAt: hours(-3), lastAt: hours(-2) })
  await makeDecision(api, { username: 'anna', subscriberId: 4_711n, detail: 'of one who had the name before' })
  await makeDecision(api, { username: 'berta', subscriberId: other.subscriberId })
  await insertRow(api.pool, 'coa_order', {
    session_id: 1,
    subscriber_id: one.subscriberId,
    nas_id: nasId,
    wish: 'disconnect',
    reason: 'blocked',
    state: 'acked',
    evidence: 'observed',
    next_at: noon,
    deadline: noon,
    created_at: hours(-4),
    finished_at: hours(-4),
  })
  const deed = { action: 'subscriber.block', noun: 'subscriber', rowId: one.subscriberId, ownerId: one.ownerId }
  await writeAudit(api.db, { ...deed, after: { reason: 'unpaid', full_name: 'Canary' } }, api.author, hours(-4))
  await writeAudit(api.db, { ...deed, action: 'subscriber.edit' }, api.author, hours(-4))
  const session = {
    action: 'session.disconnect',
    noun: 'session',
    rowId: 5n,
    personId: one.subscriberId,
    ownerId: one.ownerId,
  }
  await writeAudit(api.db, { ...session, after: { mac: 'x' } }, api.author, hours(-5))
  await insertRow(api.pool, 'subscriber_comment', {
    subscriber_id: one.subscriberId,
    text: 'rang twice',
    author_name: 'support@example.net',
    created_at: hours(-6),
  })
  const [payer] = (await api.pool.query(`select payer_id from subscriber where id = $1`, [one.subscriberId])).rows as [
    { payer_id: bigint },
  ]
  await insertRow(api.pool, 'ledger_transaction', {
    at: hours(-7),
    kind: 'payment',
    owner_id: one.ownerId,
    payer_id: payer.payer_id,
    subscriber_id: one.subscriberId,
    currency: 'EUR',
    amount_minor: 2_050,
    balance_after_minor: 2_050,
    author_kind: 'system',
    author_name: 'test',
  })
})

const inOrder = [
  'session-start',
  'decision',
  'coa',
  'audit',
  'audit',
  'audit',
  'comment',
  'ledger',
  'session-stop',
  'session-start',
  'session-stop',
  'session-start',
]

describe('GET /subscribers/:id/timeline', () => {
  it('merges what happened, newest first', async () => {
    const all = await items(support)
    expect(all.map(({ kind }) => kind)).toEqual(inOrder)
    expect(all.find(({ kind }) => kind === 'decision')).toMatchObject({
      at: hours(-2).toISOString(),
      data: {
        sentence: 'rejected: the subscriber is blocked',
        mend: 'remove the cause and unblock the subscriber',
        detail: 'unpaid',
        count: 4,
        nas: 'bng-1',
      },
    })
    expect(all.find(({ kind }) => kind === 'coa')).toMatchObject({ data: { state: 'acked', evidence: 'observed' } })
    expect(all.find(({ kind }) => kind === 'ledger')).toMatchObject({
      data: { kind: 'payment', amount: '20.50', currency: 'EUR' },
    })
    expect(all.find(({ kind }) => kind === 'comment')).toMatchObject({ data: { text: 'rang twice' } })
    expect(all.find(({ kind }) => kind === 'session-stop')).toMatchObject({
      data: { ended_by: 'stop', output_octets: '1152921504606846976' },
    })
    expect(JSON.stringify(all)).not.toContain('Canary')
    expect(JSON.stringify(all)).not.toContain('voice')
  })

  it('shows changes of MAC and address from one session to the next, into the archive', async () => {
    const starts = await items(support, '?kinds=session-start')
    expect(starts.map(({ data }) => [data.mac, data.mac_before, data.framed_ip, data.framed_ip_before])).toEqual([
      ['aa:00:00:00:00:02', 'aa:00:00:00:00:01', '10.0.0.2', null],
      ['aa:00:00:00:00:01', null, '10.0.0.2', '10.0.0.1'],
      ['aa:00:00:00:00:01', null, '10.0.0.1', null],
    ])
  })

  it.each([1, 2, 5])('goes on where a page of %i ended, each item once, those of one instant too', async (limit) => {
    const pages = await everyPage<Item>(support, `${path}?limit=${limit}`)
    const seen = pages.map(({ kind, key }) => `${kind} ${key}`)
    expect(seen).toEqual((await items(support)).map(({ kind, key }) => `${kind} ${key}`))
    expect(new Set(seen).size).toBe(inOrder.length)
  })

  it('filters by kind and time', async () => {
    expect(await kinds(support, '?kinds=coa,comment')).toEqual(['coa', 'comment'])
    const at = (count: number) => encodeURIComponent(hours(count).toISOString())
    expect(await kinds(support, `?since=${at(-5)}&until=${at(-2)}`)).toEqual(['coa', 'audit', 'audit', 'audit'])
  })

  it('shows money and decisions only to who may see them', async () => {
    const roleId = await insertRow(api.pool, 'role', { name: 'plain', permissions: ['subscriber.read'] })
    const plain = await api.as('viewer', { roleId })
    const wanted = inOrder.filter((kind) => kind !== 'ledger' && kind !== 'decision')
    expect(await kinds(plain)).toEqual(wanted)
    expect((await plain.get(`${path}?kinds=ledger`)).status).toBe(403)
  })

  it('is there for its reseller, and not for another', async () => {
    expect(await kinds(one!.client)).toEqual(inOrder)
    expect((await other!.client.get(path)).status).toBe(404)
    expect((await api.anonymous().get(path)).status).toBe(401)
  })

  it('refuses what has no form', async () => {
    for (const query of ['?kinds=weather', '?cursor=x', '?since=today', '?limit=501']) {
      expect((await support.get(`${path}${query}`)).status).toBe(400)
    }
  })

  it('finds each kind by an index', async () => {
    const { rows } = await api.pool.query<{ indexdef: string }>(
      `select indexdef from pg_indexes where schemaname = 'public'`,
    )
    const all = rows.map(({ indexdef }) => indexdef).join('\n')
    for (const columns of [
      'access_log USING btree (username, last_at)',
      'session USING btree (subscriber_id, ended_at) WHERE (ended_at IS NOT NULL)',
      'session_archive USING btree (subscriber_id, ended_at)',
      'session_archive USING btree (subscriber_id, started_at DESC)',
      'coa_order USING btree (subscriber_id, created_at)',
      'ledger_transaction USING btree (subscriber_id, id DESC)',
      'subscriber_comment USING btree (subscriber_id, id DESC)',
      'audit_entry USING btree (person_id, id DESC)',
    ]) {
      expect(all).toContain(columns)
    }
  })
})
