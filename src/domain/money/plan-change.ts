// Changing a subscriber's plan: now, with what is left of the old one credited and the rest charged at the new price, or when
// the service ends next.

import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import type { ValidityUnit } from '../calendar.ts'
import { orderForSubscribers } from '../coa-order.ts'
import { NotFoundError } from '../field.ts'
import { formatMoney } from '../money.ts'
import { ownedInScope } from '../scope.ts'
import { readSettings } from '../setting.ts'
import type { Named } from '../subscriber/names.ts'
import { chargeService } from './charge-service.ts'
import { priceChange } from './price-change.ts'
import type { PaidPeriod } from './price-change.ts'
import { pricePeriods } from './price-periods.ts'
import type { PricedPeriod } from './price-periods.ts'
import { graceEnd, lockService, readPlan } from './service.ts'
import type { PricedPlan, Service } from './service.ts'
import { beginPeriods, writeRenewal } from './write-periods.ts'

export type PlanChangeInput = {
  subscriberId: bigint
  /** By its id or its name; of the subscriber's organisation or shared. */
  plan: Named
  when: 'now' | 'next-expiry'
  /** Nothing is charged or credited; needs the permission service.free. */
  free: boolean
}

/** `netMinor`: what was charged; negative: given back. `planId` before the change. */
export type PlanChangeOutcome =
  | {
      kind: 'changed'
      when: PlanChangeInput['when']
      planId: bigint
      nextPlanId: bigint | null
      netMinor: bigint
      currency: string
      expiresAt: Date | null
    }
  | { kind: 'unchanged'; reason: string }
  | { kind: 'refused'; reason: string }

/** Throws NotFoundError for the id of a plan that is not there or out of the author's reach, ForbiddenError (service.free). */
export function changePlan(db: Db, input: PlanChangeInput, by: Author, now: Date): Promise<PlanChangeOutcome> {
  if (input.free) requirePermission(by, 'service.free')
  return inTransaction(db, async (trx) => {
    const service = await lockService(trx, input.subscriberId)
    const planId = await findPlanId(trx, input.plan, service.ownerId, by)
    if (planId === undefined) return { kind: 'refused', reason: 'its organisation has no plan of this name' }
    const plan = await readPlan(trx, planId)
    if (service.isArchived) return { kind: 'refused', reason: 'it is deleted: restore it first' }
    if (plan.isArchived) return { kind: 'refused', reason: 'the plan is archived' }
    if (plan.ownerId !== null && plan.ownerId !== service.ownerId) {
      return { kind: 'refused', reason: 'the plan is of another organisation' }
    }
    if (plan.currency !== service.plan.currency) {
      return { kind: 'refused', reason: `the plan is priced in ${plan.currency}` }
    }
    return input.when === 'now'
      ? changeNow(trx, { service, plan, free: input.free }, by, now)
      : changeNext(trx, service, plan, by, now)
  })
}

/** A name is looked up for the subscriber's organisation, its own before a shared one. */
async function findPlanId(trx: Db, named: Named, ownerId: bigint, by: Author): Promise<bigint | undefined> {
  if (typeof named === 'number') {
    const plan = await trx
      .selectFrom('plan')
      .select('id')
      .where('id', '=', BigInt(named))
      .where(ownedInScope(by.scope, 'plan.owner_id', { shared: true }))
      .executeTakeFirst()
    if (plan === undefined) throw new NotFoundError('plan', String(named))
    return plan.id
  }
  const plan = await trx
    .selectFrom('plan')
    .select('id')
    .where('name', '=', named.trim())
    .where('archived_at', 'is', null)
    .where((eb) => eb.or([eb('owner_id', '=', ownerId), eb('owner_id', 'is', null)]))
    .orderBy('owner_id', (order) => order.asc().nullsLast())
    .executeTakeFirst()
  return plan?.id
}

async function changeNext(
  trx: Db,
  service: Service,
  plan: PricedPlan,
  by: Author,
  now: Date,
): Promise<PlanChangeOutcome> {
  if (service.expiresAt === null) return { kind: 'refused', reason: 'the service has no end at which it could change' }
  const nextPlanId = plan.id === service.plan.id ? null : plan.id
  if (nextPlanId === service.nextPlanId) return { kind: 'unchanged', reason: 'that is what comes next already' }
  await trx
    .updateTable('subscriber')
    .set({ next_plan_id: nextPlanId, updated_at: now })
    .where('id', '=', service.id)
    .execute()
  await auditChange(trx, service, { next_plan_id: service.nextPlanId }, { next_plan_id: nextPlanId }, by, now)
  return changed(service, 'next-expiry', 0n)
}

type Change = { service: Service; plan: PricedPlan; free: boolean }

async function changeNow(trx: Db, change: Change, by: Author, now: Date): Promise<PlanChangeOutcome> {
  const { service, plan } = change
  if (plan.id === service.plan.id) return { kind: 'unchanged', reason: 'it has that plan already' }
  const isRunning = service.activatedAt !== null && (service.expiresAt === null || service.expiresAt > now)
  const given = isRunning ? await priceOf(trx, change, now) : undefined
  const charged = await chargeService(
    trx,
    {
      service,
      plan,
      kind: 'plan-change',
      amountMinor: given?.netMinor ?? 0n,
      periods: given?.periods ?? [{ startsAt: now, endsAt: null }],
    },
    by,
    now,
  )
  if (charged.kind === 'refused') return charged
  const expiresAt = given === undefined ? service.expiresAt : given.periods.at(-1)!.endsAt
  const isServed = given !== undefined
  const graceUntil = isServed ? graceEnd(expiresAt, plan.graceHours) : service.graceUntil
  await trx
    .updateTable('subscriber')
    .set({ plan_id: plan.id, next_plan_id: null, expires_at: expiresAt, grace_until: graceUntil, updated_at: now })
    .where('id', '=', service.id)
    .execute()
  if (given !== undefined) await replacePeriods(trx, change, given, charged.transactionId, by, now)
  await orderForSubscribers(trx, { subscriberIds: [service.id], wish: 'reapply', reason: 'plan changed' }, now)
  const netMinor = given?.netMinor ?? 0n
  await auditChange(
    trx,
    service,
    { plan_id: service.plan.id, next_plan_id: service.nextPlanId, expires_at: service.expiresAt },
    {
      plan_id: plan.id,
      next_plan_id: null,
      expires_at: expiresAt,
      amount: formatMoney(netMinor, plan.currency),
      currency: plan.currency,
      transaction_id: charged.transactionId,
    },
    by,
    now,
  )
  return { ...changed(service, 'now', netMinor), expiresAt }
}

type GivenByChange = { netMinor: bigint; periods: PricedPeriod[]; isNewPeriod: boolean }

/** A service with an end keeps it; one that begins or ceases to be without end begins a period of the new plan. */
async function priceOf(trx: Db, { service, plan, free }: Change, now: Date): Promise<GivenByChange> {
  const { zone } = await readSettings(trx)
  const { expiresAt } = service
  if (expiresAt !== null && plan.validity !== undefined) {
    const paid = await paidPeriods(trx, service.id, now)
    const priced = priceChange({ from: service.plan, to: plan, paid, endsAt: expiresAt, free }, zone, now)
    return { netMinor: priced.netMinor, periods: priced.periods, isNewPeriod: false }
  }
  const fresh = { activatedAt: now, expiresAt: null, graceUntil: null, last: undefined }
  const periods = pricePeriods(fresh, { plan, periods: 1, free }, zone, now)
  const price = periods.reduce((sum, period) => sum + period.amountMinor, 0n)
  const credit = expiresAt === null || free ? 0n : await creditOfRest(trx, { service, plan, expiresAt }, zone, now)
  return { netMinor: price - credit, periods, isNewPeriod: true }
}

async function creditOfRest(
  trx: Db,
  { service, plan, expiresAt }: { service: Service; plan: PricedPlan; expiresAt: Date },
  zone: string,
  now: Date,
): Promise<bigint> {
  const paid = await paidPeriods(trx, service.id, now)
  // Only the credit of it is wanted: the price of the new plan has no share.
  const to = { ...plan, priceMinor: 0n, validity: service.plan.validity ?? { count: 1, unit: 'days' as const } }
  return priceChange({ from: service.plan, to, paid, endsAt: expiresAt, free: false }, zone, now).creditMinor
}

async function paidPeriods(trx: Db, subscriberId: bigint, now: Date): Promise<PaidPeriod[]> {
  const rows = await trx
    .selectFrom('service_period')
    .select(['starts_at', 'ends_at', 'amount_minor', 'series_start', 'series_count', 'validity', 'validity_unit'])
    .where('subscriber_id', '=', subscriberId)
    .where('void_at', 'is', null)
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', now)]))
    .orderBy('starts_at')
    .execute()
  return rows.map((row) => ({
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    amountMinor: row.amount_minor,
    series: { start: row.series_start, count: row.series_count },
    validity: { count: row.validity, unit: row.validity_unit as ValidityUnit },
  }))
}

/** The old plan's periods make room; the usage period goes on unless the plan begins one of its own. */
async function replacePeriods(
  trx: Db,
  { service, plan, free }: Change,
  given: GivenByChange,
  transactionId: bigint | undefined,
  by: Author,
  now: Date,
): Promise<void> {
  await trx
    .updateTable('service_period')
    .set({ void_at: now })
    .where('subscriber_id', '=', service.id)
    .where('void_at', 'is', null)
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', now)]))
    .execute()
  const renewalId = await writeRenewal(
    trx,
    {
      service,
      kind: 'plan-change',
      free,
      amountMinor: given.netMinor,
      currency: plan.currency,
      transactionId,
      reference: undefined,
      planId: plan.id,
      periods: given.periods,
    },
    by,
    now,
  )
  if (given.isNewPeriod) {
    await beginPeriods(trx, { subscriberIds: [service.id], orders: false }, now)
    return
  }
  await trx
    .updateTable('service_period')
    .set({ begun_at: now, before_plan_id: service.plan.id })
    .where('renewal_id', '=', renewalId)
    .where('starts_at', '<=', now)
    .execute()
}

function changed(service: Service, when: PlanChangeInput['when'], netMinor: bigint) {
  return {
    kind: 'changed',
    when,
    planId: service.plan.id,
    nextPlanId: service.nextPlanId,
    netMinor,
    currency: service.plan.currency,
    expiresAt: service.expiresAt,
  } as const
}

function auditChange(
  trx: Db,
  service: Service,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  by: Author,
  now: Date,
): Promise<void> {
  const { id, ownerId } = service
  return writeAudit(
    trx,
    { action: 'subscriber.change-plan', noun: 'subscriber', rowId: id, ownerId, before, after },
    by,
    now,
  )
}
