// Periods that begin by the job, beside others who act upon the same subscriber.
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { setAside } from '../../../src/domain/job-failure.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import { beginDuePeriods } from '../../../src/domain/money/renew-due.ts'
import { revertRenewal } from '../../../src/domain/money/revert-renewal.ts'
import { checkBooks, factsOf, line, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const by = () => testAuthor(office)
let planId: bigint
let dear: bigint
beforeAll(async () => {
  planId = await pricedPlan(office, { name: 'Month' })
  dear = await pricedPlan(office, { name: 'Dear', priceMinor: 5_000n })
})
afterEach(() => checkBooks(office))

/** A line whose next period, of the dear plan, is paid and begins in a day. */
async function paidAhead(): Promise<bigint> {
  const { id } = await line(office, { planId, balanceMinor: 9_000n })
  await office.db.updateTable('subscriber').set({ next_plan_id: dear }).where('id', '=', id).execute()
  const outcome = await renew(office.db, { subscriberId: id, periods: 1, free: false }, by(), noon)
  expect(outcome.kind).toBe('renewed')
  return id
}

const periodsOf = (id: bigint) =>
  rowsOf(office, 'select begun_at, void_at is not null as void from service_period where subscriber_id = $1', [id])
/** Resolves when somebody in this database waits for a lock. */
const waits = () =>
  vi.waitFor(
    async () => {
      const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      expect(await rowsOf(office, waiting)).not.toEqual([])
    },
    { timeout: 10_000, interval: 10 },
  )

describe('a period whose time has come', () => {
  it('does not begin where its renewal is taken back while its row is waited for', async () => {
    const id = await paidAhead()
    const before = await factsOf(office, id)
    let beginning: ReturnType<typeof beginDuePeriods> | undefined
    await office.db.transaction().execute(async (trx) => {
      await revertRenewal(trx, { subscriberId: id }, by(), hours(25))
      beginning = beginDuePeriods(office.db, hours(25))
      await waits()
    })
    expect(await beginning).toEqual({ begun: 0, failed: [] })
    expect(await periodsOf(id)).toEqual([{ begun_at: null, void: true }])
    expect(await factsOf(office, id)).toMatchObject({ plan_id: planId, period_started_at: before.period_started_at })
  })

  it('remembers what was decided for the subscriber while its row was waited for', async () => {
    const id = await paidAhead()
    let beginning: ReturnType<typeof beginDuePeriods> | undefined
    await office.db.transaction().execute(async (trx) => {
      await trx.updateTable('subscriber').set({ next_plan_id: planId }).where('id', '=', id).execute()
      beginning = beginDuePeriods(office.db, hours(25))
      await waits()
    })
    expect(await beginning).toEqual({ begun: 1, failed: [] })
    const found = await rowsOf(office, 'select before_next_plan_id from service_period where subscriber_id = $1', [id])
    expect(found).toEqual([{ before_next_plan_id: planId }])
    expect(await factsOf(office, id)).toMatchObject({ plan_id: dear, next_plan_id: planId })
  })

  it('begins once where it begins elsewhere while its row is waited for', async () => {
    const id = await paidAhead()
    const both = await Promise.all([beginDuePeriods(office.db, hours(25)), beginDuePeriods(office.db, hours(26))])
    expect(both.reduce((sum, { begun }) => sum + begun, 0)).toBe(1)
    expect(await factsOf(office, id)).toMatchObject({ plan_id: dear, period_started_at: hours(24) })
    const [row] = await rowsOf(office, 'select before_plan_id from service_period where subscriber_id = $1', [id])
    expect(row).toEqual({ before_plan_id: planId })
  })

  it('is set aside no longer when somebody else has let it begin', async () => {
    const id = await paidAhead()
    await setAside(office.db, { job: 'begin-periods', subscriberId: id, reason: 'broken' }, hours(24))
    expect(await beginDuePeriods(office.db, hours(24.5))).toEqual({ begun: 0, failed: [] })
    await renew(office.db, { subscriberId: id, periods: 1, free: true }, by(), hours(24.5))
    expect(await factsOf(office, id)).toMatchObject({ plan_id: dear })
    expect(await rowsOf(office, 'select 1 from job_failure where subscriber_id = $1', [id])).toEqual([])
  })

  it('is tried a day later at most, however often it broke', async () => {
    const id = await paidAhead()
    const failure = { job: 'begin-periods', subscriberId: id, reason: 'broken' }
    const nextOf = async () =>
      (await rowsOf(office, 'select next_at from job_failure where subscriber_id = $1', [id]))[0]
    await setAside(office.db, failure, noon)
    await setAside(office.db, failure, noon)
    expect(await nextOf()).toEqual({ next_at: hours(2) })
    await rowsOf(office, 'update job_failure set tries = 5000 where subscriber_id = $1', [id])
    await setAside(office.db, failure, noon)
    expect(await nextOf()).toEqual({ next_at: hours(24) })
  })
})
