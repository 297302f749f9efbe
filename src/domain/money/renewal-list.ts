// What a subscriber was given and by whom: its renewals with their periods, newest first, and why it does not renew by itself.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { NotFoundError } from '../field.ts'
import { reachableSubscribers } from '../scope.ts'
import type { Scope } from '../scope.ts'

/** A renewal with the span of its periods. Amount in minor units, negative: given back. */
export type RenewalListed = {
  id: bigint
  at: Date
  kind: 'activation' | 'renewal' | 'plan-change'
  plan: string
  periods: number
  free: boolean
  amount_minor: bigint
  currency: string
  transaction_id: bigint | null
  reference: string | null
  author_name: string
  starts_at: Date
  ends_at: Date | null
  reverted_at: Date | null
  reverted_by: string | null
}

/** The renewals of a subscriber; `before` is the id where the last page ended. Throws NotFoundError. */
export async function listRenewals(
  db: Db,
  subscriberId: bigint,
  page: { before?: bigint | undefined; limit: number },
  scope: Scope,
): Promise<RenewalListed[]> {
  await requireReach(db, subscriberId, scope)
  const { rows } = await sql<RenewalListed>`
    select renewal.id, renewal.at, renewal.kind, plan.name as plan, renewal.periods, renewal.free, renewal.amount_minor,
      renewal.currency, renewal.transaction_id, renewal.reference, renewal.author_name, span.starts_at,
      case when span.is_endless then null else span.ends_at end as ends_at, renewal.reverted_at, renewal.reverted_by
    from renewal
      cross join lateral (
        select min(service_period.starts_at) as starts_at, max(service_period.ends_at) as ends_at,
          bool_or(service_period.ends_at is null) as is_endless, max(service_period.plan_id) as plan_id
        from service_period where service_period.renewal_id = renewal.id
      ) as span
      join plan on plan.id = span.plan_id
    where renewal.subscriber_id = ${subscriberId}
      and ${page.before === undefined ? sql`true` : sql`renewal.id < ${page.before}`}
    order by renewal.id desc limit ${page.limit}`.execute(db)
  return rows
}

export type RenewalFailure = { reason: string; tries: number; triedAt: Date; nextAt: Date }

/** Why a line that renews by itself did not, for the end of service that it has; undefined: nothing failed. Throws NotFoundError. */
export async function readRenewalFailure(
  db: Db,
  subscriberId: bigint,
  scope: Scope,
): Promise<RenewalFailure | undefined> {
  await requireReach(db, subscriberId, scope)
  return db
    .selectFrom('renewal_failure')
    .innerJoin('subscriber', 'subscriber.id', 'renewal_failure.subscriber_id')
    .select(['renewal_failure.reason', 'renewal_failure.tries', 'renewal_failure.tried_at as triedAt'])
    .select('renewal_failure.next_at as nextAt')
    .where('renewal_failure.subscriber_id', '=', subscriberId)
    .whereRef('renewal_failure.expires_at', '=', 'subscriber.expires_at')
    .executeTakeFirst()
}

async function requireReach(db: Db, subscriberId: bigint, scope: Scope): Promise<void> {
  const reached = await reachableSubscribers(db, scope, [subscriberId])
  if (reached.length === 0) throw new NotFoundError('subscriber', String(subscriberId))
}
