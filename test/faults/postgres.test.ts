// Postgres killed, frozen, slow, half-open, and with a disk that fails, at full size. Figures are printed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failFsync, openOutageWorld, outage, told } from '../support/postgres-faults.ts'
import { quantile, tryLogins, type FaultWorld } from '../support/fault-world.ts'
import { outageGuests } from '../support/postgres-faults.ts'
import { hasTools } from '../support/tools.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

describe('killed or frozen', () => {
  let world: FaultWorld
  beforeAll(async () => {
    world = await openOutageWorld({ seed: 'postgres', network: 75, subscribers: 40 })
  }, 120_000)
  afterAll(() => world.close())

  it('F12, D1, D4: killed for 15 s at 200 logins a second', async () => {
    const figures = await outage(world, {
      seconds: 15,
      perSecond: 200,
      pauseMs: 50,
      begin: () => world.postgres.kill(),
      end: () => world.postgres.start(),
    })
    told('F12', figures)
    const { right, wrong, unknown } = figures.logins
    expect(right.online).toBeGreaterThanOrEqual(0.99 * (right.online + right.timeout))
    expect([right.rejected, wrong.online, unknown.online, unknown.rejected]).toEqual([0, 0, 0, 0])
    expect(figures.drainedAfterMs).toBeLessThanOrEqual(30_000)
    expect([...figures.statuses.keys()].filter((status) => status !== 503)).toEqual([])
  }, 120_000)

  it('F14: one backend killed, so that all are restarted: two seconds at most', async () => {
    world.begin()
    for (let round = 0; round < 5; round += 1) {
      await world.postgres.killBackend('gatehouse-')
      const { right, acceptedMs } = await tryLogins(world, { perSecond: 20, seconds: 1, guests: outageGuests })
      expect(right.rejected + right.timeout).toBe(0)
      say(
        `F14: ${right.online} logins from the kill on, none lost, the slowest took ${Math.round(acceptedMs.at(-1) ?? 0)} ms`,
      )
      expect(acceptedMs.at(-1)).toBeLessThanOrEqual(2_000)
    }
    await world.settle()
  }, 120_000)

  it('F15: frozen for 20 s', async () => {
    const figures = await outage(world, {
      seconds: 20,
      perSecond: 100,
      pauseMs: 50,
      begin: () => world.postgres.freeze(),
      end: () => world.postgres.thaw(),
    })
    told('F15', figures)
    const { right, wrong } = figures.logins
    expect(figures.openedAfterMs).toBeLessThanOrEqual(2_000)
    expect(right.online).toBeGreaterThanOrEqual(0.99 * (right.online + right.timeout))
    expect([right.rejected, wrong.online]).toEqual([0, 0])
    expect(figures.slowestCallMs).toBeLessThanOrEqual(10_000)
  }, 120_000)

  it.runIf(hasTools('strace'))(
    'F18: fsync fails, 20 times: Postgres panics and recovers, 0 lost, 0 double',
    async () => {
      world.begin()
      const before = world.acknowledged()
      expect(await failFsync(world, 20)).toBe(20)
      await world.settle()
      say(`F18: 20 panics, ${world.acknowledged() - before} records acknowledged meanwhile: 0 lost, 0 double`)
    },
    300_000,
  )
})

describe('behind a bad network', () => {
  let world: FaultWorld
  beforeAll(async () => {
    world = await openOutageWorld({ seed: 'network', network: 76, subscribers: 20, proxies: true })
  }, 120_000)
  afterAll(() => world.close())

  it('F16: connections are half-open: noticed within 15 s, and new ones are made', async () => {
    const begun = performance.now()
    world.begin()
    world.service.toPostgres!.halfOpen()
    const before = world.service.toPostgres!.counts.begun
    const { right } = await tryLogins(world, { perSecond: 50, seconds: 5, guests: outageGuests })
    await world.settle()
    const ms = Math.round(performance.now() - begun)
    const fresh = world.service.toPostgres!.counts.begun - before
    say(
      `F16: ${right.online} of ${right.online + right.timeout} let in meanwhile; whole again after ${ms} ms by ${fresh} new connections`,
    )
    expect(right.rejected).toBe(0)
    // What was written on a connection that is gone is given up by a deadline that some NASes do not wait for.
    expect(right.online).toBeGreaterThanOrEqual(0.95 * (right.online + right.timeout))
    expect(ms).toBeLessThanOrEqual(20_000)
  }, 120_000)

  it('F17: 500 ms for each statement: known subscribers are answered from the snapshot', async () => {
    const figures = await outage(world, {
      seconds: 10,
      perSecond: 50,
      pauseMs: 100,
      begin: () => world.service.toPostgres!.set({ delayMs: [250, 250] }),
      end: () => world.service.toPostgres!.heal(),
    })
    told('F17', figures)
    const { right, wrong } = figures.logins
    expect(right.online).toBeGreaterThanOrEqual(0.99 * (right.online + right.timeout))
    expect([right.rejected, wrong.online]).toEqual([0, 0])
    // Before the breaker opens the deadline of 250 ms is waited for.
    expect(quantile(figures.logins.acceptedMs, 0.5)).toBeLessThanOrEqual(100)
  }, 120_000)
})
