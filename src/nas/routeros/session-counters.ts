// The counters of one session on its router: of PPP those of the interface that RouterOS makes for it, of the hotspot those of its
// row. Octets are read before the session time, so that what the router accounts later is never less at a later session time.

import * as rows from './rows.ts'
import type { RouterTransport } from './transport.ts'
import { readCaller } from './values.ts'

/** `input` came from the client, as in accounting. */
export type SessionCounters = {
  readonly sessionTimeS: number
  readonly inputOctets: bigint
  readonly outputOctets: bigint
}

/**
 * Of the session under `name` that is meant. Undefined where another one has taken its place while we read, or where nothing says
 * which interface is its own; one with a name that somebody chose may count since before the session.
 */
export async function pppCounters(
  transport: RouterTransport,
  name: string,
  isMeant: (row: rows.PppSession) => boolean,
): Promise<SessionCounters | undefined> {
  const find = async (): Promise<Found | undefined> => {
    const sessions = (await transport.print('/ppp/active', { name })).map((row) => rows.pppSession(row))
    const meant = sessions.filter(isMeant)
    return meant.length === 1 ? { session: meant[0]!, isAlone: sessions.length === 1 } : undefined
  }
  const before = await find()
  const octets = before && (await interfaceOctets(transport, before))
  if (octets === undefined) return undefined
  const after = await find()
  return after?.session.id === before?.session.id ? whole(after?.session.uptimeSeconds, octets) : undefined
}

/** `isAlone`: nobody else has its name. */
type Found = { readonly session: rows.PppSession; readonly isAlone: boolean }

/** A second session of a name has a number behind it; whose interface that is only the client's MAC tells. */
async function interfaceOctets(
  transport: RouterTransport,
  { session, isAlone }: Found,
): Promise<rows.Traffic | undefined> {
  const { name, service, callerId } = session
  const read = async (called: string): Promise<rows.Traffic | undefined> => {
    const found = (await transport.print('/interface', { name: called })).map((row) => rows.traffic(row))
    return found.length === 1 && found[0]!.name === called ? found[0] : undefined
  }
  const own = isAlone ? await read(`<${service ?? 'pppoe'}-${name}>`) : undefined
  if (own !== undefined || service !== 'pppoe' || callerId === undefined) return own
  const servers = (await transport.print('/interface/pppoe-server', { user: name })).map((row) => rows.pppoeServer(row))
  const [server, ...others] = servers.filter((one) => one.mac === callerId)
  return server === undefined || others.length > 0 || !server.name.startsWith('<') ? undefined : read(server.name)
}

/** Of the client with this address and MAC. */
export async function hotspotCounters(
  transport: RouterTransport,
  { address, mac }: { address: string; mac: string },
): Promise<SessionCounters | undefined> {
  const found = (await transport.print('/ip/hotspot/active', { address })).map((row) => rows.hotspotSession(row))
  const row = found.find((one) => one.address === address && one.mac === readCaller(mac))
  return row && whole(row.uptimeSeconds, row)
}

function whole(
  sessionTimeS: number | undefined,
  { inputOctets, outputOctets }: { inputOctets: bigint | undefined; outputOctets: bigint | undefined },
): SessionCounters | undefined {
  if (sessionTimeS === undefined || inputOctets === undefined || outputOctets === undefined) return undefined
  return { sessionTimeS, inputOctets, outputOctets }
}
