// What we read of a router and what we end on it where CoA had no answer, the same over the API and REST. Ids of rows are used
// again by the router: a removal always reads first, compares whose row it is, and reads again after it.
import { RouterError, saysNoSuchItem } from './router-error.ts'
import * as rows from './rows.ts'
import { hotspotCounters, pppCounters, type SessionCounters } from './session-counters.ts'
import type { RouterRow, RouterTransport } from './transport.ts'
import { readCaller, readSessionId } from './values.ts'

/** `not-there` is no failure: the session ended by itself. `still-there`: the router took the removal and the row is there. */
export type Removal = { readonly kind: 'removed' | 'not-there' | 'still-there' }

/** A name alone may have several sessions, or a new one by now: one of the two must say which. */
export type PppTarget = { readonly name: string } & (
  | { readonly sessionId: string; readonly callerId?: string }
  | { readonly sessionId?: string; readonly callerId: string }
)
export type LeaseTarget = { readonly address: string; readonly mac: string }
/** The user name may be a MAC, or many people's: the address and the MAC say which session. */
export type HotspotTarget = { readonly user: string; readonly address: string; readonly mac: string }

export type RouterControl = {
  activePpp(): Promise<rows.PppSession[]>
  leases(): Promise<rows.Lease[]>
  hotspot(): Promise<rows.HotspotSession[]>
  /** Where both sides know a session id it decides; else the caller does. */
  removePpp(target: PppTarget): Promise<Removal>
  /** Only a lease that the router made: one that somebody configured is left alone and told as still there. */
  removeLease(target: LeaseTarget): Promise<Removal>
  removeHotspot(target: HotspotTarget): Promise<Removal>
  /** What one session has moved; undefined: it is not there, or cannot be told from another. */
  pppCounters(target: PppTarget): Promise<SessionCounters | undefined>
  hotspotCounters(target: Omit<HotspotTarget, 'user'>): Promise<SessionCounters | undefined>
  interfaces(): Promise<rows.RouterInterface[]>
  radius(): Promise<rows.RadiusServer[]>
  /** How its requests to one server of /radius fare, by the row's id. */
  radiusFigures(id: string): Promise<rows.RadiusFigures>
  radiusIncoming(): Promise<rows.RadiusIncoming>
  pppAaa(): Promise<rows.PppAaa>
  dhcpServers(): Promise<rows.DhcpServer[]>
  /** Of the interfaces of one kind: `ethernet`, `vlan`, `bridge`, `bonding`. */
  arpModes(menu: string): Promise<rows.ArpMode[]>
  identity(): Promise<string>
  version(): Promise<rows.RouterSoftware>
  /** The instant that the router believes it is. */
  clock(): Promise<Date>
  close(): void
}

/** Over either transport. Every method throws RouterError and nothing else. */
export function createRouterControl(transport: RouterTransport): RouterControl {
  const all = async <T>(path: string, read: (row: RouterRow) => T): Promise<T[]> =>
    (await transport.print(path)).map((row) => read(row))
  const one = async <T>(path: string, read: (row: RouterRow) => T): Promise<T> => {
    const [row] = await transport.print(path)
    if (row === undefined) throw new RouterError('protocol', `the router has nothing to say of ${path}`, { path })
    return read(row)
  }
  return {
    activePpp: () => all('/ppp/active', rows.pppSession),
    leases: () => all('/ip/dhcp-server/lease', rows.lease),
    hotspot: () => all('/ip/hotspot/active', rows.hotspotSession),
    removePpp: (target) =>
      removeRows(transport, {
        path: '/ppp/active',
        query: { name: target.name },
        read: rows.pppSession,
        isMeant: (row) => isSameSession(row, target),
      }),
    removeLease: (target) =>
      removeRows(transport, {
        path: '/ip/dhcp-server/lease',
        query: { address: target.address },
        read: rows.lease,
        isMeant: (row) => row.address === target.address && row.mac === readCaller(target.mac),
        mayGo: (row) => row.dynamic === true,
      }),
    removeHotspot: (target) =>
      removeRows(transport, {
        path: '/ip/hotspot/active',
        query: { user: target.user },
        read: rows.hotspotSession,
        isMeant: (row) =>
          row.user === target.user && row.address === target.address && row.mac === readCaller(target.mac),
      }),
    pppCounters: (target) => pppCounters(transport, target.name, (row) => isSameSession(row, target)),
    hotspotCounters: (target) => hotspotCounters(transport, target),
    interfaces: () => all('/interface', rows.routerInterface),
    radius: () => all('/radius', rows.radiusServer),
    radiusFigures: async (id) => {
      const [row] = await transport.monitor('/radius', id)
      if (row === undefined)
        throw new RouterError('protocol', 'the router has no figures of /radius', { path: '/radius/monitor' })
      return rows.radiusFigures(row)
    },
    radiusIncoming: () => one('/radius/incoming', rows.radiusIncoming),
    pppAaa: () => one('/ppp/aaa', rows.pppAaa),
    dhcpServers: () => all('/ip/dhcp-server', rows.dhcpServer),
    arpModes: (menu) => all(`/interface/${menu}`, rows.arpMode),
    identity: () => one('/system/identity', rows.routerName),
    version: () => one('/system/resource', rows.routerSoftware),
    clock: () => one('/system/clock', rows.routerClock),
    close: () => transport.close(),
  }
}

function isSameSession(row: rows.PppSession, target: PppTarget): boolean {
  if (row.name !== target.name) return false
  const sessionId = readSessionId(target.sessionId)
  // A client that dialled again has the same caller and another session id: that session nobody asked to end.
  if (sessionId !== undefined && row.sessionId !== undefined) return row.sessionId === sessionId
  const callerId = readCaller(target.callerId)
  return callerId !== undefined && row.callerId === callerId
}

type Deed<T> = {
  path: string
  /** Narrows what the router sends; whose row it is we look at ourselves. */
  query: Record<string, string>
  read: (row: RouterRow) => T
  isMeant: (row: T) => boolean
  mayGo?: (row: T) => boolean
}

/**
 * Removes what was meant when it was first read, one row after the other, each by an id read just before. Rows that appear
 * meanwhile are left: who dials again at once is not thrown out twice. What remains is one way to the router and back between
 * reading and removing, for which RouterOS has no condition to give.
 */
async function removeRows<T extends { id: string }>(transport: RouterTransport, deed: Deed<T>): Promise<Removal> {
  const look = async (): Promise<T[]> =>
    (await transport.print(deed.path, deed.query)).map((row) => deed.read(row)).filter((row) => deed.isMeant(row))
  let found = await look()
  const meant = new Set(found.map((row) => row.id))
  const asked = new Set<string>()
  let removed = false
  while (found.length > 0) {
    const next = found.find((row) => !asked.has(row.id) && deed.mayGo?.(row) !== false)
    if (next === undefined) return { kind: 'still-there' }
    asked.add(next.id)
    if (await removeOne(transport, deed.path, next.id)) removed = true
    found = (await look()).filter((row) => meant.has(row.id))
  }
  return { kind: removed ? 'removed' : 'not-there' }
}

/** False where the row went by itself in between. */
async function removeOne(transport: RouterTransport, path: string, id: string): Promise<boolean> {
  try {
    await transport.remove(path, id)
    return true
  } catch (error) {
    if (saysNoSuchItem(error)) return false
    throw error
  }
}
