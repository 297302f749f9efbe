// More of what is decided and happens on the network, over real UDP: gardens that are pools, MACs, deleting, renewing, several
// sessions, redials at the worst moment, reboots, lost answers, IPoE, and a NAS that takes orders from one address only.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listAlarms } from '../../src/domain/alarm.ts'
import { orderForSubscribers } from '../../src/domain/coa-order.ts'
import { addRealm } from '../../src/domain/realm.ts'
import { useDatabase } from '../support/database.ts'
import { ordersAbout, startTestDelivery, type TestDelivery } from '../support/delivery.ts'
import { act, answerOf, endOf, obeyingNas, online, saidIn, wireOf, type ObeyingNas } from '../support/obeying-nas.ts'
import { openIsp, type Isp } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'
import { startTestService } from '../support/service.ts'

const database = useDatabase()
let isp: Isp
let bras: ObeyingNas
let delivery: TestDelivery
let count = 0

beforeAll(async () => {
  isp = await openIsp(database)
  bras = await obeyingNas(isp, ['bras', '127.0.0.81'])
  await isp.plan({ sessionLimit: 2, pool: 'home' })
  await isp.plan({ name: 'Pooled', pool: 'home', onExpiry: 'garden', gardenPool: 'expired', gardenAddressList: 'pay' })
  await isp.plan({ name: 'Listed', pool: 'home', onExpiry: 'garden', gardenAddressList: 'pay' })
  await isp.plan({ name: 'OneDevice', deviceLimit: 1, macRule: 'learn' })
})
beforeEach(() => void (delivery = startTestDelivery(isp)))
afterEach(async () => {
  await delivery.close()
  bras.behave = () => 'obey'
  bras.heard.length = 0
})
afterAll(() => isp.close())

const dialOf = (name: string, mac = lineMac((count += 1))) => isp.dial(name, { mac })

/** What is acked is looked at once more, and what timed out is tried again. */
async function later(milliseconds = 4_000): Promise<void> {
  delivery.clock.advance(milliseconds)
  await delivery.turn()
}

/** Ends the service of a subscriber now, as its date would, and orders what that means. */
async function expire(id: bigint): Promise<void> {
  await isp.pool.query(`update subscriber set expires_at = now() - interval '1 second' where id = $1`, [id])
  await orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'reapply', reason: 'expired' }, new Date())
}

const kinds = () => bras.heard.map(({ kind }) => kind)

describe('a static address', () => {
  it('gives way to the pool of the expired, and comes back with the renewal', async () => {
    const id = await isp.subscriber('fixed', { plan: 'Pooled', staticIp: '100.64.7.7' })
    await act(isp, 'activate', id, { free: true })
    const dial = dialOf('fixed')
    const before = await online(bras.nas, dial)
    expect(before.grant).toMatchObject({ framedIp: '100.64.7.7', pool: undefined })
    await expire(id)
    await delivery.turn()
    // An address cannot be taken from a live session.
    expect(kinds()).toEqual(['disconnect'])
    expect(await endOf(isp, before.acctSessionId)).toBe('stop')
    const fenced = await online(bras.nas, dial)
    expect(fenced.grant).toMatchObject({ framedIp: undefined, pool: 'expired', rateLimit: '1M/1M' })
    expect(fenced.framedIp).not.toBe('100.64.7.7')
    await act(isp, 'renew', id, { free: true })
    await delivery.turn()
    expect(kinds()).toEqual(['disconnect', 'disconnect'])
    expect(await endOf(isp, fenced.acctSessionId)).toBe('stop')
    const after = await online(bras.nas, dial)
    expect(after.grant).toMatchObject({ framedIp: '100.64.7.7', pool: undefined, rateLimit: '20M/50M' })
  })
})

describe('a renewal', () => {
  it('lifts the garden of the expired, whose session was led there while it went on', async () => {
    const id = await isp.subscriber('late.payer', { plan: 'Listed' })
    await act(isp, 'activate', id, { free: true })
    const dial = dialOf('late.payer')
    const session = await online(bras.nas, dial)
    await expire(id)
    await delivery.turn()
    expect(kinds()).toEqual(['change'])
    expect(saidIn(bras.heard[0], 'Mikrotik-Address-List')).toBe('pay')
    expect(bras.nas.sessions()).toContain(session)
    await act(isp, 'renew', id, { free: true })
    await delivery.turn()
    // The list was given and cannot be taken back: the redial is without it.
    expect(kinds()).toEqual(['change', 'disconnect'])
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    expect((await online(bras.nas, dial)).grant.rateLimit).toBe('20M/50M')
  })

  it('that comes before the order is carried out wins: the line hears of nothing but full service', async () => {
    const id = await isp.subscriber('just.in.time', { plan: 'Listed' })
    await act(isp, 'activate', id, { free: true })
    const session = await online(bras.nas, dialOf('just.in.time'))
    await expire(id)
    await act(isp, 'renew', id, { free: true })
    await delivery.turn()
    expect(bras.heard.filter((order) => saidIn(order, 'Mikrotik-Address-List') === 'pay')).toEqual([])
    expect((await ordersAbout(isp, id)).map(({ state }) => state)).toEqual(['replaced', expect.any(String)])
    await bras.nas.stop(session, 'User-Request')
  })
})

describe('a released MAC', () => {
  it('makes room for the new modem, and the old one is refused from then on', async () => {
    const id = await isp.subscriber('modem', { plan: 'OneDevice' })
    const [old, fresh] = [dialOf('modem'), dialOf('modem')]
    const session = await online(bras.nas, old)
    expect(answerOf(await bras.nas.dial(fresh))).not.toBe('online')
    await act(isp, 'release-mac', id)
    await act(isp, 'disconnect', id)
    await delivery.turn()
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    const second = await online(bras.nas, fresh)
    expect(answerOf(await bras.nas.dial(old))).not.toBe('online')
    await bras.nas.stop(second, 'User-Request')
  })
})

describe('a deleted subscriber', () => {
  it('is ended on the network and gone: the redial is refused', async () => {
    const id = await isp.subscriber('leaver')
    const dial = dialOf('leaver')
    const session = await online(bras.nas, dial)
    await act(isp, 'delete', id)
    expect(answerOf(await bras.nas.dial(dial))).not.toBe('online')
    await delivery.turn()
    expect(kinds()).toEqual(['disconnect'])
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    await later()
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'done', evidence: 'observed' }])
    await act(isp, 'restore', id)
    await bras.nas.stop(await online(bras.nas, dial), 'User-Request')
  })
})

describe('a block', () => {
  it('ends every session of the subscriber, each by an order of its own', async () => {
    const id = await isp.subscriber('double')
    const sessions = [await online(bras.nas, dialOf('double')), await online(bras.nas, dialOf('double'))]
    await act(isp, 'block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(kinds()).toEqual(['disconnect', 'disconnect'])
    expect(new Set(bras.heard.map(({ session }) => session))).toEqual(new Set(sessions))
    for (const { acctSessionId } of sessions) expect(await endOf(isp, acctSessionId)).toBe('stop')
    await later()
    expect((await ordersAbout(isp, id)).map(({ state }) => state)).toEqual(['done', 'done'])
  })

  it('meets a redial at every moment: before the Disconnect, while it is heard, and right after its Stop', async () => {
    const id = await isp.subscriber('quick')
    const dial = dialOf('quick')
    const session = await online(bras.nas, dial)
    await act(isp, 'block', id, { reason: 'unpaid' })
    const answers = [answerOf(await bras.nas.dial(dial))]
    const meanwhile: Promise<unknown>[] = []
    const redial = () => void meanwhile.push(bras.nas.dial(dial).then((outcome) => answers.push(answerOf(outcome))))
    bras.behave = () => {
      redial()
      return 'obey'
    }
    await delivery.turn()
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    redial()
    await Promise.all(meanwhile)
    expect(answers).toEqual(Array.from({ length: 3 }, () => 'Your service is blocked'))
    expect(bras.nas.sessions().map(({ username }) => username)).not.toContain('quick')
  })
})

describe('an order', () => {
  it('whose NAS reboots before it obeys is over with the Accounting-On, and nothing more is sent', async () => {
    const rebooting = await obeyingNas(isp, ['rebooting', '127.0.0.82'])
    const id = await isp.subscriber('rebooted')
    const session = await online(rebooting.nas, dialOf('rebooted'))
    rebooting.behave = () => 'silence'
    await act(isp, 'block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'timeout' }])
    // Nothing is tried again while the NAS boots.
    await delivery.close()
    // Event-Timestamp has whole seconds: an Accounting-On in the second of the last one would be that one again.
    await rebooting.nas.reboot({ tell: true, bootMs: 1_000 })
    expect(await endOf(isp, session.acctSessionId)).toBe('nas-reboot')
    rebooting.heard.length = 0
    delivery = startTestDelivery(isp)
    await later()
    expect(rebooting.heard).toEqual([])
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'done', evidence: 'observed' }])
  })

  it('F54: whose ACK is lost is proved by the second answer: the NAS knows no such session', async () => {
    const id = await isp.subscriber('lost.ack')
    const session = await online(bras.nas, dialOf('lost.ack'))
    bras.behave = (order) => {
      // It obeys, and nobody hears that it said so.
      void bras.nas.stop(order.session, 'Admin-Reset')
      return 'silence'
    }
    await act(isp, 'block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(bras.heard).toHaveLength(1)
    expect(await ordersAbout(isp, id)).toMatchObject([
      { state: 'done', evidence: 'observed', errorCause: 503, attempts: 1 },
    ])
    expect(['stop', 'operator']).toContain(await endOf(isp, session.acctSessionId))
  })
})

describe('a session is named to its NAS', () => {
  it('in the words of the NAS: capitals, and the realm that was stripped', async () => {
    await addRealm(isp.db, { name: 'isp.example', action: 'strip' }, new Date())
    await isp.service.refresh()
    const id = await isp.subscriber('anna.mixed')
    const dial = { ...dialOf('anna.mixed'), username: 'Anna.Mixed@isp.example' }
    const session = await online(bras.nas, dial)
    await act(isp, 'block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(saidIn(bras.heard[0], 'User-Name')).toBe('Anna.Mixed@isp.example')
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
  })

  it('without its address before it counts as gone: that may be another one by now', async () => {
    const id = await isp.subscriber('moved.address')
    const session = await online(bras.nas, dialOf('moved.address'))
    session.framedIp = '100.64.200.1'
    await act(isp, 'block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(bras.heard.map(wireOf)).toEqual([
      [`Acct-Session-Id = ${session.acctSessionId}`, 'User-Name = moved.address'],
    ])
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'acked', errorCause: null }])
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
  })
})

describe('a NAS that lost power without a word', () => {
  /** Two lines on a NAS of their own: the first was on before, the second has its Acct-Session-Id now. */
  async function sameId(nasName: string, address: string) {
    const dark = await obeyingNas(isp, [nasName, address])
    const [was, is] = [`${nasName}.was`, `${nasName}.is`]
    const id = await isp.subscriber(was)
    await isp.subscriber(is)
    const before = await online(dark.nas, dialOf(was))
    await began(was, -1)
    await dark.nas.reboot({ tell: false })
    const now = await online(dark.nas, dialOf(is))
    expect(now.acctSessionId).toBe(before.acctSessionId)
    await act(isp, 'block', id, { reason: 'unpaid' })
    return { dark, id, was, is, now }
  }
  /** Starts are told in whole seconds, and a boot takes longer than one. */
  const began = (username: string, minutes: number) =>
    isp.pool.query('update session set started_at = started_at + make_interval(mins => $2) where username = $1', [
      username,
      minutes,
    ])
  const endedBy = async (username: string) =>
    (await isp.pool.query('select ended_by from session where username = $1', [username])).rows

  it('is told nothing about a session whose id somebody else has there: it ends in our books', async () => {
    const { dark, id, was, is, now } = await sameId('reused', '127.0.0.87')
    await delivery.turn()
    expect(dark.heard).toEqual([])
    expect(await ordersAbout(isp, id)).toMatchObject([
      { state: 'done', detail: 'its NAS has given its Acct-Session-Id to a later session' },
    ])
    expect(await endedBy(was)).toEqual([{ ended_by: 'operator' }])
    expect(await endedBy(is)).toEqual([{ ended_by: null }])
    expect(dark.nas.sessions()).toEqual([now])
    await began(was, 1)
  })

  it('throws nobody else off where the Start of the other one has not come', async () => {
    const { dark, id, was, is, now } = await sameId('unheard', '127.0.0.88')
    const rename = (acctSessionId: string) =>
      isp.pool.query('update session set acct_session_id = $2 where username = $1', [is, acctSessionId])
    await rename('not yet')
    await delivery.turn()
    await rename(now.acctSessionId)
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'done', errorCause: 503 }])
    expect(await endedBy(was)).toEqual([{ ended_by: 'operator' }])
    expect(dark.nas.sessions()).toEqual([now])
    await began(was, 1)
  })
})

describe('a plan that cannot be read', () => {
  it('ends the order that asks for it with why, and hurts no other of its batch', async () => {
    await isp.plan({ name: 'Broken' })
    const lines: { id: bigint; name: string }[] = []
    for (const [name, plan] of [
      ['whole.a', 'Home50'],
      ['broken', 'Broken'],
      ['whole.b', 'Home50'],
    ] as const) {
      lines.push({ id: await isp.subscriber(name, { plan }), name })
      await online(bras.nas, dialOf(name))
    }
    await isp.pool.query(`update plan set schedule = '7' where name = 'Broken'`)
    const subscriberIds = lines.map(({ id }) => id)
    await orderForSubscribers(isp.db, { subscriberIds, wish: 'reapply', reason: 'plan' }, new Date())
    await delivery.turn()
    const [first, broken, last] = await Promise.all(subscriberIds.map((id) => ordersAbout(isp, id)))
    expect(broken).toMatchObject([{ state: 'failed' }])
    expect(broken![0]!.detail).toMatch(/^it could not be made: ./)
    for (const orders of [first, last]) expect(orders).toMatchObject([{ state: 'done', evidence: 'acked' }])
    expect(bras.heard.map(({ session }) => session.username).toSorted()).toEqual(['whole.a', 'whole.b'])
    expect(delivery.said).toEqual([])
    await isp.pool.query(`update plan set schedule = '[]' where name = 'Broken'`)
  })
})

describe('an IPoE line', () => {
  it('that is blocked is disconnected by what its NAS knows of it, and gets no lease again', async () => {
    const dhcp = await obeyingNas(isp, ['dhcp', '127.0.0.83'], { vendor: 'accel-ppp', access: 'ipoe' })
    const mac = lineMac((count += 1))
    const id = await isp.line('ipoe', { mac })
    const session = await online(dhcp.nas, isp.dial('ipoe', { mac }))
    await act(isp, 'block', id, { reason: 'unpaid' })
    // The lease is still held; a renewal at this moment is refused already.
    expect(await dhcp.nas.renew(session)).toMatchObject({ kind: 'rejected' })
    await delivery.turn()
    expect(dhcp.heard).toMatchObject([{ kind: 'disconnect' }])
    expect(wireOf(dhcp.heard[0])).toEqual([`Acct-Session-Id = ${session.acctSessionId}`])
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    expect(await dhcp.nas.dial(isp.dial('ipoe', { mac }))).toMatchObject({ kind: 'rejected' })
  })
})

describe('a NAS that takes orders from the server it speaks to, and from no other address', () => {
  it('is reached from that address, whichever of ours it is', async () => {
    // A second instance on the same machine; the system by itself would send from the first one's address to all.
    const second = await startTestService(database, { address: '127.0.0.2', keyFile: isp.service.keyFile })
    const server = { address: '127.0.0.2', authPort: second.authPort, acctPort: second.acctPort }
    const strict: ObeyingNas[] = [await obeyingNas(isp, ['strict-1', '127.0.0.84'], { coaFrom: '127.0.0.1' })]
    await second.refresh()
    const flushed = { ...isp, service: { ...isp.service, flush: () => second.flush() } }
    strict.push(await obeyingNas(flushed, ['strict-2', '127.0.0.85'], { coaFrom: '127.0.0.2', server }))
    await second.refresh()
    const both = startTestDelivery(isp, { instance: 'both', ownAddresses: ['127.0.0.1', '127.0.0.2'] })
    for (const [at, nas] of strict.entries()) {
      const name = `strict.${at}`
      const id = await isp.subscriber(name)
      const session = await online(nas.nas, dialOf(name))
      await act(isp, 'block', id, { reason: 'unpaid' })
      // An instance that owns only the first address leaves the other one's NAS alone.
      await delivery.turn()
      expect(nas.heard).toHaveLength(at === 0 ? 1 : 0)
      await both.turn()
      expect(nas.heard).toHaveLength(1)
      expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    }
    await both.close()
    await second.close()
  })

  it('keeps silent to any other: it is told of, with the mend', async () => {
    const deaf = await obeyingNas(isp, ['deaf', '127.0.0.86'], { coaFrom: '127.0.0.9' })
    const names = ['deaf.a', 'deaf.b', 'deaf.c']
    const ids: bigint[] = []
    for (const name of names) {
      ids.push(await isp.subscriber(name))
      await online(deaf.nas, dialOf(name))
    }
    for (const id of ids) await act(isp, 'block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(deaf.heard).toEqual([])
    for (const id of ids) expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'timeout', detail: 'no answer' }])
    const alarm = (await listAlarms(isp.pool)).find(({ kind }) => kind === 'coa-unreachable')
    expect(alarm?.text).toContain('/radius incoming set accept=yes')
  })
})
