// Tells the audit trail, and by it webhooks, that a service has ended: online or not, and whatever the plan makes of it. Each end
// once, since its entry says that it was told.

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

/**
 * Writes an entry `subscriber.expire` for at most `most` whose service, with its grace, ended after `after`, the earliest first. Gives how many, and
 * after which instant the next look begins. Who was made with an end in the past is left out. One instance at a time.
 */
export async function tellExpired(
  db: Db,
  input: { after: Date; most: number; by: Author },
  now: Date,
): Promise<{ told: number; after: Date }> {
  return inTransaction(db, async (trx) => {
    const lock = await sql<{ free: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('gatehouse tell expired')) as free`.execute(trx)
    if (lock.rows[0]?.free !== true) return { told: 0, after: input.after }
    const ended = await findEnded(trx, input, now)
    const deeds = ended.map(({ id, ownerId, expiresAt, graceUntil }) => ({
      action: 'subscriber.expire',
      noun: 'subscriber',
      rowId: id,
      ownerId,
      after: { expires_at: expiresAt, grace_until: graceUntil },
    }))
    await writeAudits(trx, deeds, input.by, now)
    const last = ended.length === input.most ? ended.at(-1) : undefined
    // Others may have ended at the same instant as the last one.
    const seenTo = last === undefined ? now.getTime() - overlapMs : last.end.getTime() - 1
    return { told: ended.length, after: new Date(Math.max(seenTo, input.after.getTime())) }
  })
}

/** Both ends of a service by their own index; the later one counts (serviceEnd of subscriber-label.ts). */
async function findEnded(trx: Db, { after, most }: { after: Date; most: number }, now: Date): Promise<Ended[]> {
  const { rows } = await sql<Ended>`
    with ended as materialized (
      select id, owner_id, created_at, expires_at, grace_until, greatest(expires_at, grace_until) as service_end from (
        select id, owner_id, created_at, expires_at, grace_until from subscriber
        where expires_at > ${after} and expires_at <= ${now} and archived_at is null and enabled
        union
        select id, owner_id, created_at, expires_at, grace_until from subscriber
        where grace_until > ${after} and grace_until <= ${now} and expires_at is not null and archived_at is null and enabled
      ) as subscriber
    )
    select id, owner_id as "ownerId", service_end as end, expires_at as "expiresAt", grace_until as "graceUntil"
    from ended
    where service_end > ${after} and service_end <= ${now} and created_at < service_end
      and not exists (select from audit_entry
        where audit_entry.noun = 'subscriber' and audit_entry.row_id = ended.id and audit_entry.action = 'subscriber.expire'
          and audit_entry.at >= ended.service_end)
    order by service_end, id limit ${most}`.execute(trx)
  return rows
}
