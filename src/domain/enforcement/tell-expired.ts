// Tells the audit trail, and by it webhooks, that a service has ended: online or not, and whatever the plan makes of it. Each end
// once, since its entry says that it was told. Ends are found as the clock comes to them, and in rows that changed since the look
// before, where somebody may have moved one into the past.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudits } from '../audit/audit.ts'
import type { Author } from '../author.ts'

/** What ended longer ago while nobody ran is no news. */
const longestLookBackMs = 7 * 86_400_000
/** Clocks of instances differ, and a commit takes a moment. */
const overlapMs = 60_000

/** Where the first look of a process begins. */
export function firstTellingLook(now: Date): Date {
  return new Date(now.getTime() - longestLookBackMs)
}

type Ended = { id: bigint; ownerId: bigint; end: Date; expiresAt: Date; graceUntil: Date | null }

/** A place in the change log: whatever is not committed by now, or later, lies behind it. */
export async function placeInChanges(db: Db): Promise<string> {
  const { rows } = await sql<{ place: string }>`select pg_snapshot_xmin(pg_current_snapshot())::text as place`.execute(
    db,
  )
  return rows[0]!.place
}

type Look = {
  /** Services that ended after it are looked at; of rows that changed, all of the last week. */
  readonly after: Date
  /** Of an earlier look (placeInChanges); undefined: what was changed is not looked at. */
  readonly changedSince?: string | undefined
  readonly most: number
}

/**
 * Writes an entry `subscriber.expire` for at most `most` whose service, with its grace, ended, the earliest first. Gives how many,
 * after which instant the next look begins, and whether there is more to look at now. Who was made with an end in the past is left out.
 * One instance at a time: `isBusy` where another one is at it, and nothing was looked at.
 */
export async function tellExpired(
  db: Db,
  input: Look & { by: Author },
  now: Date,
): Promise<{ told: number; after: Date; isMore: boolean; isBusy?: true }> {
  return inTransaction(db, async (trx) => {
    const lock = await sql<{ free: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('gatehouse tell expired')) as free`.execute(trx)
    if (lock.rows[0]?.free !== true) return { told: 0, after: input.after, isMore: false, isBusy: true }
    const { ended, lookedUntil } = await findEnded(trx, input, now)
    const deeds = ended.map(({ id, ownerId, expiresAt, graceUntil }) => ({
      action: 'subscriber.expire',
      noun: 'subscriber',
      rowId: id,
      ownerId,
      after: { expires_at: expiresAt, grace_until: graceUntil },
    }))
    await writeAudits(trx, deeds, input.by, now)
    const last = ended.length === input.most ? ended.at(-1) : undefined
    const isAll = last === undefined && lookedUntil === undefined
    // Others may have ended at the same instant as the last one, or were not looked at yet.
    const seenTo = isAll
      ? now.getTime() - overlapMs
      : Math.min(last === undefined ? Infinity : last.end.getTime() - 1, lookedUntil?.getTime() ?? Infinity)
    return { told: ended.length, after: new Date(Math.max(seenTo, input.after.getTime())), isMore: !isAll }
  })
}

const columns = sql.raw('id, owner_id, created_at, expires_at, grace_until')
const isServed = sql.raw('expires_at is not null and archived_at is null and enabled')

/**
 * Both ends of a service by their own index; the later one counts (serviceEnd of subscriber-label.ts). Of each no more are looked at
 * than are told at once, and who ended at the same instant as the last: where weeks are to be told, each is looked at once.
 * `lookedUntil`: what ended until then was looked at, and there is more; undefined: all was.
 */
async function findEnded(
  trx: Db,
  { after, changedSince, most }: Look,
  now: Date,
): Promise<{ ended: Ended[]; lookedUntil: Date | undefined }> {
  const endedBy = (end: 'expires_at' | 'grace_until') => sql`
      select ${columns} from subscriber
      where ${sql.ref(end)} > ${after} and ${sql.ref(end)} <= ${now} and ${isServed}
      order by ${sql.ref(end)} fetch first ${most} rows with ties`
  const { rows } = await sql<{ lookedUntil: Date | null } & (Ended | { id: null })>`
    with by_expiry as materialized (${endedBy('expires_at')}),
    by_grace as materialized (${endedBy('grace_until')}),
    looked as (
      select least((select max(expires_at) from by_expiry having count(*) >= ${most}),
        (select max(grace_until) from by_grace having count(*) >= ${most})) as until
    ),
    ended as materialized (
      select id, owner_id, created_at, expires_at, grace_until, greatest(expires_at, grace_until) as service_end from (
        table by_expiry union table by_grace
        ${changedSince === undefined ? sql`` : changedSql(changedSince, now)}
      ) as subscriber
    ),
    -- In this order: whom there is no room for is not looked up, where 100,000 services end at one midnight. A scalar, or the planner
    -- would look up all to join them.
    untold as (
      select id, owner_id, service_end, expires_at, grace_until
      from (select * from ended where service_end <= ${now} order by service_end, id) as ended
      where (select true from audit_entry
          where audit_entry.noun = 'subscriber' and audit_entry.row_id = ended.id and audit_entry.action = 'subscriber.expire'
            and audit_entry.at >= ended.service_end limit 1) is null
        and ${endedWithUs}
      limit ${most}
    )
    select looked.until as "lookedUntil", untold.id, untold.owner_id as "ownerId", untold.service_end as end,
      untold.expires_at as "expiresAt", untold.grace_until as "graceUntil"
    from looked left join untold on true
    order by untold.service_end, untold.id`.execute(trx)
  return { ended: rows.filter((row) => row.id !== null), lookedUntil: rows[0]?.lookedUntil ?? undefined }
}

/** Rows in which an end may have been moved behind the place where the look by the clock goes on. */
function changedSql(changedSince: string, now: Date) {
  return sql`
        union
        select ${columns} from subscriber
        where id in (select row_id from change_log where table_name = 'subscriber' and changed_by >= ${changedSince}::xid8)
          and greatest(expires_at, grace_until) > ${firstTellingLook(now)} and ${isServed}`
}

/**
 * Whose row came to us after the end of its service, by an import with the date of a former system, say, never ended here: unless
 * the end is another one by now than the row was made with.
 */
const endedWithUs = sql<boolean>`coalesce(
      (select made.after ->> 'expires_at' is null
          or (made.after ->> 'expires_at')::timestamptz <> date_trunc('milliseconds', ended.expires_at)
        from audit_entry made
        where made.noun = 'subscriber' and made.row_id = ended.id and made.action = 'subscriber.create'
          and made.at >= ended.service_end
        limit 1),
      ended.created_at < ended.service_end)`
