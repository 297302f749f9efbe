// What RADIUS processes that are no more left in the state directory: logins that they let in without Postgres are looked at again,
// and snapshots that nobody reads any more are removed.
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDegradedAccepts } from '../../../src/aaa/snapshot/degraded-accepts.ts'
import type { DegradedAccepts } from '../../../src/aaa/snapshot/degraded-accepts.ts'
import { findSnapshotsLeft } from '../../../src/aaa/snapshot/left-behind.ts'
import { snapshotFile } from '../../../src/aaa/snapshot/snapshot.ts'
import { createTestClock } from '../../../src/clock.ts'
import type { DegradedAccept } from '../../../src/domain/degraded-accept.ts'
import { createLogger } from '../../../src/log.ts'
import { after, insertPlan, insertSubscriber, noon, testFacts } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'
import { openTestKeyring } from '../../support/keyring.ts'
import { startTestService } from '../../support/service.ts'
import { startTestSnapshot } from '../../support/snapshot.ts'

const database = useDatabase()
let keys: Awaited<ReturnType<typeof openTestKeyring>>
let directory: string
let lines: Record<string, unknown>[]
const log = createLogger({ level: 'info', stream: { write: (line) => void lines.push(JSON.parse(line)) } })

beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
})
afterAll(() => keys.remove())
beforeEach(async () => {
  directory = fs.mkdtempSync(join(tmpdir(), 'gatehouse-left-'))
  lines = []
  await database.pool.query('delete from degraded_accept')
})
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }))

const fileOf = (worker: number): string => join(directory, `degraded-accepts-${worker}`)
const rows = async () =>
  (await database.pool.query('select class_id from degraded_accept order by class_id')).rows.map((row) => row.class_id)
const accept = (changes: Partial<DegradedAccept> = {}): DegradedAccept => ({
  classId: 1n,
  subscriberId: 7n,
  nasId: 1n,
  nasGroupId: 1n,
  line: 'mac:a',
  facts: testFacts(),
  unchecked: [],
  seenAt: noon,
  decidedAt: noon,
  ...changes,
})

/** Of a process of this number, while Postgres is away. */
function open(
  worker: number | undefined,
  more: { takeOver?: readonly string[]; troubles?: string[] } = {},
): Promise<DegradedAccepts> {
  return openDegradedAccepts({
    file: worker === undefined ? undefined : fileOf(worker),
    takeOver: more.takeOver,
    pool: database.pool,
    breaker: { isOpen: () => true },
    clock: createTestClock(noon),
    onTrouble: (message) => void more.troubles?.push(message),
  })
}

async function leave(worker: number, accepts: readonly DegradedAccept[]): Promise<void> {
  const left = await open(worker)
  for (const one of accepts) left.note(one)
  await left.close()
}

describe('what is left behind', () => {
  const names = [
    'degraded-accepts-1',
    'degraded-accepts-3',
    'snapshot-2',
    'snapshot-3',
    'snapshot-12.tmp',
    'journal-3',
    'snapshot-x',
  ]
  beforeEach(() => {
    for (const name of names) fs.writeFileSync(join(directory, name), '')
  })

  it('is what has the number of no process', async () => {
    const found = await findSnapshotsLeft({ stateDirectory: directory, worker: 1, workers: 2, log })
    expect(found.accepts).toEqual([fileOf(3)])
    expect(found.snapshots.toSorted()).toEqual([join(directory, 'snapshot-12.tmp'), join(directory, 'snapshot-3')])
    expect(lines).toMatchObject([{ accepts: [fileOf(3)], msg: expect.stringContaining('taken over') }])
  })

  it('is the first process’s alone, and nobody’s where it is not known how many there are', async () => {
    const nothing = { accepts: [], snapshots: [] }
    expect(await findSnapshotsLeft({ stateDirectory: directory, worker: 2, workers: 2, log })).toEqual(nothing)
    expect(await findSnapshotsLeft({ stateDirectory: directory, worker: 1, log })).toEqual(nothing)
    expect(await findSnapshotsLeft({ stateDirectory: directory, worker: 1, workers: 12, log })).toEqual(nothing)
    expect(lines).toEqual([])
  })

  it('keeps no process from its start where the directory cannot be read', async () => {
    const stateDirectory = join(directory, 'gone')
    expect(await findSnapshotsLeft({ stateDirectory, worker: 1, workers: 1, log })).toEqual({
      accepts: [],
      snapshots: [],
    })
    expect(lines).toMatchObject([{ level: expect.anything(), msg: expect.stringContaining('cannot be seen') }])
  })
})

describe('logins that a process which is no more let in without Postgres', () => {
  it('are held by who takes over, in its own file before theirs is removed; of a line the later one stays', async () => {
    await leave(1, [accept({ classId: 1n, decidedAt: after(20) }), accept({ classId: 2n, line: 'mac:b' })])
    await leave(2, [
      accept({ classId: 3n, decidedAt: after(10) }),
      accept({ classId: 4n, line: 'mac:b', decidedAt: after(10) }),
      accept({ classId: 5n, line: 'mac:c' }),
    ])
    const first = await open(1, { takeOver: [fileOf(2)] })
    expect(fs.existsSync(fileOf(2))).toBe(false)
    expect(first.waiting()).toBe(3)
    await first.close()
    const again = await open(1)
    expect(again.waiting()).toBe(3)
    await again.flush()
    expect(await rows()).toEqual([1n, 4n, 5n])
    await again.close()
  })

  it('stay in their file where there is none of ours, and are handed over all the same', async () => {
    await leave(2, [accept()])
    const inMemory = await open(undefined, { takeOver: [fileOf(2)] })
    await inMemory.flush()
    expect([await rows(), fs.existsSync(fileOf(2))]).toEqual([[1n], true])
    await inMemory.close()
  })

  it('stay where their file cannot be read, which is told', async () => {
    fs.mkdirSync(fileOf(2))
    const troubles: string[] = []
    const first = await open(1, { takeOver: [fileOf(2)], troubles })
    expect(first.waiting()).toBe(0)
    expect(troubles).toEqual([expect.stringContaining('its file stays')])
    await first.close()
  })
})

describe('a snapshot', () => {
  it('that was half written is removed at the start, one that nobody reads when the own one is on the disk', async () => {
    const own = snapshotFile(directory, 1)
    const other = snapshotFile(directory, 2)
    fs.writeFileSync(`${own}.tmp`, 'half')
    fs.writeFileSync(other, 'old')
    const { keyring } = keys
    const running = await startTestSnapshot(database.url, { keyring, directory, replaces: [other] })
    try {
      await running.snapshot.refresh()
      expect([fs.existsSync(`${own}.tmp`), fs.existsSync(own), fs.existsSync(other)]).toEqual([false, false, true])
      await running.snapshot.write()
      expect([fs.existsSync(own), fs.existsSync(other)]).toEqual([true, false])
    } finally {
      await running.close()
    }
  })
})

it('a service with fewer processes than before hands over what they left, and clears away', async () => {
  const planId = await insertPlan(database.pool)
  const subscriberId = await insertSubscriber(database.pool, { username: 'left', plan_id: planId })
  await leave(2, [accept({ classId: 77n, subscriberId })])
  fs.writeFileSync(snapshotFile(directory, 2), 'old')
  const service = await startTestService(database, { stateDirectory: directory, workers: 1, keyFile: keys.keyFile })
  try {
    await expect.poll(rows, { interval: 20, timeout: 10_000 }).toEqual([77n])
  } finally {
    await service.close()
  }
  expect(fs.readdirSync(directory).filter((name) => name.endsWith('-2'))).toEqual([])
})
