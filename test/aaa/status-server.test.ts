import { afterEach, describe, expect, it } from 'vitest'
import { createSpare } from '../../src/aaa/spare.ts'
import { answerStatusServer, createHealth } from '../../src/aaa/status-server.ts'
import { createTestClock } from '../../src/clock.ts'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { codes } from '../../src/radius/codes.ts'
import { noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const database = useDatabase()
const ended: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

function away(): Pool {
  const pool = createPool('postgres://nobody@127.0.0.1:1/nothing', { name: 'away', max: 1 })
  ended.push(() => pool.end())
  return pool
}

function makeSpare(isOpen = false) {
  const clock = createTestClock(noon)
  const state = { isOpen, seenAt: noon as Date | undefined, canRecord: false, settings: { ...defaultSettings } }
  const spare = createSpare({
    breaker: { isOpen: () => state.isOpen },
    snapshot: { seenAt: () => state.seenAt },
    settings: () => state.settings,
    clock,
    canRecord: () => state.canRecord,
  })
  return { clock, state, spare }
}

/** Both ports, asked anew. */
async function answers(pool: Pool, spare?: ReturnType<typeof makeSpare>['spare']) {
  const health = createHealth(pool, () => performance.now(), spare)
  return [await answerStatusServer(health, 'authentication'), await answerStatusServer(health, 'accounting')]
}

const both = [codes.accessAccept, codes.accountingResponse]
const silence = [undefined, undefined]

describe('Status-Server (RFC 5997)', () => {
  it('is answered on both ports while Postgres answers', async () => {
    expect(await answers(database.pool)).toEqual(both)
    expect(await answers(database.pool, makeSpare().spare)).toEqual(both)
  })

  it('is silent while it is away and nothing else serves', async () => {
    expect(await answers(away())).toEqual(silence)
    const { spare, state } = makeSpare()
    state.seenAt = undefined
    expect(await answers(away(), spare)).toEqual(silence)
  })

  it('F12: is answered on each port that is served without Postgres', async () => {
    const { spare, state } = makeSpare()
    expect(await answers(away(), spare)).toEqual([codes.accessAccept, undefined])
    state.canRecord = true
    expect(await answers(away(), spare)).toEqual(both)
  })

  it('asks nobody while the breaker is open', async () => {
    const { spare } = makeSpare(true)
    const pool = { query: () => Promise.reject(new Error('it was asked')) } as unknown as Pool
    expect(await answers(pool, spare)).toEqual([codes.accessAccept, undefined])
  })

  it('F15: is answered in time while Postgres hangs', async () => {
    const proxy = await startTcpFaultProxy({ seed: 'status', target: { port: Number(new URL(database.url).port) } })
    proxy.set({ fresh: 'silent' })
    const pool = createPool(proxy.through(database.url), { name: 'hung', max: 1, connectTimeoutMs: 2_000 })
    ended.push(
      () => pool.end(),
      () => proxy.close(),
    )
    const begun = performance.now()
    expect(await answers(pool, makeSpare().spare)).toEqual([codes.accessAccept, undefined])
    expect(performance.now() - begun).toBeLessThan(1_500)
  })

  it('F73: is silent by setting while what was last known serves, so that NASes prefer another server', async () => {
    const { spare, state } = makeSpare()
    state.canRecord = true
    state.settings.outage_status_server = 'silent'
    expect(await answers(away(), spare)).toEqual(silence)
    expect(await answers(database.pool, spare)).toEqual(both)
  })

  it('F13: follows the setting once what was last known is stale', async () => {
    const { spare, state, clock } = makeSpare()
    clock.advance(25 * 3_600_000)
    expect(await answers(away(), spare)).toEqual([codes.accessAccept, undefined])
    state.settings.outage_after_staleness = 'silence'
    expect(await answers(away(), spare)).toEqual(silence)
  })

  it('R37: asks Postgres at most four times a second', async () => {
    let asked = 0
    let now = 0
    const pool = { query: async () => void asked++ } as unknown as Pool
    const health = createHealth(pool, () => now, makeSpare().spare)
    for (let n = 0; n < 1_000; n++) {
      await health.canServe('authentication')
      now += 1
    }
    expect(asked).toBe(4)
  })
})
