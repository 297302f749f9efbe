// Whose line is this? For lines that prove no password (IPoE): the subscriber by the first fact, in the order of the NAS group,
// that somebody has, and the line's live session or login if there is one. One statement for all requests that wait. Two
// subscribers with the same fact are told, never guessed between.

import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import { freshClaimSql, liveSessionSql } from './access.ts'
import type { IdentityKind, Line, LineFacts } from './line.ts'

/** What is looked for. */
export type IdentityKey = {
  readonly facts: LineFacts
  readonly line: Line | undefined
  readonly order: readonly IdentityKind[]
  readonly nasGroupId: bigint
}

/** `learning`: nothing told, but the line is one on which the next unknown MAC is to be accepted. */
export type IdentifiedBy = IdentityKind | 'learning'

/** The session that a line has open, or the login whose Start has not come yet: a further request of the line renews it. */
export type LiveLine = {
  /** Undefined where the session began without us. */
  readonly classId: bigint | undefined
  /** Undefined for a login without a session yet. */
  readonly session: { readonly id: bigint; readonly updatedAt: Date; readonly intervalS: number } | undefined
  readonly framedIp: string | undefined
  readonly framedIpv6Prefix: string | undefined
  readonly delegatedIpv6Prefix: string | undefined
}

export type Identified = {
  readonly kind: 'found'
  readonly by: IdentifiedBy
  readonly subscriberId: bigint
  readonly username: string
  /** Further facts that the subscriber is bound to. */
  readonly bound: Pick<LineFacts, 'circuitId' | 'remoteId' | 'duid'>
  readonly live: LiveLine | undefined
}

export type Identity =
  | Identified
  | { readonly kind: 'nobody' }
  /** So many subscribers have the fact. */
  | { readonly kind: 'ambiguous'; readonly by: IdentifiedBy; readonly holders: number }

const ofGroup = `(subscriber.bound_nas_group_id is null or subscriber.bound_nas_group_id = wanted.nas_group_id)`
/** Every part that is bound matches; of the two that tell a line, one is looked up by index. */
const ofPlace = `(subscriber.bound_port is null or subscriber.bound_port = wanted.port)
      and (subscriber.bound_s_vlan is null or subscriber.bound_s_vlan = wanted.s_vlan) and ${ofGroup}`
const ofVlan = `subscriber.bound_c_vlan = wanted.c_vlan
      and (subscriber.bound_interface is null or subscriber.bound_interface = wanted.interface) and ${ofPlace}`
const ofInterface = `subscriber.bound_c_vlan is null and subscriber.bound_interface = wanted.interface and ${ofPlace}`

/** An id of one access node may be another node's too: where both ids are known they count as a pair. */
const unlessOther = (column: string): string =>
  `(subscriber.${column} is null or wanted.${column} is null or subscriber.${column} = wanted.${column})`
const ofCircuit = `subscriber.circuit_id = wanted.circuit_id and ${unlessOther('remote_id')} and ${ofGroup}`
const ofRemote = `subscriber.remote_id = wanted.remote_id and ${unlessOther('circuit_id')} and ${ofGroup}`

const learns = `kind.name = 'learning' and wanted.mac is not null and subscriber.learn_mac_until > $1::timestamptz`
const learning = [ofCircuit, ofRemote, ofVlan, ofInterface].map(
  (place) => `select subscriber.id from subscriber where ${learns} and ${place}`,
)

// Each kind is a look-up by index that is made only where the order names it and the request carries the fact. A subscriber
// is looked up by id behind `offset 0`, so that the planner cannot turn the look-up round into a scan.
const text = `
with wanted as materialized (
  select * from unnest((select $3::text[]), (select $4::macaddr[]), (select $5::bytea[]), (select $6::bytea[]),
    (select $7::bytea[]), (select $8::text[]), (select $9::text[]), (select $10::integer[]), (select $11::integer[]),
    (select $12::bigint[]), (select $13::text[])) with ordinality as wanted (identity_order, mac, circuit_id, remote_id,
    duid, interface, port, s_vlan, c_vlan, nas_group_id, line, position)
), hit as materialized (
  select wanted.position, kind.at, kind.name, owner.id
  from wanted
  cross join lateral unnest(string_to_array(wanted.identity_order, ',') || '{learning}'::text[])
    with ordinality as kind (name, at)
  cross join lateral (
    select device.subscriber_id as id from device
    where kind.name = 'mac' and device.mac = wanted.mac and device.bound
    union all select subscriber.id from subscriber where kind.name = 'circuit-id' and ${ofCircuit}
    union all select subscriber.id from subscriber where kind.name = 'remote-id' and ${ofRemote}
    union all select subscriber.id from subscriber where kind.name = 'duid' and subscriber.duid = wanted.duid
    union all select subscriber.id from subscriber where kind.name = 'interface' and ${ofVlan}
    union all select subscriber.id from subscriber where kind.name = 'interface' and ${ofInterface}
    union all ${learning.join('\n    union all ')}
  ) as candidate
  cross join lateral (
    select subscriber.id from subscriber
    where subscriber.id = candidate.id and subscriber.account_type = 'ipoe' and subscriber.archived_at is null offset 0
  ) as owner
), first as (
  select hit.position, min(hit.at) as at from hit group by hit.position
), chosen as materialized (
  select hit.position, min(hit.name) as by, min(hit.id) as id, count(distinct hit.id) as holders
  from hit join first on first.position = hit.position and first.at = hit.at
  group by hit.position
)
select chosen.position, chosen.by, chosen.holders, owner.id, owner.username, owner.circuit_id, owner.remote_id, owner.duid,
  live.session_id, live.updated_at, live.interval_s, live.framed_ip, live.framed_ipv6_prefix, live.delegated_ipv6_prefix,
  coalesce(live.class_id, claim.class_id) as class_id, live.session_id is not null or claim.class_id is not null as is_live
from chosen
cross join lateral (select wanted.* from wanted where wanted.position = chosen.position) as wanted
cross join lateral (select subscriber.* from subscriber where subscriber.id = chosen.id offset 0) as owner
left join lateral (
  select session.id as session_id, session.class_id, session.updated_at,
    coalesce(session.interim_interval_s, $2::integer) as interval_s, host(session.framed_ip) as framed_ip,
    text(session.framed_ipv6_prefix) as framed_ipv6_prefix, text(session.delegated_ipv6_prefix) as delegated_ipv6_prefix
  from session
  where session.subscriber_id = chosen.id and session.line = wanted.line and session.nas_group_id = wanted.nas_group_id
    and ${liveSessionSql({ now: '$1', intervalS: '$2' })}
  order by session.framed_ip is null, session.started_at desc limit 1
) as live on chosen.holders = 1
left join lateral (
  select session_claim.class_id from session_claim
  where session_claim.subscriber_id = chosen.id and session_claim.line = wanted.line
    and session_claim.nas_group_id = wanted.nas_group_id and ${freshClaimSql('$1')} limit 1
) as claim on chosen.holders = 1 and live.session_id is null`

/**
 * The identities of the keys, in their order. `intervalS` is the interim interval of sessions that have none of their own.
 */
export async function identifyLines(
  pool: Pool,
  keys: readonly IdentityKey[],
  intervalS: number,
  now: Date,
): Promise<Identity[]> {
  const octets = (read: (facts: LineFacts) => Buffer | undefined): string =>
    textArrayLiteral(keys.map(({ facts }) => octetsText(read(facts))))
  const { rows } = await pool.query<Row>({
    name: 'identify-lines',
    text,
    values: [
      now,
      intervalS,
      textArrayLiteral(keys.map(({ order }) => order.join(','))),
      textArrayLiteral(keys.map(({ facts }) => facts.mac)),
      octets((facts) => facts.circuitId),
      octets((facts) => facts.remoteId),
      octets((facts) => facts.duid),
      textArrayLiteral(keys.map(({ facts }) => facts.interface?.raw)),
      textArrayLiteral(keys.map(({ facts }) => facts.interface?.port)),
      arrayLiteral(keys.map(({ facts }) => facts.interface?.sVlan)),
      arrayLiteral(keys.map(({ facts }) => facts.interface?.cVlan)),
      arrayLiteral(keys.map(({ nasGroupId }) => nasGroupId)),
      textArrayLiteral(keys.map(({ line }) => line)),
    ],
  })
  const identities = keys.map((): Identity => ({ kind: 'nobody' }))
  for (const row of rows) identities[Number(row.position) - 1] = readIdentity(row)
  return identities
}

/** `\x0a1b…`, as Postgres reads bytea. */
function octetsText(octets: Buffer | undefined): string | undefined {
  return octets === undefined ? undefined : `\\x${octets.toString('hex')}`
}

type Row = {
  position: bigint
  by: IdentifiedBy
  holders: bigint
  id: bigint
  username: string
  circuit_id: Buffer | null
  remote_id: Buffer | null
  duid: Buffer | null
  session_id: bigint | null
  updated_at: Date
  interval_s: number
  framed_ip: string | null
  framed_ipv6_prefix: string | null
  delegated_ipv6_prefix: string | null
  class_id: bigint | null
  is_live: boolean
}

function readIdentity(row: Row): Identity {
  if (row.holders > 1n) return { kind: 'ambiguous', by: row.by, holders: Number(row.holders) }
  return {
    kind: 'found',
    by: row.by,
    subscriberId: row.id,
    username: row.username,
    bound: {
      circuitId: row.circuit_id ?? undefined,
      remoteId: row.remote_id ?? undefined,
      duid: row.duid ?? undefined,
    },
    live: row.is_live ? readLive(row) : undefined,
  }
}

function readLive(row: Row): LiveLine {
  const { session_id: id, updated_at: updatedAt, interval_s: intervalS } = row
  return {
    classId: row.class_id ?? undefined,
    session: id === null ? undefined : { id, updatedAt, intervalS },
    framedIp: row.framed_ip ?? undefined,
    framedIpv6Prefix: row.framed_ipv6_prefix ?? undefined,
    delegatedIpv6Prefix: row.delegated_ipv6_prefix ?? undefined,
  }
}
