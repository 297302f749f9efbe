import { afterEach, expect, it } from 'vitest'
import { startListeningBeat, type ListeningBeat } from '../../src/aaa/listening-beat.ts'
import { createTestClock } from '../../src/clock.ts'
import { createPool } from '../../src/db/pool.ts'
import { at } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'
import { startTestService } from '../support/service.ts'

const database = useDatabase()
const beats: ListeningBeat[] = []

afterEach(async () => {
  for (const beat of beats.splice(0)) await beat.close()
  await database.pool.query('delete from listening')
})

function start(options: { url?: string } = {}) {
  const clock = createTestClock(at(0))
  const warnings: string[] = []
  const log = { warn: (_fields: unknown, message: string) => void warnings.push(message) }
  const pool = options.url === undefined ? database.pool : createPool(options.url, { name: 'nowhere' })
  const beat = startListeningBeat({ pool, instance: 'host:1', clock, log: log as never })
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
