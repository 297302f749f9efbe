// Taking back the last renewal: the money returns to who paid it, and the service ends when it would have ended without.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { orderForSubscribers } from '../coa-order.ts'
import { formatMoney } from '../money.ts'
import { serviceEnd } from '../subscriber-label.ts'
import { lockAccount } from './account.ts'
import { post } from './ledger.ts'
import { readTransaction } from './ledger-list.ts'
import { accountOf, otherSide } from './posting.ts'
import { everything } from '../scope.ts'
import { isSameInstant, lockService } from './service.ts'
import type { Service } from './service.ts'

const holdMs = 24 * 3_600_000

export type RevertOutcome =
  | { kind: 'reverted'; renewal: Reverted; expiresAt: Date | null }
  | { kind: 'already'; reason: string }
  | { kind: 'refused'; reason: string }

export type Reverted = {
  id: bigint
  periods: number
  free: boolean
  amountMinor: bigint
  currency: string
  isActivation: boolean
}

/**
 * Reverts the last renewal or activation of a subscriber; `renewalId`: only if it is this one. The author must have the
 * subscriber in reach. Throws NotFoundError, ForbiddenError (service.free).
 */
export function revertRenewal(
  db: Db,
  input: { subscriberId: bigint; renewalId?: bigint | undefined; reason?: string | undefined },
  by: Author,
  now: Date,
): Promise<RevertOutcome> {
  requirePermission(by, 'service.free')
  return inTransaction(db, async (trx) => {
    const service = await lockService(trx, input.subscriberId)
    const last = await lastRenewal(trx, service.id)
    const refusal = await refusalOf(trx, service, last, input.renewalId)
    if (refusal !== undefined) return refusal
    const renewal = last!
    if (renewal.transaction_id !== null) await giveBack(trx, renewal.transaction_id, input.reason, by, now)
    const after = await restore(trx, renewal.id, by, now)
    await holdBack(trx, service.id, now)
    await tellSessions(trx, service, after, now)
    await auditRevert(trx, service, renewal, after, by, now)
    const { id, periods, free, amount_minor: amountMinor, currency } = renewal
    const reverted = { id, periods, free, amountMinor, currency, isActivation: renewal.kind === 'activation' }
    return { kind: 'reverted', renewal: reverted, expiresAt: after.expires_at }
  })
}

type Renewal = NonNullable<Awaited<ReturnType<typeof lastRenewal>>>

async function lastRenewal(trx: Db, subscriberId: bigint) {
  return trx
    .selectFrom('renewal')
    .select(['id', 'kind', 'periods', 'free', 'amount_minor', 'currency', 'transaction_id'])
    .where('subscriber_id', '=', subscriberId)
    .where('reverted_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

async function refusalOf(
  trx: Db,
  service: Service,
  last: Renewal | undefined,
  renewalId: bigint | undefined,
): Promise<RevertOutcome | undefined> {
  if (renewalId !== undefined && renewalId !== last?.id) {
    const asked = await trx
      .selectFrom('renewal')
      .select('reverted_at')
      .where('id', '=', renewalId)
      .where('subscriber_id', '=', service.id)
      .executeTakeFirst()
    if (asked === undefined) return { kind: 'refused', reason: 'there is no such renewal' }
    if (asked.reverted_at !== null) return { kind: 'already', reason: 'it was reverted already' }
    return { kind: 'refused', reason: 'only the last renewal can be reverted' }
  }
  if (last === undefined) return { kind: 'refused', reason: 'there is no renewal to revert' }
  if (last.kind === 'plan-change') return { kind: 'refused', reason: 'the plan was changed since the last renewal' }
  const periods = await trx
    .selectFrom('service_period')
    .select(['ends_at', 'void_at'])
    .where('renewal_id', '=', last.id)
    .orderBy('starts_at')
    .execute()
  const isHeld = periods.every((period) => period.void_at === null)
  if (!isHeld || !isSameInstant(periods.at(-1)!.ends_at, service.expiresAt)) {
    return { kind: 'refused', reason: 'the end of the service was changed since' }
  }
  return undefined
}

async function giveBack(
  trx: Db,
  transactionId: bigint,
  reason: string | undefined,
  by: Author,
  now: Date,
): Promise<void> {
  const taken = await readTransaction(trx, transactionId, everything)
  const account = await lockAccount(trx, accountOf(taken))
  await post(
    trx,
    {
      account,
      kind: 'reversal',
      amountMinor: -taken.amount_minor,
      against: await otherSide(trx, taken.id),
      subscriberId: taken.subscriber_id ?? undefined,
      reversesId: taken.id,
      reason: reason ?? 'the renewal was reverted',
    },
    by,
    now,
  )
}

type Restored = { expires_at: Date | null; grace_until: Date | null; plan_id: bigint; on_expiry: 'reject' | 'garden' }

/** Puts back what was, in the database's own precision: the start of a period is the key of its usage. */
async function restore(trx: Db, renewalId: bigint, by: Author, now: Date): Promise<Restored> {
  const { rows } = await sql<Restored>`
    with undone as (
      update renewal set reverted_at = ${now}, reverted_by = ${by.name} where id = ${renewalId}
      returning subscriber_id, before_expires_at, before_grace_until, before_activated_at
    ), voided as (
      update service_period set void_at = ${now} where renewal_id = ${renewalId} and void_at is null
    ), begun as (
      select service_period.* from service_period
      where renewal_id = ${renewalId} and begun_at is not null order by starts_at limit 1
    )
    update subscriber set
      expires_at = undone.before_expires_at,
      grace_until = undone.before_grace_until,
      activated_at = undone.before_activated_at,
      plan_id = case when subscriber.plan_id = begun.plan_id then begun.before_plan_id else subscriber.plan_id end,
      next_plan_id = coalesce(subscriber.next_plan_id, begun.before_next_plan_id),
      period_started_at = coalesce(begun.before_period_started_at, subscriber.period_started_at),
      updated_at = ${now}
    from undone left join begun on true
    where subscriber.id = undone.subscriber_id
    returning subscriber.expires_at, subscriber.grace_until, subscriber.plan_id,
      (select plan.on_expiry from plan where plan.id = subscriber.plan_id) as on_expiry`.execute(trx)
  return rows[0]!
}

/**
 * A line that renews by itself would be charged again by the next run: it is left alone for a day, time to mend what was wrong.
 * A payment, or a person who renews it, ends that.
 */
async function holdBack(trx: Db, subscriberId: bigint, now: Date): Promise<void> {
  await sql`
    insert into renewal_failure (subscriber_id, expires_at, reason, tries, tried_at, next_at)
    select subscriber.id, subscriber.expires_at, 'its renewal was taken back', 0, ${now}, ${new Date(now.getTime() + holdMs)}
    from subscriber where subscriber.id = ${subscriberId} and subscriber.auto_renew and subscriber.expires_at is not null
    on conflict (subscriber_id) do update set expires_at = excluded.expires_at, reason = excluded.reason,
      tries = excluded.tries, tried_at = excluded.tried_at, next_at = excluded.next_at`.execute(trx)
}

async function tellSessions(trx: Db, service: Service, after: Restored, now: Date): Promise<void> {
  const end = serviceEnd({ expiresAt: after.expires_at, graceUntil: after.grace_until })
  const isOver = end !== null && end <= now
  const wish = isOver && after.on_expiry === 'reject' ? 'disconnect' : 'reapply'
  await orderForSubscribers(trx, { subscriberIds: [service.id], wish, reason: 'renewal reverted' }, now)
}

function auditRevert(
  trx: Db,
  service: Service,
  renewal: Renewal,
  after: Restored,
  by: Author,
  now: Date,
): Promise<void> {
  return writeAudit(
    trx,
    {
      action: 'subscriber.revert-renewal',
      noun: 'subscriber',
      rowId: service.id,
      ownerId: service.ownerId,
      before: { expires_at: service.expiresAt, grace_until: service.graceUntil, plan_id: service.plan.id },
      after: {
        expires_at: after.expires_at,
        grace_until: after.grace_until,
        plan_id: after.plan_id,
        renewal_id: renewal.id,
        amount: formatMoney(-renewal.amount_minor, renewal.currency),
        currency: renewal.currency,
      },
    },
    by,
    now,
  )
}
