// The night shown beforehand: who expires, who renews and for how much, who cannot and by which rule, which periods and plans
// begin. Writes nothing; the lines are found and priced by what the run itself goes by (due-lines.ts, forecast-line.ts).

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { FieldError } from '../field.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { readSettings } from '../setting.ts'
import type { Settings } from '../setting.ts'
import { renewsByItself } from './due-lines.ts'
import { forecastLine } from './forecast-line.ts'
import type { LineForecast } from './forecast-line.ts'
import { createForecastReader } from './forecast-lines.ts'
import type { DueLine } from './forecast-lines.ts'

/** Rows that are shown of each kind; all are counted. */
const shownFirst = 20
/** How far it looks ahead. */
export const longestForecastMs = 7 * 86_400_000

export type ForecastRow = { subscriberId: bigint; username: string; at: Date }
export type Ending = ForecastRow & { reason: string }
export type Renewing = ForecastRow & { periods: number; amountMinor: bigint; currency: string; expiresAt: Date | null }
export type Refused = ForecastRow & { rule: NonNullable<LineForecast['refusal']>['rule']; reason: string }
export type PlanChanging = ForecastRow & { from: string; to: string }

/** Counts, and the first rows in the order of time. Amounts in minor units, by currency. */
export type Forecast = {
  now: Date
  until: Date
  /** Whose service ends by then and is not renewed. `at`: when. */
  expire: { count: number; first: Ending[] }
  /** `at`: the end of service that is put off. */
  renew: { count: number; periods: number; amounts: Map<string, bigint>; first: Renewing[] }
  /** Who would renew and is refused, by rule; `balance`: the money does not reach. */
  refuse: { count: number; rules: Map<Refused['rule'], number>; first: Refused[] }
  periodsBegin: { count: number }
  planChanges: { count: number; first: PlanChanging[] }
}

/** Looks ahead to `until`, a week at most, as far as the author reaches. Throws FieldError. */
export async function forecast(db: Db, { until, scope }: { until: Date; scope: Scope }, now: Date): Promise<Forecast> {
  if (until <= now) throw new FieldError('until', 'has passed already')
  if (until.getTime() - now.getTime() > longestForecastMs) throw new FieldError('until', 'is more than a week ahead')
  const settings = await readSettings(db)
  const when = { now, until, settings, inScope: subscriberInScope(scope) }
  const found = empty(now, until)
  const putOff = await renewLines(db, found, when)
  const ending = await readEnding(db, when)
  found.expire.count = ending.count - putOff
  found.expire.first = firstOf([...ending.first, ...found.expire.first])
  const beginning = await readBeginning(db, when)
  found.periodsBegin.count += beginning.count
  found.planChanges.count += beginning.changes
  found.planChanges.first = firstOf([...beginning.first, ...found.planChanges.first])
  return found
}

type When = { now: Date; until: Date; settings: Settings; inScope: RawBuilder<boolean> }

function empty(now: Date, until: Date): Forecast {
  return {
    now,
    until,
    expire: { count: 0, first: [] },
    renew: { count: 0, periods: 0, amounts: new Map(), first: [] },
    refuse: { count: 0, rules: new Map(), first: [] },
    periodsBegin: { count: 0 },
    planChanges: { count: 0, first: [] },
  }
}

/** Renews all due lines on paper. Returns how many services that would have ended by then do not. */
async function renewLines(db: Db, found: Forecast, when: When): Promise<number> {
  const { now, until } = when
  const reader = createForecastReader(db, when)
  let putOff = 0
  for await (const line of reader) {
    const result = forecastLine(line, line.account, when)
    add(found, line, result)
    const endedBy = (end: Date | null): boolean => end !== null && end > now && end <= until
    const wasEnding = endedBy(line.expiresAt)
    if (wasEnding && !endedBy(result.expiresAt)) putOff += 1
    if (wasEnding && endedBy(result.expiresAt) && found.expire.first.length < shownFirst) {
      const reason = result.refusal?.reason ?? 'it would have to renew too often'
      found.expire.first.push({ ...rowOf(line, result.expiresAt!), reason })
    }
  }
  return putOff
}

function rowOf({ id, username }: Pick<DueLine, 'id' | 'username'>, at: Date): ForecastRow {
  return { subscriberId: id, username, at }
}

function add(found: Forecast, line: DueLine, result: LineForecast): void {
  const { renew, refuse, planChanges } = found
  const { periods, amountMinor, currency, expiresAt, refusal, planChangesAt } = result
  if (periods > 0) {
    renew.count += 1
    renew.periods += periods
    renew.amounts.set(currency, (renew.amounts.get(currency) ?? 0n) + amountMinor)
    const row = { ...rowOf(line, line.expiresAt), periods, amountMinor, currency, expiresAt }
    if (renew.first.length < shownFirst) renew.first.push(row)
  }
  if (refusal !== undefined) {
    refuse.count += 1
    refuse.rules.set(refusal.rule, (refuse.rules.get(refusal.rule) ?? 0) + 1)
    if (refuse.first.length < shownFirst) refuse.first.push({ ...rowOf(line, line.expiresAt), ...refusal })
  }
  found.periodsBegin.count += result.begins.length
  if (planChangesAt !== undefined) {
    planChanges.count += 1
    const row = { ...rowOf(line, planChangesAt), from: line.service.plan.name, to: line.next.name }
    if (planChanges.first.length < shownFirst) planChanges.first.push(row)
  }
}

function firstOf<Row extends ForecastRow>(rows: readonly Row[]): Row[] {
  return rows.toSorted((one, other) => one.at.getTime() - other.at.getTime()).slice(0, shownFirst)
}

/** All services that end in the time, renewing or not, and the first of those that do not renew by themselves. */
async function readEnding(db: Db, { now, until, inScope }: When): Promise<Forecast['expire']> {
  const ends = sql`subscriber.expires_at > ${now} and subscriber.expires_at <= ${until}
    and subscriber.archived_at is null and ${inScope}`
  const counted = await sql<{ count: bigint }>`select count(*) as count from subscriber where ${ends}`.execute(db)
  const { rows } = await sql<Ending>`
    select subscriber.id as "subscriberId", subscriber.username, subscriber.expires_at as at,
      case when subscriber.blocked_at is not null then 'it is blocked' when not subscriber.enabled then 'it is disabled'
        else 'it does not renew by itself' end as reason
    from subscriber where ${ends} and not ${renewsByItself}
    order by subscriber.expires_at, subscriber.id limit ${shownFirst}`.execute(db)
  return { count: Number(counted.rows[0]?.count ?? 0n), first: rows }
}

type Beginning = { count: number; changes: number; first: PlanChanging[] }

/** Periods that were bought ahead and begin in the time. */
async function readBeginning(db: Db, { until, inScope }: When): Promise<Beginning> {
  const waiting = sql`service_period join subscriber on subscriber.id = service_period.subscriber_id
    where service_period.begun_at is null and service_period.void_at is null and service_period.starts_at <= ${until}
      and ${inScope}`
  const counted = await sql<{ count: bigint; changes: bigint }>`
    select count(*) as count, count(distinct service_period.subscriber_id)
      filter (where service_period.plan_id <> subscriber.plan_id) as changes
    from ${waiting}`.execute(db)
  const { rows } = await sql<PlanChanging>`
    select due.*, before.name as from, next.name as to from (
      select distinct on (subscriber.id) subscriber.id as "subscriberId", subscriber.username,
        service_period.starts_at as at, subscriber.plan_id as before_id, service_period.plan_id as next_id
      from ${waiting} and service_period.plan_id <> subscriber.plan_id
      order by subscriber.id, service_period.starts_at
    ) due join plan before on before.id = due.before_id join plan next on next.id = due.next_id
    order by due.at, due."subscriberId" limit ${shownFirst}`.execute(db)
  const { count, changes } = counted.rows[0] ?? { count: 0n, changes: 0n }
  const first = rows.map(({ subscriberId, username, at, from, to }) => ({ subscriberId, username, at, from, to }))
  return { count: Number(count), changes: Number(changes), first }
}
