import { beforeAll, describe, expect, it } from 'vitest'
import { useApi, type Client } from '../../support/api.ts'
import { insertSubscriber } from '../../support/access.ts'
import { everyField, leastPlan, makePlanBy } from '../../support/plan-api.ts'

const api = useApi()
let isp: Client
let resellerId: bigint
let reseller: Client
let otherReseller: Client

beforeAll(async () => {
  isp = await api.as('administrator')
  resellerId = await api.reseller('R1')
  const { id: roleId } = await api.db
    .insertInto('role')
    .values({ name: 'reseller with plans', permissions: ['plan.read', 'plan.edit'] })
    .returning('id')
    .executeTakeFirstOrThrow()
  reseller = await api.as('reseller', { organisationId: resellerId, roleId })
  otherReseller = await api.as('reseller', { organisationId: await api.reseller('R2'), roleId })
})

const make = (fields: Record<string, unknown> = {}, client = isp) => makePlanBy(client, fields)

describe('a plan', () => {
  it('is stored with all its fields and answered with them', async () => {
    const plan = await make(everyField)
    expect(plan).toMatchObject({ ...everyField, currency: 'EUR', owner_id: null, archived_at: null, warnings: [] })
    const answer = await isp.get(`/plans/${plan.id}`)
    expect(answer.body).toMatchObject({ ...everyField, subscribers: 0 })
    expect(answer.headers.get('etag')).toMatch(/^"\d+"$/)
    // What is answered can be handed in again.
    const { id: _id, owner_id: _ownerId, ...rest } = plan
    const names = ['owner', 'currency', 'quota_plan', 'created_at', 'archived_at', 'warnings']
    const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => !names.includes(name)))
    const again = await isp.patch(`/plans/${plan.id}`, fields)
    expect(again.body).toMatchObject({ changed: [], orders: 0 })
  })

  it('takes rates and volumes as people write them, and has what is usual for the rest', async () => {
    const plan = await make({
      down_bps: '1G',
      up_bps: '500M',
      quota_octets: '100G',
      fup_steps: [{ after_octets: '50G', down_bps: '10M', up_bps: '5M' }],
    })
    expect(plan).toMatchObject({
      down_bps: 1_000_000_000,
      quota_octets: '100000000000',
      quota_period: 'period',
      fup_steps: [{ after_octets: '50000000000', down_bps: 10_000_000, up_bps: 5_000_000 }],
      mac_rule: 'learn',
      validity_unit: 'days',
      price: '0.00',
      group_pools: [],
    })
  })

  it.each<[string, Record<string, unknown>]>([
    ['down_bps', { down_bps: 'fast' }],
    ['min_down_bps', { min_down_bps: '1M' }],
    ['min_up_bps', { min_down_bps: '1M', min_up_bps: '21M' }],
    ['burst_down_bps', { burst_down_bps: '60M' }],
    ['validity', { validity: 40_000 }],
    ['price', { price: '1.234' }],
    ['setup_price', { setup_price: '-1' }],
    ['schedule', { schedule: [{ weekdays: [1], from: '22:00', to: '22:00', percent: 50 }] }],
    ['schedule', { schedule: [{ weekdays: [1], from: '22:00', to: '06:00' }] }],
    [
      'fup_steps',
      {
        fup_steps: [
          { after_octets: '2G', down_bps: '1M', up_bps: '1M' },
          { after_octets: '1G', down_bps: '1M', up_bps: '1M' },
        ],
      },
    ],
    ['quota_plan_id', { on_quota: 'slower' }],
    ['quota_plan_id', { on_quota: 'slower', quota_plan_id: 999_999 }],
    ['allowed_nas_group_ids', { allowed_nas_group_ids: [999_999] }],
    ['group_pools', { group_pools: [{ nas_group_id: 999_999, pool: 'x' }] }],
    ['attribute', { attributes: ['No-Such-Attribute = 1'] }],
    ['owner_id', { owner_id: 999_999 }],
  ])('names the field %s of %j', async (field, fields) => {
    const answer = await isp.post('/plans', { name: 'Wrong', ...leastPlan, ...fields })
    expect(answer.status).toBe(422)
    expect(answer.body).toMatchObject({ code: 'invalid-field', errors: [{ field }] })
  })

  it('names the steps that overlap', async () => {
    const schedule = [
      { weekdays: [5], from: '20:00', to: '23:00', percent: 50 },
      { weekdays: [4], from: '22:00', to: '21:00', percent: 150 },
    ]
    const answer = await isp.post('/plans', { name: 'Overlap', ...leastPlan, schedule })
    expect(answer.body).toMatchObject({ detail: 'schedule: steps 1 and 2 overlap from Friday 20:00' })
  })

  it('refuses what no plan has', async () => {
    expect((await isp.post('/plans', { name: 'X', ...leastPlan, speed: 1 })).status).toBe(400)
    expect((await isp.post('/plans', { name: 'X' })).status).toBe(400)
    expect((await isp.get('/plans?search=%00')).status).toBe(400)
    expect((await isp.get('/plans?cursor=x')).status).toBe(400)
  })

  it('has its name once among those of an owner', async () => {
    const { name } = await make()
    const answer = await isp.post('/plans', { name, ...leastPlan })
    expect(answer.status).toBe(409)
    expect(answer.body).toMatchObject({ detail: `name: there is a plan ${String(name)} already` })
    expect((await isp.post('/plans', { name, ...leastPlan, owner_id: Number(resellerId) })).status).toBe(201)
  })

  it('warns of what is probably a mistake', async () => {
    const plan = await make({
      schedule: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], from: '06:00', to: '05:59', percent: 50 }],
      fup_steps: [{ after_octets: '1G', down_bps: '60M', up_bps: '20M' }],
      on_quota: 'garden',
    })
    const reasons = (plan['warnings'] as { field: string; reason: string }[]).map(
      ({ field, reason }) => `${field}: ${reason}`,
    )
    expect(reasons).toContain(
      "schedule: no step holds from Monday 05:59 to Monday 06:00, where the plan's own rates do",
    )
    expect(reasons).toContain('fup_steps: step 1 is not slower than what it follows')
    expect(reasons).toContain('on_quota: says what follows a quota, but there is none')
  })
})

describe('the list', () => {
  it('goes by name, page by page, and counts subscribers', async () => {
    const names = ['List B', 'List A', 'List C']
    const plans = await Promise.all(names.map((name) => make({ name })))
    await insertSubscriber(api.pool, { username: 'listed', plan_id: BigInt(plans[1]!.id) })
    await insertSubscriber(api.pool, {
      username: 'listed-old',
      plan_id: BigInt(plans[1]!.id),
      archived_at: api.clock.now(),
    })
    const first = await isp.get('/plans?search=list%20&limit=2')
    expect(first.body).toMatchObject({
      items: [
        { name: 'List A', subscribers: 1 },
        { name: 'List B', subscribers: 0 },
      ],
    })
    const second = await isp.get(`/plans?search=list%20&limit=2&cursor=${String(first.body['next_cursor'])}`)
    expect(second.body).toMatchObject({ items: [{ name: 'List C' }], next_cursor: null })
  })

  it('takes a search as it is written', async () => {
    await make({ name: '100% fibre' })
    const found = await isp.get('/plans?search=100%25')
    expect((found.body['items'] as unknown[]).length).toBe(1)
    expect((await isp.get('/plans?search=_%25_')).body).toMatchObject({ items: [] })
  })
})

describe('a reseller', () => {
  it('sees shared plans and its own, and no others', async () => {
    const shared = await make()
    const own = await make({}, reseller)
    expect(own).toMatchObject({ owner_id: Number(resellerId), owner: 'R1' })
    expect((await reseller.get(`/plans/${shared.id}`)).status).toBe(200)
    for (const path of [`/plans/${own.id}`, `/plans/${own.id}/preview`]) {
      expect((await otherReseller.get(path)).status).toBe(404)
    }
    expect((await otherReseller.patch(`/plans/${own.id}`, { priority: 1 })).status).toBe(404)
    expect((await otherReseller.post(`/plans/${own.id}/archive`, {})).status).toBe(404)
    expect((await otherReseller.post(`/plans/${own.id}/duplicate`, { name: 'Stolen' })).status).toBe(404)
    const seen = (await otherReseller.get('/plans?limit=500')).body['items'] as { id: number }[]
    expect(seen.map((plan) => plan.id)).toContain(shared.id)
    expect(seen.map((plan) => plan.id)).not.toContain(own.id)
  })

  it('changes its own only, and makes none for others', async () => {
    const shared = await make()
    const own = await make({}, reseller)
    expect((await reseller.patch(`/plans/${shared.id}`, { priority: 1 })).status).toBe(409)
    expect((await reseller.post(`/plans/${shared.id}/archive`, {})).status).toBe(409)
    expect((await reseller.patch(`/plans/${own.id}`, { priority: 1 })).status).toBe(200)
    expect((await reseller.post('/plans', { name: 'For the ISP', ...leastPlan, owner_id: 1 })).status).toBe(422)
    // A copy of a shared plan is its own.
    const copy = await reseller.post(`/plans/${shared.id}/duplicate`, { name: 'Ours' })
    expect(copy.body).toMatchObject({ name: 'Ours', owner_id: Number(resellerId) })
  })

  it('counts its own subscribers of a shared plan', async () => {
    const shared = await make()
    await insertSubscriber(api.pool, { username: 'of-isp', plan_id: BigInt(shared.id) })
    await insertSubscriber(api.pool, { username: 'of-r1', plan_id: BigInt(shared.id), owner_id: resellerId })
    expect((await reseller.get(`/plans/${shared.id}`)).body).toMatchObject({ subscribers: 1 })
    expect((await isp.get(`/plans/${shared.id}`)).body).toMatchObject({ subscribers: 2 })
  })

  it('cannot let its plan be followed by that of another', async () => {
    const theirs = await make({}, otherReseller)
    const answer = await reseller.post('/plans', {
      name: 'Follows',
      ...leastPlan,
      on_quota: 'slower',
      quota_plan_id: theirs.id,
    })
    expect(answer.status).toBe(422)
  })
})

describe('duplicating', () => {
  it('makes the same plan under another name', async () => {
    const plan = await make(everyField)
    const answer = await isp.post(`/plans/${plan.id}/duplicate`, { name: 'A copy' })
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({ ...everyField, name: 'A copy' })
    expect(answer.body['id']).not.toBe(plan.id)
  })
})
