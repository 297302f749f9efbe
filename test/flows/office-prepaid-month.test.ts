// A month of prepaid subscribers: the nightly jobs run by the clock, twice as on two servers, and five people do as people do.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobs } from '../../src/jobs/list.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { createLogger } from '../../src/log.ts'
import { useApi } from '../support/api.ts'
import type { Client } from '../support/api.ts'
import { findBreaches, insist } from '../support/invariants.ts'
import { checkBooks } from '../support/money.ts'
import { hours, noon, rowsOf } from '../support/operator.ts'
import { makePlanBy } from '../support/plan-api.ts'

const api = useApi()
// Before the database goes: what must hold after every story.
afterAll(async () => insist(await findBreaches(api.pool, api.clock.now())))
const zone = 'Europe/Berlin'
const log = createLogger({ level: 'silent', name: 'test' })
const day = (count: number) => hours(24 * count)
let desk: Client
type Person = { id: number; payerId: number }
const people: Record<string, Person> = {}

beforeAll(async () => {
  desk = await api.as('administrator')
  await writeSetting(api.db, { name: 'zone', value: zone }, noon)
  await writeSetting(api.db, { name: 'reminder_days', value: [3, 1] }, noon)
  const week = { name: 'Week', validity: 7, price: '5', grace_hours: 24 }
  const flat = {
    name: 'Flat',
    validity: 1,
    validity_unit: 'calendar-month',
    price: '30',
    auto_renew: true,
    grace_hours: 72,
  }
  for (const plan of [week, flat]) await makePlanBy(desk, plan)
  await sell('anna', 'Flat', '100')
  await sell('bert', 'Week', '5')
  await sell('cleo', 'Week', '12', true)
  await sell('dora', 'Week', '5')
  await sell('eve', 'Week', '50', true)
})
afterAll(() => checkBooks({ db: api.db, pool: api.pool } as Parameters<typeof checkBooks>[0]))

async function sell(username: string, plan: string, amount: string, autoRenew?: boolean): Promise<void> {
  const body = { username, plan, email: `${username}@example.net`, full_name: `Person ${username}` }
  const answer = await desk.post('/subscribers', autoRenew === undefined ? body : { ...body, auto_renew: autoRenew })
  expect(answer.status).toBe(201)
  const id = answer.body.id as number
  const payerId = ((await desk.get(`/subscribers/${id}`)).body.payer as { id: number }).id
  people[username] = { id, payerId }
  await pay(username, amount)
  expect((await act(username, 'activate')).status).toBe(200)
}
const pay = async (name: string, amount: string) => {
  expect((await desk.post(`/payers/${people[name]!.payerId}/top-ups`, { amount })).status).toBe(201)
}
const act = (name: string, action: string, body: Record<string, unknown> = {}) =>
  desk.post(`/subscribers/${people[name]!.id}/${action}`, body)
const show = async (name: string) => (await desk.get(`/subscribers/${people[name]!.id}`)).body
const ends = (count: number) => ({ expires_at: day(count).toISOString() })

const everyHours = new Set(['begin-periods', 'renew-due', 'remind-of-expiry', 'check-balances'])
let hour = 0

/** The jobs run every six hours, and all of them once a day, each twice at once. */
async function until(count: number): Promise<void> {
  for (; hour < count * 24;) {
    hour += 6
    api.clock.set(hours(hour))
    const context = { pool: api.pool, db: api.db, keyring: api.keyring, now: api.clock.now(), zone, log }
    for (const job of jobs) {
      if (!everyHours.has(job.name) && hour % 48 !== 12) continue
      const runs = job.name === 'renew-due' ? [job.run(context), job.run(context)] : [job.run(context)]
      const results = await Promise.all(runs)
      if (job.name === 'check-balances') expect(results).toEqual([{ wrong: 0 }])
      if (job.name === 'renew-due') for (const result of results) expect(result.failed).toBe(0)
    }
  }
  // Nobody stays signed in over days.
  desk = await api.as('administrator')
}

async function reminders(name: string): Promise<number> {
  const rows = await rowsOf(
    { pool: api.pool },
    `select 1 from message where subscriber_id = $1 and kind = 'expiry-reminder'`,
    [people[name]!.id],
  )
  return rows.length
}

describe('the month', () => {
  it('begins with everybody in service, and the flat one paid for what is left of November', async () => {
    for (const name of Object.keys(people)) expect(await show(name)).toMatchObject({ label: 'active' })
    expect(await show('anna')).toMatchObject({
      balance: '91.00',
      auto_renew: true,
      expires_at: '2026-11-30T23:00:00.000Z',
    })
    expect(await show('bert')).toMatchObject({ balance: '0.00', auto_renew: false, ...ends(7) })
  })

  it('day 5: who pays by hand renews early, the others are reminded', async () => {
    await until(4)
    expect((await act('eve', 'block', { reason: 'abuse' })).status).toBe(200)
    await until(5)
    expect(await reminders('dora')).toBe(1)
    await pay('bert', '5')
    expect((await act('bert', 'renew')).body).toMatchObject({ outcome: 'done', detail: ends(14) })
    await until(6.5)
    expect(await reminders('dora')).toBe(2)
    // Bert was reminded once before he paid; who renews by itself is not bothered.
    expect(await reminders('bert')).toBe(1)
    expect(await reminders('cleo')).toBe(0)
    expect(await reminders('anna')).toBe(0)
  })

  it('day 7: the first weeks end; money renews, its lack gives grace, a block stops the job', async () => {
    await until(7.25)
    expect(await show('cleo')).toMatchObject({ label: 'active', balance: '2.00', ...ends(14) })
    expect(await show('dora')).toMatchObject({ label: 'grace', balance: '0.00', ...ends(7) })
    expect(await show('eve')).toMatchObject({ label: 'blocked', service_period: 'grace', balance: '45.00' })
    expect(await show('bert')).toMatchObject({ label: 'active', ...ends(14) })
    // Let in again within grace: the next run renews from the old end.
    expect((await act('eve', 'unblock')).status).toBe(200)
    await until(7.5)
    expect(await show('eve')).toMatchObject({ label: 'active', balance: '40.00', ...ends(14) })
  })

  it('day 9: the turn of the month renews the flat rate once, at the full price, ahead of midnight', async () => {
    await until(9)
    expect(await show('anna')).toMatchObject({ label: 'active', balance: '61.00' })
    expect(await show('anna')).toMatchObject({ expires_at: '2026-12-31T23:00:00.000Z' })
    expect(await show('dora')).toMatchObject({ label: 'expired' })
    const { items } = (await desk.get(`/subscribers/${people.anna!.id}/renewals`)).body as { items: object[] }
    expect(items).toHaveLength(2)
  })

  it('day 14: too little money is said, tried again, and mended by a top-up within grace', async () => {
    await pay('bert', '15')
    expect((await act('bert', 'renew', { periods: 3 })).body).toMatchObject({ detail: ends(35) })
    await until(14.25)
    expect(await show('cleo')).toMatchObject({ label: 'grace', balance: '2.00', ...ends(14) })
    const failed = (await desk.get(`/subscribers/${people.cleo!.id}/renewals`)).body
    expect(failed).toMatchObject({ failure: { reason: expect.stringContaining('5.00 EUR are needed') } })
    await pay('cleo', '10')
    await until(14.5)
    expect(await show('cleo')).toMatchObject({ label: 'active', balance: '7.00', ...ends(21) })
    const mended = (await desk.get(`/subscribers/${people.cleo!.id}/renewals`)).body
    expect(mended).toMatchObject({ failure: null })
  })

  it('day 20: who comes back after grace begins a week of now, not of then', async () => {
    await until(20)
    await pay('dora', '5')
    expect((await act('dora', 'renew')).body).toMatchObject({ outcome: 'done', detail: ends(27) })
    expect(await show('dora')).toMatchObject({ label: 'active', balance: '0.00' })
  })

  it('day 31: everybody has what they paid for, and the ISP earned what was charged', async () => {
    await until(31)
    expect(await show('anna')).toMatchObject({ label: 'active', balance: '61.00' })
    expect(await show('bert')).toMatchObject({ label: 'active', balance: '0.00', ...ends(35) })
    expect(await show('cleo')).toMatchObject({ label: 'expired', balance: '2.00', ...ends(28) })
    expect(await show('dora')).toMatchObject({ label: 'expired', ...ends(27) })
    expect(await show('eve')).toMatchObject({ label: 'active', balance: '25.00', ...ends(35) })
    const [sums] = await rowsOf(
      { pool: api.pool },
      `select sum(amount_minor) filter (where account = 'revenue')::bigint as revenue,
         sum(amount_minor) filter (where account = 'cash')::bigint as cash from ledger_entry`,
    )
    // In: 100, 25, 22, 10 and 50. Left on balances: 61, 0, 2, 0 and 25.
    expect(sums).toEqual({ cash: -20_700n, revenue: 11_900n })
  })

  it('the statement of the month is the month: what came, what went, what is left', async () => {
    const span = 'from=2026-11-22T00:00:00Z&to=2026-12-24T00:00:00Z'
    const { text } = await desk.get(`/payers/${people.cleo!.payerId}/statement?${span}`)
    expect(text).toContain('<td colspan="3">Balance before</td><td class="amount">0.00</td>')
    expect(text).toContain('<th colspan="3">Balance after</th><th class="amount">2.00</th>')
    expect(text.match(/Renewal/g)).toHaveLength(3)
    expect(text.match(/Activation/g)).toHaveLength(1)
  })
})
