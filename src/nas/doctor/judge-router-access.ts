// Whether a router asks us about those who get in: PPP, and DHCP servers of IPoE lines, where also the lease and the ARP mode
// decide whether who is gone is gone. Pure.

import type { DhcpServer, PppAaa } from '../routeros/rows.ts'
import * as commands from '../vendors/routeros-commands.ts'
import type { Finding } from './finding.ts'
import { fine, judged } from './router-part.ts'
import type { Expected } from './router-part.ts'
import type { Interface, RouterFacts } from './router-facts.ts'

/** Findings about PPP and DHCP; about neither where the router does not do it. */
export function judgeAccess(facts: RouterFacts, expected: Expected): Finding[] {
  const { accessKinds } = expected
  const hasPpp = accessKinds.includes('pppoe') || !accessKinds.includes('ipoe')
  return [
    ...(hasPpp ? judged(facts.pppAaa, '/ppp/aaa', (aaa) => judgePpp(aaa, expected)) : []),
    ...judged(facts.dhcpServers, '/ip/dhcp-server', (servers) => judgeDhcp(servers, facts, expected)),
  ]
}

function judgePpp({ useRadius, accounting, interimUpdateSeconds }: PppAaa, { askedIntervalS }: Expected): Finding[] {
  const mend = commands.usePppRadius(askedIntervalS)
  const findings: Finding[] = []
  if (useRadius !== true) {
    findings.push({ code: 'router-ppp-aaa', severity: 'fault', sentence: '/ppp aaa does not ask RADIUS at all', mend })
  }
  if (accounting !== true) {
    findings.push({ code: 'router-ppp-aaa', severity: 'fault', sentence: '/ppp aaa sends no accounting', mend })
  }
  // Zero: as the accept says, and ours always does.
  if (interimUpdateSeconds !== undefined && interimUpdateSeconds > askedIntervalS) {
    const sentence = `/ppp aaa reports every ${interimUpdateSeconds} s, and ${askedIntervalS} s are asked for`
    findings.push({ code: 'router-ppp-interim', severity: 'warning', sentence, mend })
  }
  return findings.length > 0 ? findings : [fine('router-ppp-aaa', '/ppp aaa asks and accounts')]
}

function judgeDhcp(all: readonly DhcpServer[], facts: RouterFacts, expected: Expected): Finding[] {
  const servers = all.filter(({ disabled }) => !disabled)
  const asking = servers.filter(({ useRadius }) => useRadius === 'yes')
  const isIpoe = expected.accessKinds.includes('ipoe')
  if (asking.length === 0 && !isIpoe) return []
  const findings: Finding[] = []
  if (asking.length === 0) {
    const sentence = `no DHCP server of it asks RADIUS, and there are IPoE lines on it`
    const mend = servers.map(({ name }) => commands.useDhcpRadius(name)).join('; ') || '/ip dhcp-server setup'
    findings.push({ code: 'router-dhcp', severity: 'fault', sentence, mend })
  }
  for (const { name } of servers.filter(({ useRadius }) => useRadius === 'accounting')) {
    const sentence = `DHCP server ${name} accounts its leases and asks nobody for them`
    findings.push({ code: 'router-dhcp', severity: 'fault', sentence, mend: commands.useDhcpRadius(name) })
  }
  findings.push(...asking.flatMap((server) => judgeLease(server, expected)))
  const arp = judged(facts.interfaces, '/interface', (interfaces) =>
    asking.flatMap((server) => judgeArp(server, interfaces)),
  )
  findings.push(...arp)
  return findings.length > 0 ? findings : [fine('router-dhcp', 'DHCP servers ask and account')]
}

/** A client is heard of at T1, half its lease; until then it goes on with its address whatever was decided. */
function judgeLease({ name, leaseSeconds }: DhcpServer, { staleAfterS }: Expected): Finding[] {
  if (leaseSeconds === undefined || leaseSeconds / 2 <= staleAfterS) return []
  const sentence = `DHCP server ${name} gives leases for ${leaseSeconds} s: half of it is longer than the ${staleAfterS} s after which a silent session is ended`
  const mend = commands.setLeaseTime(name, staleAfterS)
  return [{ code: 'router-lease-time', severity: 'warning', sentence, mend }]
}

/** Else a client whose lease was taken away goes on with its address until it asks again. */
function judgeArp(server: DhcpServer, interfaces: readonly Interface[]): Finding[] {
  const served = interfaces.find(({ name }) => name === server.interface)
  if (served === undefined) return []
  const isClosed = served.arp === 'reply-only'
  if (isClosed && server.addsArp === true) return []
  // The entries first: a closed interface without them serves nobody.
  const steps = [
    ...(server.addsArp === true ? [] : [commands.addArpOfLeases(server.name)]),
    ...(isClosed ? [] : [commands.answerKnownArpOnly(served.menu, served.name)]),
  ]
  const sentence = isClosed
    ? `${served.name} answers only what is in its ARP table, and DHCP server ${server.name} writes no leases into it`
    : `${served.name} talks to whoever takes an address (arp=${served.arp ?? 'enabled'}): who is disconnected goes on until its lease ends`
  return [{ code: 'router-arp', severity: isClosed ? 'fault' : 'warning', sentence, mend: steps.join('; ') }]
}
