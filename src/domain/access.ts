// Reads the truth for all logins that wait, in one statement for the batch: no cache that could go stale, so a block bites
// on the next packet. Each part is a look-up by index for its row, made only where a rule needs it.
//
// Columns come as text and are read here: the driver's own readers would cost more than the query. A plan comes as JSON, made
// once for the batch in Postgres and parsed once for its text here (the text is the key: nothing can go stale).

import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import type { AccessPlan, AccessSubject, Binding, Device, StaticAddress, StoredCredential } from './access-subject.ts'
import type { Line } from './line.ts'

/** What is looked for. */
export type AccessKey = {
  /** Canonical; the empty one finds nobody. */
  readonly username: string
  readonly line: Line | undefined
  readonly nasGroupId: bigint
  readonly addressSpaceId: bigint
}

/** An accepted login whose Start has not come counts as a live line for so long. */
export const claimSeconds = 60
/** A session counts as live for so many of its interim intervals after its last sign of life. */
const liveIntervals = 3

/** SQL expressions. */
type OtherLines = Record<'who' | 'line' | 'nasGroup' | 'now' | 'intervalS', string>

/**
 * An SQL expression: how many lines of subscriber `who` are live, other than `line` of `nasGroup`. An open session's line is
 * its own, else the login that it came from, else itself; a claim has the same key, so that the claim and the session of one
 * login count once. A service session (parent_id) is no line. `intervalS` is the interval in seconds of sessions that have
 * none of their own.
 */
export function otherLinesSql({ who, line, nasGroup, now, intervalS }: OtherLines): string {
  return `(
  select count(*) from (
    select coalesce(session.line, 'class:' || session.class_id, 'session:' || session.id) as line, session.nas_group_id
    from session
    where session.subscriber_id = ${who} and session.ended_at is null and session.parent_id is null
      and session.updated_at > ${now}::timestamptz
        - make_interval(secs => ${liveIntervals} * coalesce(session.interim_interval_s, ${intervalS}::integer))
    union
    select session_claim.line, session_claim.nas_group_id from session_claim
    where session_claim.subscriber_id = ${who}
      and session_claim.claimed_at > ${now}::timestamptz - interval '${claimSeconds} seconds'
  ) as live
  where (live.line, live.nas_group_id) is distinct from (${line}, ${nasGroup}))`
}

const milliseconds = (column: string) => `(extract(epoch from found.${column}) * 1000)::bigint`

// No order by beside a look-up: on a table that was empty when the plan was made Postgres would read a whole index in that
// order rather than sort the few rows that the look-up finds. They are sorted here.
// The arrays are taken through a sub-select so that the planner sees no lengths: one generic plan, never planned again.
// `lateral` with a limit makes each part a look-up by index for its row, whatever the planner thinks of the tables' sizes.
function loadText(otherLines: string): string {
  return `
with wanted as materialized (
  select * from unnest((select $1::text[]), (select $2::text[]), (select $3::bigint[]), (select $4::bigint[]))
    with ordinality as wanted (username, line, nas_group_id, address_space_id, position)
), found as materialized (
  select wanted.position, wanted.line, wanted.nas_group_id, wanted.address_space_id, subscriber.*
  from wanted cross join lateral (
    select subscriber.* from subscriber
    where subscriber.username = wanted.username and subscriber.username_reserved limit 1
  ) as subscriber
), content as materialized (
  select plan.id, plan.session_limit, plan.device_limit, plan.quota_octets, json_build_object(
    'id', plan.id, 'name', plan.name, 'down_bps', plan.down_bps, 'up_bps', plan.up_bps,
    'burst_down_bps', plan.burst_down_bps, 'burst_up_bps', plan.burst_up_bps,
    'burst_threshold_down_bps', plan.burst_threshold_down_bps, 'burst_threshold_up_bps', plan.burst_threshold_up_bps,
    'burst_seconds', plan.burst_seconds, 'priority', plan.priority, 'quota_octets', plan.quota_octets::text,
    'pool', plan.pool, 'ipv6_pool', plan.ipv6_pool, 'delegated_ipv6_pool', plan.delegated_ipv6_pool,
    'address_list', plan.address_list, 'idle_timeout_s', plan.idle_timeout_s,
    'interim_interval_s', plan.interim_interval_s, 'on_expiry', plan.on_expiry, 'on_block', plan.on_block,
    'on_quota', plan.on_quota, 'garden_address_list', plan.garden_address_list, 'garden_pool', plan.garden_pool,
    'attributes', plan.attributes)::text as plan
  -- As an array, so that plans are looked up and never compared with every login.
  from plan where plan.id = any (array(select found.plan_id from found))
)
select found.position, found.id, found.enabled, ${milliseconds('blocked_at')}, found.block_reason,
  ${milliseconds('activated_at')}, ${milliseconds('expires_at')}, ${milliseconds('grace_until')}, ${milliseconds('archived_at')},
  found.auto_renew, coalesce(found.session_limit, content.session_limit),
  coalesce(found.device_limit, content.device_limit),
  case when num_nonnulls(found.bound_interface, found.bound_port, found.bound_s_vlan, found.bound_c_vlan,
    found.bound_nas_group_id) > 0 then json_build_object('interface', found.bound_interface,
    'port', found.bound_port, 'sVlan', found.bound_s_vlan, 'cVlan', found.bound_c_vlan,
    'nasGroupId', found.bound_nas_group_id::text)::text end,
  case when cardinality(found.attributes) > 0 then array_to_json(found.attributes)::text end,
  credential.kind, encode(credential.secret, 'hex'), content.plan,
  (select json_agg(json_build_object('mac', own.mac, 'bound', own.bound))::text from (
    select device.mac, device.bound from device where device.subscriber_id = found.id offset 0) as own),
  (select json_agg(json_build_object('id', own.id, 'kind', own.kind, 'prefix',
      case when own.kind in ('framed-ip', 'framed-ipv6-address') then host(own.prefix) else text(own.prefix) end))::text
    from (select subscriber_address.* from subscriber_address where subscriber_address.subscriber_id = found.id
      and subscriber_address.address_space_id = found.address_space_id offset 0) as own),
  (select json_agg(json_build_object('id', own.id, 'route', own.route))::text from (
    select subscriber_route.* from subscriber_route where subscriber_route.subscriber_id = found.id offset 0) as own),
  case when content.quota_octets is not null then coalesce(
    (select usage_period.input_octets + usage_period.output_octets from usage_period
      where usage_period.subscriber_id = found.id and usage_period.period_started_at = found.period_started_at),
    0) end,
  ${otherLines}
from found
  join content on content.id = found.plan_id
  left join lateral (
    select credential.kind, credential.secret from credential where credential.subscriber_id = found.id limit 1
  ) as credential on true`
}

const statements = {
  plain: { name: 'load-access', text: loadText('null') },
  counting: {
    name: 'load-access-counting',
    text: loadText(`case when coalesce(found.session_limit, content.session_limit) is not null
    then ${otherLinesSql({ who: 'found.id', line: 'found.line', nasGroup: 'found.nas_group_id', now: '$5', intervalS: '$6' })} end`),
  },
}

/**
 * The subjects of the keys, in the order of the keys; undefined for a username that nobody has. An archived subscriber is
 * found while its username is reserved. Live lines are counted where `countLines` has the interim interval of sessions that
 * have none of their own, in seconds; else none are seen: the claim counts them in any case, and once is enough (a fifth of
 * the statement).
 */
export async function loadAccess(
  pool: Pool,
  keys: readonly AccessKey[],
  countLines: { intervalS: number; now: Date } | undefined,
): Promise<(AccessSubject | undefined)[]> {
  const { rows } = await pool.query<Row>({
    ...(countLines === undefined ? statements.plain : statements.counting),
    values: [
      textArrayLiteral(keys.map((key) => key.username)),
      textArrayLiteral(keys.map((key) => key.line)),
      arrayLiteral(keys.map((key) => key.nasGroupId)),
      arrayLiteral(keys.map((key) => key.addressSpaceId)),
      ...(countLines === undefined ? [] : [countLines.now, countLines.intervalS]),
    ],
    rowMode: 'array',
    types: asText,
  })
  const subjects = Array<AccessSubject | undefined>(keys.length).fill(undefined)
  for (const row of rows) subjects[Number(row[0]) - 1] = readSubject(row)
  return subjects
}

type Row = (string | null)[]
const asText = { getTypeParser: () => (value: string) => value }

function readSubject(row: Row): AccessSubject {
  return {
    id: BigInt(row[1]!),
    enabled: row[2] === 't',
    blockedAt: readDate(row[3]),
    blockReason: row[4] ?? null,
    activatedAt: readDate(row[5]),
    expiresAt: readDate(row[6]),
    graceUntil: readDate(row[7]),
    archivedAt: readDate(row[8]),
    autoRenew: row[9] === 't',
    sessionLimit: readNumber(row[10]),
    deviceLimit: readNumber(row[11]),
    binding: row[12] == null ? unbound : readBinding(row[12]),
    attributes: row[13] == null ? none : (JSON.parse(row[13]) as string[]),
    credential: readCredential(row[14], row[15]),
    plan: readPlan(row[16]!),
    devices: row[17] == null ? none : readDevices(row[17]),
    addresses: row[18] == null ? none : readOrdered<StaticAddress>(row[18]),
    routes: row[19] == null ? none : readOrdered<{ route: string }>(row[19]).map(({ route }) => route),
    usedOctets: row[20] == null ? undefined : BigInt(row[20]),
    otherLines: Number(row[21] ?? 0),
  }
}

function readDevices(text: string): Device[] {
  return (JSON.parse(text) as Device[]).toSorted((one, other) => (one.mac < other.mac ? -1 : 1))
}

/** Rows of JSON in the order of their ids, which are for that only. */
function readOrdered<T>(text: string): T[] {
  const rows = JSON.parse(text) as (T & { id: number })[]
  return rows.toSorted((one, other) => one.id - other.id).map(({ id: _id, ...rest }) => rest as unknown as T)
}

const none: never[] = []
const unbound: Binding = { interface: null, port: null, sVlan: null, cVlan: null, nasGroupId: null }

function readDate(text: string | null | undefined): Date | null {
  return text == null ? null : new Date(Number(text))
}

function readNumber(text: string | null | undefined): number | undefined {
  return text == null ? undefined : Number(text)
}

function readBinding(text: string): Binding {
  const binding = JSON.parse(text) as Omit<Binding, 'nasGroupId'> & { nasGroupId: string | null }
  return { ...binding, nasGroupId: binding.nasGroupId === null ? null : BigInt(binding.nasGroupId) }
}

function readCredential(
  kind: string | null | undefined,
  secret: string | null | undefined,
): StoredCredential | undefined {
  if (kind == null || secret == null) return undefined
  return { kind: kind as StoredCredential['kind'], secret: Buffer.from(secret, 'hex') }
}

/** Plans by their whole text, so that a changed plan is another one. Emptied when there are too many. */
const plans = new Map<string, AccessPlan>()
const maximumPlans = 1_000

function readPlan(content: string): AccessPlan {
  let plan = plans.get(content)
  if (plan === undefined) {
    if (plans.size >= maximumPlans) plans.clear()
    plan = JSON.parse(content) as AccessPlan
    plans.set(content, plan)
  }
  return plan
}
