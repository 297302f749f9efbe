import { beforeAll, describe, expect, it } from 'vitest'
import { listAttempts, trimOrders, type Attempt } from '../../src/domain/coa-attempt.ts'
import { claimOrders, dueNases, settleOrder, type ClaimedOrder } from '../../src/domain/coa-delivery.ts'
import { grantedBy } from '../../src/domain/coa-evidence.ts'
import {
  forgetRefusal,
  isLastingRefusal,
  learnRefusal,
  stillSpared,
  takeTrial,
} from '../../src/domain/nas-capability.ts'
import { findCoaTarget } from '../../src/domain/coa-target.ts'
import { insertRow } from '../support/access.ts'
import { makeNas } from '../support/accounting.ts'
import { hours, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
let nasId = 0n
let sessionId = 1_000n

beforeAll(async () => {
  nasId = (await makeNas(office.pool)).id
})

/** An order that is due, of a session of its own unless named. */
function due(row: Record<string, unknown> = {}): Promise<bigint> {
  return insertRow(office.pool, 'coa_order', {
    session_id: (sessionId += 1n),
    subscriber_id: 5,
    nas_id: nasId,
    wish: 'disconnect',
    reason: 'a test',
    next_at: noon,
    deadline: hours(1),
    created_at: noon,
    ...row,
  })
}
const claim = (now = noon, most = 100) =>
  claimOrders(office.pool, { nasId, most, instance: 'test', until: new Date(now.getTime() + 120_000) }, now)
const orderRow = async (id: bigint) => (await rowsOf(office, 'select * from coa_order where id = $1', [id]))[0]!
const sent = (change: Partial<Attempt> = {}): Attempt => ({ at: noon, kind: 'disconnect', outcome: 'ack', ...change })
const seconds = (count: number) => new Date(noon.getTime() + count * 1_000)

describe('a claim', () => {
  it('tells what the NAS has acknowledged for an order before, and what the router was told', async () => {
    const id = await due()
    expect(await claim()).toMatchObject([{ id, attempts: 1, acknowledged: 0, isTried: false, isRemoved: false }])
    for (const [at, outcome] of ['timeout', 'ack', 'ack'].entries()) {
      const attempt = sent({ at: seconds(at), outcome: outcome as 'ack' })
      const order: Pick<ClaimedOrder, 'id' | 'attempts' | 'subscriberId'> = { id, attempts: at + 1, subscriberId: 5n }
      const result = { state: 'acked', evidence: 'acked', nextAt: seconds(at) } as const
      await settleOrder(office.pool, order, { result, sent: [attempt, sent({ kind: 'change' })] }, noon)
      await claim(seconds(at))
    }
    const order = { id, attempts: 4, subscriberId: 5n }
    const removed = sent({ kind: 'router', outcome: 'removed' })
    await settleOrder(office.pool, order, { result: { state: 'acked', nextAt: noon }, sent: [removed] }, noon)
    expect(await claim(seconds(3))).toMatchObject([
      { id, attempts: 5, acknowledged: 2, acknowledgedAt: seconds(1), isTried: true, isRemoved: true },
    ])
    await settleOrder(office.pool, { ...order, attempts: 5 }, { result: { state: 'done' }, sent: [] }, noon)
  })

  it('tells whether anything was sent, however often it was claimed', async () => {
    const id = await due()
    const [first] = await claim()
    await settleOrder(office.pool, first!, { result: { state: 'timeout', nextAt: noon }, sent: [] }, noon)
    const [second] = await claim()
    expect(second).toMatchObject({ id, attempts: 2, isTried: false })
    const sending = { result: { state: 'timeout', nextAt: noon }, sent: [sent({ outcome: 'timeout' })] } as const
    await settleOrder(office.pool, second!, sending, noon)
    const [third] = await claim()
    expect(third).toMatchObject({ id, attempts: 3, isTried: true })
    await settleOrder(office.pool, third!, { result: { state: 'done' }, sent: [] }, noon)
  })

  it('takes as many as there is room for and no more, the oldest first, while others claim too', async () => {
    const ids: bigint[] = []
    for (const second of [3, 1, 2, 4]) ids.push(await due({ next_at: seconds(second - 10) }))
    const claims = await Promise.all([claim(noon, 1), claim(noon, 1), claim(noon, 1)])
    expect(claims.map((orders) => orders.length).every((count) => count <= 1)).toBe(true)
    const taken = claims.flat()
    const rest = await claim()
    const all = [...taken, ...rest]
    expect(all.map(({ id }) => id).toSorted((a, b) => Number(a - b))).toEqual(ids)
    expect(taken.map(({ id }) => id)).toContain(ids[1])
    for (const order of all) await settleOrder(office.pool, order, { result: { state: 'done' }, sent: [] }, noon)
  })

  it('leaves a change alone while an older order about its session is on its way, and never a Disconnect', async () => {
    const of = { session_id: (sessionId += 1n) }
    const first = await due(of)
    const [claimed] = await claim()
    expect(claimed).toMatchObject({ id: first, isOvertaken: false })
    const change = await due({ ...of, wish: 'reapply' })
    expect(await claim()).toEqual([])
    const disconnect = await due(of)
    expect(await claim()).toMatchObject([{ id: disconnect, isOvertaken: false }])
    // When the time of the carrier is over, all are due; who is overtaken hears it.
    const all = await claim(hours(0.5))
    expect(all.toSorted((a, b) => Number(a.id - b.id))).toMatchObject([
      { id: first, isOvertaken: true },
      { id: change, isOvertaken: true },
      { id: disconnect, isOvertaken: false },
    ])
    for (const order of all) {
      await settleOrder(office.pool, order, { result: { state: 'done' }, sent: [] }, noon)
    }
  })
})

describe('the NASes with orders that are due', () => {
  it('are those that speak to one of our addresses, and those that nobody has heard for five minutes', async () => {
    const id = await due()
    const found = (now: Date) => dueNases(office.pool, ['198.51.100.1', '2001:db8::1'], now)
    expect(await found(noon)).toEqual([nasId])
    const heard = (heardOn: string) =>
      office.pool.query(
        `insert into nas_contact (nas_id, source, heard_on, heard_at) values ($1, '192.0.2.1', $2, $3)
         on conflict (nas_id) do update set heard_on = excluded.heard_on`,
        [nasId, heardOn, noon],
      )
    await heard('2001:db8:0::1')
    expect(await found(noon)).toEqual([nasId])
    await heard('198.51.100.2')
    expect(await found(seconds(300))).toEqual([])
    expect(await found(seconds(301))).toEqual([nasId])
    await office.pool.query('delete from nas_contact')
    const [order] = await claim()
    await settleOrder(office.pool, { ...order!, id }, { result: { state: 'done' }, sent: [] }, noon)
    expect(await found(noon)).toEqual([])
  })
})

describe('a result', () => {
  it('moves the deadline on and never back', async () => {
    const id = await due()
    for (const [deadline, expected] of [
      [hours(0.5), hours(1)],
      [hours(2), hours(2)],
      [undefined, hours(2)],
    ] as const) {
      const [order] = await claim()
      const moved = deadline === undefined ? {} : { deadline }
      await settleOrder(office.pool, order!, { result: { state: 'timeout', nextAt: noon, ...moved }, sent: [] }, noon)
      expect(await orderRow(id)).toMatchObject({ deadline: expected })
    }
    const [order] = await claim()
    await settleOrder(office.pool, order!, { result: { state: 'done' }, sent: [] }, noon)
  })

  it('is written with what was sent and what was granted, also where the order is no longer the carrier’s', async () => {
    const id = await due()
    const [order] = await claim()
    const attempts: Attempt[] = [
      sent({ kind: 'change', outcome: 'nak', errorCause: 401, roundTripMs: 1.6, garden: true }),
      sent({ sentTo: '192.0.2.1', port: 3799, sentFrom: '198.51.100.1', roundTripMs: 12 }),
      sent({ kind: 'router', outcome: 'error', detail: 'no login' }),
    ]
    const rates = { downBps: 10, upBps: 5, burst: undefined, priority: undefined }
    const granted = grantedBy({ garden: 'expired', rates, addressList: 'x' }, undefined, undefined)
    const result = { state: 'done', evidence: 'acked', granted } as const
    await settleOrder(office.pool, order!, { result, sent: attempts }, noon)
    expect(await orderRow(id)).toMatchObject({ state: 'done', evidence: 'acked', granted, finished_at: noon })
    expect(await listAttempts(office.db, id)).toMatchObject([
      { kind: 'change', outcome: 'nak', errorCause: 401, roundTripMs: 2, sentTo: null },
      { kind: 'disconnect', outcome: 'ack', sentTo: '192.0.2.1', port: 3799, sentFrom: '198.51.100.1', at: noon },
      { kind: 'router', outcome: 'error', detail: 'no login' },
    ])
    await settleOrder(office.pool, order!, { result: { state: 'failed' }, sent: [sent()] }, noon)
    expect(await orderRow(id)).toMatchObject({ state: 'done' })
    expect(await listAttempts(office.db, id)).toHaveLength(4)
    expect(await rowsOf(office, 'select distinct subscriber_id from coa_attempt where order_id = $1', [id])).toEqual([
      { subscriber_id: 5n },
    ])
  })

  it('is kept for 90 days', async () => {
    const days = (count: number) => hours(24 * count)
    const old = await due({ created_at: days(-91), state: 'done' })
    const young = await due({ created_at: days(-89), state: 'done' })
    for (const id of [old, young]) {
      await insertRow(office.pool, 'coa_attempt', { order_id: id, at: noon, kind: 'disconnect', outcome: 'ack' })
    }
    // Ids go up with time: the oldest are looked at first.
    await office.pool.query('update coa_order set created_at = $1 where id < $2', [days(-100), old])
    const before = await rowsOf(office, 'select id from coa_order where id <= $1', [old])
    expect(await trimOrders(office.pool, noon)).toBe(before.length)
    expect(await rowsOf(office, 'select order_id from coa_attempt')).toEqual([{ order_id: young }])
    expect(await orderRow(young)).toMatchObject({ state: 'done' })
    expect(await trimOrders(office.pool, noon)).toBe(0)
  })
})

describe('what a NAS refuses to do live', () => {
  it.each([
    [401, true],
    [402, false],
    [403, false],
    [404, false],
    [405, true],
    [406, true],
    [501, true],
    [503, false],
    [506, false],
    [undefined, false],
  ])('is told by Error-Cause %s: %s', (errorCause, isLasting) => {
    expect(isLastingRefusal(errorCause)).toBe(isLasting)
  })

  it('is remembered for a day, then one tries it again, and an acknowledgement forgets it', async () => {
    const known = async () => (await findCoaTarget(office.pool, office.keyring, nasId, noon))!.cannotChange
    expect(await known()).toBeUndefined()
    await learnRefusal(office.pool, { nasId, errorCause: 401 }, noon)
    await learnRefusal(office.pool, { nasId, errorCause: 501 }, hours(1))
    expect(await known()).toEqual({ since: noon, errorCause: 501, learntAt: hours(1) })
    expect(stillSpared((await known())!, hours(24.9))).toBe(true)
    expect(stillSpared((await known())!, hours(25))).toBe(false)
    expect(await takeTrial(office.pool, nasId, hours(24.9))).toBe(false)
    const trials = await Promise.all([1, 2, 3].map(() => takeTrial(office.pool, nasId, hours(25))))
    expect(trials.filter(Boolean)).toHaveLength(1)
    await forgetRefusal(office.pool, nasId)
    expect(await known()).toBeUndefined()
    // Of a NAS that is gone meanwhile nothing is kept, and nothing breaks.
    await learnRefusal(office.pool, { nasId: 4_711n, errorCause: 401 }, noon)
  })
})
