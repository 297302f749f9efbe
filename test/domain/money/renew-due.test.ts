import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { postIncome } from '../../../src/domain/money/posting.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import { listRenewals, readRenewalFailure } from '../../../src/domain/money/renewal-list.ts'
import { beginDuePeriods, renewDue } from '../../../src/domain/money/renew-due.ts'
import { everything } from '../../../src/domain/scope.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { createLogger } from '../../../src/log.ts'
import { moneyJobs } from '../../../src/jobs/money.ts'
import { balanceOf, checkBooks, factsOf, line, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, openSession, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const days = (count: number, from = noon): Date => hours(count * 24, from)
const run = (now: Date) => renewDue(office.db, testAuthor(office), now)
let planId: bigint
let daily: bigint
beforeAll(async () => {
  planId = await pricedPlan(office, { name: 'Month', graceHours: 24 })
  daily = await pricedPlan(office, { name: 'Day', validity: 1, priceMinor: 100n, graceHours: 240 })
})
afterEach(async () => {
  await checkBooks(office)
  // Of the next test only its own lines are due.
  await office.db.updateTable('subscriber').set({ auto_renew: false }).execute()
})

describe('lines that renew by themselves', () => {
  it('renew some hours ahead of their end, once, and keep quiet towards sessions in service', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 9_000n, autoRenew: true })
    await openSession(office, id, 'quiet')
    expect(await run(hours(17))).toEqual({ renewed: 0, refused: 0, failed: [] })
    expect(await run(hours(18))).toMatchObject({ renewed: 1 })
    expect(await run(hours(18))).toMatchObject({ renewed: 0 })
    expect(await factsOf(office, id)).toMatchObject({ expires_at: days(31), period_started_at: noon })
    expect(await balanceOf(office, payerId)).toBe(7_000n)
    expect(await rowsOf(office, 'select 1 from coa_order where subscriber_id = $1', [id])).toEqual([])
    await beginDuePeriods(office.db, days(1))
    expect((await factsOf(office, id)).period_started_at).toEqual(days(1))
  })

  it('do so as the setting says', async () => {
    await line(office, { planId, balanceMinor: 9_000n, autoRenew: true })
    await writeSetting(office.db, { name: 'renew_ahead_hours', value: 20 }, noon)
    expect(await run(hours(4))).toMatchObject({ renewed: 1 })
    await writeSetting(office.db, { name: 'renew_ahead_hours', value: 6 }, noon)
  })

  it('with too little money have a row that says why and when next, and are tried when money comes', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 100n, autoRenew: true })
    expect(await run(hours(20))).toMatchObject({ renewed: 0, refused: 1 })
    expect(await run(hours(20))).toMatchObject({ refused: 0 })
    const failure = await readRenewalFailure(office.db, id, everything)
    expect(failure).toMatchObject({
      tries: 1,
      nextAt: hours(21),
      reason: expect.stringContaining('20.00 EUR are needed'),
    })
    expect(await run(hours(21))).toMatchObject({ refused: 1 })
    expect(await readRenewalFailure(office.db, id, everything)).toMatchObject({ tries: 2, nextAt: hours(23) })
    const account = { kind: 'payer', id: payerId } as const
    await postIncome(office.db, { kind: 'payment', account, amount: '20' }, testAuthor(office), hours(22))
    expect(await run(hours(22))).toMatchObject({ renewed: 1 })
    expect(await readRenewalFailure(office.db, id, everything)).toBeUndefined()
    expect(await listRenewals(office.db, id, { limit: 5 }, everything)).toMatchObject([
      { kind: 'renewal', periods: 1, amount_minor: 2_000n, starts_at: days(1), ends_at: days(31), plan: 'Month' },
    ])
  })

  it('after three days of outage give every missed period within grace, in order, once', async () => {
    const { id, payerId } = await line(office, {
      planId: daily,
      balanceMinor: 9_000n,
      autoRenew: true,
      graceUntil: days(11),
    })
    expect(await run(days(4.5))).toMatchObject({ renewed: 4 })
    expect(await run(days(4.5))).toMatchObject({ renewed: 0 })
    expect((await factsOf(office, id)).expires_at).toEqual(days(5))
    expect((await factsOf(office, id)).period_started_at).toEqual(days(4))
    expect(await balanceOf(office, payerId)).toBe(8_600n)
    const periods = await rowsOf(
      office,
      'select starts_at from service_period where subscriber_id = $1 order by number',
      [id],
    )
    expect(periods.map((row) => row.starts_at)).toEqual([days(1), days(2), days(3), days(4)])
  })

  it('whose grace is over begin anew, and those long dead are left alone', async () => {
    const over = await line(office, { planId, balanceMinor: 9_000n, autoRenew: true, expiresAt: days(-9) })
    const dead = await line(office, { planId, balanceMinor: 9_000n, autoRenew: true, expiresAt: days(-31) })
    expect(await run(noon)).toMatchObject({ renewed: 1 })
    expect((await factsOf(office, over.id)).expires_at).toEqual(days(30))
    expect((await factsOf(office, dead.id)).expires_at).toEqual(days(-31))
  })

  it('are not renewed while they are blocked, disabled, deleted or new', async () => {
    const ids: bigint[] = []
    for (const change of [{ blocked_at: noon }, { enabled: false }, { archived_at: noon }, { activated_at: null }]) {
      const { id } = await line(office, { planId, balanceMinor: 9_000n, autoRenew: true })
      await office.db.updateTable('subscriber').set(change).where('id', '=', id).execute()
      ids.push(id)
    }
    expect(await run(hours(20))).toEqual({ renewed: 0, refused: 0, failed: [] })
  })

  it('of some hours are not renewed for hours to come', async () => {
    const hourly = await pricedPlan(office, { name: 'Hour', validity: 2, unit: 'hours', priceMinor: 10n })
    const { id } = await line(office, { planId: hourly, balanceMinor: 9_000n, autoRenew: true, expiresAt: hours(2) })
    expect(await run(noon)).toMatchObject({ renewed: 0 })
    expect(await run(hours(1))).toMatchObject({ renewed: 1 })
    expect(await run(hours(1))).toMatchObject({ renewed: 0 })
    expect((await factsOf(office, id)).expires_at).toEqual(hours(4))
  })
})

describe('the run', () => {
  it('goes on past a line that breaks, and tries that one later', async () => {
    const lines = []
    for (let count = 0; count < 10; count += 1) {
      lines.push(await line(office, { planId, balanceMinor: 9_000n, autoRenew: true }))
    }
    const poison = lines[4]!
    await rowsOf(
      office,
      `create function refuse_poison() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$;
       create trigger poison before insert on renewal for each row when (new.subscriber_id = ${poison.id}) execute function refuse_poison()`,
    )
    const result = await run(hours(20))
    expect(result).toMatchObject({ renewed: 9, failed: [{ subscriberId: poison.id }] })
    expect(await balanceOf(office, poison.payerId)).toBe(9_000n)
    expect(await readRenewalFailure(office.db, poison.id, everything)).toMatchObject({ tries: 1 })
    await rowsOf(office, 'drop trigger poison on renewal')
    expect(await run(hours(20.5))).toMatchObject({ renewed: 0 })
    expect(await run(hours(21))).toMatchObject({ renewed: 1 })
  })

  it('lists what was in the way of a period and is not that period, ever later and a day at most', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 9_000n, autoRenew: true })
    await rowsOf(
      office,
      `create function refuse_twin() returns trigger language plpgsql as
         $$ begin raise exception 'a twin' using errcode = 'unique_violation'; end $$;
       create trigger twin before insert on renewal for each row when (new.subscriber_id = ${id}) execute function refuse_twin()`,
    )
    expect(await run(hours(20))).toMatchObject({ renewed: 0, failed: [{ subscriberId: id }] })
    expect(await balanceOf(office, payerId)).toBe(9_000n)
    await rowsOf(office, 'update renewal_failure set tries = 5000 where subscriber_id = $1', [id])
    expect(await run(hours(22))).toMatchObject({ renewed: 0, failed: [{ subscriberId: id }] })
    expect(await readRenewalFailure(office.db, id, everything)).toMatchObject({ tries: 5_001, nextAt: hours(46) })
    await rowsOf(office, 'drop trigger twin on renewal; drop function refuse_twin()')
    await rowsOf(office, 'delete from renewal_failure')
    expect(await run(hours(22))).toMatchObject({ renewed: 1 })
  })

  it('by six at once and a click beside it gives one period each', async () => {
    const lines = []
    for (let count = 0; count < 8; count += 1) {
      lines.push(await line(office, { planId, balanceMinor: 9_000n, autoRenew: true }))
    }
    const clicks = lines.map(({ id }) =>
      renew(
        office.db,
        { subscriberId: id, periods: 1, free: false, seenExpiry: days(1) },
        testAuthor(office),
        hours(20),
      ),
    )
    const results = await Promise.all([...Array.from({ length: 6 }, () => run(hours(20))), Promise.all(clicks)])
    const renewed = results.slice(0, 6).reduce((sum, result) => sum + ('renewed' in result ? result.renewed : 0), 0)
    const clicked = (await Promise.all(clicks)).filter(({ kind }) => kind === 'renewed').length
    expect(renewed + clicked).toBe(8)
    for (const { id, payerId } of lines) {
      expect((await factsOf(office, id)).expires_at).toEqual(days(31))
      expect(await balanceOf(office, payerId)).toBe(7_000n)
    }
  })

  it('at a clock that steps back and forth gives nothing twice', async () => {
    const { id, payerId } = await line(office, {
      planId: daily,
      balanceMinor: 90_000n,
      autoRenew: true,
      graceUntil: days(11),
    })
    const steps = [20, 19, 26, 25, 20, 49, 48, 47, 72, 71]
    for (const step of steps) {
      await run(hours(step))
      await beginDuePeriods(office.db, hours(step))
    }
    // At 72 hours the period that ends then is due; it and those before were given once each.
    const { expires_at: expiresAt } = await factsOf(office, id)
    const given = BigInt(Math.round((expiresAt!.getTime() - days(1).getTime()) / 86_400_000))
    expect(await balanceOf(office, payerId)).toBe(90_000n - given * 100n)
    expect(expiresAt).toEqual(days(4))
  })

  it('over a year of hours and a month-end anchor gives twelve months, whenever it was missed', async () => {
    const monthly = await pricedPlan(office, {
      name: 'Monthly',
      validity: 1,
      unit: 'months',
      priceMinor: 100n,
      graceHours: 96,
    })
    const { id, payerId } = await line(office, {
      planId: monthly,
      balanceMinor: 90_000n,
      activatedAt: null,
      expiresAt: null,
    })
    const start = new Date('2027-01-31T12:00:00Z')
    await renew(office.db, { subscriberId: id, periods: 1, free: false }, testAuthor(office), start)
    await office.db.updateTable('subscriber').set({ auto_renew: true }).where('id', '=', id).execute()
    // Every 60 hours: within grace, though never in time.
    for (let step = 0; step < 146; step += 1) await run(hours(step * 60, start))
    const periods = await rowsOf(
      office,
      'select ends_at from service_period where subscriber_id = $1 order by number',
      [id],
    )
    const ends = periods.slice(0, 12).map((row) => (row.ends_at as Date).toISOString().slice(5, 10))
    expect(ends).toEqual([
      '02-28',
      '03-31',
      '04-30',
      '05-31',
      '06-30',
      '07-31',
      '08-31',
      '09-30',
      '10-31',
      '11-30',
      '12-31',
      '01-31',
    ])
    expect(await balanceOf(office, payerId)).toBe(90_000n - BigInt(periods.length) * 100n)
  })

  it('is a job, beside the beginning of periods and the proof of balances', async () => {
    const { payerId } = await line(office, { planId, balanceMinor: 9_000n, autoRenew: true })
    await line(office, { planId, autoRenew: true })
    const log = createLogger({ level: 'silent', name: 'test' })
    const context = { pool: office.pool, db: office.db, keyring: office.keyring, now: hours(20), zone: 'UTC', log }
    const job = (name: string) => moneyJobs.find((found) => found.name === name)!.run(context)
    expect(await job('renew-due')).toEqual({ renewed: 1, refused: 1, failed: 0 })
    expect(await job('begin-periods')).toMatchObject({ begun: expect.any(Number) })
    expect(await job('check-balances')).toEqual({ wrong: 0 })
    await office.db.updateTable('payer').set({ balance_minor: 1n }).where('id', '=', payerId).execute()
    expect(await job('check-balances')).toEqual({ wrong: 1 })
    expect(await rowsOf(office, `select text from alarm where kind = 'wrong-balance'`)).toHaveLength(1)
    await office.db.updateTable('payer').set({ balance_minor: 7_000n }).where('id', '=', payerId).execute()
    expect(await job('check-balances')).toEqual({ wrong: 0 })
    expect(await rowsOf(office, `select 1 from alarm where kind = 'wrong-balance' and cleared_at is null`)).toEqual([])
  })
})
