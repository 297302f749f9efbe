// Lines that renew by themselves: a little ahead of their end, each in a transaction of its own, so that one that cannot does
// not hold the others. Running it twice, on two servers or after three days does what running it once in time would have done.

import { sql } from 'kysely'
import { isUnavailable, sqlStateOf } from '../../db/errors.ts'
import { retryTransient } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Author } from '../author.ts'
import { longestRetryHours, ourFault, retryMs, setAside } from '../job-failure.ts'
import { LostRunError } from '../job-run.ts'
import type { RunHold } from '../job-run.ts'
import { inLanes } from '../lanes.ts'
import { readSettings } from '../setting.ts'
import { isDueBy, renewsByItself } from './due-lines.ts'
import { renew } from './renewal.ts'
import type { RenewOutcome } from './renewal.ts'
import { beginJob, beginPeriods, waitingToBegin } from './write-periods.ts'

/** Read at once. */
const pageSize = 1_000
/** Renewed at once: waiting for the disk overlaps, and connections are left for others. */
const width = 3
/** Periods that one line may catch up in one run. */
const mostPeriodsOfLine = 100

export type RenewDueResult = {
  /** Periods given. */
  renewed: number
  /** Lines that could not, because of money or a rule; each has its row in `renewal_failure`. */
  refused: number
  /** Lines whose renewal broke: likewise, with the error for the log. */
  failed: { subscriberId: bigint; error: unknown }[]
}

/** `place`: the end in the precision of the database. */
type Due = { id: bigint; expires_at: Date; place: string; payer_id: bigint }

/**
 * Renews what is due. Long-dead lines (setting renew_late_days), blocked, disabled and archived ones are left alone. `run`: the
 * run that the renewals carry; aborted or lost, it ends with what is done. Throws LostRunError.
 */
export async function renewDue(db: Db, by: Author, now: Date, run?: RunHold): Promise<RenewDueResult> {
  const result: RenewDueResult = { renewed: 0, refused: 0, failed: [] }
  for (let last: Due | undefined; ;) {
    const page = await duePage(db, last, now)
    await inLanes(byPayer(page), width, async (lines) => {
      for (const due of lines) {
        run?.signal.throwIfAborted()
        await renewLine(db, { due, run }, result, by, now)
      }
    })
    last = page.at(-1)
    if (page.length < pageSize) return result
  }
}

/** Lines of one payer stay behind one another: what it has goes to the one that ends first. */
function byPayer(page: readonly Due[]): Due[][] {
  return [...Map.groupBy(page, ({ payer_id: payerId }) => payerId).values()]
}

async function duePage(db: Db, after: Due | undefined, now: Date): Promise<Due[]> {
  const { rows } = await sql<Due>`
    select subscriber.id, subscriber.expires_at, subscriber.expires_at::text as place,
      subscriber.payer_id
    from subscriber join plan on plan.id = coalesce(subscriber.next_plan_id, subscriber.plan_id)
    where ${renewsByItself} and ${isDueBy(await readSettings(db), now, now)}
      and not exists (select from renewal_failure where renewal_failure.subscriber_id = subscriber.id
        and renewal_failure.expires_at = subscriber.expires_at and renewal_failure.next_at > ${now})
      and ${after === undefined ? sql`true` : sql`(subscriber.expires_at, subscriber.id) > (${after.place}::timestamptz, ${after.id})`}
    order by subscriber.expires_at, subscriber.id limit ${pageSize}`.execute(db)
  return rows
}

type Work = { due: Due; run: RunHold | undefined }

/** Every period that is due, in its order: within grace a line may be behind by more than one. */
async function renewLine(db: Db, work: Work, result: RenewDueResult, by: Author, now: Date): Promise<void> {
  const { due, run } = work
  let seenExpiry = due.expires_at
  try {
    for (let count = 0; count < mostPeriodsOfLine; count += 1) {
      const outcome = await renewOnce(db, { subscriberId: due.id, seenExpiry, run }, by, now)
      if (outcome.kind === 'already') return
      if (outcome.kind === 'refused') {
        result.refused += 1
        await writeFailure(db, { subscriberId: due.id, expiresAt: seenExpiry, reason: outcome.reason, run }, now)
        return
      }
      result.renewed += 1
      const { expiresAt } = outcome.renewed
      if (expiresAt === null || expiresAt > now) return
      seenExpiry = expiresAt
    }
  } catch (error) {
    // It is not the line that failed.
    if (error instanceof LostRunError || isAway(error)) throw error
    result.failed.push({ subscriberId: due.id, error })
    await writeFailure(db, { subscriberId: due.id, expiresAt: seenExpiry, reason: ourFault, run }, now)
  }
}

/** The database is away; an internal error of it may well be of this one row. */
function isAway(error: unknown): boolean {
  return isUnavailable(error) && sqlStateOf(error)?.startsWith('XX') !== true
}

type Once = { subscriberId: bigint; seenExpiry: Date; run: RunHold | undefined }

function renewOnce(db: Db, due: Once, by: Author, now: Date): Promise<RenewOutcome> {
  return retryTransient(() => renew(db, { ...due, periods: 1, free: false, quietly: true, byItself: true }, by, now))
}

type Failure = { subscriberId: bigint; expiresAt: Date; reason: string; run: RunHold | undefined }

async function writeFailure(db: Db, failure: Failure, now: Date): Promise<void> {
  await inTransaction(db, async (trx) => {
    await failure.run?.fence(trx)
    await insertFailure(trx, failure, now)
  })
}

async function insertFailure(db: Db, { subscriberId, expiresAt, reason }: Failure, now: Date): Promise<void> {
  await sql`
    insert into renewal_failure (subscriber_id, expires_at, reason, tries, tried_at, next_at)
    select subscriber.id, subscriber.expires_at, ${reason}, 1, ${now}, ${new Date(now.getTime() + retryMs)}
    from subscriber where subscriber.id = ${subscriberId}
      and date_trunc('milliseconds', subscriber.expires_at) = ${expiresAt}
    on conflict (subscriber_id) do update set
      expires_at = excluded.expires_at, reason = excluded.reason, tried_at = excluded.tried_at,
      tries = case when renewal_failure.expires_at = excluded.expires_at then renewal_failure.tries + 1 else 1 end,
      next_at = excluded.tried_at + least(${longestRetryHours}::integer,
        case when renewal_failure.expires_at = excluded.expires_at then renewal_failure.tries + 1 else 1 end)
        * interval '1 hour'`.execute(db)
}

/**
 * Lets periods begin that were renewed ahead: plan and usage are theirs from their first instant. Many at once; where that
 * breaks one by one, and who breaks is set aside. Returns how many began, and the errors for the log.
 */
export async function beginDuePeriods(
  db: Db,
  now: Date,
): Promise<{ begun: number; failed: { subscriberId: bigint; error: unknown }[] }> {
  const failed: { subscriberId: bigint; error: unknown }[] = []
  for (let begun = 0; ;) {
    const some = await beginSome(db, failed, now)
    begun += some
    if (some === 0) return { begun, failed }
  }
}

async function beginSome(db: Db, failed: { subscriberId: bigint; error: unknown }[], now: Date): Promise<number> {
  try {
    return await retryTransient(() => db.transaction().execute((trx) => begin(trx, undefined, now)))
  } catch (error) {
    if (isAway(error)) throw error
  }
  let begun = 0
  for (const subscriberId of await waitingToBegin(db, now)) {
    try {
      begun += await retryTransient(() => db.transaction().execute((trx) => begin(trx, [subscriberId], now)))
    } catch (error) {
      if (isAway(error)) throw error
      failed.push({ subscriberId, error })
      await setAside(db, { job: beginJob, subscriberId, reason: ourFault }, now)
    }
  }
  return begun
}

async function begin(trx: Db, given: readonly bigint[] | undefined, now: Date): Promise<number> {
  const subscriberIds = given ?? (await waitingToBegin(trx, now))
  if (subscriberIds.length === 0) return 0
  await sql`
    select 1 from subscriber where subscriber.id = any(${subscriberIds}::bigint[])
    order by subscriber.id for no key update`.execute(trx)
  return (await beginPeriods(trx, { subscriberIds, orders: true }, now)).length
}
