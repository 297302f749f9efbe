// What a NAS answers is kept, believed only as far as it is proved, and followed by the next means: CoA, then Disconnect, then the
// router's management side; what a NAS cannot do is learnt, and what it refuses or ignores is told with the mend.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listAlarms, raiseAlarm } from '../../src/domain/alarm.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { rotateSecret } from '../../src/domain/client.ts'
import { orderForSubscribers } from '../../src/domain/coa-order.ts'
import { showNas } from '../../src/domain/nas-device.ts'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { endOnRouter } from '../../src/jobs/end-on-router.ts'
import { proveOrders } from '../../src/jobs/prove-orders.ts'
import type { Dial, NasSession } from '../../src/simulator/nas-session.ts'
import { useDatabase } from '../support/database.ts'
import { attemptsAbout, ordersAbout, startTestDelivery, type TestDelivery } from '../support/delivery.ts'
import { act, endOf, obeyingNas, online, type ObeyingNas } from '../support/obeying-nas.ts'
import { openIsp, type Isp } from '../support/isp.ts'
import { closeRoutersAfterEach, giveAccess, makeRouter, nasNow } from '../support/routers.ts'

const database = useDatabase()
let isp: Isp
let bras: ObeyingNas
let nasName = ''
let nasId = 0n
let delivery: TestDelivery
let count = 0

closeRoutersAfterEach()
beforeAll(async () => {
  isp = await openIsp(database)
  bras = await obeyingNas(isp, ['bras-1', '127.0.0.59'])
  await isp.plan({})
  const { rows } = await isp.pool.query<{ id: bigint; name: string }>('select id, name from nas')
  ;({ id: nasId, name: nasName } = rows[0]!)
})
beforeEach(() => {
  delivery = startTestDelivery(isp, { endOnRouter })
})
afterEach(async () => {
  await delivery.close()
  bras.behave = () => 'obey'
  bras.heard.splice(0)
  // The clock of the next story begins anew.
  for (const table of ['nas_router', 'nas_capability', 'coa_order', 'coa_attempt', 'alarm']) {
    await isp.pool.query(`delete from ${table}`)
  }
})
// What a NAS refuses or keeps silent about in a story goes on; what its router has not is over although the NAS says nothing.
afterAll(() => isp.close({ I6: /of (refused|shut) /, I10: /of (lost|acked\.next) on/ }))

type Line = { id: bigint; session: NasSession }

async function dialled(name: string, dial: Partial<Dial> = {}): Promise<Line> {
  const id = await isp.subscriber(name)
  const mac = `02:00:00:00:03:${(count += 1).toString(16).padStart(2, '0')}`
  return { id, session: await online(bras.nas, isp.dial(name, { mac, ...dial })) }
}
const block = ({ id }: Line) => act(isp, 'block', id, { reason: 'unpaid' })
async function reapplied({ id }: Line): Promise<void> {
  await orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'reapply', reason: 'plan' }, delivery.clock.now())
  await delivery.turn()
}
const told = () => bras.heard.splice(0).map(({ kind }) => kind)
const alarms = async () => (await listAlarms(isp.pool)).map(({ kind }) => kind)
const prove = () =>
  proveOrders({ pool: isp.pool, db: isp.db, clock: delivery.clock, log: { warn: () => undefined } as never })
async function advanced(milliseconds: number): Promise<void> {
  delivery.clock.advance(milliseconds)
  await delivery.turn()
}
/** A router behind the NAS that has these sessions, and ends those that are removed. */
async function withRouter(...lines: Line[]) {
  const rows = lines.map(({ session }, at) => ({
    '.id': `*${at + 1}`,
    name: session.username,
    service: 'pppoe',
    'caller-id': session.mac.toUpperCase(),
    address: session.framedIp!,
    uptime: '1m',
    'session-id': `0x${session.acctSessionId}`,
  }))
  const router = await makeRouter({ '/ppp/active': rows })
  const author = ownAuthor('system', 'test', isp.service.keyring)
  await giveAccess({ db: isp.db, author }, await nasNow(isp, nasId), router)
  router.on = (command) => {
    if (command === '/ppp/active/remove') setImmediate(stopRemoved)
    return 'answer'
  }
  const stopRemoved = (): void => {
    const left = new Set(router.tables.get('/ppp/active')!.map((row) => row.name))
    for (const { session } of lines) if (!left.has(session.username)) void bras.nas.stop(session, 'Admin-Reset')
  }
  return router
}

describe('what was sent for an order', () => {
  it('is kept, one row for each, with what came back', async () => {
    const line = await dialled('kept')
    bras.behave = () => ({ refuse: 506 })
    await block(line)
    await delivery.turn()
    bras.behave = () => 'silence'
    await advanced(4_000)
    bras.behave = () => 'obey'
    await advanced(4_000)
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
    expect(await attemptsAbout(isp, line.id)).toMatchObject([
      { kind: 'disconnect', outcome: 'nak', errorCause: 506 },
      { kind: 'disconnect', outcome: 'timeout', errorCause: null },
      { kind: 'disconnect', outcome: 'ack', errorCause: null },
    ])
    const { rows } = await isp.pool.query(
      `select host(sent_to) as "to", port, host(sent_from) as "from", round_trip_ms is not null as timed
       from coa_attempt where outcome = 'ack' order by id desc limit 1`,
    )
    expect(rows).toEqual([{ to: '127.0.0.59', port: bras.nas.coaPort, from: '127.0.0.1', timed: true }])
  })
})

describe('a Disconnect whose acknowledgement is lost (F54)', () => {
  it('is over by what the NAS says to the same one sent again, or to the next one', async () => {
    const [again, next] = [await dialled('acked.again'), await dialled('acked.next')]
    bras.behave = ({ session }) => {
      if (session === again.session) void bras.nas.stop(session, 'Admin-Reset')
      return 'silence'
    }
    await block(again)
    await block(next)
    await delivery.turn()
    const gone = { state: 'done', evidence: 'observed', errorCause: 503, detail: 'the NAS knows no such session' }
    expect(await ordersAbout(isp, again.id)).toMatchObject([gone])
    expect(await ordersAbout(isp, next.id)).toMatchObject([{ state: 'timeout' }])
    bras.behave = () => ({ refuse: 503 })
    await advanced(4_000)
    expect(await ordersAbout(isp, next.id)).toMatchObject([gone])
    expect(await endOf(isp, next.session.acctSessionId)).toBe('operator')
  })
})

describe('a NAS that refuses to change sessions live', () => {
  it('is asked no more for a day, then once, and again always when it has done it', async () => {
    const learnt = async () => (await showNas(isp.db, nasName)).learnt
    const lines = []
    for (const name of ['rigid.a', 'rigid.b', 'rigid.c', 'rigid.d']) lines.push(await dialled(name))
    bras.behave = ({ kind }) => (kind === 'change' ? { refuse: 401 } : 'obey')
    await reapplied(lines[0]!)
    expect(told()).toEqual(['change', 'disconnect'])
    expect(await learnt()).toMatchObject({ errorCause: 401 })
    await reapplied(lines[1]!)
    expect(told()).toEqual(['disconnect'])
    expect(await ordersAbout(isp, lines[1]!.id)).toMatchObject([
      { state: 'acked', detail: 'the NAS has refused to change sessions live' },
    ])
    delivery.clock.advance(24 * 60 * 60_000)
    bras.behave = () => 'obey'
    // A day later it is asked by one order; the other does not wait for its answer.
    const subscriberIds = [lines[2]!.id, lines[3]!.id]
    await orderForSubscribers(isp.db, { subscriberIds, wish: 'reapply', reason: 'plan' }, delivery.clock.now())
    await delivery.turn()
    const kinds = bras.heard.filter(({ session }) => session.username >= 'rigid.c').map(({ kind }) => kind)
    expect(kinds.toSorted()).toEqual(['change', 'disconnect'])
    expect(await learnt()).toBeNull()
  })
})

describe('a NAS that refuses to end sessions', () => {
  it('is told of with the mend, is not asked again, and is cleared when it has ended one', async () => {
    const [first, second] = [await dialled('refused'), await dialled('obeyed')]
    bras.behave = () => ({ refuse: 501 })
    await block(first)
    await delivery.turn()
    expect(await ordersAbout(isp, first.id)).toMatchObject([{ state: 'nacked', errorCause: 501 }])
    const [alarm] = await listAlarms(isp.pool)
    expect(alarm).toMatchObject({ kind: 'coa-refused', subject: nasName })
    expect(alarm!.text).toContain('/radius incoming set accept=yes')
    bras.heard.splice(0)
    await advanced(60_000)
    expect(told()).toEqual([])
    bras.behave = () => 'obey'
    await block(second)
    await advanced(0)
    expect(await endOf(isp, second.session.acctSessionId)).toBe('stop')
    await prove()
    expect(await alarms()).toEqual(['coa-refused'])
    await advanced(3_000)
    await prove()
    expect(await alarms()).toEqual([])
  })

  it('is gone around by its router, where we may enter it', async () => {
    const line = await dialled('around')
    const router = await withRouter(line)
    bras.behave = () => ({ refuse: 501 })
    await block(line)
    await delivery.turn()
    expect(router.tables.get('/ppp/active')).toEqual([])
    expect(await ordersAbout(isp, line.id)).toMatchObject([{ state: 'acked', detail: 'removed on the router' }])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
    await advanced(3_000)
    expect(await ordersAbout(isp, line.id)).toMatchObject([{ state: 'done', evidence: 'observed' }])
    expect(await attemptsAbout(isp, line.id)).toMatchObject([
      { kind: 'disconnect', outcome: 'nak', errorCause: 501 },
      { kind: 'router', outcome: 'removed' },
    ])
  })
})

describe('a NAS that acknowledges and ends nothing', () => {
  it('is told of when its session is still heard of after two Disconnects', async () => {
    const line = await dialled('ignored')
    bras.behave = () => 'ignore'
    await block(line)
    await delivery.turn()
    await advanced(3_000)
    expect(await alarms()).toEqual([])
    bras.nas.pass(line.session, 300)
    expect(await bras.nas.interim(line.session)).toBe(true)
    await advanced(3_000)
    expect(await alarms()).toEqual(['coa-ignored'])
    expect(told()).toHaveLength(3)
    // Seldom from now on, and until it is gone.
    await advanced(3_000)
    expect(told()).toEqual([])
    bras.behave = () => 'obey'
    await advanced(7_000)
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
    await advanced(20_000)
    await prove()
    expect(await alarms()).toEqual([])
  })

  it('is gone around by its router after two of them; a session that the router has not is over', async () => {
    const [line, lost] = [await dialled('twice'), await dialled('lost')]
    bras.behave = () => 'ignore'
    await block(line)
    await block(lost)
    await delivery.turn()
    await advanced(3_000)
    const router = await withRouter(line)
    await advanced(3_000)
    expect(router.tables.get('/ppp/active')).toEqual([])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
    expect(await attemptsAbout(isp, line.id)).toMatchObject([
      { kind: 'disconnect', outcome: 'ack' },
      { kind: 'disconnect', outcome: 'ack' },
      { kind: 'router', outcome: 'removed' },
    ])
    expect(await ordersAbout(isp, lost.id)).toMatchObject([
      { state: 'done', evidence: 'observed', detail: 'the router does not have it any more' },
    ])
    expect(await endOf(isp, lost.session.acctSessionId)).toBe('operator')
  })
})

describe('a NAS that is silent', () => {
  it('is gone around by its router; a router that refuses us changes nothing', async () => {
    const [line, other] = [await dialled('mute'), await dialled('shut')]
    bras.behave = () => 'silence'
    await withRouter(line)
    await block(line)
    await delivery.turn()
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
    const router = await withRouter(other)
    router.on = () => 'close'
    await block(other)
    await advanced(0)
    expect(await ordersAbout(isp, other.id)).toMatchObject([{ state: 'timeout', detail: 'no answer' }])
    expect(await attemptsAbout(isp, other.id)).toMatchObject([
      { kind: 'disconnect', outcome: 'timeout' },
      { kind: 'router', outcome: 'error' },
    ])
  })

  it('hears no more of its sessions while its router ends them, but one each time that asks whether it is back', async () => {
    const lines: Line[] = []
    for (const name of ['deaf.a', 'deaf.b', 'deaf.c', 'deaf.d', 'deaf.e', 'deaf.f']) lines.push(await dialled(name))
    const gone = (of: Line[]) => Promise.all(of.map(({ session }) => endOf(isp, session.acctSessionId)))
    await withRouter(...lines)
    bras.behave = () => 'silence'
    for (const line of lines.slice(0, 3)) await block(line)
    await delivery.turn()
    expect(await gone(lines.slice(0, 3))).toEqual(['stop', 'stop', 'stop'])
    expect(await alarms()).toEqual(['coa-unreachable'])
    bras.heard.splice(0)
    for (const line of lines.slice(3, 5)) await block(line)
    await delivery.turn()
    expect(await gone(lines.slice(3, 5))).toEqual(['stop', 'stop'])
    expect(told()).toEqual([])
    bras.behave = () => 'obey'
    await block(lines[5]!)
    await advanced(5_000)
    expect(told()).toEqual(['disconnect'])
    expect(await gone(lines.slice(5))).toEqual(['stop'])
    expect(await alarms()).toEqual([])
  })

  it('is told of until it answers, whichever process told it', async () => {
    const line = await dialled('told')
    await raiseAlarm(isp.pool, { kind: 'coa-unreachable', subject: nasName, text: 'x' }, delivery.clock.now())
    await block(line)
    await delivery.turn()
    expect(await alarms()).toEqual([])
    expect(await endOf(isp, line.session.acctSessionId)).toBe('stop')
  })

  it('about one session holds up no other: each order gives its room back by itself', async () => {
    await changeNasSettings(isp.db, nasName, { coa_timeout_ms: 2_000 })
    const lines: Line[] = []
    for (let at = 0; at < 130; at += 1) lines.push(await dialled(`many.${at}`, { mac: `02:00:00:00:04:${hex(at)}` }))
    bras.behave = ({ session }) => (session.username === 'many.0' ? 'silence' : 'obey')
    await orderForSubscribers(
      isp.db,
      { subscriberIds: lines.map(({ id }) => id), wish: 'disconnect', reason: 'many' },
      delivery.clock.now(),
    )
    const began = performance.now()
    const turn = delivery.turn()
    await expect.poll(() => bras.nas.sessions().filter(isOneOf(lines)).length, { timeout: 5_000 }).toBe(1)
    // Long before the silent one is given up, after 6 s, although 100 may be on their way at once.
    expect(performance.now() - began).toBeLessThan(4_500)
    bras.behave = () => 'obey'
    await turn
    await changeNasSettings(isp.db, nasName, { coa_timeout_ms: 100 })
  }, 30_000)
})

const hex = (value: number) => value.toString(16).padStart(2, '0')
const isOneOf = (lines: Line[]) => (session: NasSession) => lines.some((line) => line.session === session)

describe('a change that was acknowledged', () => {
  it('is inferred from the byte rate where it was made, and made by a Disconnect where it was not', async () => {
    const slow = `update subscriber set plan_id = (select id from plan where name = 'Slow') where id = $1`
    await isp.plan({ name: 'Slow', down: '5M', up: '1M' })
    const [good, bad] = [await dialled('shaped'), await dialled('unshaped')]
    const pass = async ({ session }: Line, downBps: number): Promise<void> => {
      session.sessionTime += 300
      const { outputOctets, ...others } = session.counters
      session.counters = { ...others, outputOctets: outputOctets + BigInt((downBps / 8) * 300) }
      expect(await bras.nas.interim(session)).toBe(true)
    }
    for (const line of [good, bad]) {
      await pass(line, 40_000_000)
      await isp.pool.query(slow, [line.id])
      await reapplied(line)
    }
    // The first record still has some of what went before.
    for (const line of [good, bad]) await pass(line, 40_000_000)
    await prove()
    await pass(good, 4_500_000)
    await pass(bad, 40_000_000)
    expect(await prove()).toMatchObject({ inferred: 1, ignored: [] })
    expect(await ordersAbout(isp, good.id)).toMatchObject([{ state: 'done', evidence: 'inferred' }])
    await pass(bad, 40_000_000)
    expect(await prove()).toMatchObject({ ignored: [{ nas: nasName }] })
    expect(await alarms()).toContain('coa-ignored')
    await delivery.turn()
    expect(await endOf(isp, bad.session.acctSessionId)).toBe('stop')
    expect(await ordersAbout(isp, bad.id)).toMatchObject([
      { wish: 'reapply', evidence: 'acked', detail: 'the NAS acknowledged it and changed nothing' },
      { wish: 'disconnect', state: 'acked' },
    ])
  })
})

describe('while a secret is changed', () => {
  it('a NAS that has the old one still is reached by it, and from then on at once', async () => {
    const [first, second] = [await dialled('old.a'), await dialled('old.b')]
    await rotateSecret(isp.db, isp.service.keyring, { name: 'bras-1' }, new Date())
    const outcomes = async (line: Line) => (await attemptsAbout(isp, line.id)).map(({ outcome }) => outcome)
    await block(first)
    await delivery.turn()
    expect(await outcomes(first)).toEqual(['timeout', 'ack'])
    await block(second)
    await advanced(0)
    expect(await outcomes(second)).toEqual(['ack'])
    await Promise.all([first, second].map(({ session }) => endOf(isp, session.acctSessionId)))
  })
})
