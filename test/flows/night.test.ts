// The night of an ISP: hundreds of lines renew at midnight while their sessions live on, and the process that renews them is
// killed, stopped, doubled and late.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Db } from '../../src/db/schema.ts'
import { armFailPoint } from '../../src/fail-points.ts'
import { askForRun } from '../../src/domain/job-ask.ts'
import { listJobRuns } from '../../src/domain/job-history.ts'
import { fenceRun, LostRunError } from '../../src/domain/job-run.ts'
import type { HeldRun } from '../../src/domain/job-run.ts'
import { listJobFailures } from '../../src/domain/job-failure.ts'
import { renew } from '../../src/domain/money/renewal.ts'
import { renewDue } from '../../src/domain/money/renew-due.ts'
import { everything } from '../../src/domain/scope.ts'
import { checkBooks, testAuthor } from '../support/money.ts'
import {
  countNight,
  makeNight,
  midnight,
  renewalTime,
  startNight,
  startNightProcess,
  wholeNight,
} from '../support/night.ts'
import { hours, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const runs = () => listJobRuns(office.db, { job: 'renew-due', limit: 10 })
const count = async (text: string): Promise<number> => Number((await rowsOf(office, text))[0]!.count)
const renewals = () => count('select count(*) from renewal')
let made = 0
const named = () => `night-${(made += 1)}-`

beforeEach(async () => {
  // Of the next story only its own lines are due.
  await rowsOf(office, 'update subscriber set auto_renew = false')
  await rowsOf(office, 'delete from job_run')
})

describe('a night of auto-renewals with live sessions', () => {
  it('renews and charges every line once and drops nobody', async () => {
    const night = await makeNight(office, { count: 150, name: named() })
    const { runner, clock } = startNight(office)
    await runner.tick()
    for (const at of [renewalTime, hours(3, renewalTime), midnight, hours(0.5, midnight)]) {
      clock.set(at)
      await runner.tick()
    }
    await runner.close()
    expect(await countNight(office, night)).toEqual(wholeNight(night))
    const [run] = await rowsOf(office, `select min(id) as id from job_run where job = 'renew-due'`)
    expect(await rowsOf(office, 'select distinct job_run_id as id from renewal')).toEqual([run])
    await checkBooks(office)
  })
})

describe('F61 killed in the middle', () => {
  it.each([
    ['renewal_locked', 1],
    ['renewal_charged', 5],
    ['renewal_given', 9],
    ['renewal_recorded', 12],
    ['renewal_committed', 14],
  ])('at %s, hit %i, the run is taken over and every line has its period once', async (point, hit) => {
    const night = await makeNight(office, { count: 16, name: named() })
    const before = await renewals()
    const { ended } = startNightProcess(office, { failPoints: `${point}=kill@${hit}`, leaseMs: 500 })
    expect(await ended).toEqual({ code: null, signal: 'SIGKILL' })
    const left = (await renewals()) - before
    expect(left).toBeLessThan(16)
    expect(left).toBeGreaterThanOrEqual(hit - 4)
    expect(await runs()).toMatchObject([{ instance: 'child', finishedAt: null, tries: 1 }])
    const { runner } = startNight(office)
    await vi.waitFor(
      async () => {
        await runner.tick()
        expect(await runs()).toMatchObject([{ state: 'done', instance: 'test', tries: 2 }])
      },
      { timeout: 10_000 },
    )
    await runner.close()
    expect(await countNight(office, night)).toEqual(wholeNight(night))
    await checkBooks(office)
  })
})

describe('F67 stopped past its lease', () => {
  it('has no effect when it wakes up: another has taken the run', async () => {
    const night = await makeNight(office, { count: 40, name: named() })
    const { child, ended } = startNightProcess(office, { leaseMs: 400 })
    await vi.waitFor(async () => expect(await renewals()).toBeGreaterThan(0), { timeout: 20_000, interval: 5 })
    child.kill('SIGSTOP')
    const { runner } = startNight(office)
    await vi.waitFor(
      async () => {
        await runner.tick()
        expect(await runs()).toMatchObject([{ state: 'done' }])
      },
      { timeout: 90_000, interval: 200 },
    )
    const before = await countNight(office, night)
    child.kill('SIGCONT')
    expect((await ended).code).toBe(0)
    await runner.close()
    expect(await countNight(office, night)).toEqual(before)
    expect(before).toEqual(wholeNight(night))
    await checkBooks(office)
  }, 120_000)

  it('charges nobody by what it saw before it fell asleep', async () => {
    const night = await makeNight(office, { count: 6, name: named() })
    const { rows } = await office.pool.query<HeldRun>(
      `insert into job_run (job, planned_local, instance, started_at, lease_until)
       values ('renew-due', '2026-11-22 18:00', 'old', now(), clock_timestamp()) returning id, job, 'x' as local, token`,
    )
    const held = rows[0]!
    const hold = { id: held.id, signal: new AbortController().signal, fence: (trx: Db) => fenceRun(trx, held) }
    // Somebody else has begun the run anew; what is due stays due, and the old number gives no right to any of it.
    await rowsOf(office, 'update job_run set token = token + 1 where id = $1', [held.id])
    await expect(renewDue(office.db, testAuthor(office), renewalTime, hold)).rejects.toThrow(LostRunError)
    expect(await countNight(office, night)).toMatchObject({ renewed: 0, charges: 0, audited: 0 })
    expect(await count('select count(*) from renewal_failure')).toBe(0)
  })
})

describe('F62 six workers, a run by hand and a click', () => {
  it('give and charge each line one period', async () => {
    const night = await makeNight(office, { count: 12, name: named() })
    await askForRun(office.db, { job: 'renew-due', zone: 'UTC' }, office.author, renewalTime)
    const started = Array.from({ length: 4 }, (_value, index) => startNight(office, { instance: `i${index}` }))
    // Two more that know nothing of runs, as a worker of another release.
    const strays = [1, 2].map(() => renewDue(office.db, testAuthor(office), renewalTime))
    await Promise.all([...started.map(({ runner }) => runner.tick()), ...strays])
    await Promise.all(started.map(({ runner }) => runner.tick()))
    await Promise.all(started.map(({ runner }) => runner.close()))
    expect(await countNight(office, night)).toEqual(wholeNight(night))
    await checkBooks(office)
  })
})

describe('F63 webhook, click and job in the same second', () => {
  it('extend a line once, and all of them are told so', async () => {
    const night = await makeNight(office, { count: 6, name: named() })
    const lines = await rowsOf(office, 'select id from subscriber where plan_id = $1', [night.planId])
    const asked = lines.flatMap(({ id }) => {
      const input = { subscriberId: id as bigint, periods: 1, free: false, seenExpiry: midnight }
      return [
        renew(office.db, input, testAuthor(office), renewalTime),
        renew(office.db, { ...input, reference: `invoice-${String(id)}` }, testAuthor(office), renewalTime),
      ]
    })
    const { runner } = startNight(office)
    const outcomes = await Promise.all(asked)
    await runner.tick()
    await runner.close()
    for (const { kind } of outcomes) expect(['renewed', 'already']).toContain(kind)
    const whole = wholeNight(night)
    const { orders, ...found } = await countNight(office, night)
    // Who clicks has the session told; the job does not.
    expect({ ...found, orders: 0 }).toEqual(whole)
    expect(orders).toBeLessThanOrEqual(6)
    await checkBooks(office)
  })
})

describe('F65 off for three days', () => {
  it('gives the missed period once, within grace, and says that the run was late', async () => {
    const night = await makeNight(office, { count: 8, name: named() })
    const late = hours(47, midnight)
    const { runner } = startNight(office, { now: new Date(late.getTime() + 9 * 60_000) })
    await runner.tick()
    await runner.close()
    const { orders, ...found } = await countNight(office, night)
    expect({ ...found, orders: 0 }).toEqual(wholeNight(night))
    // Those in grace come out of it: one order each, and no disconnect.
    expect(orders).toBe(8)
    expect(await count(`select count(*) from coa_order where wish = 'disconnect'`)).toBe(0)
    expect(await runs()).toMatchObject([{ late: true, state: 'done', result: { renewed: 8 } }])
  })
})

describe('F66 a poisoned line', () => {
  it('is set aside and listed, and the others are renewed', async () => {
    const night = await makeNight(office, { count: 20, name: named() })
    const [poison] = await rowsOf(office, 'select id, username from subscriber where plan_id = $1 limit 1', [
      night.planId,
    ])
    await rowsOf(
      office,
      `create function refuse_poison() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$;
       create trigger poison before insert on renewal for each row when (new.subscriber_id = ${String(poison!.id)})
         execute function refuse_poison()`,
    )
    const { runner } = startNight(office)
    await runner.tick()
    await runner.close()
    await rowsOf(office, 'drop trigger poison on renewal; drop function refuse_poison()')
    expect(await countNight(office, night)).toMatchObject({ renewed: 19, charges: 19 })
    expect(await runs()).toMatchObject([{ state: 'done', result: { renewed: 19, refused: 0, failed: 1 } }])
    expect(await listJobFailures(office.db, { limit: 10 }, everything)).toMatchObject([
      { job: 'renew-due', subscriberId: poison!.id, username: poison!.username, tries: 1 },
    ])
  })
})

describe('F60 a database whose clock is five minutes off', () => {
  it.each([-5, 5])(
    '%i minutes: charges by our clock, holds the run by its own, and does nothing twice',
    async (minutes) => {
      const night = await makeNight(office, { count: 5, name: named() })
      // Leases go by the clock of the database alone, so that for them every injected time is off; money goes by ours alone.
      const at = hours(minutes / 60, renewalTime)
      const { runner, clock } = startNight(office, { now: at, instance: 'one' })
      const other = startNight(office, { now: renewalTime, instance: 'other' })
      await Promise.all([runner.tick(), other.runner.tick()])
      clock.set(hours(0.2, renewalTime))
      await Promise.all([runner.tick(), other.runner.tick()])
      await Promise.all([runner.close(), other.runner.close()])
      expect(await countNight(office, night)).toEqual(wholeNight(night))
    },
  )
})

describe('F68 expiry in the moment of renewal', () => {
  it('waits for the renewal that holds the row, and then sees a paid line', async () => {
    const night = await makeNight(office, { count: 1, name: named() })
    const disarm = armFailPoint('renewal_recorded', 'pause')
    const renewing = renewDue(office.db, testAuthor(office), midnight)
    await vi.waitFor(async () => {
      const free = `select 1 from subscriber where plan_id = $1 for update skip locked`
      expect(await rowsOf(office, free, [night.planId])).toEqual([])
    })
    // What an expiry would do: look at the row under its lock, and cut off who has not paid.
    const expired = rowsOf(
      office,
      `update subscriber set updated_at = now() where plan_id = $1 and expires_at <= $2 returning id`,
      [night.planId, midnight],
    )
    disarm()
    expect(await renewing).toMatchObject({ renewed: 1 })
    expect(await expired).toEqual([])
    expect(await countNight(office, night)).toMatchObject({ renewed: 1, charges: 1, online: 1 })
  })
})
