import { beforeAll, describe, expect, it } from 'vitest'
import { useApi, type Client } from '../../support/api.ts'
import { everyField, leastPlan, makePlanBy } from '../../support/plan-api.ts'

const api = useApi()
let isp: Client

beforeAll(async () => {
  isp = await api.as('administrator')
})

const make = (fields: Record<string, unknown> = {}) => makePlanBy(isp, fields)

describe('the preview', () => {
  let nasId: bigint

  beforeAll(async () => {
    const { rows } = await api.pool.query<{ id: bigint }>(
      `with client as (
         insert into radius_client (name, prefix, nas_group_id) values ('bng', '192.0.2.9/32', 1) returning id
       )
       insert into nas (client_id, name, vendor, nas_group_id, attributes)
       select client.id, 'bng-1', 'mikrotik', 1, '{Filter-Id = nas}' from client returning id`,
    )
    nasId = rows[0]!.id
  })

  it('says what a stored plan gives on Sunday at 21:00 after 80 GB, on that NAS', async () => {
    const plan = await make(everyField)
    const answer = await isp.get(`/plans/${plan.id}/preview?at=2026-11-22T21:00&usage=80G&nas=${nasId}`)
    expect(answer.body).toMatchObject({
      at: '2026-11-22T21:00:00.000Z',
      decision: 'accept',
      garden: null,
      rates: { down_bps: 10_000_000, up_bps: 5_000_000, burst_down_bps: null, min_down_bps: 5_000_000 },
      rates_from: 'fup',
      step: 1,
      pool: 'north',
      ipv6_pool: 'home6',
      address_list: 'paid',
      interim_interval_s: 120,
      nas: { name: 'bng-1', vendor: 'mikrotik' },
      next_change_at: '2026-12-01T00:00:00.000Z',
      next_threshold_octets: '90000000000',
    })
    expect(answer.body['attributes']).toEqual(
      expect.arrayContaining([
        'Mikrotik-Rate-Limit = 5M/10M 0/0 0/0 0/0 3 2M/5M',
        'Mikrotik-Address-List = paid',
        'Framed-Pool = north',
        'Filter-Id = nas',
      ]),
    )
  })

  it.each([
    [
      'at=2026-11-22T23:00',
      { rates_from: 'schedule', step: 1, rates: { down_bps: 100_000_000, burst_down_bps: 200_000_000 } },
    ],
    ['at=2026-11-22T12:00', { rates_from: 'plan', step: null, next_change_at: '2026-11-22T22:00:00.000Z' }],
    ['usage=100G', { garden: 'quota-exhausted', address_list: 'more', pool: 'quota-pool', rates_from: null }],
    ['usage_up=50G', { garden: 'quota-exhausted' }],
    ['reason=expired', { garden: 'expired', address_list: 'pay', pool: 'garden-pool' }],
    ['reason=blocked', { garden: 'blocked', address_list: 'garden' }],
  ])('%s', async (query, expected) => {
    const plan = await make(everyField)
    expect((await isp.get(`/plans/${plan.id}/preview?${query}`)).body).toMatchObject(expected)
  })

  it('says why a login would be refused', async () => {
    const other = await api.db
      .insertInto('nas_group')
      .values({ name: 'elsewhere', address_space_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
    const plan = await make({ allowed_nas_group_ids: [Number(other.id)] })
    expect((await isp.get(`/plans/${plan.id}/preview?nas=${nasId}`)).body).toMatchObject({
      decision: 'reject',
      reason: 'nas-not-allowed',
      rates: null,
      attributes: [],
    })
    expect((await isp.get(`/plans/${plan.id}/preview?reason=expired`)).body).toMatchObject({ reason: 'expired' })
  })

  it('takes a plan that is not stored', async () => {
    const slow = await make({ down_bps: '2M', up_bps: '1M', address_list: 'slow' })
    const plan = {
      name: 'Perhaps',
      ...leastPlan,
      quota_octets: '10G',
      quota_period: 'day',
      on_quota: 'slower',
      quota_plan_id: slow.id,
    }
    const answer = await isp.post('/plans/preview', { plan, usage: '11G', nas: Number(nasId) })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({
      rates_from: 'slower',
      rates: { down_bps: 2_000_000 },
      address_list: 'slow',
      next_change_at: '2026-11-23T00:00:00.000Z',
    })
    const wrong = await isp.post('/plans/preview', { plan: { ...plan, attributes: ['No-Such = 1'] } })
    expect(wrong.status).toBe(422)
    expect((await isp.post('/plans/preview', { plan, nas: 999_999 })).status).toBe(404)
    expect((await isp.post('/plans/preview', { plan, at: 'soon' })).status).toBe(422)
  })

  it('shows what the BNGs of a vendor would get where none is there yet', async () => {
    const plan = { name: 'Perhaps', ...leastPlan }
    const answer = await isp.post('/plans/preview', { plan, vendor: 'mikrotik' })
    expect(answer.body).toMatchObject({ nas: null, decision: 'accept' })
    expect(answer.body.attributes).toContainEqual(expect.stringMatching(/^Mikrotik-Rate-Limit = /))
    const cisco = await isp.post('/plans/preview', { plan, vendor: 'cisco' })
    expect(cisco.body.attributes).toContainEqual(expect.stringMatching(/^Cisco-/))
    expect((await isp.post('/plans/preview', { plan, vendor: 'nobody' })).status).toBe(400)
  })
})
