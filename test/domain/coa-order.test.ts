import { beforeAll, describe, expect, it } from 'vitest'
import { orderForSession, orderForSubscribers } from '../../src/domain/coa-order.ts'
import type { Wish } from '../../src/domain/coa-order.ts'
import { orderSessions } from '../../src/domain/enforcement/order-sessions.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { hours, makePlan, noon, openSession, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const order = (subscriberIds: bigint[], wish: Wish, now = noon) =>
  orderForSubscribers(office.db, { subscriberIds, wish, reason: 'a test' }, now)

beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
})

async function subscriber(username: string, sessions: number): Promise<bigint> {
  const { id } = await addSubscriber(office.db, { username, plan: 'Home' }, office.author, noon)
  for (let at = 0; at < sessions; at += 1) await openSession(office, id, `${username}-${at}`)
  return id
}

describe('orders about live sessions', () => {
  it('are one for each open session of all that are named', async () => {
    const [one, two, none] = [await subscriber('one', 1), await subscriber('two', 2), await subscriber('none', 0)]
    await subscriber('other', 1)
    expect(await order([one, two, none], 'reapply')).toBe(3)
    expect(
      await rowsOf(
        office,
        'select subscriber_id, wish, reason, state, attempts, created_at from coa_order order by id',
      ),
    ).toEqual(
      [one, two, two].map((id) => ({
        subscriber_id: id,
        wish: 'reapply',
        reason: 'a test',
        state: 'waiting',
        attempts: 0,
        created_at: noon,
      })),
    )
    expect(await order([], 'disconnect')).toBe(0)
  })

  it('take the place of those that wait, are not proved yet or came to nothing, and of no others', async () => {
    const id = await subscriber('replaced', 1)
    for (const state of ['waiting', 'timeout', 'claimed', 'acked', 'done', 'failed', 'expired']) {
      await order([id], 'reapply')
      await rowsOf(office, `update coa_order set state = $2 where subscriber_id = $1 and state = 'waiting'`, [
        id,
        state,
      ])
    }
    await order([id], 'disconnect', hours(1))
    const orders = await rowsOf(
      office,
      'select state, wish, finished_at from coa_order where subscriber_id = $1 order by id',
      [id],
    )
    expect(orders.map(({ state }) => state)).toEqual([
      'replaced',
      'replaced',
      'claimed',
      'replaced',
      'done',
      'replaced',
      'replaced',
      'waiting',
    ])
    expect(orders.at(-1)).toEqual({ state: 'waiting', wish: 'disconnect', finished_at: null })
    expect(orders[0]!.finished_at).toEqual(noon)
  })
})

describe('who is to be thrown out', () => {
  /** Somebody about whose one session there is an order to disconnect. */
  async function toGo(username: string, reason: string, state = 'waiting'): Promise<bigint> {
    const id = await subscriber(username, 1)
    await orderForSubscribers(office.db, { subscriberIds: [id], wish: 'disconnect', reason }, noon)
    await rowsOf(office, 'update coa_order set state = $2 where subscriber_id = $1', [id, state])
    return id
  }
  const told = (id: bigint, wish: Wish, reason: string) =>
    orderForSubscribers(office.db, { subscriberIds: [id], wish, reason }, hours(0.01))
  const newest = async (id: bigint) =>
    (
      await rowsOf(
        office,
        'select wish, reason, state from coa_order where subscriber_id = $1 order by id desc limit 1',
        [id],
      )
    )[0]!
  const reasons = ['address changed', 'password reset', 'disconnected by hand', 'operator', 'change ignored']

  it.each([...reasons, 'address-conflict', 'bound elsewhere', 'edited'])(
    'stays so whatever is told: %s',
    async (reason) => {
      const id = await toGo(`stays ${reason}`, reason)
      expect(await told(id, 'reapply', 'renewed')).toBe(1)
      expect(await newest(id)).toEqual({ wish: 'disconnect', reason, state: 'waiting' })
      await told(id, 'reapply', 'plan-changed')
      expect(await newest(id)).toEqual({ wish: 'disconnect', reason, state: 'waiting' })
    },
  )

  it.each([
    ['waiting', 'disconnect'],
    ['claimed', 'disconnect'],
    ['timeout', 'disconnect'],
    ['acked', 'disconnect'],
    ['expired', 'disconnect'],
    ['done', 'reapply'],
    ['nacked', 'reapply'],
    ['failed', 'reapply'],
  ])('is so while that order has not come to its end: %s', async (state, wish) => {
    const id = await toGo(`while ${state}`, 'operator', state)
    await told(id, 'reapply', 'renewed')
    expect(await newest(id)).toMatchObject({ wish, state: 'waiting' })
  })

  it.each(['blocked', 'disabled', 'deleted', 'archived', 'expired', 'renewal reverted', 'imported'])(
    'is let in again where the fact is lifted, which the delivery sees: %s',
    async (reason) => {
      const id = await toGo(`lifted ${reason}`, reason)
      await told(id, 'reapply', 'lifted')
      expect(await newest(id)).toEqual({ wish: 'reapply', reason: 'lifted', state: 'waiting' })
    },
  )

  it('by hand still is after a block that was lifted in between', async () => {
    const id = await toGo('in between', 'password reset')
    await told(id, 'disconnect', 'blocked')
    await told(id, 'reapply', 'unblocked')
    expect(await newest(id)).toMatchObject({ wish: 'disconnect', reason: 'password reset' })
  })

  it('is found by an order about one session and by the orders of enforcement', async () => {
    const id = await toGo('one by one', 'operator')
    const [{ id: sessionId }] = (await rowsOf(office, 'select id from session where subscriber_id = $1', [id])) as [
      { id: bigint },
    ]
    const wanted = { sessionId, subscriberId: id, nasId: 1n, wish: 'reapply', reason: 'x' } as const
    await orderForSession(office.db, wanted, hours(1))
    expect(await newest(id)).toMatchObject({ wish: 'disconnect', reason: 'operator' })
    expect(await orderSessions(office.db, [{ sessionId, wish: 'reapply', reason: 'quota' }], hours(1))).toBe(1)
    expect(await newest(id)).toMatchObject({ wish: 'disconnect', reason: 'operator' })
  })
})

it('older orders are locked by their id, so that deeds that meet do not stand crosswise', async () => {
  const id = await subscriber('crosswise', 2)
  const sessions = await rowsOf(office, 'select id from session where subscriber_id = $1 order by id', [id])
  // The first session has the later order, which lies before the other one in the table.
  for (const [orderId, session] of [
    [9_002, sessions[0]!.id],
    [9_001, sessions[1]!.id],
  ]) {
    await rowsOf(
      office,
      `insert into coa_order (id, session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
       overriding system value values ($1, $2, $3, 1, 'reapply', 'x', $4, $4, $4)`,
      [orderId, session, id, noon],
    )
  }
  const client = await office.pool.connect()
  try {
    await client.query('begin')
    await client.query('select from coa_order where id = 9001 for update')
    const deed = order([id], 'reapply')
    const waits = `select 1 from pg_locks where not granted and locktype in ('transactionid', 'tuple')`
    await expect.poll(() => rowsOf(office, waits)).not.toEqual([])
    await client.query('select from coa_order where id = 9002 for update')
    await client.query('commit')
    expect(await deed).toBe(2)
  } finally {
    client.release()
  }
})

describe('an order of enforcement', () => {
  const orders = (sessionId: bigint) =>
    rowsOf(
      office,
      'select wish, reason, state, created_at, deadline, finished_at from coa_order where session_id = $1 order by id',
      [sessionId],
    )
  async function givenUp(username: string, state: string) {
    const id = await subscriber(username, 1)
    const [session] = await rowsOf(office, 'select id from session where subscriber_id = $1', [id])
    await order([id], 'reapply')
    await rowsOf(office, 'update coa_order set state = $2, finished_at = $3 where subscriber_id = $1', [
      id,
      state,
      noon,
    ])
    return session!.id as bigint
  }
  const again = (sessionId: bigint, wish: Wish, reason: string) =>
    orderSessions(office.db, [{ sessionId, wish, reason }], hours(1))

  it.each(['expired', 'failed'])('that came to nothing waits again and keeps since when: %s', async (state) => {
    const sessionId = await givenUp(`again ${state}`, state)
    expect(await again(sessionId, 'reapply', 'a test')).toBe(1)
    expect(await orders(sessionId)).toEqual([
      {
        wish: 'reapply',
        reason: 'a test',
        state: 'waiting',
        created_at: noon,
        deadline: new Date(hours(1).getTime() + 600_000),
        finished_at: null,
      },
    ])
  })

  it('of another wish or reason, or behind what is over, is a new one, and one alone is not over', async () => {
    for (const [wish, reason] of [
      ['disconnect', 'a test'],
      ['reapply', 'quota'],
    ] as const) {
      const sessionId = await givenUp(`other ${wish}`, 'expired')
      await again(sessionId, wish, reason)
      expect(await orders(sessionId)).toMatchObject([
        { state: 'replaced', finished_at: noon },
        { wish, reason, state: 'waiting', created_at: hours(1) },
      ])
    }
    const done = await givenUp('behind done', 'done')
    await again(done, 'reapply', 'a test')
    expect(await orders(done)).toMatchObject([{ state: 'done' }, { state: 'waiting' }])
  })
})
