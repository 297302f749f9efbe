import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely } from '../../../src/db/pool.ts'
import type { Database, Db } from '../../../src/db/schema.ts'
import { listAlarms } from '../../../src/domain/alarm.ts'
import { orderSessions } from '../../../src/domain/enforcement/order-sessions.ts'
import { endAddressConflicts } from '../../../src/domain/ip-pool/conflict.ts'
import { claimLeases } from '../../../src/domain/ip-pool/lease-claim.ts'
import { sweepLeases } from '../../../src/domain/ip-pool/lease-sweep.ts'
import { addIpPool, removeIpPool } from '../../../src/domain/ip-pool/pool.ts'
import type { NewIpPool } from '../../../src/domain/ip-pool/pool.ts'
import { showIpPool, watchIpPools } from '../../../src/domain/ip-pool/usage.ts'
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

describe('the sweep', () => {
  it('keeps what a session has, and frees it a quiet time after its end', async () => {
    const id = await add()
    const given = await claim(id, 0)
    const open = await session(0, given)
    expect(await sweep(after(30))).toMatchObject({ used: 1, released: 0 })
    expect(await sweep(after(40))).toEqual({ static: 0, used: 0, released: 0 })
    expect(await countsOf(id, after(40))).toMatchObject({ used: 1, free: 15 })
    await end(open, after(500))
    expect(await sweep(after(510))).toMatchObject({ released: 1 })
    expect((await leaseRows(database.pool, id))[0]).toMatchObject({ until: 560, subscriber_id: people[0] })
    expect(await countsOf(id, after(510))).toMatchObject({ used: 0, held: 1 })
    expect(await countsOf(id, after(560))).toMatchObject({ used: 0, held: 0, free: 16 })
  })

  it('leaves the hold of a redial whose Start is not here, although its old session has ended', async () => {
    const id = await add()
    const open = await session(0, await claim(id, 0))
    await sweep(after(10))
    await claim(id, 0, after(300))
    await end(open, after(301))
    await sweep(after(310), 0)
    expect((await leaseRows(database.pool, id))[0]).toMatchObject({ until: 360 })
  })

  it('knows by its Class the session that has not told its address', async () => {
    const id = await add({ kind: 'delegated-ipv6-prefix', ranges: [`2001:db8:${net}::/55`] })
    await claim(id, 0)
    const open = await session(0, '192.0.2.200', { class_id: classes })
    await sweep(after(50))
    expect((await leaseRows(database.pool, id))[0]).toMatchObject({ until: Infinity })
    await end(open, after(100))
    await sweep(after(110))
    expect((await leaseRows(database.pool, id))[0]!.until).toBeLessThan(Infinity)
  })

  it('keeps a prefix of IPv6 while a session has a longer one in it', async () => {
    const id = await add({ kind: 'delegated-ipv6-prefix', ranges: [`2001:db8:${net}::/55`] })
    const open = await session(0, '192.0.2.201', { delegated_ipv6_prefix: `2001:db8:${net}:42::/64` })
    expect(await sweep(noon)).toMatchObject({ used: 1 })
    expect((await leaseRows(database.pool, id))[0]).toMatchObject({ until: Infinity, subscriber_id: people[0] })
    await end(open, after(100))
    expect(await sweep(after(110))).toMatchObject({ released: 1 })
    expect((await leaseRows(database.pool, id))[0]).toMatchObject({ until: 160 })
  })

  it('says nothing of a service, which is no session', async () => {
    const id = await add()
    await session(0, address(3), { service: 'video' })
    await sweep(noon)
    expect(await countsOf(id)).toMatchObject({ used: 0 })
  })
})

describe('the alarms', () => {
  const ofPool = async () =>
    (await listAlarms(database.pool))
      .filter(({ subject }) => subject.startsWith(`${name} `))
      .map(({ kind }) => kind)
      .toSorted()
  const watch = (now: Date) => watchIpPools({ pool: database.pool, db }, now)

  it('F55: stand from 80 and 95 percent on, and go below 75 and 90', async () => {
    const id = await add({ ranges: [`10.${net}.0.1-10.${net}.0.20`] })
    const open: bigint[] = []
    const fill = async (count: number) => {
      while (open.length < count) open.push(await session(open.length, address(open.length + 1)))
      while (open.length > count) await end(open.pop()!, after(-100))
      await sweep(noon)
      await watch(noon)
      return ofPool()
    }
    expect(await fill(15)).toEqual([])
    expect(await fill(16)).toEqual(['pool-filling'])
    expect(await fill(18)).toEqual(['pool-filling'])
    expect(await fill(19)).toEqual(['pool-filling', 'pool-nearly-exhausted'])
    expect(await fill(18)).toEqual(['pool-filling', 'pool-nearly-exhausted'])
    expect(await fill(17)).toEqual(['pool-filling'])
    expect(await fill(15)).toEqual(['pool-filling'])
    expect(await fill(14)).toEqual([])
    expect(await fill(20)).toEqual(['pool-filling', 'pool-nearly-exhausted'])
    await fill(0)
    await removeIpPool(db, id, after(120))
  })

  it('say what follows, and go with their pool', async () => {
    const id = await add({ ranges: [address(1)], onExhausted: 'nas-pool' })
    await claim(id, 0)
    await watch(noon)
    const alarm = (await listAlarms(database.pool)).find(({ subject }) => subject.startsWith(`${name} `))
    expect(alarm?.text).toContain('100 % of 1 addresses are taken, 0 are free; when none is left the pool of the NAS')
    await removeIpPool(db, id, after(120))
    await watch(after(120))
    expect(await ofPool()).toEqual([])
  })
})

describe('I9: an address that two have', () => {
  const orders = async (id: bigint) =>
    (
      await database.pool.query<{ wish: string; reason: string }>(
        'select wish, reason from coa_order where session_id = $1',
        [id],
      )
    ).rows
  const check = (now: Date) => endAddressConflicts({ pool: database.pool, db }, now)

  it('stays with the owner of its lease; the other is ordered off once, and a person is told', async () => {
    const id = await add()
    const given = await claim(id, 0)
    const [owner, intruder] = [await session(0, given), await session(1, given, { started_at: noon, nas_id: 2 })]
    expect(await check(noon)).toBe(1)
    expect(await check(after(60))).toBe(1)
    expect(await orders(owner)).toEqual([])
    expect(await orders(intruder)).toEqual([{ wish: 'disconnect', reason: 'address-conflict' }])
    const alarms = await listAlarms(database.pool)
    expect(alarms).toMatchObject([{ kind: 'address-conflict', subject: `${given} (space default)` }])
    await end(intruder, after(70))
    expect(await check(after(120))).toBe(0)
    expect(await listAlarms(database.pool)).toEqual([])
    await end(owner, after(130))
  })

  it('stays with the subscriber whose static address it is', async () => {
    await add()
    await insertRow(database.pool, 'subscriber_address', {
      subscriber_id: people[9],
      address_space_id: 1,
      kind: 'framed-ip',
      prefix: address(4),
    })
    const [owner, intruder] = [
      await session(9, address(4)),
      await session(1, address(4), { started_at: noon, nas_id: 2 }),
    ]
    await check(noon)
    expect([await orders(owner), await orders(intruder)].map((found) => found.length)).toEqual([0, 1])
    await end(owner, noon)
    await end(intruder, noon)
  })

  it('is none where it is one subscriber, another space, or no pool of ours', async () => {
    await add()
    const open = [
      await session(0, address(1)),
      await session(0, address(1), { nas_id: 2 }),
      await session(1, address(1), { address_space_id: 77, nas_id: 3 }),
      await session(2, `10.${net}.200.1`),
      await session(3, `10.${net}.200.1`, { nas_id: 2 }),
    ]
    expect(await check(noon)).toBe(0)
    for (const one of open) await end(one, noon)
  })

  it('on one NAS is the newest session’s: the older is dead, and nobody is cut for it', async () => {
    const id = await add()
    const given = await claim(id, 0)
    const open = [await session(0, given), await session(1, given, { started_at: noon })]
    expect(await check(noon)).toBe(0)
    // Of another NAS the living one is judged.
    open.push(await session(2, given, { nas_id: 2, started_at: after(-60) }))
    expect(await check(after(60))).toBe(1)
    expect((await Promise.all(open.map(orders))).map((found) => found.length)).toEqual([0, 0, 1])
    for (const one of open) await end(one, after(70))
  })

  it('is nothing to act upon while its pool learns', async () => {
    await add({ learns: true })
    const open = [await session(0, address(1)), await session(1, address(1), { nas_id: 2 })]
    expect(await check(noon)).toBe(0)
    expect(await check(after(600))).toBe(1)
    for (const one of open) await end(one, after(610))
  })

  it('is judged between two of nobody, and nobody gives way to a subscriber', async () => {
    const id = await add()
    const strangers = [null, null].map((subscriber_id, n) =>
      session(0, address(1), { subscriber_id, nas_id: n + 1, started_at: after(-100 + n) }),
    )
    const [older, newer] = await Promise.all(strangers)
    expect(await check(noon)).toBe(1)
    expect([await orders(older!), await orders(newer!)].map((found) => found.length)).toEqual([1, 0])
    const owned = await claim(id, 0)
    const [mine, theirs] = [
      await session(0, owned, { nas_id: 1 }),
      await session(0, owned, { subscriber_id: null, nas_id: 2, started_at: noon }),
    ]
    await check(after(10))
    expect([await orders(mine), await orders(theirs)].map((found) => found.length)).toEqual([0, 1])
    for (const one of [older!, newer!, mine, theirs]) await end(one, after(20))
  })

  it('replaces an older wish for the session that has to go', async () => {
    const id = await add()
    const given = await claim(id, 0)
    const [owner, intruder] = [await session(0, given), await session(1, given, { started_at: noon, nas_id: 2 })]
    const [wish] = await orderSessionsOf(intruder)
    await check(after(1))
    const { rows } = await database.pool.query('select state from coa_order where id = $1', [wish])
    expect(rows).toEqual([{ state: 'replaced' }])
    for (const one of [owner, intruder]) await end(one, after(20))
  })

  it('is one prefix of a pool where two lie in it', async () => {
    await add({ kind: 'delegated-ipv6-prefix', ranges: [`2001:db8:${net}::/55`] })
    const of = (person: number, host: string, nas: number) =>
      session(person, `192.0.2.${person}`, { delegated_ipv6_prefix: `2001:db8:${net}:${host}::/64`, nas_id: nas })
    const open = [await of(0, '1', 1), await of(1, '2', 2), await of(2, '101', 3)]
    expect(await check(noon)).toBe(1)
    expect((await listAlarms(database.pool)).map(({ subject }) => subject)).toEqual([
      `2001:db8:${net}::/56 (space default)`,
    ])
    for (const one of open) await end(one, after(20))
  })
})

/** A wish for a session that waits. */
async function orderSessionsOf(id: bigint): Promise<bigint[]> {
  await orderSessions(db, [{ sessionId: id, wish: 'reapply', reason: 'plan' }], noon)
  const { rows } = await database.pool.query<{ id: bigint }>('select id from coa_order where session_id = $1', [id])
  return rows.map((row) => row.id)
}
