// What a plan gives changes by itself while lines are up: octets are used up over sessions and legs, fair use steps come and go with
// the day, nights are faster. The live session follows within seconds, at a MikroTik over real UDP.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { beginDuePeriods } from '../../src/domain/money/renew-due.ts'
import { changePlan } from '../../src/domain/plan/change.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import type { Dial, NasSession } from '../../src/simulator/nas-session.ts'
import { useDatabase } from '../support/database.ts'
import { openEnforcedIsp, type EnforcedIsp } from '../support/enforced-isp.ts'
import { lineMac } from '../support/many-lines.ts'
import { answerOf, endOf, obeyingNas, online, saidIn, type ObeyingNas } from '../support/obeying-nas.ts'
import { reasonsOf } from '../support/watch.ts'

const database = useDatabase()
let isp: EnforcedIsp
let bras: ObeyingNas
let count = 0

const minute = 60_000
const day = 24 * 60 * minute
const megabytes = 1_000_000
const everyDay = [1, 2, 3, 4, 5, 6, 7]

beforeAll(async () => {
  isp = await openEnforcedIsp(database)
  bras = await obeyingNas(isp, ['bras', '127.0.0.62'], { clock: isp.clock })
  await isp.plan({ name: 'Slow', down: '2M', up: '1M', addressList: 'slow' })
  const { rows } = await isp.pool.query<{ id: bigint }>(`select id from plan where name = 'Slow'`)
  const counted = { addressList: 'home', quota: '1G' }
  await isp.plan({ name: 'Reject', ...counted, onQuota: 'reject' })
  await isp.plan({ name: 'Garden', ...counted, onQuota: 'garden', gardenAddressList: 'buy-more' })
  await isp.plan({ name: 'Slower', ...counted, onQuota: 'slower', more: { quota_plan_id: rows[0]!.id } })
  await isp.plan({
    name: 'Fair',
    addressList: 'home',
    quotaPeriod: 'day',
    more: { fup_steps: [{ after_octets: '1G', down_bps: '10M', up_bps: '5M' }] },
  })
  await isp.plan({
    name: 'Night',
    addressList: 'home',
    more: { schedule: [{ weekdays: everyDay, from: '22:00', to: '06:00', percent: 200 }] },
  })
})
afterEach(async () => {
  for (const session of bras.nas.sessions()) await bras.nas.stop(session, 'User-Request')
  await isp.settle()
  bras.behave = () => 'obey'
  bras.heard.length = 0
})
afterAll(() => isp.close())

async function lineOf(name: string, plan: string): Promise<{ id: bigint; session: NasSession; dial: Dial }> {
  const id = await isp.subscriber(name, { plan })
  const dial = isp.dial(name, { mac: lineMac((count += 1)) })
  return { id, dial, session: await online(bras.nas, dial) }
}

/** About which sessions there is an order, by what the NAS calls them. */
const sessionsOf = async (id: bigint): Promise<string[]> => {
  const { rows } = await isp.pool.query<{ called: string }>(
    `select session.acct_session_id as called from coa_order join session on session.id = coa_order.session_id
     where coa_order.subscriber_id = $1 order by coa_order.id`,
    [id],
  )
  return rows.map(({ called }) => called)
}
const kinds = () => bras.heard.map(({ kind }) => kind)
/** Some seconds later. */
const settle = async () => {
  isp.clock.advance(2_000)
  await isp.settle()
}
/** The next time that the clock of UTC shows this hour, and half a minute more: everybody's turn has come by then. */
const untilHour = (hour: number) => {
  const at = new Date(isp.clock.now())
  at.setUTCHours(hour, 0, 31, 0)
  isp.clock.advanceTo(at > isp.clock.now() ? at : new Date(at.getTime() + day))
}

describe('a quota', () => {
  it('that is used up by two sessions one after the other ends the second, and the redial is refused', async () => {
    const { id, session, dial } = await lineOf('one.by.one', 'Reject')
    await isp.use(bras.nas, session, { down: 500 * megabytes, up: 100 * megabytes })
    await settle()
    await bras.nas.stop(session, 'User-Request')
    const second = await online(bras.nas, dial)
    await isp.use(bras.nas, second, { down: 399 * megabytes })
    await settle()
    expect(bras.heard).toEqual([])
    await isp.use(bras.nas, second, { down: 1 * megabytes })
    await settle()
    expect(kinds()).toEqual(['disconnect'])
    expect(await reasonsOf(isp.pool, id)).toEqual(['quota'])
    expect(await endOf(isp, second.acctSessionId)).toBe('stop')
    expect(answerOf(await bras.nas.dial(dial))).toBe('Your data volume is used up')
  })

  it('that is used up by two legs of a line together ends both', async () => {
    const id = await isp.subscriber('two.legs', { plan: 'Reject' })
    const mac = lineMac((count += 1))
    const legs: NasSession[] = []
    for (const stack of ['v4', 'v6'] as const) legs.push(await online(bras.nas, isp.dial('two.legs', { mac, stack })))
    for (const leg of legs) {
      expect(bras.heard).toEqual([])
      await isp.use(bras.nas, leg, { down: 500 * megabytes })
      await settle()
    }
    expect(kinds()).toEqual(['disconnect', 'disconnect'])
    for (const { acctSessionId } of legs) expect(await endOf(isp, acctSessionId)).toBe('stop')
    expect(await reasonsOf(isp.pool, id)).toEqual(['quota', 'quota'])
  })

  it('leads into the walled garden where the plan says so, and out of it with the next period', async () => {
    const { session, id } = await lineOf('gardened', 'Garden')
    await isp.use(bras.nas, session, { down: 1_000 * megabytes })
    await settle()
    expect(kinds()).toEqual(['change'])
    expect(saidIn(bras.heard[0], 'Mikrotik-Address-List')).toBe('buy-more')
    expect(session.grant.rateLimit).toBe('1M/1M')
    // It goes on in the garden, and is told once.
    await isp.use(bras.nas, session, { down: 1 * megabytes })
    await settle()
    expect(kinds()).toEqual(['change'])
    const { rows } = await isp.pool.query<{ end: Date }>('select expires_at as end from subscriber where id = $1', [id])
    await isp.act('renew', id, { free: true })
    await settle()
    expect(session.grant.rateLimit).toBe('1M/1M')
    // The quota comes back with the new period, not with the payment.
    isp.clock.advanceTo(new Date(rows[0]!.end.getTime() + minute))
    expect(await beginDuePeriods(isp.db, isp.clock.now())).toEqual({ begun: 1, failed: [] })
    await settle()
    expect(session.grant.rateLimit).toBe('20M/50M')
    expect(saidIn(bras.heard.at(-1), 'Mikrotik-Address-List')).toBe('home')
    // Nobody tells it once more.
    const told = bras.heard.length
    await isp.use(bras.nas, session, { down: 1 * megabytes })
    await settle()
    expect(bras.heard).toHaveLength(told)
    expect(kinds()).not.toContain('disconnect')
  })

  it('is followed by the slower plan, with its rates and its list', async () => {
    const { session } = await lineOf('slowed', 'Slower')
    await isp.use(bras.nas, session, { up: 1_000 * megabytes })
    await settle()
    expect(kinds()).toEqual(['change'])
    expect(session.grant.rateLimit).toBe('1M/2M')
    expect(saidIn(bras.heard[0], 'Mikrotik-Address-List')).toBe('slow')
  })

  it('that another leg uses up at the moment of a login is felt by that login too', async () => {
    const id = await isp.subscriber('race', { plan: 'Garden' })
    const mac = lineMac((count += 1))
    const first = await online(bras.nas, isp.dial('race', { mac, stack: 'v4' }))
    await settle()
    // Let in with full service; its Start is on its way when the other leg's interim comes.
    const outcome = await bras.nas.dial(isp.dial('race', { mac, stack: 'v6' }))
    if (outcome.kind !== 'online') throw new Error(outcome.kind)
    await isp.use(bras.nas, first, { down: 1_000 * megabytes })
    expect(await outcome.started).toBe(true)
    await settle()
    await settle()
    expect(bras.heard).toHaveLength(2)
    expect(await sessionsOf(id)).toEqual([first.acctSessionId, outcome.session.acctSessionId])
  })
})

describe('fair use', () => {
  it('slows down after its octets of the day, and is over at midnight', async () => {
    const { id, session, dial } = await lineOf('fair', 'Fair')
    await isp.use(bras.nas, session, { down: 900 * megabytes })
    await settle()
    expect(bras.heard).toEqual([])
    await isp.use(bras.nas, session, { down: 100 * megabytes })
    await settle()
    expect(session.grant.rateLimit).toBe('5M/10M')
    untilHour(0)
    await isp.settle()
    expect(session.grant.rateLimit).toBe('20M/50M')
    await isp.use(bras.nas, session, { down: 1 * megabytes })
    await settle()
    expect(kinds()).toEqual(['change', 'change'])
    expect(await reasonsOf(isp.pool, id)).toEqual(['fair use', 'new window'])
    await bras.nas.stop(session, 'User-Request')
    // Who dials in behind a step has it from the Accept, and is not told again.
    const again = await online(bras.nas, dial)
    await isp.use(bras.nas, again, { down: 999 * megabytes })
    await settle()
    expect(again.grant.rateLimit).toBe('5M/10M')
    await bras.nas.stop(again, 'User-Request')
    isp.clock.advance(minute)
    const third = await online(bras.nas, dial)
    expect(third.grant.rateLimit).toBe('5M/10M')
    await isp.use(bras.nas, third, { down: 1 * megabytes })
    await settle()
    expect(kinds()).toEqual(['change', 'change', 'change'])
  })
})

describe('the night', () => {
  it('is faster, for who dialled in by day, and ends in the morning', async () => {
    untilHour(12)
    const { id, session } = await lineOf('owl', 'Night')
    await settle()
    untilHour(21)
    await isp.settle()
    expect(bras.heard).toEqual([])
    untilHour(22)
    await isp.settle()
    expect(session.grant.rateLimit).toBe('40M/100M')
    const late = await lineOf('late.owl', 'Night')
    expect(late.session.grant.rateLimit).toBe('40M/100M')
    await settle()
    expect(kinds()).toEqual(['change'])
    untilHour(6)
    await isp.settle()
    expect([session.grant.rateLimit, late.session.grant.rateLimit]).toEqual(['20M/50M', '20M/50M'])
    expect(await reasonsOf(isp.pool, id)).toEqual(['schedule', 'schedule'])
    expect(await reasonsOf(isp.pool, late.id)).toEqual(['schedule'])
  })

  it('that an edit brings to a plan is told once by the edit, and from then on by the clock', async () => {
    await isp.plan({ name: 'Edited', addressList: 'home' })
    const { id, session } = await lineOf('edited', 'Edited')
    untilHour(12)
    await isp.settle()
    expect(bras.heard).toEqual([])
    const { rows } = await isp.pool.query<{ id: bigint }>(`select id from plan where name = 'Edited'`)
    const schedule = [{ weekdays: everyDay, from: '22:00', to: '06:00', percent: 50 }]
    const by = ownAuthor('system', 'test', isp.service.keyring)
    await changePlan(isp.db, { id: rows[0]!.id, fields: { schedule } }, () => undefined, by, isp.clock.now())
    await settle()
    await settle()
    expect(await reasonsOf(isp.pool, id)).toEqual(['plan-changed'])
    untilHour(22)
    await isp.settle()
    expect(session.grant.rateLimit).toBe('10M/25M')
    expect(await reasonsOf(isp.pool, id)).toEqual(['plan-changed', 'schedule'])
  })
})
