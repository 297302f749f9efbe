// Which sessions are meant: filters of a list of sessions as SQL conditions over the alias `s`, a row of `session` or of
// `session_archive`, and how far a reader reaches among them.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { FieldError, quote } from '../field.ts'
import { normaliseMac } from '../mac.ts'
import { parseRange } from '../prefix.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { canonicalUsername } from '../username.ts'

/** `open`: not ended. `online`: open and heard of lately; `zombie`: open and not heard of. `ended`: all that have. */
export const sessionStates = ['open', 'online', 'zombie', 'ended'] as const
export type SessionState = (typeof sessionStates)[number]

export type SessionFilter = {
  state?: SessionState | undefined
  subscriberId?: bigint | undefined
  /** In any spelling. */
  username?: string | undefined
  nasId?: bigint | undefined
  nasGroupId?: bigint | undefined
  /** As the NAS writes it. */
  interface?: string | undefined
  port?: string | undefined
  sVlan?: number | undefined
  cVlan?: number | undefined
  /** An address, found also inside a prefix that a session has, or a prefix, whose addresses are found. */
  address?: string | undefined
  mac?: string | undefined
  acctSessionId?: string | undefined
  /** Of the start. */
  since?: Date | undefined
  until?: Date | undefined
  /** Only those with records that no order explains. */
  anomalies?: boolean | undefined
  /** Of services on sessions; default: they are left out. */
  services?: boolean | undefined
}

/** The conditions of a filter, but for its state. Throws FieldError. */
export function sessionCondition(filter: SessionFilter): RawBuilder<boolean> {
  const equal = (column: string, value: unknown) =>
    value === undefined ? undefined : sql`${sql.ref(`s.${column}`)} = ${value}`
  const conditions = [
    equal('subscriber_id', filter.subscriberId),
    equal('username', filter.username === undefined ? undefined : canonicalUsername(filter.username)),
    equal('nas_id', filter.nasId),
    equal('nas_group_id', filter.nasGroupId),
    equal('interface', filter.interface),
    equal('port', filter.port),
    equal('s_vlan', filter.sVlan),
    equal('c_vlan', filter.cVlan),
    equal('acct_session_id', filter.acctSessionId),
    filter.mac === undefined ? undefined : sql`s.mac = ${readMac(filter.mac)}::macaddr`,
    filter.address === undefined ? undefined : addressCondition(filter.address),
    filter.since === undefined ? undefined : sql`s.started_at >= ${filter.since}`,
    filter.until === undefined ? undefined : sql`s.started_at < ${filter.until}`,
    filter.anomalies === true ? sql`s.anomalies > 0` : undefined,
    filter.services === true ? undefined : sql`s.service is null`,
  ].filter((condition) => condition !== undefined)
  return conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`(${sql.join(conditions, sql` and `)})`
}

function readMac(text: string): string {
  const mac = normaliseMac(text)
  if (mac === undefined) throw new FieldError('mac', `${quote(text)} is not a MAC address`)
  return mac
}

function addressCondition(text: string): RawBuilder<boolean> {
  const range = parseRange('address', text)
  const isV6 = range.includes(':')
  const isHost = range.endsWith(isV6 ? '/128' : '/32')
  if (!isHost) {
    const columns = isV6 ? ['framed_ipv6_address', 'framed_ipv6_prefix', 'delegated_ipv6_prefix'] : ['framed_ip']
    const within = columns.map((column) => sql`${sql.ref(`s.${column}`)} <<= ${range}::inet`)
    return sql<boolean>`(${sql.join(within, sql` or `)})`
  }
  const host = range.slice(0, range.indexOf('/'))
  if (!isV6) return sql<boolean>`s.framed_ip = ${host}::inet`
  // Prefixes come with their host bits clear (RFC 3162 §2.3): each that may hold the address is looked up by itself.
  const around = sql`any (array(
    select network(set_masklen(${host}::inet, length))::inet from generate_series(1, 128) as length))`
  return sql<boolean>`(s.framed_ipv6_address = ${host}::inet or s.framed_ipv6_prefix = ${around}
    or s.delegated_ipv6_prefix = ${around})`
}

/** Whether a row is in reach; sessions of nobody of ours are for who sees all subscribers. */
export function sessionInScope(scope: Scope, alias = 's'): RawBuilder<boolean> {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  const grouped =
    scope.nasGroupIds === undefined ? sql`true` : sql`${column('nas_group_id')} = any(${scope.nasGroupIds}::bigint[])`
  if (scope.ownerId === undefined && scope.zones === undefined) return sql<boolean>`${grouped}`
  return sql<boolean>`(${grouped} and exists (
    select from subscriber where subscriber.id = ${column('subscriber_id')} and ${subscriberInScope(scope)}))`
}
