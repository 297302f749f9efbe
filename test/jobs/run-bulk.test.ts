import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as path from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock, systemClock } from '../../src/clock.ts'
import { createKysely, createPool } from '../../src/db/pool.ts'
import { stopRun } from '../../src/domain/bulk/run.ts'
import { startBulkRun } from '../../src/domain/bulk/start.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { followNotifications } from '../../src/jobs/notifications.ts'
import { bulkWorker } from '../../src/jobs/run-bulk.ts'
import { startWorkers, workers, type WorkerContext } from '../../src/jobs/workers.ts'
import { createLogger } from '../../src/log.ts'
import { addMany, authorLike, makeMarkTable, markActions, marksOf, outcomesOf, runOf } from '../support/bulk.ts'
import { noon, useOffice } from '../support/operator.ts'
import { workerContext } from '../support/worker-context.ts'

const office = useOffice()
const log = createLogger({ level: 'silent' })
let ids: bigint[]

beforeAll(async () => {
  await makeMarkTable(office.pool)
  ids = await addMany(office.pool, 40)
})
beforeEach(async () => {
  await office.pool.query('delete from bulk_mark; delete from bulk_item; delete from bulk_run')
})

async function start(params: Record<string, unknown> = {}): Promise<bigint> {
  const input = { action: 'mark', params, target: { ids: ids.map(Number) } }
  return (await startBulkRun(office.db, input, authorLike(office.keyring), noon, markActions)).run.id
}

const context = (changes: Partial<WorkerContext> = {}): WorkerContext => {
  const { pool, db, keyring } = office
  return workerContext({ pool, db, keyring, clock: createTestClock(noon), ...changes })
}

/** A whole process that works on bulk runs until it kills itself at the `hit`-th passing of a point. */
async function workUntilKilled(point: string, hit: number): Promise<void> {
  const from = (file: string): string => JSON.stringify(path.resolve(file))
  const code = `
    import { armFailPoints } from ${from('src/fail-points.ts')}
    import { createKysely, createPool } from ${from('src/db/pool.ts')}
    import { openKeyring } from ${from('src/domain/data-key.ts')}
    import { workBulkRuns } from ${from('src/domain/bulk/step.ts')}
    import { markActions } from ${from('test/support/bulk.ts')}
    armFailPoints(process.argv[3])
    const pool = createPool(process.argv[1], { name: 'killed' })
    const keyring = await openKeyring(pool, process.argv[2], new Date())
    const work = { keyring, largestChunk: 500, onError: () => undefined, actions: markActions }
    for (;;) await workBulkRuns(createKysely(pool), work, new Date())`
  const values = [office.url, office.keyFile, `${point}=kill@${hit}`]
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code, '--', ...values], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()))
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect({ status, signal, errors }).toEqual({ status: null, signal: 'SIGKILL', errors: '' })
}

describe('a worker that is killed', () => {
  const points = ['bulk_locked', 'bulk_acted', 'bulk_recorded', 'bulk_committed']
  it.each(points.flatMap((point) => [1, 4].map((hit) => [point, hit] as const)))(
    'at %s, passing %i, leaves every deed with its result, and its successor does the rest once',
    async (point, hit) => {
      const runId = await start({ refuse: [Number(ids[2])] })
      await workUntilKilled(point, hit)
      const run = await runOf(office.db, runId)
      const chunks = point === 'bulk_committed' ? hit : hit - 1
      expect(run).toMatchObject({ worked_position: chunks * 5, failed: 0 })
      const marks = await marksOf(office.pool)
      expect([...marks.values()].every((count) => count === 1)).toBe(true)
      expect(marks.size).toBe(run.done)
      const outcomes = await outcomesOf(office.db, runId)
      expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(run.worked_position)

      await untilIdle()
      expect(await runOf(office.db, runId)).toMatchObject({ state: 'done', done: 39, refused: 1, failed: 0 })
      expect(await marksOf(office.pool)).toEqual(new Map(ids.filter((_id, at) => at !== 2).map((id) => [id, 1])))
    },
  )

  it('again and again gets to the end', async () => {
    const runId = await start()
    for (let kills = 0; (await runOf(office.db, runId)).state !== 'done'; kills += 1) {
      expect(kills).toBeLessThan(10)
      await workUntilKilled('bulk_committed', 2)
    }
    expect(await marksOf(office.pool)).toEqual(new Map(ids.map((id) => [id, 1])))
  })
})

/** Turns the worker by hand; the connection of a killed one may hold its lock for a moment. */
async function untilIdle(): Promise<void> {
  const { work } = bulkWorker(markActions)
  const isOpen = async (): Promise<boolean> => {
    const { rows } = await office.pool.query(`select 1 from bulk_run where state in ('waiting', 'running')`)
    return rows.length > 0
  }
  while (await isOpen()) await work(context(), AbortSignal.abort())
}

describe('the worker of bulk runs', () => {
  it('begins nothing new when its process ends', async () => {
    const runId = await start({ poison: [Number(ids[1])] })
    await bulkWorker(markActions).work(context(), AbortSignal.abort())
    expect(await runOf(office.db, runId)).toMatchObject({ worked_position: 0, failed: 0 })
  })

  it('is woken when a run begins, does it, and is woken to stop one', async () => {
    const pool = createPool(office.url, { name: 'gatehouse test listen', max: 1 })
    const notifications = followNotifications({ pool, log })
    const started = startWorkers(context({ listen: notifications.listen, clock: systemClock }), [
      { ...bulkWorker(markActions), everyMs: 3_600_000 },
    ])
    try {
      await writeSetting(office.db, { name: 'bulk_rate', value: 20 }, noon)
      const runId = await start()
      await until(async () => (await runOf(office.db, runId)).done > 0)
      await stopRun(office.db, runId, authorLike(office.keyring), noon, markActions)
      await until(async () => (await runOf(office.db, runId)).state === 'stopped')
      expect((await runOf(office.db, runId)).done).toBeLessThan(40)
      await writeSetting(office.db, { name: 'bulk_rate', value: 100_000 }, noon)
      const second = await start()
      await until(async () => (await runOf(office.db, second)).state === 'done')
    } finally {
      await started.close()
      await notifications.close()
      await pool.end()
    }
  })

  it('does no more at once than the pace allows in a tenth of a second', async () => {
    await writeSetting(office.db, { name: 'bulk_rate', value: 20 }, noon)
    const runId = await start()
    expect(await bulkWorker(markActions).work(context(), AbortSignal.abort())).toBe(true)
    expect(await runOf(office.db, runId)).toMatchObject({ done: 2 })
  })

  it('logs what nobody foresaw with the run and the subscriber, and goes on', async () => {
    const lines: unknown[] = []
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
    const runId = await start({ poison: [Number(ids[1])] })
    const { work } = bulkWorker(markActions)
    await writeSetting(office.db, { name: 'bulk_rate', value: 100_000 }, noon)
    const { signal } = new AbortController()
    while (await work(context({ log: createLogger({ level: 'error', stream }) }), signal));
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'done', done: 39, failed: 1 })
    expect(lines).toContainEqual(
      expect.objectContaining({
        run: String(runId),
        subscriber: String(ids[1]),
        msg: 'a bulk run met an error that nobody foresaw',
        error: expect.objectContaining({ message: 'an index is broken' }),
      }),
    )
  })

  it('waits for a database that is away, and fails nobody for it', async () => {
    const runId = await start()
    const away = createPool('postgres://nobody@127.0.0.1:1/nothing', { name: 'away', connectTimeoutMs: 500 })
    const work = bulkWorker(markActions).work(context({ db: createKysely(away) }), AbortSignal.abort())
    await expect(work).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'waiting', failed: 0 })
    await away.end()
  })

  it('is one of the workers of the process', () => {
    expect(workers.map(({ name }) => name)).toContain('run-bulk')
  })
})

/** Resolves when it holds; the test's own time limit ends what never does. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}
