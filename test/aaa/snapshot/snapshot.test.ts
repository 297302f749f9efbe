import * as fs from 'node:fs'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { snapshotFile } from '../../../src/aaa/snapshot/snapshot.ts'
import type { RunningSnapshot } from '../../../src/aaa/snapshot/snapshot.ts'
import { createTestClock } from '../../../src/clock.ts'
import type { House } from '../../../src/domain/house.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { readSnapshotFile } from '../../../src/aaa/snapshot/file.ts'
import { loadAccess } from '../../../src/domain/access.ts'
import type { AccessSubject } from '../../../src/domain/access-subject.ts'
import type { Keyring } from '../../../src/domain/data-key.ts'
import { identifyLines } from '../../../src/domain/identify.ts'
import { identityKinds } from '../../../src/domain/line.ts'
import type { IdentityKind, InterfaceParts } from '../../../src/domain/line.ts'
import { after, insertPlan, insertRow, insertSubscriber, noon, testFacts } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'
import { openTestKeyring } from '../../support/keyring.ts'
import { startTestSnapshot } from '../../support/snapshot.ts'

const database = useDatabase()
let keys: { keyring: Keyring; keyFile: string; remove(): void }
let plans: bigint[]
let groups: bigint[]
let spaces: bigint[]
let running: { snapshot: RunningSnapshot; directory: string; close(): Promise<void> }
let snapshot: RunningSnapshot
let made = 0

beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
  const slower = await insertPlan(database.pool)
  plans = [
    await insertPlan(database.pool),
    await insertPlan(database.pool, { session_limit: 2, device_limit: 3, quota_octets: 5_000_000_000n }),
    await insertPlan(database.pool, { quota_octets: 7n, on_quota: 'slower', quota_plan_id: slower, session_limit: 4 }),
  ]
  groups = [1n, await insertRow(database.pool, 'nas_group', { name: 'north', address_space_id: 1 })]
  spaces = [1n, await insertRow(database.pool, 'address_space', { name: 'vrf' })]
  running = await startTestSnapshot(database.url, { keyring: keys.keyring, clock: createTestClock(noon) })
  snapshot = running.snapshot
})
afterAll(async () => {
  await running.close()
  keys.remove()
})

/** What the snapshot says of a login, and what Postgres would say: without usage and other lines. */
async function bothOf(username: string, addressSpaceId = 1n): Promise<(AccessSubject | undefined)[]> {
  const key = { username, line: undefined, nasGroupId: 1n, addressSpaceId }
  const [loaded] = await loadAccess(database.pool, [key], { zone: 'UTC', now: noon })
  return [snapshot.subject(key), loaded && { ...loaded, used: undefined, otherLines: 0 }]
}

async function expectSame(username: string): Promise<void> {
  for (const space of spaces) {
    const [known, loaded] = await bothOf(username, space)
    expect(known).toEqual(loaded)
  }
}

const instant = fc.option(fc.integer({ min: -10_000_000, max: 10_000_000 }).map((ms) => new Date(noon.getTime() + ms)))
const octets = fc.option(
  fc.oneof(
    fc.constantFrom(Buffer.from('00ff', 'hex'), Buffer.from('eth 0/1'), Buffer.alloc(0)),
    fc.nat({ max: 60 }).map((at) => Buffer.of(1, at)),
  ),
)
const subscriber = fc.record({
  plan: fc.nat({ max: 2 }),
  group: fc.option(fc.nat({ max: 1 }), { freq: 1 }),
  password: fc.option(fc.string({ minLength: 1, maxLength: 20 })),
  devices: fc.uniqueArray(fc.nat({ max: 5 }), { maxLength: 3 }),
  bound: fc.boolean(),
  addresses: fc.nat({ max: 2 }),
  routes: fc.array(fc.constantFrom('192.0.2.0/24', '0.0.0.0/0 192.0.2.1 1'), { maxLength: 2 }),
  row: fc.record({
    account_type: fc.constantFrom('pppoe', 'ipoe', 'ipoe'),
    enabled: fc.boolean(),
    blocked_at: instant,
    block_reason: fc.option(fc.constantFrom('unpaid', 'line 1\nline 2 "x" ü')),
    activated_at: instant,
    expires_at: instant,
    grace_until: instant,
    archived_at: fc.option(fc.constant(noon), { freq: 6 }),
    auto_renew: fc.boolean(),
    learn_mac_until: instant,
    session_limit: fc.option(fc.integer({ min: 1, max: 9 })),
    device_limit: fc.option(fc.integer({ min: 1, max: 9 })),
    bound_interface: fc.option(fc.constantFrom('vlan7', 'vlan8')),
    bound_port: fc.option(fc.constantFrom('1/1', '1/2')),
    bound_s_vlan: fc.option(fc.constantFrom(7, 8)),
    bound_c_vlan: fc.option(fc.constantFrom(7, 8)),
    circuit_id: octets,
    remote_id: octets,
    duid: octets,
    attributes: fc.array(fc.constantFrom('Filter-Id = "a \\"b\\""', 'Class = 0x00'), { maxLength: 2 }),
  }),
})
type Wanted = typeof subscriber extends fc.Arbitrary<infer T> ? T : never

const macOf = (at: number) => `02:00:00:00:00:0${at}`

async function make({ plan, group, password, devices, bound, addresses, routes, row }: Wanted): Promise<string> {
  const { pool } = database
  const username = `s${++made}`
  const columns = {
    ...row,
    username,
    plan_id: plans[plan]!,
    bound_nas_group_id: group === null ? null : groups[group]!,
  }
  const id = await insertSubscriber(pool, columns, password === null ? undefined : { keyring: keys.keyring, password })
  for (const at of devices) await insertRow(pool, 'device', { subscriber_id: id, mac: macOf(at), bound })
  for (let at = 0; at < addresses; at++) {
    const place = { subscriber_id: id, address_space_id: spaces[at % 2]! }
    await insertRow(pool, 'subscriber_address', { ...place, kind: 'framed-ip', prefix: `10.0.${made}.${at}` })
    await insertRow(pool, 'subscriber_address', {
      ...place,
      kind: 'delegated-ipv6-prefix',
      prefix: `2001:db8:${made}:${at}::/64`,
    })
  }
  for (const route of routes) {
    await pool.query('insert into subscriber_route (subscriber_id, route) values ($1, $2)', [id, route])
  }
  return username
}

const question = fc.record({
  facts: fc.record({
    mac: fc.option(fc.nat({ max: 6 }).map(macOf), { nil: undefined }),
    circuitId: octets.map((value) => value ?? undefined),
    remoteId: octets.map((value) => value ?? undefined),
    duid: octets.map((value) => value ?? undefined),
    interface: fc.option(
      fc.record(
        {
          raw: fc.constantFrom('vlan7', 'vlan8', 'x'),
          port: fc.constantFrom('1/1', '1/2'),
          sVlan: fc.constantFrom(7, 8),
          cVlan: fc.constantFrom(7, 8),
        },
        { requiredKeys: ['raw'] },
      ),
      { nil: undefined },
    ),
  }),
  order: fc.shuffledSubarray<IdentityKind>([...identityKinds]),
  group: fc.nat({ max: 1 }),
})

describe('the snapshot', () => {
  it('says of every login and every line what Postgres says', async () => {
    const usernames: string[] = []
    for (const wanted of fc.sample(subscriber, { numRuns: 60, seed: 6 })) usernames.push(await make(wanted))
    await snapshot.refresh()
    for (const username of [...usernames, 'nobody', '']) await expectSame(username)
    expect(snapshot.size().subscribers).toBe(60)

    const keysAsked = fc.sample(question, { numRuns: 1_500, seed: 7 }).map(({ facts, order, group }) => ({
      facts: testFacts({ ...facts, interface: facts.interface as InterfaceParts | undefined }),
      line: undefined,
      order,
      nasGroupId: groups[group]!,
    }))
    const identities = await identifyLines(database.pool, keysAsked, 300, noon)
    expect(keysAsked.map((key) => snapshot.identify(key))).toEqual(
      identities.map((identity) => (identity.kind === 'found' ? { ...identity, live: undefined } : identity)),
    )
    const seen = new Set(
      identities.map((identity) => (identity.kind === 'nobody' ? 'nobody' : `${identity.kind} ${identity.by}`)),
    )
    expect([...seen].toSorted()).toEqual(
      [
        'nobody',
        ...['ambiguous', 'found'].flatMap((kind) => [...identityKinds, 'learning'].map((by) => `${kind} ${by}`)),
      ].toSorted(),
    )
  })

  it('follows every table that a login is made of', async () => {
    const { pool } = database
    const id = await insertSubscriber(
      pool,
      { username: 'anna', plan_id: plans[0]! },
      { keyring: keys.keyring, password: 'one' },
    )
    const changes = [
      ['update subscriber set blocked_at = now() where id = $1'],
      [`update credential set secret = '\\x0102' where subscriber_id = $1`],
      [`insert into device (subscriber_id, mac, bound) values ($1, '02:00:00:00:09:01', true)`],
      ['update device set bound = false where subscriber_id = $1'],
      ['delete from device where subscriber_id = $1'],
      [
        `insert into subscriber_address (subscriber_id, address_space_id, kind, prefix) values ($1, 1, 'framed-ip', '10.200.0.1')`,
      ],
      [`insert into subscriber_route (subscriber_id, route) values ($1, '198.51.100.0/24')`],
      ['delete from subscriber_route where subscriber_id = $1'],
      [`update subscriber set username = 'berta' where id = $1`],
      ['update subscriber set archived_at = now() where id = $1'],
      ['update subscriber set username_reserved = false where id = $1'],
      ['delete from subscriber where id = $1'],
    ]
    for (const [statement] of changes) {
      await pool.query(statement!, [id])
      await snapshot.refresh()
      await expectSame('anna')
      await expectSame('berta')
    }
    expect(await bothOf('berta')).toEqual([undefined, undefined])
  })

  it('gives a changed plan to all who have it without reading them again', async () => {
    const { pool } = database
    const planId = await insertPlan(pool, { session_limit: 1 })
    const slower = await insertPlan(pool, { down_bps: 1_000_000 })
    await insertSubscriber(pool, { username: 'planned', plan_id: planId })
    await insertSubscriber(pool, { username: 'own-limit', plan_id: planId, session_limit: 9 })
    const changes = [
      ['update plan set down_bps = 77, session_limit = 5 where id = $1', planId],
      [`update plan set quota_octets = 5, on_quota = 'slower', quota_plan_id = ${slower} where id = $1`, planId],
      ['update plan set down_bps = 66 where id = $1', slower],
      [`insert into plan_pool (plan_id, nas_group_id, pool) values ($1, 1, 'north')`, planId],
      ['delete from plan_pool where plan_id = $1', planId],
    ] as const
    for (const [statement, of] of changes) {
      await pool.query(statement, [of])
      await snapshot.refresh()
      await expectSame('planned')
      await expectSame('own-limit')
    }
    expect((await bothOf('planned'))[0]?.plan.slower?.down_bps).toBe(66)
    expect((await bothOf('planned'))[0]?.sessionLimit).toBe(5)
    expect((await bothOf('own-limit'))[0]?.sessionLimit).toBe(9)
  })

  it('misses no commit, however late, and does not wait for those that still run', async () => {
    const { pool } = database
    const id = await insertSubscriber(pool, { username: 'late', plan_id: plans[0]! })
    const other = await insertSubscriber(pool, { username: 'soon', plan_id: plans[0]! })
    const slow = await pool.connect()
    await slow.query('begin')
    await slow.query('update subscriber set auto_renew = true where id = $1', [id])
    for (let round = 1; round <= 3; round++) {
      await pool.query('update subscriber set session_limit = $2 where id = $1', [other, round])
      await snapshot.refresh()
      expect((await bothOf('soon'))[0]?.sessionLimit).toBe(round)
      expect((await bothOf('late'))[0]?.autoRenew).toBe(false)
    }
    await slow.query('commit')
    slow.release()
    await snapshot.refresh()
    expect((await bothOf('late'))[0]?.autoRenew).toBe(true)
  })

  it('says when it was last the whole truth', async () => {
    const clock = createTestClock(noon)
    const other = await startTestSnapshot(database.url, { keyring: keys.keyring, clock })
    await other.snapshot.refresh()
    expect(other.snapshot.seenAt()).toEqual(noon)
    clock.advance(5_000)
    await other.snapshot.refresh()
    expect(other.snapshot.seenAt()).toEqual(after(5))
    await other.close()
  })
})

describe('the metrics of a snapshot', () => {
  it('say how many it holds, and of when', async () => {
    const [clock, metrics] = [createTestClock(noon), createMetrics()]
    const other = await startTestSnapshot(database.url, { keyring: keys.keyring, clock, metrics })
    await other.snapshot.refresh()
    const value = async (name: keyof typeof metrics & `snapshot${string}`): Promise<number> =>
      (await metrics[name].get()).values[0]!.value
    // What the next of its looks, each second, says.
    await expect.poll(() => value('snapshotSubscribers'), { timeout: 5_000 }).toBe(other.snapshot.size().subscribers)
    expect(await value('snapshotOctets')).toBe(other.snapshot.size().octets)
    expect(await value('snapshotAge')).toBe(0)
    await other.close()
  })
})

describe('the file of a snapshot', () => {
  it('is written anew when the house changed, and after ten minutes though nothing did', async () => {
    const clock = createTestClock(noon)
    let house = { settings: { zone: 'UTC' } } as unknown as House
    const options = { keyring: keys.keyring, clock, house: () => house }
    const { snapshot: kept, directory, close } = await startTestSnapshot(database.url, options)
    const file = snapshotFile(directory, 1)
    await kept.refresh()
    const written = async (): Promise<number> => {
      await kept.write()
      return fs.statSync(file).ino
    }
    const first = await written()
    house = { ...house }
    expect(await written()).toBe(first)
    house = { settings: { zone: 'Europe/Berlin' } } as unknown as House
    const second = await written()
    expect(second).not.toBe(first)
    clock.advance(599_999)
    await kept.refresh()
    expect(await written()).toBe(second)
    clock.advance(1)
    await kept.refresh()
    expect(await written()).not.toBe(second)
    const { end } = await readSnapshotFile(
      file,
      () => keys.keyring,
      () => undefined,
    )
    expect(end).toMatchObject({ seenAt: after(600), house })
    await close()
  })

  it('tells what keeps it from being written or read, and goes on', async () => {
    const lines: string[] = []
    const log = { info: () => undefined, warn: (_: object, message?: string) => void lines.push(message ?? '') }
    const directory = fs.mkdtempSync(`${running.directory}/broken-`)
    fs.writeFileSync(snapshotFile(directory, 1), 'no snapshot')
    const options = { keyring: keys.keyring, clock: createTestClock(noon), directory, log }
    const { snapshot: kept, close } = await startTestSnapshot(database.url, options)
    await kept.refresh()
    expect(kept.size().subscribers).toBeGreaterThan(0)
    fs.rmSync(directory, { recursive: true })
    await expect(kept.write()).rejects.toThrow('ENOENT')
    await close()
    expect(lines).toEqual([
      'the kept snapshot is not used',
      'the snapshot could not be written: a start without Postgres needs it',
    ])
  })

  it('is written when something changed, at the end at the latest, and read at the next start', async () => {
    const clock = createTestClock(noon)
    const planId = plans[0]!
    await insertSubscriber(database.pool, { username: 'kept', plan_id: planId })
    const first = await startTestSnapshot(database.url, {
      keyring: keys.keyring,
      clock,
      directory: running.directory,
      worker: 2,
    })
    const file = snapshotFile(running.directory, 2)
    await first.snapshot.refresh()
    expect(fs.existsSync(file)).toBe(false)
    await first.snapshot.write()
    const written = fs.statSync(file)
    expect(written.mode & 0o777).toBe(0o600)
    await first.snapshot.refresh()
    await first.snapshot.write()
    expect(fs.statSync(file).ino).toBe(written.ino)
    await insertSubscriber(database.pool, { username: 'kept too', plan_id: planId })
    await first.snapshot.refresh()
    await first.close()
    expect(fs.statSync(file).ino).not.toBe(written.ino)

    const lines: string[] = []
    const log = { info: () => undefined, warn: (_: object, message?: string) => void lines.push(message ?? '') }
    const away = { keyring: keys.keyring, clock, directory: running.directory, worker: 2, log }
    const second = await startTestSnapshot('postgres://nobody:x@127.0.0.1:1/none', away)
    await second.snapshot.refresh().catch(() => undefined)
    for (const username of ['kept', 'kept too']) {
      const key = { username, line: undefined, nasGroupId: 1n, addressSpaceId: 1n }
      expect(second.snapshot.subject(key)).toEqual(first.snapshot.subject(key))
      expect(second.snapshot.subject(key)).toBeDefined()
    }
    expect(second.snapshot.seenAt()).toEqual(noon)
    const untouched = fs.statSync(file).ino
    await second.close()
    // It has learnt nothing: the file stays, and nobody is told that it could not be written.
    expect(fs.statSync(file).ino).toBe(untouched)
    expect(lines.filter((line) => line.includes('written'))).toEqual([])
  })
})
