// What a plan gives by the clock, by what was used and by where one dials in, over real RADIUS: night speed, fair use, a daily
// quota with each of its ends, pools and permission by NAS group.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import { addNasGroup } from '../../src/domain/nas-group.ts'
import type { NewPlan } from '../../src/domain/plan.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, type Isp } from '../support/isp.ts'

const database = useDatabase()
// A Tuesday, 13:00 in Berlin.
const noon = new Date('2026-03-10T12:00:00Z')
const clock = createTestClock(noon)
let isp: Isp
let nas: SimulatedNas
let north: bigint

beforeAll(async () => {
  isp = await openIsp(database, { clock, settings: { zone: 'Europe/Berlin', interim_jitter: 0 } })
  north = (await addNasGroup(isp.db, { name: 'north' }, noon)).id
  nas = await isp.nas('bng-1', '127.0.0.121', { clock })
})
afterAll(() => isp.close())

/** A subscriber of its own plan, at noon. */
async function subscribe(name: string, plan: Partial<NewPlan>): Promise<void> {
  clock.set(noon)
  await isp.plan({ name, days: 0, ...plan })
  await isp.subscriber(name.toLowerCase(), { plan: name })
}

async function dial(username: string, at = nas): Promise<NasSession | 'rejected'> {
  const outcome = await at.dial(isp.dial(username))
  if (outcome.kind === 'rejected') return 'rejected'
  if (outcome.kind !== 'online') throw new Error(`${username}: ${JSON.stringify(outcome)}`)
  await outcome.started
  return outcome.session
}

/** The rates that a login gets now; the session ends at once, `used` octets down later. */
async function rateOf(username: string, used = 0n): Promise<string | undefined> {
  const session = await dial(username)
  if (session === 'rejected') return 'rejected'
  nas.pass(session, 60)
  session.counters = { ...session.counters, inputOctets: 0n, outputOctets: used }
  expect(await nas.stop(session, 'User-Request')).toBe(true)
  return session.grant.rateLimit
}

describe('speeds by the clock', () => {
  it('double at night, in the zone of the ISP, and over midnight', async () => {
    const everyNight = { weekdays: [1, 2, 3, 4, 5, 6, 7], from: '23:00', to: '07:00', percent: 200 }
    await subscribe('Night', { more: { schedule: [everyNight], min_down_bps: '5M', min_up_bps: '2M' } })
    expect(await rateOf('night')).toBe('20M/50M 0/0 0/0 0/0 8 2M/5M')
    clock.set(new Date('2026-03-10T21:59:59Z'))
    expect(await rateOf('night')).toBe('20M/50M 0/0 0/0 0/0 8 2M/5M')
    clock.set(new Date('2026-03-10T22:00:00Z'))
    expect(await rateOf('night')).toBe('40M/100M 0/0 0/0 0/0 8 2M/5M')
    clock.set(new Date('2026-03-11T05:59:59Z'))
    expect(await rateOf('night')).toBe('40M/100M 0/0 0/0 0/0 8 2M/5M')
    clock.set(new Date('2026-03-11T06:00:00Z'))
    expect(await rateOf('night')).toBe('20M/50M 0/0 0/0 0/0 8 2M/5M')
  })
})

describe('speeds by use', () => {
  it('fall step by step with what is used today, and are back tomorrow', async () => {
    const steps = [
      { after_octets: '1G', down_bps: '10M', up_bps: '4M' },
      { after_octets: '2G', down_bps: '1M', up_bps: '1M' },
    ]
    await subscribe('Fair', { quotaPeriod: 'day', more: { fup_steps: steps } })
    expect(await rateOf('fair', 999_999_999n)).toBe('20M/50M')
    expect(await rateOf('fair', 1n)).toBe('20M/50M')
    expect(await rateOf('fair', 1_000_000_000n)).toBe('4M/10M')
    expect(await rateOf('fair')).toBe('1M/1M')
    clock.set(new Date('2026-03-10T22:59:59Z'))
    expect(await rateOf('fair')).toBe('1M/1M')
    clock.set(new Date('2026-03-10T23:00:00Z'))
    expect(await rateOf('fair')).toBe('20M/50M')
  })

  it('count the week from its hours, and the service period from its own', async () => {
    const quota = { quota: '1G', onQuota: 'reject' }
    await subscribe('Weekly', { ...quota, quotaPeriod: 'week' })
    await subscribe('Periodic', quota)
    for (const name of ['weekly', 'periodic']) {
      expect(await rateOf(name, 1_000_000_000n)).toBe('20M/50M')
      expect(await rateOf(name)).toBe('rejected')
    }
    clock.set(new Date('2026-03-15T22:59:00Z'))
    expect(await rateOf('weekly')).toBe('rejected')
    clock.set(new Date('2026-03-15T23:00:00Z'))
    expect(await rateOf('weekly')).toBe('20M/50M')
    expect(await rateOf('periodic')).toBe('rejected')
  })
})

describe('a daily quota', () => {
  const daily = { quotaPeriod: 'day', quotaDown: '1G' }

  it('is followed by a slower plan', async () => {
    await isp.plan({ name: 'Slow', days: 0, down: '2M', up: '1M' })
    const { rows } = await isp.pool.query<{ id: bigint }>(`select id from plan where name = 'Slow'`)
    await subscribe('Slower', { ...daily, onQuota: 'slower', more: { quota_plan_id: rows[0]!.id } })
    expect(await rateOf('slower', 1_000_000_000n)).toBe('20M/50M')
    expect(await rateOf('slower')).toBe('1M/2M')
    // A slower plan that changes counts from the next login on.
    await isp.pool.query(`update plan set down_bps = 3000000 where name = 'Slow'`)
    expect(await rateOf('slower')).toBe('1M/3M')
    clock.set(new Date('2026-03-11T12:00:00Z'))
    expect(await rateOf('slower')).toBe('20M/50M')
  })

  it('is followed by a walled garden of its own', async () => {
    const gardens = { quota: { pool: 'more-volume' } }
    await subscribe('Fenced', { ...daily, onQuota: 'garden', more: { gardens } })
    expect(await rateOf('fenced', 1_000_000_000n)).toBe('20M/50M')
    const session = await dial('fenced')
    expect(session).toMatchObject({ grant: { rateLimit: '1M/1M', pool: 'more-volume' } })
    await nas.stop(session as NasSession, 'User-Request')
  })

  it('is followed by a refusal, and counts one direction only where it says so', async () => {
    await subscribe('Refused', { ...daily, onQuota: 'reject' })
    expect(await rateOf('refused', 999_999_999n)).toBe('20M/50M')
    expect(await rateOf('refused', 1n)).toBe('20M/50M')
    expect(await rateOf('refused')).toBe('rejected')
  })
})

describe('NAS groups', () => {
  it('have pools of their own, where the plan names them', async () => {
    const other = await isp.nas('bng-north', '127.0.0.122', { clock, client: { group: 'north' } })
    await subscribe('Pooled', { pool: 'home', more: { group_pools: [{ nas_group_id: north, pool: 'home-north' }] } })
    const pools: (string | undefined)[] = []
    for (const at of [nas, other]) {
      const session = (await dial('pooled', at)) as NasSession
      pools.push(session.grant.pool)
      await at.stop(session, 'User-Request')
    }
    expect(pools).toEqual(['home', 'home-north'])
    await isp.pool.query(`update plan_pool set pool = 'renamed' where nas_group_id = $1`, [north])
    const session = (await dial('pooled', other)) as NasSession
    expect(session.grant.pool).toBe('renamed')
    await other.stop(session, 'User-Request')
  })

  it('take only plans that are for them', async () => {
    const other = await isp.nas('bng-north-2', '127.0.0.123', { clock, client: { group: 'north' } })
    await subscribe('Northern', { more: { allowed_nas_group_ids: [north] } })
    expect(await dial('northern')).toBe('rejected')
    const session = (await dial('northern', other)) as NasSession
    expect(session.grant.rateLimit).toBe('20M/50M')
    await other.stop(session, 'User-Request')
  })
})
