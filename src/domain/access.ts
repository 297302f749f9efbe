// Reads the truth for all logins that wait, in one statement for the batch: no cache that could go stale, so a block bites
// on the next packet. Each part is a look-up by index for its row, made only where a rule needs it.
//
// Columns come as text and are read here: the driver's own readers would cost more than the query. Of a plan only the version
// of its row comes (access-plan.ts). Use of a day, week or month is read by another statement, where a plan counts in such.

import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import { countsPeriodSql, planReader, planVersionSql } from './access-plan.ts'
import type { AccessPlan, AccessSubject, Binding, Device, StaticAddress, StoredCredential } from './access-subject.ts'
import type { Line } from './line.ts'
import { countsUsage } from './plan/quota.ts'
import type { WindowUsage } from './plan/quota.ts'
import { windowUsage } from './plan/window-usage.ts'
import type { WindowedSubscriber } from './plan/window-usage.ts'

/** What is looked for. */
export type AccessKey = {
  /** Canonical; the empty one finds nobody. */
  readonly username: string
  readonly line: Line | undefined
  readonly nasGroupId: bigint
  readonly addressSpaceId: bigint
}

/** An accepted login whose Start has not come counts as a live line for so long. */
const claimSeconds = 60
/** A session counts as live for so many of its interim intervals after its last sign of life. */
const liveIntervals = 3

/**
 * An SQL condition: this row of `session` is open and was alive within three of its intervals, and no service session,
 * which is no line. `intervalS` is the interval in seconds of sessions that have none of their own.
 */
export function liveSessionSql({ now, intervalS }: { now: string; intervalS: string }): string {
  return `session.ended_at is null and session.service is null
      and session.updated_at > ${now}::timestamptz
        - make_interval(secs => ${liveIntervals} * coalesce(session.interim_interval_s, ${intervalS}::integer))`
}

/** An SQL condition: this row of `session_claim` still counts. */
export function freshClaimSql(now: string): string {
  return `session_claim.claimed_at > ${now}::timestamptz - interval '${claimSeconds} seconds'`
}

/** SQL expressions. */
type OtherLines = Record<'who' | 'line' | 'nasGroup' | 'now' | 'intervalS', string>

/**
 * An SQL expression: how many lines of subscriber `who` are live, other than `line` of `nasGroup`. An open session's line is
 * its own, else the login that it came from, else itself; a claim has the same key, so that the claim and the session of one
 * login count once.
 */
export function otherLinesSql({ who, line, nasGroup, now, intervalS }: OtherLines): string {
  return `(
  select count(*) from (
    select coalesce(session.line, 'class:' || session.class_id, 'session:' || session.id) as line, session.nas_group_id
    from session
    where session.subscriber_id = ${who} and ${liveSessionSql({ now, intervalS })}
    union
    select session_claim.line, session_claim.nas_group_id from session_claim
    where session_claim.subscriber_id = ${who} and ${freshClaimSql(now)}
  ) as live
  where (live.line, live.nas_group_id) is distinct from (${line}, ${nasGroup}))`
}

// As a double, for extract() would reckon in numeric.
const seconds = (column: string) => `date_part('epoch', found.${column})`
/** Between the rows of one subscriber in one column: an array costs half of what json_agg does. */
const newLine = `e'\\n'`

// No order by beside a look-up: on a table that was empty when the plan was made Postgres would read a whole index in that
// order rather than sort the few rows that the look-up finds. They are sorted here.
// The arrays are taken through a sub-select so that the planner sees no lengths: one generic plan, never planned again.
// `lateral` with a limit makes each part a look-up by index for its row, whatever the planner thinks of the tables' sizes.
/** What of a subscriber a decision looks at: all its columns, carried from step to step, would cost 0.7 µs more. */
const subscriberColumns = [
  'id',
  'plan_id',
  'enabled',
  'blocked_at',
  'block_reason',
  'activated_at',
  'expires_at',
  'grace_until',
  'archived_at',
  'auto_renew',
  'account_type',
  'learn_mac_until',
  'session_limit',
  'device_limit',
  'bound_interface',
  'bound_port',
  'bound_s_vlan',
  'bound_c_vlan',
  'bound_nas_group_id',
  'attributes',
  'period_started_at',
]

/** SQL expressions in which who asks for a login and who asks for everybody (snapshot-rows.ts) differ. */
type SubjectSql = Record<
  'sessionLimit' | 'deviceLimit' | 'plan' | 'addressLead' | 'ofSpace' | 'used' | 'otherLines',
  string
>

/** SQL: what `readSubject` reads behind its first column, of `found` (columns of subscriber) and its `credential`. */
export function subjectSql(sql: SubjectSql): string {
  return `found.id, found.enabled, ${seconds('blocked_at')}, found.block_reason,
  ${seconds('activated_at')}, ${seconds('expires_at')}, ${seconds('grace_until')}, ${seconds('archived_at')},
  found.auto_renew, found.account_type, ${seconds('learn_mac_until')}, ${sql.sessionLimit},
  ${sql.deviceLimit},
  case when num_nonnulls(found.bound_interface, found.bound_port, found.bound_s_vlan, found.bound_c_vlan,
    found.bound_nas_group_id) > 0 then json_build_object('interface', found.bound_interface,
    'port', found.bound_port, 'sVlan', found.bound_s_vlan, 'cVlan', found.bound_c_vlan,
    'nasGroupId', found.bound_nas_group_id::text)::text end,
  case when cardinality(found.attributes) > 0 then array_to_json(found.attributes)::text end,
  credential.kind, encode(credential.secret, 'hex'), ${sql.plan},
  array_to_string(array(select device.mac || case when device.bound then ' bound' else '' end
    from device where device.subscriber_id = found.id), ${newLine}),
  array_to_string(array(select ${sql.addressLead}subscriber_address.id || ' ' || subscriber_address.kind || ' ' ||
      case when subscriber_address.kind in ('framed-ip', 'framed-ipv6-address') then host(subscriber_address.prefix)
        else text(subscriber_address.prefix) end
    from subscriber_address where subscriber_address.subscriber_id = found.id${sql.ofSpace}), ${newLine}),
  array_to_string(array(select subscriber_route.id || ' ' || subscriber_route.route
    from subscriber_route where subscriber_route.subscriber_id = found.id), ${newLine}),
  ${sql.used},
  ${sql.otherLines}`
}

/** SQL: joins `found` with its `credential`. */
export const withCredentialSql = `left join lateral (
    select credential.kind, credential.secret from credential where credential.subscriber_id = found.id limit 1
  ) as credential on true`

function loadText(otherLines: string): string {
  return `
with wanted as materialized (
  select * from unnest((select $1::text[]), (select $2::text[]), (select $3::bigint[]), (select $4::bigint[]))
    with ordinality as wanted (username, line, nas_group_id, address_space_id, position)
), found as materialized (
  select wanted.position, wanted.line, wanted.nas_group_id, wanted.address_space_id, subscriber.*
  from wanted cross join lateral (
    select ${subscriberColumns.map((column) => `subscriber.${column}`).join(', ')} from subscriber
    where subscriber.username = wanted.username and subscriber.username_reserved limit 1
  ) as subscriber
), content as materialized (
  select plan.id, plan.session_limit, plan.device_limit, ${countsPeriodSql} as counts_period, ${planVersionSql} as version
  -- As an array, so that plans are looked up and never compared with every login.
  from plan where plan.id = any (array(select found.plan_id from found))
)
select found.position, ${subjectSql({
    sessionLimit: 'coalesce(found.session_limit, content.session_limit)',
    deviceLimit: 'coalesce(found.device_limit, content.device_limit)',
    plan: 'content.version',
    addressLead: '',
    ofSpace: `
      and subscriber_address.address_space_id = found.address_space_id`,
    used: `case when content.counts_period then coalesce(
    (select usage_period.output_octets || ' ' || usage_period.input_octets from usage_period
      where usage_period.subscriber_id = found.id and usage_period.period_started_at = found.period_started_at),
    '0 0') end`,
    otherLines,
  })}
from found
  join content on content.id = found.plan_id
  ${withCredentialSql}`
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
 * found while its username is reserved.
 */
export async function loadAccess(
  pool: Pool,
  keys: readonly AccessKey[],
  context: LoadContext,
): Promise<(AccessSubject | undefined)[]> {
  const { intervalS, zone, now } = context
  const { rows } = await pool.query<Row>({
    ...(intervalS === undefined ? statements.plain : statements.counting),
    values: [
      textArrayLiteral(keys.map((key) => key.username)),
      textArrayLiteral(keys.map((key) => key.line)),
      arrayLiteral(keys.map((key) => key.nasGroupId)),
      arrayLiteral(keys.map((key) => key.addressSpaceId)),
      ...(intervalS === undefined ? [] : [now, intervalS]),
    ],
    rowMode: 'array',
    types: asText,
  })
  const planOf = await planReader(
    pool,
    rows.map((row) => row[18]!),
  )
  const subjects = Array<AccessSubject | undefined>(keys.length).fill(undefined)
  const windowed: (WindowedSubscriber & { at: number })[] = []
  for (const row of rows) {
    const [at, subject] = [Number(row[0]) - 1, readSubject(row, planOf(row[18]!))]
    subjects[at] = subject
    const { quota_period: period } = subject.plan
    if (period !== 'period' && countsUsage(subject.plan)) windowed.push({ at, subscriberId: subject.id, period })
  }
  const usage = await windowUsage(pool, windowed, zone, now)
  for (const [i, { at }] of windowed.entries()) subjects[at] = { ...subjects[at]!, used: usage[i] }
  return subjects
}

/** When and where: days of plans that count in such are days of the zone. */
export type LoadContext = {
  readonly zone: string
  readonly now: Date
  /**
   * Live lines are counted where this is given: the interim interval of sessions that have none of their own, in seconds. Else
   * none are seen: the claim counts them in any case, and once is enough (a fifth of the statement).
   */
  readonly intervalS?: number | undefined
}

type Row = (string | null)[]
/** Columns as Postgres writes them. */
export const asText = { getTypeParser: () => (value: string) => value }

/** A row of `subjectSql`'s columns behind one that is not looked at. */
export function readSubject(row: readonly (string | null)[], plan: AccessPlan): AccessSubject {
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
    accountType: row[10] as AccessSubject['accountType'],
    learnMacUntil: readDate(row[11]),
    sessionLimit: readNumber(row[12]),
    deviceLimit: readNumber(row[13]),
    binding: row[14] == null ? unbound : readBinding(row[14]),
    attributes: row[15] == null ? none : (JSON.parse(row[15]) as string[]),
    credential: readCredential(row[16], row[17]),
    plan,
    devices: readDevices(row[19]),
    addresses: readOrdered(row[20]).map(readAddress),
    routes: readOrdered(row[21]),
    used: readUsage(row[22]),
    otherLines: Number(row[23] ?? 0),
  }
}

function readUsage(text: string | null | undefined): WindowUsage | undefined {
  if (text == null) return undefined
  const [down, up] = text.split(' ')
  return { down: BigInt(down!), up: BigInt(up!) }
}

function readLines(text: string | null | undefined): readonly string[] {
  return text == null || text === '' ? none : text.split('\n')
}

function readDevices(text: string | null | undefined): readonly Device[] {
  const lines = readLines(text)
  return lines.length === 0
    ? none
    : lines.toSorted().map((line) => ({ mac: line.slice(0, 17), bound: line.length > 17 }))
}

/** Rows that begin with their id, in the order of the ids and without them. */
function readOrdered(text: string | null | undefined): readonly string[] {
  const lines = readLines(text)
  if (lines.length === 0) return none
  const rows = lines.map((line) => [Number.parseInt(line, 10), line.slice(line.indexOf(' ') + 1)] as const)
  return rows.toSorted(([one], [other]) => one - other).map(([, rest]) => rest)
}

function readAddress(row: string): StaticAddress {
  const [kind, prefix] = row.split(' ')
  return { kind: kind as StaticAddress['kind'], prefix: prefix! }
}

const none: never[] = []
const unbound: Binding = { interface: null, port: null, sVlan: null, cVlan: null, nasGroupId: null }

function readDate(text: string | null | undefined): Date | null {
  return text == null ? null : new Date(Math.round(Number(text) * 1000))
}

function readNumber(text: string | null | undefined): number | undefined {
  return text == null ? undefined : Number(text)
}

/** The binding as `subjectSql` writes it. */
export function readBinding(text: string): Binding {
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
