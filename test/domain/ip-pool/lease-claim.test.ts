import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely, createPool } from '../../../src/db/pool.ts'
import type { Pool } from '../../../src/db/pool.ts'
import type { Database } from '../../../src/db/schema.ts'
import { claimLeases } from '../../../src/domain/ip-pool/lease-claim.ts'
import type { LeaseWish } from '../../../src/domain/ip-pool/lease-claim.ts'
import { sweepLeases } from '../../../src/domain/ip-pool/lease-sweep.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, noon } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'
import { leaseRows, makePool } from '../../support/ip-pools.ts'

const database = useDatabase()
/** Two instances of the service. */
let pools: Pool[] = []
let planId: bigint
let made = 0
let poolId: bigint
/** The second octet: each test has a range of its own. */
let net = 0
let people: bigint[] = []

beforeAll(async () => {
  pools = ['one', 'two'].map((name) =>
    createPool(database.url, { name, max: 2, synchronousCommit: 'off', hotPath: true }),
  )
  planId = await insertPlan(database.pool)
  for (let i = 0; i < 60; i++) {
    people.push(await insertSubscriber(database.pool, { username: `leases${i}`, plan_id: planId }))
  }
})
afterAll(() => Promise.all(pools.map((pool) => pool.end())))
beforeEach(async () => {
  net += 1
  poolId = await makePool(database.pool, { name: `pool ${net}`, ranges: [`10.${net}.0.1-10.${net}.0.4`] })
})

const address = (host: number) => `10.${net}.0.${host}`
const wish = (person: number, changes: Partial<LeaseWish> = {}): LeaseWish => ({
  poolId,
  sticky: true,
  subscriberId: people[person]!,
  line: `mac:02:00:00:00:00:${person.toString(16).padStart(2, '0')}`,
  nasGroupId: 1n,
  classId: BigInt((made += 1)),
  ...changes,
})

async function claim(given: LeaseWish, now = noon): Promise<string | undefined> {
  return (await claimLeases(pools[0]!, [given], now))[0]
}

/** The session of a login that was given an address. */
async function start(given: LeaseWish, framedIp: string | null, row: Record<string, unknown> = {}): Promise<bigint> {
  const { subscriberId, line, nasGroupId, classId } = given
  return insertSession(database.pool, {
    subscriber_id: subscriberId,
    line: line ?? null,
    nas_group_id: nasGroupId,
    class_id: classId,
    framed_ip: framedIp,
    ...row,
  })
}

async function stop(sessionId: bigint, at: Date): Promise<void> {
  await database.pool.query(`update session set ended_at = $2, ended_by = 'stop' where id = $1`, [sessionId, at])
}

const sweep = (now: Date, quietS = 60) =>
  sweepLeases(createKysely<Database>(database.pool), { poolIds: [poolId], quietS }, now)

describe('an address', () => {
  it('is given to each login once, until there is none left', async () => {
    const given = []
    for (const person of [0, 1, 2, 3, 4]) given.push(await claim(wish(person)))
    expect(given).toEqual([...[1, 2, 3, 4].map(address), undefined])
  })

  it('is given to all of a batch apart, in the order of the wishes; who comes too late gets none', async () => {
    const wishes = [5, 4, 3, 2, 1, 0].map((person) => wish(person))
    const given = await claimLeases(pools[0]!, wishes, noon)
    expect(new Set(given.filter((one) => one !== undefined)).size).toBe(4)
    expect(given.filter((one) => one === undefined)).toHaveLength(2)
    const rows = await leaseRows(database.pool, poolId)
    for (const [at, found] of given.entries()) {
      if (found !== undefined) {
        expect(rows.find((row) => row.address === found)).toMatchObject({
          subscriber_id: wishes[at]!.subscriberId,
          class_id: wishes[at]!.classId,
          until: 60,
        })
      }
    }
  })

  it('is given again to a redial of the line, whether its session has begun or not', async () => {
    const first = await claim(wish(0))
    expect(await claim(wish(0), after(5))).toBe(first)
    const login = wish(0)
    await start(login, (await claim(login, after(6)))!)
    expect(await claim(wish(0), after(20))).toBe(first)
  })

  it('is not held by a line in another NAS group, nor by another line of the subscriber', async () => {
    const first = await claim(wish(0))
    expect(await claim(wish(0, { nasGroupId: 2n }))).not.toBe(first)
    expect(await claim(wish(0, { line: 'mac:02:00:00:00:00:ff' }))).not.toBe(first)
  })

  it('is held for a minute where no session begins', async () => {
    for (const person of [0, 1, 2, 3]) await claim(wish(person), after(person))
    expect(await claim(wish(4), after(59))).toBeUndefined()
    expect(await claim(wish(4), after(60))).toBe(address(1))
  })

  it('is not free while a session has it, although nobody has looked since', async () => {
    const logins = [0, 1, 2, 3].map((person) => wish(person))
    const given = await claimLeases(pools[0]!, logins, noon)
    for (const [at, login] of logins.entries()) await start(login, given[at]!)
    expect(await claim(wish(4), after(600))).toBeUndefined()
  })

  it('is not free while the session of its login has not told which it has', async () => {
    const logins = [0, 1, 2, 3].map((person) => wish(person))
    await claimLeases(pools[0]!, logins, noon)
    for (const login of logins) await start(login, null)
    expect(await claim(wish(4), after(600))).toBeUndefined()
    await sweep(after(600))
    expect(await claim(wish(4), after(600))).toBeUndefined()
  })

  it('that a renewal gave to a session which has another is not free before the session has told', async () => {
    const login = wish(0)
    const session = await start(login, '192.0.2.77')
    const given = (await claim(login, after(10)))!
    for (const person of [1, 2, 3]) {
      const taken = wish(person)
      await start(taken, (await claim(taken, after(10)))!)
    }
    expect(await claim(wish(4), after(600))).toBeUndefined()
    // It tells, and has the other one: this one is free.
    await database.pool.query('update session set event_at = $2 where id = $1', [session, after(610)])
    expect(await claim(wish(4), after(620))).toBe(given)
  })

  it('that a session has by other ways is not given to anybody', async () => {
    for (const host of [1, 2, 3]) {
      await insertSession(database.pool, { subscriber_id: people[40 + host]!, framed_ip: address(host) })
    }
    expect(await claim(wish(0))).toBe(address(4))
    expect(await claim(wish(1))).toBeUndefined()
  })

  it('that is static is given to nobody else, from the moment it is made', async () => {
    const fixed = { kind: 'framed-ip', address_space_id: 1 }
    await insertRow(database.pool, 'subscriber_address', { subscriber_id: people[9], prefix: address(2), ...fixed })
    const given = await claimLeases(
      pools[0]!,
      [0, 1, 2, 3].map((person) => wish(person)),
      noon,
    )
    expect(given.filter((one) => one !== undefined).toSorted()).toEqual([1, 3, 4].map(address))
    await sweep(noon)
    expect((await leaseRows(database.pool, poolId))[1]).toMatchObject({ is_static: true, until: Infinity })
    // Taken back from its subscriber, it is one of the pool again.
    await database.pool.query('delete from subscriber_address where prefix = $1', [address(2)])
    await sweep(after(1))
    expect(await claim(wish(3), after(1))).toBe(address(2))
  })

  it('that becomes static while somebody had it last does not go back to that one', async () => {
    const had = await claim(wish(0))
    const fixed = { kind: 'framed-ip', address_space_id: 1, prefix: had }
    await insertRow(database.pool, 'subscriber_address', { subscriber_id: people[9], ...fixed })
    expect(await claim(wish(0), after(120))).not.toBe(had)
  })
})

describe('stickiness', () => {
  /** Person n had address n + 1, and all are offline since. */
  async function allHadOne(): Promise<void> {
    for (const person of [0, 1, 2, 3]) {
      const login = wish(person)
      const session = await start(login, (await claim(login))!)
      await stop(session, after(100 + person))
    }
    await sweep(after(200))
  }

  it('brings the address back that the line had last, and takes what is longest free for another', async () => {
    await allHadOne()
    const had = (await leaseRows(database.pool, poolId)).find((row) => row.subscriber_id === people[2])!.address
    expect(await claim(wish(2), after(300))).toBe(had)
    const first = (await leaseRows(database.pool, poolId)).find((row) => row.subscriber_id === people[0])!.address
    expect(await claim(wish(7), after(300))).toBe(first)
    expect(await claim(wish(0), after(300))).not.toBe(first)
  })

  it('also for a new line of the same subscriber, but not while the old one is online', async () => {
    await allHadOne()
    const had = (await leaseRows(database.pool, poolId)).find((row) => row.subscriber_id === people[3])!.address
    const other = { line: 'mac:02:00:00:00:00:fe' }
    expect(await claim(wish(3, other), after(300))).toBe(had)
    await start(wish(3, other), had)
    expect(await claim(wish(3), after(301))).not.toBe(had)
  })

  it('is off where the pool says so: what is longest free comes first', async () => {
    await allHadOne()
    const loose = { sticky: false }
    const rows = await leaseRows(database.pool, poolId)
    const of = (person: number) => rows.find((row) => row.subscriber_id === people[person])!.address
    expect(await claim(wish(3, loose), after(300))).toBe(of(0))
    // What it holds at this moment it keeps all the same.
    expect(await claim(wish(3, loose), after(310))).toBe(of(0))
  })

  it('does not let a batch take for one login what another of it had last', async () => {
    await allHadOne()
    const rows = await leaseRows(database.pool, poolId)
    const of = (person: number) => rows.find((row) => row.subscriber_id === people[person])!.address
    const wishes = [wish(7), wish(0), wish(8), wish(1)]
    const given = await claimLeases(pools[0]!, wishes, after(300))
    expect([given[1], given[3]]).toEqual([of(0), of(1)])
    expect(new Set(given).size).toBe(4)
  })
})

describe('address spaces and kinds', () => {
  it('two spaces have the same addresses, each its own', async () => {
    await database.pool.query(`insert into address_space (name) values ('north ' || $1)`, [String(net)])
    const there = await makePool(database.pool, {
      name: `pool ${net}`,
      addressSpace: `north ${net}`,
      ranges: [`10.${net}.0.1`],
    })
    await database.pool.query('update ip_lease set leased_until = $2 where pool_id = $1 and address <> $3', [
      poolId,
      'infinity',
      address(1),
    ])
    const [here, other] = await claimLeases(pools[0]!, [wish(0), wish(1, { poolId: there })], noon)
    expect([here, other]).toEqual([address(1), address(1)])
    await start(wish(0), address(1))
    // A session of the one space says nothing about the other.
    expect(await claim(wish(1, { poolId: there }), after(30))).toBe(address(1))
  })

  it('prefixes of IPv6 are handed out whole, delegated ones by their own length', async () => {
    const links = await makePool(database.pool, {
      name: `links ${net}`,
      kind: 'ipv6-prefix',
      ranges: [`2001:db8:${net}::/63`],
    })
    const sites = await makePool(database.pool, {
      name: `sites ${net}`,
      kind: 'delegated-ipv6-prefix',
      ranges: [`2001:db9:${net}::/55`],
    })
    const login = wish(0)
    const both = (of: LeaseWish) => [
      { ...of, poolId: links },
      { ...of, poolId: sites },
    ]
    const given = await claimLeases(pools[0]!, both(login), noon)
    expect(given).toEqual([`2001:db8:${net}::/64`, `2001:db9:${net}::/56`])
    await start(login, null, { framed_ipv6_prefix: given[0], delegated_ipv6_prefix: given[1] })
    const next = await claimLeases(pools[0]!, both(wish(1)), after(600))
    expect(next).toEqual([`2001:db8:${net}:1::/64`, `2001:db9:${net}:100::/56`])
    expect(await claimLeases(pools[0]!, both(wish(2)), after(601))).toEqual([undefined, undefined])
    expect(await claimLeases(pools[0]!, both(wish(0)), after(601))).toEqual(given)
  })

  it('a session with a longer prefix inside one keeps the whole of it back, whichever of its prefixes it is', async () => {
    const sites = await makePool(database.pool, {
      name: `sites ${net}`,
      kind: 'delegated-ipv6-prefix',
      ranges: [`2001:dbb:${net}::/54`],
    })
    await start(wish(9), null, { delegated_ipv6_prefix: `2001:dbb:${net}:ff::/64` })
    await start(wish(8), null, { framed_ipv6_prefix: `2001:dbb:${net}:200::/64` })
    const given = await claimLeases(
      pools[0]!,
      [0, 1, 2].map((person) => wish(person, { poolId: sites })),
      noon,
    )
    expect(given).toEqual([`2001:dbb:${net}:100::/56`, `2001:dbb:${net}:300::/56`, undefined])
  })

  it('a static prefix inside one that is handed out keeps the whole of it back', async () => {
    const sites = await makePool(database.pool, {
      name: `sites ${net}`,
      kind: 'delegated-ipv6-prefix',
      ranges: [`2001:dba:${net}::/55`],
    })
    await insertRow(database.pool, 'subscriber_address', {
      subscriber_id: people[9],
      address_space_id: 1,
      kind: 'framed-ipv6-prefix',
      prefix: `2001:dba:${net}:5::/64`,
    })
    expect(await claim(wish(0, { poolId: sites }))).toBe(`2001:dba:${net}:100::/56`)
    await sweepLeases(createKysely<Database>(database.pool), { poolIds: [sites], quietS: 60 }, noon)
    expect((await leaseRows(database.pool, sites)).map((row) => row.is_static)).toEqual([true, false])
  })
})

describe('two instances at once', () => {
  it('F56: 50 logins for 10 addresses get each address once, in every round', async () => {
    const crowd = await makePool(database.pool, {
      name: `crowd ${net}`,
      ranges: [`172.16.${net}.1-172.16.${net}.10`],
    })
    for (let round = 0; round < 50; round++) {
      // A round an hour: every hold is over, and nobody begins a session.
      const now = after(round * 3_600)
      const asked = Array.from({ length: 50 }, (_, person) =>
        claimLeases(pools[person % 2]!, [wish(person, { poolId: crowd })], now),
      )
      const given = (await Promise.all(asked)).flat().filter((one) => one !== undefined)
      expect(new Set(given).size).toBe(given.length)
      expect(given).toHaveLength(10)
    }
  })

  it('batches of both meet on the same rows without waiting for each other in a circle', async () => {
    const crowd = await makePool(database.pool, {
      name: `batches ${net}`,
      ranges: [`172.17.${net}.0/27`],
    })
    for (let round = 0; round < 30; round++) {
      const now = after(round * 3_600)
      const batch = (from: number, reversed: boolean) => {
        const wishes = Array.from({ length: 16 }, (_, i) => wish(from + i, { poolId: crowd }))
        return reversed ? wishes.toReversed() : wishes
      }
      const asked = [batch(0, false), batch(8, true), batch(16, false), batch(24, true)]
      const given = await Promise.all(asked.map((wishes, at) => claimLeases(pools[at % 2]!, wishes, now)))
      const holders = new Map<string, bigint>()
      for (const row of await leaseRows(database.pool, crowd)) {
        if (row.subscriber_id !== null) holders.set(row.address, row.subscriber_id)
      }
      // Who asked twice at once may have been given two; what counts is whose each address is in the end.
      const told = given.flatMap((addresses, at) =>
        addresses.map((found, i) => ({ found, subscriberId: asked[at]![i]!.subscriberId })),
      )
      const wrong = told.filter(({ found, subscriberId }) => found !== undefined && holders.get(found) !== subscriberId)
      expect([told.length, wrong]).toEqual([64, []])
    }
  })
})
