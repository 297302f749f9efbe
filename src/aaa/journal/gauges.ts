// What the journals of a process hold, as its metrics say it: together where one drains what another process left behind.

import type { Clock } from '../../clock.ts'
import type { Metrics } from '../../metrics.ts'
import type { Backlog } from './journal.ts'

export type JournalGauges = {
  /** Sets the gauges, with this as what the journal of that number holds now. */
  set(worker: number, backlog: Backlog): void
}

/** Makes them, for a process without a journal yet. */
export function createJournalGauges({ metrics, clock }: { metrics: Metrics; clock: Clock }): JournalGauges {
  const backlogs = new Map<number, Backlog>()
  return {
    set(worker, backlog) {
      backlogs.set(worker, backlog)
      const all = [...backlogs.values()]
      const sum = (of: (one: Backlog) => number): number => all.reduce((total, one) => total + of(one), 0)
      const ageOf = ({ oldest }: Backlog): number =>
        oldest === undefined ? 0 : Math.max(0, (clock.now().getTime() - oldest.getTime()) / 1000)
      metrics.journalRecords.set(sum(({ records }) => records))
      metrics.journalOctets.set(sum(({ octets }) => octets))
      metrics.journalAge.set(Math.max(...all.map(ageOf)))
      metrics.journalShare.set(Math.max(...all.map(({ shareOfCap }) => shareOfCap)))
    },
  }
}
