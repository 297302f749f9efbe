// What subscribers used in the day, week or month of the ISP's zone that their plan counts in. Read apart from the load of
// logins, so that the logins of other plans pay nothing for it.

import { arrayLiteral } from '../../db/array-literal.ts'
import type { Pool } from '../../db/pool.ts'
import { instantOf, wallClock } from '../instant.ts'
import { windowAt } from './quota.ts'
import type { QuotaPeriod, WindowUsage } from './quota.ts'

export type WindowedSubscriber = { readonly subscriberId: bigint; readonly period: Exclude<QuotaPeriod, 'period'> }

/** So many days before today are counted by their hours: a roll-up into days that was missed for a while changes nothing. */
const hourDays = 7
const dayMs = 86_400_000

// The arrays through a sub-select, and each part a look-up by index, as in access.ts.
const usageText = `
with wanted as materialized (
  select * from unnest((select $1::bigint[]), (select $2::timestamptz[]), (select $3::date[]), (select $4::date[]))
    with ordinality as wanted (subscriber_id, hours_since, first_day, end_day, position)
)
select wanted.position::int, (hours.output_octets + days.output_octets)::text, (hours.input_octets + days.input_octets)::text
from wanted
  cross join lateral (
    select coalesce(sum(usage_hour.input_octets), 0) as input_octets, coalesce(sum(usage_hour.output_octets), 0) as output_octets
    from usage_hour
    where usage_hour.subscriber_id = wanted.subscriber_id and usage_hour.hour >= wanted.hours_since
  ) as hours
  cross join lateral (
    select coalesce(sum(usage_day.input_octets), 0) as input_octets, coalesce(sum(usage_day.output_octets), 0) as output_octets
    from usage_day
    where usage_day.subscriber_id = wanted.subscriber_id and usage_day.day >= wanted.first_day
      and usage_day.day < wanted.end_day
  ) as days`

/** The use of each in its window, in the order given. One statement. */
export async function windowUsage(
  pool: Pool,
  subscribers: readonly WindowedSubscriber[],
  zone: string,
  now: Date,
): Promise<WindowUsage[]> {
  if (subscribers.length === 0) return []
  const bounds = boundsOf(zone, now)
  const of = subscribers.map(({ period }) => bounds(period))
  const { rows } = await pool.query<[number, string, string]>({
    name: 'window-usage',
    text: usageText,
    values: [
      arrayLiteral(subscribers.map(({ subscriberId }) => subscriberId)),
      of.map(({ hoursSince }) => hoursSince),
      of.map(({ firstDay }) => firstDay),
      of.map(({ endDay }) => endDay),
    ],
    rowMode: 'array',
  })
  const usage = subscribers.map((): WindowUsage => ({ down: 0n, up: 0n }))
  for (const [position, down, up] of rows) usage[position - 1] = { down: BigInt(down), up: BigInt(up) }
  return usage
}

export type Bounds = { hoursSince: string; firstDay: string; endDay: string }

/** From which hour on the hours count, and which days before it. */
export function boundsOf(zone: string, now: Date): (period: WindowedSubscriber['period']) => Bounds {
  const wall = wallClock(zone, now)
  const today = Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate())
  const recent = new Date(today - hourDays * dayMs)
  const known = new Map<WindowedSubscriber['period'], Bounds>()
  return (period) => {
    const found = known.get(period)
    if (found !== undefined) return found
    const { since, firstDay } = windowAt(period, zone, now)
    const recentDay = recent.toISOString().slice(0, 10)
    const bounds =
      firstDay >= recentDay
        ? { hoursSince: since.toISOString(), firstDay, endDay: firstDay }
        : { hoursSince: instantOf(zone, recent).toISOString(), firstDay, endDay: recentDay }
    known.set(period, bounds)
    return bounds
  }
}
