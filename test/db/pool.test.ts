import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { getPriority } from 'node:os'
import { DatabaseError } from 'pg'
import { describe, expect, it, vi } from 'vitest'
import { isTransient, isUnavailable, isUniqueViolation, PoolBusyError, sqlStateOf } from '../../src/db/errors.ts'
import { sql } from 'kysely'
import { createKysely, createPool, retryTransient, withTransaction } from '../../src/db/pool.ts'
import type { PoolClient } from '../../src/db/pool.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase({ empty: true })

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a pool', () => {
  it('reads int8 as BigInt, alone and in arrays', async () => {
    const text = `select 9223372036854775807::int8 as a, '{1,null,-3}'::int8[] as b, '{}'::int8[] as c, count(*) from (values (1)) v`
    const { rows } = await database.pool.query(text)
    expect(rows).toEqual([{ a: 9223372036854775807n, b: [1n, null, -3n], c: [], count: 1n }])
  })

  it('takes BigInt as a parameter, alone and in arrays', async () => {
    const { rows } = await database.pool.query('select $1::int8 as a, $2::int8[] as b', [2n ** 62n, [1n, 2n]])
    expect(rows).toEqual([{ a: 2n ** 62n, b: [1n, 2n] }])
  })

  it('leaves numeric, date and interval as text and reads timestamptz as Date, whatever the zone of this machine', async () => {
    const text = `select 0.10::numeric as price, '2026-03-29'::date as day, '{2026-01-01}'::date[] as days,
      interval '1 day' as every, '2026-03-29 01:30:00+00'::timestamptz as at, '10.0.0.1'::inet as address`
    const { rows } = await database.pool.query(text)
    expect(rows).toEqual([
      {
        price: '0.10',
        day: '2026-03-29',
        days: ['2026-01-01'],
        every: '1 day',
        at: new Date('2026-03-29T01:30:00Z'),
        address: '10.0.0.1',
      },
    ])
  })

  it('lets others go first where its work can wait', async () => {
    const niceOf = async (background: boolean) => {
      const pool = createPool(database.url, { name: 'gatehouse jobs', background })
      const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
      const { pid } = rows[0]!
      if (background) await vi.waitFor(() => expect(getPriority(pid)).toBeGreaterThan(0))
      const group = await readFile(`/proc/${pid}/autogroup`, 'utf8').catch(() => undefined)
      const found = { process: getPriority(pid) > 0, group: group?.endsWith(' nice 0\n') === false }
      await pool.end()
      return found
    }
    const isGrouped = existsSync('/proc/self/autogroup')
    expect(await niceOf(true)).toEqual({ process: true, group: isGrouped })
    expect(await niceOf(false)).toEqual({ process: false, group: false })
  })

  it('tells Postgres its name, its deadlines and how durable its commits are', async () => {
    const pool = createPool(database.url, {
      name: 'gatehouse access',
      synchronousCommit: 'off',
      statementTimeoutMs: 250,
      lockTimeoutMs: 100,
    })
    const { rows } = await pool.query(
      `select current_setting('application_name') as name, current_setting('synchronous_commit') as commit,
              current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
              current_setting('TimeZone') as zone`,
    )
    expect(rows).toEqual([{ name: 'gatehouse access', commit: 'off', statement: '250ms', lock: '100ms', zone: 'UTC' }])
    expect(isUnavailable(await failureOf(pool.query('select pg_sleep(5)')))).toBe(false)
    await pool.end()
  })

  it('stops waiting for a Postgres that hangs', async () => {
    const pool = createPool(database.url, { name: 'gatehouse test', queryTimeoutMs: 100 })
    const failure = await failureOf(pool.query('select pg_sleep(1)'))
    expect(isUnavailable(failure)).toBe(true)
    await pool.end()
  })

  it('survives the end of its connections by force, idle or at work', async () => {
    const errors: Error[] = []
    const pool = createPool(database.url, { name: 'gatehouse victim', max: 2, onError: (error) => errors.push(error) })
    const terminate = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse victim'`
    await pool.query('select 1')
    const broken = new Promise((resolve) => pool.once('error', resolve))
    await database.pool.query(terminate)
    await broken
    expect(errors).toHaveLength(1)
    const sleeping = failureOf(pool.query('select pg_sleep(10)'))
    const busy = `select count(*)::int as n from pg_stat_activity where application_name = 'gatehouse victim' and wait_event = 'PgSleep'`
    while ((await database.pool.query<{ n: number }>(busy)).rows[0]?.n !== 1);
    await database.pool.query(terminate)
    expect(isUnavailable(await sleeping)).toBe(true)
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  it('F20: refuses at once where as many wait as may, by every way to a connection, and serves again afterwards', async () => {
    const pool = createPool(database.url, { name: 'gatehouse test', max: 1, maximumWaiting: 3 })
    const held = await pool.connect()
    const waiting = [pool.query('select 1 as one'), pool.connect(), pool.query('select 2 as one')]
    const refused = [pool.query('select 1'), pool.connect(), sql`select 1`.execute(createKysely(pool))]
    for (const one of await Promise.all(refused.map((promise) => failureOf(promise as Promise<unknown>)))) {
      expect(one).toBeInstanceOf(PoolBusyError)
      // Nothing is wrong with Postgres.
      expect(isUnavailable(one)).toBe(false)
    }
    held.release()
    const [first, second] = [await waiting[0], (await waiting[1]) as PoolClient]
    expect(first).toMatchObject({ rows: [{ one: 1 }] })
    second.release()
    expect(await waiting[2]).toMatchObject({ rows: [{ one: 2 }] })
    expect((await pool.query('select 3 as one')).rows).toEqual([{ one: 3 }])
    await pool.end()
  })

  it('serves kysely with the same types', async () => {
    const kysely = createKysely<{ counter: { id: bigint } }>(database.pool)
    await database.pool.query('create table counter (id int8)')
    await kysely.insertInto('counter').values({ id: 7n }).execute()
    expect(await kysely.selectFrom('counter').selectAll().execute()).toEqual([{ id: 7n }])
  })
})

describe('a transaction', () => {
  it('commits what returns and rolls back what throws', async () => {
    await database.pool.query('create table paid (id int primary key)')
    expect(await withTransaction(database.pool, (client) => client.query('insert into paid values (1)'))).toMatchObject(
      {
        rowCount: 1,
      },
    )
    const failure = await failureOf(
      withTransaction(database.pool, async (client) => {
        await client.query('insert into paid values (2)')
        await client.query('insert into paid values (1)')
      }),
    )
    expect(isUniqueViolation(failure)).toBe(true)
    expect(isUniqueViolation(failure, 'paid_pkey')).toBe(true)
    expect(isUniqueViolation(failure, 'other')).toBe(false)
    expect((await database.pool.query('select id from paid')).rows).toEqual([{ id: 1 }])
  })

  it('throws its connection away when it breaks in the middle', async () => {
    const pool = createPool(database.url, { name: 'gatehouse test', max: 1 })
    const failure = await failureOf(
      withTransaction(pool, async (client) => {
        await client.query('select pg_terminate_backend(pg_backend_pid())')
      }),
    )
    expect(isUnavailable(failure)).toBe(true)
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  it('is run again after a deadlock, until both are through', async () => {
    await database.pool.query('create table held (id int primary key, n int); insert into held values (1, 0), (2, 0)')
    let runs = 0
    const bothHold = Promise.withResolvers<void>()
    let holding = 0
    const add = (order: number[]): Promise<void> =>
      retryTransient(() =>
        withTransaction(database.pool, async (client) => {
          runs += 1
          await client.query('set local deadlock_timeout = 50')
          await client.query('update held set n = n + 1 where id = $1', [order[0]])
          holding += 1
          if (holding === 2) bothHold.resolve()
          await bothHold.promise
          await client.query('update held set n = n + 1 where id = $1', [order[1]])
        }),
      )
    await Promise.all([add([1, 2]), add([2, 1])])
    expect(runs).toBe(3)
    expect((await database.pool.query('select n from held')).rows).toEqual([{ n: 2 }, { n: 2 }])
  })

  it('is tried five times at most, and not at all for another error', async () => {
    const deadlock = Object.assign(new DatabaseError('deadlock detected', 0, 'error'), { code: '40P01' })
    let runs = 0
    const failing = (error: Error) => (): Promise<never> => {
      runs += 1
      return Promise.reject(error)
    }
    await expect(retryTransient(failing(deadlock))).rejects.toBe(deadlock)
    expect(runs).toBe(5)
    await expect(retryTransient(failing(new Error('other')))).rejects.toThrow('other')
    expect(runs).toBe(6)
  })
})

describe('an error', () => {
  it('is known as "the database is away" by its code', async () => {
    const away = createPool('postgres://nobody@127.0.0.1:1/none', { name: 'gatehouse test' })
    const refused = await failureOf(away.query('select 1'))
    expect(isUnavailable(refused)).toBe(true)
    expect(sqlStateOf(refused)).toBeUndefined()
    for (const code of ['57P01', '57P03', '08006', '53100', '53300', '58030'])
      expect(isUnavailable({ code })).toBe(true)
    for (const code of ['23505', '40001', '42601', '57014']) expect(isUnavailable({ code })).toBe(false)
    expect(isUnavailable(new Error('timeout expired'))).toBe(true)
    for (const other of [undefined, null, 'text', {}, new Error('other')]) expect(isUnavailable(other)).toBe(false)
    await away.end()
  })

  it('is transient only if the transaction may be run again', () => {
    expect(isTransient({ code: '40001' })).toBe(true)
    expect(isTransient({ code: '40P01' })).toBe(true)
    expect(isTransient({ code: '57P01' })).toBe(false)
    expect(isTransient({ code: 'EPIPE' })).toBe(false)
  })
})
