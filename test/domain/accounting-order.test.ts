// Invariants I2 and I3: whatever the network does to the records of decidable histories (permutes, repeats, loses and sends
// again), over one server or two, the rows and totals are the same. A history is decidable when no record of an earlier
// segment comes after a reset; RFC 2866 cannot tell more.

import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { AccountingRecord } from '../../src/domain/accounting-record.ts'
import { recordAccounting } from '../../src/domain/accounting.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { at, makeNas, makeSession, makeSubscriber, usageOf } from '../support/accounting.ts'
import type { TestSubscriber } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let secondServer: Pool

beforeAll(() => {
  secondServer = createPool(database.url, { name: 'second server', max: 3 })
})
afterAll(() => secondServer.end())

/** What one session says: its Start (perhaps lost for good), its segments, perhaps its Stop. */
type History = {
  subscriber: number
  /** Sessions of one id are told apart by Class, as after a reboot. */
  id: number
  withClass: boolean
  startSent: boolean
  segments: { seconds: number; input: number; output: number }[][]
  stopped: boolean
}

const step = fc.record({
  seconds: fc.integer({ min: 1, max: 400 }),
  input: fc.integer({ min: 0, max: 1000 }),
  output: fc.integer({ min: 0, max: 1000 }),
})
const history: fc.Arbitrary<History> = fc.record({
  subscriber: fc.integer({ min: 0, max: 2 }),
  id: fc.integer({ min: 0, max: 2 }),
  withClass: fc.boolean(),
  startSent: fc.boolean(),
  segments: fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 2 }),
  stopped: fc.boolean(),
})

type Spoken = { subscriber: TestSubscriber; segments: AccountingRecord[][]; input: bigint; output: bigint }

/** The records of a history on one NAS, by segment, and what they add up to. */
function speak(nas: Nas, subscribers: readonly TestSubscriber[], number: number, story: History): Spoken {
  const subscriber = subscribers[story.subscriber]!
  // Without Class an id is of one session only, for the same line may well begin twice within the tolerance.
  const id = story.withClass ? `shared-${story.id}` : `own-${number}`
  const mac = `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`
  const session = makeSession({
    nas,
    subscriber,
    mac,
    id,
    framedIp: `10.0.0.${number}`,
    ...(story.withClass ? { classId: BigInt(number + 1) } : {}),
  })
  const spoken: Spoken = { subscriber, segments: [], input: 0n, output: 0n }
  let seconds = 0
  let last = { input: 0, output: 0 }
  for (const [index, steps] of story.segments.entries()) {
    // The first record after a reset is below the last before it, or nothing tells that there was one.
    let counters = { input: 0, output: 0 }
    const records = index === 0 && story.startSent ? [session.start()] : []
    for (const [place, grown] of steps.entries()) {
      seconds += grown.seconds
      const isLast = index === story.segments.length - 1 && place === steps.length - 1
      counters = { input: counters.input + grown.input, output: counters.output + grown.output }
      if (!isLast && place === steps.length - 1)
        counters = { input: counters.input + 5000, output: counters.output + 5000 }
      const said = { ...counters, gigawords: true, inputPackets: seconds }
      records.push(isLast && story.stopped ? session.stop(seconds, said) : session.interim(seconds, said))
    }
    last = counters
    spoken.input += BigInt(last.input)
    spoken.output += BigInt(last.output)
    spoken.segments.push(records)
  }
  return spoken
}

/** Rounds of batches. Only between rounds the order is kept: there, counters were reset. */
type Delivery = { copies: number[]; order: number[]; cuts: number[]; servers: boolean[] }
const delivery: fc.Arbitrary<Delivery> = fc.record({
  copies: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 40, maxLength: 40 }),
  order: fc.array(fc.nat(1_000_000), { minLength: 120, maxLength: 120 }),
  cuts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 20, maxLength: 20 }),
  servers: fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
})

function batchesOf(records: readonly AccountingRecord[], { copies, order, cuts }: Delivery): AccountingRecord[][] {
  const sent = records.flatMap((record, index) => Array<AccountingRecord>(copies[index % copies.length]!).fill(record))
  const shuffled = sent
    .map((record, index) => ({ record, key: order[index % order.length]! }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ record }) => record)
  const batches: AccountingRecord[][] = []
  for (let from = 0, cut = 0; from < shuffled.length; from += cuts[cut % cuts.length]!, cut++) {
    batches.push(shuffled.slice(from, from + cuts[cut % cuts.length]!))
  }
  return batches
}

function segmentRounds(spoken: readonly Spoken[]): AccountingRecord[][] {
  const most = Math.max(...spoken.map(({ segments }) => segments.length))
  return Array.from({ length: most }, (_, round) => spoken.flatMap(({ segments }) => segments[round] ?? []))
}

/** Everything of the rows that must not depend on the order. Epochs are numbered as they come. */
async function facts(nas: Nas) {
  const { rows } = await database.pool.query(
    `select acct_session_id, class_id, line, mac, interface, host(framed_ip) as framed_ip, started_at, start_seen,
       event_at, ended_at, ended_by, terminate_cause, session_time, input_octets, output_octets, segment_input,
       segment_output, input_packets, gigawords, anomalies, last_anomaly
     from session where nas_id = $1 order by acct_session_id, class_id`,
    [nas.id],
  )
  return rows
}

/** The rows and the usage that such a delivery leaves, and those that it should. */
async function compareDelivery(
  stories: readonly History[],
  deliver: (rounds: readonly AccountingRecord[][]) => Promise<void>,
) {
  const { pool } = database
  const threeSubscribers = () => Promise.all([makeSubscriber(pool), makeSubscriber(pool), makeSubscriber(pool)])
  const [subscribers, others] = [await threeSubscribers(), await threeSubscribers()]
  const [plain, network] = [await makeNas(pool), await makeNas(pool)]
  for (const [number, story] of stories.entries()) {
    const records = speak(plain, others, number, story).segments.flat()
    for (const record of records) await recordAccounting(pool, [record], at(0))
  }
  const spoken = stories.map((story, number) => speak(network, subscribers, number, story))
  await deliver(segmentRounds(spoken))

  const usage = []
  const sums = []
  for (const subscriber of subscribers) {
    const own = spoken.filter((one) => one.subscriber === subscriber)
    const input = own.reduce((total, one) => total + one.input, 0n)
    const output = own.reduce((total, one) => total + one.output, 0n)
    usage.push(await usageOf(pool, subscriber.id))
    sums.push({ hours: { input, output }, periods: { input, output } })
  }
  return { found: { rows: await facts(network), usage }, expected: { rows: await facts(plain), usage: sums } }
}

const stories = fc.array(history, { minLength: 1, maxLength: 5 })

it('any order, repetition and late delivery gives the rows and totals of the plain order (F33, F49)', async () => {
  await fc.assert(
    fc.asyncProperty(stories, delivery, async (told, way) => {
      const { found, expected } = await compareDelivery(told, async (rounds) => {
        for (const round of rounds) {
          for (const batch of batchesOf(round, way)) await recordAccounting(database.pool, batch, at(0))
        }
      })
      expect(found).toEqual(expected)
    }),
    { numRuns: 40 },
  )
})

it('so does delivery to two servers at the same time', async () => {
  await fc.assert(
    fc.asyncProperty(stories, delivery, async (told, way) => {
      const { found, expected } = await compareDelivery(told, async (rounds) => {
        for (const round of rounds) {
          const batches = batchesOf(round, way)
          const server = async (pool: Pool, mine: boolean) => {
            for (const [index, batch] of batches.entries()) {
              if (way.servers[index % way.servers.length] === mine) await recordAccounting(pool, batch, at(0))
            }
          }
          // Two connections of the first server, one of the second, and every second batch on both.
          await Promise.all([
            server(database.pool, true),
            server(secondServer, false),
            (async () => {
              for (const batch of batches.filter((_, index) => index % 2 === 0)) {
                await recordAccounting(secondServer, batch, at(0))
              }
            })(),
          ])
        }
      })
      expect(found).toEqual(expected)
    }),
    { numRuns: 40 },
  )
})

it('two servers that make one key for two logins at once keep both sessions', async () => {
  const { pool } = database
  const nas = await makeNas(pool)
  const [one, other] = [await makeSubscriber(pool), await makeSubscriber(pool)]
  for (let round = 0; round < 30; round++) {
    const id = `race-${round}`
    const records = [one, other].map((subscriber, index) =>
      makeSession({ nas, subscriber, id, classId: BigInt(index + 1) }).interim(60, { input: 100 + index }),
    )
    await Promise.all([
      recordAccounting(pool, [records[0]!], at(60)),
      recordAccounting(secondServer, [records[1]!], at(60)),
    ])
    const { rows } = await pool.query(
      `select class_id, input_octets from session where nas_id = $1 and acct_session_id = $2 order by 1`,
      [nas.id, id],
    )
    expect(rows).toEqual([
      { class_id: 1n, input_octets: 100n },
      { class_id: 2n, input_octets: 101n },
    ])
  }
})
