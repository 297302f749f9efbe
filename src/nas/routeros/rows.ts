// What a router's rows mean to us: one typed value per menu, made from the text of either backend. What a row does not say, or
// says in a way that we do not know, is undefined.
import { RouterError } from './router-error.ts'
import type { RouterRow } from './transport.ts'
import { readCaller, readClock, readDurationMs, readNumber, readOctets, readSeconds, readSessionId } from './values.ts'
import { readTruth, readVersion, type RouterVersion } from './values.ts'

export type PppSession = ReturnType<typeof pppSession>
export type Lease = ReturnType<typeof lease>
export type HotspotSession = ReturnType<typeof hotspotSession>
export type Traffic = ReturnType<typeof traffic>
export type RouterInterface = ReturnType<typeof routerInterface>
export type RadiusServer = ReturnType<typeof radiusServer>
export type RadiusIncoming = ReturnType<typeof radiusIncoming>
export type PppAaa = ReturnType<typeof pppAaa>
export type DhcpServer = ReturnType<typeof dhcpServer>
export type RadiusFigures = ReturnType<typeof radiusFigures>
export type ArpMode = ReturnType<typeof arpMode>
export type RouterSoftware = RouterVersion & { board: string | undefined; uptimeSeconds: number | undefined }

/** Of /ppp/active. */
export function pppSession(row: RouterRow) {
  return {
    id: idOf(row, '/ppp/active'),
    name: row.name ?? '',
    service: row.service,
    callerId: readCaller(row['caller-id']),
    address: row.address,
    sessionId: readSessionId(row['session-id']),
    uptimeSeconds: readSeconds(row.uptime),
    radius: readTruth(row.radius),
  }
}

/** Of /ip/dhcp-server/lease. `dynamic` is false for a lease that somebody configured. */
export function lease(row: RouterRow) {
  return {
    id: idOf(row, '/ip/dhcp-server/lease'),
    address: row.address ?? row['active-address'],
    mac: readCaller(row['mac-address'] ?? row['active-mac-address']),
    server: row.server,
    hostName: row['host-name'],
    status: row.status,
    dynamic: readTruth(row.dynamic),
    radius: readTruth(row.radius),
    expiresAfterSeconds: readSeconds(row['expires-after']),
    comment: row.comment,
  }
}

/** Of /ip/hotspot/active. */
export function hotspotSession(row: RouterRow) {
  return {
    id: idOf(row, '/ip/hotspot/active'),
    user: row.user ?? '',
    address: row.address,
    mac: readCaller(row['mac-address']),
    server: row.server,
    uptimeSeconds: readSeconds(row.uptime),
    radius: readTruth(row.radius),
    /** From the client and to it, since it logged in. */
    inputOctets: readOctets(row['bytes-in']),
    outputOctets: readOctets(row['bytes-out']),
  }
}

/** What an interface of /interface has received and sent. */
export function traffic(row: RouterRow) {
  return { name: row.name ?? '', inputOctets: readOctets(row['rx-byte']), outputOctets: readOctets(row['tx-byte']) }
}

/** Of /interface. */
export function routerInterface(row: RouterRow) {
  return {
    id: idOf(row, '/interface'),
    name: row.name ?? '',
    type: row.type,
    mac: readCaller(row['mac-address']),
    running: readTruth(row.running),
    disabled: readTruth(row.disabled) ?? false,
    comment: row.comment,
  }
}

/** Of /interface/pppoe-server: the interface of each session, and the MAC behind it. */
export function pppoeServer(row: RouterRow) {
  return { name: row.name ?? '', mac: readCaller(row['remote-address']) }
}

/** Of /radius. The secret is never read: a read-only user does not see it, and others should not. */
export function radiusServer(row: RouterRow) {
  return {
    id: idOf(row, '/radius'),
    address: row.address,
    services: list(row.service),
    timeoutMs: readDurationMs(row.timeout),
    authenticationPort: readNumber(row['authentication-port']),
    accountingPort: readNumber(row['accounting-port']),
    requireMessageAuth: row['require-message-auth'],
    sourceAddress: row['src-address'],
    disabled: readTruth(row.disabled) ?? false,
    comment: row.comment,
  }
}

/** Of /radius/monitor: counts since the last reset, the round trip of the last answer. */
export function radiusFigures(row: RouterRow) {
  return {
    requests: readNumber(row.requests),
    accepts: readNumber(row.accepts),
    rejects: readNumber(row.rejects),
    resends: readNumber(row.resends),
    timeouts: readNumber(row.timeouts),
    badReplies: readNumber(row['bad-replies']),
    lastRequestMs: readDurationMs(row['last-request-rtt']),
  }
}

/** Of the menu of one kind of interface; `/interface` itself does not tell. */
export function arpMode(row: RouterRow) {
  return { name: row.name ?? '', arp: row.arp }
}

/** Of /radius/incoming. */
export function radiusIncoming(row: RouterRow) {
  return { accept: readTruth(row.accept), port: readNumber(row.port) }
}

/** Of /ppp/aaa. */
export function pppAaa(row: RouterRow) {
  return {
    useRadius: readTruth(row['use-radius']),
    accounting: readTruth(row.accounting),
    interimUpdateSeconds: readSeconds(row['interim-update']),
  }
}

/** Of /ip/dhcp-server. `useRadius` has a third value, `accounting`, and so stays text. */
export function dhcpServer(row: RouterRow) {
  return {
    id: idOf(row, '/ip/dhcp-server'),
    name: row.name ?? '',
    interface: row.interface,
    useRadius: row['use-radius'],
    leaseSeconds: readSeconds(row['lease-time']),
    addressPool: row['address-pool'],
    addsArp: readTruth(row['add-arp']),
    disabled: readTruth(row.disabled) ?? false,
  }
}

/** Of /system/resource. */
export function routerSoftware(row: RouterRow): RouterSoftware {
  const version = readVersion(row.version)
  if (version === undefined) throw unreadable('version', row.version, '/system/resource')
  return { ...version, board: row['board-name'], uptimeSeconds: readSeconds(row.uptime) }
}

/** Of /system/clock. */
export function routerClock(row: RouterRow): Date {
  const { date, time, 'gmt-offset': offset } = row
  const instant = readClock(date, time, offset)
  if (instant === undefined) throw unreadable('clock', `${date} ${time} ${offset}`, '/system/clock')
  return instant
}

/** The name of /system/identity. */
export function routerName(row: RouterRow): string {
  if (row.name === undefined) throw unreadable('name', undefined, '/system/identity')
  return row.name
}

/** A row without an id can be neither removed nor told from another. */
function idOf(row: RouterRow, path: string): string {
  const id = row['.id']
  if (id === undefined || id === '') throw new RouterError('protocol', `a row of ${path} has no .id`, { path })
  return id
}

function list(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(',')
}

function unreadable(what: string, seen: string | undefined, path: string): RouterError {
  return new RouterError('protocol', `the router's ${what} cannot be read: ${seen ?? 'it says none'}`, { path })
}
