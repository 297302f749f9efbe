// Postgres is killed, stops answering, or finds its disk broken, while subscribers dial in and are accounted for.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { failFsync, openOutageWorld, outage } from '../support/postgres-faults.ts'
import type { FaultWorld } from '../support/fault-world.ts'
import { hasTools } from '../support/tools.ts'

let world: FaultWorld

beforeAll(async () => {
  world = await openOutageWorld({ seed: 'away', network: 62, subscribers: 10 })
}, 120_000)
afterAll(() => world.close())

it('F12: killed for two seconds: known subscribers are let in, no wrong password is, no right one rejected, nothing lost', async () => {
  const { logins, acknowledged } = await outage(world, {
    seconds: 2,
    perSecond: 50,
    begin: () => world.postgres.kill(),
    end: () => world.postgres.start(),
  })
  expect(logins.right).toEqual({ online: 80, rejected: 0, 'wrong-proof': 0, timeout: 0 })
  expect(logins.wrong.online).toBe(0)
  expect(logins.unknown).toEqual({ online: 0, rejected: 0, 'wrong-proof': 0, timeout: 10 })
  expect(acknowledged).toBeGreaterThan(20)
}, 120_000)

it('F15: frozen for three seconds: it is not waited for, and nothing is lost', async () => {
  const { logins, openedAfterMs, slowestCallMs } = await outage(world, {
    seconds: 3,
    perSecond: 30,
    begin: () => world.postgres.freeze(),
    end: () => world.postgres.thaw(),
  })
  expect(openedAfterMs).toBeLessThanOrEqual(2_000)
  expect(logins.right).toEqual({ online: 72, rejected: 0, 'wrong-proof': 0, timeout: 0 })
  expect(logins.wrong.online).toBe(0)
  expect(slowestCallMs).toBeLessThan(10_000)
}, 120_000)

it.runIf(hasTools('strace'))(
  'F18: fsync fails: Postgres panics and recovers, no record is lost and none counted twice',
  async () => {
    world.begin()
    expect(await failFsync(world, 2)).toBe(2)
    await world.settle()
  },
  60_000,
)
