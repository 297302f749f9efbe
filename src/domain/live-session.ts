// A session as enforcement needs it: what names it on its NAS, whose it is, and what its subscriber is entitled to at this
// moment, by the same rules as a login. What was decided when it began does not count.

import type { Selectable } from 'kysely'
import type { Pool } from '../db/pool.ts'
import type { SessionTable } from '../db/schema-sessions.ts'
import { loadAccess } from './access.ts'
import { decideAccess, decideLine } from './access-decision.ts'
import type { AccessDecision } from './access-decision.ts'
import type { AccessRequest, AccessSubject } from './access-subject.ts'
import { authorize } from './authorization.ts'
import type { Authorization } from './authorization.ts'
import type { AccessKind, LineFacts } from './line.ts'
import type { Nas } from './nas.ts'
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
  readonly facts: LineFacts
  /** Names of the services that run on it. */
  readonly services: readonly string[]
  readonly endedAt: Date | undefined
  /** A newer session of the line, elsewhere, has taken its place: its own NAS may still hold it. */
  readonly isReplaced: boolean
}

type Column =
  | ('id' | 'subscriber_id' | 'acct_session_id' | 'username' | 'class_id' | 'line' | 'framed_ip' | 'mac' | 'circuit_id')
  | ('remote_id' | 'duid' | 'interface' | 'port' | 's_vlan' | 'c_vlan' | 'ended_at' | 'ended_by')
type Row = Pick<Selectable<SessionTable>, Column> & {
  login: string | null
  account_type: AccessKind | null
  services: string[]
}

/** Sessions by id; those that are gone to the archive are missing. */
export async function loadLiveSessions(pool: Pool, ids: readonly bigint[]): Promise<Map<bigint, LiveSession>> {
  const { rows } = await pool.query<Row>({
    name: 'load-live-sessions',
    text: `select session.id, session.subscriber_id, subscriber.username as login, subscriber.account_type,
        session.acct_session_id, session.username, session.class_id, session.line, host(session.framed_ip) as framed_ip,
        session.mac::text as mac, session.circuit_id, session.remote_id, session.duid, session.interface, session.port,
        session.s_vlan, session.c_vlan, session.ended_at, session.ended_by,
        array(select service.service from session service where service.parent_id = session.id and service.ended_at is null
          order by service.id) as services
      from session left join subscriber on subscriber.id = session.subscriber_id
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
    facts: {
      mac: row.mac ?? undefined,
      circuitId: row.circuit_id ?? undefined,
      remoteId: row.remote_id ?? undefined,
      duid: row.duid ?? undefined,
      interface: row.interface === null ? undefined : place,
    },
    services: row.services,
    endedAt: row.ended_at ?? undefined,
    isReplaced: row.ended_by === 'replaced',
  }
}

/** What a live session should be brought to. `why` is for a person. */
export type Entitlement =
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'service'; readonly authorization: Authorization; readonly subject: AccessSubject }

/** What the subscribers of sessions on one NAS are entitled to now, in the order of the sessions. */
export async function entitlementsOf(
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

function entitlementOf(
  session: LiveSession,
  subject: AccessSubject | undefined,
  { nas, settings }: { nas: Nas; settings: Settings },
  now: Date,
): Entitlement {
  if (subject === undefined || subject.id !== session.subscriberId) {
    return { kind: 'none', why: 'its subscriber is not there any more' }
  }
  const decision = decide(session, subject, nas, now)
  if (decision.kind === 'reject') return { kind: 'none', why: decision.detail }
  const context = {
    garden: decision.garden,
    classId: session.classId ?? 0n,
    // What a pool gave it stays.
    lease: { framedIp: session.framedIp, framedIpv6Prefix: undefined, delegatedIpv6Prefix: undefined },
    nasAttributes: [],
    nasGroupId: nas.nasGroupId,
    nasIntervalS: nas.settings.interim_interval_s,
    class: () => noClass,
    cui: undefined,
    settings,
  }
  return { kind: 'service', authorization: authorize(subject, context, now), subject }
}

const noClass = Buffer.alloc(0)

/** As of a login that proved itself: a session limit is no reason to end what is online. */
function decide(session: LiveSession, subject: AccessSubject, nas: Nas, now: Date): AccessDecision {
  const { facts, line, login: username } = session
  const request: AccessRequest = { access: subject.accountType, username, facts, line, nas }
  if (subject.accountType === 'pppoe') return decideAccess(subject, request, 'match', now)
  const bound = { circuitId: undefined, remoteId: undefined, duid: undefined }
  const live = {
    classId: session.classId,
    session: undefined,
    framedIp: session.framedIp,
    framedIpv6Prefix: undefined,
    delegatedIpv6Prefix: undefined,
  }
  const identified = { kind: 'found', by: 'mac', subscriberId: subject.id, username, bound, live } as const
  return decideLine(subject, request, identified, now)
}
