// Every RouterOS command that we print for somebody to paste, each in one place: the script that sets a router up and the doctor
// that mends one say the same. Names may come from the wire: nothing in them can end a string or a line.

/** Stands where a secret would, unless it was asked for. */
export const secretPlaceholder = 'SECRET-NOT-SHOWN'
/** The default of 300 ms is less than a busy database may take. */
export const shortestTimeoutMs = 1000

/** A row of /radius. */
export type RadiusRow = {
  readonly address: string
  readonly authPort: number
  readonly acctPort: number
  /** How long one try waits, in ms; never less than a second is written. */
  readonly timeoutMs: number
  /** Undefined: a placeholder. */
  readonly secret: string | undefined
  readonly sourceAddress: string | undefined
}

/** `/radius add`: who is asked, about everything that can be. */
export function addRadiusRow({
  address,
  authPort,
  acctPort,
  timeoutMs,
  secret,
  sourceAddress: source,
}: RadiusRow): string {
  return [
    `/radius add service=ppp,dhcp,hotspot address=${address} secret=${routerOsString(secret ?? secretPlaceholder)}`,
    `authentication-port=${authPort} accounting-port=${acctPort} timeout=${routerOsTimeout(timeoutMs)}`,
    'require-message-auth=yes-for-request-resp',
    // A packet to an IPv6 server cannot leave from an IPv4 address.
    ...(source !== undefined && source.includes(':') === address.includes(':') ? [`src-address=${source}`] : []),
    'comment="Gatehouse"',
  ].join(' ')
}

/** The name that stands for that of the router's own certificate. */
export const certificatePlaceholder = 'NAME-OF-ITS-CERTIFICATE'

/** `/radius add` over TLS: RouterOS takes no other secret than `radsec` there (RFC 6614 §2.3). */
export function addRadsecRow(row: Pick<RadiusRow, 'address' | 'timeoutMs' | 'sourceAddress'>, port: number): string {
  const tls = `protocol=radsec certificate=${routerOsString(certificatePlaceholder)}`
  return addRadiusRow({ ...row, authPort: port, acctPort: port, secret: 'radsec' }).replace(
    ' secret=',
    ` ${tls} secret=`,
  )
}

/** What of a row of /radius can be set anew. */
export type RadiusRowChange = {
  readonly services?: readonly string[]
  readonly accountingPort?: number
  readonly timeoutMs?: number
  readonly signed?: true
  readonly secret?: true
  readonly sourceAddress?: string
  readonly enabled?: true
}

/** `/radius set` of the row of a server; of those that our script added where no address is given. */
export function setRadiusRow(address: string | undefined, change: RadiusRowChange): string {
  const { services, accountingPort, timeoutMs, sourceAddress } = change
  const row = address === undefined ? 'comment="Gatehouse"' : `address=${address}`
  return [
    `/radius set [find ${row}]`,
    ...(services === undefined ? [] : [`service=${services.join(',')}`]),
    ...(change.secret === undefined ? [] : [`secret=${routerOsString(secretPlaceholder)}`]),
    ...(accountingPort === undefined ? [] : [`accounting-port=${accountingPort}`]),
    ...(timeoutMs === undefined ? [] : [`timeout=${routerOsTimeout(timeoutMs)}`]),
    ...(change.signed === undefined ? [] : ['require-message-auth=yes-for-request-resp']),
    ...(sourceAddress === undefined ? [] : [`src-address=${sourceAddress}`]),
    ...(change.enabled === undefined ? [] : ['disabled=no']),
  ].join(' ')
}

/** Takes away all rows of a server but the first. */
export function removeFurtherRadiusRows(address: string): string {
  return `/radius remove [:pick [find address=${address}] 1 100]`
}

/** Begins to count anew, after what was wrong is mended. */
export const resetRadiusFigures = '/radius reset-counters'

/** For how long a DHCP server gives its leases. */
export function setLeaseTime(server: string, seconds: number): string {
  return `/ip dhcp-server set [find name=${routerOsString(server)}] lease-time=${routerOsInterval(seconds)}`
}

/** Takes CoA and Disconnect. */
export function acceptIncoming(port: number): string {
  return `/radius incoming set accept=yes port=${port}`
}

/** Asks and accounts PPP. */
export function usePppRadius(interimS: number): string {
  return `/ppp aaa set use-radius=yes accounting=yes interim-update=${routerOsInterval(interimS)}`
}

/** Asks and accounts leases of a DHCP server. */
export function useDhcpRadius(server: string): string {
  return `/ip dhcp-server set [find name=${routerOsString(server)}] use-radius=yes`
}

/** Leases of a DHCP server become entries of the ARP table. */
export function addArpOfLeases(server: string): string {
  return `/ip dhcp-server set [find name=${routerOsString(server)}] add-arp=yes`
}

/** Answers, on an interface of this menu (`vlan`), nobody whose address is not in the ARP table. */
export function answerKnownArpOnly(menu: string, name: string): string {
  return `/interface ${menu} set [find name=${routerOsString(name)}] arp=reply-only`
}

/** What a router calls itself, which is its NAS-Identifier. */
export function setIdentity(name: string): string {
  return `/system identity set name=${routerOsString(name)}`
}

/** Follows the time of a server. */
export function followTime(server: string): string {
  return `/system ntp client set enabled=yes servers=${server}`
}

/** Takes the stable release, and restarts the router. */
export const installUpdate = '/system package update install'

/** Patience as one try: RouterOS tries several times, which leaves us more time, never less. */
function routerOsTimeout(patienceMs: number): string {
  const timeoutMs = Math.max(shortestTimeoutMs, patienceMs)
  return timeoutMs % 1000 === 0 ? `${timeoutMs / 1000}s` : `${timeoutMs}ms`
}

function routerOsInterval(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}

/**
 * A string of RouterOS in quotes. What is not plain is written as its octets in hexadecimal, so that no character that means
 * anything to the console (quotes, `$`, `\`, `;`, `[`, `?`, line ends, tab) is in it at all.
 */
export function routerOsString(text: string): string {
  const octets = [...Buffer.from(text)].map((octet) => {
    const character = String.fromCodePoint(octet)
    if (/[A-Za-z0-9 ._:/@+,=-]/.test(character)) return character
    return `\\${octet.toString(16).toUpperCase().padStart(2, '0')}`
  })
  return `"${octets.join('')}"`
}
