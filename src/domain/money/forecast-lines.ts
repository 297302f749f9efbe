// The lines that are due by a time, read for the forecast: each with its service, the plan that comes next and the account that
// pays, whose balance all lines of it share.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { ValidityUnit } from '../calendar.ts'
import type { Settings } from '../setting.ts'
import { isDueBy, renewsByItself } from './due-lines.ts'
import type { ForecastAccount, ForecastService, Held } from './forecast-line.ts'
import { readPlan } from './service.ts'
import type { PricedPlan } from './service.ts'

/** Read at once; other work of the process has its turn in between. */
const pageSize = 500

export type DueLine = {
  id: bigint
  username: string
  expiresAt: Date
  service: ForecastService
  next: PricedPlan
  account: ForecastAccount
  /** Its renewal was refused or taken back, and is not tried before then. */
  held: Held | undefined
}

type Row = {
  id: bigint
  username: string
  plan_id: bigint
  next_plan_id: bigint | null
  activated_at: Date
  expires_at: Date
  place: string
  grace_until: Date | null
  period_started_at: Date
  last_ends_at: Date | null
  last_number: number | null
  series_start: Date
  series_count: number
  validity: number
  validity_unit: ValidityUnit
  account_kind: 'payer' | 'wallet'
  account_id: bigint
  currency: string
  balance_minor: bigint
  credit_limit_minor: bigint
  held_until: Date | null
  held_reason: string | null
}

type Asked = { now: Date; until: Date; settings: Settings; inScope: RawBuilder<boolean> }

/** The lines in the order in which a run takes them. A plan and an account are the same value for all lines that have it. */
export async function* createForecastReader(db: Db, asked: Asked): AsyncGenerator<DueLine> {
  const plans = new Map<bigint, PricedPlan>()
  const accounts = new Map<string, ForecastAccount>()
  const planOf = async (id: bigint): Promise<PricedPlan> => {
    const plan = plans.get(id) ?? (await readPlan(db, id))
    plans.set(id, plan)
    return plan
  }
  for (let after: Row | undefined; ;) {
    const page = await readPage(db, asked, after)
    for (const row of page) {
      const plan = await planOf(row.plan_id)
      const next = row.next_plan_id === null ? plan : await planOf(row.next_plan_id)
      const { id, username, expires_at: expiresAt } = row
      const service = serviceOf(row, plan)
      yield { id, username, expiresAt, service, next, account: accountOf(row, accounts), held: heldOf(row) }
    }
    after = page.at(-1)
    if (page.length < pageSize) return
  }
}

async function readPage(db: Db, { now, until, settings, inScope }: Asked, after: Row | undefined): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select subscriber.id, subscriber.username, subscriber.plan_id, subscriber.next_plan_id, subscriber.activated_at,
      subscriber.expires_at, subscriber.expires_at::text as place, subscriber.grace_until, subscriber.period_started_at,
      last.ends_at as last_ends_at, last.number as last_number, last.series_start, last.series_count, last.validity,
      last.validity_unit,
      case when wallet.organisation_id is null then 'payer' else 'wallet' end as account_kind,
      coalesce(wallet.organisation_id, payer.id) as account_id,
      coalesce(wallet.currency, payer.currency) as currency,
      coalesce(wallet.balance_minor, payer.balance_minor) as balance_minor,
      coalesce(wallet.credit_limit_minor, payer.credit_limit_minor) as credit_limit_minor,
      failure.next_at as held_until, failure.reason as held_reason
    from subscriber
      join plan on plan.id = coalesce(subscriber.next_plan_id, subscriber.plan_id)
      join payer on payer.id = subscriber.payer_id
      left join wallet on wallet.organisation_id = subscriber.owner_id and wallet.pays_renewals
      left join renewal_failure failure on failure.subscriber_id = subscriber.id
        and failure.expires_at = subscriber.expires_at and failure.next_at > ${now}
      left join lateral (
        select service_period.ends_at, service_period.number, service_period.series_start, service_period.series_count,
          service_period.validity, service_period.validity_unit
        from service_period where service_period.subscriber_id = subscriber.id and service_period.void_at is null
        order by service_period.number desc limit 1
      ) last on true
    where ${renewsByItself} and ${isDueBy(settings, until, now)} and ${inScope}
      and ${after === undefined ? sql`true` : sql`(subscriber.expires_at, subscriber.id) > (${after.place}::timestamptz, ${after.id})`}
    order by subscriber.expires_at, subscriber.id limit ${pageSize}`.execute(db)
  return rows
}

function serviceOf(row: Row, plan: PricedPlan): ForecastService {
  return {
    activatedAt: row.activated_at,
    expiresAt: row.expires_at,
    graceUntil: row.grace_until,
    periodStartedAt: row.period_started_at,
    plan,
    last:
      row.last_number === null
        ? undefined
        : {
            endsAt: row.last_ends_at,
            number: row.last_number,
            series: { start: row.series_start, count: row.series_count },
            validity: { count: row.validity, unit: row.validity_unit },
          },
  }
}

function heldOf({ held_until: until, held_reason: reason }: Row): Held | undefined {
  return until === null || reason === null ? undefined : { until, reason }
}

function accountOf(row: Row, accounts: Map<string, ForecastAccount>): ForecastAccount {
  const key = `${row.account_kind} ${row.account_id}`
  const known = accounts.get(key)
  if (known !== undefined) return known
  const account = {
    kind: row.account_kind,
    currency: row.currency,
    balanceMinor: row.balance_minor,
    creditLimitMinor: row.credit_limit_minor,
  }
  accounts.set(key, account)
  return account
}
