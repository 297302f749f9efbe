// The roles that the schema lives by: made by a migrator of any standing, prepared beforehand where it may not make any; and the
// rights that fence() gives a table which a later migration brings.
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { sql } from 'kysely'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Db } from '../../src/db/schema.ts'
import { everything, runInScope } from '../../src/domain/scope.ts'
import { createTestDatabase, runAsAdministrator } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { rowsOf, useOffice } from '../support/operator.ts'

describe('a migrator that is no superuser', () => {
  const made: { database: TestDatabase; role: string }[] = []
  afterEach(async () => {
    for (const { database, role } of made.splice(0)) {
      const { url } = inject('testServer') as { url: string }
      await database.pool.query(`reassign owned by ${role} to current_user`)
      await database.pool.query(`drop owned by ${role}`)
      await database.drop()
      await runAsAdministrator(url, `drop role ${role}`)
    }
  })

  /** An empty database that belongs to a role of this standing; gives its URL. */
  async function belongingTo(attributes: string, grants: (role: string) => string): Promise<string> {
    const database = await createTestDatabase({ empty: true })
    const role = `gatehouse_test_${randomBytes(4).toString('hex')}`
    await database.pool.query(`create role ${role} login password 'of a test' ${attributes}`)
    made.push({ database, role })
    const name = new URL(database.url).pathname.slice(1)
    await database.pool.query(`alter database ${name} owner to ${role}`)
    const wanted = grants(role)
    if (wanted !== '') await database.pool.query(wanted)
    const url = new URL(database.url)
    url.username = role
    url.password = 'of a test'
    return url.href
  }

  it('and may make none is told so where they were not given to it, and leaves the schema empty', async () => {
    const url = await belongingTo('nocreaterole', () => '')
    await expect(migrate(url)).rejects.toThrow(/0016_roles.*permission denied/)
    const client = new Client({ connectionString: url })
    await client.connect()
    const { rows } = await client.query(`select count(*)::int as n from pg_tables where tablename = 'subscriber'`)
    await client.end()
    expect(rows).toEqual([{ n: 0 }])
  })

  it('and may make no roles migrates where they were prepared and are its own', async () => {
    const url = await belongingTo('nocreaterole', (role) => `grant gatehouse_service, gatehouse_reseller to ${role}`)
    expect((await migrate(url)).length).toBeGreaterThan(15)
    const pool = createPool(url, { name: 'gatehouse test', max: 1, role: 'gatehouse_service' })
    try {
      const { rows } = await pool.query('select current_user as name, count(*)::int as n from subscriber')
      expect(rows).toEqual([{ name: 'gatehouse_service', n: 0 }])
    } finally {
      await pool.end()
    }
  })
})

describe('a table of a later migration', () => {
  const office = useOffice()
  let owner: bigint
  let subscriber: bigint
  beforeAll(async () => {
    await office.pool.query(`
      create table later_owned (id bigint generated always as identity primary key, owner_id bigint, note text);
      create table later_personal (subscriber_id bigint not null, note text);
      create table later_free (note text);
      create table later_log (id bigint generated always as identity primary key, owner_id bigint, note text);
      create trigger append_only before update or delete on later_log for each row execute function pg_catalog.suppress_redundant_updates_trigger();
      select fence();
      select fence();
    `)
    const insert = async (text: string, values: unknown[] = []) => (await rowsOf(office, text, values))[0]!.id as bigint
    owner = await insert(
      `insert into organisation (kind, name, parent_id) values ('reseller', 'North', 1) returning id`,
    )
    const planId = await insert(
      `insert into plan (name, down_bps, up_bps, validity) values ('Home', 1, 1, 30) returning id`,
    )
    const payer = await insert('insert into payer (owner_id, name) values ($1, $2) returning id', [owner, 'x'])
    const line = (of: bigint, name: string) =>
      insert('insert into subscriber (owner_id, payer_id, plan_id, username) values ($1, $2, $3, $4) returning id', [
        of,
        payer,
        planId,
        name,
      ])
    subscriber = await line(owner, 'anna')
    const other = await line(1n, 'bert')
    await office.pool.query(`insert into later_owned (owner_id, note) values ($1, 'of north'), (1, 'of isp')`, [owner])
    await office.pool.query('insert into later_personal values ($1, $3), ($2, $3)', [subscriber, other, 'x'])
  })

  const asNorth = <T>(work: (db: Db) => Promise<T>): Promise<T> =>
    runInScope(office.db, { ...everything, ownerId: owner }, true, work)
  const countOf = async (db: Db, table: string) =>
    (await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(db)).rows[0]!.n
  async function asService<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const pool = createPool(office.url, { name: 'gatehouse test service', max: 1, role: 'gatehouse_service' })
    try {
      return await work(pool)
    } finally {
      await pool.end()
    }
  }

  it('with an owner shows a reseller its own rows, with a subscriber those of its subscribers', async () => {
    expect(await asNorth((db) => countOf(db, 'later_owned'))).toBe(1)
    expect(await asNorth((db) => countOf(db, 'later_personal'))).toBe(1)
    expect(await asNorth((db) => countOf(db, 'later_free'))).toBe(0)
    expect(await asService(async (pool) => (await pool.query('select * from later_owned')).rowCount)).toBe(2)
  })

  it('takes from a reseller no row in the name of another', async () => {
    await asNorth((db) => sql`insert into later_owned (owner_id, note) values (${owner}, 'mine')`.execute(db))
    await expect(
      asNorth((db) => sql`insert into later_owned (owner_id, note) values (1, 'yours')`.execute(db)),
    ).rejects.toThrow('row-level security')
    await expect(asNorth((db) => sql`update later_owned set owner_id = 1`.execute(db))).rejects.toThrow(
      'row-level security',
    )
    const touched = await asNorth((db) => sql`update later_owned set note = 'seen'`.execute(db))
    expect(touched.numAffectedRows).toBe(2n)
  })

  it('that is appended to is never changed by the service, and a reseller reads only its own of it', async () => {
    await asService(async (pool) => {
      await pool.query(`insert into later_log (owner_id, note) values (1, 'isp'), (${owner}, 'north')`)
      await expect(pool.query(`update later_log set note = 'x'`)).rejects.toThrow('permission denied')
      await expect(pool.query('delete from later_log')).rejects.toThrow('permission denied')
    })
    expect(await asNorth((db) => countOf(db, 'later_log'))).toBe(1)
  })

  it('leaves every policy once, however often fences are set', async () => {
    const twice = await rowsOf(
      office,
      `select tablename from pg_policies group by tablename, policyname having count(*) > 1`,
    )
    expect(twice).toEqual([])
  })

  it('that knows whose it is stands behind a fence, each of them', async () => {
    const open = await rowsOf(
      office,
      `select distinct class.relname from pg_class class join pg_attribute on attrelid = class.oid
       where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p') and not class.relispartition
         and attname in ('owner_id', 'subscriber_id') and not attisdropped and not class.relrowsecurity
         and has_table_privilege('gatehouse_reseller', class.oid, 'select')`,
    )
    expect(open).toEqual([])
  })
})
