// kill -9 while accounting flows, at full size: at drawn moments and at the worst ones. Figures are printed.
import { expect, it } from 'vitest'
import { dieAt } from '../support/fail-point-kills.ts'
import { killAnything, type Victim } from '../support/kill-any.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

it('F01: the RADIUS process killed at 20 random moments: 0 acknowledged records lost, 0 counted twice', async () => {
  const { back, rejected, acknowledged } = await killAnything({
    kills: 20,
    seed: 'F01',
    network: 70,
    victimOf: () => 'radius',
  })
  const slowest = Math.max(...back.map(({ ms }) => ms))
  say(
    `F01: ${acknowledged} records acknowledged over 20 kills; a login is let in at most ${Math.round(slowest)} ms after`,
  )
  expect(rejected).toBe(0)
  expect(slowest).toBeLessThanOrEqual(3_000)
}, 300_000)

it('F01: one process or another killed at 10 random moments, Postgres included', async () => {
  const { back, rejected, acknowledged } = await killAnything({ kills: 10, seed: 'any', network: 71 })
  const slowest = new Map<Victim, number>()
  for (const { victim, ms } of back) slowest.set(victim, Math.max(ms, slowest.get(victim) ?? 0))
  const figures = [...slowest].map(([victim, ms]) => `${victim} ${Math.round(ms)} ms`)
  say(`F01: of all processes: ${acknowledged} records acknowledged; back after at most ${figures.join(', ')}`)
  expect(rejected).toBe(0)
  expect([...slowest].filter(([, ms]) => ms > 3_000)).toEqual([])
}, 300_000)

it.each([
  { id: 'F02', what: 'between commit and answer', point: 'after_commit', hit: 30, network: 72, settings: {} },
  {
    id: 'F03',
    what: 'between the journal’s fsync and the answer',
    point: 'journal_after_fsync',
    hit: 10,
    network: 73,
    settings: { accounting_sink: 'journal-always' },
  },
  {
    id: 'F03',
    what: 'between the commit of a replay and its mark',
    point: 'journal_before_mark',
    hit: 5,
    network: 74,
    settings: { accounting_sink: 'journal-always' },
  },
] as const)(
  '$id: killed $what, 20 times: nothing lost, nothing counted twice',
  async ({ id, what, ...input }) => {
    const { deaths, acknowledged } = await dieAt({ ...input, rounds: 20, patienceMs: 240_000 })
    say(`${id}: ${deaths} deaths ${what}, ${acknowledged} records acknowledged: 0 lost, 0 double`)
    expect(deaths).toBeGreaterThanOrEqual(20)
  },
  300_000,
)
