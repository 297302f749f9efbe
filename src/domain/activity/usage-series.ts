// Usage of one subscriber over time, by hour (as far as hours are kept) or by day of the ISP's zone. Yesterday and today are
// added up from their hours, which the nightly roll-up may not have seen yet.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { FieldError, NotFoundError } from '../field.ts'
import { dayIn } from '../instant.ts'
import { reachableSubscribers } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { readSettings } from '../setting.ts'

/** Octets as the subscriber sees them: input is what it sent, output what it received (RFC 2866 §5.3). */
export type UsagePoint = { at: string; inputOctets: bigint; outputOctets: bigint }

export type UsageSeries = {
  by: 'hour' | 'day'
  zone: string
  /** In order of time; where nothing was used there is no point. `at`: ISO 8601 of the hour, or the day. */
  points: UsagePoint[]
  inputOctets: bigint
  outputOctets: bigint
}

const mostHours = 31 * 24
const mostDays = 800
const hourMs = 3_600_000

/** The usage from `from` to `to` (default: the last day by hour, the last 31 days by day). Throws NotFoundError or FieldError. */
export async function usageSeries(
  db: Db,
  input: { subscriberId: bigint; by: 'hour' | 'day'; from?: Date | undefined; to?: Date | undefined },
  scope: Scope,
  now: Date,
): Promise<UsageSeries> {
  const [found] = await reachableSubscribers(db, scope, [input.subscriberId])
  if (found === undefined) throw new NotFoundError('subscriber', String(input.subscriberId))
  const { zone } = await readSettings(db)
  const span = readSpan(input, now)
  const points =
    input.by === 'hour'
      ? await byHour(db, found, span)
      : await byDay(db, found, { ...span, zone, today: dayIn(zone, now) })
  return {
    by: input.by,
    zone,
    points,
    inputOctets: points.reduce((sum, point) => sum + point.inputOctets, 0n),
    outputOctets: points.reduce((sum, point) => sum + point.outputOctets, 0n),
  }
}

type Span = { from: Date; to: Date }

function readSpan(input: { by: 'hour' | 'day'; from?: Date | undefined; to?: Date | undefined }, now: Date): Span {
  const to = input.to ?? now
  const from = input.from ?? new Date(to.getTime() - (input.by === 'hour' ? 24 : 31 * 24) * hourMs)
  const hours = (to.getTime() - from.getTime()) / hourMs
  if (hours <= 0) throw new FieldError('from', 'must be before to')
  const most = input.by === 'hour' ? mostHours : mostDays * 24
  if (hours > most) throw new FieldError('from', `must be at most ${most / 24} days before to`)
  return { from, to }
}

async function byHour(db: Db, subscriberId: bigint, { from, to }: Span): Promise<UsagePoint[]> {
  const { rows } = await sql<{ hour: Date; inputOctets: bigint; outputOctets: bigint }>`
    select usage_hour.hour, usage_hour.input_octets as "inputOctets", usage_hour.output_octets as "outputOctets"
    from usage_hour
    where usage_hour.subscriber_id = ${subscriberId} and usage_hour.hour > ${new Date(from.getTime() - hourMs)}
      and usage_hour.hour < ${to}
    order by usage_hour.hour`.execute(db)
  return rows.map(({ hour, ...octets }) => ({ at: hour.toISOString(), ...octets }))
}

async function byDay(
  db: Db,
  subscriberId: bigint,
  { from, to, zone, today }: Span & { zone: string; today: string },
): Promise<UsagePoint[]> {
  const { rows } = await sql<UsagePoint>`
    with span as (
      select (${from}::timestamptz at time zone ${zone})::date as first,
        ((${to}::timestamptz - interval '1 microsecond') at time zone ${zone})::date as last,
        ${today}::date - 1 as fresh
    )
    select day::text as at, sum(input_octets)::bigint as "inputOctets", sum(output_octets)::bigint as "outputOctets"
    from (
      select usage_day.day, usage_day.input_octets, usage_day.output_octets
      from usage_day, span
      where usage_day.subscriber_id = ${subscriberId} and usage_day.day between span.first and span.last
        and usage_day.day < span.fresh
      union all
      select (usage_hour.hour at time zone ${zone})::date, usage_hour.input_octets, usage_hour.output_octets
      from usage_hour, span
      where usage_hour.subscriber_id = ${subscriberId} and usage_hour.hour >= span.fresh::timestamp at time zone ${zone}
        and (usage_hour.hour at time zone ${zone})::date between span.first and span.last
    ) as used
    group by day order by day`.execute(db)
  return rows
}
