// Looks again at logins that were let in by what was last known, now that the books are back: writes what they could not write
// (a first activation, a MAC that is learnt), and orders about the sessions of those who have something else than they should.

import { sql } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { loadAccess } from '../access.ts'
import { claimAccess } from '../access-claim.ts'
import type { AccessSubject } from '../access-subject.ts'
import { readFacts } from '../degraded-accept.ts'
import type { StoredFacts, Unchecked } from '../degraded-accept.ts'
import { takeLearnWindow } from '../learn-window.ts'
import { decideOnline } from '../live-session.ts'
import type { DecidedSession } from '../live-session.ts'
import { readNas, selectNas } from '../nas-registry.ts'
import type { NasColumns } from '../nas-registry.ts'
import type { Nas } from '../nas.ts'
import type { Settings } from '../setting.ts'
import { findingOf } from './degraded-finding.ts'
import type { Finding, LookedAt } from './degraded-finding.ts'
import { orderSessions } from './order-sessions.ts'

/** Logins of one look: after 15 s at 1,000 logins/s it is half a minute's work. */
const mostLooked = 500
const nothing = { looked: 0, orders: 0, isMore: false }

export type LookTurn = { looked: number; orders: number; isMore: boolean }

type Due = {
  classId: bigint
  subscriberId: bigint
  nasId: bigint
  nasGroupId: bigint
  line: string | null
  facts: StoredFacts
  unchecked: Unchecked[]
  decidedAt: Date
  writtenAt: Date
  lookedAt: Date | null
  /** Null: purged, or its name is free again. */
  login: string | null
  sessionIds: bigint[]
  otherLines: bigint
  isBehindAnother: boolean
}

type Context = { pool: Pool; settings: Settings }

/**
 * Looks at those whose turn has come, in one transaction with the orders. One instance at a time, so that of two lines only
 * the later one has to give way.
 */
export async function lookAgain(
  db: Db,
  input: { pool: Pool; settings(): Promise<Settings> },
  now: Date,
): Promise<LookTurn> {
  if (!(await hasWork(db, now))) return nothing
  const context = { pool: input.pool, settings: await input.settings() }
  return inTransaction(db, async (trx) => {
    const { rows } = await sql<{ free: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('gatehouse look_again')) as free`.execute(trx)
    if (rows[0]?.free !== true) return nothing
    const due = await findDue(trx, context.settings, now)
    const nases = await loadNases(context.pool, due)
    await writeWhatWasSkipped(context, due, nases)
    const looked = await lookAll(context, due, nases, now)
    const found = looked.map((one) => ({ one, finding: findingOf(one, context.settings.zone, now) }))
    const wishes = found.flatMap(({ one, finding: { finding: reason, wish } }) =>
      wish === undefined
        ? []
        : one.sessionIds.map((sessionId) => ({ sessionId, wish, reason: reasons[reason] ?? reason })),
    )
    const orders = await orderSessions(trx, wishes, now)
    await remember(trx, found, now)
    return { looked: due.length, orders, isMore: due.length === mostLooked }
  })
}

/** The words that other orders have for it. */
const reasons: Readonly<Record<string, string>> = { 'quota-exhausted': 'quota', slower: 'quota', gone: 'archived' }

async function hasWork(db: Db, now: Date): Promise<boolean> {
  const { rows } = await sql<{ work: boolean }>`
    select exists (select from degraded_accept where next_at <= ${now}) as work`.execute(db)
  return rows[0]!.work
}

/** SQL: a session is of a login: by its Class, or as its line, which may have redialled or been online before. */
const isOf = (session: string, accept: string) =>
  sql.raw(`(${session}.class_id = ${accept}.class_id
    or (${session}.line = ${accept}.line and ${session}.nas_group_id = ${accept}.nas_group_id))`)

/**
 * Other lines count that were alive when the books were last seen, or since; not those of a later login that is still to be
 * looked at itself. Their sessions are found by the index of open ones on their subscriber.
 */
async function findDue(trx: Db, { default_interim_interval_s: intervalS }: Settings, now: Date): Promise<Due[]> {
  const { rows } = await sql<Due>`
    with accept as materialized (
      select * from degraded_accept where next_at <= ${now} order by next_at, decided_at, class_id limit ${mostLooked}
    )
    select accept.class_id as "classId", accept.subscriber_id as "subscriberId", accept.nas_id as "nasId",
      accept.nas_group_id as "nasGroupId", accept.line, accept.facts, accept.unchecked, accept.decided_at as "decidedAt",
      accept.written_at as "writtenAt", accept.looked_at as "lookedAt",
      (select subscriber.username from subscriber where subscriber.id = accept.subscriber_id
        and subscriber.username_reserved) as login,
      array(select session.id from session
        where session.subscriber_id = accept.subscriber_id and session.ended_at is null and session.service is null
          and ${isOf('session', 'accept')} order by session.id) as "sessionIds",
      case when 'session-limit' = any (accept.unchecked) then (
        select count(distinct (coalesce(session.line, 'class:' || session.class_id, 'session:' || session.id),
          session.nas_group_id)) from session
        where session.subscriber_id = accept.subscriber_id and session.ended_at is null and session.service is null
          and session.updated_at > accept.seen_at
            - make_interval(secs => 3 * coalesce(session.interim_interval_s, ${intervalS}::integer))
          and (${isOf('session', 'accept')}) is not true
          and not exists (select from degraded_accept later
            where later.subscriber_id = accept.subscriber_id and later.next_at is not null
              and (later.decided_at, later.class_id) > (accept.decided_at, accept.class_id)
              and ${isOf('session', 'later')})
      ) else 0 end as "otherLines",
      'session-limit' = any (accept.unchecked) and exists (select from degraded_accept earlier
        where earlier.subscriber_id = accept.subscriber_id and earlier.next_at is not null
          and (earlier.decided_at, earlier.class_id) < (accept.decided_at, accept.class_id)
          and (earlier.line, earlier.nas_group_id) is distinct from (accept.line, accept.nas_group_id)
          and not exists (select from session where session.subscriber_id = earlier.subscriber_id
            and session.ended_at is null and ${isOf('session', 'earlier')})) as "isBehindAnother"
    from accept order by accept.decided_at, accept.class_id`.execute(trx)
  return rows
}

async function loadNases(pool: Pool, due: readonly Due[]): Promise<Map<bigint, Nas>> {
  const ids = [...new Set(due.map(({ nasId }) => nasId))]
  const { rows } = await pool.query<NasColumns>(`${selectNas} where n.id = any($1::bigint[])`, [ids])
  return new Map(rows.map((row) => [row.id, readNas(row)]))
}

/** On connections of its own: what a login writes is committed at once, and a second time nothing is left to write. */
async function writeWhatWasSkipped(context: Context, due: readonly Due[], nases: Map<bigint, Nas>): Promise<void> {
  const skipped = due.filter(
    ({ lookedAt, unchecked }) =>
      lookedAt === null && (unchecked.includes('activation') || unchecked.includes('device')),
  )
  const { pool, settings } = context
  const claiming = { intervalS: settings.default_interim_interval_s, zone: settings.zone }
  const subjects = await loadSubjects(context, skipped, nases, skipped[0]?.decidedAt ?? new Date(0))
  // In the order of the logins, and as of their instants: a service period begins with the login.
  for (const [at, one] of skipped.entries()) {
    const [subject, nas] = [subjects[at], nases.get(one.nasId)]
    if (subject === undefined || nas === undefined) continue
    const decision = decideOnline(sessionOf(one), subject, nas, one.decidedAt)
    if (decision.kind === 'reject') continue
    const { claim, learnInWindow } = decision
    const { subscriberId, nasGroupId, classId, decidedAt } = one
    if (claim !== undefined) {
      const input = {
        ...claim,
        sessionLimit: undefined,
        subscriberId,
        nasGroupId,
        classId,
        line: one.line ?? undefined,
      }
      await claimAccess(pool, [input], claiming, decidedAt)
    }
    if (learnInWindow !== undefined) await takeLearnWindow(pool, { subscriberId, mac: learnInWindow }, decidedAt)
  }
}

async function lookAll(context: Context, due: readonly Due[], nases: Map<bigint, Nas>, now: Date): Promise<LookedAt[]> {
  const subjects = await loadSubjects(context, due, nases, now)
  return due.map((one, at) => {
    const [subject, nas] = [subjects[at], nases.get(one.nasId)]
    const truth =
      subject === undefined || nas === undefined
        ? undefined
        : { subject, decision: decideOnline(sessionOf(one), subject, nas, now) }
    return { ...one, truth, otherLines: Number(one.otherLines) }
  })
}

/** By the reader of logins; undefined for whom the name does not lead to any more. */
async function loadSubjects(
  { pool, settings }: Context,
  due: readonly Due[],
  nases: Map<bigint, Nas>,
  now: Date,
): Promise<(AccessSubject | undefined)[]> {
  if (due.length === 0) return []
  const keys = due.map(({ login, line, nasGroupId, nasId }) => ({
    username: login ?? '',
    line: line ?? undefined,
    nasGroupId,
    addressSpaceId: nases.get(nasId)?.addressSpaceId ?? 0n,
  }))
  const subjects = await loadAccess(pool, keys, { zone: settings.zone, now })
  return subjects.map((subject, at) => (subject?.id === due[at]!.subscriberId ? subject : undefined))
}

function sessionOf({ facts, line, login, classId }: Due): DecidedSession {
  const noAddress = { framedIp: undefined, framedIpv6Prefix: undefined, delegatedIpv6Prefix: undefined }
  return { facts: readFacts(facts), line: line ?? undefined, login: login ?? '', classId, ...noAddress }
}

async function remember(trx: Db, found: readonly { one: LookedAt; finding: Finding }[], now: Date): Promise<void> {
  await sql`
    update degraded_accept set looked_at = coalesce(degraded_accept.looked_at, ${now}), finding = found.finding,
      next_at = found.next_at
    from unnest(${found.map(({ one }) => one.classId)}::bigint[], ${found.map(({ finding }) => finding.finding)}::text[],
      ${found.map(({ finding }) => finding.nextAt?.toISOString() ?? null)}::timestamptz[])
      as found (class_id, finding, next_at)
    where degraded_accept.class_id = found.class_id`.execute(trx)
}
