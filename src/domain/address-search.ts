// Who has an address, or had it at an instant: static addresses, open and closed sessions, the archive. An address inside a
// prefix finds its holder: each prefix that could contain it is looked up by itself, which a plain index can do. Spaces are told
// apart: the same address may be on many routers (decision 13). MACs and circuit ids find the subscribers that have them.

import ipaddr from 'ipaddr.js'
import type { Pool } from '../db/pool.ts'
import { parseLineId, showLineId } from './line-id.ts'
import { normaliseMac } from './mac.ts'
import { parseHost } from './prefix.ts'

/** One who has, or had, what was looked for. */
export type Holder = {
  source: 'static' | 'session' | 'archive' | 'device' | 'circuit-id'
  /** What matched: `framed-ip`, `delegated-ipv6-prefix`, … */
  kind: string
  /** The address or prefix itself. */
  held: string
  /** Whether it is exactly the address, not only a prefix around it. */
  exact: boolean
  /** Name of the address space; null where there is none to tell. */
  space: string | null
  username: string
  /** Null: nobody of ours. */
  subscriberId: bigint | null
  nas: string | null
  acctSessionId: string | null
  mac: string | null
  interface: string | null
  startedAt: Date | null
  /** Null: open, or no session. */
  endedAt: Date | null
}

export type Search = { kind: 'address' | 'mac' | 'circuit-id'; sought: string; holders: Holder[] }

const shownSessions = 50

/**
 * Looks for an address, a MAC or a circuit id (text or 0x…). With `at` only sessions of that instant are given, without it the
 * newest 50, open ones first; what is static has no past and is what holds now. With `spaceId` an address is looked for in that
 * address space only. Throws FieldError.
 */
export async function searchAddress(
  pool: Pool,
  input: { text: string; at?: Date | undefined; spaceId?: bigint | undefined },
): Promise<Search> {
  const text = input.text.trim()
  const mac = normaliseMac(text)
  if (mac !== undefined) return { kind: 'mac', sought: mac, holders: await findDevice(pool, mac) }
  // What has only such characters was meant as an address, and is told what is wrong with it.
  if (/^[\d.]+$/.test(text) || /^[\da-f.]*:[\da-f:.]*$/i.test(text) || isPrefix(text)) {
    const address = parseHost('address', text)
    return { kind: 'address', sought: address, holders: await findAddress(pool, address, input) }
  }
  return { kind: 'circuit-id', sought: text, holders: await findCircuitId(pool, parseLineId('circuit-id', text)) }
}

/** Taken for a circuit id it would be answered that nobody has it. */
function isPrefix(text: string): boolean {
  const [address, length, ...more] = text.split('/')
  return ipaddr.isValid(address!) && /^\d+$/.test(length ?? '') && more.length === 0
}

async function findAddress(
  pool: Pool,
  address: string,
  { at, spaceId }: { at?: Date | undefined; spaceId?: bigint | undefined },
): Promise<Holder[]> {
  const fixed = await pool.query<Holder>(staticText, [address, spaceId ?? null])
  const { text, values } = sessionQuery(address, at, spaceId)
  const { rows } = await pool.query<Holder & { interfaceId: string | null }>(text, values)
  const interfaceId = interfaceIdOf(address)
  const sessions = rows.map(({ interfaceId: id, ...row }) => ({
    ...row,
    // RFC 3162 §2.2: the Framed-Interface-Id behind a Framed-IPv6-Prefix of 64 bits is the subscriber's own address.
    exact: row.exact || (row.kind === 'framed-ipv6-prefix' && row.held.endsWith('/64') && id === interfaceId),
  }))
  return [...fixed.rows, ...sessions].toSorted((one, other) => Number(other.exact) - Number(one.exact))
}

/** The lower half of an IPv6 address as `a:b:c:d`. */
function interfaceIdOf(address: string): string | undefined {
  const parsed = ipaddr.parse(address)
  if (!('parts' in parsed)) return undefined
  return parsed.parts
    .slice(4)
    .map((part) => part.toString(16))
    .join(':')
}

const staticText = `
  select 'static' as source, address.kind, address.prefix::text as held, masklen(address.prefix) = masklen($1::inet) as exact,
    address_space.name as space, subscriber.username, subscriber.id as "subscriberId", null as nas, null as "acctSessionId",
    null as mac, null as interface, null as "startedAt", null as "endedAt"
  from subscriber_address as address
  join subscriber on subscriber.id = address.subscriber_id
  join address_space on address_space.id = address.address_space_id
  where address_range(address.prefix) @> $1::inet and ($2::bigint is null or address.address_space_id = $2)
  order by masklen(address.prefix) desc, address_space.name`

const columns = {
  framed_ip: 'framed-ip',
  framed_ipv6_address: 'framed-ipv6-address',
  framed_ipv6_prefix: 'framed-ipv6-prefix',
  delegated_ipv6_prefix: 'delegated-ipv6-prefix',
} as const

/** The statement that finds the sessions of an address; apart, so that a test can ask for its plan. */
export function sessionQuery(address: string, at?: Date, spaceId?: bigint): { text: string; values: unknown[] } {
  const names = Object.keys(columns) as (keyof typeof columns)[]
  const used = names.filter((name) => (name === 'framed_ip') === !address.includes(':'))
  // One select for each index: a condition with `or` over all of them may be planned as a scan.
  const selects = (['session', 'session_archive'] as const).flatMap((table) =>
    used.map((column) => sessionSelect(table, column)),
  )
  return {
    text: `
      select found.source, found.kind, found.held, found.exact, address_space.name as space, found.username,
        found."subscriberId", nas.name as nas, found."acctSessionId", found.mac, found.interface, found."startedAt",
        found."endedAt", found."interfaceId"
      from (${selects.join(' union all ')}) as found
      left join nas on nas.id = found.nas_id
      left join address_space on address_space.id = found.address_space_id
      order by found."endedAt" is null desc, found."startedAt" desc
      limit ${shownSessions}`,
    values: [address, at ?? null, spaceId ?? null],
  }
}

function sessionSelect(table: 'session' | 'session_archive', column: keyof typeof columns): string {
  const whole = column === 'framed_ip' || column === 'framed_ipv6_address'
  // RFC 3162 §2.3 and RFC 4818 §2: prefixes come with host bits clear; all that may contain the address.
  const wanted = whole
    ? '= $1::inet'
    : '= any (array(select network(set_masklen($1::inet, length))::inet from generate_series(1, 128) as length))'
  return `
    select '${table === 'session' ? 'session' : 'archive'}' as source, '${columns[column]}' as kind,
      ${whole ? `host(${column})` : `${column}::text`} as held, ${whole} as exact, address_space_id, username,
      subscriber_id as "subscriberId", nas_id, acct_session_id as "acctSessionId", mac::text, interface,
      started_at as "startedAt", ended_at as "endedAt", framed_interface_id as "interfaceId"
    from ${table}
    where ${column} ${wanted} and service is null and ($3::bigint is null or address_space_id = $3)
      and ($2::timestamptz is null or started_at <= $2::timestamptz and (ended_at is null or ended_at > $2::timestamptz))`
}

const subscriberColumns = `true as exact, null as space, subscriber.username, subscriber.id as "subscriberId", null as nas,
  null as "acctSessionId", null as "startedAt", null as "endedAt"`

async function findDevice(pool: Pool, mac: string): Promise<Holder[]> {
  const { rows } = await pool.query<Holder>(
    `select 'device' as source, 'mac' as kind, device.mac::text as held, device.mac::text as mac, null as interface,
       ${subscriberColumns}
     from device join subscriber on subscriber.id = device.subscriber_id
     where device.mac = $1 order by subscriber.username`,
    [mac],
  )
  return rows
}

async function findCircuitId(pool: Pool, circuitId: Buffer): Promise<Holder[]> {
  const { rows } = await pool.query<Holder>(
    `select 'circuit-id' as source, 'circuit-id' as kind, $2 as held, null as mac, subscriber.bound_interface as interface,
       ${subscriberColumns}
     from subscriber where subscriber.circuit_id = $1 order by subscriber.username`,
    [circuitId, showLineId(circuitId)],
  )
  return rows
}
