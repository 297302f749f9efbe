// What happened at the demonstration's ISP before it was started: payments and renewals of the last thirty days by the very
// functions that take them today, what lines used, who logged in, and how the number of subscribers grew. Only where the
// subscribers were just made.

import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { ownAuthor } from '../domain/author.ts'
import type { Author } from '../domain/author.ts'
import type { Keyring } from '../domain/data-key.ts'
import { postIncome } from '../domain/money/posting.ts'
import { renew } from '../domain/money/renewal.ts'
import { rollUpReports } from '../domain/report/roll-up.ts'
import { readSettings } from '../domain/setting.ts'
import { subscriberLabelSql } from '../domain/subscriber-label.ts'
import { demoNases, demoPlans } from './demo-data.ts'
import { makeDemoSubscribers, paysWithUs, periodStart } from './demo-subscribers.ts'
import { CommandFailedError } from './run.ts'

const dayMs = 86_400_000
const pastDays = 60
const usedDays = 30

/** Gives the subscribers of `importDemoSubscribers` a past that ends at `now`. */
export async function makeDemoPast(db: Db, keyring: Keyring, now: Date): Promise<void> {
  const by = ownAuthor('system', 'demo', keyring)
  await payAndRenew(db, by, now)
  await useThePast(db, now)
  const { zone } = await readSettings(db)
  for (let back = pastDays; back >= 0; back -= 1) {
    const at = new Date(now.getTime() - back * dayMs)
    // As the job counted it on that day; of subscribers it counts those who are there now.
    if (back <= usedDays) await rollUpReports(db, zone, at)
    if (back > 0) await countSubscribers(db, zone, at)
  }
  await countLogins(db, zone, now)
}

async function payAndRenew(db: Db, by: Author, now: Date): Promise<void> {
  const { rows } = await sql<{ id: bigint; payer: bigint; username: string }>`
    select id, payer_id as payer, username from subscriber`.execute(db)
  const known = new Map(rows.map((row) => [row.username, row]))
  const prices = new Map(demoPlans.map(({ name, price }) => [name, price!]))
  for (const subscriber of makeDemoSubscribers().filter(paysWithUs)) {
    const { id, payer } = known.get(subscriber.dial.username)!
    const at = periodStart(subscriber, now)
    const account = { kind: 'payer', id: payer } as const
    // Enough for the next period too, which then renews by itself.
    const amount = (2 * Number(prices.get(subscriber.plan))).toFixed(2)
    await postIncome(db, { kind: 'payment', account, amount, subscriberId: id }, by, at)
    const outcome = await renew(db, { subscriberId: id, periods: 1, free: false }, by, at)
    if (outcome.kind !== 'renewed') throw new CommandFailedError(`the demonstration's past: ${outcome.reason}`)
  }
}

/** A day's octets for each of the last thirty days, more at the weekend; some lines use much more than others. */
async function useThePast(db: Db, now: Date): Promise<void> {
  await sql`
    insert into usage_day (subscriber_id, day, input_octets, output_octets)
    select subscriber.id, day::date,
      (2e8 * (1 + subscriber.id % 7) * weekend.factor)::bigint, (3e9 * (1 + subscriber.id % 11) * weekend.factor)::bigint
    from subscriber
    cross join generate_series(${now}::timestamptz - interval '1 day' * ${sql.lit(usedDays)}, ${now}::timestamptz - interval '1 day', '1 day') day
    cross join lateral (select case when extract(isodow from day) > 5 then 1.4 else 1 end
      * (0.8 + 0.4 * ((subscriber.id * 31 + extract(day from day)) % 17) / 17) as factor) weekend
    where subscriber.activated_at < day and (subscriber.expires_at is null or subscriber.expires_at > day)`.execute(db)
}

/** How many of each kind there were, by what is known of each today. */
async function countSubscribers(db: Db, zone: string, at: Date): Promise<void> {
  const day = sql`(${at}::timestamptz at time zone ${zone})::date`
  await sql`delete from subscriber_day where day = ${day}`.execute(db)
  await sql`
    insert into subscriber_day (day, owner_id, plan_id, group_id, zone, label, count)
    select ${day}, owner_id, plan_id, coalesce(group_id, 0), coalesce(zone, ''), ${subscriberLabelSql(at)}, count(*)
    from subscriber where created_at <= ${at} group by 2, 3, 4, 5, 6`.execute(db)
}

/** As they would have been counted on each of the last thirty days: at every NAS some hundred modems that dial anew, and a few refused. */
async function countLogins(db: Db, zone: string, now: Date): Promise<void> {
  await sql`
    insert into decision_day (day, owner_id, nas_id, accepted, reason, count)
    select (day at time zone ${zone})::date, (select owner_id from subscriber limit 1), nas.id, kind.reason = 'accepted', kind.reason,
      (kind.count * (0.7 + 0.6 * ((nas.id * 7 + extract(day from day) * 5) % 11) / 11))::bigint
    from nas
    cross join (values ('accepted', 640), ('wrong-password', 22), ('expired', 14), ('blocked', 6)) kind (reason, count)
    cross join generate_series(${now}::timestamptz - interval '1 day' * ${sql.lit(usedDays)}, ${now}::timestamptz - interval '1 day', '1 day') day
    where nas.name = any(${demoNases.map(({ name }) => name)}::text[])`.execute(db)
}
