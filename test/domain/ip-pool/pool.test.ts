import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely } from '../../../src/db/pool.ts'
import type { Database, Db } from '../../../src/db/schema.ts'
import { ConflictError, FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { listLeases, releaseLease } from '../../../src/domain/ip-pool/addresses.ts'
import { claimLeases } from '../../../src/domain/ip-pool/lease-claim.ts'
import { sweepLeases } from '../../../src/domain/ip-pool/lease-sweep.ts'
import { loadIpPools, poolNamed } from '../../../src/domain/ip-pool/live.ts'
import { addIpPool, changeIpPool, removeIpPool } from '../../../src/domain/ip-pool/pool.ts'
import type { NewIpPool } from '../../../src/domain/ip-pool/pool.ts'
import { listIpPools, showIpPool } from '../../../src/domain/ip-pool/usage.ts'
import { addNasGroup, removeNasGroup } from '../../../src/domain/nas-group.ts'
import { registryChanges } from '../../../src/domain/nas-registry.ts'
import { everything } from '../../../src/domain/scope.ts'
import { defaultSettings } from '../../../src/domain/setting.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, noon } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'
import { leaseRows } from '../../support/ip-pools.ts'

const database = useDatabase()
let db: Db
const people: bigint[] = []
let net = 0
let name: string
let classes = 0n

beforeAll(async () => {
  db = createKysely<Database>(database.pool)
  const planId = await insertPlan(database.pool)
  for (let i = 0; i < 24; i++) {
    people.push(await insertSubscriber(database.pool, { username: `pooled${i}`, plan_id: planId }))
  }
})
beforeEach(() => {
  net += 1
  name = `home ${net}`
})

const add = async (input: Partial<NewIpPool> = {}, now = noon): Promise<bigint> =>
  (await addIpPool(db, { name, kind: 'ipv4', learns: false, ranges: [`10.${net}.0.0/28`], ...input }, now)).id
const address = (host: number) => `10.${net}.0.${host}`
const claim = async (poolId: bigint, person: number, now = noon): Promise<string> => {
  const line = { subscriberId: people[person]!, line: `mac:${person}`, nasGroupId: 1n, classId: (classes += 1n) }
  return (await claimLeases(database.pool, [{ poolId, sticky: true, ...line }], now))[0]!
}
const session = (person: number, framedIp: string, row: Record<string, unknown> = {}) =>
  insertSession(database.pool, { subscriber_id: people[person]!, line: `mac:${person}`, framed_ip: framedIp, ...row })
const end = (id: bigint, at: Date) =>
  database.pool.query(`update session set ended_at = $2, ended_by = 'stop' where id = $1`, [id, at])
const sweep = (now: Date, quietS = 60) => sweepLeases(db, { quietS }, now)
const countsOf = async (id: bigint, now = noon) => {
  const { total, used, held, static: fixed, free } = await showIpPool(db, id, now)
  return { total, used, held, static: fixed, free }
}

describe('a pool', () => {
  it('has a row for each of its addresses, without those that are left out', async () => {
    const id = await add({ excluded: [address(0), address(1), address(15)] })
    expect((await leaseRows(database.pool, id)).map((row) => row.address)).toEqual(
      Array.from({ length: 13 }, (_, i) => address(i + 2)),
    )
    expect(await showIpPool(db, id, noon)).toMatchObject({
      ranges: [`10.${net}.0.0/28`],
      excluded: [address(0), address(1), address(15)],
      addressSpace: 'default',
      nasGroup: null,
      prefixLength: 32,
      onExhausted: 'reject',
      sticky: true,
      learns: false,
      learnUntil: null,
    })
  })

  it('of 65,536 addresses is made in one go', async () => {
    const id = await add({ ranges: [`100.${64 + net}.0.0/16`] })
    expect(await countsOf(id)).toEqual({ total: 65_536, used: 0, held: 0, static: 0, free: 65_536 })
    await removeIpPool(db, id, noon)
  })

  it('of prefixes has a row for each of them, of the length that is handed out', async () => {
    const id = await add({ kind: 'delegated-ipv6-prefix', prefixLength: 60, ranges: [`2001:db8:${net}::/58`] })
    expect((await leaseRows(database.pool, id)).map((row) => row.address)).toEqual(
      ['::', ':10::', ':20::', ':30::'].map((rest) => `2001:db8:${net}${rest}/60`),
    )
  })

  it('is refused where the name, the kind, a length, a place or an address cannot be', async () => {
    await add()
    await expect(add({ ranges: [`10.${net}.1.0/28`] })).rejects.toThrow(ConflictError)
    await expect(add({ name: 'other' })).rejects.toThrow('ranges: another pool of the address space has some of these')
    await expect(add({ name: 'other', ranges: [address(3)] })).rejects.toThrow(ConflictError)
    await expect(add({ name: 'other', kind: 'ipv5' })).rejects.toThrow(FieldError)
    await expect(add({ name: 'other', kind: 'ipv6-prefix', prefixLength: 65 })).rejects.toThrow(/prefix-length/)
    await expect(add({ name: 'other', prefixLength: 24 })).rejects.toThrow(/prefix-length/)
    await expect(add({ name: 'other', onExhausted: 'panic' })).rejects.toThrow(/on-exhausted/)
    await expect(add({ name: 'other', nasGroup: 'nowhere' })).rejects.toThrow(NotFoundError)
    await expect(add({ name: 'other', addressSpace: 'nowhere' })).rejects.toThrow(NotFoundError)
    await expect(add({ name: 'other', nasGroup: 'default', addressSpace: 'south' })).rejects.toThrow(/address-space/)
    await expect(add({ name: ' ' })).rejects.toThrow(/name/)
    expect((await listIpPools(db, noon)).filter((pool) => pool.name === name)).toHaveLength(1)
  })

  it('of another address space may have the same addresses, and one of a group the same name', async () => {
    await add()
    await addNasGroup(db, { name: `group ${net}`, addressSpace: `space ${net}` }, noon)
    await add({ addressSpace: `space ${net}` })
    await add({ nasGroup: `group ${net}`, ranges: [`10.${net}.9.0/28`] })
    await expect(removeNasGroup(db, `group ${net}`)).rejects.toThrow(/in use by 1 pools/)
  })

  it('knows at once what is static and what sessions have', async () => {
    await insertRow(database.pool, 'subscriber_address', {
      subscriber_id: people[9],
      address_space_id: 1,
      kind: 'framed-ip',
      prefix: address(4),
    })
    await session(0, address(5))
    const id = await add()
    expect(await countsOf(id)).toEqual({ total: 16, used: 1, held: 0, static: 1, free: 14 })
    // Whose it is was learnt, so that a redial gets it again.
    expect(await claim(id, 0)).toBe(address(5))
  })
})

describe('a change', () => {
  it('adds addresses, takes unused ones away, and leaves the others as they are', async () => {
    const id = await add()
    const first = await claim(id, 0)
    expect(first).toBe(address(0))
    await changeIpPool(db, { id, ranges: [`10.${net}.0.0/29`, `10.${net}.1.0/30`], excluded: [address(7)] }, noon)
    const rows = await leaseRows(database.pool, id)
    expect(rows).toHaveLength(11)
    expect(rows[0]).toMatchObject({ address: address(0), subscriber_id: people[0], until: 60 })
    await expect(changeIpPool(db, { id, ranges: [`10.${net}.1.0/30`] }, noon)).rejects.toThrow(
      'ranges: 1 addresses that would go are in use',
    )
    await expect(changeIpPool(db, { id, excluded: [address(0)] }, noon)).rejects.toThrow(ConflictError)
    expect(await leaseRows(database.pool, id)).toHaveLength(11)
    await changeIpPool(db, { id, ranges: [`10.${net}.1.0/30`] }, after(120))
    expect(await leaseRows(database.pool, id)).toHaveLength(4)
  })

  it('knows at once what sessions and subscribers have of what it adds', async () => {
    const id = await add()
    const fixed = { subscriber_id: people[9], address_space_id: 1, kind: 'framed-ip', prefix: `10.${net}.1.1` }
    await insertRow(database.pool, 'subscriber_address', fixed)
    await session(0, `10.${net}.1.2`)
    await changeIpPool(db, { id, ranges: [`10.${net}.0.0/28`, `10.${net}.1.0/30`] }, noon)
    expect(await countsOf(id)).toEqual({ total: 20, used: 1, held: 0, static: 1, free: 18 })
    await expect(changeIpPool(db, { id, ranges: [`10.${net}.0.0/28`] }, noon)).rejects.toThrow(
      '1 addresses that would go',
    )
  })

  it('of its other fields is what the packet path reads next', async () => {
    const { position } = await registryChanges(database.pool, '0')
    const id = await add()
    expect((await registryChanges(database.pool, position)).changed).toBe(true)
    await changeIpPool(db, { id, name: `${name} new`, sticky: false, onExhausted: 'nas-pool' }, noon)
    const pools = await loadIpPools(database.pool, defaultSettings, noon)
    const place = { addressSpaceId: 1n, nasGroupId: 1n, nasId: 1n }
    expect(poolNamed(pools, place, { kind: 'ipv4', name }, noon)).toBeUndefined()
    expect(poolNamed(pools, place, { kind: 'ipv6-prefix', name: `${name} new` }, noon)).toBeUndefined()
    expect(poolNamed(pools, place, { kind: 'ipv4', name: `${name} new` }, noon)).toMatchObject({
      id,
      sticky: false,
      onExhausted: 'nas-pool',
    })
    expect(
      poolNamed(pools, { ...place, addressSpaceId: 99n }, { kind: 'ipv4', name: `${name} new` }, noon),
    ).toBeUndefined()
    await expect(changeIpPool(db, { id: 99_999n, sticky: true }, noon)).rejects.toThrow(NotFoundError)
  })

  it('F75: a pool whose addresses are in use is not removed', async () => {
    const id = await add()
    const first = await claim(id, 0)
    await expect(removeIpPool(db, id, noon)).rejects.toThrow('id: 1 of its addresses are in use')
    const open = await session(0, first)
    await expect(removeIpPool(db, id, after(90))).rejects.toThrow(ConflictError)
    await end(open, after(100))
    await removeIpPool(db, id, after(161))
    expect(await leaseRows(database.pool, id)).toEqual([])
    await expect(removeIpPool(db, id, noon)).rejects.toThrow(NotFoundError)
  })
})

describe('a pool of a group', () => {
  it('goes before that of the space', async () => {
    const { id: groupId } = await addNasGroup(db, { name: `group ${net}` }, noon)
    const [ofSpace, ofGroup] = [await add(), await add({ nasGroup: `group ${net}`, ranges: [`10.${net}.9.0/28`] })]
    const pools = await loadIpPools(database.pool, defaultSettings, noon)
    const found = (nasGroupId: bigint) =>
      poolNamed(pools, { addressSpaceId: 1n, nasGroupId, nasId: 1n }, { kind: 'ipv4', name }, noon)?.id
    expect([found(1n), found(groupId)]).toEqual([ofSpace, ofGroup])
  })
})

describe('learning', () => {
  const place = { addressSpaceId: 1n, nasGroupId: 1n, nasId: 0n }
  const namedAt = async (now: Date, nasId = 0n) =>
    poolNamed(await loadIpPools(database.pool, defaultSettings, now), { ...place, nasId }, { kind: 'ipv4', name }, now)

  it('lasts until a whole interim has passed: of the NASes, the plans, the settings, with its jitter', async () => {
    const id = await add({ learns: true })
    const { learnUntil } = await showIpPool(db, id, noon)
    expect(learnUntil).toEqual(after(330))
    expect(await namedAt(after(329))).toBeUndefined()
    expect(await namedAt(after(330))).toMatchObject({ id })
    await insertPlan(database.pool, { name: `slow ${net}`, interim_interval_s: 600 })
    await changeIpPool(db, { id, learns: true }, noon)
    expect((await showIpPool(db, id, noon)).learnUntil).toEqual(after(660))
    await changeIpPool(db, { id, learns: false }, noon)
    expect(await namedAt(noon)).toMatchObject({ id })
    await database.pool.query('update plan set archived_at = now() where name = $1', [`slow ${net}`])
  })

  it('holds for a NAS that was just added, and for the others it hands out', async () => {
    const id = await add({ learns: true }, after(-7_200))
    const clientId = await insertRow(database.pool, 'radius_client', {
      name: `client ${net}`,
      prefix: `192.0.2.${net}/32`,
      nas_group_id: 1,
    })
    const nasId = await insertRow(database.pool, 'nas', {
      client_id: clientId,
      name: `nas ${net}`,
      nas_group_id: 1,
      created_at: noon,
      settings: { interim_interval_s: 1_000 },
    })
    expect(await namedAt(after(10))).toMatchObject({ id })
    expect(await namedAt(after(1_099), nasId)).toBeUndefined()
    expect(await namedAt(after(1_100), nasId)).toMatchObject({ id })
  })
})

describe('addresses one by one', () => {
  it('are shown by pages, with who has or had each', async () => {
    const id = await add()
    await claim(id, 3)
    await session(4, address(2))
    await sweep(noon)
    const page = await listLeases(db, { poolId: id, limit: 2 }, everything, noon)
    expect(page).toEqual([
      {
        address: address(0),
        state: 'held',
        subscriberId: people[3],
        username: 'pooled3',
        line: 'mac:3',
        claimedAt: noon,
        until: after(60),
      },
      expect.objectContaining({ address: address(1), state: 'free', subscriberId: null, until: null }),
    ])
    // Of persons that the scope does not reach nothing is told.
    const [of] = await listLeases(db, { poolId: id, limit: 1 }, { ...everything, ownerId: 77n }, noon)
    expect(of).toMatchObject({ address: address(0), state: 'held', subscriberId: null, username: null, line: null })
    const next = await listLeases(db, { poolId: id, after: address(1), limit: 1 }, everything, noon)
    expect(next).toMatchObject([{ address: address(2), state: 'used', username: 'pooled4' }])
    expect(await listLeases(db, { poolId: id, state: 'free', limit: 100 }, everything, noon)).toHaveLength(14)
    expect(await listLeases(db, { poolId: id, state: 'free', limit: 100 }, everything, after(60))).toHaveLength(15)
    await expect(listLeases(db, { poolId: 99_999n, limit: 1 }, everything, noon)).rejects.toThrow(NotFoundError)
  })

  it('are freed by hand, but not under a session or a static address', async () => {
    const id = await add()
    await claim(id, 3)
    expect(await releaseLease(db, { poolId: id, address: address(0) }, noon)).toEqual({
      address: `${address(0)}/32`,
      subscriberId: people[3],
    })
    expect((await leaseRows(database.pool, id))[0]).toMatchObject({ subscriber_id: null, until: 0 })
    await session(4, address(2))
    await expect(releaseLease(db, { poolId: id, address: address(2) }, noon)).rejects.toThrow(/a session has it/)
    await insertRow(database.pool, 'subscriber_address', {
      subscriber_id: people[9],
      address_space_id: 1,
      kind: 'framed-ip',
      prefix: address(5),
    })
    await sweep(noon)
    await expect(releaseLease(db, { poolId: id, address: address(5) }, noon)).rejects.toThrow(/static/)
    await expect(releaseLease(db, { poolId: id, address: '192.0.2.1' }, noon)).rejects.toThrow(NotFoundError)
  })
})
