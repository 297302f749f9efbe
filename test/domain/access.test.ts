import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadAccess } from '../../src/domain/access.ts'
import type { AccessKey } from '../../src/domain/access.ts'
import type { AccessSubject } from '../../src/domain/access-subject.ts'
import { macLine } from '../../src/domain/line.ts'
import {
  after,
  insertPlan,
  insertRow,
  insertSession,
  insertSubscriber,
  macA,
  macB,
  noon,
  testPlan,
} from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const lineA = macLine(macA)
const lineB = macLine(macB)
let planId: bigint

beforeAll(async () => {
  planId = await insertPlan(database.pool, { name: 'Home50' })
})

const key = (username: string, changes: Partial<AccessKey> = {}): AccessKey => ({
  username,
  line: lineA,
  nasGroupId: 1n,
  addressSpaceId: 1n,
  ...changes,
})

function load(...keys: AccessKey[]): Promise<(AccessSubject | undefined)[]> {
  return loadAccess(database.pool, keys, { zone: 'UTC', intervalS: 300, now: noon })
}

async function loadOne(username: string, changes: Partial<AccessKey> = {}): Promise<AccessSubject> {
  const [subject] = await load(key(username, changes))
  if (subject === undefined) throw new Error(`${username} was not found`)
  return subject
}

describe('loadAccess', () => {
  it('answers in the order of the keys, nothing for a name that nobody has', async () => {
    await insertSubscriber(database.pool, { username: 'order1', plan_id: planId })
    await insertSubscriber(database.pool, { username: 'order2', plan_id: planId })
    const found = await load(key('order2'), key('nobody'), key('order1'), key(''), key('order2'))
    const names = await database.pool.query<{ id: bigint; username: string }>('select id, username from subscriber')
    const nameOf = new Map(names.rows.map((row) => [row.id, row.username]))
    expect(found.map((subject) => subject && nameOf.get(subject.id))).toEqual([
      'order2',
      undefined,
      'order1',
      undefined,
      'order2',
    ])
  })

  it('reads everything of a plain subscriber', async () => {
    const id = await insertSubscriber(database.pool, { username: 'plain', plan_id: planId })
    expect(await loadOne('plain')).toEqual({
      id,
      accountType: 'pppoe',
      learnMacUntil: null,
      enabled: true,
      blockedAt: null,
      blockReason: null,
      activatedAt: after(-86_400),
      expiresAt: null,
      graceUntil: null,
      archivedAt: null,
      autoRenew: false,
      sessionLimit: undefined,
      deviceLimit: undefined,
      binding: { interface: null, port: null, sVlan: null, cVlan: null, nasGroupId: null },
      attributes: [],
      credential: undefined,
      plan: { ...testPlan(), id: Number(planId) },
      devices: [],
      addresses: [],
      routes: [],
      used: undefined,
      otherLines: 0,
    })
  })

  it('reads everything of one who has everything', async () => {
    const group = await insertRow(database.pool, 'nas_group', { name: 'second', address_space_id: 1 })
    const space = await insertRow(database.pool, 'address_space', { name: 'vrf' })
    const rich = await insertPlan(database.pool, {
      burst_down_bps: 100_000_000,
      burst_up_bps: 40_000_000,
      burst_seconds: 8,
      priority: 2,
      session_limit: 1,
      device_limit: 1,
      quota_octets: 9_007_199_254_740_993n,
      pool: 'home',
      on_quota: 'garden',
      attributes: ['Filter-Id = "a \\"b\\""'],
    })
    const id = await insertSubscriber(database.pool, {
      username: 'rich',
      plan_id: rich,
      enabled: false,
      blocked_at: after(-5),
      block_reason: 'unpaid, "twice"',
      expires_at: after(0.123),
      grace_until: after(60),
      archived_at: after(-1),
      auto_renew: true,
      session_limit: 3,
      device_limit: 2,
      bound_interface: 'vlan7',
      bound_port: '1/2',
      bound_s_vlan: 100,
      bound_c_vlan: 7,
      bound_nas_group_id: group,
      attributes: ['Mikrotik-Mark-Id = x'],
    })
    await insertRow(database.pool, 'credential', {
      subscriber_id: id,
      kind: 'nt-hash',
      secret: Buffer.from('00ff5c', 'hex'),
    })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac: macB, bound: true })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac: macA, bound: false })
    const address = { subscriber_id: id, address_space_id: 1 }
    await insertRow(database.pool, 'subscriber_address', { ...address, kind: 'framed-ip', prefix: '192.0.2.7' })
    await insertRow(database.pool, 'subscriber_address', {
      ...address,
      kind: 'delegated-ipv6-prefix',
      prefix: '2001:db8:100::/56',
    })
    await insertRow(database.pool, 'subscriber_address', {
      ...address,
      address_space_id: space,
      kind: 'framed-ip',
      prefix: '192.0.2.7',
    })
    for (const route of ['198.51.100.0/24 0.0.0.0 1', '192.0.2.0/29 "x" 1'])
      await insertRow(database.pool, 'subscriber_route', { subscriber_id: id, route })
    await insertRow(database.pool, 'usage_period', {
      subscriber_id: id,
      period_started_at: after(-86_400),
      input_octets: 2n ** 53n,
      output_octets: 1n,
    })

    const subject = await loadOne('rich')
    expect(subject).toMatchObject({
      enabled: false,
      blockedAt: after(-5),
      blockReason: 'unpaid, "twice"',
      expiresAt: after(0.123),
      graceUntil: after(60),
      archivedAt: after(-1),
      autoRenew: true,
      sessionLimit: 3,
      deviceLimit: 2,
      binding: { interface: 'vlan7', port: '1/2', sVlan: 100, cVlan: 7, nasGroupId: group },
      attributes: ['Mikrotik-Mark-Id = x'],
      credential: { kind: 'nt-hash', secret: Buffer.from('00ff5c', 'hex') },
      devices: [
        { mac: macA, bound: false },
        { mac: macB, bound: true },
      ],
      addresses: [
        { kind: 'framed-ip', prefix: '192.0.2.7' },
        { kind: 'delegated-ipv6-prefix', prefix: '2001:db8:100::/56' },
      ],
      routes: ['198.51.100.0/24 0.0.0.0 1', '192.0.2.0/29 "x" 1'],
      used: { down: 1n, up: 2n ** 53n },
    })
    expect(subject.plan).toMatchObject({
      burst_down_bps: 100_000_000,
      burst_threshold_down_bps: null,
      burst_seconds: 8,
      quota_octets: '9007199254740993',
      on_quota: 'garden',
      attributes: ['Filter-Id = "a \\"b\\""'],
    })
    // In another address space it has another address.
    const elsewhere = await loadOne('rich', { addressSpaceId: space })
    expect(elsewhere.addresses).toEqual([{ kind: 'framed-ip', prefix: '192.0.2.7' }])
  })

  it('finds an archived subscriber while the username is reserved, and nobody afterwards', async () => {
    const id = await insertSubscriber(database.pool, { username: 'gone', plan_id: planId, archived_at: noon })
    expect((await loadOne('gone')).archivedAt).toEqual(noon)
    await database.pool.query('update subscriber set username_reserved = false where id = $1', [id])
    expect(await load(key('gone'))).toEqual([undefined])
  })

  it('sees a change at once: nothing is cached', async () => {
    const plan = await insertPlan(database.pool)
    const id = await insertSubscriber(database.pool, { username: 'changes', plan_id: plan })
    expect((await loadOne('changes')).plan.down_bps).toBe(50_000_000)
    await database.pool.query('update plan set down_bps = 1000 where id = $1', [plan])
    await database.pool.query('update subscriber set blocked_at = $2 where id = $1', [id, noon])
    expect(await loadOne('changes')).toMatchObject({ blockedAt: noon, plan: { down_bps: 1000 } })
  })

  it('counts usage of the current period only, 0 where there is none yet', async () => {
    const plan = await insertPlan(database.pool, { quota_octets: 100 })
    const id = await insertSubscriber(database.pool, { username: 'quota', plan_id: plan })
    const usage = { subscriber_id: id, input_octets: 60, output_octets: 30 }
    await insertRow(database.pool, 'usage_period', { ...usage, period_started_at: after(-999_999) })
    expect((await loadOne('quota')).used).toEqual({ down: 0n, up: 0n })
    await insertRow(database.pool, 'usage_period', { ...usage, period_started_at: after(-86_400) })
    expect((await loadOne('quota')).used).toEqual({ down: 30n, up: 60n })
  })

  it('counts usage of the day where the plan does, of plans with several windows in one batch', async () => {
    const daily = await insertPlan(database.pool, { quota_down_octets: 100, quota_period: 'day' })
    const monthly = await insertPlan(database.pool, {
      fup_steps: '[{"after_octets":"5","down_bps":1,"up_bps":1}]',
      quota_period: 'month',
    })
    const ids = await Promise.all(
      [
        ['daily', daily],
        ['monthly', monthly],
        ['unlimited', planId],
      ].map(([username, plan]) =>
        insertSubscriber(database.pool, { username: String(username), plan_id: BigInt(plan!) }),
      ),
    )
    for (const id of ids) {
      const usage = { subscriber_id: id, input_octets: 1, output_octets: 10 }
      await insertRow(database.pool, 'usage_hour', { ...usage, hour: after(-3_600) })
      await insertRow(database.pool, 'usage_hour', { ...usage, hour: after(-86_400) })
      await insertRow(database.pool, 'usage_period', { ...usage, period_started_at: after(-86_400) })
    }
    const subjects = await load(key('daily'), key('nobody'), key('unlimited'), key('monthly'))
    expect(subjects.map((subject) => subject?.used)).toEqual([
      { down: 10n, up: 1n },
      undefined,
      undefined,
      { down: 20n, up: 2n },
    ])
  })

  it('has the pools of NAS groups and the slower plan, and sees a change of either at once', async () => {
    const slower = await insertPlan(database.pool, { down_bps: 1_000 })
    const plan = await insertPlan(database.pool, { quota_octets: 1, on_quota: 'slower', quota_plan_id: slower })
    await insertSubscriber(database.pool, { username: 'pooled', plan_id: plan })
    expect((await loadOne('pooled')).plan).toMatchObject({ group_pools: [], slower: { down_bps: 1_000 } })
    await insertRow(database.pool, 'plan_pool', { plan_id: plan, nas_group_id: 1, pool: 'north' })
    await database.pool.query('update plan set down_bps = 2000 where id = $1', [slower])
    const pools = { nas_group_id: 1, ipv6_pool: null, delegated_ipv6_pool: null }
    expect((await loadOne('pooled')).plan).toMatchObject({
      group_pools: [{ ...pools, pool: 'north' }],
      slower: { down_bps: 2_000 },
    })
    await database.pool.query(`update plan_pool set pool = 'south' where plan_id = $1`, [plan])
    expect((await loadOne('pooled')).plan.group_pools).toEqual([{ ...pools, pool: 'south' }])
    await database.pool.query('delete from plan_pool where plan_id = $1', [plan])
    expect((await loadOne('pooled')).plan.group_pools).toEqual([])
  })

  describe('other live lines', () => {
    let id: bigint
    let count = 0
    let username: string

    beforeEach(async () => {
      username = `lines${count++}`
      const plan = await insertPlan(database.pool, { session_limit: 5 })
      id = await insertSubscriber(database.pool, { username, plan_id: plan })
    })
    const session = (row: Record<string, unknown> = {}) =>
      insertSession(database.pool, { subscriber_id: id, line: lineB, ...row })
    const claim = (row: Record<string, unknown> = {}) =>
      insertRow(database.pool, 'session_claim', {
        subscriber_id: id,
        slot: 1,
        line: lineB,
        nas_group_id: 1,
        class_id: 1,
        claimed_at: after(-10),
        ...row,
      })
    const others = async (changes: Partial<AccessKey> = {}) => (await loadOne(username, changes)).otherLines

    it('are those of open sessions with a fresh sign of life', async () => {
      expect(await others()).toBe(0)
      await session()
      expect(await others()).toBe(1)
      await session({ line: 'mac:00:00:00:00:00:0c', ended_at: after(-1), ended_by: 'stop' })
      await session({ line: 'mac:00:00:00:00:00:0d', updated_at: after(-900) })
      await session({ line: 'mac:00:00:00:00:00:0e', updated_at: after(-599), interim_interval_s: 200 })
      expect(await others()).toBe(2)
    })

    it('are counted by line, not by session: legs and child sessions are not more lines', async () => {
      const parent = await session()
      await session({ leg: 'v6' })
      await session({ parent_id: parent, line: 'service', service: 'internet' })
      expect(await others()).toBe(1)
    })

    it('are not the line that asks, inside its NAS group', async () => {
      await session()
      expect(await others({ line: lineB })).toBe(0)
      expect(await others({ line: lineB, nasGroupId: 2n })).toBe(1)
      expect(await others({ line: undefined })).toBe(1)
    })

    it('are logins too whose Start has not come, for a minute', async () => {
      await claim()
      expect(await others()).toBe(1)
      expect(await others({ line: lineB })).toBe(0)
      await claim({ slot: 2, line: 'mac:00:00:00:00:00:0c', claimed_at: after(-60) })
      expect(await others()).toBe(1)
    })

    it('count once for a login and its session, also where the line has no name', async () => {
      await claim()
      await session()
      await claim({ slot: 2, line: 'class:77', class_id: 77 })
      await session({ line: null, class_id: 77 })
      expect(await others()).toBe(2)
      await session({ line: null })
      expect(await others()).toBe(3)
    })

    it('are not counted where no limit applies', async () => {
      await session()
      await database.pool.query('update plan set session_limit = null')
      expect(await others()).toBe(0)
      await database.pool.query('update subscriber set session_limit = 1 where id = $1', [id])
      expect(await others()).toBe(1)
    })
  })
})
