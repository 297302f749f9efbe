// Who is who, whatever happens to a line: redials to other NASes of its group without a Stop, renewals, a Class that changes in
// mid-session, ids that repeat, legs, any order and repetition, one server or two. Of each line and leg only the newest
// session is open, and what was counted is charged to the octet.

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { AccountingRecord } from '../../src/domain/accounting-record.ts'
import { recordAccounting } from '../../src/domain/accounting.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { endReplacedSessions, sweepEndedSessions } from '../../src/domain/session-end.ts'
import { at, makeNas, makeSession, makeSubscriber, recordEach, usageOf } from '../support/accounting.ts'
import type { TestSubscriber } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let secondServer: Pool

beforeAll(() => {
  secondServer = createPool(database.url, { name: 'second server', max: 3 })
})
afterAll(() => secondServer.end())

/** Starts of one line lie so far apart, in seconds, that even without a Class nothing is taken for another. */
const redialS = 1000

/** One dial of a line: on which NAS, what it says, whether it says that it ends. */
type Dial = {
  nas: number
  /** The NAS lost its counter of ids. */
  idRepeats: boolean
  startSent: boolean
  /** From this step on the NAS sends another Class, as after a renewal with a new login; beyond the last: never. */
  newClassAt: number
  steps: { seconds: number; input: number; output: number }[]
  stopped: boolean
}
/** A line of a subscriber. `legs`: v4 and v6 are sessions of their own. */
type LineStory = { subscriber: number; withClass: boolean; legs: boolean; dials: Dial[] }

const dial: fc.Arbitrary<Dial> = fc.record({
  nas: fc.nat(2),
  idRepeats: fc.boolean(),
  startSent: fc.boolean(),
  newClassAt: fc.nat(4),
  steps: fc.array(fc.record({ seconds: fc.integer({ min: 1, max: 500 }), input: fc.nat(1000), output: fc.nat(1000) }), {
    minLength: 1,
    maxLength: 4,
  }),
  stopped: fc.boolean(),
})
const lineStory: fc.Arbitrary<LineStory> = fc.record({
  subscriber: fc.nat(1),
  withClass: fc.boolean(),
  legs: fc.boolean(),
  dials: fc.array(dial, { minLength: 1, maxLength: 4 }),
})
const stories = fc.array(lineStory, { minLength: 1, maxLength: 3 })

type Spoken = {
  records: AccountingRecord[]
  /** The Stops of the newest sessions: the last that is heard. One that overtakes all of an older session cannot end it. */
  lastStops: AccountingRecord[]
  used: Map<TestSubscriber, { input: bigint; output: bigint }>
  /** Acct-Session-Id and NAS of what is open in the end. */
  open: string[]
}
type World = { nases: Nas[]; subscribers: TestSubscriber[] }

const addressesOf = {
  v4: { framedIp: '10.0.0.7' },
  v6: { delegatedIpv6Prefix: '2001:db8:7::/56' },
  both: { framedIp: '10.0.0.7', delegatedIpv6Prefix: '2001:db8:7::/56' },
} as const

let classes = 0n

function speakDial(
  { nases, subscribers }: World,
  { story, leg, number, order }: { story: LineStory; leg: keyof typeof addressesOf; number: number; order: number },
  { records, lastStops, used, open }: Spoken,
): void {
  const { nas: place, idRepeats, startSent, newClassAt, steps, stopped } = story.dials[order]!
  const subscriber = subscribers[story.subscriber]!
  const nas = nases[place]!
  const classOf = () => (story.withClass ? { classId: (classes += 1n), subscriberId: subscriber.id } : undefined)
  const [first, renewed] = [classOf(), classOf()]
  const session = makeSession({
    nas,
    subscriber,
    mac: `02:00:00:00:01:0${number}`,
    // Of one leg of one line, or the two legs of one moment would be one session.
    id: idRepeats ? `repeats-${number}-${leg}` : `own-${number}-${leg}-${order}`,
    start: order * redialS,
  })
  const addresses = addressesOf[leg]
  if (startSent) records.push(session.start({ class: first, addresses }))
  const isNewest = order === story.dials.length - 1
  const counted = { input: 0, output: 0 }
  let seconds = 0
  for (const [step, grown] of steps.entries()) {
    seconds += grown.seconds
    counted.input += grown.input
    counted.output += grown.output
    const said = { ...counted, gigawords: true, addresses, class: step >= newClassAt ? renewed : first }
    if (step < steps.length - 1 || !stopped) records.push(session.interim(seconds, said))
    else (isNewest ? lastStops : records).push(session.stop(seconds, said))
  }
  const sum = used.get(subscriber) ?? { input: 0n, output: 0n }
  used.set(subscriber, { input: sum.input + BigInt(counted.input), output: sum.output + BigInt(counted.output) })
  if (isNewest && !stopped) open.push(`${nas.name}/${session.acctSessionId}`)
}

function speak(world: World, told: readonly LineStory[]): Spoken {
  const spoken: Spoken = { records: [], lastStops: [], used: new Map(), open: [] }
  for (const [number, story] of told.entries()) {
    for (const leg of story.legs ? (['v4', 'v6'] as const) : (['both'] as const)) {
      for (const order of story.dials.keys()) speakDial(world, { story, leg, number, order }, spoken)
    }
  }
  return spoken
}

async function makeWorld(): Promise<World> {
  const { pool } = database
  const nases = [await makeNas(pool), await makeNas(pool), await makeNas(pool)]
  return { nases, subscribers: [await makeSubscriber(pool), await makeSubscriber(pool)] }
}

/** What is open of the subscribers, and what they were charged. */
async function outcomeOf({ subscribers }: World) {
  const { rows } = await database.pool.query<{ name: string }>(
    `select nas.name || '/' || session.acct_session_id as name from session join nas on nas.id = session.nas_id
     where session.subscriber_id = any ($1) and session.ended_at is null order by 1`,
    [subscribers.map(({ id }) => id)],
  )
  const used = await Promise.all(subscribers.map(({ id }) => usageOf(database.pool, id)))
  return { open: rows.map(({ name }) => name), used }
}

function expectedOf({ subscribers }: World, { open, used }: Spoken) {
  const sums = subscribers.map((subscriber) => used.get(subscriber) ?? { input: 0n, output: 0n })
  return { open: open.toSorted(), used: sums.map((sum) => ({ hours: sum, periods: sum })) }
}

/** Copies and order of what is delivered, in batches of a few. */
const delivery = fc.record({
  copies: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 20, maxLength: 20 }),
  order: fc.array(fc.nat(1_000_000), { minLength: 150, maxLength: 150 }),
  size: fc.integer({ min: 1, max: 8 }),
})

function batchesOf(
  records: readonly AccountingRecord[],
  { copies, order, size }: { copies: number[]; order: number[]; size: number },
): AccountingRecord[][] {
  const sent = records
    .flatMap((record, index) => Array<AccountingRecord>(copies[index % copies.length]!).fill(record))
    .map((record, index) => ({ record, key: order[index % order.length]! }))
    .toSorted((one, other) => one.key - other.key)
  const batches: AccountingRecord[][] = []
  for (let from = 0; from < sent.length; from += size) {
    batches.push(sent.slice(from, from + size).map(({ record }) => record))
  }
  return batches
}

function roundsOf({ records, lastStops }: Spoken, way: Parameters<typeof batchesOf>[1]): AccountingRecord[][][] {
  return [batchesOf(records, way), batchesOf(lastStops, way)]
}

/** As the handler of accounting does: records, and ends what the new sessions replace. */
async function serve(pool: Pool, batch: readonly AccountingRecord[]): Promise<void> {
  const outcomes = await recordAccounting(pool, batch, at(0))
  const made = outcomes.flatMap((outcome) =>
    outcome.kind === 'recorded' && outcome.lineTaken ? [outcome.sessionId] : [],
  )
  await endReplacedSessions(pool, made, at(0))
}

/** Orders to prove that a session is gone, where the session lives. */
async function ordersAgainstTheLiving({ subscribers }: World): Promise<number> {
  const { rowCount } = await database.pool.query(
    `select from coa_order join session on session.id = coa_order.session_id
     where coa_order.subscriber_id = any ($1) and session.ended_at is null`,
    [subscribers.map(({ id }) => id)],
  )
  return rowCount ?? 0
}

describe('of each line and leg only the newest session is open, and all that was counted is charged once', () => {
  it('in any order and repetition, at one server, at once', async () => {
    await fc.assert(
      fc.asyncProperty(stories, delivery, async (told, way) => {
        const world = await makeWorld()
        const spoken = speak(world, told)
        for (const batch of roundsOf(spoken, way).flat()) await serve(database.pool, batch)
        expect(await outcomeOf(world)).toEqual(expectedOf(world, spoken))
        expect(await ordersAgainstTheLiving(world)).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  it('at two servers, when the sweep has been', async () => {
    await fc.assert(
      fc.asyncProperty(stories, delivery, async (told, way) => {
        const world = await makeWorld()
        const spoken = speak(world, told)
        for (const batches of roundsOf(spoken, way)) {
          const server = async (pool: Pool, mine: (index: number) => boolean) => {
            for (const batch of batches.filter((_, index) => mine(index))) await serve(pool, batch)
          }
          // Every third batch comes to both.
          await Promise.all([
            server(database.pool, (index) => index % 2 === 0 || index % 3 === 0),
            server(secondServer, (index) => index % 2 === 1 || index % 3 === 0),
          ])
          // Two that made theirs in the same instant saw neither.
          await sweepEndedSessions(database.pool, at(0))
        }
        expect(await outcomeOf(world)).toEqual(expectedOf(world, spoken))
        expect(await ordersAgainstTheLiving(world)).toBe(0)
      }),
      { numRuns: 40 },
    )
  })
})

it('sessions under way when their NAS is added are charged from their first record on, at two servers', async () => {
  const counts = fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 60, max: 80_000 }), counts, async (age, grown) => {
      const { pool } = database
      const nas = await makeNas(pool, { createdAt: at(0) })
      const subscriber = await makeSubscriber(pool)
      const session = makeSession({ nas, subscriber, start: -age, classId: (classes += 1n) })
      let input = 1_000_000
      await recordEach(pool, session.interim(age + 10, { input, gigawords: true }))
      for (const [index, more] of grown.entries()) {
        input += more
        const record = session.interim(age + 20 + index, { input, gigawords: true })
        await Promise.all([recordAccounting(pool, [record], at(20)), recordAccounting(secondServer, [record], at(20))])
      }
      const total = BigInt(input - 1_000_000)
      const sum = { input: total, output: 0n }
      expect(await usageOf(pool, subscriber.id)).toEqual({ hours: sum, periods: sum })
    }),
    { numRuns: 20 },
  )
})
