// Sessions as lists show them, live and past, newest first: one list over `session` and its archive, where a session that moves
// from one to the other keeps its place.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { NotFoundError } from '../field.ts'
import { showLineId } from '../line-id.ts'
import { reachableSubscribers } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { onlineSql } from '../session.ts'
import { canonicalUsername } from '../username.ts'
import { sessionCondition, sessionInScope } from './session-condition.ts'
import type { SessionFilter, SessionState } from './session-condition.ts'

/** Octets and times as the NAS counted them; ids of a line as text or `0x…`. */
export type SessionShown = {
  id: bigint
  /** The start to the microsecond, for the place in a list. */
  startedKey: string
  isArchived: boolean
  nasId: bigint
  nas: string | null
  acctSessionId: string
  service: string | null
  subscriberId: bigint | null
  username: string
  state: 'online' | 'zombie' | 'ended'
  mac: string | null
  interface: string | null
  port: string | null
  sVlan: number | null
  cVlan: number | null
  circuitId: string | null
  remoteId: string | null
  framedIp: string | null
  framedIpv6Prefix: string | null
  delegatedIpv6Prefix: string | null
  framedIpv6Address: string | null
  startedAt: Date
  updatedAt: Date
  endedAt: Date | null
  endedBy: string | null
  terminateCause: number | null
  sessionTime: bigint
  inputOctets: bigint
  outputOctets: bigint
  anomalies: number
  lastAnomaly: string | null
}

type Row = Omit<SessionShown, 'circuitId' | 'remoteId' | 'state'> & {
  circuitId: Buffer | null
  remoteId: Buffer | null
  isOnline: boolean
}

/** Where a page ended. */
export type SessionKey = { startedKey: string; id: bigint }

/** A page of sessions. Throws FieldError. */
export async function listSessionPage(
  db: Db,
  input: { filter: SessionFilter; before?: SessionKey | undefined; limit: number },
  scope: Scope,
  now: Date,
): Promise<SessionShown[]> {
  const { filter, before, limit } = input
  const after =
    before === undefined
      ? sql`true`
      : sql`(s.started_at, s.id) < (${before.startedKey}::timestamptz, ${before.id}::bigint)`
  const meant = await resolveName(db, filter)
  const condition = sql`${sessionCondition(meant)} and ${after} and ${sessionInScope(scope)}`
  const options = { state: filter.state, limit, isOfOne: meant.subscriberId !== undefined }
  return selectSessions(db, condition, options, now)
}

/** Sessions are found by the subscriber, of whom there is an index; by a username only where nobody has it. */
async function resolveName(db: Db, filter: SessionFilter): Promise<SessionFilter> {
  if (filter.username === undefined || filter.subscriberId !== undefined) return filter
  const owner = await db
    .selectFrom('subscriber')
    .select('id')
    .where('username', '=', canonicalUsername(filter.username))
    .where('username_reserved', '=', true)
    .executeTakeFirst()
  return owner === undefined ? filter : { ...filter, username: undefined, subscriberId: owner.id }
}

/** The sessions of one subscriber. Throws FieldError, or NotFoundError where it is not there or out of reach. */
export async function listSubscriberSessions(
  db: Db,
  input: { filter: SessionFilter & { subscriberId: bigint }; before?: SessionKey | undefined; limit: number },
  scope: Scope,
  now: Date,
): Promise<SessionShown[]> {
  const { subscriberId } = input.filter
  const [found] = await reachableSubscribers(db, scope, [subscriberId])
  if (found === undefined) throw new NotFoundError('subscriber', String(subscriberId))
  return listSessionPage(db, input, scope, now)
}

/** One session, live or archived. Throws NotFoundError. */
export async function showSession(db: Db, id: bigint, scope: Scope, now: Date): Promise<SessionShown> {
  const condition = sql`s.id = ${id} and ${sessionInScope(scope)}`
  const [session] = await selectSessions(db, condition, { state: undefined, limit: 1, isOfOne: false }, now)
  if (session === undefined) throw new NotFoundError('session', String(id))
  return session
}

/** How many are open, and of these online. */
export async function countSessions(
  db: Db,
  filter: SessionFilter,
  scope: Scope,
  now: Date,
): Promise<{ open: number; online: number }> {
  const meant = await resolveName(db, filter)
  const { rows } = await sql<{ open: bigint; online: bigint }>`
    select count(*) as open, count(*) filter (where ${isOnline(now)}) as online
    from session s left join nas on nas.id = s.nas_id
    where s.ended_at is null and ${sessionCondition(meant)} and ${sessionInScope(scope)}`.execute(db)
  return { open: Number(rows[0]!.open), online: Number(rows[0]!.online) }
}

function isOnline(now: Date): RawBuilder<boolean> {
  const [before, after] = onlineSql('s', 'nas', '\0').split('\0')
  return sql<boolean>`${sql.raw(before!)}${now}::timestamptz${sql.raw(after!)}`
}

function stateCondition(state: SessionState | undefined, now: Date): RawBuilder<unknown> {
  if (state === undefined) return sql`true`
  if (state === 'ended') return sql`s.ended_at is not null`
  if (state === 'open') return sql`s.ended_at is null`
  return state === 'online' ? isOnline(now) : sql`s.ended_at is null and not ${isOnline(now)}`
}

const columns = sql`s.id, s.started_at::text as "startedKey", s.nas_id as "nasId", nas.name as nas,
  s.acct_session_id as "acctSessionId", s.service, s.subscriber_id as "subscriberId", s.username, s.mac::text, s.interface,
  s.port, s.s_vlan as "sVlan", s.c_vlan as "cVlan", s.circuit_id as "circuitId", s.remote_id as "remoteId",
  host(s.framed_ip) as "framedIp", s.framed_ipv6_prefix::text as "framedIpv6Prefix",
  s.delegated_ipv6_prefix::text as "delegatedIpv6Prefix", host(s.framed_ipv6_address) as "framedIpv6Address",
  s.started_at as "startedAt", s.updated_at as "updatedAt", s.ended_at as "endedAt", s.ended_by as "endedBy",
  s.terminate_cause as "terminateCause", s.session_time as "sessionTime", s.input_octets as "inputOctets",
  s.output_octets as "outputOctets", s.anomalies, s.last_anomaly as "lastAnomaly"`

type Options = {
  state: SessionState | undefined
  limit: number
  /** Of one subscriber: its open and its closed sessions have an index each, and no index has both. */
  isOfOne: boolean
}

async function selectSessions(
  db: Db,
  condition: RawBuilder<unknown>,
  { state, limit, isOfOne }: Options,
  now: Date,
): Promise<SessionShown[]> {
  // Each side gives its newest by its own index; what is archived has ended.
  const side = (table: 'session' | 'session_archive', more: RawBuilder<unknown>) => sql`(
    select ${columns}, ${table === 'session' ? sql`false` : sql`true`} as "isArchived", ${isOnline(now)} as "isOnline"
    from ${sql.table(table)} s left join nas on nas.id = s.nas_id
    where ${condition} and ${stateCondition(state, now)} and ${more}
    order by s.started_at desc, s.id desc limit ${limit})`
  const isOpen = sql`s.ended_at is null`
  const isClosed = sql`s.ended_at is not null`
  const live = isOfOne ? [side('session', isOpen), side('session', isClosed)] : [side('session', sql`true`)]
  const isPast = state === undefined || state === 'ended'
  const sides = isPast ? [...live, side('session_archive', sql`true`)] : live
  const { rows } = await sql<Row>`
    select * from (${sql.join(sides, sql` union all `)}) as found
    order by found."startedAt" desc, found.id desc limit ${limit}`.execute(db)
  return rows.map(({ isOnline: online, circuitId, remoteId, ...row }) => ({
    ...row,
    state: row.endedAt !== null ? 'ended' : online ? 'online' : 'zombie',
    circuitId: circuitId && showLineId(circuitId),
    remoteId: remoteId && showLineId(remoteId),
  }))
}
