// Whether a NAS takes CoA and Disconnect: by an order about a session that does not exist (nas/coa-probe.ts), and by what became
// of orders before. Pure.

import type { NasFacts } from '../../domain/doctor/facts.ts'
import type { Probe } from '../coa-probe.ts'
import { evidenceOf } from './finding.ts'
import type { Finding, NotSeen } from './finding.ts'
import type { Mends } from './mends.ts'

/** An order that was answered so lately outweighs a question that was not. */
const latelyMs = 600_000

/** What an order would meet now. */
export function judgeOrders(
  facts: NasFacts,
  probe: Probe,
  mends: Mends,
): { findings: readonly Finding[]; notSeen: readonly NotSeen[] } {
  const finding = findingOf(facts, probe, mends)
  return 'code' in finding ? { findings: [finding], notSeen: [] } : { findings: [], notSeen: [finding] }
}

function findingOf(facts: NasFacts, probe: Probe, mends: Mends): Finding | NotSeen {
  const { nas, address, port, heardOn } = facts.target
  const alarm = facts.alarms.some(({ kind }) => kind === 'coa-unreachable') ? true : undefined
  const { lastAnsweredAt, lastUnansweredAt } = facts.orders
  const evidence = evidenceOf({
    address,
    port,
    from: heardOn,
    answered_at: lastAnsweredAt,
    unanswered_at: lastUnansweredAt,
    alarm,
  })
  const at = `at ${address} port ${port}`
  switch (probe.kind) {
    case 'answered':
      return {
        code: 'coa',
        severity: 'ok',
        sentence: `it answers orders ${at}`,
        evidence: { ...evidence, round_trip_ms: probe.roundTripMs },
      }
    case 'off':
      return { code: 'coa', severity: 'ok', sentence: 'it takes no orders, by its settings coa and disconnect' }
    case 'bad-secret':
      return wrongSecret(evidence, mends)
    case 'other-source': {
      const sentence = `it answers orders from ${probe.answeredFrom} and none from ${probe.from}, to which it sends its requests and from which ours come`
      return { code: 'source-refused', severity: 'fault', sentence, mend: mends.trust, evidence }
    }
    case 'unknown-address': {
      const sentence = 'no order can be sent: nobody knows where it is'
      const mend = `gatehouse nas set ${nas.name} --coa-address ADDRESS`
      return { code: 'coa-unreachable', severity: 'fault', sentence, mend }
    }
    case 'no-secret': {
      const sentence = 'no order can be sent: the secret of its client cannot be opened here'
      const mend = `gatehouse client rotate-secret ${facts.client.name}`
      return { code: 'coa-secret', severity: 'fault', sentence, mend }
    }
    case 'silent':
    case 'failed':
    case 'not-ours':
      return unproven(facts, probe, mends, evidence)
  }
}

/** Nothing came back, or could not be asked from here: orders of before have to tell. */
function unproven(
  facts: NasFacts,
  probe: Probe & { kind: 'silent' | 'failed' | 'not-ours' },
  mends: Mends,
  evidence: Record<string, string | number | boolean>,
): Finding | NotSeen {
  const { address, port, heardOn } = facts.target
  const { lastAnsweredAt, lastUnansweredAt, lastBadAnswerAt } = facts.orders
  const ms = (at: Date | undefined): number => at?.getTime() ?? 0
  if (ms(lastBadAnswerAt) > ms(lastAnsweredAt)) return wrongSecret(evidence, mends)
  const answered = ms(lastAnsweredAt)
  if (answered > ms(lastUnansweredAt) && (probe.kind === 'not-ours' || answered > facts.at.getTime() - latelyMs)) {
    return { code: 'coa', severity: 'ok', sentence: 'it answered the last order that it was sent', evidence }
  }
  if (probe.kind === 'not-ours' && lastUnansweredAt === undefined) {
    const why = `it speaks to ${heardOn}, which is no address of this machine, and no order was sent to it in the last day`
    return { what: 'whether it takes orders', why, mend: `ask on the machine that has ${heardOn}` }
  }
  const how = probe.kind === 'failed' ? `: ${probe.error}` : ''
  const sentence = `it answers no CoA or Disconnect at ${address} port ${port}${how}: nobody there can be blocked, slowed down or disconnected while online`
  return { code: 'coa-unreachable', severity: 'fault', sentence, mend: mends.orders, evidence }
}

function wrongSecret(evidence: Record<string, string | number | boolean>, mends: Mends): Finding {
  const sentence = 'it answers orders under another secret than its client has here, so that no answer counts'
  return { code: 'coa-secret', severity: 'fault', sentence, mend: mends.secret, evidence }
}
