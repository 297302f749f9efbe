import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SetAside } from '../../../src/aaa/accounting-replay.ts'
import { openRunningJournal } from '../../../src/aaa/journal/running.ts'
import type { RunningJournal, RunningJournalOptions } from '../../../src/aaa/journal/running.ts'
import { setAsideFile } from '../../../src/aaa/journal/set-aside.ts'
import { createTestClock, systemClock } from '../../../src/clock.ts'
import { listAlarms } from '../../../src/domain/alarm.ts'
import { createLogger } from '../../../src/log.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { useDatabase } from '../../support/database.ts'
import { createMemoryFiles, systemError } from '../../support/memory-files.ts'
import type { MemoryFiles } from '../../support/memory-files.ts'
import { createTestBreaker, type TestBreaker } from '../../support/sinks.ts'

const database = useDatabase()
let stateDirectory: string
let breaker: TestBreaker
let metrics: ReturnType<typeof createMetrics>
let running: RunningJournal
let identity: string | undefined

beforeEach(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'gatehouse-running-'))
  breaker = createTestBreaker()
  metrics = createMetrics()
  identity = 'one/1'
  running = (await openIt())!
})
afterEach(async () => {
  await running.close()
  rmSync(stateDirectory, { recursive: true, force: true })
  await database.pool.query('delete from alarm')
})

function openIt(directory = stateDirectory, more: Partial<RunningJournalOptions> = {}) {
  const options = {
    stateDirectory: directory,
    worker: 1,
    host: 'host',
    journalSize: { capOctets: 128 << 10, segmentOctets: 64 << 10 },
    pool: database.pool,
    breaker,
    database: () => identity,
    clock: systemClock,
    log: createLogger({ level: 'silent' }),
    metrics,
    ...more,
  }
  return openRunningJournal(options, 300)
}

const append = () =>
  running.append({ receivedAt: systemClock.now(), nasId: 1n, username: 'anna', packet: Buffer.alloc(4_000) })

/** Appends until it is full; how many it took. */
async function fill(): Promise<number> {
  for (let count = 0; ; count += 1) {
    try {
      await append()
    } catch {
      return count
    }
  }
}

const alarms = async () => (await listAlarms(database.pool)).map(({ kind, subject }) => `${kind} ${subject}`)
const gauge = async (name: 'journalRecords' | 'journalShare' | 'journalAge') =>
  (await metrics[name].get()).values[0]!.value

describe('the journal of a process', () => {
  it('D6: full, it takes no more and raises one alarm, written when Postgres can be asked, cleared when there is room', async () => {
    breaker.open()
    const took = await fill()
    await expect(append()).rejects.toThrow('cap')
    expect([took > 10, running.hasRoom()]).toEqual([true, false])
    running.measure()
    expect([await gauge('journalRecords'), await gauge('journalShare'), await alarms()]).toEqual([took, 1, []])
    const replay = running.replay({ record: () => Promise.resolve([]), liveWaiting: () => 0 })
    breaker.shut()
    await expect.poll(alarms, { interval: 5 }).toEqual(['accounting-journal host journal-1'])
    await replay.drained()
    expect(running.oldest()).toBeUndefined()
    const cleared = async () => {
      running.measure()
      return alarms()
    }
    // What was drained is kept for fifteen minutes and gives way to what comes.
    await expect
      .poll(() =>
        append().then(
          () => running.hasRoom(),
          () => false,
        ),
      )
      .toBe(true)
    await expect.poll(cleared, { interval: 20 }).toEqual([])
  })

  it('puts what can never be stored into a file beside it, with its packet, and an alarm stands until a person clears it', async () => {
    await append()
    const aside = (batch: readonly SetAside['record'][]) => batch.map((record) => ({ record, reason: 'no such NAS' }))
    const replay = running.replay({ record: (batch) => Promise.resolve(aside(batch)), liveWaiting: () => 0 })
    await replay.drained()
    const file = join(stateDirectory, 'journal-1', setAsideFile)
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { sequence: '1', nas_id: '1', username: 'anna', reason: 'no such NAS', packet: '00'.repeat(4_000) },
    ])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await expect.poll(alarms, { interval: 5 }).toEqual(['accounting-journal-loss host journal-1'])
    running.measure()
    expect(await alarms()).toHaveLength(1)
  })

  it('is offered again when Postgres is another one: it may lack what was committed last', async () => {
    await append()
    let batches = 0
    const record = () => {
      batches += 1
      return Promise.resolve([])
    }
    const replay = running.replay({ record, liveWaiting: () => 0 })
    await replay.drained()
    running.measure()
    running.measure()
    identity = undefined
    running.measure()
    expect(batches).toBe(1)
    identity = 'one/2'
    running.measure()
    await expect.poll(() => batches, { interval: 5 }).toBe(2)
  })

  it('is offered again too when Postgres became another one while the process was away', async () => {
    await append()
    const batches: number[] = []
    const record = (batch: readonly SetAside['record'][]) => {
      batches.push(batch.length)
      return Promise.resolve([])
    }
    await running.replay({ record, liveWaiting: () => 0 }).drained()
    running.measure()
    await running.close()
    running = (await openIt())!
    await running.replay({ record, liveWaiting: () => 0 }).drained()
    running.measure()
    await running.close()
    expect(batches).toEqual([1])
    identity = 'one/2'
    running = (await openIt())!
    running.replay({ record, liveWaiting: () => 0 })
    running.measure()
    await expect.poll(() => batches, { interval: 5 }).toEqual([1, 1])
  })

  it('is none where its directory cannot be used, and the process lives on', async () => {
    const file = join(stateDirectory, 'a file')
    writeFileSync(file, '')
    expect(await openIt(file)).toBeUndefined()
    // Nor where another one holds it.
    expect(await openIt()).toBeUndefined()
  })

  it('says why it is none', async () => {
    const told: unknown[] = []
    expect(await openIt(stateDirectory, { cannotOpen: (error) => told.push(error) })).toBeUndefined()
    expect(told).toMatchObject([{ name: 'JournalHeldError' }])
  })

  describe('whose disk refuses', () => {
    const clock = createTestClock(systemClock.now())
    const journalSize = { capOctets: 1 << 20, segmentOctets: 64 << 10 }
    let files: MemoryFiles
    let other: RunningJournal
    const one = { receivedAt: clock.now(), nasId: 1n, username: 'anna', packet: Buffer.alloc(100) }
    beforeEach(async () => {
      files = createMemoryFiles()
      // The hold is a real file.
      mkdirSync(join(stateDirectory, 'journal-2'))
      other = (await openIt(stateDirectory, { worker: 2, files, clock, journalSize }))!
    })
    afterEach(() => other.close())
    /** Some seconds later. */
    const look = async (seconds: number) => {
      clock.advance(seconds * 1_000)
      other.measure()
      await new Promise((resolve) => setImmediate(resolve))
      other.measure()
      return alarms()
    }
    const stands = ['accounting-journal host journal-2']

    it('has no room, and its alarm stands until the disk takes something and was calm for ten minutes', async () => {
      files.failure = (operation) => (operation === 'sync' ? systemError('EIO') : undefined)
      await expect(other.append(one)).rejects.toThrow('could not be written')
      await expect.poll(alarms, { interval: 5 }).toEqual(stands)
      expect([other.hasRoom(), await look(5), await look(3_600), other.hasRoom()]).toEqual([
        false,
        stands,
        stands,
        false,
      ])
      files.failure = () => undefined
      await look(60)
      expect(other.hasRoom()).toBe(true)
      await other.append(one)
      await expect.poll(() => look(5), { interval: 5 }).toEqual([])
    })

    it('once, and took it the next time, has an alarm for ten minutes', async () => {
      await other.append(one)
      let left = 1
      files.failure = (operation) => (operation === 'sync' && left-- > 0 ? systemError('EIO') : undefined)
      await other.append(one)
      await expect.poll(alarms, { interval: 5 }).toEqual(stands)
      expect([other.hasRoom(), await look(30), await look(300)]).toEqual([true, stands, stands])
      clock.advance(300_000)
      await expect.poll(() => look(0), { interval: 5 }).toEqual([])
    })

    it('for its room has it again when the disk has, though nothing is in it and nothing comes', async () => {
      await other.close()
      files.failure = (operation, name) =>
        operation === 'write' && name.endsWith('.blank') ? systemError('ENOSPC') : undefined
      other = (await openIt(stateDirectory, { worker: 2, files, clock, journalSize }))!
      await expect(other.append(one)).rejects.toThrow('full')
      await expect.poll(alarms, { interval: 5 }).toEqual(stands)
      expect([await look(60), other.hasRoom()]).toEqual([stands, false])
      files.failure = () => undefined
      await expect.poll(() => look(60), { interval: 5 }).toEqual([])
      expect(other.hasRoom()).toBe(true)
    })

    it('does not take what must be set aside: the alarm stands, no record is lost, and others go on', async () => {
      files.failure = (operation, name) =>
        operation === 'create' && name.endsWith(setAsideFile) ? systemError('ENOSPC') : undefined
      for (const username of ['anna', 'berta', 'clara']) await other.append({ ...one, username })
      const recorded: (string | undefined)[] = []
      const replay = other.replay({
        record: (batch) => {
          const [bad, good] = [0, 1].map((kind) =>
            batch.filter((found) => (found.username === 'anna' ? 0 : 1) === kind),
          )
          recorded.push(...good!.map(({ username }) => username))
          return Promise.resolve(bad!.map((record) => ({ record, reason: 'no such NAS' })))
        },
        liveWaiting: () => 0,
      })
      await expect.poll(alarms, { interval: 5 }).toEqual(stands)
      await other.append({ ...one, username: 'dora' })
      other.onKept()
      await expect.poll(() => recorded, { interval: 5 }).toEqual(['berta', 'clara', 'dora'])
      expect([await look(3_600), other.oldest()]).toEqual([stands, one.receivedAt])
      files.failure = () => undefined
      other.onKept()
      await replay.drained()
      const file = files.names().find((name) => name.endsWith(setAsideFile))!
      expect(files.octetsOf(file).toString().trim().split('\n')).toHaveLength(1)
      await expect.poll(() => look(700), { interval: 5 }).toEqual(['accounting-journal-loss host journal-2'])
      expect([recorded.length, other.oldest()]).toEqual([3, undefined])
    })
  })

  it('tells how long its oldest record waits', async () => {
    breaker.open()
    await append()
    running.measure()
    expect(await gauge('journalRecords')).toBe(1)
    expect(await gauge('journalAge')).toBeLessThan(60)
    expect(running.oldest()).toBeInstanceOf(Date)
  })
})
