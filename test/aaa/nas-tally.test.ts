import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startNasTally, type NasTally } from '../../src/aaa/nas-tally.ts'
import { createPool, type Pool } from '../../src/db/pool.ts'
import { trimTallies } from '../../src/domain/doctor/tally.ts'
import { createMetrics, type Metrics } from '../../src/metrics.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const noon = new Date('2026-05-04T12:00:00.000Z')
let now = noon
let tally: NasTally
let metrics: Metrics
let told: string[] = []

const start = (pool: Pool, instance = 'a'): NasTally =>
  startNasTally({
    pool,
    instance,
    clock: { now: () => now, monotonicMs: () => now.getTime() },
    log: { warn: (_fields: object, sentence: string) => void told.push(sentence) } as never,
    metrics,
  })

beforeEach(async () => {
  now = noon
  told = []
  metrics = createMetrics()
  tally = start(database.pool)
  await database.pool.query('truncate nas_tally, answer_time')
})
afterEach(() => tally.close())

async function rows(): Promise<object[]> {
  const { rows: found } = await database.pool.query(
    `select hour, kind, client_id as client, nas_id as nas, host(source) as source, count::int as count, worst::int as worst,
       last_at - first_at > interval '0' as again
     from nas_tally order by kind, client_id, nas_id, source nulls last`,
  )
  return found
}

const none = { client: null, nas: null, source: null, worst: null, again: false, hour: noon }

describe('what is counted of NASes', () => {
  it('is written together, and added to what the hour has', async () => {
    for (const source of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) {
      tally.count('bad-authenticator', { clientId: 7n, source })
    }
    await tally.flush()
    now = new Date(noon.getTime() + 60_000)
    tally.count('bad-authenticator', { clientId: 7n, source: '192.0.2.2' })
    await tally.flush()
    expect(await rows()).toEqual([
      { ...none, kind: 'bad-authenticator', client: 7n, source: '192.0.2.1', count: 2 },
      { ...none, kind: 'bad-authenticator', client: 7n, source: '192.0.2.2', count: 2, again: true },
    ])
    now = new Date(noon.getTime() + 3_600_000)
    tally.count('bad-authenticator', { clientId: 7n, source: '192.0.2.2' })
    await tally.flush()
    expect(await rows()).toContainEqual({
      ...none,
      hour: now,
      kind: 'bad-authenticator',
      client: 7n,
      source: '192.0.2.2',
      count: 1,
    })
  })

  it('keeps of measurements the one farthest from zero, whichever side it is on', async () => {
    for (const skew of [40_000, -90_000, 60_000]) tally.count('clock-skew', { nasId: 3n }, skew)
    await tally.flush()
    tally.count('clock-skew', { nasId: 3n }, 70_000)
    await tally.flush()
    expect(await rows()).toEqual([{ ...none, kind: 'clock-skew', nas: 3n, count: 4, worst: -90_000 }])
  })

  it('tells only the first addresses apart, whoever forges how many', async () => {
    for (let at = 0; at < 1_000; at += 1) tally.count('unknown-source', { source: `10.0.${at >> 8}.${at & 255}` })
    await tally.flush()
    tally.count('unknown-source', { source: '10.0.0.0' })
    tally.count('unknown-source', { source: '10.9.9.9' })
    await tally.flush()
    const found = (await rows()) as { source: string | null; count: number }[]
    expect(found).toHaveLength(201)
    expect(found.find(({ source }) => source === null)?.count).toBe(801)
    expect(found.find(({ source }) => source === '10.0.0.0')?.count).toBe(2)
    // The next hour begins anew.
    now = new Date(noon.getTime() + 3_600_000)
    await tally.flush()
    tally.count('unknown-source', { source: '10.9.9.9' })
    await tally.flush()
    expect((await rows()).filter((row) => (row as { source: string }).source === '10.9.9.9')).toHaveLength(1)
  })

  it('of two processes is one number', async () => {
    const other = start(database.pool, 'b')
    tally.count('duplicate', { clientId: 1n })
    other.count('duplicate', { clientId: 1n })
    await Promise.all([tally.flush(), other.close()])
    expect(await rows()).toEqual([{ ...none, kind: 'duplicate', client: 1n, count: 2 }])
  })

  it('is lost where it cannot be written, which is said, and counting goes on', async () => {
    const broken = createPool('postgres://nobody@127.0.0.1:1/none', { name: 'broken', connectTimeoutMs: 200 })
    const deaf = start(broken)
    deaf.count('duplicate', { clientId: 1n })
    await deaf.flush()
    expect(told).toEqual(['what was counted for the NAS doctor could not be written'])
    await deaf.close()
    await broken.end()
  })

  it('is forgotten after two days', async () => {
    tally.count('duplicate', { clientId: 1n })
    metrics.replySeconds.labels('accounting').observe(0.002)
    await tally.flush({ sample: true })
    expect(await trimTallies(database.pool, new Date(noon.getTime() + 48 * 3_600_000))).toBe(0)
    expect(await trimTallies(database.pool, new Date(noon.getTime() + 49 * 3_600_000))).toBe(2)
    expect(await rows()).toEqual([])
  })
})

describe('a sample', () => {
  const times = async (): Promise<unknown[]> =>
    (
      await database.pool.query(
        `select minute, instance, kind, answers::int as answers, round(p99_ms)::int as p99 from answer_time order by kind, minute`,
      )
    ).rows

  it('has the requests of each client and the answers since the one before', async () => {
    await database.pool.query(
      `insert into radius_client (name, prefix, nas_group_id) values ('bng', '192.0.2.1', 1) on conflict do nothing`,
    )
    metrics.requests.labels('bng', 'Access-Request').inc(3)
    metrics.requests.labels('bng', 'Accounting-Request').inc(4)
    metrics.requests.labels('gone', 'Access-Request').inc()
    for (let at = 0; at < 100; at += 1) metrics.replySeconds.labels('authentication').observe(0.9)
    await tally.flush({ sample: true })
    const [request] = await rows()
    expect(request).toMatchObject({ kind: 'request', count: 7 })
    expect(await times()).toEqual([{ minute: noon, instance: 'a', kind: 'authentication', answers: 100, p99: 995 }])
    metrics.requests.labels('bng', 'Access-Request').inc()
    for (let at = 0; at < 1_000; at += 1) metrics.replySeconds.labels('authentication').observe(0.0001)
    now = new Date(noon.getTime() + 60_000)
    await tally.flush({ sample: true })
    expect(await rows()).toMatchObject([{ kind: 'request', count: 8 }])
    // The slow answers of the minute before are not in it.
    expect(await times()).toMatchObject([{ answers: 100 }, { answers: 1_000, p99: 0 }])
  })

  it('tells answers of seven seconds from those of three', async () => {
    for (let at = 0; at < 100; at += 1) metrics.replySeconds.labels('authentication').observe(7)
    for (let at = 0; at < 100; at += 1) metrics.replySeconds.labels('accounting').observe(3)
    await tally.flush({ sample: true })
    expect(await times()).toMatchObject([
      { kind: 'accounting', p99: 4_975 },
      { kind: 'authentication', p99: 9_950 },
    ])
  })

  it('without anything new writes nothing', async () => {
    metrics.replySeconds.labels('accounting').observe(0.002)
    await tally.flush({ sample: true })
    now = new Date(noon.getTime() + 60_000)
    await tally.flush({ sample: true })
    expect(await times()).toHaveLength(1)
  })
})
