import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'
import {
  addTestPlan,
  addTestSubscriber,
  auditOf,
  openTestSession,
  queryRows,
  takeNamed,
  waitingOrders,
} from '../../support/subscribers.ts'

const api = useApi()
let admin: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  await addTestPlan(api, 'Garden', { on_block: 'garden' })
})

const take = (action: string, id: number, params: Record<string, unknown> = {}, now = noon) =>
  takeNamed(api.db, { action, ids: [id], params }, api.author, now)
const orders = (id: number) =>
  queryRows(
    api,
    'select session_id, wish, reason, state, next_at, deadline from coa_order where subscriber_id = $1 order by id',
    [id],
  )
const facts = async (id: number) =>
  (await queryRows(api, 'select enabled, block_reason, blocked_at from subscriber where id = $1', [id]))[0]!

async function dialled(plan = 'Home'): Promise<number> {
  const id = await addTestSubscriber(admin, { plan })
  await openTestSession(api, id)
  return id
}

describe('lifting a block for a reason', () => {
  it('leaves one alone that somebody made since for another reason', async () => {
    const id = await dialled()
    const [blocked] = await take('block', id, { reason: 'unpaid' })
    expect(await take('block', id, { reason: 'abuse' })).toMatchObject([
      { kind: 'done', undo: { action: 'block', params: { reason: 'unpaid' } } },
    ])
    const { undo } = blocked as { undo: { params: Record<string, unknown> } }
    expect(await take('unblock', id, undo.params)).toEqual([
      { subscriberId: BigInt(id), kind: 'refused', reason: 'it is blocked for another reason: abuse' },
    ])
    expect(await facts(id)).toMatchObject({ block_reason: 'abuse' })
    expect(await take('unblock', id, { reason: 'abuse' })).toMatchObject([{ kind: 'done' }])
    expect(await facts(id)).toMatchObject({ block_reason: null, blocked_at: null })
  })
})

describe('blocking', () => {
  it('is a fact with a reason, and an order about each open session', async () => {
    const id = await dialled()
    await openTestSession(api, id, { ended_at: noon })
    await openTestSession(api, id, { parent_id: 1n, service: 'internet' })
    expect(await take('block', id, { reason: ' unpaid ' })).toEqual([
      {
        subscriberId: BigInt(id),
        kind: 'done',
        detail: { wish: 'disconnect', sessions: 1, was_blocked: false },
        undo: { action: 'unblock', params: { reason: 'unpaid' } },
      },
    ])
    expect(await facts(id)).toEqual({ enabled: true, block_reason: 'unpaid', blocked_at: noon })
    expect(await orders(id)).toMatchObject([
      { wish: 'disconnect', reason: 'blocked', state: 'waiting', next_at: noon, deadline: hours(1 / 6) },
    ])
    const entries = await auditOf(api, id)
    expect(entries.at(-1)).toMatchObject({ action: 'subscriber.block', author_name: 'test' })
  })

  it('again changes the reason, not the time, replaces the order that waits, and can be undone to the reason before', async () => {
    const id = await dialled()
    await take('block', id, { reason: 'unpaid' })
    const [again] = await take('block', id, { reason: 'abuse' }, hours(1))
    expect(again).toMatchObject({
      detail: { was_blocked: true },
      undo: { action: 'block', params: { reason: 'unpaid' } },
    })
    expect(await facts(id)).toMatchObject({ block_reason: 'abuse', blocked_at: noon })
    expect((await orders(id)).map(({ state }) => state)).toEqual(['replaced', 'waiting'])
    await takeNamed(api.db, { ids: [id], ...again!.undo! }, api.author)
    expect(await facts(id)).toMatchObject({ block_reason: 'unpaid' })
  })

  it('for the same reason changes nothing, writes nothing and orders nothing', async () => {
    const id = await dialled()
    await take('block', id, { reason: 'unpaid' })
    expect(await take('block', id, { reason: 'unpaid' }, hours(1))).toEqual([
      { subscriberId: BigInt(id), kind: 'unchanged' },
    ])
    expect(await orders(id)).toHaveLength(1)
    expect(await auditOf(api, id)).toHaveLength(2)
  })

  it('applies the garden to live sessions where the plan says so', async () => {
    const id = await dialled('Garden')
    expect(await take('block', id, { reason: 'unpaid' })).toMatchObject([{ detail: { wish: 'reapply' } }])
    expect(await waitingOrders(api, id)).toEqual(['reapply blocked'])
  })

  it('leaves an order alone that is being carried out', async () => {
    const id = await dialled()
    await take('block', id, { reason: 'unpaid' })
    await queryRows(api, `update coa_order set state = 'claimed' where subscriber_id = $1`, [id])
    await take('block', id, { reason: 'abuse' })
    expect((await orders(id)).map(({ state }) => state)).toEqual(['claimed', 'waiting'])
  })

  it('needs a reason', async () => {
    const id = await dialled()
    for (const reason of [' ', 'x'.repeat(201)]) {
      await expect(take('block', id, { reason })).rejects.toThrow('reason: ')
    }
    expect(await facts(id)).toMatchObject({ blocked_at: null })
  })

  it('and its orders are one: neither is there without the other', async () => {
    const id = await dialled()
    const failing = api.db.transaction().execute(async (trx) => {
      await takeNamed(trx, { action: 'block', ids: [id], params: { reason: 'x' } }, api.author)
      throw new Error('the power went')
    })
    await expect(failing).rejects.toThrow('the power went')
    expect(await facts(id)).toMatchObject({ blocked_at: null })
    expect(await orders(id)).toEqual([])
    expect(await auditOf(api, id)).toHaveLength(1)
  })

  it('fifty times at once has one effect', async () => {
    const id = await dialled()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => admin.post(`/subscribers/${id}/block`, { reason: 'unpaid' })),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
    expect(answers.filter(({ body }) => body['outcome'] === 'done')).toHaveLength(1)
    expect((await auditOf(api, id)).filter(({ action }) => action === 'subscriber.block')).toHaveLength(1)
    expect(await orders(id)).toHaveLength(1)
  })

  it('of five hundred is a handful of statements, one outcome each, in the order asked', async () => {
    const rows = await queryRows(
      api,
      `with payer as (insert into payer (owner_id, name) values (1, 'many') returning id)
       insert into subscriber (owner_id, payer_id, plan_id, username)
       select 1, payer.id, (select min(id) from plan), 'many' || n from payer, generate_series(1, 500) n returning id`,
    )
    const ids = rows.map(({ id }) => id as bigint).toReversed()
    const outcomes = await takeNamed(api.db, { action: 'block', ids, params: { reason: 'many' } }, api.author)
    expect(outcomes.map(({ subscriberId }) => subscriberId)).toEqual(ids)
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['done']))
    const [audited] = await queryRows(
      api,
      `select count(*)::int as count from audit_entry where action = 'subscriber.block' and row_id = any($1)`,
      [ids],
    )
    expect(audited).toEqual({ count: 500 })
    const missing = await takeNamed(api.db, { action: 'unblock', ids: [ids[0]!, 999_999_999n] }, api.author)
    expect(missing).toMatchObject([{ kind: 'done' }, { kind: 'refused', reason: 'it is not there' }])
  })
})

describe('unblocking', () => {
  it('lifts the block, and orders what the sessions are entitled to again', async () => {
    const id = await dialled('Garden')
    await take('block', id, { reason: 'unpaid' })
    expect(await take('unblock', id, {}, hours(1))).toMatchObject([
      { kind: 'done', detail: { sessions: 1 }, undo: { action: 'block', params: { reason: 'unpaid' } } },
    ])
    expect(await facts(id)).toEqual({ enabled: true, block_reason: null, blocked_at: null })
    expect(await orders(id)).toMatchObject([
      { state: 'replaced' },
      { wish: 'reapply', reason: 'unblocked', state: 'waiting' },
    ])
    expect(await take('unblock', id)).toMatchObject([{ kind: 'unchanged' }])
  })
})
