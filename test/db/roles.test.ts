// The fences inside the database (W04, S17, A02): what the service may not do, and what a reseller's request cannot see even
// where a query forgets its condition.
import { sql } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Db } from '../../src/db/schema.ts'
import { writeAudit } from '../../src/domain/audit/audit.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { everything, nasGroupInScope, ownedInScope, reachableSubscribers, runInScope } from '../../src/domain/scope.ts'
import { makeNas } from '../support/accounting.ts'
import { makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const owners: bigint[] = []
const subscribers: bigint[] = []

beforeAll(async () => {
  const { id: planId } = await makePlan(office, { name: 'Shared' })
  for (const name of ['North', 'South']) {
    const insert = async (text: string, values: unknown[]) => (await rowsOf(office, text, values))[0]!.id as bigint
    const owner = await insert(
      `insert into organisation (kind, name, parent_id) values ('reseller', $1, 1) returning id`,
      [name],
    )
    const payer = await insert('insert into payer (owner_id, name) values ($1, $2) returning id', [owner, name])
    const subscriber = await insert(
      'insert into subscriber (owner_id, payer_id, plan_id, username) values ($1, $2, $3, $4) returning id',
      [owner, payer, planId, name.toLowerCase()],
    )
    await office.pool.query(`insert into device (subscriber_id, mac) values ($1, '02:00:00:00:00:01')`, [subscriber])
    await office.pool.query(`insert into credential (subscriber_id, kind, secret) values ($1, 'clear', '')`, [
      subscriber,
    ])
    await makePlan(office, { name: `Plan of ${name}`, ownerId: owner })
    const deed = { action: 'subscriber.create', noun: 'subscriber', rowId: subscriber, ownerId: owner }
    await writeAudit(office.db, deed, ownAuthor('system', 'test', office.keyring), noon)
    owners.push(owner)
    subscribers.push(subscriber)
  }
})

const asNorth = <T>(work: (db: Db) => Promise<T>): Promise<T> =>
  runInScope(office.db, { ...everything, ownerId: owners[0] }, true, work)
const countOf = async (db: Db, table: string): Promise<bigint> =>
  (await sql<{ n: bigint }>`select count(*) as n from ${sql.table(table)}`.execute(db)).rows[0]!.n

describe('a request of a reseller', () => {
  it.each(['subscriber', 'payer', 'device', 'credential', 'audit_entry', 'organisation'])(
    'sees of %s its own without any condition',
    async (table) => {
      expect(await asNorth((db) => countOf(db, table))).toBe(1n)
    },
  )

  it('sees shared plans and its own, and changes only these', async () => {
    expect(await asNorth((db) => countOf(db, 'plan'))).toBe(2n)
    await expect(
      asNorth((db) => sql`update plan set name = 'Mine' where owner_id is null`.execute(db)),
    ).rejects.toThrow('row-level security')
  })

  it('changes and deletes nothing of others, and makes nothing in their name', async () => {
    const touched = await asNorth(async (db) => [
      (await sql`update subscriber set enabled = false where id = ${subscribers[1]}`.execute(db)).numAffectedRows,
      (await sql`delete from device where subscriber_id = ${subscribers[1]}`.execute(db)).numAffectedRows,
    ])
    expect(touched).toEqual([0n, 0n])
    await expect(asNorth((db) => sql`update subscriber set owner_id = ${owners[1]}`.execute(db))).rejects.toThrow(
      'row-level security',
    )
    await expect(
      asNorth((db) => sql`insert into payer (owner_id, name) values (${owners[1]}, 'x')`.execute(db)),
    ).rejects.toThrow('row-level security')
  })

  it.each(['nas_contact', 'nas_capability'])('sees nothing of %s, which the service does', async (table) => {
    const { id } = await makeNas(office.pool)
    for (const [name, text] of [
      ['nas_contact', `select $1, '192.0.2.1'::inet, '192.0.2.2'::inet, now()`],
      ['nas_capability', 'select $1, now(), 401, now()'],
    ]) {
      if (name === table) await office.pool.query(`insert into ${name} ${text}`, [id])
    }
    expect(await countOf(office.db, table)).toBe(1n)
    expect(await asNorth((db) => countOf(db, table))).toBe(0n)
  })

  it.each(['data_key', 'client_secret', 'radius_client', 'mail_server', 'home_server'])(
    'cannot read %s',
    async (table) => {
      await expect(asNorth((db) => countOf(db, table))).rejects.toThrow('permission denied')
    },
  )

  it.each([
    `insert into setting (name, value) values ('zone', '"UTC"')`,
    `update nas set name = 'x'`,
    `update organisation set name = 'x'`,
  ])('cannot: %s', async (statement) => {
    await expect(asNorth((db) => sql.raw(statement).execute(db))).rejects.toThrow('permission denied')
  })

  it('is nobody special again afterwards', async () => {
    await asNorth((db) => countOf(db, 'subscriber'))
    expect(await countOf(office.db, 'subscriber')).toBe(2n)
  })

  it('reaches by its conditions what the fence shows it', async () => {
    const scope = { ...everything, ownerId: owners[0] }
    expect(await reachableSubscribers(office.db, scope, subscribers)).toEqual([subscribers[0]])
    expect(await reachableSubscribers(office.db, { ...everything, zones: ['none'] }, subscribers)).toEqual([])
    expect((await reachableSubscribers(office.db, everything, subscribers)).length).toBe(2)
    const plans = (shared: boolean) =>
      office.db
        .selectFrom('plan')
        .select('name')
        .where(ownedInScope(scope, 'owner_id', { shared }))
        .orderBy('name')
        .execute()
    expect(await plans(true)).toEqual([{ name: 'Plan of North' }, { name: 'Shared' }])
    expect(await plans(false)).toEqual([{ name: 'Plan of North' }])
    const groups = (input: typeof scope) =>
      office.db.selectFrom('nas_group').select('id').where(nasGroupInScope(input, 'id')).execute()
    expect(await groups(scope)).toEqual([])
    await office.pool.query('insert into nas_group_owner (nas_group_id, owner_id) values (1, $1)', [owners[0]])
    expect(await groups(scope)).toEqual([{ id: 1n }])
  })
})

describe('the service', () => {
  async function asService<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const pool = createPool(office.url, { name: 'gatehouse test service', max: 1, role: 'gatehouse_service' })
    try {
      return await work(pool)
    } finally {
      await pool.end()
    }
  }

  it('reads and writes what it works with', async () => {
    const { rows } = await asService((pool) =>
      pool.query('select current_user as name, count(*)::int as n from subscriber'),
    )
    expect(rows).toEqual([{ name: 'gatehouse_service', n: 2 }])
    await asService((pool) =>
      pool.query('select ensure_partitions(current_date, 2), drop_partition($1)', ['access_log_20200101']),
    )
    await expect(asService((pool) => pool.query(`select drop_partition('subscriber')`))).rejects.toThrow('no partition')
  })

  it.each([
    'update audit_entry set at = now()',
    'delete from audit_entry',
    'truncate audit_entry',
    'update ledger_entry set amount_minor = 1',
    'delete from ledger_transaction',
    'update audit_chain set sequence = 1',
    'create table mine (id integer)',
    'drop table audit_entry',
    'alter table audit_entry disable trigger append_only',
    'create role other',
  ])('cannot: %s', async (statement) => {
    await expect(asService((pool) => pool.query(statement))).rejects.toThrow(/permission denied|must be owner/)
  })

  it('and whoever owns the tables is held by a trigger', async () => {
    for (const statement of ['update audit_entry set at = now()', 'delete from audit_entry', 'truncate audit_entry']) {
      await expect(office.pool.query(statement)).rejects.toThrow('appended to and never changed')
    }
  })

  it('every table has its rights: what a migration made without fence() would be out of reach', async () => {
    const { rows } = await office.pool.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
         and relname not in ('schema_migration', 'kysely_migration', 'kysely_migration_lock')
         and not has_table_privilege('gatehouse_service', oid, 'select, insert')`,
    )
    expect(rows).toEqual([])
  })
})
