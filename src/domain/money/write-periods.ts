// Writing down what a deed gave: the renewal, its periods, and the subscriber's plan and usage period once one begins.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { orderForSubscribers } from '../coa-order.ts'
import { isSetAside } from '../job-failure.ts'
import type { PricedPeriod } from './price-periods.ts'
import type { Service } from './service.ts'

export type RenewalRow = {
  service: Service
  kind: 'activation' | 'renewal' | 'plan-change'
  free: boolean
  /** Charged in all; negative: given back. */
  amountMinor: bigint
  currency: string
  transactionId: bigint | undefined
  reference: string | undefined
  /** The run of a job that gave it. */
  runId?: bigint | undefined
  planId: bigint
  periods: readonly PricedPeriod[]
}

/** Writes a renewal with its periods and returns its id. */
export async function writeRenewal(db: Db, row: RenewalRow, by: Author, now: Date): Promise<bigint> {
  const { service, periods } = row
  const { id } = await db
    .insertInto('renewal')
    .values({
      at: now,
      kind: row.kind,
      subscriber_id: service.id,
      periods: periods.length,
      free: row.free,
      amount_minor: row.amountMinor,
      currency: row.currency,
      transaction_id: row.transactionId ?? null,
      reference: row.reference ?? null,
      author_name: by.name,
      job_run_id: row.runId ?? null,
      before_expires_at: service.expiresAt,
      before_grace_until: service.graceUntil,
      before_activated_at: service.activatedAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const first = await firstNumber(db, service.id)
  await db
    .insertInto('service_period')
    .values(
      periods.map((period, index) => ({
        renewal_id: id,
        subscriber_id: service.id,
        number: first + index,
        plan_id: row.planId,
        starts_at: period.startsAt,
        ends_at: period.endsAt,
        amount_minor: period.amountMinor,
        series_start: period.series.start,
        series_count: period.series.count,
        validity: period.validity.count,
        validity_unit: period.validity.unit,
      })),
    )
    .execute()
  return id
}

async function firstNumber(db: Db, subscriberId: bigint): Promise<number> {
  const { last } = await db
    .selectFrom('service_period')
    .select((eb) => eb.fn.max('number').as('last'))
    .where('subscriber_id', '=', subscriberId)
    .where('void_at', 'is', null)
    .executeTakeFirstOrThrow()
  return (last ?? 0) + 1
}

/** Periods that were set aside by an expiry that somebody changed by hand no longer hold. */
export async function voidPeriodsAfter(db: Db, subscriberId: bigint, from: Date, now: Date): Promise<void> {
  await db
    .updateTable('service_period')
    .set({ void_at: now })
    .where('subscriber_id', '=', subscriberId)
    .where('void_at', 'is', null)
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', from)]))
    .execute()
}

const mostAtOnce = 500
/** The job that lets periods begin. */
export const beginJob = 'begin-periods'

const isWaiting = (now: Date): RawBuilder<boolean> => sql<boolean>`(service_period.begun_at is null
  and service_period.void_at is null and service_period.starts_at <= ${now})`

/** Some of those with a period whose time has come, without whom `beginJob` has set aside. */
export async function waitingToBegin(db: Db, now: Date): Promise<bigint[]> {
  const { rows } = await sql<{ id: bigint }>`
    select distinct service_period.subscriber_id as id
    from service_period join subscriber on subscriber.id = service_period.subscriber_id
    where ${isWaiting(now)} and not ${isSetAside(beginJob, 'service_period.subscriber_id', now)}
    limit ${mostAtOnce}`.execute(db)
  return rows.map(({ id }) => id)
}

type Begun = { subscriber_id: bigint; is_felt: boolean }

/**
 * Takes over plan and usage period of periods of these subscribers whose time has come. Live sessions that feel it are told where
 * `orders` is set. Returns the subscribers whose periods began. Call it inside a transaction that holds their rows by an earlier
 * statement: a plan change or a revert that was waited for must be seen here, and a statement sees what was there at its start.
 */
export async function beginPeriods(
  db: Db,
  { subscriberIds, orders }: { subscriberIds: readonly bigint[]; orders: boolean },
  now: Date,
): Promise<bigint[]> {
  const { rows } = await sql<Begun>`
    with due as materialized (
      -- Several at once after an outage: each follows the one before it.
      select service_period.id, subscriber.id as subscriber_id, service_period.plan_id, service_period.starts_at,
        subscriber.next_plan_id, subscriber.plan_id as held_plan_id,
        coalesce(lag(service_period.plan_id) over rows_of, subscriber.plan_id) as before_plan_id,
        coalesce(lag(service_period.starts_at) over rows_of, subscriber.period_started_at) as before_period_started_at,
        row_number() over (partition by subscriber.id order by service_period.starts_at desc) as from_last
      from subscriber join service_period on service_period.subscriber_id = subscriber.id
      where subscriber.id = any(${subscriberIds}::bigint[]) and ${isWaiting(now)}
      window rows_of as (partition by subscriber.id order by service_period.starts_at)
    ), begun as (
      update service_period set begun_at = ${now}, before_plan_id = due.before_plan_id,
        before_next_plan_id = due.next_plan_id, before_period_started_at = due.before_period_started_at
      from due where service_period.id = due.id and service_period.begun_at is null and service_period.void_at is null
      returning service_period.id, service_period.subscriber_id
    ), forgotten as (
      -- Whoever began it: it is not set aside any more.
      delete from job_failure using begun
      where job_failure.job = ${beginJob} and job_failure.subscriber_id = begun.subscriber_id
    )
    update subscriber set plan_id = due.plan_id, next_plan_id = nullif(subscriber.next_plan_id, due.plan_id),
      period_started_at = due.starts_at, updated_at = ${now}
    from due join begun on begun.id = due.id join plan on plan.id = due.held_plan_id
    where due.from_last = 1 and subscriber.id = due.subscriber_id
    returning subscriber.id as subscriber_id,
      due.held_plan_id <> due.plan_id or plan.quota_octets is not null or plan.quota_down_octets is not null
        or plan.quota_up_octets is not null as is_felt`.execute(db)
  const felt = rows.filter((row) => row.is_felt).map((row) => row.subscriber_id)
  if (orders && felt.length > 0) {
    await orderForSubscribers(db, { subscriberIds: felt, wish: 'reapply', reason: 'renewed' }, now)
  }
  return rows.map((row) => row.subscriber_id)
}
