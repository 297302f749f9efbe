// Payers, wallets and the ledger over HTTP: who may, how far it reaches, and that a second try does nothing twice.
import { beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../support/api.ts'
import { useApi } from '../../support/api.ts'
import { balanceOf, checkBooks, factsOf, line, payer, pricedPlan } from '../../support/money.ts'
import type { Office } from '../../support/operator.ts'
import { hours, noon } from '../../support/operator.ts'

const api = useApi()
const office = (): Office => ({
  url: api.databaseUrl,
  pool: api.pool,
  db: api.db,
  keyring: api.keyring,
  keyFile: '',
  author: api.author,
})
let billing: Client
let planId: bigint
beforeAll(async () => {
  billing = await api.as('billing')
  planId = await pricedPlan(office(), { name: 'Month' })
})

describe('payers', () => {
  it('are added, found, changed and listed page by page', async () => {
    const made = await billing.post('/payers', { name: 'ACME Ltd', email: 'ap@acme.example', credit_limit: '50' })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ kind: 'company', currency: 'EUR', balance: '0.00', credit_limit: '50.00' })
    const path = `/payers/${String(made.body.id)}`
    const changed = await billing.patch(path, { email: null, address: 'Main Street 1', credit_limit: '0' })
    expect(changed.body).toMatchObject({ email: null, address: 'Main Street 1', credit_limit: '0.00' })
    expect((await billing.get('/payers?search=acme')).body.items).toHaveLength(1)
    expect((await billing.get('/payers?search=%25')).body.items).toEqual([])
    await payer(office())
    const first = await billing.get('/payers?limit=1')
    const second = await billing.get(`/payers?limit=1&cursor=${String(first.body.next_cursor)}`)
    expect(second.body.items).not.toEqual(first.body.items)
    expect((await billing.get('/payers?cursor=bm90')).status).toBe(400)
  })

  it('take no other fields, and credit needs more than the right to post', async () => {
    for (const body of [
      { name: 'X1', balance: '5' },
      { name: 'X1', currency: 'eur' },
      { name: 'X1', owner_id: '1' },
    ]) {
      expect((await billing.post('/payers', body)).status).toBe(400)
    }
    expect((await billing.post('/payers', { name: 'X' })).status).toBe(422)
    const { id } = await api.db
      .insertInto('role')
      .values({ name: 'cash desk', permissions: ['money.read', 'money.post'] })
      .returning('id')
      .executeTakeFirstOrThrow()
    const cashier = await api.as('support', { roleId: id })
    expect((await cashier.post('/payers', { name: 'Allowed' })).status).toBe(201)
    expect((await cashier.post('/payers', { name: 'Not so', credit_limit: '1' })).status).toBe(403)
    expect((await cashier.post(`/payers/${await payer(office())}/charges`, { amount: '1', reason: 'x' })).status).toBe(
      403,
    )
  })
})

describe('posting', () => {
  it('a payment tells its transaction, and the same reference the same one', async () => {
    const id = await payer(office())
    const body = { amount: '19.99', currency: 'EUR', external_reference: 'bank-1', source: 'bank' }
    const first = await billing.post(`/payers/${id}/payments`, body)
    expect(first).toMatchObject({ status: 201, body: { amount: '19.99', balance_after: '19.99', kind: 'payment' } })
    api.clock.set(hours(0.5))
    const again = await billing.post(`/payers/${id}/payments`, body)
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect(await billing.post(`/payers/${id}/payments`, { ...body, amount: '20' })).toMatchObject({ status: 409 })
    expect(await balanceOf(office(), id)).toBe(1_999n)
    api.clock.set(noon)
  })

  it('with an Idempotency-Key is done once, and the key is good for nothing else', async () => {
    const id = await payer(office())
    const key = { 'idempotency-key': 'top-up-1' }
    const first = await billing.post(`/payers/${id}/top-ups`, { amount: '5' }, key)
    const again = await billing.post(`/payers/${id}/top-ups`, { amount: '5' }, key)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect((await billing.post(`/payers/${id}/top-ups`, { amount: '6' }, key)).status).toBe(422)
    expect(await balanceOf(office(), id)).toBe(500n)
  })

  it('refunds, adjustments and reversals ask for a fresh proof of who one is', async () => {
    const id = await payer(office(), { balanceMinor: 1_000n })
    const stale = await api.as('billing', { provedAt: hours(-1) })
    const grave = { amount: '1', reason: 'x' }
    for (const path of [`/payers/${id}/refunds`, `/payers/${id}/adjustments`, '/ledger/1/reversal']) {
      const body = path.startsWith('/ledger') ? { reason: 'x' } : grave
      expect((await stale.post(path, body)).body).toMatchObject({ code: 'recent-proof-needed' })
    }
    expect((await billing.post(`/payers/${id}/refunds`, grave)).body).toMatchObject({ amount: '-1.00', kind: 'refund' })
    expect((await billing.post(`/payers/${id}/adjustments`, { ...grave, amount: '-2' })).body).toMatchObject({
      amount: '-2.00',
    })
    const charge = await billing.post(`/payers/${id}/charges`, grave)
    const taken = await billing.post(`/ledger/${String(charge.body.id)}/reversal`, { reason: 'wrong' })
    expect(taken.body).toMatchObject({ amount: '1.00', reverses_id: charge.body.id })
    expect((await billing.post(`/ledger/${String(charge.body.id)}/reversal`, { reason: 'wrong' })).status).toBe(409)
    const shown = await billing.get(`/ledger/${String(charge.body.id)}`)
    expect(shown.body).toMatchObject({ reversed_by_id: taken.body.id })
    expect(shown.body.entries).toEqual([
      { account: 'revenue', amount: '1.00' },
      { account: 'payer', amount: '-1.00' },
    ])
    expect(await balanceOf(office(), id)).toBe(700n)
  })

  it.each([{ amount: 5 }, { amount: '5', balance: '1' }, { amount: { $gt: 1 } }, {}, []])(
    'of %j is refused',
    async (body) => {
      expect((await billing.post(`/payers/${await payer(office())}/payments`, body)).status).toBe(400)
    },
  )

  it.each(['-1', '0', '1.001', '1e2', ' ', '1,0', '0x10'])('of the amount %s is refused', async (amount) => {
    expect((await billing.post(`/payers/${await payer(office())}/payments`, { amount })).status).toBe(422)
  })

  it('is not for support, viewers and resellers', async () => {
    const id = await payer(office())
    for (const role of ['support', 'viewer', 'reseller'] as const) {
      const client = await api.as(role)
      expect((await client.post(`/payers/${id}/payments`, { amount: '1' })).status).toBe(403)
      expect((await client.get(`/payers/${id}`)).status).toBe(200)
    }
  })
})

describe('renewing over HTTP', () => {
  it('F64: 50 times at once with one Idempotency-Key renews once', async () => {
    const { id, payerId } = await line(office(), { planId, balanceMinor: 90_000n })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        billing.post(`/subscribers/${id}/renew`, { periods: 1 }, { 'idempotency-key': 'one' }),
      ),
    )
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 200 })
    expect(await balanceOf(office(), payerId)).toBe(88_000n)
    expect((await factsOf(office(), id)).expires_at).toEqual(hours(24 * 31))
  })

  it('tells what was given, why it was refused, and lists it', async () => {
    const { id } = await line(office(), { planId, balanceMinor: 2_000n })
    expect((await billing.post(`/subscribers/${id}/renew`)).body).toMatchObject({ outcome: 'done' })
    expect(await billing.post(`/subscribers/${id}/renew`)).toMatchObject({ status: 409, body: { code: 'conflict' } })
    const listed = await billing.get(`/subscribers/${id}/renewals`)
    expect(listed.body).toMatchObject({
      items: [{ kind: 'renewal', plan: 'Month', amount: '20.00', currency: 'EUR', reverted_at: null }],
      failure: null,
    })
    const ledger = await billing.get(`/subscribers/${id}/ledger`)
    expect(ledger.body.items).toMatchObject([{ kind: 'renewal', amount: '-20.00' }, { kind: 'top-up' }])
    const support = await api.as('support')
    expect((await support.post(`/subscribers/${id}/renew`, { free: true })).status).toBe(403)
    expect((await support.post(`/subscribers/${id}/revert-renewal`)).status).toBe(403)
    expect((await billing.post(`/subscribers/${id}/revert-renewal`)).body).toMatchObject({ outcome: 'done' })
  })
})

describe('statements and receipts', () => {
  it('are pages to print', async () => {
    const made = await billing.post('/payers', { name: 'Smith & <Sons>' })
    const id = String(made.body.id)
    const payment = await billing.post(`/payers/${id}/payments`, { amount: '3', note: '<b>cash</b>' })
    const statement = await billing.get(`/payers/${id}/statement?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z`)
    expect(statement.status).toBe(200)
    expect(statement.headers.get('content-type')).toContain('text/html')
    expect(statement.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(statement.text).toContain('Smith &amp; &lt;Sons&gt;')
    expect(statement.text).toContain('&lt;b&gt;cash&lt;/b&gt;')
    const receipt = await billing.get(`/receipts/${String(payment.body.id)}`)
    expect(receipt.text).toContain('3.00 EUR')
  })

  it('of a span that is none, or too long, are refused', async () => {
    const id = await payer(office())
    const span = (from: string, to: string) => billing.get(`/payers/${id}/statement?from=${from}&to=${to}`)
    expect((await span('2026-12-01T00:00:00Z', '2026-12-01T00:00:00Z')).status).toBe(400)
    expect((await span('1926-12-01T00:00:00Z', '2026-12-01T00:00:00Z')).status).toBe(400)
    expect((await span('yesterday', 'today')).status).toBe(400)
    expect((await billing.get(`/payers/${id}/statement`)).status).toBe(200)
  })
})

describe('two resellers', () => {
  let a: { id: bigint; client: Client; payerId: bigint; subscriberId: bigint; transactionId: number }
  let b: typeof a
  const everyPermission = [
    'money.read',
    'money.post',
    'money.adjust',
    'service.renew',
    'service.free',
    'subscriber.read',
  ]

  async function make(name: string): Promise<typeof a> {
    const id = await api.reseller(name)
    const role = await api.db
      .insertInto('role')
      .values({ name: `role of ${name}`, permissions: everyPermission })
      .returning('id')
      .executeTakeFirstOrThrow()
    const client = await api.as('reseller', { organisationId: id, roleId: role.id })
    const made = await line(office(), { planId, ownerId: id })
    const paid = await client.post(`/payers/${made.payerId}/payments`, { amount: '50' })
    return { id, client, payerId: made.payerId, subscriberId: made.id, transactionId: Number(paid.body.id) }
  }

  beforeAll(async () => {
    a = await make('Reseller A')
    b = await make('Reseller B')
    await billing.put(`/organisations/${a.id}/wallet`, { credit_limit: '0' })
    await billing.put(`/organisations/${b.id}/wallet`, {})
  })

  it("see their own payers and ledger, and nothing of each other's", async () => {
    const payers = await a.client.get('/payers')
    expect(payers.body.items).toMatchObject([{ id: Number(a.payerId) }])
    const ledger = (await a.client.get('/ledger')).body.items as { id: number }[]
    expect(ledger.map(({ id }) => id)).toEqual([a.transactionId])
    expect((await a.client.get(`/payers?owner_id=${b.id}`)).body.items).toEqual([])
    expect((await a.client.get(`/ledger?external_reference=x`)).body.items).toEqual([])
    expect((await a.client.get('/wallets')).body.items).toMatchObject([{ organisation: 'Reseller A' }])
  })

  it("find nothing by the ids of each other's", async () => {
    const body = { amount: '1', reason: 'x' }
    const answers = await Promise.all([
      a.client.get(`/payers/${b.payerId}`),
      a.client.patch(`/payers/${b.payerId}`, { name: 'Mine' }),
      a.client.post(`/payers/${b.payerId}/payments`, { amount: '1' }),
      a.client.post(`/payers/${b.payerId}/top-ups`, { amount: '1' }),
      a.client.post(`/payers/${b.payerId}/charges`, body),
      a.client.post(`/payers/${b.payerId}/refunds`, body),
      a.client.post(`/payers/${a.payerId}/refunds`, { ...body, transaction_id: b.transactionId }),
      a.client.post(`/payers/${a.payerId}/charges`, { ...body, subscriber_id: Number(b.subscriberId) }),
      a.client.post(`/payers/${b.payerId}/adjustments`, body),
      a.client.get(`/payers/${b.payerId}/ledger`),
      a.client.get(`/payers/${b.payerId}/statement`),
      a.client.get(`/subscribers/${b.subscriberId}/ledger`),
      a.client.get(`/subscribers/${b.subscriberId}/renewals`),
      a.client.post(`/subscribers/${b.subscriberId}/renew`),
      a.client.get(`/ledger/${b.transactionId}`),
      a.client.post(`/ledger/${b.transactionId}/reversal`, { reason: 'x' }),
      a.client.get(`/receipts/${b.transactionId}`),
      a.client.get(`/organisations/${b.id}/wallet`),
      a.client.get(`/organisations/${b.id}/wallet/ledger`),
      a.client.put(`/organisations/${b.id}/wallet`, {}),
      a.client.post(`/organisations/${b.id}/wallet/top-ups`, { amount: '1' }),
      a.client.post(`/organisations/${b.id}/wallet/adjustments`, body),
      a.client.post('/payers', { name: 'For B', owner_id: Number(b.id) }),
    ])
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404))
    expect(await balanceOf(office(), b.payerId)).toBe(5_000n)
  })

  it('cannot fill their own wallets, whatever their role says', async () => {
    const body = { amount: '1000', reason: 'x' }
    for (const path of ['top-ups', 'adjustments']) {
      const told = path === 'top-ups' ? { amount: '1000' } : body
      expect((await a.client.post(`/organisations/${a.id}/wallet/${path}`, told)).status).toBe(403)
    }
    expect((await a.client.put(`/organisations/${a.id}/wallet`, { credit_limit: '1000' })).status).toBe(403)
  })

  it('pay for renewals from the wallet once the ISP says so', async () => {
    const wallet = `/organisations/${a.id}/wallet`
    expect((await billing.put(wallet, { pays_renewals: true })).body).toMatchObject({
      pays_renewals: true,
      balance: '0.00',
    })
    expect((await a.client.post(`/subscribers/${a.subscriberId}/renew`)).status).toBe(409)
    await billing.post(`${wallet}/top-ups`, { amount: '25', external_reference: 'inv 1' })
    expect((await a.client.post(`/subscribers/${a.subscriberId}/renew`)).status).toBe(200)
    expect((await a.client.get(wallet)).body).toMatchObject({ balance: '5.00' })
    expect((await a.client.get(`${wallet}/ledger`)).body.items).toMatchObject([
      { kind: 'renewal', amount: '-20.00', account_name: 'Reseller A' },
      { kind: 'top-up', amount: '25.00' },
    ])
    expect(await balanceOf(office(), a.payerId)).toBe(5_000n)
    expect((await billing.post(`${wallet}/adjustments`, { amount: '-5', reason: 'fee' })).body).toMatchObject({
      balance_after: '0.00',
    })
    expect((await billing.put(wallet, { currency: 'USD' })).status).toBe(422)
    expect((await billing.put('/organisations/1/wallet', {})).status).toBe(404)
    await checkBooks(office())
  })

  it('a team sees the payers of its zones', async () => {
    const { id: teamId } = await api.db
      .insertInto('team')
      .values({ name: 'North', zones: ['north'] })
      .returning('id')
      .executeTakeFirstOrThrow()
    const north = await api.as('billing', { teamId })
    const seen = await line(office(), { planId, balanceMinor: 100n })
    await api.db.updateTable('subscriber').set({ zone: 'north' }).where('id', '=', seen.id).execute()
    expect((await north.get('/payers')).body.items).toMatchObject([{ id: Number(seen.payerId) }])
    expect((await north.get(`/payers/${a.payerId}`)).status).toBe(404)
    const ledger = (await north.get('/ledger')).body.items as { payer_id: number | null }[]
    expect(ledger.filter(({ payer_id: payerId }) => payerId !== null)).toHaveLength(1)
  })
})
