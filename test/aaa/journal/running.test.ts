import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SetAside } from '../../../src/aaa/accounting-replay.ts'
import { openRunningJournal, type RunningJournal } from '../../../src/aaa/journal/running.ts'
import { setAsideFile } from '../../../src/aaa/journal/set-aside.ts'
import { systemClock } from '../../../src/clock.ts'
import { listAlarms } from '../../../src/domain/alarm.ts'
import { createLogger } from '../../../src/log.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { useDatabase } from '../../support/database.ts'
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

function openIt(directory = stateDirectory) {
  return openRunningJournal({
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
  })
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

  it('is none where its directory cannot be used, and the process lives on', async () => {
    const file = join(stateDirectory, 'a file')
    writeFileSync(file, '')
    expect(await openIt(file)).toBeUndefined()
    // Nor where another one holds it.
    expect(await openIt()).toBeUndefined()
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
