// Subscribers that a job could not deal with: set aside, so that one that breaks does not hold the others, tried again ever
// later, and listed for whoever can mend it. Renewals keep their own (renewal_failure), which also has what money refused.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../db/schema.ts'
import { subscriberInScope } from './scope.ts'
import type { Scope } from './scope.ts'

/** From one try to the next: as many hours as there were tries, a day at most. */
export const longestRetryHours = 24
export const retryMs = 3_600_000
/** What is said where the log has the rest. */
export const ourFault = 'it could not be done: something went wrong on our side'

/** Sets a subscriber aside for an hour, and for longer each time, a day at most. */
export async function setAside(
  db: Db,
  { job, subscriberId, reason }: { job: string; subscriberId: bigint; reason: string },
  now: Date,
): Promise<void> {
  await sql`
    insert into job_failure (job, subscriber_id, reason, tries, tried_at, next_at)
    values (${job}, ${subscriberId}, ${reason}, 1, ${now}, ${new Date(now.getTime() + retryMs)})
    on conflict (job, subscriber_id) do update set
      reason = excluded.reason, tries = job_failure.tries + 1, tried_at = excluded.tried_at,
      next_at = excluded.tried_at + least(${longestRetryHours}::integer, job_failure.tries + 1) * interval '1 hour'`.execute(
    db,
  )
}

/** Whether the subscriber in this column is set aside at the moment. */
export function isSetAside(job: string, column: string, now: Date): RawBuilder<boolean> {
  return sql<boolean>`exists (select from job_failure where job_failure.job = ${job}
    and job_failure.subscriber_id = ${sql.ref(column)} and job_failure.next_at > ${now})`
}

/** Who is set aside, by which job, and why. */
export type JobFailure = {
  job: string
  subscriberId: bigint
  username: string
  reason: string
  tries: number
  triedAt: Date
  nextAt: Date
}

type Page = {
  job?: string | undefined
  after?: readonly [subscriberId: bigint, job: string] | undefined
  limit: number
}

/**
 * Whom jobs could not deal with, in the order of their ids. A renewal is listed for the end of service that it was about; what
 * a payment, an edit or the next run has mended is not.
 */
export async function listJobFailures(db: Db, page: Page, scope: Scope): Promise<JobFailure[]> {
  const { job, after, limit } = page
  const { rows } = await sql<JobFailure>`
    select failure.job, failure.subscriber_id as "subscriberId", subscriber.username, failure.reason, failure.tries,
      failure.tried_at as "triedAt", failure.next_at as "nextAt"
    from (
      select 'renew-due' as job, renewal_failure.subscriber_id, renewal_failure.reason, renewal_failure.tries,
        renewal_failure.tried_at, renewal_failure.next_at, renewal_failure.expires_at
      from renewal_failure
      union all
      select job_failure.job, job_failure.subscriber_id, job_failure.reason, job_failure.tries, job_failure.tried_at,
        job_failure.next_at, null
      from job_failure
    ) failure join subscriber on subscriber.id = failure.subscriber_id
    where ${subscriberInScope(scope)} and subscriber.archived_at is null
      and (failure.expires_at is null or failure.expires_at = subscriber.expires_at)
      and ${job === undefined ? sql`true` : sql`failure.job = ${job}`}
      and ${after === undefined ? sql`true` : sql`(failure.subscriber_id, failure.job) > (${after[0]}, ${after[1]})`}
    order by failure.subscriber_id, failure.job limit ${limit}`.execute(db)
  return rows
}
