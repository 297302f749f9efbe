// Whether a router is set up as it has to be: each row of its own settings that our work hangs on, with the command that mends it.
// Pure. What could not be read is told, and everything else judged all the same.

import type { RadiusServer, RouterSoftware } from '../routeros/rows.ts'
import * as commands from '../vendors/routeros-commands.ts'
import { evidenceOf } from './finding.ts'
import type { Finding } from './finding.ts'
import { judgeAccess } from './judge-router-access.ts'
import { fine, judged } from './router-part.ts'
import type { Expected } from './router-part.ts'
import type { Figures, RouterFacts } from './router-facts.ts'

const clockMs = 60_000
/** Beyond it an order is taken for a replay (RFC 5176 §6.3). */
const replayMs = 300_000
/** Message-Authenticator is demanded and sent from here on. */
const signsSince = { major: 7, minor: 15 }

/** All findings about a router's settings. */
export function judgeRouter(facts: RouterFacts, expected: Expected): Finding[] {
  return [
    ...judged(facts.radius, '/radius', (rows) => judgeRows(rows, facts, expected)),
    ...judged(facts.figures, '/radius/monitor', (figures) => judgeFigures(figures, facts, expected)),
    ...judged(facts.incoming, '/radius/incoming', (incoming) => judgeIncoming(incoming, expected)),
    ...judgeAccess(facts, expected),
    ...judged(facts.identity, '/system/identity', (name) => judgeIdentity(name, expected)),
    ...judged(facts.clock, '/system/clock', (clock) => judgeClock(clock, expected)),
    ...judged(facts.version, '/system/resource', judgeVersion),
  ]
}

function judgeRows(rows: readonly RadiusServer[], facts: RouterFacts, expected: Expected): Finding[] {
  const { server, authPort, acctPort } = expected
  const ours = server === undefined ? rows : rows.filter(({ address }) => address === server)
  const live = ours.filter(({ disabled }) => !disabled)
  const [row] = live
  if (row === undefined) {
    const sentence = `/radius has no ${ours.length > 0 ? 'enabled ' : ''}row with ${server ?? 'any server'}: it neither asks it nor takes its orders`
    const address = server ?? 'ADDRESS-OF-GATEHOUSE'
    const add = { address, authPort, acctPort, timeoutMs: 0, secret: undefined, sourceAddress: expected.source }
    const mend = ours.length > 0 ? commands.setRadiusRow(server, { enabled: true }) : commands.addRadiusRow(add)
    return [{ code: 'router-radius-row', severity: 'fault', sentence, mend }]
  }
  const findings = [
    ...judgeServices(row, facts, expected),
    ...judgeRow(row, expected),
    ...judgeSource(row, expected),
    ...(server === undefined ? [] : judgeRepeated(live, server)),
  ]
  return findings.length > 0
    ? findings
    : [fine('router-radius-row', `/radius asks ${row.address ?? 'us'} as it should`)]
}

function judgeRepeated(rows: readonly RadiusServer[], server: string): Finding[] {
  if (rows.length === 1) return []
  const sentence = `/radius has ${rows.length} rows with ${server}: each request is asked there several times before the next server is`
  const mend = commands.removeFurtherRadiusRows(server)
  return [{ code: 'router-radius-rows', severity: 'warning', sentence, mend }]
}

function judgeServices({ address, services }: RadiusServer, facts: RouterFacts, expected: Expected): Finding[] {
  const { dhcpServers, hotspotSessions } = facts
  const asksDhcp =
    dhcpServers.kind === 'read' && dhcpServers.value.some(({ useRadius, disabled }) => !disabled && useRadius === 'yes')
  const needed = [
    ...(expected.accessKinds.includes('pppoe') || expected.accessKinds.length === 0 ? ['ppp'] : []),
    ...(expected.accessKinds.includes('ipoe') || asksDhcp ? ['dhcp'] : []),
    ...(hotspotSessions.kind === 'read' && hotspotSessions.value > 0 ? ['hotspot'] : []),
  ]
  const missing = needed.filter((service) => !services.includes(service))
  if (missing.length === 0) return []
  const sentence = `the row of /radius with ${address} is not for ${missing.join(' and ')}`
  const mend = commands.setRadiusRow(address, { services: [...services, ...missing] })
  return [{ code: 'router-services', severity: 'fault', sentence, mend }]
}

function judgeRow(row: RadiusServer, { acctPort }: Expected): Finding[] {
  const { address, timeoutMs, requireMessageAuth, accountingPort } = row
  const findings: Finding[] = []
  if (timeoutMs !== undefined && timeoutMs < commands.shortestTimeoutMs) {
    const sentence = `it waits ${timeoutMs} ms for each answer, which is less than a busy database may take`
    const mend = commands.setRadiusRow(address, { timeoutMs: commands.shortestTimeoutMs })
    findings.push({ code: 'router-timeout', severity: 'warning', sentence, mend })
  }
  if (requireMessageAuth === 'no') {
    const sentence = 'it takes answers that are not signed, which may be forged (CVE-2024-3596)'
    const mend = commands.setRadiusRow(address, { signed: true })
    findings.push({ code: 'router-message-auth', severity: 'warning', sentence, mend })
  }
  if (accountingPort !== undefined && accountingPort !== acctPort) {
    const sentence = `it sends accounting to port ${accountingPort}, and we take it at ${acctPort}`
    const mend = commands.setRadiusRow(address, { accountingPort: acctPort })
    findings.push({ code: 'router-accounting-port', severity: 'fault', sentence, mend })
  }
  return findings
}

function judgeSource({ address, sourceAddress }: RadiusServer, { source }: Expected): Finding[] {
  const isSet = sourceAddress !== undefined && sourceAddress !== '0.0.0.0' && sourceAddress !== '::'
  if (source === undefined || !isSet || sourceAddress === source) return []
  const sentence = `its requests leave from ${sourceAddress}, and its client has ${source} here`
  const mend = commands.setRadiusRow(address, { sourceAddress: source })
  return [{ code: 'router-source-address', severity: 'fault', sentence, mend }]
}

/** Of our rows alone: other servers are not our business. */
function judgeFigures(all: readonly Figures[], { radius }: RouterFacts, { server }: Expected): Finding[] {
  const rows = radius.kind === 'read' ? radius.value : []
  const isOurs = (id: string): boolean => server === undefined || rows.find((row) => row.id === id)?.address === server
  return all.filter(({ id }) => isOurs(id)).flatMap((figures) => judgeReplies(figures, server) ?? [])
}

/** Bad replies while answers go out: it holds them against another secret. The API shows the secret to nobody who may only read. */
function judgeReplies({ before, after }: Figures, server: string | undefined): Finding | undefined {
  const { badReplies: bad = 0, accepts = 0, rejects = 0, timeouts } = after
  if (bad === 0) return undefined
  const good = accepts + rejects
  const isRising = bad > (before.badReplies ?? 0)
  const evidence = evidenceOf({ bad_replies: bad, accepts, rejects, timeouts })
  if (isRising || good === 0) {
    const how = isRising ? 'and more while it was watched' : 'and no good one'
    const sentence = `it refuses our answers as signed with another secret (${bad} bad replies, ${how})`
    const mend = commands.setRadiusRow(server, { secret: true })
    return { code: 'router-bad-replies', severity: 'fault', sentence, mend, evidence }
  }
  if (bad <= good / 100) return undefined
  const sentence = `it has refused ${bad} answers as badly signed, and none while it was watched: let it count anew and look again`
  return { code: 'router-bad-replies', severity: 'warning', sentence, mend: commands.resetRadiusFigures, evidence }
}

function judgeIncoming(
  incoming: { accept: boolean | undefined; port: number | undefined },
  { coaPort }: Expected,
): Finding[] {
  const mend = commands.acceptIncoming(coaPort)
  const fault = (sentence: string): Finding[] => [{ code: 'router-incoming', severity: 'fault', sentence, mend }]
  if (incoming.accept !== true) return fault('/radius incoming takes no CoA and no Disconnect')
  if (incoming.port !== coaPort) return fault(`/radius incoming listens at ${incoming.port}, and we send to ${coaPort}`)
  return [fine('router-incoming', `/radius incoming takes orders at ${coaPort}`)]
}

function judgeIdentity(name: string, { identifier }: Expected): Finding[] {
  if (identifier === undefined || name === identifier) return [fine('router-identity', `it calls itself ${name}`)]
  const sentence = `it calls itself ${name}, and we know it as ${identifier}: what it sends is another device's`
  return [{ code: 'router-identity', severity: 'fault', sentence, mend: commands.setIdentity(identifier) }]
}

function judgeClock(clock: Date, { at }: Expected): Finding[] {
  const ahead = clock.getTime() - at.getTime()
  if (Math.abs(ahead) <= clockMs) return [fine('router-clock', 'its clock is right to a minute')]
  const sentence = `its clock is ${Math.round(Math.abs(ahead) / 1_000)} s ${ahead > 0 ? 'ahead' : 'behind'}`
  const severity = Math.abs(ahead) > replayMs ? 'fault' : 'warning'
  const mend = commands.followTime('pool.ntp.org')
  return [{ code: 'router-clock', severity, sentence, mend, evidence: { ahead_ms: ahead } }]
}

function judgeVersion({ text, major, minor }: RouterSoftware): Finding[] {
  if (major > signsSince.major || (major === signsSince.major && minor >= signsSince.minor)) {
    return [fine('router-version', `RouterOS ${text}`)]
  }
  const sentence = `RouterOS ${text} neither signs its requests nor demands signed answers (CVE-2024-3596): 7.15 does`
  return [{ code: 'router-version', severity: 'warning', sentence, mend: commands.installUpdate }]
}
