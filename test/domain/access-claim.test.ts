import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import { loadAccess } from '../../src/domain/access.ts'
import { claimAccess } from '../../src/domain/access-claim.ts'
import type { ClaimInput, ClaimResult } from '../../src/domain/access-claim.ts'
import { newClassId } from '../../src/domain/session-class.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, macA, macB, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let pools: Pool[] = []
let subscriberId: bigint
let planId: bigint
let count = 0

beforeAll(async () => {
  pools = ['one', 'two'].map((name) => createPool(database.url, { name, max: 2, synchronousCommit: 'off' }))
  planId = await insertPlan(database.pool)
})
afterAll(() => Promise.all(pools.map((pool) => pool.end())))
beforeEach(async () => {
  subscriberId = await insertSubscriber(database.pool, { username: `claims${count++}`, plan_id: planId })
})

const wish = (changes: Partial<ClaimInput> = {}): ClaimInput => ({
  subscriberId,
  line: `mac:${macA}`,
  nasGroupId: 1n,
  classId: newClassId({ garden: false, listed: false }),
  sessionLimit: 1,
  learn: undefined,
  activate: false,
  ...changes,
})
const lineOf = (n: number) => `mac:00:00:00:00:00:${n.toString(16).padStart(2, '0')}`
const context = { intervalS: 300, zone: 'UTC' }

async function claim(input: ClaimInput, now = noon, given = context): Promise<ClaimResult> {
  const [result] = await claimAccess(pools[0]!, [input], given, now)
  return result!
}

const won = { kind: 'won', activation: undefined }
const slotLost = { kind: 'lost', what: 'slot' }
const slotsHeld = async () =>
  (
    await database.pool.query<{ slot: number; line: string }>(
      'select slot, line from session_claim where subscriber_id = $1 order by slot',
      [subscriberId],
    )
  ).rows

describe('claimAccess', () => {
  describe('slots', () => {
    it('are taken from the lowest, up to the limit', async () => {
      for (const n of [1, 2, 3]) expect(await claim(wish({ line: lineOf(n), sessionLimit: 3 }))).toEqual(won)
      expect(await claim(wish({ line: lineOf(4), sessionLimit: 3 }))).toEqual(slotLost)
      expect(await slotsHeld()).toEqual([1, 2, 3].map((slot) => ({ slot, line: lineOf(slot) })))
    })

    it('are taken again by a redial of the same line, and by no other line', async () => {
      expect(await claim(wish())).toEqual(won)
      expect(await claim(wish(), after(5))).toEqual(won)
      expect(await claim(wish({ line: lineOf(9) }), after(6))).toEqual(slotLost)
      // The same MAC in another NAS group is another line.
      expect(await claim(wish({ nasGroupId: 2n }), after(6))).toEqual(slotLost)
      expect(await slotsHeld()).toHaveLength(1)
    })

    it('are free again after a minute without a session', async () => {
      expect(await claim(wish())).toEqual(won)
      expect(await claim(wish({ line: lineOf(9) }), after(59))).toEqual(slotLost)
      expect(await claim(wish({ line: lineOf(9) }), after(60))).toEqual(won)
      expect(await slotsHeld()).toEqual([{ slot: 1, line: lineOf(9) }])
    })

    it('are not free while other lines have sessions, however old their claims', async () => {
      await insertSession(database.pool, { subscriber_id: subscriberId, line: lineOf(1) })
      expect(await claim(wish())).toEqual(slotLost)
      expect(await claim(wish({ sessionLimit: 2 }))).toEqual(won)
      expect(await claim(wish({ line: lineOf(3), sessionLimit: 2 }))).toEqual(slotLost)
      expect(await claim(wish({ line: lineOf(1), sessionLimit: 2 }))).toEqual(won)
    })

    it('of a line without a name belong to its login', async () => {
      const classId = newClassId({ garden: false, listed: false })
      expect(await claim(wish({ line: undefined, classId }))).toEqual(won)
      expect(await slotsHeld()).toEqual([{ slot: 1, line: `class:${classId}` }])
      expect(await claim(wish({ line: undefined }))).toEqual(slotLost)
    })

    it('of many subscribers are claimed in one statement, results in the order of the inputs', async () => {
      const ids = []
      for (let i = 0; i < 20; i++)
        ids.push(await insertSubscriber(database.pool, { username: `many${i}`, plan_id: planId }))
      await Promise.all(
        ids
          .filter((_, i) => i % 3 === 0)
          .map((id) => insertSession(database.pool, { subscriber_id: id, line: lineOf(1) })),
      )
      const results = await claimAccess(
        pools[0]!,
        ids.toReversed().map((id) => wish({ subscriberId: id })),
        context,
        noon,
      )
      expect(results.toReversed()).toEqual(ids.map((_, i) => (i % 3 === 0 ? slotLost : won)))
    })
  })

  it('F57: of two logins in the same millisecond from two servers exactly one is accepted', async () => {
    for (let round = 0; round < 50; round++) {
      const id = await insertSubscriber(database.pool, { username: `race${round}`, plan_id: planId })
      const results = await Promise.all(
        pools.map((pool, n) => claimAccess(pool, [wish({ subscriberId: id, line: lineOf(n) })], context, noon)),
      )
      expect(results.flat().filter((result) => result.kind === 'won')).toHaveLength(1)
    }
  })

  it('F57: of many at once no more are accepted than the limit says', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await insertSubscriber(database.pool, { username: `crowd${round}`, plan_id: planId })
      const attempt = (n: number) =>
        claimAccess(pools[n % 2]!, [wish({ subscriberId: id, line: lineOf(n), sessionLimit: 3 })], context, noon)
      const first = (await Promise.all([1, 2, 3, 4, 5, 6].map(attempt))).flat()
      const winners = first.filter((result) => result.kind === 'won').length
      expect(winners).toBeGreaterThanOrEqual(1)
      // Who lost looks again: then the limit is reached, and never passed.
      for (let again = 1; again <= 6; again++) await attempt(again + 10 * (round + 1))
      const [subject] = await loadAccess(
        database.pool,
        [{ username: `crowd${round}`, line: undefined, nasGroupId: 1n, addressSpaceId: 1n }],
        { zone: 'UTC', intervalS: 300, now: noon },
      )
      const { rows } = await database.pool.query('select slot from session_claim where subscriber_id = $1', [id])
      expect(rows).toHaveLength(3)
      expect(subject?.otherLines).toBe(0)
    }
  })

  describe('devices', () => {
    const devices = async () =>
      (
        await database.pool.query<{ mac: string; bound: boolean }>(
          'select mac::text, bound from device where subscriber_id = $1 order by mac',
          [subscriberId],
        )
      ).rows
    const learning = (mac: string, deviceLimit = 1) => wish({ sessionLimit: undefined, learn: { mac, deviceLimit } })

    it('are learnt as bound ones, up to the limit', async () => {
      expect(await claim(learning(macA))).toEqual(won)
      expect(await claim(learning(macB))).toEqual({ kind: 'lost', what: 'device' })
      expect(await claim(learning(macB, 2))).toEqual(won)
      expect(await devices()).toEqual([
        { mac: macA, bound: true },
        { mac: macB, bound: true },
      ])
    })

    it('become bound where they were only remembered, and learnt twice are one', async () => {
      await insertRow(database.pool, 'device', { subscriber_id: subscriberId, mac: macA, bound: false })
      expect(await claim(learning(macA))).toEqual(won)
      expect(await claim(learning(macA))).toEqual(won)
      expect(await devices()).toEqual([{ mac: macA, bound: true }])
    })

    it('are not learnt by a login that gets no slot', async () => {
      await insertSession(database.pool, { subscriber_id: subscriberId, line: lineOf(1) })
      expect(await claim(wish({ learn: { mac: macA, deviceLimit: 1 } }))).toEqual(slotLost)
      expect(await devices()).toEqual([])
    })
  })

  describe('activation', () => {
    const activating = wish.bind(undefined)
    async function activate(
      plan: Record<string, unknown>,
      options: { now?: Date; zone?: string; subscriber?: Record<string, unknown> } = {},
    ) {
      const { now = noon, zone = 'UTC', subscriber = {} } = options
      const id = await insertSubscriber(database.pool, {
        username: `new${count++}`,
        plan_id: await insertPlan(database.pool, plan),
        activated_at: null,
        ...subscriber,
      })
      const input = activating({ subscriberId: id, sessionLimit: undefined, activate: true })
      const result = await claim(input, now, { intervalS: 300, zone })
      const { rows } = await database.pool.query(
        'select activated_at, period_started_at, expires_at, grace_until, updated_at from subscriber where id = $1',
        [id],
      )
      return { result, row: rows[0] as Record<string, Date | null>, input }
    }

    it('starts the service period now and ends it after the days of the plan and its grace', async () => {
      const { result, row } = await activate({ validity: 30, grace_hours: 48 })
      const activation = {
        activatedAt: noon,
        expiresAt: new Date('2026-04-09T12:00:00Z'),
        graceUntil: new Date('2026-04-11T12:00:00Z'),
      }
      expect(result).toEqual({ kind: 'won', activation })
      expect(row).toEqual({
        activated_at: noon,
        period_started_at: noon,
        expires_at: activation.expiresAt,
        grace_until: activation.graceUntil,
        updated_at: noon,
      })
    })

    it('happens once: a second login changes nothing', async () => {
      const { input, row } = await activate({ validity: 30 })
      expect(await claim(input, after(3_600))).toEqual(won)
      const { rows } = await database.pool.query('select expires_at from subscriber where id = $1', [
        input.subscriberId,
      ])
      expect(rows[0]).toEqual({ expires_at: row['expires_at'] })
    })

    it('of a plan without end, and of a subscriber with an end of its own, sets no other end', async () => {
      expect((await activate({ validity: 0, grace_hours: 5 })).row).toMatchObject({
        expires_at: null,
        grace_until: null,
      })
      const own = { expires_at: after(999), grace_until: after(1_999) }
      expect((await activate({ validity: 30, grace_hours: 5 }, { subscriber: own })).row).toMatchObject(own)
    })

    it.each([
      // Berlin goes to summer time on 2026-03-29: the local hour stays.
      [{ validity: 30 }, '2026-04-09T11:00:00Z'],
      [{ validity: 1, expiry_rule: 'end-of-day' }, '2026-03-11T23:00:00Z'],
      [{ validity: 30, expiry_rule: 'end-of-day' }, '2026-04-09T22:00:00Z'],
      [{ validity: 1, expiry_rule: 'local-hour', expiry_hour: 18 }, '2026-03-11T17:00:00Z'],
      [{ validity: 1, expiry_rule: 'local-hour', expiry_hour: 6 }, '2026-03-12T05:00:00Z'],
      [{ validity: 36, validity_unit: 'hours' }, '2026-03-12T00:00:00Z'],
      [{ validity: 1, validity_unit: 'months' }, '2026-04-10T11:00:00Z'],
      [{ validity: 1, validity_unit: 'calendar-month' }, '2026-03-31T22:00:00Z'],
      [{ validity: 2, validity_unit: 'calendar-month', expiry_rule: 'end-of-day' }, '2026-04-30T22:00:00Z'],
      [
        { validity: 1, validity_unit: 'calendar-month', expiry_rule: 'local-hour', expiry_hour: 0 },
        '2026-03-31T22:00:00Z',
      ],
      // 2026-03-13 is a Friday: not on it, nor on the weekend after it.
      [{ validity: 3, no_cut_days: [5, 6, 7] }, '2026-03-16T12:00:00Z'],
      // The end of Friday is the first instant of Saturday.
      [{ validity: 3, expiry_rule: 'end-of-day', no_cut_days: [6, 7] }, '2026-03-15T23:00:00Z'],
      [{ validity: 3, no_cut_days: [1, 2, 3, 4, 5, 6, 7] }, '2026-03-13T12:00:00Z'],
    ])('of plan %j in Berlin ends at %s', async (plan, expected) => {
      const { row } = await activate(plan, { zone: 'Europe/Berlin' })
      expect(row['expires_at']).toEqual(new Date(expected))
    })

    it('does not happen for a login whose device is refused', async () => {
      const id = await insertSubscriber(database.pool, { username: 'late', plan_id: planId, activated_at: null })
      await insertRow(database.pool, 'device', { subscriber_id: id, mac: macB, bound: true })
      const input = wish({
        subscriberId: id,
        sessionLimit: undefined,
        learn: { mac: macA, deviceLimit: 1 },
        activate: true,
      })
      expect(await claim(input)).toEqual({ kind: 'lost', what: 'device' })
      const { rows } = await database.pool.query('select activated_at from subscriber where id = $1', [id])
      expect(rows[0]).toEqual({ activated_at: null })
    })

    it('is told to those who follow the change log, and a plain slot is not', async () => {
      const changes = async () => Number((await database.pool.query('select count(*) from change_log')).rows[0].count)
      const before = await changes()
      await claim(wish())
      expect(await changes()).toBe(before)
      await claim(wish({ learn: { mac: macA, deviceLimit: 1 } }))
      expect(await changes()).toBe(before + 1)
    })
  })
})
