import { beforeAll, describe, expect, it } from 'vitest'
import { disconnectSession, listOrders, orderStates } from '../../../src/domain/activity/session-order.ts'
import type { OrderFilter } from '../../../src/domain/activity/session-order.ts'
import type { Author } from '../../../src/domain/author.ts'
import { ConflictError, NotFoundError } from '../../../src/domain/field.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { insertPlan, insertRow, insertSession, insertSubscriber } from '../../support/access.ts'
import { makeNas } from '../../support/accounting.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let [reseller, westGroup, east, west, anna, berta]: bigint[] = []
const by = (scope: Scope = everything): Author => ({ ...office.author, scope })

const order = (row: Record<string, unknown>): Promise<bigint> =>
  insertRow(office.pool, 'coa_order', {
    session_id: 900_000,
    nas_id: east,
    wish: 'reapply',
    reason: 'plan',
    next_at: noon,
    deadline: noon,
    created_at: noon,
    ...row,
  })
const listed = async (filter: OrderFilter, scope: Scope = everything): Promise<bigint[]> =>
  (await listOrders(office.db, { filter, limit: 100 }, scope)).map(({ id }) => id)
const ordersOf = (sessionId: bigint) =>
  rowsOf(office, 'select state, wish from coa_order where session_id = $1 order by id', [sessionId])
const online = (row: Record<string, unknown> = {}) =>
  insertSession(office.pool, { subscriber_id: anna!, username: 'anna', nas_id: east, ...row })

beforeAll(async () => {
  const { pool } = office
  const plan = await insertPlan(pool)
  reseller = await insertRow(pool, 'organisation', { kind: 'reseller', name: 'R', parent_id: 1 })
  westGroup = await insertRow(pool, 'nas_group', { name: 'west', address_space_id: 1 })
  east = (await makeNas(pool)).id
  west = (await makeNas(pool, { group: westGroup })).id
  anna = await insertSubscriber(pool, { username: 'anna', plan_id: plan, zone: 'north', owner_id: reseller })
  berta = await insertSubscriber(pool, { username: 'berta', plan_id: plan, zone: 'south' })
})

describe('a list of orders', () => {
  const made: Record<string, bigint> = {}
  beforeAll(async () => {
    made.anna = await order({ subscriber_id: anna, session_id: 900_001, created_at: hours(-3) })
    made.berta = await order({ subscriber_id: berta, nas_id: west, wish: 'disconnect', created_at: hours(-2) })
    made.nobody = await order({ nas_id: west, state: 'failed', error_cause: 503, finished_at: noon })
    made.gone = await order({ nas_id: 777_777, state: 'expired', subscriber_id: 777_777 })
  })
  const names = async (filter: OrderFilter, scope?: Scope) => {
    const found = new Set(await listed(filter, scope))
    return Object.keys(made).filter((name) => found.has(made[name]!))
  }

  it.each<[string, () => OrderFilter, string[]]>([
    ['nothing', () => ({}), ['anna', 'berta', 'nobody', 'gone']],
    ['subscriber', () => ({ subscriberId: anna }), ['anna']],
    ['session', () => ({ sessionId: 900_001n }), ['anna']],
    ['NAS', () => ({ nasId: west }), ['berta', 'nobody']],
    ['states', () => ({ states: ['failed', 'expired'] }), ['nobody', 'gone']],
    ['no state at all', () => ({ states: [] }), []],
    ['wish', () => ({ wish: 'disconnect' }), ['berta']],
    ['its first instant', () => ({ since: hours(-2) }), ['berta', 'nobody', 'gone']],
    ['its last instant, which is outside', () => ({ until: hours(-2) }), ['anna']],
    ['all at once', () => ({ nasId: west, wish: 'disconnect', states: ['waiting'], since: hours(-2) }), ['berta']],
    ['what fits none', () => ({ nasId: east, wish: 'disconnect' }), []],
  ])('is filtered by %s', async (_what, filter, wanted) => {
    expect(await names(filter())).toEqual(wanted)
  })

  it('shows a reseller its own, a team its zones or its NAS groups, and strangers to neither', async () => {
    expect(await names({}, { ...everything, ownerId: reseller })).toEqual(['anna'])
    expect(await names({}, { ...everything, ownerId: 999_999n })).toEqual([])
    expect(await names({}, { ...everything, zones: ['south'] })).toEqual(['berta'])
    expect(await names({}, { ...everything, zones: [] })).toEqual([])
    expect(await names({}, { ...everything, nasGroupIds: [westGroup!] })).toEqual(['berta', 'nobody'])
    expect(await names({}, { ...everything, zones: ['north'], nasGroupIds: [westGroup!] })).toEqual([])
    expect(await names({ subscriberId: berta }, { ...everything, ownerId: reseller })).toEqual([])
  })

  it('outlives its NAS and its subscriber, and keeps what the NAS answered', async () => {
    const rows = await listOrders(office.db, { filter: { states: ['failed', 'expired'] }, limit: 10 }, everything)
    expect(rows).toMatchObject([
      { nas: null, username: null, nasId: 777_777n, subscriberId: 777_777n },
      { username: null, errorCause: 503, finishedAt: noon },
    ])
  })

  it('goes on after an id, newest first', async () => {
    const all = await listed({})
    expect(all).toEqual(all.toSorted((one, two) => Number(two - one)))
    const rest = await listOrders(office.db, { filter: {}, before: all[1]!, limit: 1 }, everything)
    expect(rest.map(({ id }) => id)).toEqual([all[2]])
  })
})

describe('disconnecting a session', () => {
  it.each(orderStates)('replaces an older wish that waits, is to be proved or came to nothing: %s', async (state) => {
    const sessionId = await online()
    await order({ session_id: sessionId, state, finished_at: state === 'done' ? noon : null })
    await disconnectSession(office.db, { sessionId }, by(), noon)
    const waits = ['waiting', 'timeout', 'acked', 'failed', 'expired'].includes(state)
    expect(await ordersOf(sessionId)).toEqual([
      { state: waits ? 'replaced' : state, wish: 'reapply' },
      { state: 'waiting', wish: 'disconnect' },
    ])
  })

  it('leaves the wishes about other sessions of the subscriber alone', async () => {
    const [mine, other] = [await online(), await online()]
    await order({ session_id: other, subscriber_id: anna })
    await disconnectSession(office.db, { sessionId: mine }, by(), noon)
    expect(await ordersOf(other)).toEqual([{ state: 'waiting', wish: 'reapply' }])
  })

  it('by twenty at once leaves one order that waits, and tells of every one who asked', async () => {
    const sessionId = await online()
    const asked = Array.from({ length: 20 }, (_, n) =>
      disconnectSession(office.db, { sessionId, reason: `hand ${n}` }, by(), noon),
    )
    const given = (await Promise.all(asked)).map(({ orderId }) => orderId)
    expect(new Set(given).size).toBe(20)
    const states = (await ordersOf(sessionId)).map(({ state }) => state)
    expect(states.filter((state) => state === 'waiting')).toHaveLength(1)
    const told = await rowsOf(office, `select 1 from audit_entry where noun = 'session' and row_id = $1`, [sessionId])
    expect(told).toHaveLength(20)
  })

  it('is all or nothing: where the deed is rolled back the older wish still waits', async () => {
    const sessionId = await online()
    await order({ session_id: sessionId })
    const failing = office.db.transaction().execute(async (trx) => {
      await disconnectSession(trx, { sessionId }, by(), noon)
      throw new Error('as planned')
    })
    await expect(failing).rejects.toThrow('as planned')
    expect(await ordersOf(sessionId)).toEqual([{ state: 'waiting', wish: 'reapply' }])
  })

  it('is refused where it has ended, where it is a service, and where it is out of reach', async () => {
    const ended = await online({ ended_at: noon, ended_by: 'stop' })
    const parent = await online()
    const service = await online({ service: 'voice', parent_id: parent })
    const stranger = await insertRow(office.pool, 'session', {
      nas_id: west,
      acct_session_id: 'stranger',
      epoch: 0,
      username: 'stranger',
      nas_group_id: westGroup,
      address_space_id: 1,
      started_at: noon,
      event_at: noon,
      updated_at: noon,
    })
    const refuse = (sessionId: bigint, scope?: Scope) =>
      disconnectSession(office.db, { sessionId }, by(scope), noon).catch((error: unknown) => error)
    expect(await refuse(ended)).toBeInstanceOf(ConflictError)
    expect(await refuse(service)).toBeInstanceOf(ConflictError)
    for (const scope of [
      { ...everything, ownerId: 999_999n },
      { ...everything, zones: ['south'] },
      { ...everything, nasGroupIds: [westGroup!] },
    ]) {
      expect(await refuse(parent, scope)).toBeInstanceOf(NotFoundError)
    }
    expect(await refuse(stranger, { ...everything, ownerId: reseller })).toBeInstanceOf(NotFoundError)
    for (const id of [ended, service, parent, stranger]) expect(await ordersOf(id)).toEqual([])
    expect(await refuse(stranger, { ...everything, nasGroupIds: [westGroup!] })).toHaveProperty('orderId')
  })
})
