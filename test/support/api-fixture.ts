// Two resellers and everything that one of them can own, so that every route that takes an id can be asked for what belongs to
// somebody else. A noun that is not known here fails the test: it needs its line.

import { expect } from 'vitest'
import type { Client, TestApi } from './api.ts'

/** Ids by the parameter's name, by the part of the path before the first parameter. */
export type Owned = Map<string, Record<string, string>>

/** Names and rows that all organisations share. */
export const unowned = ['/reports', '/roles', '/teams', '/exports/operators']

/** Bodies where what is asked for has a permission of its own. */
export const plainBodies: Readonly<Record<string, unknown>> = { 'POST /exports': { noun: 'subscribers' } }

/** The path with each parameter replaced. */
export function fillPath(path: string, ids: Readonly<Record<string, string>>, fallback: string): string {
  return path.replaceAll(/:(\w+)/g, (_match, name: string) => ids[name] ?? fallback)
}

/** The leading part of a path up to its first parameter: `/subscribers/:id/comments/:comment_id` is `/subscribers`. */
export function nounOf(path: string): string {
  return path.slice(0, path.indexOf('/:'))
}

/** One of everything, owned by this reseller. `owner` is an operator of it who may everything. */
export async function makeOwned(api: TestApi, owner: Client, organisationId: bigint): Promise<Owned> {
  const make = async (path: string, body: unknown): Promise<string> => {
    const answer = await owner.post(path, body)
    expect(answer.status, `${path}: ${answer.text}`).toBeLessThan(300)
    return String(answer.body.id)
  }
  const rowId = async (text: string, values: unknown[]): Promise<string> =>
    String((await api.pool.query<{ id: bigint }>(text, values)).rows[0]!.id)
  const plan = await make('/plans', {
    name: 'Of the owner',
    down_bps: '50M',
    up_bps: '20M',
    validity: 30,
    price: '10.00',
  })
  const subscriber = await make('/subscribers', { username: 'owned', plan: Number(plan), full_name: 'Owned One' })
  const comment = await make(`/subscribers/${subscriber}/comments`, { comment: 'a note' })
  const payer = await rowId('select payer_id as id from subscriber where id = $1', [subscriber])
  const payment = await make(`/payers/${payer}/payments`, {
    amount: '25.00',
    currency: 'EUR',
    external_reference: 'r1',
  })
  const session = await rowId(
    `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, started_at,
       event_at, updated_at) values (1, 'owned', 1, $1, 'owned', 1, 1, $2, $2, $2) returning id`,
    [subscriber, api.clock.now()],
  )
  const order = await rowId(
    `insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
     values ($1, $2, 1, 'reapply', 'test', $3, $3, $3) returning id`,
    [session, subscriber, api.clock.now()],
  )
  const operatorId = String(owner.operatorId)
  const panelSession = await rowId('select id from panel_session where operator_id = $1', [operatorId])
  const token = await rowId(
    `insert into api_token (operator_id, name, prefix, token_hash, permissions, created_at, expires_at)
     values ($1, 'x', 'gh_x', '\\x00', '{}', $2, $2) returning id`,
    [operatorId, api.clock.now()],
  )
  const report = { name: 'Growth', report: 'growth', recipients: ['a@example.net'], every: 'day', hour: 1 }
  const bulk = { action: 'block', params: { reason: 'x' }, target: { ids: [Number(subscriber)] } }
  const upload = await owner.send('POST', '/imports?mode=create&dry_run=true', {
    body: 'username,plan\nnew,Of the owner\n',
    headers: { 'content-type': 'text/csv' },
  })
  expect(upload.status, await upload.clone().text()).toBeLessThan(300)
  const audited = await rowId('select max(id) as id from audit_entry where owner_id = $1', [organisationId])
  return new Map(
    Object.entries({
      '/subscribers': { id: subscriber, comment_id: comment },
      '/subscriber-presets': { id: await make('/subscriber-presets', { name: 'Preset', fields: {} }) },
      '/groups': { id: await make('/groups', { name: 'Group' }) },
      '/plans': { id: plan },
      '/payers': { id: payer },
      '/ledger': { id: payment },
      '/receipts': { id: payment },
      '/sessions': { id: session },
      '/coa-orders': { id: order },
      '/operators': { id: operatorId, session_id: panelSession },
      '/me/panel-sessions': { id: panelSession },
      '/me/api-tokens': { id: token },
      '/api-tokens': { id: token },
      '/views': { id: await make('/views', { noun: 'subscriber', name: 'View' }) },
      '/report-schedules': { id: await make('/report-schedules', report) },
      '/bulk-runs': { id: await make('/bulk-runs', bulk) },
      '/exports': { id: await make('/exports', { noun: 'subscribers' }) },
      '/imports': { id: String(((await upload.json()) as { id: number }).id) },
      '/audit': { id: audited },
      '/organisations': { id: String(organisationId) },
    }),
  )
}
