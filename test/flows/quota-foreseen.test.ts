// A quota is used up, or a fair use step reached, between two interims: foreseen by the rate of the last one, confirmed by the
// router's own counters, and felt at once. A MikroTik over real UDP with its management side beside it; it reports every ten minutes.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ownAuthor } from '../../src/domain/author.ts'
import { setRouter } from '../../src/domain/nas-router.ts'
import type { Dial, NasSession } from '../../src/simulator/nas-session.ts'
import { useDatabase } from '../support/database.ts'
import { openEnforcedIsp, type EnforcedIsp } from '../support/enforced-isp.ts'
import { startFakeRouter, type FakeRouter } from '../support/fake-router.ts'
import { lineMac } from '../support/many-lines.ts'
import { endOf, obeyingNas, online, type ObeyingNas } from '../support/obeying-nas.ts'
import { reasonsOf } from '../support/watch.ts'

const database = useDatabase()
let isp: EnforcedIsp
let routed: ObeyingNas
let router: FakeRouter
let count = 0

const counts = { addressList: 'home', more: { interim_interval_s: 600 } }

beforeAll(async () => {
  isp = await openEnforcedIsp(database)
  routed = await obeyingNas(isp, ['routed', '127.0.0.63'], { clock: isp.clock })
  router = await startFakeRouter({ '/ppp/active': [], '/interface': [] })
  const { host, restPort: port, user: userName, password, fingerprint: pin } = router
  const by = ownAuthor('system', 'test', isp.service.keyring)
  const access = { name: 'routed', backend: 'rest', host, port, userName, password, pin, timeoutMs: 20_000 }
  await setRouter(isp.db, access, by, isp.clock.now())
  await isp.plan({ name: 'Ten minutes', ...counts, quota: '1G', onQuota: 'reject' })
  const fup = { fup_steps: [{ after_octets: '1G', down_bps: '10M', up_bps: '5M' }] }
  await isp.plan({ name: 'Fair ten minutes', ...counts, more: { ...counts.more, ...fup } })
})
beforeEach(() => {
  routed.heard.length = 0
  router.seen.length = 0
})
afterEach(async () => {
  for (const session of routed.nas.sessions()) await routed.nas.stop(session, 'User-Request')
  await isp.settle()
})
afterAll(async () => {
  await router.close()
  await isp.close()
})

const dial = (username: string, more: Partial<Dial> = {}) =>
  online(routed.nas, isp.dial(username, { mac: lineMac((count += 1)), ...more }))
/** Seconds go by for these sessions, with a megabyte down and 50 kB up in each second; their router shows it. */
const pass = (seconds: number, ...sessions: NasSession[]) => {
  isp.clock.advance(seconds * 1_000)
  for (const session of sessions) {
    routed.nas.pass(session, seconds)
    const [down, up] = [1_000_000, 50_000].map((perS) => BigInt(session.sessionTime * perS))
    session.counters = { ...session.counters, inputOctets: up!, outputOctets: down! }
  }
  router.tables.set(
    '/ppp/active',
    sessions.map(({ username, acctSessionId, mac, sessionTime }, at) => ({
      '.id': `*${at + 1}`,
      name: username,
      service: 'pppoe',
      'caller-id': mac,
      'session-id': `0x${acctSessionId.toUpperCase()}`,
      uptime: `${sessionTime}s`,
      radius: 'true',
    })),
  )
  router.tables.set(
    '/interface/pppoe-server',
    sessions.map(({ username, mac }, at) => ({ name: nameOf(username, at), user: username, 'remote-address': mac })),
  )
  router.tables.set(
    '/interface',
    sessions.map(({ username, counters }, at) => ({
      '.id': `*F${at + 1}`,
      name: nameOf(username, at),
      'rx-byte': String(counters.inputOctets),
      'tx-byte': String(counters.outputOctets),
    })),
  )
}
/** As RouterOS names the interface of a first session of a name, and those of others. */
const nameOf = (username: string, at: number) => (at === 0 ? `<pppoe-${username}>` : `<pppoe-${username}-${at}>`)
/** What is in the books of a session, and what was charged for its subscriber. */
const booked = async (id: bigint) => {
  const { rows } = await isp.pool.query<{ session: bigint; charged: bigint }>(
    `select (select sum(input_octets + output_octets)::bigint from session where subscriber_id = $1) as session,
       (select sum(input_octets + output_octets)::bigint from usage_period where subscriber_id = $1) as charged`,
    [id],
  )
  return rows[0]!
}
const total = ({ counters }: NasSession) => counters.inputOctets + counters.outputOctets

describe('between two interims', () => {
  it('a quota is used up at the moment that the rate foretells, and the session ends within seconds', async () => {
    const id = await isp.subscriber('foreseen', { plan: 'Ten minutes' })
    const session = await dial('foreseen')
    await isp.settle()
    pass(600, session)
    expect(await routed.nas.interim(session)).toBe(true)
    await isp.settle()
    // 630 MB are used, so that a megabyte a second reaches 1 GB after 370 s.
    pass(365, session)
    await isp.settle()
    expect(router.seen).toEqual([])
    pass(8, session)
    await isp.settle()
    expect(router.seen).toEqual(['/ppp/active/print', '/interface/print', '/ppp/active/print'])
    pass(2, session)
    await isp.settle()
    expect(routed.heard.map(({ kind }) => kind)).toEqual(['disconnect'])
    expect(await reasonsOf(isp.pool, id)).toEqual(['quota'])
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    // The Stop has counted on from the reading, without a gap and without counting anything twice.
    expect(await booked(id)).toEqual({ session: total(session), charged: total(session) })
  })

  it('a fair use step is felt at its moment, and the interim that comes then changes nothing twice', async () => {
    const id = await isp.subscriber('stepped', { plan: 'Fair ten minutes' })
    const session = await dial('stepped')
    await isp.settle()
    pass(600, session)
    expect(await routed.nas.interim(session)).toBe(true)
    await isp.settle()
    pass(373, session)
    await isp.settle()
    pass(2, session)
    await isp.settle()
    expect(session.grant.rateLimit).toBe('5M/10M')
    expect(await booked(id)).toEqual({ session: 1_003_000_000n, charged: 1_003_000_000n })
    pass(225, session)
    expect(await routed.nas.interim(session)).toBe(true)
    isp.clock.advance(2_000)
    await isp.settle()
    expect(await booked(id)).toEqual({ session: total(session), charged: total(session) })
    expect(routed.heard.map(({ kind }) => kind)).toEqual(['change'])
    expect(await reasonsOf(isp.pool, id)).toEqual(['fair use'])
    const { rows } = await isp.pool.query(
      'select interims, anomalies from session where acct_session_id = $1 and subscriber_id = $2',
      [session.acctSessionId, id],
    )
    expect(rows).toEqual([{ interims: 2, anomalies: 0 }])
  })

  it('who has become slower is told nothing, and is read three times at most until the next interim', async () => {
    const id = await isp.subscriber('slower.now', { plan: 'Ten minutes' })
    const session = await dial('slower.now')
    await isp.settle()
    pass(600, session)
    expect(await routed.nas.interim(session)).toBe(true)
    await isp.settle()
    const shows = async (down: number) => {
      router.tables.get('/interface')![0]!['tx-byte'] = String(down)
      await isp.settle()
      isp.clock.advance(2_000)
      await isp.settle()
    }
    pass(373, session)
    await shows(960_000_000)
    expect(router.seen).toHaveLength(3)
    expect(routed.heard).toEqual([])
    // 10 MB are left, which take some ten seconds; a router is not asked about one subscriber that often.
    pass(13, session)
    await shows(969_000_000)
    expect(router.seen).toHaveLength(3)
    pass(20, session)
    await shows(969_999_000)
    expect(router.seen).toHaveLength(6)
    pass(60, session)
    await shows(969_999_500)
    expect(router.seen).toHaveLength(9)
    pass(60, session)
    await shows(969_999_900)
    expect(router.seen).toHaveLength(9)
    expect(routed.heard).toEqual([])
    expect(await reasonsOf(isp.pool, id)).toEqual([])
  })

  it('a router that does not answer costs nothing: the next interim enforces', async () => {
    const id = await isp.subscriber('unread', { plan: 'Ten minutes' })
    const session = await dial('unread')
    await isp.settle()
    pass(600, session)
    expect(await routed.nas.interim(session)).toBe(true)
    await isp.settle()
    router.on = () => 'fatal'
    pass(373, session)
    await isp.settle()
    router.on = () => 'answer'
    pass(30, session)
    await isp.settle()
    expect(routed.heard).toEqual([])
    pass(197, session)
    expect(await routed.nas.interim(session)).toBe(true)
    isp.clock.advance(2_000)
    await isp.settle()
    expect(routed.heard.map(({ kind }) => kind)).toEqual(['disconnect'])
    expect(await reasonsOf(isp.pool, id)).toEqual(['quota'])
  })

  it('two sessions of one subscriber reach it together, and both end', async () => {
    await isp.subscriber('pair', { plan: 'Ten minutes', sessionLimit: '2' })
    const sessions = [await dial('pair'), await dial('pair')]
    await isp.settle()
    pass(300, ...sessions)
    for (const session of sessions) expect(await routed.nas.interim(session)).toBe(true)
    await isp.settle()
    // 630 MB are used, and 2 MB a second follow: 185 s.
    pass(180, ...sessions)
    await isp.settle()
    expect(router.seen).toEqual([])
    pass(8, ...sessions)
    await isp.settle()
    pass(2, ...sessions)
    await isp.settle()
    expect(routed.heard.map(({ kind }) => kind)).toEqual(['disconnect', 'disconnect'])
    for (const { acctSessionId } of sessions) expect(await endOf(isp, acctSessionId)).toBe('stop')
  })
})
