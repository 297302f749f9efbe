// A stranger on the network: who dials in under a name, or from a line, that nobody knows is let into the walled garden of the
// NAS group, is counted as nobody's, stands in the inbox, and is sent out of the garden when the office has made a subscriber of it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { setNasGroup } from '../../src/domain/nas-group.ts'
import { listUnmatched } from '../../src/domain/unmatched.ts'
import { jobs } from '../../src/jobs/list.ts'
import { createLogger } from '../../src/log.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { ordersAbout, startTestDelivery, type TestDelivery } from '../support/delivery.ts'
import { openIsp, sessionRows, type Isp } from '../support/isp.ts'

const database = useDatabase()
let isp: Isp
let ppp: SimulatedNas
let dhcp: SimulatedNas
let delivery: TestDelivery
let count = 0

beforeAll(async () => {
  isp = await openIsp(database)
  ppp = await isp.nas('bras-1', '127.0.0.61', { coaPort: 0 })
  dhcp = await isp.nas('dhcp-1', '127.0.0.62', { access: 'ipoe', coaPort: 0 })
  await isp.plan({ sessionLimit: 1, pool: 'home' })
  await open()
  for (const [nas, name] of [[ppp, 'bras-1'] as const, [dhcp, 'dhcp-1'] as const]) {
    await nas.dial(isp.dial('first', { mac: nextMac() }))
    await isp.service.flush()
    const { rows } = await isp.pool.query<{ name: string }>(
      'update nas set coa_port = $1 where client_id = (select id from radius_client where name = $2) returning name',
      [nas.coaPort, name],
    )
    await changeNasSettings(isp.db, rows[0]!.name, { coa_timeout_ms: 100, coa_tries: 2 })
  }
})
beforeEach(() => {
  delivery = startTestDelivery(isp)
})
afterEach(() => delivery.close())
afterAll(() => isp.close())

async function open(): Promise<void> {
  const unknownGarden = { address_list: 'hello', pool: 'guests' }
  await setNasGroup(isp.db, { name: 'default', unknownGarden })
  await isp.service.refresh()
}

const nextMac = () => `02:00:00:00:61:${(count += 1).toString(16).padStart(2, '0')}`

async function dial(nas: SimulatedNas, username: string, how: Parameters<Isp['dial']>[1] = {}): Promise<NasSession> {
  const outcome = await nas.dial(isp.dial(username, { mac: nextMac(), ...how }))
  if (outcome.kind !== 'online') throw new Error(`${username}: ${JSON.stringify(outcome)}`)
  expect(await outcome.started).toBe(true)
  return outcome.session
}

/** A few seconds, for the clock of the service stands still meanwhile: a session begins where its time says. */
async function account(nas: SimulatedNas, session: NasSession): Promise<void> {
  nas.pass(session, 2)
  expect(await nas.interim(session)).toBe(true)
}

async function ownerOf(session: NasSession): Promise<bigint | null> {
  const { rows } = await isp.pool.query<{ subscriber_id: bigint | null }>(
    'select subscriber_id from session where acct_session_id = $1 and mac = $2',
    [session.acctSessionId, session.mac],
  )
  expect(rows).toHaveLength(1)
  return rows[0]!.subscriber_id
}

async function charged(id?: bigint): Promise<bigint> {
  const { rows } = await isp.pool.query<{ octets: bigint }>(
    `select coalesce(sum(input_octets + output_octets), 0)::bigint as octets from usage_period
     where $1::bigint is null or subscriber_id = $1`,
    [id ?? null],
  )
  return rows[0]!.octets
}

/** The job looks; then the orders are carried out. */
async function look(): Promise<void> {
  const { pool, db, service } = isp
  const job = jobs.find(({ name }) => name === 'end-known-gardens')!
  const log = createLogger({ level: 'silent' })
  await job.run({ pool, db, keyring: service.keyring, now: delivery.clock.now(), zone: 'UTC', log })
  await delivery.turn()
}

/** Ids repeat from one NAS to the other. */
async function rowsOf(nas: string, session: NasSession) {
  const rows = await sessionRows(isp.pool)
  return rows.filter((row) => row.nas === nas && row.acctSessionId === session.acctSessionId)
}

async function stopped(nas: string, session: NasSession): Promise<void> {
  await expect.poll(async () => (await rowsOf(nas, session)).map((row) => row.endedBy)).toEqual(['stop'])
}

describe('a new PPPoE subscriber before the office has made it', () => {
  it.each(['pap', 'chap'] as const)('is let into the garden by %s, is nobody’s, and in the inbox', async (method) => {
    const before = await charged()
    const session = await dial(ppp, `stranger-${method}`, { method })
    expect(session.grant).toMatchObject({ pool: 'guests', rateLimit: '1M/1M', sessionTimeout: 900 })
    await account(ppp, session)
    expect(await ownerOf(session)).toBeNull()
    expect(await charged()).toBe(before)
    expect(await isp.differences()).toEqual([])
    await isp.service.flush()
    expect(await listUnmatched(isp.db)).toContainEqual(
      expect.objectContaining({ username: `stranger-${method}`, reason: 'unknown', known: false }),
    )
  })

  it('is refused by MS-CHAPv2, and gets no garden for a wrong password of somebody else', async () => {
    expect(await ppp.dial(isp.dial('stranger-ms', { method: 'mschapv2', mac: nextMac() }))).toMatchObject({
      kind: 'rejected',
    })
    await isp.subscriber('anna')
    const guess = isp.dial('anna', { password: 'a guess', mac: nextMac() })
    expect(await ppp.dial(guess)).toMatchObject({ kind: 'rejected' })
  })

  it('may be many sessions: nobody has no session limit', async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => dial(ppp, 'shared-name')))
    expect(new Set(sessions.map((session) => session.acctSessionId)).size).toBe(3)
    for (const session of sessions) expect(session.grant.pool).toBe('guests')
  })

  it('is sent out of the garden once it is made, and the redial is full service', async () => {
    const garden = await dial(ppp, 'becoming')
    await account(ppp, garden)
    await look()
    expect(ppp.sessions()).toContain(garden)
    const id = await isp.subscriber('becoming')
    await look()
    expect(await ordersAbout(isp, id)).toMatchObject([{ wish: 'disconnect', state: 'acked' }])
    await stopped('bras-1', garden)
    expect(await ownerOf(garden)).toBeNull()
    const full = await dial(ppp, 'becoming', { mac: garden.dial.mac })
    expect(full.grant).toMatchObject({ pool: 'home', rateLimit: '20M/50M' })
    await account(ppp, full)
    expect(await ownerOf(full)).toBe(id)
    expect(await charged(id)).toBe(full.counters.inputOctets + full.counters.outputOctets)
    await look()
    expect(await ordersAbout(isp, id)).toHaveLength(1)
  })

  it('is refused again where the garden is closed', async () => {
    await setNasGroup(isp.db, { name: 'default', unknownGarden: null })
    await isp.service.refresh()
    expect(await ppp.dial(isp.dial('too-late', { mac: nextMac() }))).toMatchObject({ kind: 'rejected' })
    await open()
    await dial(ppp, 'too-late')
  })
})

describe('a new IPoE line', () => {
  it('is let into the garden, and renews there', async () => {
    const session = await dial(dhcp, 'line')
    expect(session.grant).toMatchObject({ pool: 'guests', sessionTimeout: 900 })
    await account(dhcp, session)
    expect(await dhcp.renew(session)).toMatchObject({ kind: 'renewed', grant: { pool: 'guests' } })
    await account(dhcp, session)
    expect(await ownerOf(session)).toBeNull()
    expect(await rowsOf('dhcp-1', session)).toHaveLength(1)
  })

  it('is disconnected once it is somebody’s, and comes back into full service', async () => {
    const session = await dial(dhcp, 'shop')
    await account(dhcp, session)
    const id = await isp.line('shop', { mac: session.dial.mac })
    await look()
    expect(await ordersAbout(isp, id)).toMatchObject([{ wish: 'disconnect', state: 'acked' }])
    await stopped('dhcp-1', session)
    const full = await dial(dhcp, 'shop', { mac: session.dial.mac })
    expect(full.grant.pool).toBe('home')
    expect(await ownerOf(full)).toBe(id)
  })

  it('is its subscriber’s from the renewal on that comes first, and nothing of before is charged', async () => {
    const session = await dial(dhcp, 'flat')
    await account(dhcp, session)
    const before = session.counters.inputOctets + session.counters.outputOctets
    const id = await isp.line('flat', { mac: session.dial.mac })
    expect(await dhcp.renew(session)).toMatchObject({ kind: 'renewed', grant: { pool: 'home' } })
    await account(dhcp, session)
    expect(await ownerOf(session)).toBe(id)
    const all = session.counters.inputOctets + session.counters.outputOctets
    expect(await charged(id)).toBe(all - before)
    await look()
    expect(await ordersAbout(isp, id)).toEqual([])
  })
})

describe('a client that asks another server for the unknown', () => {
  it('gives its word, and no garden of ours', async () => {
    // A pool without a server answers nothing.
    await isp.pool.query(`insert into home_server_pool (name) values ('old')`)
    await isp.pool.query(
      `update radius_client set unknown_pool_id = (select id from home_server_pool where name = 'old') where name = 'bras-1'`,
    )
    await isp.service.refresh()
    expect(await ppp.dial(isp.dial('of-the-old-server', { mac: nextMac() }))).toMatchObject({ kind: 'timeout' })
    await isp.pool.query(`update radius_client set unknown_pool_id = null`)
    await isp.service.refresh()
    await dial(ppp, 'of-the-old-server')
  }, 30_000)
})
