// From where a subscriber's timeline is put together: one select for each kind, found by an index on subscriber and time, each
// giving no more than a page.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'

export const timelineKinds = ['audit', 'coa', 'comment', 'decision', 'ledger', 'session-start', 'session-stop'] as const
export type TimelineKind = (typeof timelineKinds)[number]

/** Which rows of a source are wanted: of whom, and what of the time. */
export type Wanted = {
  subscriberId: bigint
  username: string
  /** The condition on time and key of a row of this kind, given as SQL. */
  when(at: RawBuilder<unknown>, key: RawBuilder<unknown>): RawBuilder<unknown>
  limit: number
}

/** The greatest of a source, in the order of the whole list. */
function newest(at: RawBuilder<unknown>, key: RawBuilder<unknown>, limit: number): RawBuilder<unknown> {
  return sql`order by ${at} desc, (${key}) collate "C" desc limit ${limit}`
}

/** Columns key, at, data. */
export const timelineSources: Record<TimelineKind, (wanted: Wanted) => RawBuilder<unknown>> = {
  decision: ({ subscriberId, username, when, limit }) => {
    const key = sql`log.tableoid || ':' || log.ctid`
    return sql`
      select ${key} as key, log.last_at as at, json_build_object('nas', nas.name, 'line', log.line,
        'interface', log.interface, 'method', log.method, 'reason', log.reason, 'accepted', log.accepted,
        'detail', log.detail, 'count', log.count, 'first_at', log.first_at) as data
      from access_log log left join nas on nas.id = log.nas_id
      where log.username = ${username} and (log.subscriber_id = ${subscriberId} or log.subscriber_id is null)
        and ${when(sql`log.last_at`, key)}
      ${newest(sql`log.last_at`, key, limit)}`
  },
  'session-start': ({ subscriberId, when, limit }) => {
    const mine = (table: string, more: RawBuilder<unknown>) => sql`(
      select ${startColumns} from ${sql.table(table)} s
      where s.subscriber_id = ${subscriberId} and s.service is null ${more} and ${when(sql`s.started_at`, sql`s.id::text`)}
      ${newest(sql`s.started_at`, sql`s.id::text`, limit)})`
    return sql`
      select s.id::text as key, s.started_at as at, json_build_object('session_id', s.id, 'nas', nas.name,
        'acct_session_id', s.acct_session_id, 'mac', s.mac, 'interface', s.interface, 'framed_ip', host(s.framed_ip),
        'framed_ipv6_prefix', s.framed_ipv6_prefix, 'delegated_ipv6_prefix', s.delegated_ipv6_prefix,
        'mac_before', case when previous.mac <> s.mac then previous.mac end,
        'framed_ip_before', case when previous.framed_ip <> s.framed_ip then host(previous.framed_ip) end,
        'interface_before', case when previous.interface <> s.interface then previous.interface end) as data
      from (${inThree(mine)}) as s left join nas on nas.id = s.nas_id
        left join lateral (${previousSession}) as previous on true
      ${newest(sql`s.started_at`, sql`s.id::text`, limit)}`
  },
  'session-stop': ({ subscriberId, when, limit }) => {
    const mine = (table: string) => sql`(
      select s.id, s.nas_id, s.acct_session_id, s.ended_at, s.ended_by, s.terminate_cause, s.session_time,
        s.input_octets, s.output_octets, s.anomalies
      from ${sql.table(table)} s
      where s.subscriber_id = ${subscriberId} and s.service is null and s.ended_at is not null
        and ${when(sql`s.ended_at`, sql`s.id::text`)}
      ${newest(sql`s.ended_at`, sql`s.id::text`, limit)})`
    return sql`
      select s.id::text as key, s.ended_at as at, json_build_object('session_id', s.id, 'nas', nas.name,
        'acct_session_id', s.acct_session_id, 'ended_by', s.ended_by, 'terminate_cause', s.terminate_cause,
        'session_time', s.session_time, 'input_octets', s.input_octets::text, 'output_octets', s.output_octets::text,
        'anomalies', s.anomalies) as data
      from (${mine('session')} union all ${mine('session_archive')}) as s left join nas on nas.id = s.nas_id
      ${newest(sql`s.ended_at`, sql`s.id::text`, limit)}`
  },
  coa: ({ subscriberId, when, limit }) => sql`
    select coa_order.id::text as key, coa_order.created_at as at, json_build_object('coa_order_id', coa_order.id,
      'session_id', coa_order.session_id, 'nas', nas.name, 'wish', coa_order.wish, 'reason', coa_order.reason,
      'state', coa_order.state, 'evidence', coa_order.evidence, 'attempts', coa_order.attempts,
      'error_cause', coa_order.error_cause, 'finished_at', coa_order.finished_at) as data
    from coa_order left join nas on nas.id = coa_order.nas_id
    where coa_order.subscriber_id = ${subscriberId} and ${when(sql`coa_order.created_at`, sql`coa_order.id::text`)}
    ${newest(sql`coa_order.created_at`, sql`coa_order.id::text`, limit)}`,
  ledger: ({ subscriberId, when, limit }) => sql`
    select moved.id::text as key, moved.at, json_build_object('transaction_id', moved.id, 'kind', moved.kind,
      'amount_minor', moved.amount_minor::text, 'currency', moved.currency, 'note', moved.note, 'reason', moved.reason,
      'author_name', moved.author_name) as data
    from ledger_transaction moved
    where moved.subscriber_id = ${subscriberId} and ${when(sql`moved.at`, sql`moved.id::text`)}
    ${newest(sql`moved.at`, sql`moved.id::text`, limit)}`,
  // What was changed stands in the trail, for who may read it.
  audit: ({ subscriberId, when, limit }) => sql`
    select deed.id::text as key, deed.at, json_build_object('audit_id', deed.id, 'action', deed.action,
      'noun', deed.noun, 'author_kind', deed.author_kind, 'author_name', deed.author_name,
      'viewed_by', deed.viewed_by) as data
    from (
      select * from audit_entry where audit_entry.noun = 'subscriber' and audit_entry.row_id = ${subscriberId}
      union all
      select * from audit_entry
      where audit_entry.person_id = ${subscriberId} and audit_entry.noun not in ('subscriber', 'comment')
    ) as deed
    where ${when(sql`deed.at`, sql`deed.id::text`)}
    ${newest(sql`deed.at`, sql`deed.id::text`, limit)}`,
  comment: ({ subscriberId, when, limit }) => sql`
    select remark.id::text as key, remark.created_at as at, json_build_object('comment_id', remark.id,
      'text', remark.text, 'author_name', remark.author_name) as data
    from subscriber_comment remark
    where remark.subscriber_id = ${subscriberId} and ${when(sql`remark.created_at`, sql`remark.id::text`)}
    ${newest(sql`remark.created_at`, sql`remark.id::text`, limit)}`,
}

const startColumns = sql`s.id, s.subscriber_id, s.nas_id, s.acct_session_id, s.mac, s.interface, s.framed_ip,
  s.framed_ipv6_prefix, s.delegated_ipv6_prefix, s.started_at`

/** Open, just closed, archived: each has its index, and no index has all. */
function inThree(select: (table: string, more: RawBuilder<unknown>) => RawBuilder<unknown>): RawBuilder<unknown> {
  return sql.join(
    [
      select('session', sql`and s.ended_at is null`),
      select('session', sql`and s.ended_at is not null`),
      select('session_archive', sql``),
    ],
    sql` union all `,
  )
}

const before = (table: string, more: RawBuilder<unknown>) => sql`(
  select s2.started_at, s2.mac, s2.framed_ip, s2.interface from ${sql.table(table)} s2
  where s2.subscriber_id = s.subscriber_id and s2.service is null and s2.started_at < s.started_at ${more}
  order by s2.started_at desc limit 1)`
const previousSession = sql`
  select older.mac, older.framed_ip, older.interface
  from (${before('session', sql`and s2.ended_at is null`)} union all
    ${before('session', sql`and s2.ended_at is not null`)} union all ${before('session_archive', sql``)}) as older
  order by older.started_at desc limit 1`
