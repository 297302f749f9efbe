// Readings of routers between what NASes say: recorded once, exact under every later record, and set aside in doubt.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findReadable, recordReading, type RouterReading } from '../../src/domain/router-reading.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { at, makeNas, makeSession, makeSubscriber, recordEach } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let classes = 1_000n

type Setup = { nas: Nas; subscriberId: bigint; id: bigint; session: ReturnType<typeof makeSession> }

/** A session that began at noon and said after 600 s that it moved 1000 octets up and 5000 down, with Gigawords as RouterOS does. */
async function setUp({
  gigawords = true,
  ...options
}: { withoutClass?: true; gigawords?: boolean } = {}): Promise<Setup> {
  const nas = await makeNas(database.pool)
  const subscriber = await makeSubscriber(database.pool)
  classes += 4n
  const facts = options.withoutClass === true ? {} : { classId: classes }
  const session = makeSession({ nas, subscriber, ...facts })
  const records = [session.start(), session.interim(600, { input: 1_000, output: 5_000, gigawords })]
  const started = await recordEach(database.pool, ...records)
  return { nas, subscriberId: subscriber.id, id: started.sessionId, session }
}

const readable = async ({ nas, id }: Setup) => (await findReadable(database.pool, { id, nasId: nas.id }))!
const reading = (seconds: number, input: number, output: number, way: 'down' | 'up' = 'down'): RouterReading => ({
  sessionTimeS: seconds,
  inputOctets: BigInt(input),
  outputOctets: BigInt(output),
  way,
})
/** Reads and records. */
const take = async (setup: Setup, said: RouterReading, seconds = said.sessionTimeS) =>
  recordReading(database.pool, { session: await readable(setup), nas: setup.nas, reading: said }, at(seconds))
const state = async ({ id, subscriberId }: Setup) => {
  const { rows } = await database.pool.query(
    `select session_time::int as time, input_octets::float8 as input, output_octets::float8 as output, interims, anomalies,
       ended_by as ended, (select sum(input_octets + output_octets)::float8 from usage_period where subscriber_id = $2) as charged,
       (select count(*)::int from session where subscriber_id = $2) as sessions
     from session where id = $1`,
    [id, subscriberId],
  )
  return rows[0] as Record<string, unknown>
}
const usual = { anomalies: 0, ended: null, interims: 1, sessions: 1 }

describe('a reading', () => {
  it('moves the direction in which it is believed, and counts as no Interim', async () => {
    const setup = await setUp()
    expect(await take(setup, reading(700, 2_000, 9_000))).toEqual({ kind: 'recorded', octets: 4_000n })
    expect(await state(setup)).toEqual({ ...usual, time: 700, input: 1_000, output: 9_000, charged: 10_000 })
    expect(await take(setup, reading(800, 3_000, 9_500, 'up'))).toEqual({ kind: 'recorded', octets: 2_000n })
    expect(await state(setup)).toEqual({ ...usual, time: 800, input: 3_000, output: 9_000, charged: 12_000 })
  })

  it('is of its session also where the NAS has lost its Class', async () => {
    const setup = await setUp({ withoutClass: true })
    expect(await take(setup, reading(700, 2_000, 9_000))).toMatchObject({ kind: 'recorded' })
    expect(await state(setup)).toMatchObject({ output: 9_000, sessions: 1 })
  })

  it('marks whose plan counts, as an interim does', async () => {
    const setup = await setUp()
    await database.pool.query(
      'update plan set quota_octets = 10000 where id = (select plan_id from subscriber where id = $1)',
      [setup.subscriberId],
    )
    await database.pool.query('delete from entitlement_check')
    await take(setup, reading(700, 2_000, 9_000))
    const { rows } = await database.pool.query('select subscriber_id as id from entitlement_check')
    expect(rows).toEqual([{ id: setup.subscriberId }])
  })

  it('changes nothing twice: the interim, or the Stop, of a later second counts on from it', async () => {
    const setup = await setUp()
    await take(setup, reading(700, 2_000, 9_000))
    await recordEach(database.pool, setup.session.interim(1_200, { input: 3_000, output: 12_000 }))
    expect(await state(setup)).toEqual({
      ...usual,
      interims: 2,
      time: 1_200,
      input: 3_000,
      output: 12_000,
      charged: 15_000,
    })
    await take(setup, reading(1_300, 3_300, 13_000))
    await recordEach(database.pool, setup.session.stop(1_301, { input: 3_301, output: 13_001 }))
    expect(await state(setup)).toMatchObject({ ended: 'stop', anomalies: 0, charged: 16_302 })
  })

  it('of a router that counts a little more than it accounts charges nothing twice: the record that contradicts it is flagged', async () => {
    const setup = await setUp()
    await take(setup, reading(700, 2_100, 9_100))
    await recordEach(database.pool, setup.session.stop(702, { input: 2_000, output: 9_000 }))
    expect(await state(setup)).toMatchObject({ anomalies: 1, charged: 10_100 })
  })
})

describe('a reading is set aside', () => {
  const cases: readonly [string, RouterReading, RegExp, number?, boolean?][] = [
    ['of a session that is younger than its accounting', reading(599, 2_000, 9_000), /shorter time/],
    ['of a session that began at another time', reading(700, 2_000, 9_000), /another time/, 900],
    ['that counts less up', reading(700, 999, 9_000), /less/],
    ['that counts less down', reading(700, 2_000, 4_999), /less/],
    ['beyond what its accounting can count', reading(700, 2_000, 2 ** 32), /4 GiB/, 700, false],
    ['whose accounting shows no Gigawords', reading(700, 2_000, 9_000), /4 GiB/, 700, false],
  ]
  it.each(cases)('%s', async (_, said, why, seconds, gigawords = true) => {
    const setup = await setUp({ gigawords })
    const before = await state(setup)
    expect(await take(setup, said, seconds)).toEqual({ kind: 'set-aside', reason: expect.stringMatching(why) })
    expect(await state(setup)).toEqual(before)
  })

  it('where the NAS spoke while its router was read, whatever it said', async () => {
    for (const said of ['interim', 'stop'] as const) {
      const setup = await setUp()
      const session = await readable(setup)
      await recordEach(database.pool, setup.session[said](699, { input: 2_500, output: 9_500 }))
      const before = await state(setup)
      const late = { session, nas: setup.nas, reading: reading(700, 2_000, 9_000) }
      expect(await recordReading(database.pool, late, at(700))).toMatchObject({ kind: 'set-aside' })
      expect(await state(setup)).toEqual(before)
    }
  })

  it('and is not asked for where the session has ended, is a service, or is of another NAS', async () => {
    const setup = await setUp()
    expect(await findReadable(database.pool, { id: setup.id, nasId: setup.nas.id + 1n })).toBeUndefined()
    await database.pool.query(`update session set service = 'voice' where id = $1`, [setup.id])
    expect(await readable(setup)).toBeUndefined()
    await database.pool.query('update session set service = null where id = $1', [setup.id])
    await recordEach(database.pool, setup.session.stop(700, { input: 2_000, output: 9_000 }))
    expect(await readable(setup)).toBeUndefined()
  })
})

describe('a router that counts otherwise than it accounts', () => {
  const counted = fc.record({
    /** At the reading, in octets of the direction that is believed. */
    octets: fc.integer({ min: 5_000, max: 2 ** 32 - 1 }),
    /** What the router counts beyond its accounting: headers, say. */
    beyond: fc.integer({ min: 0, max: 100_000_000 }),
    /** Until the next record, in seconds: a gigabit a second would come past 2^32 in 35. */
    seconds: fc.integer({ min: 1, max: 86_400 }),
    next: fc.constantFrom('interim', 'stop'),
    way: fc.constantFrom('down', 'up'),
  })

  it.each([true, false])('is never taken for one whose counters passed 2^32, with Gigawords: %s', async (gigawords) => {
    await fc.assert(
      fc.asyncProperty(counted, async ({ octets, beyond, seconds, next, way }) => {
        const setup = await setUp({ gigawords })
        const said = Math.max(5_000, octets - beyond)
        const counts = way === 'down' ? { input: 1_000, output: octets } : { input: octets, output: 5_000 }
        const says = way === 'down' ? { input: 1_000, output: said } : { input: said, output: 5_000 }
        await take(setup, reading(700, counts.input, counts.output, way))
        await recordEach(database.pool, setup.session[next](700 + seconds, { ...says, gigawords }))
        const { charged } = await state(setup)
        const other = way === 'down' ? 1_000 : 5_000
        expect(charged).toBe(other + (gigawords ? octets : said))
      }),
      { numRuns: 40 },
    )
  })

  it('also by one octet, where its NAS sends no Gigawords', async () => {
    const setup = await setUp({ gigawords: false })
    expect(await take(setup, reading(700, 1_000, 9_001))).toMatchObject({ kind: 'set-aside' })
    await recordEach(database.pool, setup.session.interim(40_000, { input: 1_500, output: 9_000 }))
    expect(await state(setup)).toMatchObject({ charged: 10_500, anomalies: 0 })
  })

  it('and one without Gigawords that did pass 2^32 is charged all of it, whatever its router says', async () => {
    const passing = fc.record({
      down: fc.integer({ min: 2 ** 31, max: 2 ** 32 - 1 }),
      more: fc.integer({ min: 1, max: 2 ** 31 }),
    })
    await fc.assert(
      fc.asyncProperty(passing, async ({ down, more }) => {
        const setup = await setUp({ gigawords: false })
        await recordEach(database.pool, setup.session.interim(1_200, { input: 1_000, output: down }))
        await take(setup, reading(1_201, 1_000, down + 1))
        const total = down + more
        await recordEach(database.pool, setup.session.stop(1_800, { input: 1_000, output: total % 2 ** 32 }))
        expect(await state(setup)).toMatchObject({ output: total, charged: total + 1_000, anomalies: 0 })
      }),
      { numRuns: 25 },
    )
  })
})

describe('any line of records and readings', () => {
  it('is charged exactly what its NAS has said at last', async () => {
    const moment = fc.record({
      seconds: fc.integer({ min: 2, max: 900 }),
      up: fc.integer({ min: 0, max: 5_000_000 }),
      down: fc.integer({ min: 0, max: 50_000_000 }),
      by: fc.constantFrom('interim', 'down', 'up'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(moment, { minLength: 1, maxLength: 8 }), async (moments) => {
        const setup = await setUp()
        const now = { seconds: 600, input: 1_000, output: 5_000 }
        for (const { seconds, up, down, by } of moments) {
          now.seconds += seconds
          now.input += up
          now.output += down
          if (by === 'interim') await recordEach(database.pool, setup.session.interim(now.seconds, { ...now }))
          else {
            const said = reading(now.seconds, now.input, now.output, by)
            expect(await take(setup, said)).toMatchObject({ kind: 'recorded' })
          }
        }
        await recordEach(database.pool, setup.session.stop(now.seconds + 1, { ...now }))
        const total = now.input + now.output
        expect(await state(setup)).toMatchObject({ input: now.input, output: now.output, charged: total, anomalies: 0 })
      }),
      { numRuns: 25 },
    )
  })
})
