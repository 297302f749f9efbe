// An ISP's billing system drives everything by an API token: it adds, activates, renews early and late, takes payments, blocks
// who does not pay and lets in again; asks twice what it is not sure of, and reads back what was done.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../support/api.ts'
import type { Answer, Client } from '../support/api.ts'
import { findBreaches, insist } from '../support/invariants.ts'
import { checkBooks } from '../support/money.ts'
import { hours, noon, rowsOf } from '../support/operator.ts'
import { addTestPlan, openTestSession, waitingOrders } from '../support/subscribers.ts'

const api = useApi()
// Before the database goes: what must hold after every story.
afterAll(async () => insist(await findBreaches(api.pool, api.clock.now())))
const days = (count: number) => hours(24 * count)
let token: string
let crm: Pick<Client, 'get' | 'post' | 'patch'>

beforeAll(async () => {
  await addTestPlan(api, 'Fibre', { price_minor: 3_000n, setup_price_minor: 4_900n, grace_hours: 48 })
  await addTestPlan(api, 'Fibre fast', { price_minor: 6_000n, grace_hours: 48 })
  const owner = await api.as('administrator')
  const permissions = [
    'subscriber.read',
    'subscriber.create',
    'subscriber.block',
    'service.renew',
    'money.read',
    'money.post',
  ]
  const made = await owner.post('/me/api-tokens', {
    name: 'Billing system',
    permissions,
    expires_at: days(300).toISOString(),
    allowed: ['127.0.0.0/8', '::1/128'],
  })
  token = made.body.token as string
  const nobody = api.anonymous()
  const authorization = `Bearer ${token}`
  crm = {
    get: (path, headers = {}) => nobody.get(path, { authorization, ...headers }),
    post: (path, body, headers = {}) => nobody.post(path, body, { authorization, ...headers }),
    patch: (path, body, headers = {}) => nobody.patch(path, body, { authorization, ...headers }),
  }
})

type Shown = {
  label: string
  service_period: string
  balance: string
  expires_at: string | null
  grace_until: string | null
  block_reason: string | null
  payer: { id: number }
}
const show = async (id: number) => (await crm.get(`/subscribers/${id}`)).body as unknown as Shown
const act = (id: number, action: string, body: Record<string, unknown> = {}, key?: string) =>
  crm.post(`/subscribers/${id}/${action}`, body, key === undefined ? {} : { 'idempotency-key': key })
const add = async (username: string): Promise<{ id: number; payerId: number }> => {
  api.clock.set(noon)
  const answer = await crm.post('/subscribers', { username, plan: 'Fibre' }, { 'idempotency-key': `add-${username}` })
  expect(answer.status).toBe(201)
  const id = answer.body.id as number
  return { id, payerId: (await show(id)).payer.id }
}
const pay = (payerId: number, amount: string, reference: string) =>
  crm.post(`/payers/${payerId}/payments`, { amount, source: 'crm', external_reference: reference })
const detailOf = (answer: Answer) => answer.body.detail as Record<string, unknown>
const books = () => checkBooks({ db: api.db, pool: api.pool } as Parameters<typeof checkBooks>[0])

describe('the life of a customer', () => {
  it('from the order to the second month: paid, activated, renewed, each asked twice and done once', async () => {
    const { id, payerId } = await add('life')
    expect(await show(id)).toMatchObject({ label: 'new', balance: '0.00', expires_at: null })
    // Nobody has paid: the activation is refused, says what is missing, and nothing has happened.
    const refused = await act(id, 'activate', { reference: 'order 1' })
    expect(refused).toMatchObject({ status: 409, body: { detail: expect.stringContaining('79.00 EUR are needed') } })
    for (let ask = 0; ask < 2; ask += 1) expect((await pay(payerId, '79.00', 'inv 1')).status).toBe(201)
    const activated = await act(id, 'activate', { reference: 'order 1' })
    expect(activated.body).toMatchObject({
      outcome: 'done',
      detail: { amount: '79.00', expires_at: days(30).toISOString() },
    })
    const again = await act(id, 'activate', { reference: 'order 1' })
    expect(again).toMatchObject({ status: 200, body: { outcome: 'unchanged' } })
    expect(detailOf(again)).toEqual(detailOf(activated))
    // Ten days early: the month follows the one that runs.
    api.clock.set(days(20))
    await pay(payerId, '30', 'inv 2')
    const renewed = await act(id, 'renew', { reference: 'month 2' })
    expect(detailOf(renewed)).toMatchObject({ amount: '30.00', expires_at: days(60).toISOString() })
    // The answer was lost and asked for a week later.
    api.clock.set(days(27))
    expect(detailOf(await act(id, 'renew', { reference: 'month 2' }))).toEqual(detailOf(renewed))
    expect(await show(id)).toMatchObject({ label: 'active', balance: '0.00', expires_at: days(60).toISOString() })
    const { items } = (await crm.get(`/subscribers/${id}/renewals`)).body as { items: Record<string, unknown>[] }
    expect(items.map((item) => [item.reference, item.kind])).toEqual([
      ['month 2', 'renewal'],
      ['order 1', 'activation'],
    ])
    await books()
  })

  it('late within grace keeps the old anchor, after it begins anew', async () => {
    const [late, lost] = [await add('late'), await add('lost')]
    for (const { id, payerId } of [late, lost]) {
      await pay(payerId, '109', `${id} all`)
      await act(id, 'activate', { reference: 'order' })
    }
    api.clock.set(days(31))
    expect(await show(late.id)).toMatchObject({ label: 'grace', grace_until: days(32).toISOString() })
    expect(detailOf(await act(late.id, 'renew', { reference: '2' })).expires_at).toBe(days(60).toISOString())
    api.clock.set(days(40))
    expect(await show(lost.id)).toMatchObject({ label: 'expired', balance: '30.00' })
    expect(detailOf(await act(lost.id, 'renew', { reference: '2' })).expires_at).toBe(days(70).toISOString())
    await books()
  })

  it('who does not pay is blocked with the reason, redials into nothing, pays and is let in', async () => {
    const { id, payerId } = await add('debtor')
    await pay(payerId, '79', 'debtor 1')
    await act(id, 'activate')
    await openTestSession(api, id)
    const blocked = await act(id, 'block', { reason: 'invoice 4711 is open' }, 'block-1')
    expect(blocked.body).toMatchObject({ outcome: 'done', detail: { sessions: 1 } })
    expect((await act(id, 'block', { reason: 'invoice 4711 is open' })).body).toMatchObject({ outcome: 'unchanged' })
    expect(await show(id)).toMatchObject({ label: 'blocked', block_reason: 'invoice 4711 is open' })
    expect(await waitingOrders(api, id)).toEqual(['disconnect blocked'])
    // Money alone does not unblock: that is the billing system's word.
    await pay(payerId, '30', 'debtor 2')
    expect((await show(id)).label).toBe('blocked')
    expect((await act(id, 'unblock')).body).toMatchObject({ outcome: 'done' })
    expect((await act(id, 'unblock')).body).toMatchObject({ outcome: 'unchanged' })
    expect(await show(id)).toMatchObject({ label: 'active', block_reason: null, balance: '30.00' })
  })

  it('renews what somebody blocked: time and block are two things', async () => {
    const { id, payerId } = await add('blocked-payer')
    await pay(payerId, '109', 'blocked payer')
    await act(id, 'activate')
    await act(id, 'block', { reason: 'abuse' })
    expect(detailOf(await act(id, 'renew')).expires_at).toBe(days(60).toISOString())
    expect(await show(id)).toMatchObject({ label: 'blocked', service_period: 'active' })
  })

  it('changes the plan for the next month, and the next month is of that plan and price', async () => {
    const { id, payerId } = await add('upgrader')
    await pay(payerId, '139', 'upgrader')
    await act(id, 'activate')
    expect((await act(id, 'change-plan', { plan: 'Fibre fast', when: 'next-expiry' })).status).toBe(200)
    api.clock.set(days(29))
    expect(detailOf(await act(id, 'renew', { reference: 'up' }))).toMatchObject({ amount: '60.00' })
    expect(await show(id)).toMatchObject({ plan: { name: 'Fibre' }, balance: '0.00' })
  })
})

describe('what goes wrong between two systems', () => {
  it('the same renewal 30 times at once, by reference or by key, is one', async () => {
    const { id, payerId } = await add('storm')
    await pay(payerId, '900', 'storm')
    await act(id, 'activate')
    const answers = await Promise.all([
      ...Array.from({ length: 15 }, () => act(id, 'renew', { reference: 'R 1' })),
      ...Array.from({ length: 15 }, () => act(id, 'renew', { reference: 'R 2' }, 'key-2')),
    ])
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(await show(id)).toMatchObject({ expires_at: days(90).toISOString(), balance: '761.00' })
    await books()
  })

  it('a reference for something else is refused, and so is one that was reverted', async () => {
    const { id, payerId } = await add('mixed-up')
    await pay(payerId, '300', 'mixed up')
    await act(id, 'activate', { reference: 'A' })
    await act(id, 'renew', { reference: 'B' })
    expect(await act(id, 'renew', { reference: 'B', periods: 2 })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('the reference was used for another renewal') },
    })
    const billing = await api.as('administrator')
    expect((await billing.post(`/subscribers/${id}/revert-renewal`)).status).toBe(200)
    expect(await act(id, 'renew', { reference: 'B' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('was reverted') },
    })
    expect((await act(id, 'renew', { reference: 'C' })).status).toBe(200)
  })

  it('a renewal for an end of service that is another by now does nothing', async () => {
    const { id, payerId } = await add('seen')
    await pay(payerId, '200', 'seen')
    await act(id, 'activate')
    const seen_expiry = (await show(id)).expires_at
    await act(id, 'renew', { seen_expiry })
    const late = await act(id, 'renew', { seen_expiry })
    expect(late.body).toMatchObject({ outcome: 'unchanged' })
    expect((await show(id)).expires_at).toBe(days(60).toISOString())
  })

  it('a payment told with another amount, or for another payer, is a conflict that says so', async () => {
    const [one, other] = [await add('payer-one'), await add('payer-other')]
    await pay(one.payerId, '10', 'same reference')
    for (const wrong of [pay(one.payerId, '11', 'same reference'), pay(other.payerId, '10', 'same reference')]) {
      expect(await wrong).toMatchObject({ status: 409, body: { detail: expect.stringContaining('reference') } })
    }
    expect(await show(other.id)).toMatchObject({ balance: '0.00' })
  })
})

describe('the token', () => {
  it('gives nothing away free, posts no adjustments and reads no operators', async () => {
    const { id, payerId } = await add('limits')
    await pay(payerId, '79', 'limits')
    expect((await act(id, 'activate', { free: true })).status).toBe(403)
    expect((await act(id, 'revert-renewal')).status).toBe(403)
    expect((await crm.post(`/payers/${payerId}/adjustments`, { amount: '1', reason: 'x' })).status).toBe(403)
    expect((await crm.patch(`/payers/${payerId}`, { credit_limit: '100' })).status).toBe(403)
    expect((await crm.get('/operators')).status).toBe(403)
    expect((await crm.post('/plans', {})).status).toBe(403)
    expect(await show(id)).toMatchObject({ label: 'new', balance: '79.00' })
  })

  it('stands in the audit trail behind what it did, by its name and never by itself', async () => {
    const { id } = await add('audited')
    const office = { pool: api.pool }
    const entries = await rowsOf(office, `select to_jsonb(e)::text as text from audit_entry e where row_id = $1`, [id])
    const text = JSON.stringify(entries)
    expect(text).toContain('subscriber.create')
    expect(text).not.toContain(token)
  })

  it('ends with its day, and at once when it is revoked', async () => {
    const { id } = await add('the-end')
    api.clock.set(days(301))
    expect((await crm.get(`/subscribers/${id}`)).status).toBe(401)
    api.clock.set(noon)
    expect((await crm.get(`/subscribers/${id}`)).status).toBe(200)
    const watcher = await api.as('super-administrator')
    const tokens = (await watcher.get('/api-tokens')).body.items as { id: number; name: string }[]
    const { id: tokenId } = tokens.find(({ name }) => name === 'Billing system')!
    expect((await watcher.delete(`/api-tokens/${tokenId}`)).status).toBeLessThan(300)
    expect((await act(id, 'activate')).status).toBe(401)
  })
})
