// Counts what happened, day by day of the ISP's zone, so that reports read some thousand rows and never packets. Today and
// yesterday are counted anew each time, and days that were missed; running it again changes nothing.

import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Database, Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { subscriberLabelSql } from '../subscriber-label.ts'

/** Who has gone may come back: a service that ended counts as lost, or not, for so long. */
const churnDays = 31
/** So far back days are counted again that nobody counted while the jobs stood still. */
const missedDays = 31

type Day = { day: string; from: Date; until: Date }

/** Counts today and yesterday, and what was missed while nobody counted (at most 31 days). Returns the rows that are there for today. */
export async function rollUpReports(db: Db, zone: string, now: Date): Promise<number> {
  const days = await daysOf(db, zone, now)
  await inTransaction(db, async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtext('gatehouse roll-up'))`.execute(trx)
    await countSubscribers(trx, days[0]!.day, now)
    await countChurn(trx, zone, now)
    for (const day of days) {
      await countSignups(trx, day)
      await countRenewals(trx, day)
      await countDecisions(trx, day)
      await countSessions(trx, day)
      await countUsage(trx, day)
    }
  })
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from subscriber_day where day = ${days[0]!.day}`.execute(db)
  return rows[0]!.n
}

/** Today, and the days back to the last that was counted, yesterday at least, with their first instants and ends. */
async function daysOf(db: Db, zone: string, now: Date): Promise<Day[]> {
  const { rows } = await sql<Day>`
    select to_char(day, 'YYYY-MM-DD') as day, day at time zone ${zone} as from,
      (day + interval '1 day') at time zone ${zone} as until
    from (select today::timestamp - back * interval '1 day' as day
          from (select (${now}::timestamptz at time zone ${zone})::date as today) local,
            generate_series(0, least(${sql.lit(missedDays)}, greatest(1, today - coalesce(
              (select max(subscriber_day.day) from subscriber_day where subscriber_day.day <= today), today)))) back) days
    order by day desc`.execute(db)
  return rows
}

async function countSubscribers(trx: Transaction<Database>, day: string, now: Date): Promise<void> {
  await sql`delete from subscriber_day where day = ${day}`.execute(trx)
  await sql`
    insert into subscriber_day (day, owner_id, plan_id, group_id, zone, label, count)
    select ${day}::date, subscriber.owner_id, subscriber.plan_id, coalesce(subscriber.group_id, 0),
      coalesce(subscriber.zone, ''), ${subscriberLabelSql(now)}, count(*)
    from subscriber group by 2, 3, 4, 5, 6`.execute(trx)
}

/** The keys of a subscriber as it is now. */
const dimensions = sql`subscriber.owner_id, subscriber.plan_id, coalesce(subscriber.group_id, 0),
  coalesce(subscriber.zone, '')`

async function countSignups(trx: Transaction<Database>, { day, from, until }: Day): Promise<void> {
  await sql`delete from event_day where day = ${day} and kind in ('signup', 'activation')`.execute(trx)
  for (const [kind, column] of [
    ['signup', sql.ref('subscriber.created_at')],
    ['activation', sql.ref('subscriber.activated_at')],
  ] as const) {
    await sql`
      insert into event_day (day, kind, owner_id, plan_id, group_id, zone, currency, count, amount_minor)
      select ${day}::date, ${kind}, ${dimensions}, '', count(*), 0
      from subscriber where ${column} >= ${from} and ${column} < ${until} group by 3, 4, 5, 6`.execute(trx)
  }
}

/** Renewals that hold, by the day they were bought and the plan they bought. */
async function countRenewals(trx: Transaction<Database>, { day, from, until }: Day): Promise<void> {
  await sql`delete from event_day where day = ${day} and kind = 'renewal'`.execute(trx)
  await sql`
    insert into event_day (day, kind, owner_id, plan_id, group_id, zone, currency, count, amount_minor)
    select ${day}::date, 'renewal', subscriber.owner_id, coalesce(bought.plan_id, subscriber.plan_id),
      coalesce(subscriber.group_id, 0), coalesce(subscriber.zone, ''), renewal.currency, count(*),
      sum(renewal.amount_minor)
    from renewal
    join subscriber on subscriber.id = renewal.subscriber_id
    left join lateral (
      select service_period.plan_id from service_period where service_period.renewal_id = renewal.id
      order by service_period.number limit 1
    ) bought on true
    where renewal.at >= ${from} and renewal.at < ${until} and renewal.reverted_at is null
    group by 3, 4, 5, 6, 7`.execute(trx)
}

/** Services that ended and did not come back, and subscribers that were deleted. */
async function countChurn(trx: Transaction<Database>, zone: string, now: Date): Promise<void> {
  const since = sql`(${now}::timestamptz at time zone ${zone})::date - ${sql.lit(churnDays)}::integer`
  await sql`delete from event_day where kind = 'churn' and day >= ${since}`.execute(trx)
  await sql`
    insert into event_day (day, kind, owner_id, plan_id, group_id, zone, currency, count, amount_minor)
    select (lost.at at time zone ${zone})::date, 'churn', lost.owner_id, lost.plan_id, lost.group_id, lost.zone, '',
      count(*), 0
    from (
      select greatest(subscriber.expires_at, subscriber.grace_until) as at, subscriber.owner_id, subscriber.plan_id,
        coalesce(subscriber.group_id, 0) as group_id, coalesce(subscriber.zone, '') as zone
      from subscriber
      where subscriber.expires_at is not null and subscriber.archived_at is null
        and greatest(subscriber.expires_at, subscriber.grace_until) <= ${now}
        and greatest(subscriber.expires_at, subscriber.grace_until) >= (${since})::timestamp at time zone ${zone}
      union all
      select subscriber.archived_at, ${dimensions} from subscriber
      where subscriber.archived_at >= (${since})::timestamp at time zone ${zone}
    ) lost
    group by 1, 3, 4, 5, 6`.execute(trx)
}

async function countDecisions(trx: Transaction<Database>, { day, from, until }: Day): Promise<void> {
  await sql`delete from decision_day where day = ${day}`.execute(trx)
  await sql`
    insert into decision_day (day, owner_id, nas_id, accepted, reason, count)
    select ${day}::date, coalesce(subscriber.owner_id, 0), coalesce(access_log.nas_id, 0), access_log.accepted,
      access_log.reason, sum(access_log.count)
    from access_log left join subscriber on subscriber.id = access_log.subscriber_id
    where access_log.day between (${from} at time zone 'utc')::date and (${until} at time zone 'utc')::date
      and access_log.last_at >= ${from} and access_log.last_at < ${until}
    group by 2, 3, 4, 5`.execute(trx)
}

async function countSessions(trx: Transaction<Database>, { day, from, until }: Day): Promise<void> {
  await sql`delete from session_day where day = ${day}`.execute(trx)
  await sql`
    insert into session_day (day, owner_id, nas_id, interface, sessions, input_octets, output_octets)
    select ${day}::date, coalesce(subscriber.owner_id, 0), known.nas_id, coalesce(known.interface, ''), count(*),
      sum(known.input_octets), sum(known.output_octets)
    from (
      select session.subscriber_id, session.nas_id, session.interface, session.input_octets, session.output_octets
      from session
      where session.started_at >= ${from} and session.started_at < ${until} and session.parent_id is null
      union all
      select archived.subscriber_id, archived.nas_id, archived.interface, archived.input_octets, archived.output_octets
      from session_archive archived
      where archived.started_at >= ${from} and archived.started_at < ${until} and archived.parent_id is null
    ) known
    left join subscriber on subscriber.id = known.subscriber_id
    group by 2, 3, 4`.execute(trx)
}

async function countUsage(trx: Transaction<Database>, { day }: Day): Promise<void> {
  await sql`delete from usage_total_day where day = ${day}`.execute(trx)
  await sql`
    insert into usage_total_day (day, owner_id, plan_id, input_octets, output_octets)
    select usage_day.day, coalesce(subscriber.owner_id, 0), coalesce(subscriber.plan_id, 0),
      sum(usage_day.input_octets), sum(usage_day.output_octets)
    from usage_day left join subscriber on subscriber.id = usage_day.subscriber_id
    where usage_day.day = ${day} group by 1, 2, 3`.execute(trx)
}
