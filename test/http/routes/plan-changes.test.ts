import { beforeAll, describe, expect, it } from 'vitest'
import { useApi, type Client } from '../../support/api.ts'
import { insertSession, insertSubscriber } from '../../support/access.ts'
import { makePlanBy } from '../../support/plan-api.ts'

const api = useApi()
let isp: Client

beforeAll(async () => {
  isp = await api.as('administrator')
})

const make = (fields: Record<string, unknown> = {}) => makePlanBy(isp, fields)

describe('changing a plan in use', () => {
  async function used(fields: Record<string, unknown> = {}) {
    const plan = await make(fields)
    const id = await insertSubscriber(api.pool, { username: `used-${plan.id}`, plan_id: BigInt(plan.id) })
    await insertSubscriber(api.pool, { username: `offline-${plan.id}`, plan_id: BigInt(plan.id) })
    const sessionId = await insertSession(api.pool, { subscriber_id: id })
    return { plan, sessionId }
  }
  const ordersOf = async (sessionId: bigint) =>
    (await api.pool.query('select wish, reason, state from coa_order where session_id = $1 order by id', [sessionId]))
      .rows

  it('says in a dry run whom it would touch, and does nothing', async () => {
    const { plan, sessionId } = await used()
    const answer = await isp.patch(`/plans/${plan.id}?dry_run=true`, { down_bps: '80M', price: '30.00' })
    expect(answer.body).toMatchObject({
      dry_run: true,
      subscribers: 2,
      sessions: 1,
      orders: 1,
      plan: { down_bps: 50_000_000 },
    })
    expect(answer.body['changed']).toEqual(['down_bps', 'price'])
    expect(await ordersOf(sessionId)).toEqual([])
  })

  it('orders it for the live sessions and writes it down', async () => {
    const { plan, sessionId } = await used()
    const answer = await isp.patch(`/plans/${plan.id}`, {
      down_bps: '80M',
      group_pools: [{ nas_group_id: 1, pool: 'north' }],
    })
    expect(answer.body).toMatchObject({
      dry_run: false,
      subscribers: 2,
      sessions: 1,
      orders: 1,
      plan: { down_bps: 80_000_000 },
    })
    expect(await ordersOf(sessionId)).toEqual([{ wish: 'reapply', reason: 'plan-changed', state: 'waiting' }])
    const { rows } = await api.pool.query(
      `select action, before, after from audit_entry where noun = 'plan' and row_id = $1 order by id`,
      [plan.id],
    )
    expect(rows.map((row: { action: string }) => row.action)).toEqual(['plan.create', 'plan.edit'])
    expect(rows[1]).toMatchObject({
      before: { down_bps: 50_000_000, group_pools: [] },
      after: { down_bps: 80_000_000 },
    })
  })

  it('orders nothing for what counts from the next renewal or login', async () => {
    const { plan, sessionId } = await used()
    const answer = await isp.patch(`/plans/${plan.id}`, {
      name: `Renamed ${plan.id}`,
      price: '99.00',
      session_limit: 1,
    })
    expect(answer.body).toMatchObject({ sessions: 1, orders: 0 })
    expect(await ordersOf(sessionId)).toEqual([])
  })

  it('reaches those whose plan it follows', async () => {
    const slow = await make({ down_bps: '5M', up_bps: '1M' })
    const { sessionId } = await used({ on_quota: 'slower', quota_plan_id: slow.id, quota_octets: '1G' })
    const answer = await isp.patch(`/plans/${slow.id}`, { down_bps: '4M' })
    expect(answer.body).toMatchObject({ subscribers: 2, sessions: 1, orders: 1 })
    expect(await ordersOf(sessionId)).toHaveLength(1)
    const circle = await isp.patch(`/plans/${slow.id}`, { on_quota: 'slower', quota_plan_id: slow.id })
    expect(circle.body).toMatchObject({ detail: 'quota_plan_id: a plan cannot be its own slower one' })
  })

  it('leaves the wish to disconnect as it is', async () => {
    const { plan, sessionId } = await used()
    await api.pool.query(
      `insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
       values ($1, 1, 1, 'disconnect', 'password reset', now(), now(), now())`,
      [sessionId],
    )
    expect((await isp.patch(`/plans/${plan.id}`, { down_bps: '80M' })).body).toMatchObject({ orders: 1 })
    const order = { wish: 'disconnect', reason: 'password reset' }
    expect(await ordersOf(sessionId)).toEqual([
      { ...order, state: 'replaced' },
      { ...order, state: 'waiting' },
    ])
  })

  it('is refused where somebody has changed it meanwhile', async () => {
    const { plan } = await used()
    const version = (await isp.get(`/plans/${plan.id}`)).headers.get('etag')!
    expect((await isp.patch(`/plans/${plan.id}`, { priority: 2 }, { 'if-match': version })).status).toBe(200)
    expect((await isp.patch(`/plans/${plan.id}`, { priority: 3 }, { 'if-match': version })).status).toBe(412)
  })

  it('takes a circle of slower plans for what it is', async () => {
    const one = await make()
    const two = await make({ on_quota: 'slower', quota_plan_id: one.id, quota_octets: '1G' })
    const answer = await isp.patch(`/plans/${one.id}`, { on_quota: 'slower', quota_plan_id: two.id })
    expect(answer.status).toBe(422)
    expect(String(answer.body['detail'])).toContain('goes in a circle')
  })
})

describe('archiving', () => {
  it('is refused while subscribers have the plan or wait for it, and says how many', async () => {
    const [plan, other] = [await make(), await make()]
    await insertSubscriber(api.pool, { username: 'has-it', plan_id: BigInt(plan.id) })
    await insertSubscriber(api.pool, { username: 'waits', plan_id: BigInt(other.id), next_plan_id: BigInt(plan.id) })
    const answer = await isp.post(`/plans/${plan.id}/archive`, {})
    expect(answer.status).toBe(409)
    expect(answer.body).toMatchObject({
      detail: 'move_to: 1 subscribers have this plan and 1 wait for it: name a plan to move them to',
    })
  })

  it('moves them where a plan is named, tells their sessions and writes it down for each', async () => {
    const [plan, other] = [await make(), await make()]
    const id = await insertSubscriber(api.pool, { username: 'moves', plan_id: BigInt(plan.id) })
    const waits = await insertSubscriber(api.pool, {
      username: 'waits-too',
      plan_id: BigInt(other.id),
      next_plan_id: BigInt(plan.id),
    })
    await insertSession(api.pool, { subscriber_id: id })
    expect((await isp.post(`/plans/${plan.id}/archive`, { move_to: plan.id })).status).toBe(422)
    const answer = await isp.post(`/plans/${plan.id}/archive`, { move_to: other.id })
    expect(answer.body).toEqual({ moved: 1, orders: 1 })
    const { rows } = await api.pool.query(
      'select id, plan_id, next_plan_id from subscriber where id = any($1::bigint[]) order by id',
      [[id, waits]],
    )
    // Who waited for it has the other one already.
    expect(rows).toEqual([
      { id, plan_id: BigInt(other.id), next_plan_id: null },
      { id: waits, plan_id: BigInt(other.id), next_plan_id: null },
    ])
    const audit = await api.pool.query(
      `select row_id from audit_entry where action = 'subscriber.change-plan' order by row_id`,
    )
    expect(audit.rows.map((row: { row_id: bigint }) => row.row_id)).toEqual([id, waits])
    expect((await isp.get('/plans?archived=true')).body).toMatchObject({ items: [{ id: plan.id }] })
    expect((await isp.patch(`/plans/${plan.id}`, { priority: 1 })).status).toBe(409)
  })

  it('is refused while the plan follows the quota of another, and to a plan that not all may have', async () => {
    const slow = await make({ down_bps: '5M' })
    await make({ on_quota: 'slower', quota_plan_id: slow.id, quota_octets: '1G' })
    expect((await isp.post(`/plans/${slow.id}/archive`, {})).status).toBe(409)
    const owner_id = Number(await api.reseller('R1'))
    const [shared, own] = [await make(), await make({ owner_id })]
    expect((await isp.post(`/plans/${shared.id}/archive`, { move_to: own.id })).status).toBe(422)
    expect((await isp.post(`/plans/${own.id}/archive`, { move_to: shared.id })).status).toBe(200)
  })
})
