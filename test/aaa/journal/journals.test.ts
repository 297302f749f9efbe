import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { holdDirectory } from '../../../src/aaa/journal/hold.ts'
import { openJournal } from '../../../src/aaa/journal/journal.ts'
import { openJournals } from '../../../src/aaa/journal/journals.ts'
import type { Journals, JournalsOptions } from '../../../src/aaa/journal/journals.ts'
import { createTestClock, systemClock } from '../../../src/clock.ts'
import { listAlarms } from '../../../src/domain/alarm.ts'
import { createLogger } from '../../../src/log.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { useDatabase } from '../../support/database.ts'
import { createTestBreaker, type TestBreaker } from '../../support/sinks.ts'

const database = useDatabase()
const journalSize = { capOctets: 256 << 10, segmentOctets: 64 << 10 }
let stateDirectory: string
let breaker: TestBreaker
let metrics: ReturnType<typeof createMetrics>
let opened: Journals[]
let identity: string | undefined

beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'gatehouse-journals-'))
  breaker = createTestBreaker()
  metrics = createMetrics()
  identity = 'one/1'
  opened = []
})
afterEach(async () => {
  for (const one of opened) await one.close()
  rmSync(stateDirectory, { recursive: true, force: true })
  await database.pool.query('delete from alarm')
})

async function open(more: Partial<JournalsOptions> = {}): Promise<Journals> {
  const journals = await openJournals({
    stateDirectory,
    worker: 1,
    host: 'host',
    journalSize,
    pool: database.pool,
    breaker,
    database: () => identity,
    clock: systemClock,
    log: createLogger({ level: 'silent' }),
    metrics,
    openPauseMs: { first: 5, most: 20 },
    ...more,
  })
  opened.push(journals)
  return journals
}

const received = new Date('2026-05-04T12:00:00Z')
const record = (username: string, receivedAt = received) => ({
  receivedAt,
  nasId: 1n,
  username,
  packet: Buffer.from(username),
})
const directoryOf = (worker: number) => join(stateDirectory, `journal-${worker}`)
/** What a process of that number left behind. */
async function leave(worker: number, usernames: readonly string[], receivedAt = received): Promise<void> {
  const onTrouble = (): void => undefined
  const journal = await openJournal({ ...journalSize, directory: directoryOf(worker), clock: systemClock, onTrouble })
  for (const username of usernames) await journal.append(record(username, receivedAt))
  await journal.close()
}
/** Replays into a list. */
function replayInto(journals: Journals): string[] {
  const recorded: string[] = []
  journals.replay({
    record: (batch) => {
      recorded.push(...batch.map(({ username }) => username!))
      return Promise.resolve([])
    },
    liveWaiting: () => 0,
  })
  return recorded
}
const alarms = async () => (await listAlarms(database.pool)).map(({ kind, subject }) => `${kind} ${subject}`)
const records = async () => (await metrics.journalRecords.get()).values[0]!.value

describe('a journal that cannot be opened', () => {
  const stands = ['accounting-journal host journal-1']

  it('takes nothing, with an alarm, is tried again, and then takes what comes and replays what was in it', async () => {
    await leave(1, ['anna'])
    // A file where the directory should be.
    const away = `${directoryOf(1)}-away`
    rmSync(away, { recursive: true, force: true })
    await rename(directoryOf(1), away)
    writeFileSync(directoryOf(1), '')
    const journals = await open()
    const recorded = replayInto(journals)
    await expect.poll(alarms, { interval: 5 }).toEqual(stands)
    expect([journals.isOpen(), journals.hasRoom(), journals.oldest()]).toEqual([false, false, undefined])
    await expect(journals.append(record('berta'))).rejects.toThrow('not open')
    expect(await journals.catchUp(10)).toBe('nothing')
    await journals.drained()
    journals.measure()
    journals.onKept()
    expect(await alarms()).toEqual(stands)

    rmSync(directoryOf(1))
    await rename(away, directoryOf(1))
    await expect.poll(() => journals.isOpen(), { interval: 5 }).toBe(true)
    await journals.append(record('berta'))
    journals.onKept()
    await expect.poll(() => recorded, { interval: 5 }).toEqual(['anna', 'berta'])
    expect(journals.hasRoom()).toBe(true)
    const cleared = async () => {
      journals.measure()
      return alarms()
    }
    await expect.poll(cleared, { interval: 20 }).toEqual([])
  })

  it('has its alarm written when Postgres can be asked, once', async () => {
    writeFileSync(directoryOf(1), '')
    breaker.open()
    const journals = await open()
    journals.measure()
    expect(await alarms()).toEqual([])
    breaker.shut()
    await expect.poll(alarms, { interval: 5 }).toEqual(stands)
    const { value } = (await metrics.alarms.get()).values.find(({ labels }) => labels.kind === 'accounting-journal')!
    expect(value).toBe(1)
  })

  it('is not told as damaged at each try', async () => {
    await leave(1, ['anna', 'berta'])
    // Something that is no file where one should be, and so far behind that records are missing before it.
    const inTheWay = join(directoryOf(1), '00000000000000000007.segment')
    mkdirSync(inTheWay)
    breaker.open()
    const journals = await open()
    const recorded = replayInto(journals)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(recorded).toEqual([])
    rmSync(inTheWay, { recursive: true })
    breaker.shut()
    await expect.poll(() => recorded, { interval: 5 }).toEqual(['anna', 'berta'])
    await expect.poll(alarms, { interval: 5 }).toContain('accounting-journal-loss host journal-1')
    const told = (await metrics.alarms.get()).values.find(({ labels }) => labels.kind === 'accounting-journal-loss')
    expect(told?.value).toBe(1)
  })

  it('is tried no more when the process ends', async () => {
    writeFileSync(directoryOf(1), '')
    const journals = await open()
    await journals.close()
    opened = []
    rmSync(directoryOf(1))
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(existsSync(directoryOf(1))).toBe(false)
  })
})

describe('journals of the other processes', () => {
  it('I8: are looked at before a login is refused, and are none of ours otherwise', async () => {
    const [one, other] = [await open({ workers: 2 }), await open({ worker: 2, workers: 2 })]
    expect(await one.catchUp(1)).toBe('nothing')
    await other.append(record('berta'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect([one.oldest(), one.oldestOfAll(), await one.catchUp(1)]).toEqual([undefined, received, 'behind'])
    const recorded = replayInto(other)
    expect(['done', 'nothing']).toContain(await one.catchUp(5_000))
    expect(recorded).toEqual(['berta'])
    expect(await one.catchUp(1)).toBe('nothing')
  })
})

describe('journals of processes that are no more', () => {
  it('are replayed by the first process, and count until they are', async () => {
    const earlier = new Date(received.getTime() - 60_000)
    await leave(3, ['clara', 'dora'], earlier)
    await leave(12, ['emma'])
    breaker.open()
    const journals = await open({ workers: 2 })
    const recorded = replayInto(journals)
    await journals.append(record('anna'))
    journals.onKept()
    await expect.poll(() => journals.oldest(), { interval: 5 }).toEqual(earlier)
    const measured = () => {
      journals.measure()
      return records()
    }
    await expect.poll(measured, { interval: 5 }).toBe(4)
    expect(await journals.catchUp(1)).toBe('behind')
    breaker.shut()
    await expect.poll(() => recorded.toSorted(), { interval: 5 }).toEqual(['anna', 'clara', 'dora', 'emma'])
    await journals.drained()
    expect(journals.oldest()).toBeUndefined()
    journals.measure()
    expect(await records()).toBe(0)
    // Nothing is appended to them: no room is taken.
    expect(readdirSync(directoryOf(3)).filter((name) => name.endsWith('.blank'))).toEqual([])
  })

  it('are offered again too when Postgres is another one', async () => {
    await leave(2, ['berta'])
    const journals = await open({ workers: 1 })
    const recorded = replayInto(journals)
    await expect.poll(() => recorded, { interval: 5 }).toEqual(['berta'])
    await journals.drained()
    journals.measure()
    identity = 'one/2'
    journals.measure()
    await expect.poll(() => recorded, { interval: 5 }).toEqual(['berta', 'berta'])
  })

  it('are left alone by every other process, by one that does not know how many there are, and while they are in use', async () => {
    await leave(2, ['berta'])
    await leave(3, ['clara'])
    for (const more of [{ workers: undefined }, { workers: 3 }, { worker: 2, workers: 2 }]) {
      const journals = await open(more)
      const recorded = replayInto(journals)
      await journals.drained()
      await journals.close()
      expect(recorded).not.toContain('clara')
      expect(recorded).toEqual(more.worker === 2 ? ['berta'] : [])
    }
    opened = []
  })

  it('that a process which is about to end still holds are taken when it has ended', async () => {
    await leave(2, ['berta'])
    const release = holdDirectory(directoryOf(2))
    const clock = createTestClock(received)
    const journals = await open({ workers: 1, clock })
    const recorded = replayInto(journals)
    await journals.append(record('anna'))
    journals.onKept()
    await expect.poll(() => recorded, { interval: 5 }).toEqual(['anna'])
    release()
    await expect.poll(() => recorded, { interval: 50, timeout: 5_000 }).toEqual(['anna', 'berta'])
  })

  it('that cannot be opened raise an alarm of their own, and keep nobody from ending', async () => {
    await leave(2, ['berta'])
    await leave(3, ['clara'])
    const [two, release] = [directoryOf(2), holdDirectory(directoryOf(3))]
    // Something that is no file where one should be: the segment before it ends where this one begins.
    mkdirSync(join(two, '00000000000000000002.segment'))
    const journals = await open({ workers: 1 })
    await expect.poll(alarms, { interval: 5 }).toEqual(['accounting-journal host journal-2'])
    const [{ text }] = (await listAlarms(database.pool)) as unknown as [{ text: string }]
    expect(text).toContain('of a process that is no more')
    const began = systemClock.monotonicMs()
    await journals.close()
    opened = []
    expect(systemClock.monotonicMs() - began).toBeLessThan(5_000)
    release()
    expect(await alarms()).toHaveLength(1)
  })

  it('are not opened where nothing is left in them, nor is what only looks like one', async () => {
    await leave(2, [])
    mkdirSync(join(stateDirectory, 'journal-x'))
    mkdirSync(join(stateDirectory, 'journal-03'))
    writeFileSync(join(stateDirectory, 'snapshot-2'), '')
    const journals = await open({ workers: 1 })
    expect(readdirSync(directoryOf(2)).filter((name) => name.startsWith('held-by-'))).toEqual([])
    expect(readdirSync(directoryOf(1)).filter((name) => name.startsWith('held-by-'))).toHaveLength(1)
    await journals.drained()
  })
})
