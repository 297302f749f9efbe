// The jobs over the API: what they are, how they went, running one now, the night beforehand, who was set aside, taking a run back.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { workBulkRuns } from '../../../src/domain/bulk/step.ts'
import { setAside } from '../../../src/domain/job-failure.ts'
import { beginDuePeriods } from '../../../src/domain/money/renew-due.ts'
import { proofMs } from '../../../src/domain/operator/caller.ts'
import { jobs } from '../../../src/jobs/list.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { balanceOf, checkBooks, factsOf, line, pricedPlan } from '../../support/money.ts'
import { countNight, makeNight, midnight, renewalTime, startNight, wholeNight } from '../../support/night.ts'
import { hours, noon, rowsOf } from '../../support/operator.ts'

const api = useApi()
const office = {
  get url() {
    return api.databaseUrl
  },
  get pool() {
    return api.pool
  },
  get db() {
    return api.db
  },
  get keyring() {
    return api.keyring
  },
  get keyFile() {
    return api.keyFile
  },
  get author() {
    return api.author
  },
}
let admin: Client
let made = 0
beforeAll(async () => {
  admin = await api.as('super-administrator')
})
beforeEach(async () => {
  await rowsOf(office, 'update subscriber set auto_renew = false')
  await rowsOf(office, 'delete from job_run')
  await rowsOf(office, 'update service_period set begun_at = now() where begun_at is null')
  api.clock.set(noon)
})
const named = () => `night-${(made += 1)}-`

/** Runs the renewals of a night and returns the id of the run. */
async function renewNight(now = renewalTime): Promise<number> {
  const { runner } = startNight(office, { now })
  await runner.tick()
  await runner.close()
  const [row] = await rowsOf(office, `select max(id)::integer as id from job_run where job = 'renew-due'`)
  return row!.id as number
}

async function work(): Promise<void> {
  const options = { keyring: api.keyring, largestChunk: 500, onError: () => undefined }
  while ((await workBulkRuns(api.db, options, api.clock.now())).kind === 'worked');
}

describe('GET /jobs', () => {
  it('lists every job with its schedule, its last run and the next', async () => {
    await makeNight(office, { count: 2, name: named() })
    const id = await renewNight()
    const { body } = await admin.get('/jobs')
    const items = body.items as Record<string, unknown>[]
    expect(new Set(items.map(({ name }) => name))).toEqual(new Set(jobs.map(({ name }) => name)))
    expect(items).toHaveLength(jobs.length)
    expect(items.find(({ name }) => name === 'renew-due')).toMatchObject({
      cron: '*/10 * * * *',
      zone: 'UTC',
      next_at: '2026-11-22T12:10:00.000Z',
      last_run: { id, state: 'done', result: { renewed: 2, refused: 0, failed: 0 }, late: false, tries: 1 },
    })
    expect(items.find(({ name }) => name === 'retention')).toMatchObject({
      next_at: '2026-11-23T03:15:00.000Z',
      last_run: null,
    })
  })
})

describe('the runs of a job', () => {
  it('are paged from the newest, and an unknown job is not there', async () => {
    const ids: number[] = []
    for (const minutes of [0, 10, 20]) ids.unshift(await renewNight(new Date(renewalTime.getTime() + minutes * 60_000)))
    const first = await admin.get('/jobs/renew-due/runs?limit=2')
    const second = await admin.get(`/jobs/renew-due/runs?limit=2&cursor=${String(first.body.next_cursor)}`)
    const found = [first, second].flatMap(({ body }) => (body.items as { id: number }[]).map(({ id }) => id))
    expect(found).toEqual(ids)
    expect((await admin.get('/jobs/nothing/runs')).status).toBe(404)
    expect((await admin.post('/jobs/nothing/runs')).status).toBe(404)
  })

  it('can be asked for, once until it is done, on record, and another process runs it', async () => {
    const asked = await admin.post('/jobs/renew-due/runs')
    expect(asked.status).toBe(202)
    expect(asked.body).toMatchObject({ state: 'waiting', asked_by: admin.email, tries: 0, started_at: null })
    expect((await admin.post('/jobs/renew-due/runs')).body.id).toBe(asked.body.id)
    await renewNight()
    const { body } = await admin.get('/jobs/renew-due/runs')
    expect((body.items as unknown[])[0]).toMatchObject({ id: asked.body.id, state: 'done', tries: 1 })
    const entries = await rowsOf(
      office,
      `select author_name from audit_entry where action = 'job.run' and row_id = $1`,
      [asked.body.id],
    )
    expect(entries).toEqual([{ author_name: admin.email }, { author_name: admin.email }])
    expect((await (await api.as('support')).post('/jobs/renew-due/runs')).status).toBe(403)
  })
})

describe('GET /jobs/forecast', () => {
  it('says how many expire, renew and cannot, and for how much', async () => {
    await makeNight(office, { count: 12, name: named() })
    await makeNight(office, { count: 3, name: named(), periods: 0 })
    const plan = await pricedPlan(office, { name: named() })
    await line(office, { planId: plan, expiresAt: hours(3) })
    const { body, status } = await admin.get('/jobs/forecast?until=2026-11-23T06:00:00Z')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      until: '2026-11-23T06:00:00.000Z',
      expire: { count: 4 },
      renew: { count: 12, periods: 12, amounts: [{ currency: 'EUR', amount: '240.00' }] },
      refuse: { count: 3, rules: [{ rule: 'balance', count: 3 }] },
      periods_begin: { count: 12 },
      plan_changes: { count: 0, first: [] },
    })
    expect((await admin.get('/jobs/forecast?until=2026-11-22T11:00:00Z')).status).toBe(422)
    expect((await admin.get('/jobs/forecast')).status).toBe(400)
  })

  it('shows a reseller its own lines', async () => {
    const organisationId = await api.reseller('Forecast')
    const reseller = await api.as('reseller', { organisationId })
    const plan = await pricedPlan(office, { name: named() })
    await line(office, { planId: plan, ownerId: organisationId, autoRenew: true, balanceMinor: 9_000n })
    const { body } = await reseller.get('/jobs/forecast?until=2026-11-23T18:00:00Z')
    expect(body).toMatchObject({ expire: { count: 0 }, renew: { count: 1 } })
  })
})

describe('GET /jobs/failures', () => {
  it('lists whom renewals and other jobs set aside, by job and page, each to who reaches it', async () => {
    await makeNight(office, { count: 2, name: named(), periods: 0 })
    await renewNight()
    const plan = await pricedPlan(office, { name: named() })
    const { id } = await line(office, { planId: plan })
    await setAside(api.db, { job: 'begin-periods', subscriberId: id, reason: 'broken' }, noon)
    const all = await admin.get('/jobs/failures')
    expect((all.body.items as { job: string }[]).map(({ job }) => job)).toEqual([
      'renew-due',
      'renew-due',
      'begin-periods',
    ])
    const first = await admin.get('/jobs/failures?limit=1&job=renew-due')
    const second = await admin.get(`/jobs/failures?limit=1&job=renew-due&cursor=${String(first.body.next_cursor)}`)
    expect([first, second].flatMap(({ body }) => body.items)).toEqual((all.body.items as unknown[]).slice(0, 2))
    expect((all.body.items as unknown[])[2]).toMatchObject({
      subscriber_id: Number(id),
      reason: 'broken',
      tries: 1,
      next_at: hours(1).toISOString(),
    })
    const reseller = await api.as('reseller', { organisationId: await api.reseller('Failures') })
    expect((await reseller.get('/jobs/failures')).body.items).toEqual([])
  })

  it('has a period that cannot begin, while the others do, until it can', async () => {
    const night = await makeNight(office, { count: 6, name: named() })
    await renewNight()
    const [poison] = await rowsOf(office, 'select id from subscriber where plan_id = $1 limit 1', [night.planId])
    await rowsOf(
      office,
      `create function refuse_begin() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$;
       create trigger poison before update on service_period for each row
         when (new.subscriber_id = ${String(poison!.id)}) execute function refuse_begin()`,
    )
    expect(await beginDuePeriods(api.db, midnight)).toMatchObject({ begun: 5, failed: [{ subscriberId: poison!.id }] })
    expect(await beginDuePeriods(api.db, midnight)).toEqual({ begun: 0, failed: [] })
    const { body } = await admin.get('/jobs/failures?job=begin-periods')
    expect((body.items as { subscriber_id: number }[]).map((item) => item.subscriber_id)).toContain(Number(poison!.id))
    await rowsOf(office, 'drop trigger poison on service_period; drop function refuse_begin()')
    expect(await beginDuePeriods(api.db, hours(1, midnight))).toEqual({ begun: 1, failed: [] })
    expect(await rowsOf(office, 'select 1 from job_failure where subscriber_id = $1', [poison!.id])).toEqual([])
  })
})

describe('taking back what a run renewed', () => {
  it('reverts each renewal once, lists what cannot be, and the next night leaves them alone for a day', async () => {
    const night = await makeNight(office, { count: 5, name: named() })
    const id = await renewNight()
    expect(await countNight(office, night)).toEqual(wholeNight(night))
    const lines = await rowsOf(office, 'select id, payer_id from subscriber where plan_id = $1 order by id', [
      night.planId,
    ])
    // One was extended since: its renewal of the night is not the last any more.
    await admin.post(`/subscribers/${String(lines[0]!.id)}/renew`, { periods: 1 })
    api.clock.set(hours(1, renewalTime))
    const fresh = await api.as('super-administrator')
    const undo = await fresh.post(`/jobs/runs/${id}/undo`)
    expect(undo.status).toBe(202)
    expect(undo.body).toMatchObject({
      action: 'revert-renewal',
      target: { job_run: id },
      counts: { total: 5, left: 5 },
    })
    expect((await fresh.post(`/jobs/runs/${id}/undo`)).body.id).toBe(undo.body.id)
    await work()
    const run = await fresh.get(`/bulk-runs/${String(undo.body.id)}`)
    expect(run.body).toMatchObject({ state: 'done', counts: { done: 4, refused: 1, left: 0 } })
    const items = await fresh.get(`/bulk-runs/${String(undo.body.id)}/items?outcome=refused`)
    expect(items.body.items).toMatchObject([
      { subscriber_id: Number(lines[0]!.id), reason: 'only the last renewal can be reverted' },
    ])
    for (const { id: subscriberId, payer_id: payerId } of lines.slice(1)) {
      expect((await factsOf(office, subscriberId as bigint)).expires_at).toEqual(midnight)
      expect(await balanceOf(office, payerId as bigint)).toBe(6_000n)
    }
    await checkBooks(office)
    // The job would charge them again ten minutes later.
    const next = await renewNight(hours(2, renewalTime))
    expect(await rowsOf(office, 'select 1 from renewal where job_run_id = $1', [next])).toEqual([])
    await renewNight(hours(26, renewalTime))
    expect(
      await rowsOf(office, 'select 1 from subscriber where plan_id = $1 and expires_at = $2', [night.planId, midnight]),
    ).toEqual([])
    const audited = await rowsOf(office, `select 1 from audit_entry where action = 'bulk-run.undo' and row_id = $1`, [
      undo.body.id,
    ])
    expect(audited).toHaveLength(1)
  })

  it('asked again takes back what is left, and then answers with what was done', async () => {
    await makeNight(office, { count: 3, name: named() })
    const id = await renewNight()
    const first = await admin.post(`/jobs/runs/${id}/undo`)
    await work()
    const again = await admin.post(`/jobs/runs/${id}/undo`)
    expect([again.status, again.body.id]).toEqual([202, first.body.id])
    expect(again.body).toMatchObject({ state: 'done', counts: { done: 3 } })
    await checkBooks(office)
  })

  it('is refused for a run that renewed nothing, is not there or still busy, and asks for a proof where it is large', async () => {
    const idle = await renewNight()
    expect((await admin.post(`/jobs/runs/${idle}/undo`)).status).toBe(409)
    expect((await admin.post('/jobs/runs/999999999/undo')).status).toBe(404)
    const asked = await admin.post('/jobs/renew-due/runs')
    expect((await admin.post(`/jobs/runs/${String(asked.body.id)}/undo`)).status).toBe(409)
    await rowsOf(office, 'delete from job_run')
    await admin.put('/settings/bulk_large', { value: 2 })
    await makeNight(office, { count: 2, name: named() })
    const large = await renewNight()
    const stale = await api.as('super-administrator', { provedAt: new Date(noon.getTime() - proofMs - 1) })
    const refused = await stale.post(`/jobs/runs/${large}/undo`)
    expect([refused.status, refused.body.code]).toEqual([403, 'recent-proof-needed'])
    expect(await rowsOf(office, 'select 1 from bulk_run where undo_of_job_run = $1', [large])).toEqual([])
    expect((await admin.post(`/jobs/runs/${large}/undo`)).status).toBe(202)
    await work()
  })
})
