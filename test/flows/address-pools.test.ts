// Addresses out of pools of ours, over real UDP: handed out, kept by redials on whatever NAS, exhausted, the garden's in place of
// a static one and back, prefixes of IPv6, two spaces, and what the pools of NASes have to do with it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ownAuthor } from '../../src/domain/author.ts'
import { addIpPool } from '../../src/domain/ip-pool/pool.ts'
import type { NewIpPool } from '../../src/domain/ip-pool/pool.ts'
import { endAddressConflicts } from '../../src/domain/ip-pool/conflict.ts'
import { sweepLeases } from '../../src/domain/ip-pool/lease-sweep.ts'
import { showIpPool, watchIpPools } from '../../src/domain/ip-pool/usage.ts'
import { addNasGroup } from '../../src/domain/nas-group.ts'
import { listAlarms } from '../../src/domain/alarm.ts'
import { block, unblock } from '../../src/domain/subscriber-action/block.ts'
import { takeByUsername } from '../../src/domain/subscriber-action/by-username.ts'
import { explainAccess } from '../../src/domain/why.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, type Isp } from '../support/isp.ts'

const database = useDatabase()
let isp: Isp
let one: SimulatedNas
let two: SimulatedNas
let count = 0
/** The second octet: each test has a range of its own. */
let net = 20

beforeAll(async () => {
  isp = await openIsp(database, { settings: { address_quiet_s: 0 } })
  one = await isp.nas('bng-1', '127.0.0.121')
  two = await isp.nas('bng-2', '127.0.0.122')
})
afterAll(() => isp.close())
beforeEach(() => {
  net += 1
})

const macOf = (n: number) => `02:00:00:00:01:${n.toString(16).padStart(2, '0')}`

async function pool(input: Partial<NewIpPool> = {}): Promise<bigint> {
  const wanted = { name: `pool ${net}`, kind: 'ipv4', learns: false, ranges: [`10.${net}.0.1-10.${net}.0.4`], ...input }
  const { id } = await addIpPool(isp.db, wanted, new Date())
  // Twice: a look that was under way may have begun before.
  await isp.service.refresh()
  await isp.service.refresh()
  return id
}

async function plan(input: Parameters<Isp['plan']>[0] = {}): Promise<string> {
  const name = `plan ${net}`
  await isp.plan({ name, pool: `pool ${net}`, ...input })
  return name
}

async function people(howMany: number, input: Parameters<Isp['subscriber']>[1] = {}): Promise<string[]> {
  const names = []
  for (let i = 0; i < howMany; i++) {
    const name = `pooled${(count += 1)}`
    await isp.subscriber(name, input)
    names.push(name)
  }
  return names
}

const dialOf = (name: string, input: Parameters<Isp['dial']>[1] = {}) =>
  isp.dial(name, { mac: macOf(Number(name.slice('pooled'.length))), ...input })

async function online(nas: SimulatedNas, name: string, input: Parameters<Isp['dial']>[1] = {}): Promise<NasSession> {
  const outcome = await nas.dial(dialOf(name, input))
  if (outcome.kind !== 'online') throw new Error(`${name}: ${JSON.stringify(outcome)}`)
  expect(await outcome.started).toBe(true)
  return outcome.session
}

const swept = () => sweepLeases(isp.db, { quietS: 0 }, new Date())
const openAddresses = async () =>
  (
    await isp.pool.query<{ address: string; space: bigint }>(
      `select host(framed_ip) as address, address_space_id as space from session
       where ended_at is null and framed_ip is not null`,
    )
  ).rows.map(({ address, space }) => `${space}/${address}`)

describe('a pool of ours', () => {
  it('gives each line an address of its own, by Framed-IP-Address and without a pool', async () => {
    await pool()
    const names = await people(4, { plan: await plan() })
    const sessions = []
    for (const name of names) sessions.push(await online(one, name))
    expect(sessions.map(({ grant }) => grant.framedIp)).toEqual([1, 2, 3, 4].map((n) => `10.${net}.0.${n}`))
    expect(sessions.map(({ grant }) => grant.pool)).toEqual([undefined, undefined, undefined, undefined])
    await Promise.all(sessions.map((session) => one.stop(session, 'User-Request')))
  })

  it('F34, F69: gives a redial the same address, with or without a Stop, also on the other NAS of the group', async () => {
    await pool({ ranges: [`10.${net}.0.0/24`] })
    const names = await people(3, { plan: await plan() })
    const first = new Map<string, string | undefined>()
    for (const name of names) first.set(name, (await online(one, name)).framedIp)
    for (const [nas, name] of [
      [one, names[0]!],
      [two, names[1]!],
      [two, names[0]!],
    ] as const) {
      const session = await online(nas, name)
      expect(session.framedIp).toBe(first.get(name))
    }
    expect(new Set(await openAddresses()).size).toBe((await openAddresses()).length)
  })

  it('F55: that is exhausted refuses with a reason of its own, and lets in again once somebody has left', async () => {
    const id = await pool()
    const names = await people(6, { plan: await plan() })
    const sessions = []
    for (const name of names.slice(0, 4)) sessions.push(await online(one, name))
    for (const name of names.slice(4)) {
      const outcome = await one.dial(dialOf(name))
      const given = outcome.kind === 'online' ? outcome.session.framedIp : undefined
      expect([outcome.kind, given, sessions.map(({ framedIp }) => framedIp)]).toEqual([
        'rejected',
        undefined,
        expect.anything(),
      ])
    }
    await isp.service.flush()
    const why = await explainAccess(isp.pool, { username: names[5]! }, new Date())
    expect(why.decisions[0]).toMatchObject({
      accepted: false,
      reason: 'pool-exhausted',
      detail: `the address pool pool ${net} has no address left`,
    })
    // Who was refused for want of an address has not used up a moment of its first period.
    const { rows } = await isp.pool.query('select activated_at from subscriber where username = $1', [names[5]])
    expect(rows).toEqual([{ activated_at: null }])
    await swept()
    await watchIpPools({ pool: isp.pool, db: isp.db }, new Date())
    const alarms = (await listAlarms(isp.pool)).filter(({ subject }) => subject.startsWith(`pool ${net} `))
    expect(alarms.map(({ kind }) => kind).toSorted()).toEqual(['pool-filling', 'pool-nearly-exhausted'])
    await one.stop(sessions[2]!, 'User-Request')
    // The hold of its login is over with its session: without waiting for the job the next one is let in.
    await isp.pool.query(`update ip_lease set claimed_at = claimed_at - interval '2 minutes' where pool_id = $1`, [id])
    const dialled = async () => {
      const outcome = await one.dial(dialOf(names[4]!))
      return outcome.kind === 'online' && (await outcome.started) ? 'online' : outcome.kind
    }
    await expect.poll(dialled, { timeout: 10_000, interval: 500 }).toBe('online')
    expect((await openAddresses()).filter((address) => address.startsWith(`1/10.${net}.`))).toHaveLength(4)
  })

  it('F55: that is exhausted lets the pool of the NAS serve where it says so', async () => {
    await pool({ onExhausted: 'nas-pool' })
    const names = await people(6, { plan: await plan() })
    const grants = []
    for (const name of names) grants.push((await online(one, name)).grant)
    expect(grants.filter(({ framedIp }) => framedIp !== undefined)).toHaveLength(4)
    expect(grants.filter(({ pool: name }) => name === `pool ${net}`)).toHaveLength(2)
  })

  it('is not looked at by a plan whose pool is the business of its NAS', async () => {
    await pool()
    const [name] = await people(1, { plan: await plan({ pool: `nas pool ${net}` }) })
    const { grant } = await online(one, name!)
    expect(grant).toMatchObject({ framedIp: undefined, pool: `nas pool ${net}` })
  })

  it('gives way to a static address, and never gives it to another', async () => {
    await pool()
    const name = await plan()
    const [fixed] = await people(1, { plan: name, staticIp: `10.${net}.0.2` })
    const others = await people(4, { plan: name })
    const session = await online(one, fixed!)
    expect(session.framedIp).toBe(`10.${net}.0.2`)
    await one.stop(session, 'User-Request')
    const outcomes = []
    for (const other of others) outcomes.push(await one.dial(dialOf(other)))
    const given = outcomes.map((outcome) => (outcome.kind === 'online' ? outcome.session.framedIp : outcome.kind))
    expect(given).toEqual([`10.${net}.0.1`, `10.${net}.0.3`, `10.${net}.0.4`, 'rejected'])
  })

  it('learns first: the pool of the NAS goes on, and afterwards everybody keeps what was seen', async () => {
    const id = await pool({ learns: true })
    const [name] = await people(1, { plan: await plan() })
    const before = await online(one, name!)
    expect(before.grant.pool).toBe(`pool ${net}`)
    // What the NAS gave out of a pool of the same addresses.
    await isp.pool.query('update session set framed_ip = $2 where acct_session_id = $1', [
      before.acctSessionId,
      `10.${net}.0.3`,
    ])
    await swept()
    expect(await showIpPool(isp.db, id, new Date())).toMatchObject({ used: 1, free: 3 })
    await isp.pool.query('update ip_pool set learn_until = now() where id = $1', [id])
    await isp.pool.query(`update nas set created_at = created_at - interval '1 day'`)
    await isp.service.refresh()
    const after = await online(one, name!)
    expect(after.grant).toMatchObject({ framedIp: `10.${net}.0.3`, pool: undefined })
  })
})

describe('the walled garden', () => {
  const by = () => ownAuthor('system', 'test', isp.service.keyring)
  const setBlocked = async (username: string, is: boolean) => {
    const action = is ? block : unblock
    await takeByUsername(isp.db, action, { username, params: is ? { reason: 'unpaid' } : {} }, by(), new Date())
  }

  it('has a pool of its own: its address comes before a static one, and the static one comes back', async () => {
    await pool({ name: `garden ${net}` })
    const name = await plan({ onBlock: 'garden', gardenPool: `garden ${net}` })
    const [username] = await people(1, { plan: name, staticIp: `192.0.2.${net}` })
    const full = await online(one, username!)
    expect(full.framedIp).toBe(`192.0.2.${net}`)
    await setBlocked(username!, true)
    await one.stop(full, 'Admin-Reset')
    const gardened = await online(one, username!)
    expect(gardened.framedIp).toBe(`10.${net}.0.1`)
    expect(gardened.grant.pool).toBeUndefined()
    await setBlocked(username!, false)
    await one.stop(gardened, 'Admin-Reset')
    expect((await online(one, username!)).framedIp).toBe(`192.0.2.${net}`)
  })

  it('by its reason, and the line gets both addresses again each time', async () => {
    await pool({ ranges: [`10.${net}.1.0/28`] })
    await pool({ name: `unpaid ${net}` })
    const name = await plan({ onBlock: 'garden', onExpiry: 'garden', gardenPool: 'of the NAS' })
    await isp.pool.query(`update plan set gardens = $2 where name = $1`, [
      name,
      JSON.stringify({ blocked: { address_list: null, pool: `unpaid ${net}` } }),
    ])
    const [username, other] = await people(2, { plan: name })
    await online(one, other!)
    const seen: (string | undefined)[] = []
    for (const blocked of [false, true, false, true]) {
      await setBlocked(username!, blocked)
      const session = await online(one, username!)
      seen.push(session.framedIp)
      await one.stop(session, 'User-Request')
    }
    expect(seen[0]).toMatch(new RegExp(`^10\\.${net}\\.1\\.`))
    expect(seen[1]).toMatch(new RegExp(`^10\\.${net}\\.0\\.`))
    expect(seen.slice(2)).toEqual(seen.slice(0, 2))
    await isp.pool.query(`update subscriber set expires_at = now() - interval '1 day' where username = $1`, [username])
    await setBlocked(username!, false)
    // Expired is another reason, with a pool of the NAS.
    expect((await online(one, username!)).grant).toMatchObject({ framedIp: undefined, pool: 'of the NAS' })
  })
})

describe('prefixes of IPv6', () => {
  it('are handed out for the link and for the site, and stay with the line', async () => {
    await pool()
    await pool({ name: `links ${net}`, kind: 'ipv6-prefix', ranges: [`2001:db8:${net}::/48`] })
    await pool({ name: `sites ${net}`, kind: 'delegated-ipv6-prefix', ranges: [`2001:db9:${net}::/48`] })
    const name = await plan({ ipv6Pool: `links ${net}`, delegatedIpv6Pool: `sites ${net}` })
    const [first, second] = await people(2, { plan: name })
    const grants = []
    for (const username of [first!, second!, first!])
      grants.push((await online(one, username, { stack: 'dual' })).grant)
    expect(grants.map(({ framedIpv6Prefix }) => framedIpv6Prefix)).toEqual([
      `2001:db8:${net}::/64`,
      `2001:db8:${net}:1::/64`,
      `2001:db8:${net}::/64`,
    ])
    expect(grants.map(({ delegatedIpv6Prefix }) => delegatedIpv6Prefix)).toEqual([
      `2001:db9:${net}::/56`,
      `2001:db9:${net}:100::/56`,
      `2001:db9:${net}::/56`,
    ])
  })
})

describe('an IPoE line', () => {
  it('keeps its address over renewals, with and without a session, and in and out of a garden', async () => {
    await pool({ ranges: [`10.${net}.1.0/28`] })
    await pool({ name: `unpaid ${net}` })
    const name = await plan({ onBlock: 'garden', gardenPool: `unpaid ${net}` })
    const dhcp = await isp.nas('dhcp-pools', '127.0.0.124', { access: 'ipoe' })
    const [mac, other] = ['02:00:00:00:02:01', '02:00:00:00:02:02'] as const
    await isp.line('leased', { plan: name, mac })
    await isp.line('leased.other', { plan: name, mac: other })
    const addressOf = async (username: string, of: string): Promise<[NasSession, string | undefined]> => {
      const outcome = await dhcp.dial({ ...isp.dial(username), mac: of })
      if (outcome.kind !== 'online') throw new Error(JSON.stringify(outcome))
      expect(await outcome.started).toBe(true)
      return [outcome.session, outcome.session.framedIp]
    }
    const [session, first] = await addressOf('leased', mac)
    const [, second] = await addressOf('leased.other', other)
    expect(first).not.toBe(second)
    const renewed = await dhcp.renew(session)
    expect(renewed).toMatchObject({ kind: 'renewed', grant: { framedIp: first, pool: undefined } })
    await isp.pool.query(`update subscriber set blocked_at = now() where username = 'leased'`)
    expect(await dhcp.renew(session)).toMatchObject({ kind: 'renewed', grant: { framedIp: `10.${net}.0.1` } })
    await isp.pool.query(`update subscriber set blocked_at = null where username = 'leased'`)
    expect(await dhcp.renew(session)).toMatchObject({ kind: 'renewed', grant: { framedIp: first } })
  })
})

describe('two address spaces', () => {
  it('have the same addresses, and nobody is in the way of anybody', async () => {
    await addNasGroup(isp.db, { name: 'north', addressSpace: 'north' }, new Date())
    const far = await isp.nas('bng-north', '127.0.0.123', { client: { group: 'north' } })
    const ranges = [`10.${net}.0.1`]
    await pool({ ranges })
    await pool({ ranges, addressSpace: 'north' })
    const [here, there] = await people(2, { plan: await plan() })
    const sessions = [await online(one, here!), await online(far, there!)]
    expect(sessions.map(({ framedIp }) => framedIp)).toEqual([`10.${net}.0.1`, `10.${net}.0.1`])
    await swept()
    expect(await endAddressConflicts({ pool: isp.pool, db: isp.db }, new Date())).toBe(0)
    expect(new Set(await openAddresses()).size).toBe((await openAddresses()).length)
  })
})
