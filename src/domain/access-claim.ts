// What an accept has to write before it is sent: a slot of the session limit, a MAC learnt, the start of a new subscriber's
// service period. One statement for the batch, on a pool with relaxed durability: what is lost can be claimed again.
//
// Slots make two simultaneous logins meet on one key: each takes the lowest slot that no other line holds freshly, so of two
// that see the same state one gets the row and the other nothing. The statement counts the live lines itself, so that a
// login that comes after the other's commit sees it. RFC 5080 §2.2 gives no help here: the two may come from two servers.

import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import { freshClaimSql, otherLinesSql } from './access.ts'
import type { Claim } from './access-decision.ts'
import type { Line } from './line.ts'

export type ClaimInput = Claim & {
  readonly subscriberId: bigint
  readonly line: Line | undefined
  readonly nasGroupId: bigint
  readonly classId: bigint
}

/** A service period that this login started. */
export type Activation = {
  readonly activatedAt: Date
  readonly expiresAt: Date | null
  readonly graceUntil: Date | null
}

export type ClaimResult =
  | { readonly kind: 'won'; readonly activation: Activation | undefined }
  /** Somebody else took it meanwhile: load and decide again. */
  | { readonly kind: 'lost'; readonly what: 'slot' | 'device' }

export type ClaimContext = {
  /** The interim interval of sessions that have none of their own. */
  readonly intervalS: number
  /** IANA name of the zone in which service periods end. */
  readonly zone: string
}

/**
 * Claims for accepted logins; the results in the order of the inputs. No two inputs may have the same subscriber. A redial of
 * the same line takes its own slot again.
 */
export async function claimAccess(
  pool: Pool,
  inputs: readonly ClaimInput[],
  { intervalS, zone }: ClaimContext,
  now: Date,
): Promise<ClaimResult[]> {
  // Triggers on device and subscriber fire for statements without rows too, so these are named only when they are needed.
  const writesFacts = inputs.some((input) => input.learn !== undefined || input.activate)
  const { rows } = await pool.query<ResultRow>({
    name: writesFacts ? 'claim-access' : 'claim-slots',
    text: writesFacts ? claimText : slotText,
    values: [
      now,
      intervalS,
      arrayLiteral(inputs.map((input) => input.subscriberId)),
      textArrayLiteral(inputs.map((input) => lineKey(input))),
      arrayLiteral(inputs.map((input) => input.nasGroupId)),
      arrayLiteral(inputs.map((input) => input.classId)),
      arrayLiteral(inputs.map((input) => input.sessionLimit)),
      ...(writesFacts
        ? [
            textArrayLiteral(inputs.map((input) => input.learn?.mac)),
            arrayLiteral(inputs.map((input) => input.learn?.deviceLimit)),
            arrayLiteral(inputs.map((input) => input.activate)),
            zone,
          ]
        : []),
    ],
  })
  const results = inputs.map((): ClaimResult => ({ kind: 'lost', what: 'slot' }))
  for (const row of rows) results[Number(row.position) - 1] = readResult(row)
  return results
}

/** A login without a line of its own is a line by itself; its session will have the same key (see `otherLinesSql`). */
function lineKey({ line, classId }: ClaimInput): string {
  return line ?? `class:${classId}`
}

type ResultRow = {
  position: bigint
  device_lost: boolean
  activated_at: Date | null
  expires_at: Date | null
  grace_until: Date | null
}

function readResult(row: ResultRow): ClaimResult {
  if (row.device_lost) return { kind: 'lost', what: 'device' }
  const { activated_at: activatedAt, expires_at: expiresAt, grace_until: graceUntil } = row
  return { kind: 'won', activation: activatedAt === null ? undefined : { activatedAt, expiresAt, graceUntil } }
}

const fresh = freshClaimSql('$1')
const isOwn = `session_claim.line = wanted.line and session_claim.nas_group_id = wanted.nas_group_id`

// Rows are locked in the order of subscribers, so that two batches cannot wait for each other. A line that holds a slot
// freshly takes it again; else the lowest slot that no other line holds.
const slots = `
taken as (
  insert into session_claim (subscriber_id, slot, line, nas_group_id, class_id, claimed_at)
  select wanted.subscriber_id, free.slot, wanted.line, wanted.nas_group_id, wanted.class_id, $1::timestamptz
  from wanted cross join lateral (
    select series.slot from generate_series(1, wanted.session_limit) as series (slot)
    left join session_claim
      on session_claim.subscriber_id = wanted.subscriber_id and session_claim.slot = series.slot and ${fresh}
    where session_claim.slot is null or (${isOwn})
    order by session_claim.slot is null, series.slot
    limit 1
  ) as free
  where wanted.session_limit is not null
    and ${otherLinesSql({ who: 'wanted.subscriber_id', line: 'wanted.line', nasGroup: 'wanted.nas_group_id', now: '$1', intervalS: '$2' })} < wanted.session_limit
  order by wanted.subscriber_id
  on conflict (subscriber_id, slot) do update
  set line = excluded.line, nas_group_id = excluded.nas_group_id, class_id = excluded.class_id, claimed_at = excluded.claimed_at
  where (session_claim.line = excluded.line and session_claim.nas_group_id = excluded.nas_group_id) or not (${fresh})
  returning session_claim.subscriber_id
), won as (
  select wanted.* from wanted
  where wanted.session_limit is null or wanted.subscriber_id in (select taken.subscriber_id from taken)
)`

const slotText = `
with wanted as materialized (
  select * from unnest((select $3::bigint[]), (select $4::text[]), (select $5::bigint[]), (select $6::bigint[]),
    (select $7::integer[])) with ordinality as wanted (subscriber_id, line, nas_group_id, class_id, session_limit, position)
), ${slots}
select won.position, false as device_lost, null::timestamptz as activated_at, null::timestamptz as expires_at,
  null::timestamptz as grace_until
from won`

// A first period ends by the plan's rule: when its validity is over, at the end of that local day, or at the next local hour of
// the plan, in each case the same where it fits already; never on a no-cut day, but at the same local time of the next day that
// is none. calendar.ts reckons the periods after it in the same way.
const firstPeriod = `
period as (
  select won.position, won.subscriber_id, plan.grace_hours,
    case when plan.validity > 0 then (
      select (uncut.local + make_interval(days => coalesce((
        select min(day) from generate_series(0, 6) as day
        where extract(isodow from uncut.local + make_interval(days => day)) <> all (plan.no_cut_days)), 0)))
        at time zone $11::text
      from (
        select case plan.expiry_rule
          when 'instant' then ending.local
          when 'end-of-day' then date_trunc('day', ending.local)
            + make_interval(days => (ending.local > date_trunc('day', ending.local))::integer)
          else date_trunc('day', ending.local) + make_interval(hours => plan.expiry_hour,
            days => (ending.local > date_trunc('day', ending.local) + make_interval(hours => plan.expiry_hour))::integer)
          end as local
        from (
          select case plan.validity_unit
            when 'hours' then ($1::timestamptz + make_interval(hours => plan.validity)) at time zone $11::text
            when 'months' then ($1::timestamptz at time zone $11::text) + make_interval(months => plan.validity)
            when 'calendar-month' then date_trunc('month', $1::timestamptz at time zone $11::text)
              + make_interval(months => plan.validity)
            else ($1::timestamptz at time zone $11::text) + make_interval(days => plan.validity)
            end as local
        ) as ending
      ) as uncut
    ) end as ends_at
  from won
    join subscriber on subscriber.id = won.subscriber_id
    join plan on plan.id = subscriber.plan_id
  where won.activate and (won.mac is null or won.subscriber_id in (select learnt.subscriber_id from learnt))
), activated as (
  update subscriber set
    activated_at = $1::timestamptz,
    period_started_at = $1::timestamptz,
    expires_at = coalesce(subscriber.expires_at, period.ends_at),
    grace_until = case
      when subscriber.expires_at is null and period.grace_hours > 0
        then period.ends_at + make_interval(hours => period.grace_hours)
      else subscriber.grace_until end,
    updated_at = $1::timestamptz
  from period
  where subscriber.id = period.subscriber_id and subscriber.activated_at is null
  returning period.position, subscriber.activated_at, subscriber.expires_at, subscriber.grace_until
)`

const claimText = `
with wanted as materialized (
  select * from unnest((select $3::bigint[]), (select $4::text[]), (select $5::bigint[]), (select $6::bigint[]),
    (select $7::integer[]), (select $8::macaddr[]), (select $9::integer[]), (select $10::boolean[]))
    with ordinality as wanted
      (subscriber_id, line, nas_group_id, class_id, session_limit, mac, device_limit, activate, position)
), ${slots}, learnt as (
  insert into device (subscriber_id, mac, bound, learnt_at)
  select won.subscriber_id, won.mac, true, $1::timestamptz from won
  where won.mac is not null and won.device_limit >
    (select count(*) from device where device.subscriber_id = won.subscriber_id and device.bound and device.mac <> won.mac)
  order by won.subscriber_id
  on conflict (subscriber_id, mac) do update set bound = true
  returning device.subscriber_id
), ${firstPeriod}
select won.position, won.mac is not null and learnt.subscriber_id is null as device_lost,
  activated.activated_at, activated.expires_at, activated.grace_until
from won
  left join learnt on learnt.subscriber_id = won.subscriber_id
  left join activated on activated.position = won.position`
