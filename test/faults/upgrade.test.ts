// An upgrade and a rollback under load: instances one after the other, with two releases side by side in between. Figures are printed.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { guests } from '../support/fault-world.ts'
import { openReleases, rollOver, type Releases } from '../support/rolling.ts'
import { openTwoInstances, type TwoInstances } from '../support/two-instances.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

let two: TwoInstances
let releases: Releases
beforeAll(async () => {
  releases = openReleases()
  two = await openTwoInstances({
    seed: 'upgrade',
    network: 95,
    subscribers: 20,
    others: guests(40),
    serve: (name) => ({ main: releases.mainOf(name) }),
  })
}, 120_000)
afterAll(async () => {
  await two.close()
  releases.close()
})

it.each([
  { how: 'rolled back to the former release', to: 'former' },
  { how: 'upgraded from it', to: 'this' },
] as const)(
  'F74: one after the other $how under load, on the schema of this release: no failed login, nothing acknowledged is lost',
  async ({ how, to }) => {
    const { logins, failed, stops } = await rollOver(two, (name) => releases.use(name, to))
    const slowest = Math.round(Math.max(...stops.map(({ ms }) => ms)))
    const which =
      releases.former === undefined ? 'this release standing for the former one' : releases.former.slice(0, 10)
    say(`F74: ${how} (${which}): ${failed} of ${logins} logins failed; stopped within ${slowest} ms`)
    expect(failed).toBe(0)
    expect(stops.map(({ code }) => code)).toEqual([0, 0])
    expect(slowest).toBeLessThanOrEqual(10_000)
  },
  180_000,
)

it('I1 to I10 hold after both', async () => {
  await expect(two.settle()).resolves.toBeUndefined()
}, 120_000)
