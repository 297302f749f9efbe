// Accounting while Postgres is away, and what the journal has of it when the RADIUS process dies: everything that was acknowledged
// is in the books in the end, once. At full size: test/faults/postgres.test.ts, test/faults/kills.test.ts.
import { expect, it } from 'vitest'
import { dieAt } from '../support/fail-point-kills.ts'
import { accountingOutage, killWithUndrainedJournal } from '../support/journal-faults.ts'

it('D1, D4: accounting goes on for four seconds without Postgres, and is in the books soon after', async () => {
  const figures = await accountingOutage({
    seed: 'journal-away',
    network: 81,
    subscribers: 10,
    seconds: 4,
    pauseMs: 30,
  })
  expect(figures.acknowledgedMeanwhile).toBeGreaterThan(100)
  expect(figures.drainedMs).toBeLessThan(30_000)
}, 90_000)

it('F01: kill -9 of the RADIUS process with an undrained journal: its successor drains it', async () => {
  const { keptAtDeath } = await killWithUndrainedJournal({ seed: 'journal-kill', network: 82, kills: 2 })
  expect(keptAtDeath).toBeGreaterThan(10)
}, 90_000)

it.each(['journal_after_fsync', 'journal_before_mark'] as const)(
  'F03: death at %s, five times: nothing acknowledged is lost, nothing counts twice',
  async (point) => {
    const { deaths } = await dieAt({
      point,
      hit: 4,
      rounds: 5,
      network: point === 'journal_after_fsync' ? 83 : 84,
      settings: { accounting_sink: 'journal-always' },
      patienceMs: 60_000,
    })
    expect(deaths).toBeGreaterThanOrEqual(5)
  },
  120_000,
)
