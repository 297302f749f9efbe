// Two workers on the same runs, with one of them failing at each of the places where it could: what was done stays done once,
// what was not is done by the other, and every subscriber has the one result that is true.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely, createPool, type Pool } from '../../../src/db/pool.ts'
import type { Database, Db } from '../../../src/db/schema.ts'
import { startBulkRun } from '../../../src/domain/bulk/start.ts'
import { workBulkRuns } from '../../../src/domain/bulk/step.ts'
import { armFailPoint, type FailPointName } from '../../../src/fail-points.ts'
import { addMany, authorLike, makeMarkTable, markActions, marksOf, outcomesOf, runOf } from '../../support/bulk.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const pools: Pool[] = []
let ids: bigint[]
let workers: Db[]
const disarms: (() => void)[] = []

beforeAll(async () => {
  await makeMarkTable(office.pool)
  ids = await addMany(office.pool, 30)
  pools.push(...[1, 2].map((at) => createPool(office.url, { name: `worker ${at}`, max: 2 })))
  workers = pools.map((pool) => createKysely<Database>(pool))
})
beforeEach(async () => {
  await office.pool.query('delete from bulk_mark; delete from bulk_item; delete from bulk_run')
})
afterEach(() => {
  for (const disarm of disarms.splice(0)) disarm()
})
afterAll(() => Promise.all(pools.map((pool) => pool.end())))

const arm = (name: FailPointName, mode: 'throw' | 'pause', hit = 1) => {
  const disarm = armFailPoint(name, mode, hit)
  disarms.push(disarm)
  return disarm
}
const start = async (params: Record<string, unknown> = {}, targets = ids) =>
  (
    await startBulkRun(
      office.db,
      { action: 'mark', params, target: { ids: targets.map(Number) } },
      authorLike(office.keyring),
      noon,
      markActions,
    )
  ).run.id

const errors: unknown[] = []
const turn = (db: Db, now = noon) =>
  workBulkRuns(
    db,
    { keyring: office.keyring, largestChunk: 500, onError: (error) => void errors.push(error), actions: markActions },
    now,
  )
async function toTheEnd(db: Db): Promise<void> {
  while ((await turn(db)).kind === 'worked');
}

describe('a worker that fails', () => {
  it.each(['bulk_locked', 'bulk_acted', 'bulk_recorded'] as const)(
    'at %s, before the commit, leaves nothing half done: one by one they are done, the failing ones alone are not',
    async (point) => {
      const runId = await start({}, ids.slice(0, 12))
      const disarm = arm(point, 'throw')
      const step = turn(workers[0]!)
      await step
      disarm()
      await toTheEnd(workers[1]!)
      const run = await runOf(office.db, runId)
      const marks = await marksOf(office.pool)
      expect(run).toMatchObject({ state: 'done', worked_position: 12 })
      expect(run.done + run.failed).toBe(12)
      // Whoever is said to be done is marked once; whoever failed is not marked at all.
      const outcomes = await outcomesOf(office.db, runId)
      for (const [at, outcome] of outcomes.entries()) {
        expect([at, marks.get(ids[at]!)]).toEqual([at, outcome === 'done' ? 1 : undefined])
      }
    },
  )

  it('after the commit has done it: nothing is done again', async () => {
    const runId = await start()
    arm('bulk_committed', 'throw', 2)
    for (const worker of [workers[0]!, workers[1]!]) await turn(worker).catch(() => undefined)
    for (const disarm of disarms.splice(0)) disarm()
    await toTheEnd(workers[1]!)
    const run = await runOf(office.db, runId)
    expect(run).toMatchObject({ state: 'done', worked_position: 30 })
    expect(Math.max(...(await marksOf(office.pool)).values())).toBe(1)
    expect((await marksOf(office.pool)).size).toBe(run.done)
  })
})

describe('two workers', () => {
  it('share ten runs over the same subscribers without a deadlock or a double', async () => {
    const words = Array.from({ length: 10 }, (_, at) => `word ${at}`)
    const runs = await Promise.all(
      words.map((word, at) => start({ word }, at % 2 === 0 ? ids : ids.toReversed().slice(0, 7))),
    )
    await Promise.all([...workers, ...workers].map(toTheEnd))
    await toTheEnd(workers[0]!)
    for (const runId of runs) {
      const run = await runOf(office.db, runId)
      expect([run.state, run.done, run.failed]).toEqual(['done', run.total, 0])
    }
    const rows = await rowsOf(
      office,
      'select word, count(*)::int as n, count(distinct subscriber_id)::int as d from bulk_mark group by 1',
    )
    expect(rows).toHaveLength(10)
    for (const { n, d } of rows) expect(n).toBe(d)
  })

  it('begin nothing of a run whose rows are gone', async () => {
    const runId = await start()
    await turn(workers[0]!)
    await office.pool.query('delete from bulk_item where run_id = $1 and position > 5', [runId])
    await Promise.all(workers.map(toTheEnd))
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'done', done: 5 })
  })
})
