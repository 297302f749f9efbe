// Two instances on one Postgres, reduced: NASes that have one as primary and the other as secondary, and what one of them may lose.
// The whole grid of faults and moments runs in test/faults/two-instances.test.ts.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { findAction } from '../../src/domain/subscriber-action/list.ts'
import type { DialOutcome, Online } from '../../src/simulator/nas-options.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { serving } from '../support/cluster.ts'
import { guests, tryLogins } from '../support/fault-world.ts'
import { password, secret } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'
import { rollOver } from '../support/rolling.ts'
import { addressesByNas, openTwoInstances, pass, strike, told, type TwoInstances } from '../support/two-instances.ts'

const names = ['lost', 'merged', 'barred', 'grey']
let two: TwoInstances
beforeAll(async () => {
  two = await openTwoInstances({ seed: 'two', network: 64, subscribers: 6, others: [...names, ...guests(20)] })
  await addressesByNas(two.postgres, ['merged', 'grey'])
}, 120_000)
afterAll(() => two.close())
afterEach(async () => {
  for (const { toPostgres, toRadius } of [two.a, two.b]) {
    toPostgres?.heal()
    for (const proxy of toRadius) proxy.heal()
  }
  await two.whole()
}, 60_000)

const away = 'Postgres does not answer in time: it is not asked until it does'

function dial(nas: SimulatedNas, username: string): Promise<DialOutcome> {
  return nas.dial({ username, password, method: 'pap', mac: lineMac(1_000 + names.indexOf(username)) })
}

async function online(nas: SimulatedNas, username: string): Promise<Online> {
  const outcome = await dial(nas, username)
  if (outcome.kind !== 'online') throw new Error(`${username} is not let in: ${outcome.kind}`)
  return outcome
}

async function sessionsOf(username: string): Promise<{ open: number; all: number; addresses: number }> {
  const { rows } = await two.postgres.pool.query<{ open: number; all: number; addresses: number }>(
    `select count(*) filter (where ended_at is null)::int as open, count(*)::int as all,
       count(distinct framed_ip)::int as addresses from session where username = $1`,
    [username],
  )
  return rows[0]!
}

describe('the same line at both', () => {
  it('F36, F69: A lets it in and its answers are lost, B is asked anew: one session, one address, nobody refused', async () => {
    for (const proxy of two.a.toRadius) proxy.set('toClient', { blackhole: true })
    const { session, started } = await online(two.doors.both, 'lost')
    expect(await started).toBe(true)
    expect(await sessionsOf('lost')).toEqual({ open: 1, all: 1, addresses: 1 })
    // Both gave it the address that the line has.
    const { rows } = await two.postgres.pool.query(
      `select host(lease.address) as address from ip_lease lease join subscriber on subscriber.id = lease.subscriber_id
       where subscriber.username = 'lost'`,
    )
    expect(rows).toEqual([{ address: session.framedIp }])
    await two.doors.both.interim(session)
    expect(two.rejected()).toBe(0)
  })

  it('F69: everybody dials anew while every second answer of both is lost', async () => {
    for (const { toRadius } of [two.a, two.b]) for (const proxy of toRadius) proxy.set('toClient', { loss: 0.5 })
    const end = two.fleet.load({ pauseMs: 5, churn: 1 })
    await pass(1_500)
    await end()
    expect(two.rejected()).toBe(0)
  })
})

describe('one of them without Postgres', () => {
  it('F70: the Start lies in the journal of A while B has the Interim and the Stop; then A replays: exact', async () => {
    const from = two.a.said.length
    two.a.toPostgres!.set({ fresh: 'silent', blackhole: 'both' })
    for (const proxy of two.b.toRadius) proxy.set('both', { blackhole: true })
    // It answers from what it last knew, and keeps the Start.
    const { session, started } = await online(two.doors.both, 'merged')
    expect(await started).toBe(true)
    await told(two.a, from, away)
    expect(await sessionsOf('merged')).toMatchObject({ all: 0 })
    for (const proxy of two.a.toRadius) proxy.set('both', { blackhole: true })
    for (const proxy of two.b.toRadius) proxy.heal()
    two.doors.both.pass(session, 300)
    expect(await two.doors.both.interim(session)).toBe(true)
    two.doors.both.pass(session, 300)
    expect(await two.doors.both.stop(session, 'User-Request')).toBe(true)
    expect(await sessionsOf('merged')).toMatchObject({ open: 0, all: 1 })
    for (const proxy of two.a.toRadius) proxy.heal()
    two.a.toPostgres!.heal()
    two.a.toPostgres!.cut()
    await two.whole()
    expect(await sessionsOf('merged')).toMatchObject({ open: 0, all: 1 })
    const { rows } = await two.postgres.pool.query<{ session_time: number; input: string; output: string }>(
      `select session_time::int as session_time, input_octets::text as input, output_octets::text as output from session
       where username = 'merged'`,
    )
    const { inputOctets, outputOctets } = session.counters
    expect(rows).toEqual([{ session_time: 600, input: String(inputOctets), output: String(outputOctets) }])
  }, 60_000)

  it('F71: a block is in the truth of both at once, and two seconds later also in what each would know without Postgres', async () => {
    expect((await dial(two.doors.a, 'barred')).kind).toBe('online')
    const db = createKysely<Database>(two.postgres.pool)
    const { rows } = await two.postgres.pool.query<{ id: bigint }>(
      `select id from subscriber where username = 'barred'`,
    )
    const block = findAction('block')!
    const input = { subscriberIds: [rows[0]!.id], params: block.params.parse({ reason: 'other' }) }
    await block.run(db, input, ownAuthor('system', 'test', two.keyring), systemClock.now())
    for (const door of [two.doors.a, two.doors.b]) expect((await dial(door, 'barred')).kind).toBe('rejected')
    // The bound itself is what is tested.
    await pass(2_000)
    const heal = [two.a, two.b].map((service) => strike(service, 'cut from Postgres'))
    for (const door of [two.doors.a, two.doors.b]) expect((await dial(door, 'barred')).kind).toBe('rejected')
    for (const end of heal) await end()
    // The session of before ends when somebody asks its NAS; here nobody listens there.
    const [session] = two.doors.a.sessions()
    expect(await two.doors.a.stop(session!, 'Admin-Reset')).toBe(true)
  }, 60_000)

  it('F72: frozen, it holds up nobody: commits are as fast as before and no notification piles up', async () => {
    const commit = async (): Promise<number> => {
      const begun = performance.now()
      for (let at = 0; at < 50; at += 1) await two.postgres.pool.query(`update nas set name = name`)
      return performance.now() - begun
    }
    const before = await commit()
    const thaw = strike(two.b, 'freeze')
    const end = two.fleet.load({ pauseMs: 0 })
    await pass(500)
    const during = await commit()
    const { rows } = await two.postgres.pool.query<{ usage: number }>('select pg_notification_queue_usage() as usage')
    await thaw()
    await end()
    expect(rows[0]!.usage).toBeLessThan(0.01)
    // Under load, on a machine of tests: only that it does not wait for a frozen listener.
    expect(during).toBeLessThan(20 * before + 2_000)
  }, 60_000)

  it('F73: it serves known subscribers and says so by Status-Server, or where the ISP wants it is silent, so that NASes prefer B', async () => {
    const ask = { localAddress: two.fleet.localAddress, secret }
    const db = createKysely<Database>(two.postgres.pool)
    const heal = strike(two.a, 'cut from Postgres')
    const { session } = await online(two.doors.a, 'grey')
    await serving({ port: two.a.authPort, ...ask })
    expect(await two.doors.a.stop(session, 'User-Request')).toBe(true)
    await heal()
    await two.whole()
    await writeSetting(db, { name: 'outage_status_server', value: 'silent' }, systemClock.now())
    // Settings are looked at each second.
    await pass(1_500)
    const from = two.a.said.length
    const healAgain = strike(two.a, 'cut from Postgres')
    expect((await dial(two.doors.a, 'grey')).kind).toBe('online')
    await told(two.a, from, away)
    await expect(serving({ port: two.a.authPort, ...ask, patienceMs: 500 })).rejects.toThrow('does not answer')
    await serving({ port: two.b.authPort, ...ask })
    await healAgain()
  }, 60_000)
})

it('one instance killed and the other frozen in turn: no right login fails after the fail-over of the NAS', async () => {
  const end = two.fleet.load({ pauseMs: 20, churn: 0.1 })
  for (const [service, fault] of [
    [two.a, 'kill'],
    [two.b, 'freeze'],
  ] as const) {
    const heal = strike(service, fault)
    const { right, wrong } = await tryLogins({ door: two.doors.both }, { perSecond: 10, seconds: 2, guests: 20 })
    await heal()
    expect(right).toMatchObject({ online: 16, rejected: 0, timeout: 0 })
    expect(wrong.online).toBe(0)
    await two.whole()
  }
  await end()
}, 90_000)

it('F04, F74: one stopped and started anew after the other, as for an upgrade: no login fails', async () => {
  const { logins, failed, stops } = await rollOver(two, undefined, 20)
  expect(logins).toBeGreaterThan(30)
  expect(failed).toBe(0)
  expect(stops.map(({ code }) => code)).toEqual([0, 0])
}, 90_000)

it('I1 to I10 hold after all of it', async () => {
  await expect(two.settle()).resolves.toBeUndefined()
}, 60_000)
