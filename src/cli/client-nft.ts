// `gatehouse client nft`: a rule for the kernel's packet filter that lets RADIUS in from our clients alone, so that a flood of
// strangers never reaches the process (attack row R34). Over TLS a client may come from anywhere: there only how often an address
// that is no client's may connect is bounded.

import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { listClients } from '../domain/client.ts'
import { withConfiguredDatabase } from './database.ts'
import { printLine } from './output.ts'

type Ports = {
  readonly authPort: number
  readonly acctPort: number
  /** Undefined where RadSec is off. */
  readonly radsec?: { readonly port: number } | undefined
}

/** Adds the command to those of `client`. */
export function addNftCommand(client: Command): void {
  client
    .command('nft')
    .description('rules for nft -f: RADIUS from our clients, and from nobody else; RadSec at a bounded rate')
    .action(async () => {
      const clients = await withConfiguredDatabase(({ db, now }) => listClients(db, now))
      const prefixes = clients.map(({ prefix }) => prefix)
      printLine(nftRules(prefixes, readConfig()))
    })
}

/**
 * A table of its own, made anew each time the text is loaded. Prefixes inside others are merged by nft itself. What is not of
 * a client is counted and dropped; what is goes on to the rules of the machine.
 */
export function nftRules(prefixes: readonly string[], { authPort, acctPort, radsec }: Ports): string {
  const four = prefixes.filter((prefix) => !prefix.includes(':'))
  const six = prefixes.filter((prefix) => prefix.includes(':'))
  return `# Written by gatehouse client nft: load it again whenever a client is added or removed.
table inet gatehouse
delete table inet gatehouse
table inet gatehouse {
${setOf('clients4', 'ipv4_addr', four)}
${setOf('clients6', 'ipv6_addr', six)}
  chain radius {
    ip saddr @clients4 return
    ip6 saddr @clients6 return
    counter drop
  }
${radsec === undefined ? '' : radsecRules}  chain arriving {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" udp dport { ${authPort}, ${acctPort} } jump radius${jumpOf(radsec)}
  }
}`
}

/** New connections of RadSec alone: what is set up already passes. As the process itself does it (radius/handshakes.ts). */
function jumpOf(radsec: Ports['radsec']): string {
  if (radsec === undefined) return ''
  return `
    iifname != "lo" tcp dport ${radsec.port} tcp flags & (fin | syn | rst | ack) == syn jump radsec`
}

/** A NAS is known by its certificate, and may come from any address: those of the clients pass, others so often. */
const radsecRules = `  set newcomers4 {
    type ipv4_addr
    size 65535
    flags dynamic,timeout
    timeout 1m
  }
  set newcomers6 {
    type ipv6_addr
    size 65535
    flags dynamic,timeout
    timeout 1m
  }
  chain radsec {
    ip saddr @clients4 return
    ip6 saddr @clients6 return
    add @newcomers4 { ip saddr limit rate over 10/second burst 64 packets } counter drop
    add @newcomers6 { ip6 saddr and ffff:ffff:ffff:ffff:: limit rate over 10/second burst 64 packets } counter drop
  }
`

function setOf(name: string, type: string, prefixes: readonly string[]): string {
  const elements = prefixes.length === 0 ? '' : `\n    elements = { ${prefixes.join(', ')} }`
  return `  set ${name} {
    type ${type}
    flags interval
    auto-merge${elements}
  }`
}
