// When the runner of the jobs looks for what is due, and by which zone.
import { beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import { listJobRuns } from '../../src/domain/job-history.ts'
import type { Job } from '../../src/jobs/job.ts'
import { startJobs } from '../../src/jobs/runner.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
beforeEach(() => rowsOf(office, 'delete from job_run'))

function startRunner(jobs: Job[], { zone, at = '2026-05-01T10:20:00Z' }: { zone: () => string; at?: string }) {
  const clock = createTestClock(new Date(at))
  const { pool, db, keyring } = office
  const log = createLogger({ level: 'silent' })
  const told = { pool, db, keyring, jobs, clock, log, metrics: createMetrics(), instance: 'one' }
  return { runner: startJobs({ ...told, zone: () => Promise.resolve(zone()) }), clock }
}

/** A job that counts its runs. */
function counting(name: string, cron: string): Job & { count(): number } {
  let runs = 0
  return { name, cron, run: () => Promise.resolve({ runs: (runs += 1) }), count: () => runs }
}

const plannedOf = async (job: string): Promise<string[]> =>
  (await listJobRuns(office.db, { job, limit: 100 })).map((run) => run.plannedLocal).toReversed()

describe('the zone of the ISP', () => {
  it('is followed when the setting changes, and plans nothing that lies before what was done', async () => {
    let zone = 'UTC'
    const night = counting('night', '0 0 * * *')
    const started = startRunner([night], { at: '2026-05-01T20:00:00Z', zone: () => zone })
    await started.runner.tick()
    zone = 'Asia/Karachi'
    await started.runner.tick()
    zone = 'America/New_York'
    await started.runner.tick()
    zone = 'Asia/Karachi'
    await started.runner.tick()
    await started.runner.close()
    expect(await plannedOf('night')).toEqual(['2026-05-01 00:00:00', '2026-05-02 00:00:00'])
  })

  it('lets nothing rest where it moves to the west, and the clock shows the same hours again', async () => {
    let zone = 'UTC'
    const often = counting('often', '*/10 * * * *')
    const night = counting('night', '15 3 * * *')
    const started = startRunner([often, night], { zone: () => zone })
    await started.runner.tick()
    zone = 'America/Los_Angeles'
    for (let tick = 0; tick < 8; tick += 1) {
      await started.runner.tick()
      expect(often.count()).toBe(tick + 1)
      started.clock.advance(10 * 60_000)
    }
    await started.runner.close()
    expect((await plannedOf('often')).slice(0, 3)).toEqual([
      '2026-05-01 10:20:00',
      '2026-05-01 03:30:00',
      '2026-05-01 03:40:00',
    ])
    // Also on the day of the change, at 3:15 by the new clock.
    expect(await plannedOf('night')).toEqual(['2026-05-01 03:15:00', '2026-05-01 03:15:00'])
  })
})

describe('a look', () => {
  it('that is asked for during another follows it, once for all who asked meanwhile', async () => {
    let looks = 0
    const zone = (): string => {
      looks += 1
      return 'UTC'
    }
    const { runner } = startRunner([counting('count', '0 * * * *')], { zone })
    await Promise.all([runner.tick(), runner.tick(), runner.tick()])
    expect(looks).toBe(2)
    await runner.tick()
    expect(looks).toBe(3)
    await runner.close()
  })
})
