// Accounting while Postgres is away, and what the journal has of it when the RADIUS process dies: everything that was acknowledged
// is in the books in the end, once. At full size, and with deaths at each moment (F03): test/faults/postgres.test.ts,
// test/faults/kills.test.ts.
import { expect, it } from 'vitest'
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
  const { keptAtDeath } = await killWithUndrainedJournal({ seed: 'journal-kill', network: 82, kills: 1 })
  expect(keptAtDeath).toBeGreaterThan(5)
}, 90_000)
