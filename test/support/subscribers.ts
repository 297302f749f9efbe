// Subscribers for tests of the API: made through it, with a session where one is wanted, and the actions by name.

import { expect } from 'vitest'
import type { Author } from '../../src/domain/author.ts'
import type { ActionOutcome } from '../../src/domain/subscriber-action/action.ts'
import { findAction } from '../../src/domain/subscriber-action/list.ts'
import type { Db } from '../../src/db/schema.ts'
import type { Answer, Client, TestApi } from './api.ts'
import { noon } from './operator.ts'

type Rows = Record<string, unknown>[]

/** The rows of a statement. */
export async function queryRows(api: TestApi, text: string, values: unknown[] = []): Promise<Rows> {
  return (await api.pool.query<Record<string, unknown>>(text, values)).rows
}

/** A plan, shared unless an owner is named. Returns its id. */
export async function addTestPlan(api: TestApi, name: string, columns: Record<string, unknown> = {}): Promise<bigint> {
  const values = { name, down_bps: 50_000_000n, up_bps: 20_000_000n, validity: 30, ...columns }
  const row = await api.db.insertInto('plan').values(values).returning('id').executeTakeFirstOrThrow()
  return row.id
}

let made = 0

/** Adds a subscriber through the API; fails where that is refused. Returns its id. */
export async function addTestSubscriber(client: Client, body: Record<string, unknown> = {}): Promise<number> {
  made += 1
  const answer = await client.post('/subscribers', { username: `sub${made}`, plan: 'Home', ...body })
  expect(answer.text).not.toContain('"errors"')
  expect(answer.status).toBe(201)
  return answer.body['id'] as number
}

/** Puts an open session of a subscriber into the database. */
export async function openTestSession(
  api: TestApi,
  subscriberId: number,
  columns: Record<string, unknown> = {},
): Promise<void> {
  made += 1
  const values = {
    nas_id: 1n,
    acct_session_id: `s${made}`,
    epoch: 1,
    subscriber_id: BigInt(subscriberId),
    username: 'x',
    nas_group_id: 1n,
    address_space_id: 1n,
    started_at: noon,
    event_at: noon,
    updated_at: noon,
    ...columns,
  }
  await api.db.insertInto('session').values(values).execute()
}

/** The CoA orders of a subscriber that wait, as `wish reason`. */
export async function waitingOrders(api: TestApi, subscriberId: number): Promise<string[]> {
  const rows = await queryRows(
    api,
    `select wish || ' ' || reason as text from coa_order where subscriber_id = $1 and state = 'waiting' order by id`,
    [subscriberId],
  )
  return rows.map((row) => row['text'] as string)
}

/** The names of the audit entries of a subscriber, oldest first. */
export async function auditOf(api: TestApi, subscriberId: number): Promise<Rows> {
  return queryRows(
    api,
    `select action, author_name, before, after, personal is not null as has_personal, owner_id from audit_entry
     where noun = 'subscriber' and row_id = $1 order by id`,
    [subscriberId],
  )
}

/** The fields that an answer says are wrong. */
export function wrongFields(answer: Answer): string[] {
  return ((answer.body['errors'] ?? []) as { field: string }[]).map(({ field }) => field)
}

/** Takes an action by its name, as the API and the bulk worker do. */
export async function takeNamed(
  db: Db,
  input: { action: string; ids: readonly (number | bigint)[]; params?: Record<string, unknown> },
  by: Author,
  now: Date = noon,
): Promise<ActionOutcome[]> {
  const action = findAction(input.action)
  if (action === undefined) throw new Error(`there is no action ${input.action}`)
  const params: unknown = action.params.parse(input.params ?? {})
  return action.run(db, { subscriberIds: input.ids.map(BigInt), params }, by, now)
}
