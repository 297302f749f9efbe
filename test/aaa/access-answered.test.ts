// A login that was answered by what was last known, or whose NAS has given up, begins nothing more in Postgres: whatever step of the
// decision it had come to.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDecider } from '../../src/aaa/access-decide.ts'
import type { Decider } from '../../src/aaa/access-decide.ts'
import { AnsweredError } from '../../src/aaa/access-hedge.ts'
import type { Asking } from '../../src/aaa/access-hedge.ts'
import { BatchStaleError } from '../../src/aaa/batch-stale.ts'
import { createMetrics } from '../../src/metrics.ts'
import { createProver } from '../../src/aaa/password-proof.ts'
import type { Prover } from '../../src/aaa/password-proof.ts'
import { createTestClock } from '../../src/clock.ts'
import type { TestClock } from '../../src/clock.ts'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import { loadIpPools, noIpPools } from '../../src/domain/ip-pool/live.ts'
import type { IpPools } from '../../src/domain/ip-pool/live.ts'
import { macLine } from '../../src/domain/line.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { makeChapPassword } from '../../src/radius/password.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, macB, noon } from '../support/access.ts'
import { testRequest } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'
import { leaseRows, makePool } from '../support/ip-pools.ts'
import { openTestKeyring } from '../support/keyring.ts'

const database = useDatabase()
const challenge = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const proving = {
  credentials: {
    method: 'chap',
    response: makeChapPassword(5, challenge, Buffer.from('right')),
    challenge,
  },
  secrets: [],
  authenticator: challenge,
} as const

let keys: Awaited<ReturnType<typeof openTestKeyring>>
let claimPool: Pool
let clock: TestClock
let ipPools: IpPools
let decider: Decider
/** Called after a login was loaded and before anything is decided of it. */
let onProof: () => void
let made = 0

beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
  claimPool = createPool(database.url, { name: 'claim', max: 1, hotPath: true, connectTimeoutMs: 60_000 })
})
afterAll(async () => {
  await claimPool.end()
  keys.remove()
})
beforeEach(() => {
  clock = createTestClock(noon)
  ipPools = noIpPools
  onProof = () => undefined
  const real = createProver(keys.keyring)
  const prover: Prover = {
    ...real,
    prove(...given) {
      onProof()
      return real.prove(...given)
    },
  }
  decider = createDecider(
    {
      settings: () => defaultSettings,
      ipPools: () => ipPools,
      clock,
      lanes: 2,
      loadPool: database.pool,
      claimPool,
      rescuePool: database.pool,
      metrics: createMetrics(),
    },
    prover,
    (message, error) => {
      throw new Error(message, { cause: error })
    },
  )
})
afterEach(() => decider.close())

async function subscriber(row: Record<string, unknown> = {}, plan: Record<string, unknown> = {}) {
  made += 1
  const username = `anna${made}`
  const planId = await insertPlan(database.pool, plan)
  const credential = { keyring: keys.keyring, password: 'right' }
  return { username, id: await insertSubscriber(database.pool, { username, plan_id: planId, ...row }, credential) }
}

const fresh = (): Asking => ({ isOver: false, stage: undefined })

/** Logs in; the answer goes out without it once it was loaded. */
async function answeredMeanwhile(username: string): Promise<unknown> {
  const asking = fresh()
  onProof = () => (asking.isOver = true)
  return decider.logIn(testRequest({ username }), proving, asking).catch((error: unknown) => error)
}

const count = async (text: string, id: bigint): Promise<number> => {
  const { rows } = await database.pool.query<{ count: number }>(`select count(*)::int as count ${text}`, [id])
  return rows[0]!.count
}
const claims = (id: bigint) => count('from session_claim where subscriber_id = $1', id)
const devices = (id: bigint) => count('from device where subscriber_id = $1', id)

describe('a login that was answered meanwhile', () => {
  it('takes no place within its session limit', async () => {
    const { username, id } = await subscriber({ session_limit: 1 })
    expect(await answeredMeanwhile(username)).toBeInstanceOf(AnsweredError)
    expect(await claims(id)).toBe(0)
    onProof = () => undefined
    expect(await decider.logIn(testRequest({ username }), proving, fresh())).toMatchObject({ kind: 'accept' })
    expect(await claims(id)).toBe(1)
  })

  it('learns no MAC, neither the first one nor within a window', async () => {
    const first = await subscriber({ device_limit: 1 })
    expect(await answeredMeanwhile(first.username)).toBeInstanceOf(AnsweredError)
    expect(await devices(first.id)).toBe(0)

    const open = await subscriber({ device_limit: 1, learn_mac_until: after(600) })
    await insertRow(database.pool, 'device', { subscriber_id: open.id, mac: macB, bound: true })
    const outcome = await answeredMeanwhile(open.username)
    expect(outcome).toBeInstanceOf(AnsweredError)
    expect(await devices(open.id)).toBe(1)
    onProof = () => undefined
    const later = await decider.logIn(testRequest({ username: open.username }), proving, fresh())
    expect(later).toMatchObject({ kind: 'accept' })
    expect(await devices(open.id)).toBe(2)
  })

  it('takes no address, and begins no service period', async () => {
    const poolId = await makePool(database.pool, { name: 'ours', ranges: ['10.90.0.1'] })
    ipPools = await loadIpPools(database.pool, defaultSettings, noon)
    const late = await subscriber({}, { pool: 'ours' })
    expect(await answeredMeanwhile(late.username)).toBeInstanceOf(AnsweredError)
    const early = await subscriber({ activated_at: null }, { pool: 'ours' })
    expect(await answeredMeanwhile(early.username)).toBeInstanceOf(AnsweredError)
    expect(await leaseRows(database.pool, poolId)).toMatchObject([{ subscriber_id: null }])
    expect(await count('from subscriber where id = $1 and activated_at is null', early.id)).toBe(1)
    onProof = () => undefined
    expect(await decider.logIn(testRequest({ username: late.username }), proving, fresh())).toMatchObject({
      kind: 'accept',
      assigned: { framedIp: '10.90.0.1' },
    })
  })

  it('is left out of the statement that it waits for', async () => {
    const { username, id } = await subscriber({ session_limit: 2 })
    const held = await claimPool.connect()
    const [here, there] = [fresh(), fresh()]
    const one = decider.logIn(testRequest({ username }), proving, here)
    await expect.poll(() => claimPool.waitingCount).toBe(1)
    const other = testRequest({ username, mac: macB, line: macLine(macB) })
    const waiting = decider.logIn(other, proving, there).catch((error: unknown) => error)
    // Of one subscriber there is one claim on its way at a time.
    await expect.poll(() => decider.waiting()).toBe(1)
    there.isOver = true
    held.release()
    expect(await one).toMatchObject({ kind: 'accept' })
    expect(await waiting).toBeInstanceOf(BatchStaleError)
    expect(await claims(id)).toBe(1)
  })

  it('whose claim is under way holds the place of its own line, which that line takes again', async () => {
    const { username, id } = await subscriber({ session_limit: 1 })
    const held = await claimPool.connect()
    const asking = fresh()
    const waiting = decider.logIn(testRequest({ username }), proving, asking).catch((error: unknown) => error)
    await expect.poll(() => claimPool.waitingCount).toBe(1)
    asking.isOver = true
    held.release()
    await waiting
    expect(await claims(id)).toBe(1)
    expect(await decider.logIn(testRequest({ username }), proving, fresh())).toMatchObject({ kind: 'accept' })
    expect(await claims(id)).toBe(1)
  })

  it('is no sign of life of its line', async () => {
    const mac = '02:00:00:00:00:77'
    const { id } = await subscriber({ account_type: 'ipoe' })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac, bound: true })
    const session = { subscriber_id: id, line: macLine(mac), mac, updated_at: after(-400), interim_interval_s: 300 }
    const sessionId = await insertSession(database.pool, session)
    const request = testRequest({ access: 'ipoe', username: mac, mac, line: macLine(mac) })
    const alive = () => count('from session where id = $1 and updated_at > $$2026-03-10T11:59:00Z$$', sessionId)
    // Over from its last step on: then an accept is still given, and nobody hears of it.
    let [steps, isOver] = [0, false]
    const asking: Asking = {
      get isOver() {
        return isOver
      },
      get stage() {
        return undefined
      },
      set stage(_) {
        steps += 1
        isOver = steps === 3
      },
    }
    expect(await decider.admitLine(request, asking)).toMatchObject({ kind: 'accept' })
    expect([steps, decider.waiting(), await alive()]).toEqual([3, 0, 0])
    await decider.admitLine(request, fresh())
    await expect.poll(alive).toBe(1)
  })
})

describe('a login whose NAS has given up', () => {
  it('writes nothing either', async () => {
    await makePool(database.pool, { name: 'given up', ranges: ['10.91.0.1'] })
    ipPools = await loadIpPools(database.pool, defaultSettings, noon)
    const limited = await subscriber({ session_limit: 1 })
    const learning = await subscriber({ device_limit: 1, learn_mac_until: after(600) })
    await insertRow(database.pool, 'device', { subscriber_id: learning.id, mac: macB, bound: true })
    const pooled = await subscriber({}, { pool: 'given up' })
    onProof = () => clock.advance(1_000)
    for (const { username } of [limited, learning, pooled]) {
      const request = { ...testRequest({ username }), untilMs: clock.monotonicMs() + 900 }
      await expect(decider.logIn(request, proving)).rejects.toThrow(BatchStaleError)
    }
    expect([await claims(limited.id), await devices(learning.id)]).toEqual([0, 1])
    const { rows } = await database.pool.query('select 1 from ip_lease where subscriber_id = $1', [pooled.id])
    expect(rows).toEqual([])
  })
})
