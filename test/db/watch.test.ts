// Work in Postgres that waits for others says so, is broken off where nobody wants it any more, and where Postgres is silent.
import { describe, expect, it } from 'vitest'
import { createPool } from '../../src/db/pool.ts'
import { watchOver, type Watched } from '../../src/db/watch.ts'
import { silentLog, useDatabase } from '../support/database.ts'
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const database = useDatabase({ empty: true })
const waits = `select 1 from pg_stat_activity where application_name = 'gatehouse watched' and wait_event_type = 'Lock'`

/** One statement over a pool of its own, as preparing the database does it. */
async function ask(url: string, statement: string, { onConnect }: Watched): Promise<unknown> {
  const pool = createPool(url, { name: 'gatehouse watched', max: 1, onConnect, lockTimeoutMs: 20_000 })
  try {
    return (await pool.query<Record<string, unknown>>(statement)).rows[0]
  } finally {
    await pool.end()
  }
}

async function holding<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const holder = await database.pool.connect()
  try {
    await holder.query('begin')
    await holder.query(lock)
    return await work()
  } finally {
    await holder.query('rollback')
    holder.release()
  }
}

describe('watched work', () => {
  it('answers and fails as it does by itself', async () => {
    const watch = (statement: string) =>
      watchOver(database.url, (watched) => ask(database.url, statement, watched), {
        log: silentLog,
        signal: new AbortController().signal,
      })
    expect(await watch('select 7 as seven')).toEqual({ seven: 7 })
    await expect(watch('select from nowhere')).rejects.toMatchObject({ code: '42P01' })
  })

  it('says which lock it waits for and who holds it, and no word of the statements of others', async () => {
    await database.pool.query('create table thing (id int)')
    const said: { fields: Record<string, unknown>; message: string }[] = []
    const told = Promise.withResolvers<void>()
    const warn = (fields: object, message: string): void => {
      said.push({ fields: { ...fields }, message })
      told.resolve()
    }
    const log = { ...silentLog, warn }
    const signal = new AbortController().signal
    const work = (watched: Watched) => ask(database.url, 'select count(*)::int as things from thing', watched)
    let watching: Promise<unknown> | undefined
    await holding(`lock table thing in access exclusive mode`, async () => {
      watching = watchOver(database.url, work, { log, signal })
      await told.promise
    })
    expect(await watching).toEqual({ things: 0 })
    expect(said).toHaveLength(1)
    const [{ fields, message }] = said as [(typeof said)[0]]
    expect(message).toBe('the database cannot be prepared yet: others hold a lock')
    expect(fields).toEqual({
      waits_for: 'AccessShareLock on relation thing',
      held_by: [
        {
          pid: expect.any(Number),
          application: 'gatehouse test',
          state: 'idle in transaction',
          since: expect.any(String),
        },
      ],
      for_ms: expect.any(Number),
    })
  })

  it('says so too where it only takes long', async () => {
    const said: string[] = []
    const log = { ...silentLog, info: (_fields: object, message: string) => void said.push(message) }
    const signal = new AbortController().signal
    await watchOver(database.url, (watched) => ask(database.url, 'select pg_sleep(2.5)', watched), { log, signal })
    expect(said).toEqual(['the database is still being prepared'])
  })

  it('ends at once when it is to end, here and in Postgres', async () => {
    const ending = new AbortController()
    await holding(`select pg_advisory_xact_lock(7)`, async () => {
      const work = (watched: Watched) => ask(database.url, 'select pg_advisory_xact_lock(7)', watched)
      const watching = watchOver(database.url, work, { log: silentLog, signal: ending.signal })
      await expect.poll(async () => (await database.pool.query(waits)).rowCount).toBe(1)
      const askedAt = performance.now()
      ending.abort(new Error('the service ends'))
      await expect(watching).rejects.toThrow('the service ends')
      expect(performance.now() - askedAt).toBeLessThan(1_500)
      await expect.poll(async () => (await database.pool.query(waits)).rowCount).toBe(0)
      // Whoever was asked to end before it began does not begin.
      const late = watchOver(database.url, () => Promise.reject(new Error('begun')), {
        log: silentLog,
        signal: ending.signal,
      }).catch((error: unknown) => error)
      expect(await late).toMatchObject({ message: 'the service ends' })
    })
  })

  it('is given up where Postgres hangs in the middle of it, as one that is away', async () => {
    const network = await startTcpFaultProxy({ seed: 'watch', target: { port: Number(new URL(database.url).port) } })
    const url = network.through(database.url)
    try {
      const ended = Promise.withResolvers<unknown>()
      const work = async ({ onConnect }: Watched): Promise<void> => {
        const pool = createPool(url, { name: 'gatehouse watched', max: 1, onConnect })
        await pool.query('select 1')
        network.set({ fresh: 'silent', blackhole: 'both' })
        await pool.query('select 2').catch(ended.resolve)
        await pool.end()
        await new Promise(() => undefined)
      }
      const signal = new AbortController().signal
      await expect(watchOver(url, work, { log: silentLog, signal })).rejects.toThrow(/timeout/)
      // Nothing is left of it that would go on when Postgres is back.
      expect(await ended.promise).toBeInstanceOf(Error)
    } finally {
      await network.close()
    }
  }, 30_000)
})
