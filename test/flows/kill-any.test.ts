// kill -9 of the processes of a whole service under load, Postgres included: the smallest form of what test/faults and test/soak do.
import { expect, it } from 'vitest'
import { dieAt } from '../support/fail-point-kills.ts'
import { killAnything } from '../support/kill-any.ts'

it('F01: kill -9 of the RADIUS process, of Postgres and of the supervisor loses nothing that was acknowledged and counts nothing twice', async () => {
  const { back, rejected, acknowledged } = await killAnything({ kills: 3, seed: 'flows', network: 61, subscribers: 10 })
  expect(acknowledged).toBeGreaterThan(20)
  expect(rejected).toBe(0)
  expect(back.map(({ victim }) => victim)).toEqual(['radius', 'postgres', 'supervisor'])
  // Here only that it comes back by itself: how soon is measured in test/faults, where nothing else runs.
  expect(Math.max(...back.map(({ ms }) => ms))).toBeLessThan(20_000)
}, 180_000)

it('F02: killed between commit and answer, three times: what is sent again is known, and counted once', async () => {
  const { deaths } = await dieAt({ point: 'after_commit', hit: 30, rounds: 3, network: 63, patienceMs: 60_000 })
  expect(deaths).toBeGreaterThanOrEqual(3)
}, 180_000)
