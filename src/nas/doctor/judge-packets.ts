// What the packets of a NAS show: from where they come, under which secret, signed or not, by which clock, and how long it waits
// for our answers. Pure: facts in, findings out.

import type { NasFacts, Tally } from '../../domain/doctor/facts.ts'
import { evidenceOf } from './finding.ts'
import type { Finding } from './finding.ts'
import type { Mends } from './mends.ts'

/** Of the same moment, as far as counts that are written every few seconds can tell. */
const sameMomentMs = 60_000
/** Beyond it a CoA-Request is taken for a replay (RFC 5176 §6.3). */
const replayMs = 300_000
/** Fewer repeats, or a smaller share of all requests, are packets lost on the way. */
const fewRepeats = 20
const repeatShare = 0.05
/** Wrong passwords of so many names, and no login: it is hardly they who all mistype. */
const mistypers = 3

type Told = readonly [NasFacts, Mends]

/** All findings about packets. */
export function judgePackets(facts: NasFacts, mends: Mends): Finding[] {
  const told: Told = [facts, mends]
  return [judgeHeard, judgeSecret, judgeStrangers, judgeDevices, judgeSigning, judgePatience, judgeClock].flatMap(
    (judge) => judge(...told),
  )
}

function isHeard({ source, access, sessions }: NasFacts): boolean {
  return source !== undefined || access.lastAcceptAt !== undefined || sessions.lastRecordAt !== undefined
}

function judgeHeard(facts: NasFacts, mends: Mends): Finding[] {
  if (isHeard(facts) || badSecrets(facts).length > 0) return []
  const { name } = facts.target.nas
  const sentence = `nothing that proves itself was ever heard from it; gatehouse nas script ${name} prints its configuration`
  return [{ code: 'never-heard', severity: 'fault', sentence, mend: mends.trust }]
}

const badKinds: ReadonlySet<string> = new Set(['bad-authenticator', 'bad-message-authenticator'])

function badSecrets({ tallies, client }: NasFacts): Tally[] {
  return tallies.filter(({ kind, clientId }) => badKinds.has(kind) && clientId === client.id)
}

function judgeSecret(facts: NasFacts, mends: Mends): Finding[] {
  const { source, client, target } = facts
  // Without an address of its own it may be any of those behind the client.
  const isOwn = (tally: Tally): boolean =>
    source === undefined || client.onlyHost || tally.source === null || tally.source === source
  const bad = badSecrets(facts)
  const own = bad.filter((tally) => isOwn(tally) && isCurrent(facts, tally))
  const others = bad.filter((tally) => !isOwn(tally))
  const print = `gatehouse nas script ${target.nas.name} --show-secret prints ours`
  if (own.length > 0) {
    const sentence = `it signs with another secret than client ${client.name} has here (${print})`
    return [{ code: 'wrong-secret', severity: 'fault', sentence, mend: mends.secret, evidence: counted(own) }]
  }
  const guess = guessBySecret(facts, mends, print)
  if (guess !== undefined) return [guess]
  const fine: Finding[] = isHeard(facts)
    ? [{ code: 'wrong-secret', severity: 'ok', sentence: 'what it sends is signed with the secret that we have' }]
    : []
  if (others.length === 0) return fine
  const from = [...new Set(others.map((tally) => tally.source))].join(', ')
  const sentence = `another device behind client ${client.name} signs with another secret, at ${from}`
  const evidence = counted(others)
  return [...fine, { code: 'neighbour-secret', severity: 'warning', sentence, mend: mends.secret, evidence }]
}

/** What is mended is followed by what is right. */
function isCurrent({ access, sessions }: NasFacts, { lastAt }: Tally): boolean {
  const good = Math.max(access.lastAcceptAt?.getTime() ?? 0, sessions.lastRecordAt?.getTime() ?? 0)
  return lastAt.getTime() > good - sameMomentMs
}

/** An unsigned Access-Request proves no secret: under a wrong one every password is wrong (RFC 2865 §5.2). */
function guessBySecret({ access, client }: NasFacts, mends: Mends, print: string): Finding | undefined {
  if (client.messageAuthenticatorSeen || access.wrongPasswordNames < mistypers || access.accepts > 0) return undefined
  return {
    code: 'wrong-secret',
    severity: 'warning',
    sentence: `every login of ${access.wrongPasswordNames} names has a wrong password, and its requests are unsigned: its secret is probably another one (${print})`,
    mend: mends.secret,
    evidence: evidenceOf({ wrong_passwords: access.wrongPasswords, names: access.wrongPasswordNames }),
  }
}

function judgeStrangers(facts: NasFacts, mends: Mends): Finding[] {
  const { strangers, client, target } = facts
  const [first] = strangers
  if (first === undefined) {
    return [
      { code: 'unknown-source', severity: 'ok', sentence: 'no packets come from an address near it that is no client' },
    ]
  }
  const from = strangers.map(({ source }) => source).join(', ')
  const sentence = `packets come from ${from}, near it, and no client has that address`
  const host = client.onlyHost ? client.prefix.replace(/\/.*/, '') : undefined
  const add = `gatehouse client add --name ${target.nas.name}-2 --address ${first.source}`
  const mend = host === undefined ? add : `${mends.sendFrom(host)}, or here: ${add}`
  const severity = isHeard(facts) ? 'warning' : 'fault'
  return [{ code: 'unknown-source', severity, sentence, mend, evidence: counted(strangers) }]
}

/** Whether several devices hide behind what we take for one, and whether any is turned away. */
function judgeDevices({ tallies, client, target, alarms }: NasFacts, mends: Mends): Finding[] {
  const { nas } = target
  const findings: Finding[] = []
  const refused = tallies.filter(({ kind, clientId }) => kind === 'unknown-nas' && clientId === client.id)
  if (refused.length > 0) {
    const sentence = `a device behind client ${client.name} is refused: it has a name that no NAS there has`
    const mend = `gatehouse nas add --client ${client.name} --name NAME --vendor ${nas.vendor} --identifier IDENTIFIER`
    findings.push({ code: 'unknown-device', severity: 'warning', sentence, mend, evidence: counted(refused) })
  }
  const unnamed = alarms.find(({ kind }) => kind === 'unnamed-reboot')
  if (unnamed !== undefined) {
    const mend = mends.name(nas.name)
    findings.push({ code: 'unnamed-reboot', severity: 'warning', sentence: unnamed.text, mend })
  }
  const moves = tallies.filter(({ kind }) => kind === 'source-change')
  const sources = new Set(moves.map(({ source }) => source))
  const times = moves.reduce((sum, { count }) => sum + count, 0)
  const mend = `each needs a name of its own: ${mends.name(`${nas.name}-2`)}`
  // Once from here and once from there is a move; to and fro is two devices.
  if (sources.size > 1 && times > 2) {
    const sentence = `several devices speak as this one, from ${[...sources].join(' and ')}: their sessions are taken for each other's`
    findings.push({ code: 'shared-client', severity: 'fault', sentence, mend, evidence: counted(moves) })
  } else if (!client.onlyHost && nas.identifier === undefined && nas.address === undefined) {
    const sentence = `everything behind client ${client.name} (${client.prefix}) that tells no name counts as this one device`
    findings.push({ code: 'shared-client', severity: 'warning', sentence, mend })
  } else findings.push({ code: 'shared-client', severity: 'ok', sentence: 'it is told from other devices' })
  return findings
}

const unsignedKinds: ReadonlySet<string> = new Set(['unsigned', 'proxy-state-unsigned', 'eap-unsigned'])

function judgeSigning(facts: NasFacts, mends: Mends): Finding[] {
  const { tallies, client, access } = facts
  const set = (policy: string): string => `gatehouse client set ${client.name} --message-authenticator ${policy}`
  const dropped = tallies.filter((tally) => unsignedKinds.has(tally.kind) && isCurrent(facts, tally))
  if (dropped.length > 0) {
    const sentence = 'it sends Access-Requests without Message-Authenticator, which are dropped (CVE-2024-3596)'
    return [{ code: 'unsigned', severity: 'fault', sentence, mend: mends.sign, evidence: counted(dropped) }]
  }
  if (client.messageAuthenticator === 'off') {
    const sentence = `client ${client.name} need not sign, now or ever: its answers can be forged (CVE-2024-3596)`
    return [{ code: 'unsigned', severity: 'warning', sentence, mend: set('auto') }]
  }
  if (client.messageAuthenticator === 'auto' && !client.messageAuthenticatorSeen) {
    if (access.lastAcceptAt === undefined) return []
    const sentence = 'it has never signed an Access-Request: logins can be forged (CVE-2024-3596)'
    return [{ code: 'unsigned', severity: 'warning', sentence, mend: mends.sign }]
  }
  const sentence = 'it signs its Access-Requests, and unsigned ones are dropped'
  const fixed = client.messageAuthenticator === 'require' ? {} : { mend: set('require') }
  return [{ code: 'unsigned', severity: 'ok', sentence, ...fixed }]
}

function judgePatience({ p99Ms, target, tallies, client }: NasFacts, mends: Mends): Finding[] {
  const { patienceMs } = target.nas
  const slowest = Math.max(p99Ms.authentication ?? 0, p99Ms.accounting ?? 0)
  const count = (wanted: string): number =>
    tallies.reduce((sum, { kind, clientId, count: n }) => sum + (kind === wanted && clientId === client.id ? n : 0), 0)
  const [repeats, requests] = [count('duplicate'), count('request')]
  const evidence = evidenceOf({ patience_ms: patienceMs, p99_ms: Math.round(slowest), repeats, requests })
  const enoughMs = Math.max(1_000, Math.ceil((2 * slowest) / 1_000) * 1_000)
  const mend = `${mends.wait(enoughMs)}; here: gatehouse nas set ${target.nas.name} patience_ms=${enoughMs}`
  if (slowest > patienceMs) {
    const sentence = `it waits ${patienceMs} ms in all, and one in a hundred of our answers took ${Math.round(slowest)} ms or more`
    return [{ code: 'patience', severity: 'fault', sentence, mend, evidence }]
  }
  if (slowest > patienceMs / 2) {
    const sentence = `it waits ${patienceMs} ms in all, and our slowest answers took ${Math.round(slowest)} ms: little is left`
    return [{ code: 'patience', severity: 'warning', sentence, mend, evidence }]
  }
  if (repeats >= fewRepeats && repeats > repeatShare * requests) {
    const sentence = `${repeats} of ${requests} requests of client ${client.name} in the last hour were repeats: it waits too short, or our answers are lost on the way`
    return [{ code: 'repeats', severity: 'warning', sentence, mend, evidence }]
  }
  return [{ code: 'patience', severity: 'ok', sentence: 'it waits long enough for our answers', evidence }]
}

function judgeClock(facts: NasFacts, mends: Mends): Finding[] {
  const { sessions, tallies, target } = facts
  if (!target.nas.settings.trust_time) {
    const sentence = 'its clock is not looked at: its records count from when they arrive (trust_time=false)'
    return [{ code: 'clock', severity: 'ok', sentence }]
  }
  const skew = tallies.find(({ kind }) => kind === 'clock-skew')
  const last = sessions.lastRecordAt?.getTime() ?? 0
  if (skew === undefined || skew.worst === null || skew.lastAt.getTime() < last - sameMomentMs) {
    if (last === 0) return []
    return [{ code: 'clock', severity: 'ok', sentence: 'its clock goes right, by what its records say' }]
  }
  const ahead = skew.worst
  const off = Math.abs(ahead)
  if (off < sameMomentMs) return [{ code: 'clock', severity: 'ok', sentence: 'its clock is right to a minute' }]
  const sentence = `its clock is ${Math.round(off / 1_000)} s ${ahead > 0 ? 'ahead' : 'behind'}, by Event-Timestamp`
  const here = `; here: gatehouse nas set ${target.nas.name} trust_time=false`
  const severity = off > replayMs ? 'fault' : 'warning'
  return [{ code: 'clock', severity, sentence, mend: mends.time + here, evidence: evidenceOf({ ahead_ms: ahead }) }]
}

function counted(tallies: readonly Tally[]): Record<string, string | number | boolean> {
  return evidenceOf({
    packets: tallies.reduce((sum, { count }) => sum + count, 0),
    sources: [...new Set(tallies.flatMap(({ source }) => source ?? []))].join(', ') || undefined,
    last_at: new Date(Math.max(...tallies.map(({ lastAt }) => lastAt.getTime()))),
  })
}
