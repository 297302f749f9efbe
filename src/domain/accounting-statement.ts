// The one statement that records a batch of accounting records: finds or makes each session, moves its counters, adds what
// moved to usage of hour and period, frees claims of ended logins, and marks whose entitlement may change. One statement, so one
// commit and one durable write.
// A service on a session (Juniper, Cisco ISG) is a row beside it: never charged, never a line.
// Deadlocks are ruled out by order: sessions by (nas, id), then usage by subscriber.

import { arrayOf, arraysSql, columnsOf, columnsSql, commonColumns, recordColumns } from './accounting-columns.ts'
import type { AccountingRecord } from './accounting-record.ts'
import { baseSql, countersSql } from './counters.ts'
import { countsUsageSql, isRefusedSql, isWatchedSql } from './enforcement/watched-plan.ts'
import { archiveWindowHours, claimsOfSql, matchExcludedSql, matchSql, sameLineSql } from './session-match.ts'

/** Clocks of NASes round to seconds, and a NAS made on first sight is as old as its first packet. */
const baselineSlack = `interval '5 seconds'`

/** Closed by us, not by the NAS: its own Stop wins, and (but for a replaced line) a sign of life after it reopens. */
const closes = `excluded.ended_by = 'stop' and s.ended_by is distinct from 'stop'`
const reopens = `not excluded.start_seen and excluded.ended_by is null and s.ended_by in ('nas-reboot', 'stale', 'operator')
  and excluded.event_at > s.ended_at and excluded.session_time > s.session_time`
// A record from before a reboot that arrives after it: recordReboot may have run beside the insert of this row.
const rebooted = `excluded.ended_by = 'nas-reboot' and s.ended_at is null and s.event_at < excluded.ended_at
  and s.started_at < excluded.ended_at`

/** Of a session that ends the record's value, of one that is open again none. */
function endSql(column: string): string {
  return `case c.verdict when 'ends' then excluded.${column} when 'lives' then null else s.${column} end`
}

/** The newest value by session time wins; a record that does not say changes nothing. */
function newestSql(column: string): string {
  return `case when c.newest then coalesce(excluded.${column}, s.${column}) else coalesce(s.${column}, excluded.${column}) end`
}

const firstOf = ['class_id', 'subscriber_id', 'line', 'mac', 'interface', 'c_vlan']
const rareFirstOf = [
  'sent_username',
  'port',
  's_vlan',
  'multi_session_id',
  'circuit_id',
  'remote_id',
  'duid',
  'service',
  'parent_id',
]
const newestOf = [
  'framed_ip',
  'framed_ipv6_prefix',
  'delegated_ipv6_prefix',
  'framed_ipv6_address',
  'framed_interface_id',
]
const endOf = ['ended_at', 'ended_by', 'terminate_cause']

/** One of the two legs of a dual stack by all addresses heard of so far; null: both, or none yet. Any order gives the same. */
function legSql(addresses: readonly string[], ...rows: string[]): string {
  const known = (of: readonly string[]) =>
    of.length > 0
      ? `num_nonnulls(${of.flatMap((address) => rows.map((row) => `${row}.${address}`)).join(', ')}) > 0`
      : 'false'
  const [v4, v6] = [known(addresses.slice(0, 1)), known(addresses.slice(1))]
  return `case when ${v4} then case when ${v6} then null else 'v4' end when ${v6} then 'v6' end`
}

/** Text of a rule that charges nothing, with the values that it refused. */
const ruleFlag = `case when c.rule in ('ambiguous', 'contradiction')
  then c.rule || ': time ' || c.t || ', input ' || c.i || ', output ' || c.o end`

/** Parameters before the arrays of the columns. */
const now = '$1::timestamptz'
const hour = '$2::timestamptz'
const unarchived = '$3::boolean'

/** Each record with the session that it belongs to, and what else its row needs. */
function subjectSql(columns: typeof recordColumns): string {
  const names = columns.map((column) => column.name).join(', ')
  const parent =
    columns === commonColumns
      ? ''
      : `, case when r.service is not null then (
      select p.id from session p
      where p.nas_id = r.nas_id and p.acct_session_id = r.parent_session_id and p.service is null
      order by p.epoch desc limit 1
    ) end as parent_id`
  return `
subject as (
  select r.*, epochs.*, coalesce(epochs.matching, epochs.newest + 1, 0) as epoch,
    -- A session that was nobody's becomes that of the subscriber whom a renewal, or its line, names. 0 is our Class for nobody.
    nullif(case when epochs.matching is null then coalesce(r.told_subscriber_id, (
      select subscriber.id from subscriber where subscriber.username = r.username and subscriber.username_reserved
    )) else r.told_subscriber_id end, 0) as subscriber_id,
    -- A session under way when its NAS was added: what it counted before is not ours to charge.
    r.status <> 'start' and epochs.matching is null and r.record_start < device.created_at - ${baselineSlack} as baseline,
    r.status <> 'stop' and r.event_at < device.last_reboot_at
      and coalesce(r.record_start, r.event_at) < device.last_reboot_at as before_reboot,
    device.last_reboot_at${parent}
  from (select ${columnsSql(columns, 'u')} from unnest(${arraysSql(columns, 4)}) as u (${names})) as r
  cross join lateral (
    select max(s.epoch) as newest, coalesce(max(s.epoch) filter (where s.class_id = r.class_id),
      max(s.epoch) filter (where ${matchSql('s', 'r')})) as matching
    from session s
    where s.nas_id = r.nas_id and s.acct_session_id = r.acct_session_id
  ) as epochs
  left join lateral (
    select nas.last_reboot_at, nas.created_at from nas where nas.id = r.nas_id limit 1
  ) as device on true
)`
}

/** What a record changes in the row that is there. */
function movesSql(newest: readonly string[], first: readonly string[]): string {
  return `
    (session_time, base_input, base_output, segment_input, segment_output, input_octets, output_octets,
      anomalies, last_anomaly, interims, ${[...newest, ...endOf].join(', ')}) = (
      select greatest(s.session_time, c.t), c.base_input, c.base_output, c.segment_input, c.segment_output,
        c.base_input + c.segment_input, c.base_output + c.segment_output,
        s.anomalies + (c.flag is distinct from s.last_anomaly and c.flag is not null)::integer,
        coalesce(c.flag, s.last_anomaly),
        s.interims + (c.t > s.session_time and excluded.ended_by is distinct from 'stop')::integer,
        ${[...newest.map(newestSql), ...endOf.map(endSql)].join(', ')}
      from (
        select c.t, excluded.session_time >= s.session_time as newest,
          case when (${closes}) or (${rebooted}) then 'ends' when ${reopens} then 'lives' end as verdict,
          ${baseSql('input')} as base_input, ${baseSql('output')} as base_output,
          case when c.rule in ('old', 'contradiction') then s.segment_input else c.i end as segment_input,
          case when c.rule in ('old', 'contradiction') then s.segment_output else c.o end as segment_output,
          coalesce(excluded.last_anomaly, ${ruleFlag}) as flag
        from (${countersSql}) as c
        offset 0
      ) as c
    ),
    prev_input = s.input_octets, prev_output = s.output_octets,
    input_packets = greatest(s.input_packets, excluded.input_packets),
    output_packets = greatest(s.output_packets, excluded.output_packets),
    gigawords = s.gigawords or excluded.gigawords,
    started_at = case
      when s.start_seen then s.started_at
      when excluded.start_seen then excluded.started_at
      when excluded.last_anomaly is null then least(s.started_at, excluded.started_at)
      else s.started_at end,
    start_seen = s.start_seen or excluded.start_seen,
    event_at = greatest(s.event_at, excluded.event_at),
    updated_at = greatest(s.updated_at, excluded.updated_at),
    interim_interval_s = coalesce(excluded.interim_interval_s, s.interim_interval_s),
    leg = ${legSql(newestOf, 's', 'excluded')},
    ${first.map((column) => `${column} = coalesce(s.${column}, excluded.${column})`).join(', ')}`
}

/** Makes or moves the sessions. Rare columns that are left out are null in `excluded`. */
function writtenSql(columns: typeof recordColumns): string {
  const common = columns === commonColumns
  const newest = common ? newestOf.slice(0, 1) : newestOf
  const first = common ? firstOf : [...firstOf, ...rareFirstOf]
  const rare = common ? '' : `${[...newestOf.slice(1), ...rareFirstOf].join(', ')},`
  return `
written as (
  insert into session as s (
    nas_id, acct_session_id, epoch, subscriber_id, username, class_id, nas_group_id, address_space_id, line, mac,
    interface, c_vlan, framed_ip, leg, ${rare} interim_interval_s, started_at, start_seen, event_at, updated_at, interims,
    ended_at, ended_by, terminate_cause, session_time,
    input_octets, output_octets, base_input, base_output, segment_input, segment_output,
    input_packets, output_packets, gigawords, anomalies, last_anomaly
  )
  select
    nas_id, acct_session_id, epoch, subscriber_id, username, class_id, nas_group_id, address_space_id, line, mac,
    interface, c_vlan, framed_ip, ${legSql(newest, 'subject')}, ${rare} interim_interval_s,
    coalesce(record_start, event_at), status = 'start', event_at, ${now},
    (status = 'interim' and session_time > 0)::integer,
    case when status = 'stop' then event_at when before_reboot then last_reboot_at end,
    case when status = 'stop' then 'stop' when before_reboot then 'nas-reboot' end,
    case when status = 'stop' then terminate_cause when before_reboot then 11 end,
    session_time,
    case when baseline then 0 else input_octets end, case when baseline then 0 else output_octets end,
    case when baseline then - input_octets else 0 end, case when baseline then - output_octets else 0 end,
    input_octets, output_octets, input_packets, output_packets, gigawords, (flag is not null)::integer, flag
  from subject
  where matching is not null or ${unarchived} or record_start is null or record_start >= ${now} - interval '${archiveWindowHours} hours'
  order by nas_id, acct_session_id collate "C"
  on conflict (nas_id, acct_session_id, epoch) do update set
    ${movesSql(newest, first)}
  -- Two servers made the same epoch at once for two logins: the second finds its own on the next try.
  where ${matchExcludedSql('s')}
  returning s.nas_id, s.acct_session_id, s.id, s.subscriber_id, s.nas_group_id, s.line, s.class_id, s.ended_at, s.ended_by,
    s.xmax = 0 as inserted, s.input_octets - s.prev_input as input_delta, s.output_octets - s.prev_output as output_delta,
    s.last_anomaly, s.leg, s.multi_session_id, s.service
)`
}

const restSql = `
charged as materialized (
  select moved.*, billed.period_started_at, billed.counts_usage
  from (
    select subscriber_id, sum(input_delta)::bigint as input_delta, sum(output_delta)::bigint as output_delta
    from written
    where subscriber_id is not null and service is null and (input_delta > 0 or output_delta > 0)
    group by subscriber_id
  ) as moved
  cross join lateral (
    select subscriber.period_started_at,
      (select ${countsUsageSql} from plan where plan.id = subscriber.plan_id) as counts_usage
    from subscriber
    where subscriber.id = moved.subscriber_id
    limit 1
  ) as billed
),
hour as (
  insert into usage_hour as u (subscriber_id, hour, input_octets, output_octets)
  select subscriber_id, ${hour}, input_delta, output_delta from charged order by subscriber_id
  on conflict (subscriber_id, hour) do update set
    input_octets = u.input_octets + excluded.input_octets, output_octets = u.output_octets + excluded.output_octets
),
period as (
  insert into usage_period as u (subscriber_id, period_started_at, input_octets, output_octets)
  select subscriber_id, period_started_at, input_delta, output_delta from charged order by subscriber_id
  on conflict (subscriber_id, period_started_at) do update set
    input_octets = u.input_octets + excluded.input_octets, output_octets = u.output_octets + excluded.output_octets
),
marked as (
  -- For enforcement/watch-entitlements.ts. Without a key, so that nobody waits for anybody.
  insert into entitlement_check (subscriber_id)
  select subscriber_id from charged where counts_usage
  union all
  select written.subscriber_id
  from written
  cross join lateral (
    select (select ${isWatchedSql} from plan where plan.id = subscriber.plan_id) or ${isRefusedSql(now)} as is_watched
    from subscriber where subscriber.id = written.subscriber_id limit 1
  ) as begun
  where written.inserted and written.service is null and begun.is_watched
),
freed as (
  -- By ctid, so that the planner cannot choose to read all claims.
  delete from session_claim
  where session_claim.claimed_at <= ${now} and session_claim.ctid = any (array(
    select claim.ctid
    from written cross join lateral (${claimsOfSql('written')}) as claim
    where written.ended_by = 'stop' and written.service is null
  ))
)
select nas_id, acct_session_id, id, subscriber_id, line, inserted, ended_at is not null as ended,
  input_delta, output_delta, last_anomaly,
  -- Seldom true, and only then another statement has to end the older one. A scalar, so that no plan reads all sessions.
  case when inserted and line is not null and service is null then (
    select true from session other
    where other.subscriber_id = written.subscriber_id and other.ended_at is null and other.id <> written.id
      and ${sameLineSql('other', 'written')}
    limit 1
  ) end as line_taken
from written`

/** For all columns, or for those of almost every record: without the rare ones 32 records cost 47 µs each instead of 50. */
function statementSql(columns: typeof recordColumns): string {
  return `with ${subjectSql(columns)},${writtenSql(columns)},${restSql}`
}

const statements = {
  common: { name: 'record-accounting', text: statementSql(commonColumns) },
  rare: { name: 'record-accounting-rare', text: statementSql(recordColumns) },
}

/**
 * The prepared statement and its values for a batch with at most one record per session. Unless the caller has looked into
 * the archive (`lookedUp`), a record of an unknown session that is older than the archive window is left out.
 */
export function accountingQuery(records: readonly AccountingRecord[], at: Date, lookedUp = false) {
  const hourOfArrival = new Date(Math.floor(at.getTime() / 3_600_000) * 3_600_000)
  const columns = columnsOf(records)
  const arrays = columns.map((column) => arrayOf(records, column))
  const statement = columns === commonColumns ? statements.common : statements.rare
  return { ...statement, values: [at.toISOString(), hourOfArrival.toISOString(), lookedUp, ...arrays] }
}
