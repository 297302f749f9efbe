// Whether a line renews by itself: as its plan says when it is added, as somebody says afterwards.
import { beforeAll, describe, expect, it } from 'vitest'
import { addSubscriber } from '../../../src/domain/subscriber.ts'
import { renewDue } from '../../../src/domain/money/renew-due.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'
import { makePlanBy } from '../../support/plan-api.ts'

const api = useApi()
let admin: Client
let support: Client
beforeAll(async () => {
  ;[admin, support] = [await api.as('administrator'), await api.as('support')]
  for (const [name, autoRenew] of [
    ['Flat', true],
    ['Prepaid', false],
  ] as const) {
    await makePlanBy(admin, { name, price: '10', auto_renew: autoRenew })
  }
})

let made = 0
const add = async (body: Record<string, unknown>, client = admin) => {
  made += 1
  const answer = await client.post('/subscribers', { username: `auto${made}`, ...body })
  expect(answer.status).toBe(201)
  const { body: shown } = await admin.get(`/subscribers/${String(answer.body.id)}`)
  return shown as { id: number; auto_renew: boolean; payer: { id: number } }
}

describe('a new line', () => {
  it('renews by itself where its plan says so, and not where it does not', async () => {
    expect((await add({ plan: 'Flat' })).auto_renew).toBe(true)
    expect((await add({ plan: 'Prepaid' })).auto_renew).toBe(false)
  })

  it('does as is said before what its plan says', async () => {
    expect((await add({ plan: 'Flat', auto_renew: false })).auto_renew).toBe(false)
    expect((await add({ plan: 'Prepaid', auto_renew: true })).auto_renew).toBe(true)
  })

  it('takes it over from its plan also by who may not set it', async () => {
    const { id: roleId } = await api.db
      .insertInto('role')
      .values({ name: 'front desk', permissions: ['subscriber.read', 'subscriber.create', 'subscriber.edit'] })
      .returning('id')
      .executeTakeFirstOrThrow()
    const desk = await api.as('support', { roleId })
    expect((await add({ plan: 'Flat' }, desk)).auto_renew).toBe(true)
    const asked = await desk.post('/subscribers', { username: 'asked', plan: 'Prepaid', auto_renew: true })
    expect(asked.status).toBe(403)
  })

  it('added by the command line takes it over too', async () => {
    const { id } = await addSubscriber(api.db, { username: 'cli', plan: 'Flat' }, api.author, noon)
    expect((await admin.get(`/subscribers/${id}`)).body.auto_renew).toBe(true)
  })

  it('is renewed by the job once it is active and paid for, and the prepaid one is not', async () => {
    const [flat, prepaid] = [await add({ plan: 'Flat' }), await add({ plan: 'Prepaid' })]
    for (const { id, payer } of [flat, prepaid]) {
      await admin.post(`/payers/${payer.id}/payments`, { amount: '50' })
      expect((await admin.post(`/subscribers/${id}/activate`)).body).toMatchObject({ outcome: 'done' })
    }
    await renewDue(api.db, api.author, hours(30 * 24))
    const ends = async (id: number) => (await admin.get(`/subscribers/${id}`)).body.expires_at
    expect(await ends(flat.id)).toBe(hours(60 * 24).toISOString())
    expect(await ends(prepaid.id)).toBe(hours(30 * 24).toISOString())
  })
})

describe('a line that is there', () => {
  it('keeps what it has when its plan is edited or changed', async () => {
    const { id } = await add({ plan: 'Prepaid' })
    const plans = (await admin.get('/plans?search=Prepaid')).body.items as { id: number }[]
    await admin.patch(`/plans/${plans[0]!.id}`, { auto_renew: true })
    expect((await admin.get(`/subscribers/${id}`)).body.auto_renew).toBe(false)
    await admin.patch(`/plans/${plans[0]!.id}`, { auto_renew: false })
    await admin.post(`/subscribers/${id}/change-plan`, { plan: 'Flat', when: 'now' })
    expect((await admin.get(`/subscribers/${id}`)).body).toMatchObject({ auto_renew: false, plan: { name: 'Flat' } })
  })

  it('is set by who may renew', async () => {
    const { id } = await add({ plan: 'Prepaid' })
    expect((await support.patch(`/subscribers/${id}`, { auto_renew: true })).status).toBeLessThan(500)
    const viewer = await api.as('viewer')
    expect((await viewer.patch(`/subscribers/${id}`, { auto_renew: true })).status).toBe(403)
    expect((await admin.patch(`/subscribers/${id}`, { auto_renew: true })).status).toBe(200)
    expect((await admin.get(`/subscribers/${id}`)).body.auto_renew).toBe(true)
  })
})
