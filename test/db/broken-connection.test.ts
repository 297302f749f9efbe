// A connection that breaks while a transaction holds it, between two statements: whoever holds it is told, nothing of it is
// committed, and neither process nor pool comes to harm.
import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { isUnavailable } from '../../src/db/errors.ts'
import { createKysely, createPool, withTransaction, type Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { useOffice } from '../support/operator.ts'

const office = useOffice()
const pools: Pool[] = []
afterEach(() => Promise.all(pools.splice(0).map((made) => made.end())))

function openPool(): Pool {
  const made = createPool(office.url, { name: 'broken', max: 1 })
  pools.push(made)
  return made
}

/** Ends a backend as an administrator or a restart does, and waits until it is gone. */
async function terminate(pid: number): Promise<void> {
  await office.pool.query('select pg_terminate_backend($1, 5000)', [pid])
  // The socket tells us a moment after the backend is gone.
  await new Promise((resolve) => setImmediate(resolve))
}

const words = async () =>
  (await office.pool.query<{ value: unknown }>(`select value from setting where name = 'isp_name'`)).rows

describe('a connection that breaks in a transaction', () => {
  it('of kysely fails the next statement, and the pool goes on with another one', async () => {
    const db = createKysely<Database>(openPool())
    const broken = db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
      await sql`insert into setting (name, value, updated_at) values ('isp_name', '"never"', now())`.execute(trx)
      await terminate(rows[0]!.pid)
      await sql`select 1`.execute(trx)
    })
    expect(isUnavailable(await broken.catch((error: unknown) => error))).toBe(true)
    expect(await words()).toEqual([])
    expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
  })

  it('of pg alone does the same', async () => {
    const own = openPool()
    const broken = withTransaction(own, async (client) => {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      await terminate(rows[0]!.pid)
      await client.query('select 1')
    })
    expect(isUnavailable(await broken.catch((error: unknown) => error))).toBe(true)
    expect((await own.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('many times over leaves as many connections as before', async () => {
    const own = createPool(office.url, { name: 'broken', max: 2 })
    pools.push(own)
    const db = createKysely<Database>(own)
    for (let round = 0; round < 5; round += 1) {
      await db
        .transaction()
        .execute(async (trx) => {
          const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
          await terminate(rows[0]!.pid)
          await sql`select 1`.execute(trx)
        })
        .catch(() => undefined)
    }
    await Promise.all([sql`select 1`.execute(db), sql`select 1`.execute(db), sql`select 1`.execute(db)])
    expect(own.totalCount).toBeLessThanOrEqual(2)
    expect(own.waitingCount).toBe(0)
  })
})
