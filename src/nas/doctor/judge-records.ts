// What the accounting of a NAS shows: whether there is any, and whether it comes as often as it was asked for. Pure.

import type { NasFacts } from '../../domain/doctor/facts.ts'
import { evidenceOf } from './finding.ts'
import type { Finding } from './finding.ts'
import type { Mends } from './mends.ts'

/** A smaller share of its sessions may have been hurt by the network. */
const fewShare = 0.1
const manyShare = 0.5

/** All findings about accounting. Nothing is said of what could not show itself yet. */
export function judgeRecords(facts: NasFacts, mends: Mends): Finding[] {
  return [...judgeAccounting(facts, mends), ...judgeInterims(facts, mends)]
}

/** A clock that is further off does not tell when a record was (aaa/accounting-packet.ts). */
const saneClockMs = 86_400_000

/**
 * How old the last record may be where logins may be renewals of IPoE lines, which no Start follows: twice the interval of
 * Interim-Updates, and what the clock of the NAS is behind, for it is that clock that tells there. In ms.
 */
function patienceMs({ sessions, tallies }: NasFacts): number {
  if (!sessions.accessKinds.includes('ipoe')) return 0
  const ahead = tallies.find(({ kind }) => kind === 'clock-skew')?.worst ?? 0
  const behind = ahead < 0 && ahead >= -saneClockMs ? -ahead : 0
  return 2_000 * sessions.askedIntervalS + behind
}

function judgeAccounting(facts: NasFacts, mends: Mends): Finding[] {
  const { access, sessions, at } = facts
  const { accountableAcceptAt: accepted } = access
  const { lastRecordAt } = sessions
  if (accepted === undefined) {
    return lastRecordAt === undefined
      ? []
      : [{ code: 'no-accounting', severity: 'ok', sentence: 'it sends accounting' }]
  }
  const evidence = evidenceOf({ accepts: access.accepts, login_at: accepted, record_at: lastRecordAt })
  const isSilent = (last: Date): boolean => last < accepted && at.getTime() - last.getTime() >= patienceMs(facts)
  if (lastRecordAt === undefined || isSilent(lastRecordAt)) {
    const sentence = `${access.accepts} logins in the last day and no accounting after the last of them: who is online, how long and how much is not known`
    return [{ code: 'no-accounting', severity: 'fault', sentence, mend: mends.account, evidence }]
  }
  return [{ code: 'no-accounting', severity: 'ok', sentence: 'logins are followed by accounting', evidence }]
}

function judgeInterims({ sessions }: NasFacts, mends: Mends): Finding[] {
  const { due, withoutInterims, measured, irregular, askedIntervalS, observedIntervalS } = sessions
  if (due === 0 && measured === 0) return []
  const evidence = evidenceOf({
    asked_s: askedIntervalS,
    observed_s: observedIntervalS,
    sessions: due,
    without: withoutInterims,
    irregular,
  })
  const mend = mends.interims
  if (due > 0 && withoutInterims > fewShare * due) {
    const all = withoutInterims === due
    const sentence = `${all ? 'all' : withoutInterims} of ${due} sessions sent no Interim-Update although ${askedIntervalS} s were asked for: quotas and dead sessions are seen late`
    const severity = withoutInterims >= manyShare * due ? 'fault' : 'warning'
    return [{ code: 'no-interims', severity, sentence, mend, evidence }]
  }
  if (measured > 0 && irregular > fewShare * measured) {
    const sentence = `${irregular} of ${measured} sessions report not every ${askedIntervalS} s as asked, but every ${observedIntervalS ?? 0} s in the middle`
    return [{ code: 'irregular-interims', severity: 'warning', sentence, mend, evidence }]
  }
  return [
    { code: 'no-interims', severity: 'ok', sentence: 'sessions are reported as often as was asked for', evidence },
  ]
}
