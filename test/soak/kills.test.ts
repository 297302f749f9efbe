// The long form of test/faults/kills.test.ts: 200 kills of any process, 100 deaths at each of the worst moments.
import { expect, it } from 'vitest'
import { dieAt } from '../support/fail-point-kills.ts'
import { killAnything, victims } from '../support/kill-any.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

it('kill -9 of any process at 200 random moments under load: nothing acknowledged is lost, nothing is counted twice', async () => {
  const { back, rejected, acknowledged } = await killAnything({
    kills: 200,
    seed: process.env.GATEHOUSE_TEST_SEED ?? 'soak',
    network: 80,
    onKill: (kill, victim, ms) => say(`kill ${kill + 1}: ${victim}, back after ${Math.round(ms)} ms`),
  })
  for (const victim of victims) {
    const times = back.filter((one) => one.victim === victim).map(({ ms }) => Math.round(ms))
    say(`${victim}: ${times.length} kills, back after ${Math.min(...times)} to ${Math.max(...times)} ms`)
  }
  say(`${acknowledged} records acknowledged`)
  expect(rejected).toBe(0)
  expect(back.filter(({ ms }) => ms > 3_000)).toEqual([])
}, 3_600_000)

it.each([
  { id: 'F02', point: 'after_commit', hit: 30, network: 81, settings: {} },
  { id: 'F03', point: 'journal_after_fsync', hit: 10, network: 82, settings: { accounting_sink: 'journal-always' } },
  { id: 'F03', point: 'journal_before_mark', hit: 5, network: 83, settings: { accounting_sink: 'journal-always' } },
] as const)(
  '$id: 100 deaths at $point',
  async ({ id, ...input }) => {
    const { deaths, acknowledged } = await dieAt({ ...input, rounds: 100, patienceMs: 1_500_000 })
    say(`${id}: ${deaths} deaths at ${input.point}, ${acknowledged} records acknowledged: 0 lost, 0 double`)
    expect(deaths).toBeGreaterThanOrEqual(100)
  },
  1_800_000,
)
