// The one renewal function: the button, the bulk run, another system and the job that renews by itself all come here. It
// charges, extends, tells live sessions and writes the audit entry in one transaction under the subscriber's row, so that one
// period is given and paid for once, whoever asks and however often (decision 20).

import { isUniqueViolation, sqlState, sqlStateOf } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import { failPoint } from '../../fail-points.ts'
import type { RunHold } from '../job-run.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { orderForSubscribers } from '../coa-order.ts'
import { formatMoney } from '../money.ts'
import { readSettings } from '../setting.ts'
import { chargeService } from './charge-service.ts'
import { priceRenewal } from './price-renewal.ts'
import type { PricedPeriod } from './price-periods.ts'
import { graceEnd, isSameInstant, lockService, readPlan } from './service.ts'
import type { PricedPlan, Service } from './service.ts'
import { beginPeriods, voidPeriodsAfter, writeRenewal } from './write-periods.ts'

/** Periods of one renewal at most. */
export const mostPeriods = 100

export type RenewInput = {
  subscriberId: bigint
  /** 1 to `mostPeriods`. */
  periods: number
  /** Without a charge; needs the permission service.free. */
  free: boolean
  /**
   * The end of service that the asker saw (null: none). Where it is another by now, somebody was faster and nothing is done: so
   * a click, a bulk run and a job that mean the same period give it once.
   */
  seenExpiry?: Date | null | undefined
  /** How another system calls this renewal: asked again it is answered again. */
  reference?: string | undefined
  /** Only a service that was never active. */
  activateOnly?: boolean
  /** By the job: sessions that are in service and keep their plan need not be told. */
  quietly?: boolean
  /** By the job: who no longer renews by itself since it was looked at is left alone. */
  byItself?: boolean
  /** The job's run, which the renewal carries; where it is somebody else's by now, nothing is done. */
  run?: RunHold | undefined
}

/** What a renewal gave. Amounts in minor units. */
export type Renewed = {
  renewalId: bigint
  periods: number
  free: boolean
  amountMinor: bigint
  currency: string
  transactionId: bigint | null
  /** Null: never ends. */
  expiresAt: Date | null
}

export type RenewOutcome =
  | { kind: 'renewed'; renewed: Renewed }
  /** It was done before, as this very renewal (`renewed`) or as another one that gave the same period. */
  | { kind: 'already'; reason: string; renewed?: Renewed }
  | { kind: 'refused'; reason: string }

/**
 * Renews a service, or activates one that is new (then with the plan's setup price). The author must have the subscriber in
 * reach. Throws NotFoundError, ForbiddenError (service.free), LostRunError.
 */
export async function renew(db: Db, input: RenewInput, by: Author, now: Date): Promise<RenewOutcome> {
  if (input.free) requirePermission(by, 'service.free')
  try {
    const outcome = await inTransaction(db, (trx) => renewLocked(trx, input, by, now))
    await failPoint('renewal_committed')
    return outcome
  } catch (error) {
    // The database's own word that a period is there: the lock makes it never happen, and never charges twice if it did.
    const isThere = isUniqueViolation(error) || sqlStateOf(error) === sqlState.exclusionViolation
    if (!isThere || db.isTransaction || (input.byItself === true && (await isAsSeen(db, input)))) throw error
    return { kind: 'already', reason: 'this period was given already' }
  }
}

/** The service still ends as it was seen: what was in the way is not this period, and is a fault that somebody must hear of. */
async function isAsSeen(db: Db, { subscriberId, seenExpiry }: RenewInput): Promise<boolean> {
  const row = await db.selectFrom('subscriber').select('expires_at').where('id', '=', subscriberId).executeTakeFirst()
  return row !== undefined && isSameInstant(seenExpiry ?? null, row.expires_at)
}

async function renewLocked(trx: Db, input: RenewInput, by: Author, now: Date): Promise<RenewOutcome> {
  await input.run?.fence(trx)
  const service = await lockService(trx, input.subscriberId)
  await failPoint('renewal_locked')
  const known = await findByReference(trx, input)
  if (known !== undefined) return known
  const refusal = refusalOf(service, input)
  if (refusal !== undefined) return refusal
  const isNew = service.activatedAt === null
  const plan = isNew || service.nextPlanId === null ? service.plan : await readPlan(trx, service.nextPlanId)
  const { zone } = await readSettings(trx)
  const priced = priceRenewal(service, { plan, periods: input.periods, free: input.free }, zone, now)
  if (priced.kind === 'refused') return priced
  const { periods, amountMinor } = priced
  const kind = isNew ? 'activation' : 'renewal'
  const charged = await chargeService(trx, { service, plan, kind, amountMinor, periods }, by, now)
  if (charged.kind === 'refused') return charged
  await failPoint('renewal_charged')
  const given = { service, kind, plan, periods, amountMinor, transactionId: charged.transactionId } as const
  const renewed = await give(trx, input, given, by, now)
  return { kind: 'renewed', renewed }
}

function refusalOf(service: Service, input: RenewInput): RenewOutcome | undefined {
  const { activatedAt, expiresAt } = service
  if (service.isArchived) return { kind: 'refused', reason: 'it is deleted: restore it first' }
  if (input.activateOnly === true && activatedAt !== null) return { kind: 'already', reason: 'it is active already' }
  if (input.seenExpiry !== undefined && !isSameInstant(input.seenExpiry, expiresAt)) {
    return { kind: 'already', reason: `the service ends ${expiresAt?.toISOString() ?? 'never'} by now` }
  }
  if (input.byItself === true && !service.renewsByItself) {
    return { kind: 'already', reason: 'it does not renew by itself any more' }
  }
  if (activatedAt !== null && expiresAt === null) return { kind: 'refused', reason: 'the service never ends' }
  return undefined
}

type Given = {
  service: Service
  kind: 'activation' | 'renewal'
  plan: PricedPlan
  periods: readonly PricedPeriod[]
  amountMinor: bigint
  transactionId: bigint | undefined
}

async function give(trx: Db, input: RenewInput, given: Given, by: Author, now: Date): Promise<Renewed> {
  const { service, plan, periods, amountMinor, transactionId } = given
  const expiresAt = periods.at(-1)!.endsAt
  if (service.last !== undefined && !isSameInstant(service.last.endsAt, service.expiresAt)) {
    await voidPeriodsAfter(trx, service.id, periods[0]!.startsAt, now)
  }
  const renewalId = await writeRenewal(
    trx,
    {
      ...given,
      free: input.free,
      currency: plan.currency,
      planId: plan.id,
      reference: input.reference,
      runId: input.run?.id,
    },
    by,
    now,
  )
  const graceUntil = graceEnd(expiresAt, plan.graceHours)
  await trx
    .updateTable('subscriber')
    .set({
      activated_at: service.activatedAt ?? now,
      expires_at: expiresAt,
      grace_until: graceUntil,
      updated_at: now,
    })
    .where('id', '=', service.id)
    .execute()
  await beginPeriods(trx, { subscriberIds: [service.id], orders: false }, now)
  await trx.deleteFrom('renewal_failure').where('subscriber_id', '=', service.id).execute()
  await tellSessions(trx, input, given, now)
  await failPoint('renewal_given')
  const renewed = {
    renewalId,
    periods: periods.length,
    free: input.free,
    amountMinor,
    currency: plan.currency,
    transactionId: transactionId ?? null,
    expiresAt,
  }
  await auditRenewal(trx, given, renewed, graceUntil, by, now)
  await failPoint('renewal_recorded')
  return renewed
}

/** Who was in the walled garden comes out of it; others have the end of their session put off. */
async function tellSessions(trx: Db, input: RenewInput, { service, plan }: Given, now: Date): Promise<void> {
  const isUntouched = service.expiresAt !== null && service.expiresAt > now && service.plan.id === plan.id
  if (input.quietly === true && isUntouched) return
  await orderForSubscribers(trx, { subscriberIds: [service.id], wish: 'reapply', reason: 'renewed' }, now)
}

function auditRenewal(
  trx: Db,
  { service, kind, plan }: Given,
  renewed: Renewed,
  graceUntil: Date | null,
  by: Author,
  now: Date,
): Promise<void> {
  return writeAudit(
    trx,
    {
      action: kind === 'activation' ? 'subscriber.activate' : 'subscriber.renew',
      noun: 'subscriber',
      rowId: service.id,
      ownerId: service.ownerId,
      before: { expires_at: service.expiresAt, grace_until: service.graceUntil, plan_id: service.plan.id },
      after: {
        expires_at: renewed.expiresAt,
        grace_until: graceUntil,
        plan_id: plan.id,
        renewal_id: renewed.renewalId,
        periods: renewed.periods,
        amount: formatMoney(renewed.amountMinor, renewed.currency),
        currency: renewed.currency,
        transaction_id: renewed.transactionId,
      },
    },
    by,
    now,
  )
}

async function findByReference(trx: Db, input: RenewInput): Promise<RenewOutcome | undefined> {
  if (input.reference === undefined) return undefined
  const row = await trx
    .selectFrom('renewal')
    .selectAll()
    .where('subscriber_id', '=', input.subscriberId)
    .where('reference', '=', input.reference)
    .executeTakeFirst()
  if (row === undefined) return undefined
  if (row.reverted_at !== null) return { kind: 'refused', reason: 'the renewal of this reference was reverted' }
  if (row.kind === 'plan-change' || row.periods !== input.periods || row.free !== input.free) {
    return { kind: 'refused', reason: 'the reference was used for another renewal' }
  }
  const { ends_at: expiresAt } = await trx
    .selectFrom('service_period')
    .select('ends_at')
    .where('renewal_id', '=', row.id)
    .orderBy('starts_at', 'desc')
    .executeTakeFirstOrThrow()
  const renewed = {
    renewalId: row.id,
    periods: row.periods,
    free: row.free,
    amountMinor: row.amount_minor,
    currency: row.currency,
    transactionId: row.transaction_id,
    expiresAt,
  }
  return { kind: 'already', reason: 'this renewal was done before', renewed }
}
