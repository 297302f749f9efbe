// Jobs run once per planned time, whoever looks; a failing job is recorded and does not stop the next.
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import type { Job } from '../../src/jobs/job.ts'
import { startJobs } from '../../src/jobs/runner.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { useOffice } from '../support/operator.ts'

const database = useOffice()
const log = createLogger({ level: 'silent' })

function start(jobs: Job[], clock = createTestClock(new Date('2026-05-01T10:20:00Z')), instance = 'one') {
  const runner = startJobs({
    pool: database.pool,
    db: database.db,
    keyring: database.keyring,
    jobs,
    clock,
    log,
    metrics: createMetrics(),
    instance,
    zone: () => Promise.resolve('UTC'),
  })
  return { runner, clock }
}

describe('the job runner', () => {
  it('runs a job once per interval on one of two instances and records what it did', async () => {
    let runs = 0
    const job: Job = { name: 'count', everyMinutes: 60, run: () => Promise.resolve({ runs: (runs += 1) }) }
    const one = start([job])
    const two = start([job], one.clock, 'two')
    await Promise.all([one.runner.tick(), two.runner.tick()])
    await Promise.all([one.runner.tick(), two.runner.tick()])
    expect(runs).toBe(1)

    one.clock.advance(3_600_000)
    await Promise.all([one.runner.tick(), two.runner.tick()])
    expect(runs).toBe(2)
    const { rows } = await database.pool.query(
      `select planned_local::text, result, error, finished_at is not null as finished from job_run where job = 'count' order by 1`,
    )
    expect(rows).toEqual([
      { planned_local: '2026-05-01 10:00:00', result: { runs: 1 }, error: null, finished: true },
      { planned_local: '2026-05-01 11:00:00', result: { runs: 2 }, error: null, finished: true },
    ])
    await Promise.all([one.runner.close(), two.runner.close()])
  })

  it('records a failure and goes on with the next job', async () => {
    let ran = false
    const broken: Job = { name: 'broken', everyMinutes: 5, run: () => Promise.reject(new Error('no such table')) }
    const next: Job = {
      name: 'next',
      everyMinutes: 5,
      run: () => {
        ran = true
        return Promise.resolve({})
      },
    }
    const { runner } = start([broken, next])
    await runner.tick()
    await runner.close()
    expect(ran).toBe(true)
    const { rows } = await database.pool.query(`select error from job_run where job = 'broken'`)
    expect(rows).toEqual([{ error: 'no such table' }])
  })
})
