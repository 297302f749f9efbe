import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAccountingHandler } from '../../src/aaa/accounting-request.ts'
import type { AccountingHandler } from '../../src/aaa/accounting-request.ts'
import type { JournalRecord } from '../../src/aaa/journal/journal.ts'
import { createTestClock } from '../../src/clock.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { at, makeNas, makeSubscriber, noon, usageOf } from '../support/accounting.ts'
import type { TestSubscriber } from '../support/accounting.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { openTestKeyring } from '../support/keyring.ts'
import { createTestBreaker } from '../support/sinks.ts'

const database = useDatabase()
const clock = createTestClock(noon)
const nases = new Map<bigint, Nas>()
let keys: Awaited<ReturnType<typeof openTestKeyring>>
/** Cut off from Postgres: all that it hears is in its journal. */
let cutOff: AccountingHandler
/** Records in Postgres at once. */
let live: AccountingHandler
let journal: JournalRecord[] = []
let metrics: ReturnType<typeof createMetrics>

beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
  const breaker = createTestBreaker()
  breaker.open()
  metrics = createMetrics()
  const options = {
    dictionary,
    keyring: keys.keyring,
    settings: () => defaultSettings,
    pool: database.pool,
    lanes: 2,
    clock,
    log: createLogger({ level: 'silent' }),
    metrics,
  }
  cutOff = createAccountingHandler({
    ...options,
    breaker,
    journal: {
      append(record) {
        journal.push({ ...record, sequence: BigInt(journal.length + 1) })
        return Promise.resolve()
      },
      onKept: () => undefined,
      nasOf: (id) => nases.get(id),
    },
  })
  live = createAccountingHandler({
    ...options,
    journal: {
      append: () => Promise.reject(new Error('not here')),
      onKept: () => undefined,
      nasOf: (id) => nases.get(id),
    },
  })
})
afterAll(async () => {
  await cutOff.close()
  await live.close()
  keys.remove()
})
beforeEach(() => {
  journal = []
  clock.set(noon)
})

type Values = Record<string, string | number | Uint8Array>

async function newNas(): Promise<Nas> {
  const nas = await makeNas(database.pool)
  nases.set(nas.id, nas)
  return nas
}

/** Says it to one of the two at that second; it is acknowledged. */
async function say(to: AccountingHandler, nas: Nas, second: number, values: Values, username?: string) {
  clock.set(at(second))
  const named = Object.entries({ 'Event-Timestamp': at(second).getTime() / 1000, ...values })
  const attributes = named.map(([name, value]) => ({ name, value }))
  const packet = packetWith(encodeAttributes(dictionary, attributes, testContext()))
  expect((await to.handle({ packet }, nas, username))?.code).toBe(5)
}

async function replayAll() {
  const batch = journal.splice(0)
  return batch.length === 0 ? [] : live.replay(batch)
}

async function rows(nas: Nas) {
  const found = await database.pool.query(
    `select acct_session_id as id, line, started_at, start_seen, event_at, ended_at, ended_by, session_time,
       input_octets as input, anomalies
     from session where nas_id = $1 order by acct_session_id, epoch`,
    [nas.id],
  )
  return found.rows as Record<string, unknown>[]
}

const record = (status: string, id: string, subscriber: TestSubscriber, mac: string, more: Values = {}): Values => ({
  'Acct-Status-Type': status,
  'Acct-Session-Id': id,
  'User-Name': subscriber.username,
  'Calling-Station-Id': mac,
  ...more,
})
const counted = (seconds: number, input: number): Values => ({
  'Acct-Session-Time': seconds,
  'Acct-Input-Octets': input,
  'Acct-Output-Octets': 0,
  'Acct-Input-Gigawords': 0,
  'Acct-Output-Gigawords': 0,
})

const step = fc.record({ seconds: fc.integer({ min: 1, max: 400 }), input: fc.integer({ min: 0, max: 1000 }) })
const story = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
  stopped: fc.boolean(),
})
/** For each record: who hears it, and whether the one that was cut off is back for a moment after it. */
const way = fc.array(fc.record({ cutOff: fc.boolean(), replays: fc.boolean() }), { minLength: 30, maxLength: 30 })

it('F70: whatever one instance keeps for later while another records the rest, the books are as if all had come in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(story, { minLength: 1, maxLength: 3 }), way, async (stories, told) => {
      const found: unknown[] = []
      for (const instances of ['two', 'one'] as const) {
        const [nas, subscriber] = [await newNas(), await makeSubscriber(database.pool)]
        let number = 0
        for (const [index, { steps, stopped }] of stories.entries()) {
          const mac = `02-00-00-00-07-0${index}`
          const heard = async (second: number, values: Values): Promise<void> => {
            const { cutOff: isCutOff, replays } = told[number++ % told.length]!
            await say(instances === 'two' && isCutOff ? cutOff : live, nas, second, values)
            if (instances === 'two' && replays) await replayAll()
          }
          await heard(0, record('Start', `s${index}`, subscriber, mac))
          let [seconds, input] = [0, 0]
          for (const [place, grown] of steps.entries()) {
            seconds += grown.seconds
            input += grown.input
            const last = stopped && place === steps.length - 1
            const values = record(
              last ? 'Stop' : 'Interim-Update',
              `s${index}`,
              subscriber,
              mac,
              counted(seconds, input),
            )
            await heard(seconds, values)
          }
        }
        clock.set(at(7_200))
        expect(await replayAll()).toEqual([])
        const { hours, periods } = await usageOf(database.pool, subscriber.id)
        const books = await rows(nas)
        found.push({ books, hours, periods })
      }
      expect(found[0]).toEqual(found[1])
    }),
    { numRuns: 25 },
  )
}, 60_000)

describe('what the journal kept', () => {
  it('is recorded at the time at which it came: signs of life, hour of usage, sessions that its NAS lost', async () => {
    const [nas, subscriber] = [await newNas(), await makeSubscriber(database.pool)]
    await say(live, nas, -4_000, record('Start', 'old', subscriber, '02-00-00-00-00-01'))
    await say(cutOff, nas, -3_000, { 'Acct-Status-Type': 'Accounting-On' })
    await say(cutOff, nas, -2_000, record('Start', 'new', subscriber, '02-00-00-00-00-02'))
    await say(cutOff, nas, -1_900, record('Interim-Update', 'new', subscriber, '02-00-00-00-00-02', counted(100, 9)))
    clock.set(at(7_000))
    await replayAll()
    const { rows: found } = await database.pool.query(
      `select acct_session_id as id, ended_by, updated_at from session where nas_id = $1 order by session.id`,
      [nas.id],
    )
    expect(found).toMatchObject([
      { id: 'old', ended_by: 'nas-reboot' },
      { id: 'new', ended_by: null, updated_at: at(-1_900) },
    ])
    const { rows: hours } = await database.pool.query('select hour from usage_hour where subscriber_id = $1', [
      subscriber.id,
    ])
    expect(hours).toEqual([{ hour: at(-3_600) }])
  })

  it('is recorded as of now when it is older than a day: its session may be in the archive by then', async () => {
    const [nas, subscriber] = [await newNas(), await makeSubscriber(database.pool)]
    await say(cutOff, nas, 0, record('Start', 'days', subscriber, '02-00-00-00-00-03'))
    clock.set(at(3 * 86_400))
    await replayAll()
    expect((await rows(nas)).map(({ id }) => id)).toEqual(['days'])
    const { rows: found } = await database.pool.query('select updated_at from session where nas_id = $1', [nas.id])
    expect(found).toEqual([{ updated_at: at(3 * 86_400) }])
  })

  it('a Start that was kept while its line dialled again elsewhere is ended by the newer one', async () => {
    const [nas, subscriber] = [await newNas(), await makeSubscriber(database.pool)]
    await say(cutOff, nas, 0, record('Start', 'first', subscriber, '02-00-00-00-00-04'))
    await say(live, nas, 60, record('Start', 'second', subscriber, '02-00-00-00-00-04'))
    clock.set(at(90))
    await replayAll()
    expect((await rows(nas)).map(({ id, ended_by: by }) => [id, by])).toEqual([
      ['first', 'replaced'],
      ['second', null],
    ])
  })

  it('is the session of whom its realm named, and of its line where only that tells', async () => {
    const [nas, subscriber] = [await newNas(), await makeSubscriber(database.pool)]
    const sent = { ...record('Start', 'realm', subscriber, '02-00-00-00-00-05'), 'User-Name': 'x@isp' }
    await say(cutOff, nas, 0, sent, subscriber.username)
    await database.pool.query(`update subscriber set account_type = 'ipoe' where id = $1`, [subscriber.id])
    await database.pool.query(`insert into device (subscriber_id, mac, bound) values ($1, '02:00:00:00:00:06', true)`, [
      subscriber.id,
    ])
    const line = { 'User-Name': '02:00:00:00:00:06', 'Calling-Station-Id': '1:2:0:0:0:0:6' }
    await say(cutOff, nas, 0, { 'Acct-Status-Type': 'Start', 'Acct-Session-Id': 'lease', ...line })
    await replayAll()
    const { rows: found } = await database.pool.query(
      'select acct_session_id as id, username, sent_username, subscriber_id from session where nas_id = $1 order by session.id',
      [nas.id],
    )
    expect(found).toMatchObject([
      { id: 'lease', subscriber_id: subscriber.id },
      { id: 'realm', username: subscriber.username, sent_username: 'x@isp', subscriber_id: subscriber.id },
    ])
  })

  it('counts as a record when it is recorded, and not before', async () => {
    const [nas, subscriber] = [await newNas(), await makeSubscriber(database.pool)]
    const count = async () =>
      (await metrics.records.get()).values.filter(({ labels }) => labels.nas === nas.name).map(({ value }) => value)
    await say(cutOff, nas, 0, record('Start', 'counted', subscriber, '02-00-00-00-00-07'))
    expect(await count()).toEqual([])
    await replayAll()
    expect(await count()).toEqual([1])
  })
})

describe('a record that can never be stored', () => {
  it('is given back alone, and those around it are recorded', async () => {
    const [nas, subscriber] = [await newNas(), await makeSubscriber(database.pool)]
    for (const id of ['a', 'b', 'c', 'd']) {
      await say(cutOff, nas, 0, record('Start', id, subscriber, `02-00-00-00-01-0${id}`))
    }
    await database.pool.query(`alter table session add constraint no_c check (acct_session_id <> 'c')`)
    try {
      const aside = await replayAll()
      expect(aside.map(({ record: { sequence }, reason }) => [sequence, reason.includes('no_c')])).toEqual([[3n, true]])
      expect((await rows(nas)).map(({ id }) => id)).toEqual(['a', 'b', 'd'])
    } finally {
      await database.pool.query('alter table session drop constraint no_c')
    }
  })

  it('is one of a NAS that is gone, or one that is no packet', async () => {
    const [nas, subscriber] = [await newNas(), await makeSubscriber(database.pool)]
    await say(cutOff, nas, 0, record('Start', 'gone', subscriber, '02-00-00-00-00-09'))
    journal.push({ ...journal[0]!, sequence: 2n, packet: Buffer.from('rot') })
    nases.delete(nas.id)
    journal.push({ ...journal[1]!, sequence: 3n })
    const aside = await replayAll()
    expect(aside.map(({ record: { sequence } }) => sequence)).toEqual([1n, 2n, 3n])
    nases.set(nas.id, nas)
    journal.push({ ...aside[1]!.record })
    expect((await replayAll()).map(({ reason }) => reason)).toEqual(['it is no packet any more'])
  })

  it('is none while Postgres refuses everything: then the whole batch waits', async () => {
    const [nas, subscriber] = [await newNas(), await makeSubscriber(database.pool)]
    await say(cutOff, nas, 0, record('Start', 'waits', subscriber, '02-00-00-00-00-0a'))
    const batch = [...journal]
    await database.pool.query('alter table session rename to session_away')
    try {
      await expect(live.replay(batch)).rejects.toThrow('failed')
    } finally {
      await database.pool.query('alter table session_away rename to session')
    }
    expect(await live.replay(batch)).toEqual([])
    expect((await rows(nas)).map(({ id }) => id)).toEqual(['waits'])
  })
})
