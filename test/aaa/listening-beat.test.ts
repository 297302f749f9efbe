import { afterEach, describe, expect, it } from 'vitest'
import { startListeningBeat, type ListeningBeat } from '../../src/aaa/listening-beat.ts'
import { createTestClock } from '../../src/clock.ts'
import { createPool } from '../../src/db/pool.ts'
import { endStaleSessions } from '../../src/domain/stale-session.ts'
import { at, makeNas, makeSession, makeSubscriber, recordEach } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'
import { startTestService } from '../support/service.ts'

const database = useDatabase()
const beats: ListeningBeat[] = []

afterEach(async () => {
  for (const beat of beats.splice(0)) await beat.close()
  await database.pool.query('delete from listening')
})

function start(options: { url?: string; unrecordedSince?: () => Date | undefined } = {}) {
  const clock = createTestClock(at(0))
  const warnings: string[] = []
  const log = { warn: (_fields: unknown, message: string) => void warnings.push(message) }
  const pool = options.url === undefined ? database.pool : createPool(options.url, { name: 'nowhere' })
  const beat = startListeningBeat({ pool, instance: 'host:1', clock, log: log as never, ...options })
  beats.push(beat)
  return { beat, clock, warnings }
}

it('says from its start on that the process listens, and begins anew after a sleep of the machine', async () => {
  const { beat, clock, warnings } = start()
  await beat.beat()
  clock.advance(5_000)
  await beat.beat()
  clock.advance(3_600_000)
  await beat.beat()
  const { rows } = await database.pool.query('select instance, started_at, until from listening order by started_at')
  expect(rows).toEqual([
    { instance: 'host:1', started_at: at(0), until: at(5) },
    { instance: 'host:1', started_at: at(3605), until: at(3605) },
  ])
  expect(warnings).toEqual([])
})

it('says once that it cannot be written, and goes on', async () => {
  const { beat, warnings } = start({ url: 'postgres://nobody@127.0.0.1:1/nowhere' })
  await beat.beat()
  await beat.beat()
  expect(warnings).toEqual(['that we are listening could not be written: this time counts as an outage'])
})

it('is kept by a RADIUS service as long as its sockets are open', async () => {
  const service = await startTestService(database)
  const count = async () => (await database.pool.query('select from listening')).rowCount
  await expect.poll(count, { interval: 5 }).toBe(1)
  await service.close()
  const { rows } = await database.pool.query('select instance from listening')
  expect(rows).toEqual([{ instance: expect.stringMatching(`:${process.pid}$`) as string }])
})

describe('F46 with a journal', () => {
  it('a beat says no more than that what was heard until then is in the books', async () => {
    let since: Date | undefined
    const { beat, clock } = start({ unrecordedSince: () => since })
    await beat.beat()
    since = at(3)
    clock.advance(3_600_000)
    await beat.beat()
    const stretches = async () =>
      (await database.pool.query('select started_at, until from listening order by started_at')).rows as object[]
    expect(await stretches()).toEqual([{ started_at: at(0), until: at(3) }])
    // The drain is on its way: a stretch of its own, for what lay between was not heard by the books.
    since = at(3_000)
    await beat.beat()
    since = undefined
    clock.advance(5_000)
    await beat.beat()
    expect(await stretches()).toEqual([
      { started_at: at(0), until: at(3) },
      { started_at: at(3_000), until: at(3_000) },
      { started_at: at(3_605), until: at(3_605) },
    ])
  })

  it('D5: no session is stale while its records wait in the journal, and one that is silent afterwards is', async () => {
    const { pool } = database
    const [nas, subscriber] = [await makeNas(pool), await makeSubscriber(pool)]
    const interval = { interimIntervalS: 60 }
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.start(interval), session.interim(60, { input: 5, ...interval }))
    let since: Date | undefined
    const { beat, clock } = start({ unrecordedSince: () => since })
    /** Beats for so long, as it does each five seconds. */
    const listen = async (seconds: number): Promise<void> => {
      for (let passed = 0; passed < seconds; passed += 5) {
        clock.advance(5_000)
        await beat.beat()
      }
    }
    const sweep = async () => (await endStaleSessions(pool, { defaultIntervalS: 600 }, clock.now())).sessions
    await listen(60)
    since = at(60)
    // Postgres is back and the journal is not drained: however long that takes.
    await listen(1_200)
    expect(await sweep()).toBe(0)
    since = undefined
    await listen(50)
    expect(await sweep()).toBe(0)
    await listen(160)
    expect(await sweep()).toBe(1)
  })
})
