import { beforeAll, describe, expect, it } from 'vitest'
import { makeNasRow, makeSide } from '../../support/activity.ts'
import type { Side } from '../../support/activity.ts'
import { insertRow } from '../../support/access.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'

const api = useApi()
let support: Client
let [north, south]: Side[] = []
let order = 0n
let nasId = 0n

beforeAll(async () => {
  support = await api.as('support')
  north = await makeSide(api, 'north')
  south = await makeSide(api, 'south')
  nasId = await makeNasRow(api, 'bng-1')
  order = await insertRow(api.pool, 'coa_order', {
    session_id: 4_711,
    subscriber_id: north.subscriberId,
    nas_id: nasId,
    wish: 'disconnect',
    reason: 'blocked',
    state: 'acked',
    evidence: 'acked',
    attempts: 2,
    detail: 'removed on the router',
    next_at: noon,
    deadline: noon,
    created_at: noon,
  })
  const attempt = { order_id: order, subscriber_id: north.subscriberId, at: noon }
  const sent = { sent_to: '192.0.2.1', port: 3799, sent_from: '198.51.100.1' }
  await insertRow(api.pool, 'coa_attempt', {
    ...attempt,
    ...sent,
    kind: 'disconnect',
    outcome: 'nak',
    error_cause: 501,
  })
  await insertRow(api.pool, 'coa_attempt', { ...attempt, kind: 'router', outcome: 'removed' })
})

describe('GET /coa-orders/:id', () => {
  it('shows an order with each sending for it', async () => {
    const answer = await support.get(`/coa-orders/${order}`)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({
      id: Number(order),
      nas: 'bng-1',
      state: 'acked',
      attempts: 2,
      detail: 'removed on the router',
    })
    const nothing = { sent_to: null, port: null, sent_from: null, error_cause: null, round_trip_ms: null, detail: null }
    expect(answer.body.sent).toEqual([
      {
        ...nothing,
        at: noon.toISOString(),
        kind: 'disconnect',
        outcome: 'nak',
        sent_to: '192.0.2.1',
        port: 3799,
        sent_from: '198.51.100.1',
        error_cause: 501,
      },
      { ...nothing, at: noon.toISOString(), kind: 'router', outcome: 'removed' },
    ])
    const { body } = await support.get('/coa-orders')
    expect(body.items).toMatchObject([{ detail: 'removed on the router' }])
  })

  it('is found by its owner, whose fence shows the sendings too, and by no other reseller', async () => {
    const answer = await north!.client.get(`/coa-orders/${order}`)
    expect(answer.body.sent).toHaveLength(2)
    expect((await south!.client.get(`/coa-orders/${order}`)).status).toBe(404)
    expect((await support.get(`/coa-orders/${order + 1n}`)).status).toBe(404)
  })
})

describe('GET /nases', () => {
  it('shows what a NAS refused to do live', async () => {
    const learnt = async () => {
      const [all, one] = [await support.get('/nases'), await support.get('/nases/bng-1')]
      const items = all.body.items as { name: string; learnt: unknown }[]
      return [items.find(({ name }) => name === 'bng-1')!.learnt, one.body.learnt]
    }
    expect(await learnt()).toEqual([null, null])
    await insertRow(api.pool, 'nas_capability', {
      nas_id: nasId,
      cannot_change_since: noon,
      error_cause: 401,
      learnt_at: noon,
    })
    const expected = { cannot_change_since: noon.toISOString(), error_cause: 401, learnt_at: noon.toISOString() }
    expect(await learnt()).toEqual([expected, expected])
  })
})
