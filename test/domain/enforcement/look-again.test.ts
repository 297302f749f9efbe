import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely } from '../../../src/db/pool.ts'
import type { Database, Db } from '../../../src/db/schema.ts'
import { trimDegradedAccepts, writeDegradedAccepts } from '../../../src/domain/degraded-accept.ts'
import type { DegradedAccept } from '../../../src/domain/degraded-accept.ts'
import { lookAgain } from '../../../src/domain/enforcement/look-again.ts'
import { newClassId } from '../../../src/domain/session-class.ts'
import { readSettings } from '../../../src/domain/setting.ts'
import {
  after,
  insertPlan,
  insertRow,
  insertSession,
  insertSubscriber,
  macA,
  macB,
  noon,
  testFacts,
} from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'
import { orderedOf } from '../../support/watch.ts'

const database = useDatabase()
const macC = 'd4:ca:6d:00:00:0c'
let db: Db
let nasId: bigint
let made = 0

beforeAll(async () => {
  db = createKysely<Database>(database.pool)
  const client = { name: 'bng-1', prefix: '192.0.2.1/32', default_vendor: 'mikrotik', nas_group_id: 1 }
  const clientId = await insertRow(database.pool, 'radius_client', client)
  const nas = { client_id: clientId, name: 'bng-1', vendor: 'mikrotik', identifier: 'bng-1', nas_group_id: 1 }
  nasId = await insertRow(database.pool, 'nas', nas)
})
beforeEach(async () => {
  await database.pool.query(
    'delete from degraded_accept; delete from coa_order; delete from session; delete from device',
  )
})

/** A subscriber of a plan of its own. */
async function subscriber(row: Record<string, unknown> = {}, plan: Record<string, unknown> = {}): Promise<bigint> {
  made += 1
  const planId = await insertPlan(database.pool, plan)
  return insertSubscriber(database.pool, { username: `sub${made}`, plan_id: planId, ...row })
}

type Letting = Partial<DegradedAccept> & { mac?: string; isOnline?: boolean; session?: Record<string, unknown> }

/** A login that was let in ten seconds before noon, with its session where it is online. */
async function letIn(subscriberId: bigint, letting: Letting = {}) {
  const { mac = macA, isOnline = true, session = {}, ...changes } = letting
  const classId = changes.classId ?? newClassId({ garden: false, listed: false })
  const accept: DegradedAccept = {
    subscriberId,
    nasId,
    nasGroupId: 1n,
    line: `mac:${mac}`,
    facts: testFacts({ mac }),
    unchecked: [],
    seenAt: after(-20),
    decidedAt: after(-10),
    ...changes,
    classId,
  }
  await writeDegradedAccepts(database.pool, [accept], noon)
  const row = {
    subscriber_id: subscriberId,
    nas_id: nasId,
    class_id: classId,
    line: accept.line ?? null,
    mac,
    ...session,
  }
  const sessionId = isOnline ? await insertSession(database.pool, { started_at: after(-9), ...row }) : undefined
  return { classId, sessionId }
}

const look = (now = noon) => lookAgain(db, { pool: database.pool, settings: () => readSettings(db) }, now)
const found = async (classId: bigint) => {
  const { rows } = await database.pool.query(
    'select finding, looked_at, next_at from degraded_accept where class_id = $1',
    [classId],
  )
  return rows[0]
}
const ordered = async (subscriberId: bigint) =>
  (await orderedOf(database.pool, subscriberId)).map(({ sessionId, wish, reason }) => ({ sessionId, wish, reason }))

describe('D7: a login that was let in without the books is looked at again', () => {
  it('entitled: nothing is ordered, and it is done with', async () => {
    const id = await subscriber()
    const { classId } = await letIn(id)
    expect(await look()).toEqual({ looked: 1, orders: 0, isMore: false })
    expect(await found(classId)).toEqual({ finding: 'entitled', looked_at: noon, next_at: null })
    expect(await look()).toEqual({ looked: 0, orders: 0, isMore: false })
  })

  it('blocked, disabled, archived or expired: its session is brought to that', async () => {
    const facts: [string, Record<string, unknown>][] = [
      ['blocked', { blocked_at: after(-5) }],
      ['disabled', { enabled: false }],
      ['archived', { archived_at: after(-5) }],
      ['expired', { expires_at: after(-5) }],
    ]
    for (const [reason, fact] of facts) {
      const id = await subscriber(fact)
      const { sessionId, classId } = await letIn(id, { unchecked: ['end'] })
      expect(await look()).toMatchObject({ orders: 1 })
      expect(await ordered(id)).toEqual([{ sessionId, wish: 'reapply', reason }])
      expect(await found(classId)).toMatchObject({ finding: reason, next_at: null })
    }
  })

  it('in the garden of its plan now, or out of it', async () => {
    const unpaid = await subscriber({ expires_at: after(-5) }, { on_expiry: 'garden' })
    await letIn(unpaid)
    const paid = await subscriber()
    await letIn(paid, { classId: newClassId({ garden: true, listed: true }) })
    await look()
    expect(await ordered(unpaid)).toMatchObject([{ wish: 'reapply', reason: 'expired' }])
    expect(await ordered(paid)).toMatchObject([{ wish: 'reapply' }])
  })

  it('with its quota used up, or beyond a fair use step: as its plan says', async () => {
    const quota = await subscriber({}, { quota_octets: 5 })
    const steps = JSON.stringify([{ after_octets: '5', down_bps: 1_000_000, up_bps: 1_000_000 }])
    const fairUse = await subscriber({}, { fup_steps: steps })
    const little = await subscriber({}, { quota_octets: 500 })
    for (const id of [quota, fairUse, little]) {
      const use = { subscriber_id: id, period_started_at: after(-86_400), input_octets: 0, output_octets: 100 }
      await database.pool.query(
        'insert into usage_period (subscriber_id, period_started_at, input_octets, output_octets) values ($1, $2, $3, $4)',
        Object.values(use),
      )
      await letIn(id, { unchecked: ['usage'] })
    }
    expect(await look()).toMatchObject({ looked: 3, orders: 2 })
    expect(await ordered(quota)).toMatchObject([{ wish: 'reapply', reason: 'quota' }])
    expect(await ordered(fairUse)).toMatchObject([{ wish: 'reapply', reason: 'quota' }])
    expect(await ordered(little)).toEqual([])
  })

  it('from a device that is none of the bound ones any more', async () => {
    const id = await subscriber({}, { mac_rule: 'bound' })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac: macB, bound: true })
    const { classId } = await letIn(id)
    await look()
    expect(await found(classId)).toMatchObject({ finding: 'mac-not-bound' })
    expect(await ordered(id)).toMatchObject([{ wish: 'reapply', reason: 'mac-not-bound' }])
  })

  it('whose subscriber or NAS is gone', async () => {
    const { classId } = await letIn(999_999n)
    const id = await subscriber()
    const other = await letIn(id, { nasId: 999n, session: { nas_id: 999n } })
    await look()
    expect([await found(classId), await found(other.classId)]).toMatchObject([{ finding: 'gone' }, { finding: 'gone' }])
  })

  it('by its line where its session began before, or the modem redialled', async () => {
    const id = await subscriber({ blocked_at: after(-5) })
    const { sessionId } = await letIn(id, { session: { class_id: 99n } })
    const elsewhere = await insertSession(database.pool, { subscriber_id: id, nas_id: nasId, line: `mac:${macB}` })
    await look()
    expect((await ordered(id)).map((order) => order.sessionId)).toEqual([sessionId])
    expect(elsewhere).not.toBe(sessionId)
  })

  it('again and again while its records are still to come, and the order goes out when they have', async () => {
    const id = await subscriber({ blocked_at: after(-5) })
    const { classId } = await letIn(id, { isOnline: false })
    expect(await look()).toMatchObject({ looked: 1, orders: 0 })
    expect(await found(classId)).toEqual({ finding: 'blocked', looked_at: noon, next_at: after(2) })
    expect(await look(after(1))).toMatchObject({ looked: 0 })
    await insertSession(database.pool, { subscriber_id: id, nas_id: nasId, class_id: classId })
    expect(await look(after(2))).toMatchObject({ orders: 1 })
    expect(await found(classId)).toEqual({ finding: 'blocked', looked_at: noon, next_at: null })
  })
})

describe('lines of a limited subscriber', () => {
  const unchecked = ['session-limit'] as const
  const one = () => subscriber({ session_limit: 1 })

  it('the later one gives way, whatever order they are seen in', async () => {
    const id = await one()
    const later = await letIn(id, { unchecked, mac: macB, decidedAt: after(-3) })
    const earlier = await letIn(id, { unchecked, mac: macA, decidedAt: after(-8) })
    await look()
    expect(await ordered(id)).toEqual([{ sessionId: later.sessionId, wish: 'disconnect', reason: 'too-many-sessions' }])
    expect([await found(earlier.classId), await found(later.classId)]).toMatchObject([
      { finding: 'entitled', next_at: null },
      { finding: 'too-many-sessions', next_at: null },
    ])
  })

  it('one that was online before the outage stays', async () => {
    const id = await one()
    await insertSession(database.pool, {
      subscriber_id: id,
      nas_id: nasId,
      line: `mac:${macC}`,
      updated_at: after(-60),
    })
    const { sessionId } = await letIn(id, { unchecked })
    await look()
    expect(await ordered(id)).toEqual([{ sessionId, wish: 'disconnect', reason: 'too-many-sessions' }])
  })

  it('one that gave no sign of life long before the outage does not count, nor one that has ended', async () => {
    const id = await one()
    await insertSession(database.pool, {
      subscriber_id: id,
      nas_id: nasId,
      line: `mac:${macC}`,
      updated_at: after(-2_000),
    })
    const ended = { line: `mac:${macB}`, ended_at: after(-9), ended_by: 'stop' }
    await insertSession(database.pool, { subscriber_id: id, nas_id: nasId, ...ended })
    await letIn(id, { unchecked })
    expect(await look()).toMatchObject({ orders: 0 })
  })

  it('its own older session, and both legs of it, are one line', async () => {
    const id = await one()
    await letIn(id, { unchecked, session: { leg: 'v4' } })
    const { line } = { line: `mac:${macA}` }
    await insertSession(database.pool, { subscriber_id: id, nas_id: nasId, line, leg: 'v6' })
    expect(await look()).toMatchObject({ looked: 1, orders: 0 })
  })

  it('wait for an earlier one whose records are still to come', async () => {
    const id = await one()
    const earlier = await letIn(id, { unchecked, mac: macA, decidedAt: after(-8), isOnline: false })
    const later = await letIn(id, { unchecked, mac: macB, decidedAt: after(-3) })
    expect(await look()).toMatchObject({ looked: 2, orders: 0 })
    await insertSession(database.pool, {
      subscriber_id: id,
      nas_id: nasId,
      class_id: earlier.classId,
      line: `mac:${macA}`,
    })
    await look(after(2))
    expect(await ordered(id)).toMatchObject([{ sessionId: later.sessionId, wish: 'disconnect' }])
  })

  it('an earlier one that comes very late finds its place taken', async () => {
    const id = await one()
    const earlier = await letIn(id, { unchecked, mac: macA, decidedAt: after(-8), isOnline: false })
    await letIn(id, { unchecked, mac: macB, decidedAt: after(-3) })
    await look()
    expect(await look(after(45))).toMatchObject({ orders: 0 })
    const session = { class_id: earlier.classId, line: `mac:${macA}`, updated_at: after(60) }
    const sessionId = await insertSession(database.pool, { subscriber_id: id, nas_id: nasId, ...session })
    await look(after(70))
    expect(await ordered(id)).toMatchObject([{ sessionId, wish: 'disconnect' }])
  })

  it('as many as are allowed stay', async () => {
    const id = await subscriber({ session_limit: 2 })
    for (const [n, mac] of [macA, macB, macC].entries()) await letIn(id, { unchecked, mac, decidedAt: after(n - 10) })
    expect(await look()).toMatchObject({ looked: 3, orders: 1 })
  })
})

describe('what a login could not write', () => {
  it('is written as of its instant: the first activation', async () => {
    const id = await subscriber({ activated_at: null }, { validity: 30 })
    const { classId } = await letIn(id, { unchecked: ['activation'] })
    await look()
    const { rows } = await database.pool.query('select activated_at, expires_at from subscriber where id = $1', [id])
    expect(rows).toEqual([{ activated_at: after(-10), expires_at: after(30 * 86_400 - 10) }])
    expect(await found(classId)).toMatchObject({ finding: 'entitled', next_at: null })
  })

  it('a MAC within the limit; of the next one the session is ended', async () => {
    const id = await subscriber({ device_limit: 1 }, { mac_rule: 'learn' })
    await letIn(id, { unchecked: ['device'], mac: macA, decidedAt: after(-9) })
    const second = await letIn(id, { unchecked: ['device'], mac: macB, decidedAt: after(-5) })
    await look()
    const { rows } = await database.pool.query('select mac, bound from device where subscriber_id = $1', [id])
    expect(rows).toEqual([{ mac: macA, bound: true }])
    expect(await ordered(id)).toMatchObject([{ sessionId: second.sessionId, reason: 'mac-not-bound' }])
  })

  it('the next MAC of a line whose window was open then', async () => {
    const id = await subscriber({ learn_mac_until: after(-5) })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac: macB, bound: true })
    await letIn(id, { unchecked: ['device'], mac: macA })
    expect(await look()).toMatchObject({ looked: 1, orders: 0 })
    const { rows } = await database.pool.query(
      'select mac from device where subscriber_id = $1 and bound order by mac',
      [id],
    )
    expect(rows).toEqual([{ mac: macA }, { mac: macB }])
  })

  it('nothing for who is refused by now', async () => {
    const id = await subscriber({ activated_at: null, blocked_at: after(-5), device_limit: 1 }, { mac_rule: 'learn' })
    await letIn(id, { unchecked: ['activation', 'device'] })
    await look()
    const { rows } = await database.pool.query(
      'select activated_at, (select count(*) from device where subscriber_id = id) as devices from subscriber where id = $1',
      [id],
    )
    expect(rows).toEqual([{ activated_at: null, devices: 0n }])
    expect(await ordered(id)).toMatchObject([{ reason: 'blocked' }])
  })
})

it('takes a chunk at a time, one instance at a time', async () => {
  const id = await subscriber({ blocked_at: after(-5) })
  for (let n = 0; n < 501; n++) {
    const classId = newClassId({ garden: false, listed: false })
    await letIn(id, { classId, line: undefined, isOnline: false, decidedAt: after(-600 + n) })
  }
  const turns = await Promise.all([look(), look()])
  expect(turns.map(({ looked }) => looked).toSorted((a, b) => a - b)).toSatisfy(
    ([one, other]: number[]) => other === 500 && (one === 0 || one === 1),
  )
  await look()
  const { rows } = await database.pool.query('select count(*) as unseen from degraded_accept where looked_at is null')
  expect(rows).toEqual([{ unseen: 0n }])
})

it('those that are done with go after a week; the others stay', async () => {
  const id = await subscriber()
  const done = await letIn(id)
  await look()
  const waiting = await letIn(id, { unchecked: ['session-limit'], isOnline: false })
  expect(await trimDegradedAccepts(database.pool, after(6 * 86_400))).toBe(0)
  expect(await trimDegradedAccepts(database.pool, after(8 * 86_400))).toBe(1)
  expect([await found(done.classId), await found(waiting.classId)]).toMatchObject([undefined, { looked_at: null }])
})
