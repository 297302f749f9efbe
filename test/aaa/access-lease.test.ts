// What a pool that has none left means for logins: who wants one of it waits for a look through it, nobody else does.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLeases } from '../../src/aaa/access-lease.ts'
import type { Leased, Leases } from '../../src/aaa/access-lease.ts'
import { createLanes } from '../../src/aaa/batch.ts'
import { createTestClock } from '../../src/clock.ts'
import type { TestClock } from '../../src/clock.ts'
import { createKysely, createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import type { AccessRequest } from '../../src/domain/access-subject.ts'
import { sweepLeases } from '../../src/domain/ip-pool/lease-sweep.ts'
import { noIpPools } from '../../src/domain/ip-pool/live.ts'
import type { LivePool } from '../../src/domain/ip-pool/live.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { after, insertSession, noon, testNas, testSubject } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'
import { makePool } from '../support/ip-pools.ts'

const database = useDatabase()
let claimPool: Pool
/** One connection, which a test may take away. */
let rescuePool: Pool
let clock: TestClock
let leases: Leases
let warnings: string[]
let made = 0

beforeAll(() => {
  claimPool = createPool(database.url, { name: 'claim', max: 1, synchronousCommit: 'off', hotPath: true })
  rescuePool = createPool(database.url, { name: 'rescue', max: 1, connectTimeoutMs: 60_000 })
})
afterAll(() => Promise.all([claimPool.end(), rescuePool.end()]))
beforeEach(() => {
  clock = createTestClock(after(100))
  warnings = []
  leases = leasesWith(rescuePool)
})

const leasesWith = (rescue: Pool): Leases =>
  createLeases(
    {
      settings: () => ({ ...defaultSettings, address_quiet_s: 0 }),
      ipPools: () => noIpPools,
      clock,
      claimPool,
      rescuePool: rescue,
    },
    createLanes(1),
    (message) => void warnings.push(message),
  )

async function poolOf(onExhausted: LivePool['onExhausted'] = 'reject'): Promise<LivePool & { address: string }> {
  made += 1
  const address = `10.80.${made}.1`
  const id = await makePool(database.pool, { name: `pool ${made}`, ranges: [address], onExhausted })
  return { id, name: `pool ${made}`, kind: 'ipv4', sticky: true, onExhausted, learns: false, learnUntil: null, address }
}

/** Its one address stands as a session's, which has ended since. */
async function released(onExhausted: LivePool['onExhausted'] = 'reject'): Promise<LivePool & { address: string }> {
  const pool = await poolOf(onExhausted)
  const session = await insertSession(database.pool, { subscriber_id: 7n, framed_ip: pool.address })
  await sweepLeases(createKysely<Database>(database.pool), { poolIds: [pool.id], quietS: 0 }, noon)
  await end(session)
  return pool
}

const end = (session: bigint) =>
  database.pool.query(`update session set ended_at = $2, ended_by = 'stop' where id = $1`, [session, after(20)])

function take(pools: readonly LivePool[]): Promise<Leased> {
  made += 1
  const facts = { mac: undefined, circuitId: undefined, remoteId: undefined, duid: undefined, interface: undefined }
  const request: AccessRequest = { access: 'pppoe', username: 'x', facts, line: `mac:${made}`, nas: testNas() }
  const subject = testSubject({ id: BigInt(1_000 + made) })
  return leases.take(request, { subject, garden: undefined, renewed: undefined, classId: BigInt(made) }, pools)
}

async function whileNobodyLooks(work: () => Promise<void>): Promise<void> {
  const held = await rescuePool.connect()
  try {
    await work()
  } finally {
    held.release()
  }
}

const given = (address: string): Leased => ({ kind: 'given', assigned: { framedIp: address } })

describe('a pool that has none left', () => {
  it('is looked through at once, and gives what was released', async () => {
    const pool = await released()
    expect(await take([pool])).toEqual(given(pool.address))
  })

  it('lets logins of other pools pass while it is looked through, by one look for all who wait', async () => {
    const [pool, other] = [await released(), await poolOf()]
    const waiting: Promise<Leased>[] = []
    await whileNobodyLooks(async () => {
      waiting.push(take([pool]), take([pool]))
      await expect.poll(() => rescuePool.waitingCount).toBe(1)
      expect(await take([other])).toEqual(given(other.address))
      expect(rescuePool.waitingCount).toBe(1)
    })
    const outcomes = await Promise.all(waiting)
    expect(outcomes).toContainEqual(given(pool.address))
    expect(outcomes).toContainEqual({ kind: 'exhausted', pool })
  })

  it('keeps no login waiting where the pool of the NAS serves then; the next one gets what was found', async () => {
    const pool = await released('nas-pool')
    await whileNobodyLooks(async () => {
      expect(await take([pool])).toEqual({ kind: 'given', assigned: { framedIp: undefined } })
    })
    await expect.poll(() => take([pool])).toEqual(given(pool.address))
  })

  it('is looked through again two seconds later and not before', async () => {
    const pool = await poolOf()
    const session = await insertSession(database.pool, { subscriber_id: 7n, framed_ip: pool.address })
    expect(await take([pool])).toEqual({ kind: 'exhausted', pool })
    await end(session)
    expect(await take([pool])).toEqual({ kind: 'exhausted', pool })
    clock.advance(2_000)
    expect(await take([pool])).toEqual(given(pool.address))
  })

  it('stays so where it cannot be looked through, and somebody is told', async () => {
    const pool = await released()
    const gone = createPool(database.url, { name: 'gone', max: 1 })
    await gone.end()
    leases = leasesWith(gone)
    expect(await take([pool])).toEqual({ kind: 'exhausted', pool })
    expect(warnings).toEqual(['an address pool that has none left could not be looked through'])
  })
})
