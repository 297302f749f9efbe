// Whether a live session is in the walled garden is known: what is not in it is changed live, and what is in it gets out by a new
// login wherever a change would leave something of the garden behind.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { orderForSubscribers } from '../../src/domain/coa-order.ts'
import { loadLiveSessions, type LiveSession } from '../../src/domain/live-session.ts'
import type { Dial, NasSession } from '../../src/simulator/nas-session.ts'
import { useDatabase } from '../support/database.ts'
import { ordersAbout, startTestDelivery, type TestDelivery } from '../support/delivery.ts'
import { act, endOf, obeyingNas, online, saidIn, type ObeyingNas } from '../support/obeying-nas.ts'
import { openIsp, type Isp } from '../support/isp.ts'

const database = useDatabase()
let isp: Isp
let bras: ObeyingNas
let delivery: TestDelivery
let count = 0

beforeAll(async () => {
  isp = await openIsp(database)
  bras = await obeyingNas(isp, ['bras-1', '127.0.0.58'])
  await isp.plan({ name: 'Garden', onBlock: 'garden', gardenAddressList: 'pay-first' })
  await isp.plan({ name: 'Listed', onBlock: 'garden', gardenAddressList: 'pay-first', addressList: 'home' })
  await isp.plan({ name: 'Penned', onBlock: 'garden', gardenPool: 'penned', pool: 'home' })
})
beforeEach(() => {
  delivery = startTestDelivery(isp)
})
afterEach(async () => {
  await delivery.close()
  bras.behave = () => 'obey'
  bras.heard.splice(0)
})
afterAll(() => isp.close())

type Line = { id: bigint; session: NasSession }

async function dialled(name: string, plan: string, dial: Partial<Dial> = {}): Promise<Line> {
  const id = await isp.subscriber(name, { plan })
  return { id, session: await again(name, dial) }
}
const again = (name: string, dial: Partial<Dial> = {}) =>
  online(bras.nas, isp.dial(name, { mac: `02:00:00:00:01:${(count += 1).toString(16).padStart(2, '0')}`, ...dial }))

async function reapplied({ id }: Line): Promise<void> {
  await orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'reapply', reason: 'plan' }, new Date())
  await delivery.turn()
}
const told = () => bras.heard.splice(0).map(({ kind }) => kind)

async function liveOf({ id }: Line): Promise<LiveSession> {
  const { rows } = await isp.pool.query<{ id: bigint }>(
    'select id from session where subscriber_id = $1 order by id desc limit 1',
    [id],
  )
  const sessionId = rows[0]!.id
  return (await loadLiveSessions(isp.pool, [sessionId])).get(sessionId)!
}

describe('a session of a plan with a garden', () => {
  it('is changed live while it is not in it, is led in by a change, and out by a new login', async () => {
    const line = await dialled('whole', 'Garden')
    expect(await liveOf(line)).toMatchObject({ garden: false, marks: { garden: false, listed: false } })
    await isp.pool.query(`update plan set down_bps = 60000000 where name = 'Garden'`)
    await reapplied(line)
    expect(saidIn(bras.heard[0], 'Mikrotik-Rate-Limit')).toBe('20M/60M')
    expect(told()).toEqual(['change'])
    await act(isp, 'block', line.id, { reason: 'unpaid' })
    await delivery.turn()
    expect(saidIn(bras.heard[0], 'Mikrotik-Address-List')).toBe('pay-first')
    expect(told()).toEqual(['change'])
    expect(await liveOf(line)).toMatchObject({
      garden: true,
      granted: { garden: 'blocked', address_list: 'pay-first' },
    })
    // What is in it stays in it when something else changes.
    await reapplied(line)
    expect(told()).toEqual(['change'])
    await act(isp, 'unblock', line.id)
    await delivery.turn()
    expect(told()).toEqual(['disconnect'])
    expect(await ordersAbout(isp, line.id)).toMatchObject([
      { state: 'done' },
      { state: 'done' },
      { state: 'done' },
      { state: 'acked', detail: 'only a new login leads out of the walled garden' },
    ])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
  })

  it('that began in it is known to be there, and is changed there', async () => {
    const id = await isp.subscriber('born', { plan: 'Garden' })
    await act(isp, 'block', id, { reason: 'unpaid' })
    const line = { id, session: await again('born') }
    expect(await liveOf(line)).toMatchObject({ garden: true, marks: { garden: true } })
    await reapplied(line)
    expect(told()).toEqual(['change'])
    await act(isp, 'unblock', id)
    await delivery.turn()
    expect(told()).toEqual(['disconnect'])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
    await again('born')
    expect(await liveOf(line)).toMatchObject({ garden: false })
  })

  it('that may have been led in by a change without an answer is led out by a new login', async () => {
    const line = await dialled('perhaps', 'Garden')
    bras.behave = () => 'silence'
    await act(isp, 'block', line.id, { reason: 'unpaid' })
    await delivery.turn()
    expect(await liveOf(line)).toMatchObject({ garden: undefined, granted: undefined })
    bras.behave = () => 'obey'
    bras.heard.splice(0)
    await act(isp, 'unblock', line.id)
    await delivery.turn()
    expect(told()).toEqual(['disconnect'])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
  })

  it('is led out by a change where its own list takes the place of that of the garden', async () => {
    const line = await dialled('listed', 'Listed')
    await act(isp, 'block', line.id, { reason: 'unpaid' })
    await delivery.turn()
    await act(isp, 'unblock', line.id)
    await delivery.turn()
    expect(saidIn(bras.heard[1], 'Mikrotik-Address-List')).toBe('home')
    expect(told()).toEqual(['change', 'change'])
    expect(await liveOf(line)).toMatchObject({ garden: false, granted: { garden: null, address_list: 'home' } })
  })

  it('goes in and out by new logins where the garden has a pool of its own', async () => {
    const line = await dialled('penned', 'Penned')
    await act(isp, 'block', line.id, { reason: 'unpaid' })
    await delivery.turn()
    expect(told()).toEqual(['disconnect'])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
    const inside = await again('penned')
    expect(inside.grant.pool).toBe('penned')
    await act(isp, 'unblock', line.id)
    await delivery.turn()
    expect(told()).toEqual(['disconnect'])
    expect(await endOf(isp, inside.acctSessionId)).toBe('stop')
  })
})

describe('a list that was given', () => {
  it('goes by a new login where the next plan has none', async () => {
    const line = await dialled('unlisted', 'Listed')
    expect(await liveOf(line)).toMatchObject({ garden: false, marks: { listed: true } })
    await reapplied(line)
    expect(told()).toEqual(['change'])
    await isp.pool.query(`update subscriber set plan_id = (select id from plan where name = 'Garden') where id = $1`, [
      line.id,
    ])
    await reapplied(line)
    expect(told()).toEqual(['disconnect'])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
  })
})

describe('the list of a slower plan', () => {
  it('is known to be given only where the quota is used up', async () => {
    await isp.plan({ name: 'Crawl', down: '1M', up: '1M', addressList: 'crawl' })
    await isp.plan({ name: 'Quota' })
    await isp.pool.query(
      `update plan set on_quota = 'slower', quota_octets = 1000000, quota_plan_id = (select id from plan where name = 'Crawl')
       where name = 'Quota'`,
    )
    const line = await dialled('sipping', 'Quota')
    expect(await liveOf(line)).toMatchObject({ marks: { garden: false, listed: false } })
    await reapplied(line)
    expect(told()).toEqual(['change'])
    bras.nas.pass(line.session, 3_600)
    await bras.nas.stop(line.session, 'User-Request')
    await again('sipping')
    expect(await liveOf(line)).toMatchObject({ marks: { garden: false, listed: true } })
  })
})

describe('IPv6', () => {
  it('does not go around the garden: a session that has it is led in by a new login', async () => {
    const line = await dialled('both', 'Garden', { stack: 'dual' })
    expect((await liveOf(line)).delegatedIpv6Prefix).toMatch(/\/64$/)
    await act(isp, 'block', line.id, { reason: 'unpaid' })
    await delivery.turn()
    expect(told()).toEqual(['disconnect'])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
  })

  it('that is another one now comes by a new login; the same one is none', async () => {
    const line = await dialled('prefixed', 'Garden', { stack: 'dual' })
    const { delegatedIpv6Prefix: has } = await liveOf(line)
    const given = (prefix: string) =>
      isp.pool.query(
        `insert into subscriber_address (subscriber_id, address_space_id, kind, prefix)
         values ($1, 1, 'delegated-ipv6-prefix', $2)`,
        [line.id, prefix],
      )
    await given(has!)
    await reapplied(line)
    expect(told()).toEqual(['change'])
    await isp.pool.query('delete from subscriber_address where subscriber_id = $1', [line.id])
    await given('2001:db8:7777::/56')
    await reapplied(line)
    expect(told()).toEqual(['disconnect'])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
  })
})
