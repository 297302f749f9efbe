// Lines that renew by themselves: a little ahead of their end, each in a transaction of its own, so that one that cannot does
// not hold the others. Running it twice, on two servers or after three days does what running it once in time would have done.

import { sql } from 'kysely'
import { retryTransient } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { readSettings } from '../setting.ts'
import { renew } from './renewal.ts'
import type { RenewOutcome } from './renewal.ts'
import { beginPeriods } from './write-periods.ts'

/** Of one run; the rest is the next run's. */
const mostOfRun = 10_000
/** Periods that one line may catch up in one run. */
const mostPeriodsOfLine = 100
const retryMs = 3_600_000
const longestRetryMs = 24 * 3_600_000

export type RenewDueResult = {
  /** Periods given. */
  renewed: number
  /** Lines that could not, because of money or a rule; each has its row in `renewal_failure`. */
  refused: number
  /** Lines whose renewal broke: likewise, with the error for the log. */
  failed: { subscriberId: bigint; error: unknown }[]
}

type Due = { id: bigint; expires_at: Date }

/** Renews what is due. Long-dead lines (setting renew_late_days), blocked, disabled and archived ones are left alone. */
export async function renewDue(db: Db, by: Author, now: Date): Promise<RenewDueResult> {
  const { renew_ahead_hours: aheadHours, renew_late_days: lateDays } = await readSettings(db)
  const { rows } = await sql<Due>`
    select subscriber.id, subscriber.expires_at
    from subscriber join plan on plan.id = coalesce(subscriber.next_plan_id, subscriber.plan_id)
    where subscriber.auto_renew and subscriber.expires_at <= ${now}::timestamptz + make_interval(hours => ${aheadHours})
      -- A plan of some hours is not renewed for more than half of them ahead.
      and subscriber.expires_at <= ${now}::timestamptz + make_interval(mins =>
        case plan.validity_unit when 'hours' then least(plan.validity * 30, ${aheadHours}::integer * 60)
          else ${aheadHours}::integer * 60 end)
      and subscriber.expires_at > ${new Date(now.getTime() - lateDays * 86_400_000)}
      and subscriber.enabled and subscriber.blocked_at is null and subscriber.archived_at is null
      and subscriber.activated_at is not null
      and not exists (select from renewal_failure where renewal_failure.subscriber_id = subscriber.id
        and renewal_failure.expires_at = subscriber.expires_at and renewal_failure.next_at > ${now})
    order by subscriber.expires_at, subscriber.id limit ${mostOfRun}`.execute(db)
  const result: RenewDueResult = { renewed: 0, refused: 0, failed: [] }
  for (const due of rows) await renewLine(db, due, result, by, now)
  return result
}

/** Every period that is due, in its order: within grace a line may be behind by more than one. */
async function renewLine(db: Db, due: Due, result: RenewDueResult, by: Author, now: Date): Promise<void> {
  let seenExpiry = due.expires_at
  try {
    for (let count = 0; count < mostPeriodsOfLine; count += 1) {
      const outcome = await renewOnce(db, { subscriberId: due.id, seenExpiry }, by, now)
      if (outcome.kind === 'already') return
      if (outcome.kind === 'refused') {
        result.refused += 1
        await writeFailure(db, { subscriberId: due.id, expiresAt: seenExpiry, reason: outcome.reason }, now)
        return
      }
      result.renewed += 1
      const { expiresAt } = outcome.renewed
      if (expiresAt === null || expiresAt > now) return
      seenExpiry = expiresAt
    }
  } catch (error) {
    result.failed.push({ subscriberId: due.id, error })
    const reason = 'it could not be renewed: something went wrong on our side'
    await writeFailure(db, { subscriberId: due.id, expiresAt: seenExpiry, reason }, now)
  }
}

function renewOnce(
  db: Db,
  due: { subscriberId: bigint; seenExpiry: Date },
  by: Author,
  now: Date,
): Promise<RenewOutcome> {
  return retryTransient(() => renew(db, { ...due, periods: 1, free: false, quietly: true }, by, now))
}

async function writeFailure(
  db: Db,
  { subscriberId, expiresAt, reason }: { subscriberId: bigint; expiresAt: Date; reason: string },
  now: Date,
): Promise<void> {
  await sql`
    insert into renewal_failure (subscriber_id, expires_at, reason, tries, tried_at, next_at)
    select subscriber.id, subscriber.expires_at, ${reason}, 1, ${now}, ${new Date(now.getTime() + retryMs)}
    from subscriber where subscriber.id = ${subscriberId}
      and date_trunc('milliseconds', subscriber.expires_at) = ${expiresAt}
    on conflict (subscriber_id) do update set
      expires_at = excluded.expires_at, reason = excluded.reason, tried_at = excluded.tried_at,
      tries = case when renewal_failure.expires_at = excluded.expires_at then renewal_failure.tries + 1 else 1 end,
      next_at = excluded.tried_at + least(${longestRetryMs}::integer, ${retryMs}::integer *
        case when renewal_failure.expires_at = excluded.expires_at then renewal_failure.tries + 1 else 1 end)
        * interval '1 millisecond'`.execute(db)
}

/** Lets periods begin that were renewed ahead: plan and usage are theirs from their first instant. Returns how many. */
export async function beginDuePeriods(db: Db, now: Date): Promise<number> {
  for (let begun = 0; ;) {
    const some = await db.transaction().execute((trx) => beginPeriods(trx, { orders: true }, now))
    begun += some.length
    if (some.length === 0) return begun
  }
}
