// The primary of Postgres dies, or hangs, and its synchronous standby is promoted: both instances find it by themselves, and nothing
// that was acknowledged is lost. Who promotes, and keeps the old primary from coming back, is Patroni or its like; here it is the test.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guests, tryLogins } from '../support/fault-world.ts'
import { startReplicatedPostgres, type ReplicatedPostgres } from '../support/standby.ts'
import { addressesByNas, drained, openTwoInstances, pass, type TwoInstances } from '../support/two-instances.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

describe.each([
  { how: 'killed', network: 96, fall: (both: ReplicatedPostgres) => both.primary.kill() },
  { how: 'frozen', network: 97, fall: async (both: ReplicatedPostgres) => both.primary.freeze() },
])('a primary that is $how', ({ how, network, fall }) => {
  let both: ReplicatedPostgres
  let two: TwoInstances
  let promoted = false
  beforeAll(async () => {
    both = await startReplicatedPostgres()
    const postgres = {
      ...both.primary,
      get pool() {
        return (promoted ? both.standby : both.primary).pool
      },
      close: () => both.close(),
    }
    const names = guests(40)
    two = await openTwoInstances({
      seed: how,
      network,
      subscribers: 20,
      others: names,
      postgres,
      databaseUrl: both.url,
    })
    await addressesByNas(postgres, names)
    // What each would know without Postgres is two seconds old at most.
    await pass(2_000)
  }, 120_000)
  afterAll(() => two.close())

  it(`F12, I1: ${how} under load: logins go on, its standby is found within seconds, nothing acknowledged is lost`, async () => {
    const end = two.fleet.load({ pauseMs: 20 })
    const acknowledged = (): number => two.fleet.entries.filter(({ kind }) => kind === 'answered').length
    const before = acknowledged()
    const logins = tryLogins({ door: two.doors.both }, { perSecond: 20, seconds: 10, guests: 40 })
    await pass(1_000)
    await fall(both)
    const fallen = acknowledged()
    await pass(3_000)
    // Fencing: it must never write again.
    if (how === 'frozen') await both.primary.kill()
    const promotedMs = await both.promote()
    promoted = true
    const begun = performance.now()
    await Promise.all([drained(two.a), drained(two.b)])
    const wholeMs = performance.now() - begun
    const { right, wrong, unknown } = await logins
    await end()
    await two.whole()
    await two.settle()
    say(
      `I1: ${how}: ${fallen - before} records acknowledged before and ${acknowledged() - fallen} after, 0 lost; promoted in ` +
        `${Math.round(promotedMs)} ms, both whole ${Math.round(wholeMs)} ms later; ${right.online} logins, ${right.timeout} failed`,
    )
    expect([right.rejected, right.timeout, wrong.online]).toEqual([0, 0, 0])
    expect(two.rejected() - wrong.rejected - unknown.rejected).toBe(0)
    expect(wholeMs).toBeLessThan(20_000)
  }, 120_000)
})
