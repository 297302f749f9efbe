// A session as enforcement needs it: what names it on its NAS, whose it is, what it was given and told, and what its subscriber is
// entitled to at this moment, by the same rules as a login.

import type { Selectable } from 'kysely'
import { isTransient, isUnavailable } from '../db/errors.ts'
import type { Pool } from '../db/pool.ts'
import type { SessionTable } from '../db/schema-sessions.ts'
import { loadAccess } from './access.ts'
import { decideAccess, decideLine } from './access-decision.ts'
import type { AccessDecision } from './access-decision.ts'
import type { AccessRequest, AccessSubject, Gardens } from './access-subject.ts'
import { authorize, gardenPool } from './authorization.ts'
import type { Authorization } from './authorization.ts'
import type { Granted, RateBefore } from './coa-evidence.ts'
import type { AccessKind, LineFacts } from './line.ts'
import type { Nas } from './nas.ts'
import { readClassMarks } from './session-class.ts'
import type { ClassMarks } from './session-class.ts'
import type { Settings } from './setting.ts'

export type LiveSession = {
  readonly id: bigint
  readonly subscriberId: bigint | undefined
  /** Of the subscriber, canonical; empty where there is none. */
  readonly login: string
  readonly accountType: AccessKind
  readonly acctSessionId: string
  /** As the NAS sent it. */
  readonly username: string
  readonly classId: bigint | undefined
  readonly line: string | undefined
  readonly framedIp: string | undefined
  /** Prefixes with their length. */
  readonly framedIpv6Prefix: string | undefined
  readonly delegatedIpv6Prefix: string | undefined
  readonly framedIpv6Address: string | undefined
  /** One of two legs of a line; undefined: both, or no address was heard of. */
  readonly leg: 'v4' | 'v6' | undefined
  readonly facts: LineFacts
  /** Names of the services that run on it. */
  readonly services: readonly string[]
  /** What its Accept gave; undefined: it has no Class of ours. */
  readonly marks: ClassMarks | undefined
  /** What the last acknowledged change brought it to. */
  readonly granted: Granted | undefined
  /** Whether it is in the walled garden; undefined: not known. */
  readonly garden: boolean | undefined
  /** On average, by its accounting; undefined: it has only just begun. */
  readonly rateBefore: RateBefore | undefined
  /** Its last sign of life. */
  readonly aliveAt: Date
  readonly endedAt: Date | undefined
  /** A newer session of the line, elsewhere, has taken its place: its own NAS may still hold it. */
  readonly isReplaced: boolean
  /** Its NAS has given its Acct-Session-Id to a later session: what names this one there would hit that one. */
  readonly isReused: boolean
}

type Column =
  | ('id' | 'subscriber_id' | 'acct_session_id' | 'username' | 'class_id' | 'line' | 'framed_ip' | 'mac' | 'circuit_id')
  | ('remote_id' | 'duid' | 'interface' | 'port' | 's_vlan' | 'c_vlan' | 'ended_at' | 'ended_by' | 'updated_at')
  | ('framed_ipv6_prefix' | 'delegated_ipv6_prefix' | 'framed_ipv6_address')
type Row = Pick<Selectable<SessionTable>, Column> & {
  login: string | null
  account_type: AccessKind | null
  leg: 'v4' | 'v6' | null
  services: string[]
  granted: Granted | null
  is_unsure: boolean
  is_reused: boolean
  input_bps: number | null
  output_bps: number | null
}

/** SQL: bit/s of a direction over the whole of a session. How far its last records lie apart is not kept. */
const rateSoFar = (direction: 'input' | 'output') => `case when session.session_time >= 60 then
  session.${direction}_octets::double precision * 8 / session.session_time end`

/** Sessions by id; those that are gone to the archive are missing. */
export async function loadLiveSessions(pool: Pool, ids: readonly bigint[]): Promise<Map<bigint, LiveSession>> {
  const { rows } = await pool.query<Row>({
    name: 'load-live-sessions',
    text: `select session.id, session.subscriber_id, subscriber.username as login, subscriber.account_type,
        session.acct_session_id, coalesce(session.sent_username, session.username) as username, session.class_id,
        session.line, host(session.framed_ip) as framed_ip,
        session.mac::text as mac, session.circuit_id, session.remote_id, session.duid, session.interface, session.port,
        session.s_vlan, session.c_vlan, session.ended_at, session.ended_by, session.updated_at, session.leg,
        network(session.framed_ipv6_prefix)::text as framed_ipv6_prefix,
        network(session.delegated_ipv6_prefix)::text as delegated_ipv6_prefix,
        host(session.framed_ipv6_address) as framed_ipv6_address,
        ${rateSoFar('input')} as input_bps, ${rateSoFar('output')} as output_bps,
        array(select service.service from session service where service.parent_id = session.id and service.ended_at is null
          order by service.id) as services,
        told.granted,
        -- A scalar and not an exists, which could be made a table of all attempts.
        (select true from coa_order later cross join lateral (
            select 1 from coa_attempt sent
            where sent.order_id = later.id and sent.kind = 'change' and sent.garden
              and sent.outcome in ('timeout', 'bad-authenticator', 'error')
              and sent.at > coalesce(told.finished_at, '-infinity')
            limit 1) as unanswered
          where later.session_id = session.id limit 1) is true as is_unsure,
        (select true from session later where later.nas_id = session.nas_id
          and later.acct_session_id = session.acct_session_id and later.epoch > session.epoch
          and later.started_at > session.started_at limit 1) is true as is_reused
      from session left join subscriber on subscriber.id = session.subscriber_id
        left join lateral (
          -- The orders of the session first: for the newest alone all orders would be read from the last one down.
          select told.granted, told.finished_at from (
            select * from coa_order where coa_order.session_id = session.id offset 0
          ) as told
          where told.granted is not null order by told.id desc limit 1
        ) as told on true
      where session.id = any($1::bigint[])`,
    values: [`{${ids.join(',')}}`],
  })
  return new Map(rows.map((row) => [row.id, readSession(row)]))
}

function readSession(row: Row): LiveSession {
  const place = {
    raw: row.interface ?? '',
    ...(row.port === null ? {} : { port: row.port }),
    ...(row.s_vlan === null ? {} : { sVlan: row.s_vlan }),
    ...(row.c_vlan === null ? {} : { cVlan: row.c_vlan }),
  }
  return {
    id: row.id,
    subscriberId: row.subscriber_id ?? undefined,
    login: row.login ?? '',
    accountType: row.account_type ?? 'pppoe',
    acctSessionId: row.acct_session_id,
    username: row.username,
    classId: row.class_id ?? undefined,
    line: row.line ?? undefined,
    framedIp: row.framed_ip ?? undefined,
    framedIpv6Prefix: row.framed_ipv6_prefix ?? undefined,
    delegatedIpv6Prefix: row.delegated_ipv6_prefix ?? undefined,
    framedIpv6Address: row.framed_ipv6_address ?? undefined,
    leg: row.leg ?? undefined,
    facts: {
      mac: row.mac ?? undefined,
      circuitId: row.circuit_id ?? undefined,
      remoteId: row.remote_id ?? undefined,
      duid: row.duid ?? undefined,
      interface: row.interface === null ? undefined : place,
    },
    services: row.services,
    ...givenTo(row),
    rateBefore:
      row.input_bps === null || row.output_bps === null ? undefined : { downBps: row.output_bps, upBps: row.input_bps },
    aliveAt: row.updated_at,
    endedAt: row.ended_at ?? undefined,
    isReplaced: row.ended_by === 'replaced',
    isReused: row.is_reused,
  }
}

/** Of the accept and of the changes since; a change into the garden without an answer may have been carried out or not. */
function givenTo({ class_id: classId, granted: told, is_unsure: isUnsure }: Row) {
  const marks = classId === null ? undefined : readClassMarks(classId)
  const garden = told === null ? marks?.garden : told.garden !== null
  return { marks, granted: told ?? undefined, garden: garden === false && isUnsure ? undefined : garden }
}

/** What a live session should be brought to. `why` is for a person. */
export type Entitlement =
  | { readonly kind: 'none'; readonly why: string }
  | {
      readonly kind: 'service'
      readonly authorization: Authorization
      readonly subject: AccessSubject
      readonly gardenPools: GardenPools
    }

/** The pool of the plan's garden by the reason for it; undefined: it has none of its own. */
export type GardenPools = Readonly<Record<keyof Gardens, string | undefined>>

/** What the subscribers of sessions on one NAS are entitled to now, in the order of the sessions. */
async function entitlementsOf(
  pool: Pool,
  input: { sessions: readonly LiveSession[]; nas: Nas; settings: Settings },
  now: Date,
): Promise<Entitlement[]> {
  const { sessions, nas, settings } = input
  const keys = sessions.map(({ login, line }) => ({
    username: login,
    line,
    nasGroupId: nas.nasGroupId,
    addressSpaceId: nas.addressSpaceId,
  }))
  const subjects = await loadAccess(pool, keys, { zone: settings.zone, now })
  return sessions.map((session, at) => entitlementOf(session, subjects[at], { nas, settings }, now))
}

/** The same, with an error in place of each that cannot be read: it hurts no other. Throws where the database cannot be asked. */
export async function readEntitlements(
  pool: Pool,
  input: { sessions: readonly LiveSession[]; nas: Nas; settings: Settings },
  now: Date,
): Promise<(Entitlement | Error)[]> {
  const read = (sessions: readonly LiveSession[]): Promise<Entitlement[]> =>
    entitlementsOf(pool, { ...input, sessions }, now)
  const errorOf = (error: unknown): Error => {
    if (isUnavailable(error) || isTransient(error)) throw error
    return error instanceof Error ? error : new Error(String(error))
  }
  const { sessions } = input
  const all = await read(sessions).catch(errorOf)
  if (!(all instanceof Error)) return all
  return Promise.all(sessions.map(async (session) => (await read([session]).then(([one]) => one, errorOf))!))
}

function entitlementOf(
  session: LiveSession,
  subject: AccessSubject | undefined,
  { nas, settings }: { nas: Nas; settings: Settings },
  now: Date,
): Entitlement {
  if (subject === undefined || subject.id !== session.subscriberId) {
    return { kind: 'none', why: 'its subscriber is not there any more' }
  }
  const decision = decideOnline(session, subject, nas, now)
  if (decision.kind === 'reject') return { kind: 'none', why: decision.detail }
  const context = {
    garden: decision.garden,
    classId: session.classId ?? 0n,
    // What a pool gave it stays.
    lease: session,
    nasAttributes: [],
    nasGroupId: nas.nasGroupId,
    nasIntervalS: nas.settings.interim_interval_s,
    class: () => noClass,
    cui: undefined,
    settings,
  }
  const { plan } = subject
  const poolOf = (reason: keyof Gardens) => gardenPool(plan, plan.gardens[reason], settings)
  const gardenPools = { expired: poolOf('expired'), blocked: poolOf('blocked'), quota: poolOf('quota') }
  return { kind: 'service', authorization: authorize(subject, context, now), subject, gardenPools }
}

const noClass = Buffer.alloc(0)

/** What of a session its decision looks at. */
export type DecidedSession = Pick<
  LiveSession,
  'facts' | 'line' | 'login' | 'classId' | 'framedIp' | 'framedIpv6Prefix' | 'delegatedIpv6Prefix'
>

/** As of a login that proved itself: a session limit is no reason to end what is online. */
export function decideOnline(session: DecidedSession, subject: AccessSubject, nas: Nas, now: Date): AccessDecision {
  const { facts, line, login: username } = session
  const request: AccessRequest = { access: subject.accountType, username, facts, line, nas }
  if (subject.accountType === 'pppoe') return decideAccess(subject, request, 'match', now)
  const bound = { circuitId: undefined, remoteId: undefined, duid: undefined }
  const live = {
    classId: session.classId,
    session: undefined,
    framedIp: session.framedIp,
    framedIpv6Prefix: session.framedIpv6Prefix,
    delegatedIpv6Prefix: session.delegatedIpv6Prefix,
  }
  const identified = { kind: 'found', by: 'mac', subscriberId: subject.id, username, bound, live } as const
  return decideLine(subject, request, identified, now)
}
