// The one statement that records a batch of accounting records: finds or makes each session, moves its counters, adds what
// moved to usage of hour and period, and frees claims of ended logins. One statement, so one commit and one durable write.
// Deadlocks are ruled out by order: sessions by (nas, id), then usage by subscriber.

import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import type { AccountingRecord } from './accounting-record.ts'
import { recordStart } from './accounting-record.ts'
import { baseSql, countersSql } from './counters.ts'
import { archiveWindowHours, matchExcludedSql, matchSql } from './session-match.ts'

type Value = string | number | bigint | boolean | Date | undefined
type Column = { name: string; type: string; value: (record: AccountingRecord) => Value }

/** Clocks of NASes round to seconds, and a NAS made on first sight is as old as its first packet. */
const baselineSlack = `interval '5 seconds'`
const columns: readonly Column[] = [
  { name: 'nas_id', type: 'bigint', value: (record) => record.nas.id },
  { name: 'acct_session_id', type: 'text', value: (record) => record.acctSessionId },
  { name: 'status', type: 'text', value: (record) => record.status },
  { name: 'class_id', type: 'bigint', value: (record) => record.class?.classId },
  { name: 'class_subscriber_id', type: 'bigint', value: (record) => record.class?.subscriberId },
  { name: 'username', type: 'text', value: (record) => record.username },
  { name: 'nas_group_id', type: 'bigint', value: (record) => record.nas.nasGroupId },
  { name: 'address_space_id', type: 'bigint', value: (record) => record.nas.addressSpaceId },
  { name: 'nas_created_at', type: 'timestamptz', value: (record) => record.nas.createdAt },
  { name: 'line', type: 'text', value: (record) => record.line },
  { name: 'mac', type: 'macaddr', value: (record) => record.mac },
  { name: 'interface', type: 'text', value: (record) => record.interface?.raw },
  { name: 'port', type: 'text', value: (record) => record.interface?.port },
  { name: 's_vlan', type: 'integer', value: (record) => record.interface?.sVlan },
  { name: 'c_vlan', type: 'integer', value: (record) => record.interface?.cVlan },
  { name: 'framed_ip', type: 'inet', value: (record) => record.addresses.framedIp },
  { name: 'framed_ipv6_prefix', type: 'inet', value: (record) => record.addresses.framedIpv6Prefix },
  { name: 'delegated_ipv6_prefix', type: 'inet', value: (record) => record.addresses.delegatedIpv6Prefix },
  { name: 'framed_ipv6_address', type: 'inet', value: (record) => record.addresses.framedIpv6Address },
  { name: 'framed_interface_id', type: 'text', value: (record) => record.addresses.framedInterfaceId },
  { name: 'event_at', type: 'timestamptz', value: (record) => record.eventAt },
  // Null: not known.
  { name: 'record_start', type: 'timestamptz', value: recordStart },
  { name: 'session_time', type: 'bigint', value: (record) => record.sessionTime },
  { name: 'input_octets', type: 'bigint', value: (record) => record.inputOctets },
  { name: 'output_octets', type: 'bigint', value: (record) => record.outputOctets },
  { name: 'input_packets', type: 'bigint', value: (record) => record.inputPackets },
  { name: 'output_packets', type: 'bigint', value: (record) => record.outputPackets },
  { name: 'gigawords', type: 'boolean', value: (record) => record.gigawords },
  { name: 'terminate_cause', type: 'integer', value: (record) => record.terminateCause },
  { name: 'multi_session_id', type: 'text', value: (record) => record.multiSessionId },
  { name: 'interim_interval_s', type: 'integer', value: (record) => record.interimIntervalS },
  { name: 'flag', type: 'text', value: (record) => record.flag && `${record.flag}: ${record.raw ?? ''}` },
]

const names = columns.map((column) => column.name).join(', ')
const arrays = columns.map((column, index) => `$${index + 1}::${column.type}[]`).join(', ')
const now = `$${columns.length + 1}::timestamptz`
const hour = `$${columns.length + 2}::timestamptz`
const unarchived = `$${columns.length + 3}::boolean`

/** Closed by us, not by the NAS: its own Stop wins, and (but for a replaced line) a sign of life after it reopens. */
const closes = `excluded.ended_by = 'stop' and s.ended_by is distinct from 'stop'`
const reopens = `not excluded.start_seen and excluded.ended_by is null and s.ended_by in ('nas-reboot', 'stale', 'operator')
  and excluded.event_at > s.ended_at and excluded.session_time > s.session_time`
// A record from before a reboot that arrives after it: recordReboot may have run beside the insert of this row.
const rebooted = `excluded.ended_by = 'nas-reboot' and s.ended_at is null and s.event_at < excluded.ended_at
  and s.started_at < excluded.ended_at`

function endSql(column: string): string {
  return `case when (${closes}) or (${rebooted}) then excluded.${column} when ${reopens} then null else s.${column} end`
}

/** The newest value by session time wins; a record that does not say changes nothing. */
function newestSql(column: string): string {
  return `case when excluded.session_time >= s.session_time then coalesce(excluded.${column}, s.${column})
    else coalesce(s.${column}, excluded.${column}) end`
}

const firstOf = [
  'class_id',
  'subscriber_id',
  'line',
  'mac',
  'interface',
  'port',
  's_vlan',
  'c_vlan',
  'multi_session_id',
]
const newestOf = [
  'framed_ip',
  'framed_ipv6_prefix',
  'delegated_ipv6_prefix',
  'framed_ipv6_address',
  'framed_interface_id',
]
const endOf = ['ended_at', 'ended_by', 'terminate_cause']

/** Text of a rule that charges nothing, with the values that it refused. */
const ruleFlag = `case when c.rule in ('ambiguous', 'contradiction')
  then c.rule || ': time ' || c.t || ', input ' || c.i || ', output ' || c.o end`

const statement = `
with subject as (
  select r.*, epochs.*, coalesce(epochs.matching, epochs.newest + 1, 0) as epoch,
    case when epochs.matching is null then coalesce(r.class_subscriber_id, (
      select subscriber.id from subscriber where subscriber.username = r.username and subscriber.username_reserved
    )) end as subscriber_id,
    -- A session under way when its NAS was added: what it counted before is not ours to charge.
    r.status <> 'start' and epochs.matching is null and r.record_start < r.nas_created_at - ${baselineSlack} as baseline,
    r.status <> 'stop' and r.event_at < device.last_reboot_at
      and coalesce(r.record_start, r.event_at) < device.last_reboot_at as before_reboot,
    device.last_reboot_at
  from unnest(${arrays}) as r (${names})
  cross join lateral (
    select max(s.epoch) as newest, max(s.epoch) filter (where ${matchSql('s', 'r')}) as matching
    from session s
    where s.nas_id = r.nas_id and s.acct_session_id = r.acct_session_id
  ) as epochs
  left join lateral (
    select nas.last_reboot_at from nas where nas.id = r.nas_id limit 1
  ) as device on true
),
written as (
  insert into session as s (
    nas_id, acct_session_id, epoch, subscriber_id, username, class_id, nas_group_id, address_space_id, line, mac,
    interface, port, s_vlan, c_vlan, framed_ip, framed_ipv6_prefix, delegated_ipv6_prefix, framed_ipv6_address,
    framed_interface_id, multi_session_id, interim_interval_s, started_at, start_seen, event_at, updated_at,
    ended_at, ended_by, terminate_cause, session_time,
    input_octets, output_octets, base_input, base_output, segment_input, segment_output,
    input_packets, output_packets, gigawords, anomalies, last_anomaly
  )
  select
    nas_id, acct_session_id, epoch, subscriber_id, username, class_id, nas_group_id, address_space_id, line, mac,
    interface, port, s_vlan, c_vlan, framed_ip, framed_ipv6_prefix, delegated_ipv6_prefix, framed_ipv6_address,
    framed_interface_id, multi_session_id, interim_interval_s, coalesce(record_start, event_at), status = 'start',
    event_at, ${now},
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
    (session_time, base_input, base_output, segment_input, segment_output, input_octets, output_octets,
      anomalies, last_anomaly) = (
      select greatest(s.session_time, c.t), c.base_input, c.base_output, c.segment_input, c.segment_output,
        c.base_input + c.segment_input, c.base_output + c.segment_output,
        s.anomalies + (c.flag is distinct from s.last_anomaly and c.flag is not null)::integer,
        coalesce(c.flag, s.last_anomaly)
      from (
        select c.t, ${baseSql('input')} as base_input, ${baseSql('output')} as base_output,
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
    ${firstOf.map((column) => `${column} = coalesce(s.${column}, excluded.${column})`).join(', ')},
    ${newestOf.map((column) => `${column} = ${newestSql(column)}`).join(', ')},
    ${endOf.map((column) => `${column} = ${endSql(column)}`).join(', ')}
  -- Two servers made the same epoch at once for two logins: the second finds its own on the next try.
  where ${matchExcludedSql('s')}
  returning s.nas_id, s.acct_session_id, s.id, s.subscriber_id, s.nas_group_id, s.line, s.class_id, s.ended_at, s.ended_by,
    s.xmax = 0 as inserted, s.input_octets - s.prev_input as input_delta, s.output_octets - s.prev_output as output_delta,
    s.last_anomaly
),
charged as materialized (
  select moved.*, billed.period_started_at, billed.quota_octets
  from (
    select subscriber_id, sum(input_delta)::bigint as input_delta, sum(output_delta)::bigint as output_delta
    from written
    where subscriber_id is not null and (input_delta > 0 or output_delta > 0)
    group by subscriber_id
  ) as moved
  cross join lateral (
    select subscriber.period_started_at,
      (select plan.quota_octets from plan where plan.id = subscriber.plan_id) as quota_octets
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
  returning u.subscriber_id, u.input_octets + u.output_octets as total
),
freed as (
  -- By Class, so that the Stop of an old session leaves the claim of the redial alone; by line where the NAS lost Class.
  -- By ctid, so that the planner cannot choose to read all claims.
  delete from session_claim
  where session_claim.claimed_at <= ${now} and session_claim.ctid = any (array(
    select claim.ctid
    from written
    cross join lateral (
      select c.ctid
      from session_claim c
      where c.subscriber_id = written.subscriber_id
        and (c.class_id = written.class_id or (written.class_id is null and c.line = written.line))
      limit 100
    ) as claim
    where written.ended_by = 'stop'
  ))
)
-- Rows of three kinds, put together by the caller: joins between them would compare every row with every other.
select 'session' as row_kind, nas_id, acct_session_id, id, subscriber_id, line, inserted, ended_at is not null as ended,
  input_delta, output_delta, last_anomaly,
  -- Seldom true, and only then another statement has to end the older one. A scalar, so that no plan reads all sessions.
  case when inserted and line is not null then (
    select true from session other
    where other.subscriber_id = written.subscriber_id and other.ended_at is null and other.line = written.line
      and other.nas_group_id = written.nas_group_id and other.id <> written.id
    limit 1
  ) end as line_taken
from written
union all
select 'quota', null, null, null, subscriber_id, null, null, null, input_delta + output_delta, quota_octets, null, null
from charged
where quota_octets is not null
union all
select 'period', null, null, null, subscriber_id, null, null, null, total, null, null, null
from period
where (select bool_or(quota_octets is not null) from charged)
`

/**
 * The prepared statement and its values for a batch with at most one record per session. Unless the caller has looked into
 * the archive (`lookedUp`), a record of an unknown session that is older than the archive window is left out.
 */
export function accountingQuery(records: readonly AccountingRecord[], at: Date, lookedUp = false) {
  const hourOfArrival = new Date(Math.floor(at.getTime() / 3_600_000) * 3_600_000)
  const arrayValues = columns.map((column) => arrayOf(records, column))
  const values = [...arrayValues, at.toISOString(), hourOfArrival.toISOString(), lookedUp]
  return { name: 'record-accounting', text: statement, values }
}

function arrayOf(records: readonly AccountingRecord[], { type, value }: Column): string {
  if (type === 'text') return textArrayLiteral(records.map((record) => asText(value(record))))
  return arrayLiteral(
    records.map((record) => {
      const found = value(record)
      return found instanceof Date ? found.toISOString() : found
    }),
  )
}

function asText(value: Value): string | undefined {
  return value === undefined ? undefined : String(value)
}
