// Services end while their lines are up: at the instant, after grace, at the end of the day, into the walled garden; paid for at the
// last moment; at a NAS that is silent; and after three days without anybody at work.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import { useDatabase } from '../support/database.ts'
import { ordersAbout } from '../support/delivery.ts'
import { openEnforcedIsp, type EnforcedIsp } from '../support/enforced-isp.ts'
import { lineMac } from '../support/many-lines.ts'
import { answerOf, endOf, obeyingNas, online, saidIn, type ObeyingNas } from '../support/obeying-nas.ts'

const database = useDatabase()
let isp: EnforcedIsp
let bras: ObeyingNas
let count = 0

const second = 1_000
const hour = 3_600_000
/** After the end of a service everybody's turn has come by then. */
const turn = 31 * second

beforeAll(async () => {
  isp = await openEnforcedIsp(database)
  bras = await obeyingNas(isp, ['bras', '127.0.0.61'], { clock: isp.clock })
  await isp.plan({ addressList: 'home50' })
  await isp.plan({ name: 'Garden', addressList: 'home50', onExpiry: 'garden', gardenAddressList: 'pay-first' })
  await isp.plan({ name: 'Daily', days: 1, expiryRule: 'end-of-day' })
})
afterEach(() => {
  bras.behave = () => 'obey'
  bras.heard.length = 0
})
afterAll(() => isp.close())

type Line = { id: bigint; session: NasSession; dial: ReturnType<EnforcedIsp['dial']> }

/** Somebody online whose service ends so much later, and grace too, where it is said. */
async function lineOf(name: string, { plan = 'Home50', endsIn, graceEndsIn }: Ends): Promise<Line> {
  const id = await isp.subscriber(name, { plan })
  const dial = isp.dial(name, { mac: lineMac((count += 1)) })
  const session = await online(bras.nas, dial)
  const instant = (ms: number | undefined) => (ms === undefined ? null : new Date(isp.clock.now().getTime() + ms))
  if (endsIn !== undefined) {
    await isp.pool.query('update subscriber set expires_at = $2, grace_until = $3 where id = $1', [
      id,
      instant(endsIn),
      instant(graceEndsIn),
    ])
  }
  return { id, session, dial }
}
type Ends = { plan?: string; endsIn?: number; graceEndsIn?: number }

const kinds = () => bras.heard.map(({ kind }) => kind)

describe('the end of a service', () => {
  it('ends the session where the plan refuses the expired, and the redial is refused', async () => {
    const { id, session, dial } = await lineOf('refused', { endsIn: hour })
    isp.clock.advance(hour - second)
    await isp.settle()
    expect(bras.heard).toEqual([])
    isp.clock.advance(turn)
    await isp.settle()
    expect(kinds()).toEqual(['disconnect'])
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    expect(answerOf(await bras.nas.dial(dial))).toBe('Your subscription has ended')
    isp.clock.advance(10 * second)
    await isp.settle()
    expect(await ordersAbout(isp, id)).toMatchObject([{ wish: 'reapply', state: 'done', evidence: 'observed' }])
    expect(kinds()).toEqual(['disconnect'])
  })

  it('leads into the walled garden where the plan has one, where the session stays', async () => {
    const { session } = await lineOf('fenced', { plan: 'Garden', endsIn: hour })
    isp.clock.advance(hour + turn)
    await isp.settle()
    expect(kinds()).toEqual(['change'])
    expect(saidIn(bras.heard[0], 'Mikrotik-Address-List')).toBe('pay-first')
    expect(session.grant.rateLimit).toBe('1M/1M')
    await isp.use(bras.nas, session, { down: 1_000 })
    isp.clock.advance(hour)
    await isp.settle()
    expect(kinds()).toEqual(['change'])
    await bras.nas.stop(session, 'User-Request')
  })

  it('is the end of grace, until which nothing changes', async () => {
    const { session } = await lineOf('graceful', { endsIn: hour, graceEndsIn: 25 * hour })
    isp.clock.advance(24 * hour)
    await isp.settle()
    expect(bras.heard).toEqual([])
    isp.clock.advance(hour + turn)
    await isp.settle()
    expect(kinds()).toEqual(['disconnect'])
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
  })

  it('is midnight where the plan says so', async () => {
    const { id, session } = await lineOf('daily', { plan: 'Daily' })
    const { rows } = await isp.pool.query<{ end: Date }>('select expires_at as end from subscriber where id = $1', [id])
    const { end } = rows[0]!
    expect(end.toISOString()).toMatch(/T00:00:00.000Z$/)
    isp.clock.advanceTo(new Date(end.getTime() - 2 * second))
    await isp.settle()
    expect(bras.heard).toEqual([])
    isp.clock.advance(turn + 2 * second)
    await isp.settle()
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
  })

  it('F68: that is paid for before the order is carried out cuts nobody', async () => {
    for (const plan of ['Home50', 'Garden']) {
      const { id, session } = await lineOf(`paid.${plan.toLowerCase()}`, { plan, endsIn: hour })
      bras.behave = () => 'silence'
      isp.clock.advance(hour + turn)
      await isp.settle()
      expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'timeout' }])
      bras.heard.length = 0
      bras.behave = () => 'obey'
      await isp.act('renew', id, { free: true })
      isp.clock.advance(10 * second)
      await isp.settle()
      await isp.use(bras.nas, session, { down: 1_000 })
      await isp.settle()
      expect(bras.nas.sessions()).toContain(session)
      expect(kinds()).not.toContain('disconnect')
      expect(session.grant.rateLimit).toBe('20M/50M')
      await bras.nas.stop(session, 'User-Request')
      bras.heard.length = 0
    }
  })

  it('while the NAS is silent is tried until it answers, and ends the session at its return', async () => {
    const { id, session } = await lineOf('behind.silence', { endsIn: hour })
    bras.behave = () => 'silence'
    isp.clock.advance(hour + turn)
    await isp.settle()
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'timeout', detail: 'no answer' }])
    // So long that the order is given up.
    isp.clock.advance(11 * 60 * second)
    await isp.settle()
    expect((await ordersAbout(isp, id)).at(-1)).toMatchObject({ state: 'expired' })
    bras.behave = () => 'obey'
    bras.heard.length = 0
    await isp.settle()
    expect(bras.heard).toEqual([])
    await isp.use(bras.nas, session, {})
    isp.clock.advance(10 * second)
    await isp.settle()
    expect(kinds()).toEqual(['disconnect'])
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
  })

  it('F65: of three days without anybody at work is caught up, for each once', async () => {
    const lines: Line[] = []
    for (let day = 0; day < 6; day += 1) lines.push(await lineOf(`missed.${day}`, { endsIn: (day * 12 + 1) * hour }))
    const paying = await lineOf('renews', { endsIn: 200 * hour })
    isp.clock.advance(72 * hour)
    await isp.settle()
    expect(kinds()).toEqual(Array.from({ length: 6 }, () => 'disconnect'))
    for (const { session } of lines) expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    await isp.settle()
    for (const { id } of lines) expect(await ordersAbout(isp, id)).toHaveLength(1)
    expect(await ordersAbout(isp, paying.id)).toEqual([])
    await bras.nas.stop(paying.session, 'User-Request')
  })
})

describe('who was let in just before', () => {
  it('a block and is heard of after it does not stay', async () => {
    const { id, session } = await lineOf('slipped.in', { endsIn: 1_000 * hour })
    // As a block does that is committed between the Access-Accept and the Start: it has no session to order about.
    await isp.pool.query(`update subscriber set blocked_at = $2, block_reason = 'unpaid' where id = $1`, [
      id,
      isp.clock.now(),
    ])
    isp.clock.advance(10 * second)
    await isp.use(bras.nas, session, {})
    await isp.settle()
    expect(kinds()).toEqual(['disconnect'])
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
  })
})
