import { beforeAll, describe, expect, it } from 'vitest'
import {
  always,
  conclude,
  doneOf,
  idsOf,
  judgeEach,
  lockSubjects,
  orderEach,
  refused,
  unchanged,
} from '../../../src/domain/subscriber-action/take.ts'
import type { Subject } from '../../../src/domain/subscriber-action/take.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import {
  addTestPlan,
  addTestSubscriber,
  auditOf,
  openTestSession,
  queryRows,
  waitingOrders,
} from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let ids: bigint[]

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home', { on_block: 'garden', device_limit: 3 })
  ids = []
  for (let at = 0; at < 3; at++) ids.push(BigInt(await addTestSubscriber(admin)))
  await openTestSession(api, Number(ids[0]))
  await openTestSession(api, Number(ids[1]))
  await openTestSession(api, Number(ids[1]), { ended_at: noon })
  await openTestSession(api, Number(ids[1]), { service: 'internet', parent_id: 1n })
})

const locked = <T>(work: (subjects: Subject[]) => Promise<T> | T): Promise<T> =>
  api.db.transaction().execute(async (trx) => work(await lockSubjects(trx, ids.toReversed())))

describe('subjects', () => {
  it('come in the order of their ids, with their plan and how many sessions an order would concern', async () => {
    const found = await locked((subjects) => subjects)
    expect(found.map(({ id }) => id)).toEqual(ids)
    expect(found.map(({ open_sessions: count }) => count)).toEqual([1, 1, 0])
    expect(found[0]).toMatchObject({
      on_block: 'garden',
      plan_device_limit: 3,
      plan_owner_id: null,
      next_plan_owner_id: null,
    })
  })

  it('are locked until the transaction ends', async () => {
    await locked(async () => {
      const other = api.pool.query('select id from subscriber where id = $1 for update nowait', [ids[0]])
      await expect(other).rejects.toThrow('could not obtain lock')
      // What only refers to one does not wait.
      await api.pool.query('insert into device (subscriber_id, mac) values ($1, $2)', [ids[0], 'aa:00:00:00:00:99'])
    })
  })
})

describe('verdicts', () => {
  it('are given to each, and to the deleted only where the action says so', async () => {
    await queryRows(api, 'update subscriber set archived_at = $2 where id = $1', [ids[2], noon])
    const judge = ({ id }: Subject) => (id === ids[0] ? unchanged : { kind: 'done' as const })
    const kinds = (options: { archived?: boolean } = {}) =>
      locked((subjects) => judgeEach(subjects, judge, options).map(({ verdict }) => verdict.kind))
    expect(await kinds()).toEqual(['unchanged', 'done', 'refused'])
    expect(await kinds({ archived: true })).toEqual(['unchanged', 'done', 'done'])
    await queryRows(api, 'update subscriber set archived_at = null where id = $1', [ids[2]])
  })

  it('become outcomes in the order asked, and audit entries of what was done alone', async () => {
    const outcomes = await api.db.transaction().execute(async (trx) => {
      const judged = judgeEach(await lockSubjects(trx, ids), ({ id }) => {
        if (id === ids[0]) return unchanged
        if (id === ids[1]) return refused('it does not want to')
        return {
          kind: 'done',
          before: { zone: 'a' },
          after: { zone: 'b' },
          detail: { n: 1 },
          revealed: { password: 'x' },
        }
      })
      expect(idsOf(doneOf(judged))).toEqual([ids[2]])
      const subscriberIds = [ids[2]!, 999_999_999n, ids[1]!, ids[0]!]
      return conclude(trx, { action: 'try', subscriberIds, judged }, api.author, noon)
    })
    expect(outcomes).toEqual([
      { subscriberId: ids[2], kind: 'done', detail: { n: 1 }, revealed: { password: 'x' } },
      { subscriberId: 999_999_999n, kind: 'refused', reason: 'it is not there' },
      { subscriberId: ids[1], kind: 'refused', reason: 'it does not want to' },
      { subscriberId: ids[0], kind: 'unchanged' },
    ])
    const entries = await Promise.all(
      ids.map(async (id) => (await auditOf(api, Number(id))).filter(({ action }) => action === 'subscriber.try')),
    )
    expect(entries.map((found) => found.length)).toEqual([0, 0, 1])
    expect(entries[2]![0]).toMatchObject({ before: { zone: 'a' }, after: { zone: 'b' }, owner_id: 1n })
  })
})

describe('orders', () => {
  it('go to those with live sessions, each with its own wish', async () => {
    await api.db.transaction().execute(async (trx) => {
      const done = doneOf(judgeEach(await lockSubjects(trx, ids), () => ({ kind: 'done' })))
      const wish = ({ id }: Subject) => (id === ids[0] ? ('disconnect' as const) : ('reapply' as const))
      await orderEach(trx, done, { wish, reason: 'tried' }, noon)
    })
    const orders = await Promise.all(ids.map((id) => waitingOrders(api, Number(id))))
    expect(orders).toEqual([['disconnect tried'], ['reapply tried'], []])
    expect(always('reapply')({} as Subject)).toBe('reapply')
  })
})
