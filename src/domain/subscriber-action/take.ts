// What all actions share: the subscribers locked in one order, a verdict for each, and what follows from the verdicts (CoA
// orders, audit entries, outcomes), all set-based, so that a chunk of a bulk run costs a few statements.

import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Db, SubscriberTable } from '../../db/schema.ts'
import { writeAudits } from '../audit/audit.ts'
import type { AuditValues } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { orderForSubscribers } from '../coa-order.ts'
import type { Wish } from '../coa-order.ts'
import type { ActionCall, ActionOutcome } from './action.ts'

/** A subscriber as it stands, locked until the transaction ends. */
export type Subject = Selectable<SubscriberTable> & {
  on_block: 'reject' | 'garden'
  plan_owner_id: bigint | null
  next_plan_owner_id: bigint | null
  plan_device_limit: number | null
  /** Sessions that an order would concern. */
  open_sessions: number
}

/** What becomes of one subscriber. Before and after are for its audit entry: only what changes. */
export type Verdict =
  | { kind: 'refused'; reason: string }
  | { kind: 'unchanged' }
  | {
      kind: 'done'
      before?: AuditValues
      after?: AuditValues
      detail?: Readonly<Record<string, unknown>>
      revealed?: Readonly<Record<string, string>>
      undo?: ActionCall
    }

export type Judged = { subject: Subject; verdict: Verdict }
export type Done = { subject: Subject; verdict: Verdict & { kind: 'done' } }

/** Locks subscribers in the order of their ids, so that two chunks cannot wait for each other. */
export async function lockSubjects(trx: Db, ids: readonly bigint[]): Promise<Subject[]> {
  // Alone, and read afterwards: who waits in a join for a change of plan finds the old plan beside the new row, and so nobody.
  await sql`select 1 from subscriber where subscriber.id = any(${ids}::bigint[]) order by subscriber.id
    for no key update`.execute(trx)
  const { rows } = await sql<Subject>`
    select subscriber.*, plan.on_block, plan.owner_id as plan_owner_id, plan.device_limit as plan_device_limit,
      (select next_plan.owner_id from plan next_plan where next_plan.id = subscriber.next_plan_id) as next_plan_owner_id,
      (select count(*)::int from session where session.subscriber_id = subscriber.id and session.ended_at is null
        and session.service is null) as open_sessions
    from subscriber join plan on plan.id = subscriber.plan_id
    where subscriber.id = any(${ids}::bigint[]) order by subscriber.id`.execute(trx)
  return rows
}

/** Says no, with a sentence that starts with `it`. */
export function refused(reason: string): Verdict {
  return { kind: 'refused', reason }
}

export const unchanged: Verdict = Object.freeze({ kind: 'unchanged' })

/** A verdict for each; who is deleted is refused before it is asked, unless `archived` lets it through. */
export function judgeEach(
  subjects: readonly Subject[],
  judge: (subject: Subject) => Verdict,
  options: { archived?: boolean } = {},
): Judged[] {
  return subjects.map((subject) => {
    const isGone = subject.archived_at !== null && options.archived !== true
    return { subject, verdict: isGone ? refused('it is deleted: restore it first') : judge(subject) }
  })
}

/** Those upon whom something is done. */
export function doneOf(judged: readonly Judged[]): Done[] {
  return judged.filter((one): one is Done => one.verdict.kind === 'done')
}

/** Their ids. */
export function idsOf(done: readonly Done[]): bigint[] {
  return done.map(({ subject }) => subject.id)
}

/** Orders a wish about the live sessions of each, all of a wish at once. */
export async function orderEach(
  trx: Db,
  done: readonly Done[],
  input: { wish(subject: Subject): Wish; reason: string },
  now: Date,
): Promise<void> {
  for (const wish of ['disconnect', 'reapply'] as const) {
    const subscriberIds = idsOf(done.filter(({ subject }) => subject.open_sessions > 0 && input.wish(subject) === wish))
    if (subscriberIds.length > 0) await orderForSubscribers(trx, { subscriberIds, wish, reason: input.reason }, now)
  }
}

/** The same wish for all. */
export function always(wish: Wish): (subject: Subject) => Wish {
  return () => wish
}

/** Writes the audit entries of what was done, and gives every id its outcome, in the order asked. */
export async function conclude(
  trx: Db,
  input: { action: string; subscriberIds: readonly bigint[]; judged: readonly Judged[] },
  by: Author,
  now: Date,
): Promise<ActionOutcome[]> {
  const deeds = doneOf(input.judged).map(({ subject, verdict }) => ({
    action: `subscriber.${input.action}`,
    noun: 'subscriber',
    rowId: subject.id,
    ownerId: subject.owner_id,
    before: verdict.before,
    after: verdict.after,
  }))
  await writeAudits(trx, deeds, by, now)
  const outcomes = new Map(input.judged.map(({ subject, verdict }) => [subject.id, outcomeOf(subject.id, verdict)]))
  return input.subscriberIds.map(
    (id) => outcomes.get(id) ?? { subscriberId: id, kind: 'refused', reason: 'it is not there' },
  )
}

function outcomeOf(subscriberId: bigint, verdict: Verdict): ActionOutcome {
  if (verdict.kind !== 'done') return { subscriberId, ...verdict }
  const { before: _before, after: _after, ...rest } = verdict
  return { subscriberId, ...rest }
}
