// The configuration that points a NAS at Gatehouse, as text to paste: RouterOS commands, or lines of accel-ppp.conf. Names and
// identifiers may come from the wire: nothing in them can end a string, a comment or a line. RouterOS has escapes (its manual,
// "Scripting", constant escape sequences); accel-ppp.conf has none, so what it cannot hold is left out and said.

import type { VendorName } from '../../domain/nas.ts'
import { daeServerLine, identifierLine, interimLine, signLine, timeoutLine } from './accel-ppp-lines.ts'
import {
  acceptIncoming,
  addRadiusRow,
  addRadsecRow,
  certificatePlaceholder,
  routerOsString,
  secretPlaceholder,
  setIdentity,
  useDhcpRadius,
  usePppRadius,
} from './routeros-commands.ts'

/** One instance of Gatehouse, as the NAS reaches it. */
export type ScriptServer = { readonly address: string; readonly authPort: number; readonly acctPort: number }

/** What a script is made from. */
export type ScriptFacts = {
  readonly name: string
  readonly vendor: VendorName
  /** NAS-Identifier and NAS-IP-Address by which the device is known behind its client, if it is. */
  readonly identifier: string | undefined
  readonly address: string | undefined
  /** Where its client's packets come from, as CIDR text. */
  readonly clientPrefix: string
  readonly patienceMs: number
  readonly interimIntervalS: number
  readonly coaPort: number
  readonly servers: readonly ScriptServer[]
  /** The address its packets are to leave from. */
  readonly sourceAddress: string | undefined
  /** Undefined: a placeholder stands in its place. */
  readonly secret: string | undefined
  /** The port for RADIUS over TLS, where its client is known by a certificate. */
  readonly radsecPort?: number | undefined
}

/** A script, or why there is none. */
export type NasScript =
  | { readonly kind: 'script'; readonly text: string }
  | { readonly kind: 'none'; readonly reason: string }

const secretHint = `# The secret is not shown: put it in place of ${secretPlaceholder}, or print this with --show-secret.`

/** The configuration of one NAS, each line that matters with its reason. */
export function nasScript(facts: ScriptFacts): NasScript {
  if (facts.vendor === 'mikrotik') return { kind: 'script', text: textOf(routerOsLines(facts)) }
  if (facts.vendor === 'accel-ppp') return { kind: 'script', text: textOf(accelPppLines(facts)) }
  const reason = `there is no script for vendor ${facts.vendor}, only for mikrotik and accel-ppp`
  return { kind: 'none', reason: `${reason}: what a NAS of it takes is in docs/lines.md, "Vendors"` }
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

function routerOsLines(facts: ScriptFacts): string[] {
  return [
    `# RouterOS 7.15 or later: lets Gatehouse decide about the subscribers of NAS ${routerOsString(facts.name)}.`,
    '# Paste it into a terminal of the router. A second time it adds the rows of /radius again: remove the old ones first.',
    ...(facts.secret === undefined && facts.radsecPort === undefined ? [secretHint] : []),
    '',
    '# Who is asked, the first row first. PPP, DHCP and hotspot servers ask only where they are told to.',
    '# timeout: the default of 300 ms is less than a busy database may take.',
    '# require-message-auth: an answer that is not signed may be forged (CVE-2024-3596); Gatehouse signs all of them.',
    ...routerOsServers(facts),
    '',
    '# Off by default: without it nobody can be blocked, slowed down or disconnected while online.',
    acceptIncoming(facts.coaPort),
    '',
    '# PPPoE. A name that is also in /ppp secret is never asked about. The interval of an accept comes before this one.',
    usePppRadius(facts.interimIntervalS),
    '',
    '# IPoE. Not done for you: a DHCP server of the office would refuse its leases. Take off the # for those of subscribers.',
    `# ${useDhcpRadius('NAME')}`,
    '',
    ...routerOsIdentity(facts),
  ]
}

function routerOsServers(facts: ScriptFacts): string[] {
  const { servers, patienceMs: timeoutMs, radsecPort } = facts
  if (radsecPort === undefined) {
    const rows = servers.map((server) => addRadiusRow({ ...facts, ...server, timeoutMs }))
    return [sourceRemark(facts, 'src-address'), ...rows]
  }
  return [
    '# protocol=radsec: RADIUS over TLS. Gatehouse knows this NAS by its certificate, whose secret is always radsec.',
    `# ${certificatePlaceholder}: what /certificate print calls it. The authority of Gatehouse must be there too, trusted.`,
    '# Orders (CoA) come over UDP all the same.',
    ...servers.map(({ address }) => addRadsecRow({ ...facts, address, timeoutMs }, radsecPort)),
  ]
}

function sourceRemark({ clientPrefix, sourceAddress }: ScriptFacts, option: string): string {
  const known = `Gatehouse knows this NAS by where its packets come from: ${clientPrefix}.`
  return sourceAddress === undefined
    ? `# ${known} If it has several addresses, add ${option}= (--src-address).`
    : `# ${option}: ${known}`
}

function routerOsIdentity({ identifier, address }: ScriptFacts): string[] {
  if (identifier !== undefined) {
    return [
      '# The NAS-Identifier by which Gatehouse tells this router from others behind the same client.',
      setIdentity(identifier),
    ]
  }
  const by = address === undefined ? 'its client alone' : `its NAS-IP-Address ${address}`
  return [`# /system identity stays as it is: Gatehouse knows this router by ${by}.`]
}

function accelPppLines(facts: ScriptFacts): string[] {
  return [
    `# accel-ppp: lets Gatehouse decide about the subscribers of NAS "${remark(facts.name)}".`,
    '# Put these lines into the sections of accel-ppp.conf: of two sections of one name only the first is read.',
    ...(facts.secret === undefined ? [secretHint] : []),
    '',
    '[modules]',
    '# Asks Gatehouse and tells it about sessions.',
    'radius',
    '# What of a password a PPPoE subscriber may show; see the setting auth_methods.',
    'auth_mschap_v2',
    'auth_chap_md5',
    'auth_pap',
    '# Addresses from a pool that the plan names.',
    'ippool',
    '# Without it the rate of a plan does nothing.',
    'shaper',
    '',
    '[radius]',
    ...accelIdentity(facts),
    ...accelServers(facts),
    '# timeout times max-try is how long a login may take before another server is asked, in seconds.',
    timeoutLine(facts.patienceMs),
    'max-try=3',
    '# For sessions whose accept names no interval.',
    interimLine(facts.interimIntervalS),
    '# Says that it begins anew, so that sessions of before a crash end at once.',
    'acct-on=1',
    '# Signs requests (CVE-2024-3596). Once Gatehouse has seen a signed one it demands it.',
    signLine,
    '',
    '[shaper]',
    '# Gatehouse sends rates as down/up in kbit/s in it.',
    'attr=Filter-Id',
    '',
    '[pppoe]',
    '# The only attribute that names the VLAN of a PPPoE line in accounting.',
    'called-sid=ifname:mac',
  ]
}

function accelIdentity(facts: ScriptFacts): string[] {
  const { identifier, coaPort } = facts
  const source = ipv4Of(facts.sourceAddress)
  const own = ipv4Of(facts.address) ?? source
  const lines = [sourceRemark({ ...facts, sourceAddress: source }, 'bind')]
  if (source !== undefined) lines.push(`bind=${source}`)
  if (identifier === undefined) lines.push('# nas-identifier is not needed: Gatehouse knows this NAS without one.')
  else if (fitsAccelPpp(identifier)) lines.push('# By it Gatehouse knows this NAS.', identifierLine(identifier))
  else lines.push(`# nas-identifier: this file cannot hold "${remark(identifier)}"; give the NAS another identifier.`)
  if (own === undefined) {
    const mend = 'print this with --src-address, or set the address of the NAS'
    return [...lines, `# nas-ip-address, gw-ip-address and dae-server need an IPv4 address of this NAS: ${mend}.`]
  }
  return [
    ...lines,
    '# What Gatehouse is told as NAS-IP-Address.',
    `nas-ip-address=${own}`,
    '# Our end of PPP links whose address Gatehouse gives; any address of this NAS will do.',
    `gw-ip-address=${own}`,
    '# Where orders come in: without it nobody can be blocked, slowed down or disconnected while online.',
    daeServerLine(own, coaPort, accelSecret(facts)),
  ]
}

function accelServers(facts: ScriptFacts): string[] {
  const servers = facts.servers.filter(({ address }) => !isIpv6(address))
  const secret = accelSecret(facts)
  // With one server a pause would only keep everybody out for longer.
  const pauseS = servers.length > 1 ? 5 : 0
  const lines = servers.map(
    ({ address, authPort, acctPort }) =>
      `server=${address},${secret},auth-port=${authPort},acct-port=${acctPort},req-limit=100,fail-timeout=${pauseS},max-fail=10,weight=1`,
  )
  return [
    ...(facts.secret !== undefined && secret === secretPlaceholder
      ? ['# The secret has a comma, a blank at an end or the like, which this file cannot hold: client rotate-secret.']
      : []),
    '# Who is asked. req-limit: after a power cut logins wait here, not in a full socket.',
    '# fail-timeout, max-fail: a server that left so many requests unanswered is not asked for so many seconds (0: always).',
    ...(servers.length < facts.servers.length ? ['# accel-ppp asks over IPv4 only: IPv6 addresses are left out.'] : []),
    ...(lines.length === 0 ? ['# There is no IPv4 address to ask: print this with --server.'] : lines),
  ]
}

function accelSecret({ secret }: ScriptFacts): string {
  return secret !== undefined && fitsAccelPpp(secret) && !secret.includes(',') ? secret : secretPlaceholder
}

/** accel-ppp trims blanks, reads `${name}` as another option's value and a `{` at the end as the start of a block. */
function fitsAccelPpp(value: string): boolean {
  return value !== '' && value.trim() === value && !/\p{Cc}|^\$\{|\{$/u.test(value)
}

/** Text for a comment: on one line, and in the order it is read. */
function remark(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '?')
}

/** accel-ppp reads its own addresses and those of servers as IPv4 only. */
function ipv4Of(address: string | undefined): string | undefined {
  return address !== undefined && !isIpv6(address) ? address : undefined
}

function isIpv6(address: string): boolean {
  return address.includes(':')
}
