// Watches what plans give by themselves: usage that crosses a quota or a fair use step, a time of day, a window that begins anew.
// Marked subscribers (entitlement_check, written by accounting) and those whose time has come, or was foreseen, are looked at in chunks.

import { sql } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { WindowUsage } from '../plan/quota.ts'
import { nextChange } from '../plan/next-change.ts'
import type { RatedPlan } from '../plan/rates.ts'
import { judge, stateOf, type Judgement, type Watched } from './entitlement-state.ts'
import { foreseeUsage } from './foresee-usage.ts'
import { loadWatched } from './load-watched.ts'
import { orderSessions } from './order-sessions.ts'
import { refusedWishes } from './signs-of-life.ts'
import { isWatchedSql } from './watched-plan.ts'

/** Marks that are taken at once; one subscriber may have several. */
const mostMarks = 2_000
/** Subscribers that are looked at in one transaction. */
const mostDue = 500

export type WatchTurn = { looked: number; orders: number; isMore: boolean }
const nothing: WatchTurn = { looked: 0, orders: 0, isMore: false }

/**
 * Looks at a chunk of those who are marked or due, and orders what they have to be told, in one transaction with the new state of
 * the watch. One instance at a time: two would both tell whom nobody has looked at yet.
 */
export async function watchEntitlements(
  db: Db,
  input: { pool: Pool; zone: () => Promise<string> },
  now: Date,
): Promise<WatchTurn> {
  if (!(await hasWork(db, now))) return nothing
  const zone = await input.zone()
  return inTransaction(db, async (trx) => {
    const { rows } = await sql<{ free: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('gatehouse entitlement_watch')) as free`.execute(trx)
    if (rows[0]?.free !== true) return nothing
    const { ids, isMore } = await takeDue(trx, now)
    // On other connections, and after the marks were taken: what was committed with a mark is seen.
    const watched = await loadWatched(input.pool, ids, zone, now)
    const nextChangeOf = rememberNextChange(zone, now)
    const judged = watched.map((one) => ({ one, judgement: judge(one, { zone, now, nextChange: nextChangeOf }) }))
    const online = new Set(watched.map(({ subscriberId }) => subscriberId))
    await forget(
      trx,
      ids.filter((id) => !online.has(id)),
    )
    await remember(trx, judged)
    await foreseeUsage(trx, watched, { pool: input.pool, zone }, now)
    const told = judged.flatMap(({ judgement }) =>
      judgement.tell.map((tell) => ({ ...tell, wish: 'reapply' as const })),
    )
    const wishes = new Map([...told, ...(await refusedWishes(trx, ids, now))].map((wish) => [wish.sessionId, wish]))
    return { looked: ids.length, orders: await orderSessions(trx, [...wishes.values()], now), isMore }
  })
}

async function hasWork(db: Db, now: Date): Promise<boolean> {
  const { rows } = await sql<{ work: boolean }>`
    select exists (select from entitlement_check)
      or exists (select from entitlement_watch where next_at <= ${now})
      or exists (select from entitlement_watch where foreseen_at <= ${now}) as work`.execute(db)
  return rows[0]!.work
}

/** Takes marks, and finds whose time has come. A subscriber comes once. */
async function takeDue(trx: Db, now: Date): Promise<{ ids: bigint[]; isMore: boolean }> {
  const marks = await sql<{ id: bigint }>`
    delete from entitlement_check where ctid = any (array(
      select ctid from entitlement_check limit ${mostMarks} for update skip locked))
    returning subscriber_id as id`.execute(trx)
  const due = await sql<{ id: bigint }>`
    select subscriber_id as id from entitlement_watch where next_at <= ${now} order by next_at limit ${mostDue}`.execute(
    trx,
  )
  const foreseen = await sql<{ id: bigint }>`
    select subscriber_id as id from entitlement_watch where foreseen_at <= ${now} order by foreseen_at
    limit ${mostDue}`.execute(trx)
  const ids = new Set([...marks.rows, ...due.rows, ...foreseen.rows].map(({ id }) => id))
  const isMore = marks.rows.length === mostMarks || [due, foreseen].some(({ rows }) => rows.length === mostDue)
  return { ids: [...ids], isMore }
}

/** To find the next change costs a millisecond where there is a schedule, and it is the same for all with the same plan. */
function rememberNextChange(zone: string, now: Date) {
  const known = new Map<RatedPlan, Map<string, Date | undefined>>()
  return (plan: RatedPlan, used: WindowUsage | undefined): Date | undefined => {
    const ofPlan = known.get(plan) ?? new Map<string, Date | undefined>()
    known.set(plan, ofPlan)
    // Of usage it looks only at what follows from it.
    const state = stateOf(plan, used, zone, now)
    if (!ofPlan.has(state)) ofPlan.set(state, nextChange(plan, used, zone, now))
    return ofPlan.get(state)
  }
}

async function forget(trx: Db, subscriberIds: readonly bigint[]): Promise<void> {
  if (subscriberIds.length === 0) return
  await sql`delete from entitlement_watch where subscriber_id = any(${subscriberIds}::bigint[])`.execute(trx)
}

async function remember(trx: Db, judged: readonly { one: Watched; judgement: Judgement }[]): Promise<void> {
  const changed = judged.flatMap(({ one, judgement: { watch } }) =>
    watch === undefined ? [] : [{ ...watch, subscriberId: one.subscriberId }],
  )
  if (changed.length === 0) return
  await sql`
    insert into entitlement_watch as watch (subscriber_id, terms, state, since, session_id, looked_at, next_at)
    select * from unnest(${changed.map(({ subscriberId }) => subscriberId)}::bigint[],
      ${changed.map(({ terms }) => terms)}::text[], ${changed.map(({ state }) => state)}::text[],
      ${changed.map(({ since }) => since?.toISOString() ?? null)}::timestamptz[],
      ${changed.map(({ sessionId }) => sessionId)}::bigint[],
      ${changed.map(({ lookedAt }) => lookedAt.toISOString())}::timestamptz[],
      ${changed.map(({ nextAt }) => nextAt?.toISOString() ?? null)}::timestamptz[])
    on conflict (subscriber_id) do update set terms = excluded.terms, state = excluded.state, since = excluded.since,
      session_id = excluded.session_id, looked_at = excluded.looked_at, next_at = excluded.next_at`.execute(trx)
}

/**
 * Marks everybody who is online with such a plan, and forgets who is not: at the start of a process and from time to time, so that
 * whatever was missed is found. Returns how many were marked.
 */
export async function checkAll(db: Db): Promise<number> {
  await sql`
    delete from entitlement_watch where not exists (select from session
      where session.subscriber_id = entitlement_watch.subscriber_id and session.ended_at is null)`.execute(db)
  const { rows } = await sql<{ count: bigint }>`
    with marked as (
      insert into entitlement_check (subscriber_id)
      select distinct session.subscriber_id
      from session join subscriber on subscriber.id = session.subscriber_id join plan on plan.id = subscriber.plan_id
      where session.ended_at is null and session.service is null and ${sql.raw(isWatchedSql)}
      returning 1
    )
    select count(*) as count from marked`.execute(db)
  return Number(rows[0]!.count)
}
