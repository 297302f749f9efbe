// What was committed since a position, read from the tables where it happened: no trigger, no queue, nothing that a login or an
// accounting record would wait for. Candidates are found by index; whether the position has seen a row says the transaction
// that wrote it.

import { sql } from 'kysely'
import type { Kysely, RawBuilder } from 'kysely'
import type { Database, Db } from '../../db/schema.ts'
import { reasonSentence } from '../why.ts'
import type { ActivityEvent, Topic } from './event.ts'
import { currentPosition } from './position.ts'
import type { Position } from './position.ts'

export type Feed = {
  /** In the order of their time; no more than `limit` of a topic. */
  events: ActivityEvent[]
  position: Position
  /** Topics of which there was more than was told. */
  cut: Topic[]
}

/** A row is written at most so long after what it tells, as a rule. */
const promptMs = 2 * 60_000
/** Ends that were found late (a silent session, a Stop that was repeated) are looked for so far back. */
const lateMs = 2 * 3_600_000
/** An order is finished long before. */
const orderMs = 20 * 60_000

/**
 * Reads what the topics have since `from`, all at one instant. `late`: looks also for what is told long after it happened,
 * which costs more; a reader does so now and then.
 */
export async function readFeed(
  db: Kysely<Database>,
  input: { from: Position; topics: ReadonlySet<Topic>; limit: number; late: boolean },
  now: Date,
): Promise<Feed> {
  const { from, limit, late } = input
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const current = await currentPosition(trx, now)
      const position = late ? current : { ...current, late: from.late }
      const events: ActivityEvent[] = []
      const cut: Topic[] = []
      for (const topic of input.topics) {
        const found = await readTopic(trx, topic, { from, late, limit })
        if (found.length > limit) cut.push(topic)
        events.push(...found.slice(0, limit))
      }
      events.sort((one, other) => one.at.getTime() - other.at.getTime() || (one.key < other.key ? -1 : 1))
      return { events, position, cut }
    })
}

type Reading = { from: Position; late: boolean; limit: number }
type Row = Omit<ActivityEvent, 'topic' | 'kind'> & { kind: ActivityEvent['kind'] }

async function readTopic(db: Db, topic: Topic, reading: Reading): Promise<ActivityEvent[]> {
  const { rows } = await sql<Row>`
    select * from (${sources[topic](reading)}) as event order by event.at limit ${reading.limit + 1}`.execute(db)
  return rows.map((row) => ({ topic, ...row, data: row.kind === 'decision' ? withSentence(row.data) : row.data }))
}

function withSentence(data: Row['data']): Row['data'] {
  return { ...data, sentence: reasonSentence(data['accepted'] === true, String(data['reason'])) }
}

/** Whether the position has not seen the version of the row. */
function isNew(alias: string, snapshot: string): RawBuilder<boolean> {
  return sql<boolean>`not pg_visible_in_snapshot(
    whole_xid(${sql.ref(`${alias}.xmin`)}, pg_current_snapshot()), ${snapshot}::pg_snapshot)`
}

function before(from: Position, ms: number): Date {
  return new Date(from.at.getTime() - ms)
}

const ofSubscriber = sql`subscriber.owner_id as "ownerId", subscriber.zone`

const sources: Record<Topic, (reading: Reading) => RawBuilder<unknown>> = {
  decisions: ({ from }) => sql`
    select 'decision' as kind, 'decision:' || log.tableoid || ':' || log.ctid as key, log.last_at as at,
      log.subscriber_id as "subscriberId", log.username, ${ofSubscriber}, nas.nas_group_id as "nasGroupId",
      json_build_object('nas', nas.name, 'line', log.line, 'interface', log.interface, 'method', log.method,
        'reason', log.reason, 'accepted', log.accepted, 'detail', log.detail, 'count', log.count) as data
    from access_log log left join nas on nas.id = log.nas_id
      left join subscriber on subscriber.id = log.subscriber_id
    where log.day >= ${before(from, promptMs)}::timestamptz::date - 1 and log.last_at > ${before(from, promptMs)}
      and ${isNew('log', from.snapshot)}`,
  sessions: ({ from, late }) => sql`
    select 'session-start' as kind, 'session:' || session.id || ':start' as key, session.started_at as at,
      ${sessionColumns} where session.id > ${from.sessionFloor} and session.service is null
      and ${isNew('session', from.snapshot)}
    union all ${stops(sql`session.ended_at > ${before(from, promptMs)}`, from.snapshot)}
    ${late ? sql`union all ${lateStops(from)}` : sql``}`,
  coa: ({ from }) => sql`
    select 'coa' as kind, 'coa:' || coa_order.id || ':' || coa_order.state as key,
      coalesce(coa_order.finished_at, coa_order.created_at) as at, coa_order.subscriber_id as "subscriberId",
      subscriber.username, ${ofSubscriber}, nas.nas_group_id as "nasGroupId",
      json_build_object('id', coa_order.id, 'session_id', coa_order.session_id, 'nas', nas.name, 'wish', coa_order.wish,
        'reason', coa_order.reason, 'state', coa_order.state, 'evidence', coa_order.evidence,
        'attempts', coa_order.attempts, 'error_cause', coa_order.error_cause) as data
    from coa_order left join nas on nas.id = coa_order.nas_id
      left join subscriber on subscriber.id = coa_order.subscriber_id
    where coa_order.id > coalesce((select older.id from coa_order older where older.created_at < ${before(from, orderMs)}
        order by older.id desc limit 1), 0) and ${isNew('coa_order', from.snapshot)}`,
  // Values stay in the trail: personal ones lie sealed.
  audit: ({ from }) => sql`
    select 'audit' as kind, 'audit:' || audit_entry.id as key, audit_entry.at, subscriber.id as "subscriberId",
      subscriber.username, audit_entry.owner_id as "ownerId", subscriber.zone, null::bigint as "nasGroupId",
      json_build_object('id', audit_entry.id, 'action', audit_entry.action, 'noun', audit_entry.noun,
        'row_id', audit_entry.row_id, 'author_kind', audit_entry.author_kind, 'author_name', audit_entry.author_name) as data
    from audit_entry left join subscriber on subscriber.id =
      coalesce(audit_entry.person_id, case when audit_entry.noun = 'subscriber' then audit_entry.row_id end)
    where audit_entry.changed_by >= pg_snapshot_xmin(${from.snapshot}::pg_snapshot)
      and not pg_visible_in_snapshot(audit_entry.changed_by, ${from.snapshot}::pg_snapshot)`,
  alarms: ({ from }) => sql`
    select 'alarm' as kind, 'alarm:' || alarm.kind || ':' || alarm.subject || ':' || alarm.count
        || case when alarm.cleared_at is null then '' else ':cleared' end as key,
      coalesce(alarm.cleared_at, alarm.last_at) as at, null::bigint as "subscriberId", null as username,
      null::bigint as "ownerId", null as zone, null::bigint as "nasGroupId",
      json_build_object('kind', alarm.kind, 'subject', alarm.subject, 'text', alarm.text, 'count', alarm.count,
        'cleared', alarm.cleared_at is not null) as data
    from alarm where ${isNew('alarm', from.snapshot)}`,
  bulk: ({ from }) => sql`
    select 'bulk' as kind, 'bulk:' || bulk_run.id || ':' || bulk_run.state || ':' || bulk_run.worked_position as key,
      coalesce(bulk_run.finished_at, bulk_run.worked_at, bulk_run.started_at, bulk_run.created_at) as at,
      null::bigint as "subscriberId", null as username, bulk_run.owner_id as "ownerId", null as zone,
      null::bigint as "nasGroupId", json_build_object('id', bulk_run.id, 'action', bulk_run.action,
        'state', bulk_run.state, 'total', bulk_run.total, 'done', bulk_run.done, 'unchanged', bulk_run.unchanged,
        'refused', bulk_run.refused, 'failed', bulk_run.failed, 'author_name', bulk_run.author_name) as data
    from bulk_run where bulk_run.id > (select coalesce(max(newest.id), 0) - 200 from bulk_run newest)
      and ${isNew('bulk_run', from.snapshot)}`,
}

const sessionColumns = sql`
  session.subscriber_id as "subscriberId", session.username, ${ofSubscriber}, session.nas_group_id as "nasGroupId",
  json_build_object('id', session.id, 'nas', nas.name, 'acct_session_id', session.acct_session_id,
    'mac', session.mac, 'interface', session.interface, 'framed_ip', host(session.framed_ip),
    'framed_ipv6_prefix', session.framed_ipv6_prefix, 'delegated_ipv6_prefix', session.delegated_ipv6_prefix,
    'started_at', session.started_at, 'ended_at', session.ended_at, 'ended_by', session.ended_by,
    'terminate_cause', session.terminate_cause, 'session_time', session.session_time,
    'input_octets', session.input_octets::text, 'output_octets', session.output_octets::text) as data
  from session left join nas on nas.id = session.nas_id left join subscriber on subscriber.id = session.subscriber_id`

function stops(when: RawBuilder<unknown>, snapshot: string): RawBuilder<unknown> {
  return sql`
    select 'session-stop' as kind, 'session:' || session.id || ':stop' as key, session.ended_at as at, ${sessionColumns}
    where ${when} and session.service is null and ${isNew('session', snapshot)}`
}

function lateStops(from: Position): RawBuilder<unknown> {
  const when = sql`session.ended_at > ${before(from, lateMs)} and session.ended_at <= ${before(from, promptMs)}`
  return stops(when, from.late)
}
