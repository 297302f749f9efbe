import { beforeAll, describe, expect, it } from 'vitest'
import { orderForSubscribers } from '../../src/domain/coa-order.ts'
import type { Wish } from '../../src/domain/coa-order.ts'
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

  it('take the place of those that wait, waited in vain or are not proved yet, and of no others', async () => {
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
      'failed',
      'expired',
      'waiting',
    ])
    expect(orders.at(-1)).toEqual({ state: 'waiting', wish: 'disconnect', finished_at: null })
    expect(orders[0]!.finished_at).toEqual(noon)
  })
})
