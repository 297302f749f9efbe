// Jobs run once per planned time, whoever looks and whatever the clocks do; a failing job is recorded and does not stop the next.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import { askForRun } from '../../src/domain/job-ask.ts'
import { listJobRuns } from '../../src/domain/job-history.ts'
import { fenceRun, keepRun, LostRunError, takeOpenRun, takeRun } from '../../src/domain/job-run.ts'
import type { Job, JobContext } from '../../src/jobs/job.ts'
import { startJobs } from '../../src/jobs/runner.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const log = createLogger({ level: 'silent' })
const start = new Date('2026-05-01T10:20:00Z')
beforeEach(() => rowsOf(office, 'delete from job_run'))

type Started = { clock?: ReturnType<typeof createTestClock>; instance?: string; zone?: () => string; leaseMs?: number }

function startRunner(jobs: Job[], options: Started = {}) {
  const { clock = createTestClock(start), instance = 'one', zone = () => 'UTC' } = options
  const runner = startJobs({
    pool: office.pool,
    db: office.db,
    keyring: office.keyring,
    jobs,
    clock,
    log,
    metrics: createMetrics(),
    instance,
    zone: () => Promise.resolve(zone()),
    ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
  })
  return { runner, clock }
}

/** A job that counts its runs. */
function counting(name: string, cron: string): Job & { count(): number } {
  let runs = 0
  return { name, cron, run: () => Promise.resolve({ runs: (runs += 1) }), count: () => runs }
}

const until = (check: () => boolean | Promise<boolean>): Promise<void> =>
  vi.waitFor(async () => expect(await check()).toBe(true), { timeout: 10_000, interval: 10 })
const runsOf = (job: string) => listJobRuns(office.db, { job, limit: 100 })
const plannedOf = async (job: string) => (await runsOf(job)).map((run) => run.plannedLocal).toReversed()
const tickAll = (runners: ReturnType<typeof startRunner>[]) => Promise.all(runners.map(({ runner }) => runner.tick()))
const closeAll = (runners: ReturnType<typeof startRunner>[]) => Promise.all(runners.map(({ runner }) => runner.close()))

describe('the job runner', () => {
  it('runs a job once per interval on one of two instances and records what it did', async () => {
    const job = counting('count', '0 * * * *')
    const one = startRunner([job])
    const two = startRunner([job], { clock: one.clock, instance: 'two' })
    await tickAll([one, two])
    await tickAll([one, two])
    expect(job.count()).toBe(1)
    one.clock.advance(3_600_000)
    await tickAll([one, two])
    expect(job.count()).toBe(2)
    expect(await runsOf('count')).toMatchObject([
      { plannedLocal: '2026-05-01 11:00:00', result: { runs: 2 }, error: null, state: 'done', tries: 1 },
      { plannedLocal: '2026-05-01 10:00:00', result: { runs: 1 }, error: null, state: 'done', tries: 1 },
    ])
    await closeAll([one, two])
  })

  it('records a failure and goes on with the next job', async () => {
    const broken: Job = { name: 'broken', cron: '*/5 * * * *', run: () => Promise.reject(new Error('no such table')) }
    const next = counting('next', '*/5 * * * *')
    const started = startRunner([broken, next])
    await started.runner.tick()
    await started.runner.close()
    expect(next.count()).toBe(1)
    expect(await runsOf('broken')).toMatchObject([{ state: 'failed', error: 'no such table', result: null }])
  })

  it('runs a missed night once after three days, and says that it was late', async () => {
    const night = counting('night', '0 3 * * *')
    const before = startRunner([night])
    await before.runner.tick()
    await before.runner.close()
    const after = startRunner([night], { clock: createTestClock(new Date('2026-05-04T15:00:00Z')) })
    await after.runner.tick()
    await after.runner.tick()
    after.clock.set(new Date('2026-05-05T03:00:10Z'))
    await after.runner.tick()
    await after.runner.close()
    const runs = (await runsOf('night')).map(({ plannedLocal, late }) => [plannedLocal, late]).toReversed()
    expect(runs).toEqual([
      ['2026-05-01 03:00:00', true],
      ['2026-05-04 03:00:00', true],
      ['2026-05-05 03:00:00', false],
    ])
  })

  it('lets a long job hold up no other, and begins no second run of it', async () => {
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>()
    let begun = 0
    const long: Job = {
      name: 'long',
      cron: '* * * * *',
      run: () => {
        begun += 1
        return promise
      },
    }
    const short = counting('short', '* * * * *')
    const one = startRunner([long, short])
    const two = startRunner([long, short], { clock: one.clock, instance: 'two' })
    await until(() => begun === 1 && short.count() === 1)
    for (let minute = 0; minute < 3; minute += 1) {
      one.clock.advance(60_000)
      await until(() => {
        void one.runner.tick()
        void two.runner.tick()
        return short.count() === minute + 2
      })
    }
    expect(begun).toBe(1)
    resolve({})
    await until(async () => (await runsOf('long'))[0]?.state === 'done')
    one.clock.advance(60_000)
    await until(async () => {
      await tickAll([one, two])
      return (await plannedOf('long')).includes('2026-05-01 10:24:00')
    })
    // What was due while it ran is caught up by one run, and not by each.
    expect(await plannedOf('long')).not.toContain('2026-05-01 10:21:00')
    expect(await plannedOf('long')).not.toContain('2026-05-01 10:22:00')
    await closeAll([one, two])
  })
})

describe('F58 a clock that jumps', () => {
  it('an hour ahead and back again runs each planned time once', async () => {
    const job = counting('hourly', '0 * * * *')
    const night = counting('night', '0 0 * * *')
    const started = startRunner([job, night])
    const steps = ['10:30', '11:30', '10:35', '11:00', '11:30', '10:59', '12:00']
    for (const step of steps) {
      started.clock.set(new Date(`2026-05-01T${step}:00Z`))
      await started.runner.tick()
    }
    await started.runner.close()
    expect(await plannedOf('hourly')).toEqual(['10:00', '11:00', '12:00'].map((hour) => `2026-05-01 ${hour}:00`))
    expect(night.count()).toBe(1)
  })

  it('in autumn runs the night once and the hour twice, in spring the night in spite of its skipped hour', async () => {
    const night = counting('night', '30 2 * * *')
    const hourly = counting('hourly', '0 * * * *')
    const started = startRunner([night, hourly], {
      clock: createTestClock(new Date('2026-10-24T23:00:00Z')),
      zone: () => 'Europe/Berlin',
    })
    await started.runner.tick()
    for (let minutes = 0; minutes < 5 * 60; minutes += 10) {
      started.clock.advance(10 * 60_000)
      await started.runner.tick()
    }
    expect(await plannedOf('night')).toEqual(['2026-10-24 02:30:00', '2026-10-25 02:30:00'])
    expect((await plannedOf('hourly')).filter((planned) => planned === '2026-10-25 02:00:00')).toHaveLength(2)
    await rowsOf(office, 'delete from job_run')
    started.clock.set(new Date('2027-03-28T00:50:00Z'))
    for (let tick = 0; tick < 4; tick += 1) {
      await started.runner.tick()
      started.clock.advance(10 * 60_000)
    }
    await started.runner.close()
    expect(await plannedOf('night')).toEqual(['2027-03-27 02:30:00', '2027-03-28 02:30:00'])
  })
})

describe('a run that was asked for', () => {
  it('is run under a key of its own, by one instance, and once for who asks twice', async () => {
    const job = counting('night', '0 0 * * *')
    const one = startRunner([job])
    const two = startRunner([job], { clock: one.clock, instance: 'two' })
    await tickAll([one, two])
    const asked = await askForRun(office.db, { job: 'night', zone: 'UTC' }, office.author, start)
    const again = await askForRun(office.db, { job: 'night', zone: 'UTC' }, office.author, start)
    expect(again.id).toBe(asked.id)
    expect(asked).toMatchObject({ state: 'waiting', askedBy: 'test', startedAt: null, tries: 0 })
    await tickAll([one, two])
    await tickAll([one, two])
    expect(job.count()).toBe(2)
    expect(await runsOf('night')).toMatchObject([
      { id: asked.id, state: 'done', askedBy: 'test', tries: 1, result: { runs: 2 } },
      { state: 'done', askedBy: null },
    ])
    const third = await askForRun(office.db, { job: 'night', zone: 'UTC' }, office.author, start)
    expect(third.id).not.toBe(asked.id)
    await tickAll([one, two])
    expect(job.count()).toBe(3)
    await closeAll([one, two])
    expect(await rowsOf(office, `select 1 from audit_entry where action = 'job.run'`)).toHaveLength(3)
  })
})

describe('a run whose process has gone', () => {
  /** Begun elsewhere, and not heard of since. */
  const leave = (changes: string): Promise<unknown> =>
    rowsOf(
      office,
      `insert into job_run (job, planned_local, planned_at, instance, started_at, token, lease_until)
       select 'night', '2026-05-01 00:00', '2026-05-01T00:00Z', 'gone', '2026-05-01T00:00Z', token, lease_until
       from (values ${changes}) left_behind (token, lease_until)`,
    )

  it('is taken over once its lease has passed, by the clock of the database and no other', async () => {
    const job = counting('night', '0 0 * * *')
    await leave(`(1, clock_timestamp() + interval '1 minute')`)
    // F60: whatever the clock of an instance says.
    for (const offset of [0, 5 * 60_000, -5 * 60_000, 3_600_000]) {
      const ahead = startRunner([job], { clock: createTestClock(new Date(start.getTime() + offset)) })
      await ahead.runner.tick()
      await ahead.runner.close()
    }
    expect(job.count()).toBe(0)
    await rowsOf(office, `update job_run set lease_until = clock_timestamp() - interval '1 second'`)
    const one = startRunner([job])
    const two = startRunner([job], { clock: one.clock, instance: 'two' })
    await tickAll([one, two])
    await tickAll([one, two])
    await closeAll([one, two])
    expect(job.count()).toBe(1)
    expect(await runsOf('night')).toMatchObject([{ state: 'done', tries: 2, plannedLocal: '2026-05-01 00:00:00' }])
  })

  it('is given up after five times, and when a later run has done its work', async () => {
    const job = counting('night', '0 0 * * *')
    await leave(`(5, clock_timestamp() - interval '1 second')`)
    const one = startRunner([job])
    await one.runner.tick()
    expect(job.count()).toBe(0)
    expect(await runsOf('night')).toMatchObject([{ state: 'failed', error: expect.stringContaining('given up') }])
    await rowsOf(office, 'delete from job_run')
    await leave(`(1, clock_timestamp() + interval '1 hour')`)
    one.clock.advance(24 * 3_600_000)
    // Its day is over: the next one does not wait for it longer than its lease.
    await rowsOf(office, `update job_run set lease_until = clock_timestamp() - interval '1 second'`)
    await rowsOf(
      office,
      `insert into job_run (job, planned_local, planned_at, instance, started_at, finished_at, result)
       values ('night', '2026-05-02 00:00', '2026-05-02T00:00Z', 'other', '2026-05-02T00:00Z', '2026-05-02T00:01Z', '{}')`,
    )
    await one.runner.tick()
    await one.runner.close()
    expect(job.count()).toBe(0)
    expect((await runsOf('night')).map(({ error }) => error)).toEqual([
      null,
      'its process ended in the middle of it; a later run did what was left',
    ])
  })

  it('that is only to be closed does not take the turn of the one that is due', async () => {
    const job = counting('night', '0 0 * * *')
    await leave(`(1, clock_timestamp() - interval '1 second')`)
    await rowsOf(
      office,
      `insert into job_run (job, planned_local, planned_at, instance, started_at, finished_at, result)
       values ('night', '2026-05-02 00:00', '2026-05-02T00:00Z', 'other', '2026-05-02T00:00Z', '2026-05-02T00:01Z', '{}')`,
    )
    const one = startRunner([job], { clock: createTestClock(new Date('2026-05-03T00:00:10Z')) })
    // The look of the start, and nothing else.
    await until(async () => job.count() === 1 && (await runsOf('night')).every(({ finishedAt }) => finishedAt !== null))
    await one.runner.close()
    expect((await runsOf('night')).map(({ state }) => state)).toEqual(['done', 'done', 'failed'])
  })

  it('of a release without leases is left as it is', async () => {
    const job = counting('night', '0 0 * * *')
    await leave(`(1, null::timestamptz)`)
    const one = startRunner([job])
    await one.runner.tick()
    await one.runner.close()
    expect(job.count()).toBe(0)
    expect(await runsOf('night')).toMatchObject([{ tries: 1, finishedAt: null }])
  })
})

describe('holding a run', () => {
  it('goes on beside a transaction that it fences, and nobody takes it over before that has ended', async () => {
    const planned = { job: 'night', planned: { local: '2026-05-01 00:00', at: new Date('2026-05-01T00:00Z') } }
    const run = (await takeRun(office.pool, planned, { instance: 'one', leaseMs: 60_000 }, start))!
    const other = { instance: 'two', leaseMs: 60_000 }
    const open = { id: run.id, job: 'night', end: undefined }
    await office.db.transaction().execute(async (trx) => {
      await fenceRun(trx, run)
      // Its beat; and as if it had not come for too long.
      expect(await keepRun(office.pool, run, 60_000)).toBe(true)
      expect(await keepRun(office.pool, run, -1_000)).toBe(true)
      expect(await takeOpenRun(office.pool, open, other, start)).toBeUndefined()
    })
    expect(await takeOpenRun(office.pool, open, other, start)).toMatchObject({ id: run.id, token: 2 })
    await expect(office.db.transaction().execute((trx) => fenceRun(trx, run))).rejects.toThrow(LostRunError)
  })

  it('keeps its lease up for as long as the job works', async () => {
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>()
    const job: Job = { name: 'night', cron: '0 0 * * *', run: () => promise }
    const one = startRunner([job], { leaseMs: 300 })
    const leases = new Set<string>()
    await until(async () => {
      const [row] = await rowsOf(
        office,
        'select lease_until::text, lease_until > clock_timestamp() as held from job_run',
      )
      if (row !== undefined) expect(row.held).toBe(true)
      leases.add(String(row?.lease_until))
      return leases.size > 4
    })
    resolve({ ok: true })
    await one.runner.tick()
    await until(async () => (await runsOf('night'))[0]?.state === 'done')
    await one.runner.close()
    expect(await runsOf('night')).toMatchObject([{ tries: 1, result: { ok: true } }])
  })

  it('is over when somebody else has taken it: the job is told, its fence throws, and nothing is written', async () => {
    let context: JobContext | undefined
    const ended = Promise.withResolvers<unknown>()
    const job: Job = {
      name: 'night',
      cron: '0 0 * * *',
      async run(given) {
        context = given
        const { signal } = given.hold!
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        ended.resolve(
          await office.db
            .transaction()
            .execute(given.hold!.fence)
            .then(
              () => 'fenced',
              (error: unknown) => error,
            ),
        )
        signal.throwIfAborted()
        return { harm: true }
      },
    }
    const one = startRunner([job], { leaseMs: 150 })
    await until(() => context !== undefined)
    await office.db.transaction().execute(context!.hold!.fence)
    await rowsOf(
      office,
      `update job_run set token = token + 1, instance = 'thief', lease_until = clock_timestamp() + interval '1 hour'`,
    )
    expect(await ended.promise).toBeInstanceOf(LostRunError)
    await one.runner.close()
    expect(await runsOf('night')).toMatchObject([{ state: 'running', instance: 'thief', result: null, error: null }])
  })

  it('is left to the next process where this one ends, and that one goes on at once', async () => {
    let finishes = false
    const job: Job = {
      name: 'night',
      cron: '0 0 * * *',
      async run({ hold }) {
        if (finishes) return { done: true }
        await new Promise<void>((resolve) => hold!.signal.addEventListener('abort', () => resolve()))
        hold!.signal.throwIfAborted()
        return {}
      },
    }
    const one = startRunner([job])
    await until(async () => (await runsOf('night'))[0]?.state === 'running')
    await one.runner.close()
    expect(await runsOf('night')).toMatchObject([{ state: 'lost', error: null }])
    finishes = true
    const two = startRunner([job], { clock: one.clock, instance: 'two' })
    await two.runner.tick()
    await two.runner.close()
    expect(await runsOf('night')).toMatchObject([{ state: 'done', tries: 2, instance: 'two', result: { done: true } }])
  })
})
