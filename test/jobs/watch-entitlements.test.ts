import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../../src/clock.ts'
import { entitlementWorker, expiryWorker, signsOfLifeWorker } from '../../src/jobs/watch-entitlements.ts'
import { workers, type WorkerContext, type WorkerDefinition } from '../../src/jobs/workers.ts'
import { after, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'
import { makeOnline, reasonsOf } from '../support/watch.ts'
import { openWorkerContext } from '../support/worker-context.ts'

const database = useDatabase()
const step = { fup_steps: JSON.stringify([{ after_octets: '1000', down_bps: 1_000_000, up_bps: 1_000_000 }]) }
let context: WorkerContext
let clock: TestClock

beforeAll(async () => {
  context = await openWorkerContext(database.pool, createTestClock(noon))
})
beforeEach(async () => {
  clock = createTestClock(noon)
  await database.pool.query(
    'delete from entitlement_check; delete from entitlement_watch; delete from coa_order; delete from session',
  )
})

/** Works until nothing is left. */
async function run(worker: WorkerDefinition): Promise<number> {
  for (let pieces = 1; ; pieces += 1) {
    if (!(await worker.work({ ...context, clock }, new AbortController().signal))) return pieces
  }
}
const useUp = (id: bigint) =>
  database.pool.query(`insert into usage_period select id, period_started_at, 0, 1000 from subscriber where id = $1`, [
    id,
  ])

describe('the watch of entitlements', () => {
  it('looks at everybody when it begins, and once an hour, whatever marks were lost', async () => {
    const anna = await makeOnline(database.pool, { plan: step, session: { output_octets: 1_000 } })
    await useUp(anna.id)
    const worker = entitlementWorker()
    await run(worker)
    expect(await reasonsOf(database.pool, anna.id)).toEqual(['fair use'])
    const berta = await makeOnline(database.pool, { plan: step, session: { output_octets: 1_000 } })
    await useUp(berta.id)
    clock.advance(3_599_999)
    await run(worker)
    expect(await reasonsOf(database.pool, berta.id)).toEqual([])
    clock.advance(1)
    await run(worker)
    expect(await reasonsOf(database.pool, berta.id)).toEqual(['fair use'])
  })

  it('goes by the zone of the settings', async () => {
    await database.pool.query(`insert into setting (name, value) values ('zone', '"Asia/Tokyo"')`)
    const anna = await makeOnline(database.pool, { plan: step })
    await run(entitlementWorker())
    const { rows } = await database.pool.query<{ terms: string }>('select terms from entitlement_watch')
    expect(rows[0]!.terms).toMatch(/\/Asia\/Tokyo$/)
    expect(await reasonsOf(database.pool, anna.id)).toEqual([])
    await database.pool.query(`delete from setting where name = 'zone'`)
  })

  it('comes back at once while there is more', async () => {
    const anna = await makeOnline(database.pool)
    const worker = entitlementWorker()
    await run(worker)
    await database.pool.query('insert into entitlement_check select $1 from generate_series(1, 4500)', [anna.id])
    expect(await run(worker)).toBe(3)
  })
})

describe('the watch of expiry', () => {
  it('remembers where it was, so that the next look is short, and a new process finds all again', async () => {
    const expire = (seconds: number) =>
      makeOnline(database.pool, {
        subscriber: { expires_at: after(seconds) },
        session: { started_at: after(seconds - 60) },
      })
    const long = await expire(-20 * 86_400)
    const worker = expiryWorker()
    await run(worker)
    expect(await reasonsOf(database.pool, long.id)).toEqual(['expired'])
    const behind = await expire(-86_400)
    const ahead = await expire(60)
    clock.advance(120_000)
    await run(worker)
    expect(await reasonsOf(database.pool, ahead.id)).toEqual(['expired'])
    // Nobody's service ends in the past but by a deed, which orders by itself.
    expect(await reasonsOf(database.pool, behind.id)).toEqual([])
    await run(expiryWorker())
    expect(await reasonsOf(database.pool, behind.id)).toEqual(['expired'])
  })
})

describe('the watch of signs of life', () => {
  it('orders about who is alive and should not be', async () => {
    const anna = await makeOnline(database.pool, { subscriber: { blocked_at: after(-60) } })
    const worker = signsOfLifeWorker()
    await run(worker)
    await run(worker)
    expect(await reasonsOf(database.pool, anna.id)).toEqual(['blocked'])
  })
})

describe('the admin process', () => {
  it('runs them', () => {
    const names = workers.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['watch-entitlements', 'enforce-expiry', 'enforce-signs-of-life']))
  })
})
