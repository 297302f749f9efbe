// What a renewal looks at, read under lock: the subscriber's facts, its plans, and the period that was given last.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { ExpiryRule, Series, Validity, ValidityUnit } from '../calendar.ts'
import { NotFoundError } from '../field.ts'
import { renewsByItself } from './due-lines.ts'

/** A plan as far as time and money go. Prices in minor units. */
export type PricedPlan = {
  id: bigint
  name: string
  ownerId: bigint | null
  currency: string
  priceMinor: bigint
  setupPriceMinor: bigint
  /** Undefined: never ends. */
  validity: Validity | undefined
  rule: ExpiryRule
  graceHours: number
  onExpiry: 'reject' | 'garden'
  isArchived: boolean
}

/** The period that holds and ends last. */
export type LastPeriod = { endsAt: Date | null; validity: Validity; series: Series; number: number }

export type Service = {
  id: bigint
  username: string
  ownerId: bigint
  payerId: bigint
  activatedAt: Date | null
  expiresAt: Date | null
  graceUntil: Date | null
  periodStartedAt: Date
  isArchived: boolean
  /** As `renewsByItself` says. */
  renewsByItself: boolean
  plan: PricedPlan
  nextPlanId: bigint | null
  last: LastPeriod | undefined
}

type Row = {
  id: bigint
  username: string
  owner_id: bigint
  payer_id: bigint
  plan_id: bigint
  next_plan_id: bigint | null
  activated_at: Date | null
  expires_at: Date | null
  grace_until: Date | null
  period_started_at: Date
  archived_at: Date | null
  renews_by_itself: boolean
}

/** Locks a subscriber's row and reads its service. Throws NotFoundError. */
export async function lockService(db: Db, subscriberId: bigint): Promise<Service> {
  const { rows } = await sql<Row>`
    select id, username, owner_id, payer_id, plan_id, next_plan_id, activated_at, expires_at, grace_until,
      period_started_at, archived_at, ${renewsByItself} as renews_by_itself
    from subscriber where id = ${subscriberId} for no key update`.execute(db)
  const row = rows[0]
  if (row === undefined) throw new NotFoundError('subscriber', String(subscriberId))
  return {
    id: row.id,
    username: row.username,
    ownerId: row.owner_id,
    payerId: row.payer_id,
    activatedAt: row.activated_at,
    expiresAt: row.expires_at,
    graceUntil: row.grace_until,
    periodStartedAt: row.period_started_at,
    isArchived: row.archived_at !== null,
    renewsByItself: row.renews_by_itself,
    plan: await readPlan(db, row.plan_id),
    nextPlanId: row.next_plan_id,
    last: await readLast(db, subscriberId),
  }
}

/** A plan by its id. Throws NotFoundError. */
export async function readPlan(db: Db, id: bigint): Promise<PricedPlan> {
  const row = await db
    .selectFrom('plan')
    .select(['id', 'name', 'owner_id', 'currency', 'price_minor', 'setup_price_minor', 'validity', 'validity_unit'])
    .select(['expiry_rule', 'expiry_hour', 'no_cut_days', 'grace_hours', 'on_expiry', 'archived_at'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('plan', String(id))
  return {
    id: row.id,
    name: row.name,
    ownerId: row.owner_id,
    currency: row.currency,
    priceMinor: row.price_minor,
    setupPriceMinor: row.setup_price_minor,
    validity: row.validity === 0 ? undefined : { count: row.validity, unit: row.validity_unit },
    rule: { rule: row.expiry_rule, hour: row.expiry_hour, noCutDays: row.no_cut_days },
    graceHours: row.grace_hours,
    onExpiry: row.on_expiry,
    isArchived: row.archived_at !== null,
  }
}

async function readLast(db: Db, subscriberId: bigint): Promise<LastPeriod | undefined> {
  const row = await db
    .selectFrom('service_period')
    .select(['ends_at', 'number', 'series_start', 'series_count', 'validity', 'validity_unit'])
    .where('subscriber_id', '=', subscriberId)
    .where('void_at', 'is', null)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    endsAt: row.ends_at,
    number: row.number,
    series: { start: row.series_start, count: row.series_count },
    validity: { count: row.validity, unit: row.validity_unit as ValidityUnit },
  }
}

/** When grace ends for a service that ends then; null where the plan gives none. */
export function graceEnd(expiresAt: Date | null, graceHours: number): Date | null {
  return expiresAt === null || graceHours === 0 ? null : new Date(expiresAt.getTime() + graceHours * 3_600_000)
}

/** Whether two instants, or nothings, are the same. */
export function isSameInstant(one: Date | null, other: Date | null): boolean {
  return one?.getTime() === other?.getTime()
}
