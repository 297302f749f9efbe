// Sessions of a NAS in our books, and the rows that its router would have of them.
import type { Nas } from '../../src/domain/nas.ts'
import type { FakeRow } from './fake-router.ts'
import { hours, noon, rowsOf, type Office } from './operator.ts'

export const macOf = (n: number): string => `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${hex(n)}`
export const addressOf = (n: number): string => `100.64.${n >> 8}.${n & 255}`
export const acctIdOf = (n: number): string => `81${n.toString(16).padStart(6, '0')}`
const hex = (n: number): string => (n & 255).toString(16).padStart(2, '0')

type Booked = {
  subscriberId?: bigint | undefined
  updatedAt?: Date
  endedAt?: Date
  mac?: string
  address?: string | null
}

/** A session of line `n` that began an hour ago and was last heard of twenty minutes ago; its NAS reports every five. */
export async function bookSession(
  office: Pick<Office, 'pool'>,
  nas: Nas,
  n: number,
  changes: Booked = {},
): Promise<bigint> {
  const {
    subscriberId = null,
    updatedAt = hours(-1 / 3),
    endedAt = null,
    mac = macOf(n),
    address = addressOf(n),
  } = changes
  const [row] = await rowsOf(
    office,
    `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, mac, framed_ip,
       line, started_at, event_at, updated_at, ended_at, ended_by, interim_interval_s, interims, gigawords)
     values ($1, $2, 1, $3, $4, $5, $6, $7::macaddr, $8::inet, 'mac:' || $7::text, $9, $10, $10, $11,
       case when $11::timestamptz is not null then 'stop' end, 300, 8, true) returning id`,
    [
      nas.id,
      acctIdOf(n),
      subscriberId,
      `line${n}`,
      nas.nasGroupId,
      nas.addressSpaceId,
      mac,
      address,
      hours(-1),
      updatedAt,
      endedAt,
    ],
  )
  return row!.id as bigint
}

/** A row of /ppp/active. */
export function pppRow(n: number, changes: FakeRow = {}): FakeRow {
  return {
    '.id': `*80${hex(n)}`,
    name: `line${n}`,
    service: 'pppoe',
    'caller-id': macOf(n).toUpperCase(),
    address: addressOf(n),
    uptime: '1h',
    'session-id': `0x${acctIdOf(n).toUpperCase()}`,
    radius: 'true',
    ...changes,
  }
}

/** A row of /ip/dhcp-server/lease. */
export function leaseRow(n: number, changes: FakeRow = {}): FakeRow {
  return {
    '.id': `*${n.toString(16)}`,
    address: addressOf(n),
    'mac-address': macOf(n).toUpperCase(),
    server: 'dhcp1',
    status: 'bound',
    dynamic: 'true',
    radius: 'true',
    ...changes,
  }
}

/** Everything of a session that a comparison may change. */
export async function endOf(office: Pick<Office, 'pool'>, id: bigint) {
  const [row] = await rowsOf(
    office,
    'select ended_at as "endedAt", ended_by as "endedBy", terminate_cause as cause from session where id = $1',
    [id],
  )
  return row as { endedAt: Date | null; endedBy: string | null; cause: number | null }
}

export const open = { endedAt: null, endedBy: null, cause: null }
export const gone = { endedAt: new Date(noon.getTime() - 1_200_000), endedBy: 'stale', cause: 2 }
