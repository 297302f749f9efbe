// The rules as a function, and the same rules in Postgres: alone, and inside the accounting statement.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseSql, countersSql, countRecord, totalOctets } from '../../src/domain/counters.ts'
import type { CounterReading, CounterState, LineRates } from '../../src/domain/counters.ts'
import { makeNas, makeSession, makeSubscriber, onlyRow, recordEach } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const wrap = 2n ** 32n
const rates: LineRates = { upBps: 20_000_000n, downBps: 50_000_000n }

function state(sessionTime: number, input: bigint, output: bigint, gigawords = false): CounterState {
  return { sessionTime, base: { input: 0n, output: 0n }, segment: { input, output }, gigawords }
}

function reading(sessionTime: number, input: bigint, output: bigint, gigawords = false): CounterReading {
  return { sessionTime, octets: { input, output }, gigawords }
}

describe('F48: the rules of counters', () => {
  const from = state(600, 1000n, 2000n)
  it.each([
    ['more of both', reading(900, 1500n, 2500n), 'forward', 500n, 500n],
    ['nothing new', reading(900, 1000n, 2000n), 'forward', 0n, 0n],
    ['more at the same time', reading(600, 1001n, 2000n), 'forward', 1n, 0n],
    ['an earlier record', reading(300, 500n, 900n), 'old', 0n, 0n],
    ['the same again', reading(600, 1000n, 2000n), 'forward', 0n, 0n],
    ['less at the same time', reading(600, 999n, 2000n), 'old', 0n, 0n],
    ['both begin again', reading(900, 10n, 20n), 'reset', 10n, 20n],
    ['one falls without reason', reading(900, 10n, 2001n), 'ambiguous', 0n, 0n],
    ['earlier with more', reading(300, 1001n, 900n), 'contradiction', 0n, 0n],
    ['at the same time more and less', reading(600, 1001n, 1999n), 'contradiction', 0n, 0n],
  ] as const)('%s', (_, record, rule, input, output) => {
    const counted = countRecord(from, record, rates)
    expect(counted).toMatchObject({ rule, delta: { input, output } })
  })

  it('add 2^32 for every counter that wrapped at the speed of the line', () => {
    const near = state(600, wrap - 100n, wrap - 200n)
    expect(countRecord(near, reading(900, 50n, wrap - 100n), rates)).toMatchObject({
      rule: 'wrap',
      delta: { input: 150n, output: 100n },
    })
    expect(countRecord(near, reading(900, 50n, 60n), rates)).toMatchObject({
      rule: 'wrap',
      delta: { input: 150n, output: 260n },
    })
  })

  it('take no wrap for one that the line cannot carry, or where gigawords were seen', () => {
    // 20 Mbit/s and a quarter more for 305 s: 953,125,000 octets at most.
    const near = state(600, wrap - 100n, 10n)
    expect(countRecord(near, reading(900, 953_124_900n, 11n), rates).rule).toBe('wrap')
    expect(countRecord(near, reading(900, 953_124_901n, 11n), rates).rule).toBe('ambiguous')
    expect(countRecord(near, reading(900, 50n, 11n, true), rates).rule).toBe('ambiguous')
    expect(countRecord({ ...near, gigawords: true }, reading(900, 50n, 5n), rates).rule).toBe('reset')
  })

  it('believe 1 Gbit/s of a line that nobody knows', () => {
    expect(countRecord(state(0, wrap - 1n, 0n), reading(20, 3_906_249_999n, 0n), undefined).rule).toBe('wrap')
    expect(countRecord(state(0, wrap - 1n, 0n), reading(20, 3_906_250_000n, 0n), undefined).rule).toBe('ambiguous')
  })

  const octets = fc.oneof(
    fc.bigInt(0n, 50n),
    fc.bigInt(wrap - 50n, wrap - 1n),
    fc.bigInt(0n, wrap - 1n),
    fc.bigInt(0n, 2n ** 50n),
  )
  const record = fc.record({
    sessionTime: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 100_000 })),
    octets: fc.record({ input: octets, output: octets }),
    gigawords: fc.boolean(),
  })

  it('never take anything away, and never charge more than what was reported or one wrap', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), (records) => {
        let now = state(0, 0n, 0n)
        for (const one of records) {
          const { state: next, delta } = countRecord(now, one, rates)
          expect(delta.input >= 0n && delta.output >= 0n).toBe(true)
          expect(delta.input <= one.octets.input + wrap && delta.output <= one.octets.output + wrap).toBe(true)
          expect(totalOctets(next).input - totalOctets(now).input).toBe(delta.input)
          now = next
        }
      }),
    )
  })

  it('are the same in SQL', async () => {
    const states = fc.record({ row: record, base: fc.record({ input: octets, output: octets }), next: record })
    await fc.assert(
      fc.asyncProperty(fc.array(states, { minLength: 200, maxLength: 200 }), async (cases) => {
        const { rows } = await database.pool.query<{ rule: string; input: bigint; output: bigint }>(
          `with s as (
             select s.*, null::bigint as subscriber_id
             from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[], $5::bigint[], $6::bigint[])
               with ordinality
               as s (session_time, segment_input, segment_output, gigawords, base_input, base_output, place)
           ), excluded as (
             select excluded.*, null::text as last_anomaly
             from unnest($7::bigint[], $8::bigint[], $9::bigint[], $10::boolean[])
               with ordinality as excluded (session_time, segment_input, segment_output, gigawords, place)
           )
           select c.rule, ${baseSql('input')} as input, ${baseSql('output')} as output
           from s
           join excluded using (place)
           cross join lateral (${countersSql}) as c
           order by place`,
          [
            cases.map((one) => one.row.sessionTime),
            cases.map((one) => one.row.octets.input),
            cases.map((one) => one.row.octets.output),
            cases.map((one) => one.row.gigawords),
            cases.map((one) => one.base.input),
            cases.map((one) => one.base.output),
            cases.map((one) => one.next.sessionTime),
            cases.map((one) => one.next.octets.input),
            cases.map((one) => one.next.octets.output),
            cases.map((one) => one.next.gigawords),
          ],
        )
        const expected = cases.map(({ row, base, next }) => {
          const before = { sessionTime: row.sessionTime, base, segment: row.octets, gigawords: row.gigawords }
          const counted = countRecord(before, next, undefined)
          return { rule: counted.rule, input: counted.state.base.input, output: counted.state.base.output }
        })
        expect(rows).toEqual(expected)
      }),
      { numRuns: 25 },
    )
  })

  it('hold for a session in Postgres whatever its NAS says', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const subscriber = await makeSubscriber(pool, { upBps: 20_000_000, downBps: 50_000_000 })
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 12 }), async (records) => {
        const session = makeSession({ nas, subscriber })
        await recordEach(pool, session.start())
        let expected = state(0, 0n, 0n)
        for (const one of records) {
          const { sessionTime, octets: said, gigawords } = one
          const outcome = await recordEach(
            pool,
            session.interim(sessionTime, { ...said, gigawords, event: sessionTime }),
          )
          const counted = countRecord(expected, one, rates)
          expect([outcome.inputDelta, outcome.outputDelta]).toEqual([counted.delta.input, counted.delta.output])
          const flagged = counted.rule === 'ambiguous' || counted.rule === 'contradiction'
          expect(outcome.anomaly ?? '').toContain(flagged ? counted.rule : '')
          expected = counted.state
        }
        expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
          session_time: BigInt(expected.sessionTime),
          input_octets: totalOctets(expected).input,
          output_octets: totalOctets(expected).output,
          segment_input: expected.segment.input,
          segment_output: expected.segment.output,
        })
      }),
      { numRuns: 40 },
    )
  })
})
