import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Replayer, SetAside } from '../../../src/aaa/accounting-replay.ts'
import type { JournalRecord } from '../../../src/aaa/journal/journal.ts'
import { openTestJournal, type TestJournal } from '../../support/sinks.ts'

let test: TestJournal

beforeEach(async () => {
  test = await openTestJournal()
})
afterEach(() => test.close())

const noon = Date.parse('2026-05-04T12:00:00Z')

/** Appends so many, `stepMs` apart. */
async function append(count: number, { from = 0, stepMs = 10 } = {}): Promise<void> {
  const numbers = Array.from({ length: count }, (_, at) => from + at)
  await Promise.all(
    numbers.map((number) =>
      test.journal.append({
        receivedAt: new Date(noon + number * stepMs),
        nasId: 7n,
        username: undefined,
        packet: Buffer.from(`record ${number}`),
      }),
    ),
  )
}

function taking(how: (batch: readonly JournalRecord[]) => SetAside[] = () => []) {
  const batches: string[][] = []
  const record: Replayer = (batch) => {
    const aside = how(batch)
    batches.push(batch.map(({ packet }) => packet.toString().slice('record '.length)))
    return Promise.resolve(aside)
  }
  return { record, batches, all: () => batches.flat().map(Number) }
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

describe('the replay', () => {
  it('takes what was there at its start and what comes, in order, each once', async () => {
    await append(1_200)
    const { record, batches, all } = taking()
    const replay = test.replay(record)
    await replay.drained()
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(500)
    await append(5, { from: 1_200 })
    replay.poke()
    await replay.drained()
    expect(all()).toEqual(upTo(1_205))
    expect(test.journal.backlog().records).toBe(0)
    expect((await test.metrics.journalReplayed.get()).values).toMatchObject([{ value: 1_205 }])
  })

  it('marks nothing done that is not committed, and tries again', async () => {
    await append(3)
    let failures = 0
    const { record, all } = taking(() => {
      if (failures++ < 2) throw new Error('Connection terminated')
      return []
    })
    await test.replay(record).drained()
    expect([failures, all()]).toEqual([3, [0, 1, 2]])
    expect(test.journal.backlog().records).toBe(0)
  })

  it('waits while Postgres is not asked, and begins when it is', async () => {
    await append(2)
    test.breaker.open()
    const { record, all } = taking()
    const replay = test.replay(record)
    const drained = replay.drained()
    replay.poke()
    await new Promise((resolve) => setImmediate(resolve))
    expect([all(), test.journal.backlog().records]).toEqual([[], 2])
    test.breaker.shut()
    await drained
    expect(all()).toEqual([0, 1])
  })

  it('sets aside what can never be stored, and goes on with the others', async () => {
    await append(4)
    const { record } = taking((batch) => [{ record: batch[1]!, reason: 'a value beyond its column' }])
    await test.replay(record).drained()
    expect(test.aside.map(({ record: { packet }, reason }) => [packet.toString(), reason])).toEqual([
      ['record 1', 'a value beyond its column'],
    ])
    expect(test.journal.backlog().records).toBe(0)
    expect((await test.metrics.journalSetAside.get()).values).toMatchObject([{ value: 1 }])
    expect((await test.metrics.journalReplayed.get()).values).toMatchObject([{ value: 3 }])
  })

  it('puts together only what came close together and in one hour', async () => {
    await append(10, { stepMs: 10_000 })
    await append(2, { from: 359, stepMs: 10_000 })
    const { record, batches } = taking()
    await test.replay(record).drained()
    expect(batches).toEqual([['0', '1', '2', '3'], ['4', '5', '6', '7'], ['8', '9'], ['359'], ['360']])
  })

  it('F30: takes small batches while live records wait, and leaves them half of the time', async () => {
    await append(250)
    const { record, batches } = taking()
    await test.replay(record, () => 1).drained()
    expect(batches.map((batch) => batch.length)).toEqual([100, 100, 50])
  })

  it('offers again what was drained lately', async () => {
    await append(3)
    const { record, all } = taking()
    const replay = test.replay(record)
    await replay.drained()
    await replay.reofferAll()
    await replay.drained()
    expect(all()).toEqual([0, 1, 2, 0, 1, 2])
    expect(test.journal.backlog().records).toBe(0)
  })

  it('is not held up at its end by what it waits for', async () => {
    await append(1)
    test.breaker.open()
    const replay = test.replay(taking().record)
    const drained = replay.drained()
    const reoffered = replay.reofferAll()
    await replay.close()
    await Promise.all([drained, reoffered])
    expect(test.journal.backlog().records).toBe(1)
  })
})
