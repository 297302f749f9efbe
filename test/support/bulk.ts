// What the tests of bulk runs share: subscribers in numbers, actions that leave a mark for every time they are done, and a
// worker that is turned by hand.
import { z } from 'zod'
import { sql } from 'kysely'
import type { Pool } from '../../src/db/pool.ts'
import type { Db } from '../../src/db/schema.ts'
import { writeAudits } from '../../src/domain/audit/audit.ts'
import { ownAuthor, type Author } from '../../src/domain/author.ts'
import type { BulkRun } from '../../src/domain/bulk/start.ts'
import { workBulkRuns, type BulkWork } from '../../src/domain/bulk/step.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import { FieldError } from '../../src/domain/field.ts'
import type { Permission } from '../../src/domain/operator/permission.ts'
import { everything, type Scope } from '../../src/domain/scope.ts'
import {
  subscriberAction,
  type ActionOutcome,
  type SubscriberAction,
} from '../../src/domain/subscriber-action/action.ts'
import { noon } from './operator.ts'

/** Every time that `mark` is done upon a subscriber is a row: what is done twice shows. */
export async function makeMarkTable(pool: Pool): Promise<void> {
  await pool.query(
    `create table if not exists bulk_mark (subscriber_id bigint not null, word text not null);
     grant all on bulk_mark to gatehouse_service, gatehouse_reseller`,
  )
}

/** Adds subscribers `name0`, `name1` … by plain SQL, with what they need. Returns their ids in order. */
export async function addMany(
  pool: Pool,
  count: number,
  input: { name?: string; ownerId?: bigint; zone?: string } = {},
): Promise<bigint[]> {
  const { name = 'sub', ownerId = 1n, zone = null } = input
  await pool.query(
    `insert into plan (name, down_bps, up_bps, validity) select 'Bulk', 1000000, 1000000, 30
     where not exists (select from plan where name = 'Bulk')`,
  )
  const payer = await pool.query<{ id: bigint }>(`insert into payer (owner_id, name) values ($1, $2) returning id`, [
    ownerId,
    name,
  ])
  const { rows } = await pool.query<{ id: bigint }>(
    `insert into subscriber (owner_id, payer_id, plan_id, username, full_name, zone)
     select $1, $2, (select id from plan where name = 'Bulk'), $3 || i, 'Person ' || i, $5 from generate_series(0, $4 - 1) i
     order by i returning id`,
    [ownerId, payer.rows[0]!.id, name, count, zone],
  )
  return rows.map(({ id }) => id)
}

const marking = z.strictObject({
  word: z.string().default('marked'),
  /** These are refused. */
  refuse: z.array(z.int()).default([]),
  /** These break the whole chunk, which no action should. */
  poison: z.array(z.int()).default([]),
  /** Is wrong for all. */
  wrong: z.boolean().default(false),
  secret: z.string().optional(),
})

/** Marks subscribers; `unmark` takes it back. */
export const mark = subscriberAction({
  name: 'mark',
  summary: 'Mark',
  permission: 'subscriber.block',
  params: marking,
  chunk: 5,
  async run(db, { subscriberIds, params }, by, now) {
    if (params.wrong) throw new FieldError('word', 'cannot be')
    const outcomes = subscriberIds.map((subscriberId): ActionOutcome => {
      if (params.refuse.includes(Number(subscriberId))) return { subscriberId, kind: 'refused', reason: 'it will not' }
      return {
        subscriberId,
        kind: 'done',
        detail: { word: params.word, id: subscriberId },
        undo: { action: 'unmark', params: { word: params.word } },
        ...(params.secret === undefined ? {} : { revealed: { password: `${params.secret}-${subscriberId}` } }),
      }
    })
    const done = outcomes.filter(({ kind }) => kind === 'done').map(({ subscriberId }) => subscriberId)
    await sql`insert into bulk_mark (subscriber_id, word) select id, ${params.word} from unnest(${done}::bigint[]) id`.execute(
      db,
    )
    if (params.poison.some((id) => subscriberIds.includes(BigInt(id)))) throw new Error('an index is broken')
    await writeAudits(
      db,
      done.map((id) => ({ action: 'subscriber.mark', noun: 'subscriber', rowId: id })),
      by,
      now,
    )
    return outcomes
  },
})

const unmark = subscriberAction({
  name: 'unmark',
  summary: 'Take a mark back',
  permission: 'subscriber.edit',
  params: z.strictObject({ word: z.string() }),
  chunk: 3,
  async run(db, { subscriberIds, params }) {
    const { rows } = await sql<{ subscriber_id: bigint }>`
      delete from bulk_mark where subscriber_id = any(${subscriberIds}::bigint[]) and word = ${params.word}
      returning subscriber_id`.execute(db)
    const gone = new Set(rows.map((row) => row.subscriber_id))
    return subscriberIds.map((subscriberId) => ({ subscriberId, kind: gone.has(subscriberId) ? 'done' : 'unchanged' }))
  },
})

/** Says nothing of what it did. */
const silent = subscriberAction({
  name: 'silent',
  summary: 'Says nothing',
  permission: 'subscriber.block',
  params: z.strictObject({}),
  grave: true,
  chunk: 500,
  run: () => Promise.resolve([]),
})

const actions: readonly SubscriberAction[] = [mark, unmark, silent]

/** The actions of the tests. */
export function markActions(name: string): SubscriberAction | undefined {
  return actions.find((action) => action.name === name)
}

/** How often each subscriber was marked, by id. */
export async function marksOf(pool: Pool): Promise<Map<bigint, number>> {
  const { rows } = await pool.query<{ subscriber_id: bigint; count: number }>(
    'select subscriber_id, count(*)::int as count from bulk_mark group by 1 order by 1',
  )
  return new Map(rows.map(({ subscriber_id, count }) => [subscriber_id, count]))
}

/** An author who may everything, or only what is named, as an operator that is there. */
export function authorLike(
  keyring: Keyring,
  input: { operatorId?: bigint; permissions?: readonly Permission[]; scope?: Partial<Scope> } = {},
): Author {
  const all = ownAuthor('system', 'test', keyring)
  return {
    ...all,
    kind: input.operatorId === undefined ? 'system' : 'operator',
    operatorId: input.operatorId ?? null,
    permissions: input.permissions === undefined ? all.permissions : new Set(input.permissions),
    scope: { ...everything, ...input.scope },
  }
}

/** Turns the worker until nothing is left, or so many times. Returns the errors that nobody foresaw. */
export async function workAll(
  db: Db,
  keyring: Keyring,
  options: Partial<BulkWork> & { turns?: number; now?: Date } = {},
): Promise<{ error: unknown; subscriberId?: bigint }[]> {
  const { turns = 1_000, now = noon, ...work } = options
  const errors: { error: unknown; subscriberId?: bigint }[] = []
  const onError: BulkWork['onError'] = (error, { subscriberId }) =>
    void errors.push({ error, ...(subscriberId === undefined ? {} : { subscriberId }) })
  for (let turn = 0; turn < turns; turn += 1) {
    const step = await workBulkRuns(db, { keyring, largestChunk: 500, onError, actions: markActions, ...work }, now)
    if (step.kind === 'idle') break
  }
  return errors
}

/** A run as it stands now. */
export function runOf(db: Db, id: bigint): Promise<BulkRun> {
  return db.selectFrom('bulk_run').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

/** What became of each, in order. */
export async function outcomesOf(db: Db, id: bigint): Promise<(string | null)[]> {
  const rows = await db.selectFrom('bulk_item').select('outcome').where('run_id', '=', id).orderBy('position').execute()
  return rows.map(({ outcome }) => outcome)
}
