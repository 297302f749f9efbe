// The database's side of a comparison: the sessions of the NASes that a ledger speaks of, under the names it gives them.

import ipaddr from 'ipaddr.js'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import { listClients } from '../domain/client.ts'
import type { ClientSummary } from '../domain/client.ts'
import { listNases } from '../domain/nas-device.ts'
import type { NasSummary } from '../domain/nas-device.ts'
import { listSessions } from '../domain/session.ts'
import type { SessionListed } from '../domain/session.ts'
import type { SessionRow } from '../simulator/compare.ts'
import type { LedgerNas, LedgerState } from '../simulator/ledger.ts'

export type Sessions = {
  /** Of the NASes in the ledger. */
  rows: SessionRow[]
  /** Those of all NASes, as lists show them. */
  listed: SessionListed[]
  /** Identifiers of the ledger whose NAS the database does not know (yet). */
  unknown: string[]
}

/** Reads open and just-closed sessions (48 hours). */
export async function readSessionRows(place: { pool: Pool; db: Db }, state: LedgerState, now: Date): Promise<Sessions> {
  const [nases, clients] = await Promise.all([listNases(place.db), listClients(place.db, now)])
  const identifiers = new Map<string, string>()
  const unknown: string[] = []
  for (const nas of state.nases.values()) {
    const found = findNas(nas, nases, clients)
    if (found === undefined) unknown.push(nas.identifier)
    else identifiers.set(found.name, nas.identifier)
  }
  const listed = await listSessions(place.pool, {}, now)
  const rows = listed.flatMap((session) => {
    const identifier = identifiers.get(session.nas)
    return identifier === undefined ? [] : [toRow(session, identifier)]
  })
  return { rows, listed, unknown }
}

/** As the server knows devices: by NAS-Identifier, by NAS-IP-Address, or as the unnamed one of the client (decision 8). */
function findNas(
  nas: LedgerNas,
  nases: readonly NasSummary[],
  clients: readonly ClientSummary[],
): NasSummary | undefined {
  const client = clientOf(nas.address, clients)
  const own = nases.filter((candidate) => candidate.client === client?.name)
  return (
    own.find(({ identifier }) => identifier === nas.identifier) ??
    own.find(({ address }) => address === nas.address) ??
    own.find(({ identifier, address }) => identifier === null && address === null)
  )
}

function clientOf(address: string, clients: readonly ClientSummary[]): ClientSummary | undefined {
  const source = ipaddr.process(address)
  return clients
    .map((client) => ({ client, network: ipaddr.parseCIDR(client.prefix) }))
    .filter(({ network }) => network[0].kind() === source.kind() && source.match(network))
    .toSorted((one, other) => other.network[1] - one.network[1])[0]?.client
}

function toRow(session: SessionListed, nas: string): SessionRow {
  return {
    nas,
    acctSessionId: session.acct_session_id,
    epoch: session.epoch,
    username: session.username,
    framedIp: session.framed_ip ?? undefined,
    startedAt: new Date(session.started_at),
    endedAt: session.ended_at === null ? undefined : new Date(session.ended_at),
    endedBy: session.ended_by ?? undefined,
    sessionTime: BigInt(session.session_time),
    inputOctets: BigInt(session.input_octets),
    outputOctets: BigInt(session.output_octets),
  }
}
