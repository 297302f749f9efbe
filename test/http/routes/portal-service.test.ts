// What the portal shows of the own service, and what it never shows.

import { beforeAll, describe, expect, it } from 'vitest'
import { addPlan } from '../../../src/domain/plan.ts'
import { makeOwnPayer } from '../../../src/domain/payer.ts'
import { ispId } from '../../../src/domain/organisation.ts'
import { insertRow } from '../../support/access.ts'
import { makeNasRow, makeSessionRow } from '../../support/activity.ts'
import { useApi } from '../../support/api.ts'
import { openBrowser, type Browser } from '../../support/browser.ts'
import { hours } from '../../support/operator.ts'

const api = useApi()
let planId: bigint
let payerId: bigint
let anna: { id: bigint; browser: Browser }

async function subscriber(username: string): Promise<bigint> {
  const values = { owner_id: await ispId(api.db), payer_id: payerId, plan_id: planId, username }
  const times = { activated_at: hours(-48), period_started_at: hours(-48), expires_at: hours(240) }
  const row = api.db.insertInto('subscriber').values({ ...values, ...times })
  return (await row.returning('id').executeTakeFirstOrThrow()).id
}

beforeAll(async () => {
  const now = api.clock.now()
  const plan = { name: 'Home 100', down: '100M', up: '20M', days: 30 }
  planId = (await addPlan(api.db, plan, () => undefined, now)).id
  await api.pool.query(`update plan set quota_octets = 1000, quota_period = 'month', fup_steps = $2 where id = $1`, [
    planId,
    JSON.stringify([{ after_octets: '500', down_bps: 5_000_000, up_bps: 1_000_000 }]),
  ])
  payerId = await makeOwnPayer(api.db, { ownerId: await ispId(api.db), name: 'Anna', currency: 'EUR' }, now)
  const id = await subscriber('anna')
  const support = await api.as('support')
  const first = String((await support.post(`/subscribers/${id}/portal-password`)).body['password'])
  const browser = openBrowser(api)
  await browser.post('/portal/sign-in', { username: 'anna', password: first })
  await browser.post('/portal/password', { old_password: first, new_password: 'Birch2-Compass-Tern' })
  anna = { id, browser }
  const usage = { subscriber_id: id, hour: hours(-2), input_octets: 100, output_octets: 500 }
  await insertRow(api.pool, 'usage_hour', usage)
  const nas = await makeNasRow(api, 'bng-1')
  const own = { subscriber_id: id, username: 'anna', nas_id: nas }
  const live = { started_at: hours(-1), framed_ip: '10.1.0.5', input_octets: 7, output_octets: 9 }
  await makeSessionRow(api, { ...own, ...live, circuit_id: Buffer.from('olt 1/2') })
  await makeSessionRow(api, { ...own, started_at: hours(-9), ended_at: hours(-8), ended_by: 'stop' })
  await makeSessionRow(api, { username: 'stranger', nas_id: nas, started_at: hours(-2) })
})

describe('the own service in the portal', () => {
  it('is its plan, how long it lasts, what counts towards the quota and what it gives now', async () => {
    const { body } = await anna.browser.get('/portal/service')
    expect(body).toMatchObject({
      label: 'active',
      online: true,
      plan: { name: 'Home 100', down_bps: 100_000_000, up_bps: 20_000_000 },
      expires_at: hours(240).toISOString(),
      balance: '0.00',
      quota: {
        period: 'month',
        used_down_octets: '500',
        used_up_octets: '100',
        octets: '1000',
        used_up: false,
        steps: [{ after_octets: '500', down_bps: 5_000_000, up_bps: 1_000_000 }],
      },
      speed: { down_bps: 5_000_000, up_bps: 1_000_000, from: 'fup' },
    })
  })

  it('says nothing of a balance that pays for others too', async () => {
    await subscriber('bert')
    expect((await anna.browser.get('/portal/service')).body).toMatchObject({ balance: null })
  })

  it('lists the own sessions, page by page, without the NAS and the line', async () => {
    const first = await anna.browser.get('/portal/sessions?limit=1')
    expect(first.body).toMatchObject({
      items: [{ state: 'online', framed_ip: '10.1.0.5', down_octets: '9', up_octets: '7' }],
    })
    expect(first.text).not.toMatch(/bng-1|olt 1/)
    const next = String(first.body['next_cursor'])
    const second = await anna.browser.get(`/portal/sessions?cursor=${next}`)
    expect(second.body).toMatchObject({ items: [{ state: 'ended' }], next_cursor: null })
  })

  it('shows the use by hour and by day', async () => {
    const points = [{ down_octets: '500', up_octets: '100' }]
    expect((await anna.browser.get('/portal/usage?by=hour')).body).toMatchObject({ by: 'hour', points })
    expect((await anna.browser.get('/portal/usage')).body).toMatchObject({ by: 'day', points })
  })

  it('is not for who must choose a password first', async () => {
    const id = await subscriber('cora')
    const support = await api.as('support')
    const password = String((await support.post(`/subscribers/${id}/portal-password`)).body['password'])
    const browser = openBrowser(api)
    await browser.post('/portal/sign-in', { username: 'cora', password })
    for (const path of ['service', 'usage', 'sessions']) {
      expect((await browser.get(`/portal/${path}`)).body).toMatchObject({ code: 'password-change-needed' })
    }
  })
})
