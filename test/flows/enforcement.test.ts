// What is decided happens on the network: blocks, plan changes, gardens and addresses reach the live session by CoA or Disconnect,
// over real UDP, at a MikroTik that obeys, keeps silent, refuses, forgets or only pretends.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listAlarms } from '../../src/domain/alarm.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { orderForSubscribers } from '../../src/domain/coa-order.ts'
import type { Author } from '../../src/domain/author.ts'
import { findAction } from '../../src/domain/subscriber-action/list.ts'
import type { CoaBehaviour, CoaOrder } from '../../src/simulator/coa.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { ordersAbout, startTestDelivery, type TestDelivery } from '../support/delivery.ts'
import { openIsp, sessionRows, type Isp } from '../support/isp.ts'

const database = useDatabase()
let isp: Isp
let by: Author
let mikrotik: SimulatedNas
let delivery: TestDelivery
let behave: (order: CoaOrder) => CoaBehaviour = () => 'obey'
let heard: CoaOrder[] = []
let count = 0

beforeAll(async () => {
  isp = await openIsp(database)
  by = ownAuthor('system', 'test', isp.service.keyring)
  mikrotik = await isp.nas('bras-1', '127.0.0.51', {
    coaPort: 0,
    onOrder(order) {
      heard.push(order)
      return behave(order)
    },
  })
  await isp.plan({ sessionLimit: 1, pool: 'home', addressList: 'home50' })
  await isp.plan({ name: 'Fast', down: '200M', up: '50M', addressList: 'home50' })
  await isp.plan({ name: 'Garden', onBlock: 'garden', gardenAddressList: 'pay-first' })
  await online('first')
  await isp.service.flush()
  await isp.pool.query('update nas set coa_port = $1', [mikrotik.coaPort])
  const { rows } = await isp.pool.query<{ name: string }>('select name from nas')
  await changeNasSettings(isp.db, rows[0]!.name, { coa_timeout_ms: 100, coa_tries: 2 })
})
beforeEach(() => {
  delivery = startTestDelivery(isp)
})
afterEach(async () => {
  await delivery.close()
  behave = () => 'obey'
  heard = []
  // What a NAS refused in one story it may be asked for in the next.
  await isp.pool.query('delete from nas_capability')
})
// A NAS says in a story that it has lost a session which it holds.
afterAll(() => isp.close({ I10: /of forgotten on/ }))

async function online(name: string, plan = 'Home50'): Promise<{ id: bigint; session: NasSession }> {
  const id = await isp.subscriber(name, { plan })
  return { id, session: await dial(name) }
}

async function dial(name: string): Promise<NasSession> {
  const outcome = await mikrotik.dial(
    isp.dial(name, { mac: `02:00:00:00:00:${(count += 1).toString(16).padStart(2, '0')}` }),
  )
  if (outcome.kind !== 'online') throw new Error(`${name}: ${JSON.stringify(outcome)}`)
  expect(await outcome.started).toBe(true)
  return outcome.session
}

async function act(action: string, id: bigint, params: object = {}): Promise<void> {
  const found = findAction(action)!
  const [outcome] = await found.run(isp.db, { subscriberIds: [id], params: found.params.parse(params) }, by, new Date())
  expect(outcome).toMatchObject({ kind: 'done' })
}

/** As long as it takes the NAS to send its Stop and us to store it. */
async function ended(name: string): Promise<string | undefined> {
  return expect
    .poll(async () => (await sessionRows(isp.pool)).findLast((row) => row.username === name)?.endedBy)
    .toBeDefined()
    .then(async () => (await sessionRows(isp.pool)).findLast((row) => row.username === name)?.endedBy)
}

const said = (order: CoaOrder | undefined, name: string) => order?.attributes.find((one) => one.name === name)?.value

describe('a block', () => {
  it('ends the session, proves it by the Stop, and the redial is refused until it is lifted', async () => {
    const { id } = await online('blocked')
    await act('block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(heard).toMatchObject([{ kind: 'disconnect' }])
    expect(said(heard[0], 'User-Name')).toBe('blocked')
    expect(said(heard[0], 'Event-Timestamp')).toBeDefined()
    expect(await ordersAbout(isp, id)).toMatchObject([{ wish: 'disconnect', state: 'acked', evidence: 'acked' }])
    expect(await ended('blocked')).toBe('stop')
    expect(await mikrotik.dial(isp.dial('blocked'))).toMatchObject({ kind: 'rejected' })
    delivery.clock.advance(3_000)
    await delivery.turn()
    expect(await ordersAbout(isp, id)).toMatchObject([
      { state: 'done', evidence: 'observed', detail: 'the session has ended' },
    ])
    expect(heard).toHaveLength(1)
    await act('unblock', id)
    await dial('blocked')
  })

  it('leads into the walled garden by CoA where the plan has one, and out of it by a redial', async () => {
    const { id, session } = await online('gardened', 'Garden')
    await act('block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(heard).toMatchObject([{ kind: 'change' }])
    expect(said(heard[0], 'Mikrotik-Address-List')).toBe('pay-first')
    expect(said(heard[0], 'Mikrotik-Rate-Limit')).toBe('1M/1M')
    expect(await ordersAbout(isp, id)).toMatchObject([{ wish: 'reapply', state: 'done', evidence: 'acked' }])
    expect(mikrotik.sessions()).toContain(session)
    await act('unblock', id)
    await delivery.turn()
    expect(heard.map(({ kind }) => kind)).toEqual(['change', 'disconnect'])
    expect(await ended('gardened')).toBe('stop')
  })
})

describe('a change of plan', () => {
  it('reaches the live session as its new rate, and the session goes on', async () => {
    const { id, session } = await online('faster')
    await isp.pool.query(`update subscriber set plan_id = (select id from plan where name = 'Fast') where id = $1`, [
      id,
    ])
    await orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'reapply', reason: 'plan' }, new Date())
    await delivery.turn()
    expect(said(heard[0], 'Mikrotik-Rate-Limit')).toBe('50M/200M')
    expect(said(heard[0], 'Acct-Session-Id')).toBe(session.acctSessionId)
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'done', evidence: 'acked', attempts: 1 }])
    expect(mikrotik.sessions()).toContain(session)
  })

  it('is made by a Disconnect where the NAS refuses to change it', async () => {
    const { id } = await online('unchangeable')
    behave = ({ kind }) => (kind === 'change' ? { refuse: 401 } : 'obey')
    await orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'reapply', reason: 'plan' }, new Date())
    await delivery.turn()
    expect(heard.map(({ kind }) => kind)).toEqual(['change', 'disconnect'])
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'acked', evidence: 'acked' }])
    expect(await ended('unchangeable')).toBe('stop')
  })

  it("is a Disconnect where another address is the line's own now", async () => {
    const { id } = await online('moved')
    await act('set-address', id, { addresses: ['100.64.9.9'] })
    await delivery.turn()
    expect(heard).toMatchObject([{ kind: 'disconnect' }])
    expect(await ended('moved')).toBe('stop')
  })
})

describe('a NAS', () => {
  it('that does not answer is asked again, told of, left alone for a while, and obeys when it is back', async () => {
    // What the stories before have left to be looked at once more.
    delivery.clock.advance(3_000)
    await delivery.turn()
    const lines = await Promise.all(['dark.a', 'dark.b', 'dark.c'].map((name) => online(name)))
    behave = () => 'silence'
    for (const { id } of lines) await act('block', id, { reason: 'unpaid' })
    await delivery.turn()
    for (const { id } of lines) {
      expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'timeout', attempts: 1, detail: 'no answer' }])
    }
    expect(delivery.said).toEqual(['a NAS answers no CoA or Disconnect'])
    expect(await listAlarms(isp.pool)).toMatchObject([{ kind: 'coa-unreachable' }])
    // One asks whether it is back; the others wait for its answer.
    heard = []
    delivery.clock.advance(4_000)
    await delivery.turn()
    expect(new Set(heard.map((order) => order.session)).size).toBe(1)
    behave = () => 'obey'
    delivery.clock.advance(4_000)
    await delivery.turn()
    delivery.clock.advance(4_000)
    await delivery.turn()
    for (const name of ['dark.a', 'dark.b', 'dark.c']) expect(await ended(name)).toBe('stop')
    expect(await listAlarms(isp.pool)).toEqual([])
  })

  it('that knows no such session (503) has lost it: the session ends', async () => {
    const { id } = await online('forgotten')
    behave = () => ({ refuse: 503 })
    await act('block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(await ordersAbout(isp, id)).toMatchObject([
      { state: 'done', evidence: 'observed', errorCause: 503, detail: 'the NAS knows no such session' },
    ])
    expect(await ended('forgotten')).toBe('operator')
  })

  it('that is busy (506) is asked again; one that refuses is not', async () => {
    const busy = await online('busy')
    behave = () => ({ refuse: 506 })
    await act('block', busy.id, { reason: 'unpaid' })
    await delivery.turn()
    expect(await ordersAbout(isp, busy.id)).toMatchObject([{ state: 'timeout', errorCause: 506 }])
    behave = () => ({ refuse: 403 })
    delivery.clock.advance(4_000)
    await delivery.turn()
    const [order] = await ordersAbout(isp, busy.id)
    expect(order).toMatchObject({ state: 'nacked', errorCause: 403, attempts: 2 })
    expect(order!.detail).toBe('the NAS refused to end the session, with Error-Cause 403')
    delivery.clock.advance(60_000)
    heard = []
    await delivery.turn()
    expect(heard).toEqual([])
  })

  it('that acknowledges and does nothing is told again until the session is gone', async () => {
    const { id } = await online('pretended')
    behave = () => 'ignore'
    await act('block', id, { reason: 'unpaid' })
    await delivery.turn()
    delivery.clock.advance(3_000)
    await delivery.turn()
    expect(heard).toHaveLength(2)
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'acked', attempts: 2 }])
    behave = () => 'obey'
    delivery.clock.advance(3_000)
    await delivery.turn()
    expect(await ended('pretended')).toBe('stop')
  })

  it('hears of nobody who has gone by himself', async () => {
    const gone = await online('gone')
    await act('block', gone.id, { reason: 'unpaid' })
    await mikrotik.stop(gone.session, 'User-Request')
    await isp.pool.query(`update coa_order set next_at = $2 where subscriber_id = $1`, [gone.id, delivery.clock.now()])
    await delivery.turn()
    expect(await ordersAbout(isp, gone.id)).toMatchObject([{ state: 'done', detail: 'the session has ended' }])
    expect(heard).toEqual([])
  })

  it('hears what was never tried however late, and is asked for hours while it is silent', async () => {
    const { id } = await online('late')
    behave = () => 'silence'
    await act('block', id, { reason: 'unpaid' })
    delivery.clock.advance(11 * 60_000)
    await delivery.turn()
    expect(heard.length).toBeGreaterThan(0)
    for (const attempts of [2, 3, 4]) {
      // Always before its deadline: each silent try moves that on.
      delivery.clock.advance(9 * 60_000)
      await delivery.turn()
      expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'timeout', attempts }])
    }
    behave = () => 'obey'
    delivery.clock.advance(4_000)
    await delivery.turn()
    expect(await ended('late')).toBe('stop')
  })

  it('hears no more of what it acknowledged and did not do for ten minutes', async () => {
    const { id } = await online('too.late')
    behave = () => 'ignore'
    await act('block', id, { reason: 'unpaid' })
    await delivery.turn()
    delivery.clock.advance(11 * 60_000)
    heard = []
    await delivery.turn()
    expect(heard).toEqual([])
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'expired', detail: 'it was not proved in time' }])
  })
})

describe('orders', () => {
  it('are carried out once by two instances, and the newest wish counts', async () => {
    const other = startTestDelivery(isp, { instance: 'other' })
    const { id } = await online('twice')
    await orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'disconnect', reason: 'blocked' }, new Date())
    await orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'reapply', reason: 'two' }, new Date())
    await Promise.all([delivery.turn(), other.turn()])
    expect(heard).toMatchObject([{ kind: 'change' }])
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'replaced' }, { state: 'done' }])
    await other.close()
  })

  it('that a newer wish has overtaken on their way are not tried again', async () => {
    const { id } = await online('overtaken')
    behave = () => 'silence'
    await orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'reapply', reason: 'plan' }, new Date())
    const turn = delivery.turn()
    await expect.poll(() => heard.length).toBeGreaterThan(0)
    await orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'disconnect', reason: 'blocked' }, new Date())
    await turn
    const { rows } = await isp.pool.query(
      `select state, finished_at is not null as finished from coa_order where subscriber_id = $1 order by id limit 1`,
      [id],
    )
    expect(rows).toEqual([{ state: 'replaced', finished: true }])
    behave = () => 'obey'
    delivery.clock.advance(4_000)
    await delivery.turn()
    expect(await ended('overtaken')).toBe('stop')
  })

  it('of a carrier that died are carried out when its time is over', async () => {
    const { id } = await online('orphan')
    await act('block', id, { reason: 'unpaid' })
    await isp.pool.query(
      `update coa_order set state = 'claimed', claimed_by = 'dead', next_at = $2 where subscriber_id = $1`,
      [id, new Date(delivery.clock.now().getTime() + 60_000)],
    )
    await delivery.turn()
    expect(heard).toEqual([])
    delivery.clock.advance(60_000)
    await delivery.turn()
    expect(heard).toHaveLength(1)
    expect(await ended('orphan')).toBe('stop')
  })

  it('are carried out within a moment of their commit, without being told of', async () => {
    const { id } = await online('at.once')
    const watching = startTestDelivery(isp, { instance: 'watching', everyMs: 20 })
    await watching.turn()
    await act('block', id, { reason: 'unpaid' })
    expect(await ended('at.once')).toBe('stop')
    await watching.close()
  })
})

describe('a line that has moved to another NAS', () => {
  it('is proved to be gone from the first one, which may still hold it', async () => {
    const second = await isp.nas('bras-2', '127.0.0.52', { coaPort: 0 })
    const id = await isp.subscriber('moving')
    const mac = '02:00:00:00:02:01'
    for (const nas of [mikrotik, second]) {
      const outcome = await nas.dial(isp.dial('moving', { mac }))
      if (outcome.kind !== 'online') throw new Error(outcome.kind)
      expect(await outcome.started).toBe(true)
    }
    await expect.poll(() => ordersAbout(isp, id)).toHaveLength(1)
    await delivery.turn()
    expect(heard).toMatchObject([{ kind: 'disconnect' }])
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'done', evidence: 'acked' }])
    expect(second.sessions()).toHaveLength(1)
  })
})

describe('where orders go', () => {
  it('is where the packets of a NAS came from and to', async () => {
    const { rows } = await isp.pool.query(
      `select host(source) as source, host(heard_on) as heard_on from nas_contact join nas on nas.id = nas_contact.nas_id
       join radius_client client on client.id = nas.client_id where client.name = 'bras-1'`,
    )
    expect(rows).toEqual([{ source: '127.0.0.51', heard_on: '127.0.0.1' }])
  })

  it('is nowhere but the NAS of another instance where that is spoken to, as long as it is', async () => {
    const { id } = await online('elsewhere')
    await isp.pool.query(`update nas_contact set heard_on = '192.0.2.1', heard_at = now()`)
    await act('block', id, { reason: 'unpaid' })
    delivery.clock.advance(4 * 60_000)
    await delivery.turn()
    expect(heard).toEqual([])
    // The instance with that address is gone: from any of ours, since a foreign one cannot be sent from.
    delivery.clock.advance(2 * 60_000)
    await delivery.turn()
    expect(heard).toHaveLength(1)
    await isp.pool.query(`update nas_contact set heard_on = '127.0.0.1'`)
    expect(await ended('elsewhere')).toBe('stop')
  })

  it('heeds what the NAS is set to take', async () => {
    const { rows } = await isp.pool.query<{ name: string }>(
      `select nas.name from nas join radius_client client on client.id = nas.client_id where client.name = 'bras-1'`,
    )
    const { name } = rows[0]!
    const { id } = await online('set.so')
    const reapply = () =>
      orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'reapply', reason: 'plan' }, delivery.clock.now())
    await changeNasSettings(isp.db, name, { coa: false, disconnect: false })
    await reapply()
    await delivery.turn()
    expect(heard).toEqual([])
    expect(await ordersAbout(isp, id)).toMatchObject([
      { state: 'failed', detail: 'the NAS takes no Disconnect-Request (its setting disconnect is off)' },
    ])
    await changeNasSettings(isp.db, name, { disconnect: true })
    await reapply()
    await delivery.turn()
    expect(heard).toMatchObject([{ kind: 'disconnect' }])
    await changeNasSettings(isp.db, name, { coa: null, disconnect: null })
  })
})
