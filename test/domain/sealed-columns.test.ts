import { expect, it, describe } from 'vitest'
import { insertDataKey, openField, refreshKeyring, sealField } from '../../src/domain/data-key.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import { countKeyUses, resealColumn, sealedColumns, verifierColumns } from '../../src/domain/sealed-columns.ts'
import { withTransaction } from '../../src/db/pool.ts'
import { readKeyFile } from '../../src/crypto/key-file.ts'
import { noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()

/** Octets of other kinds: hashes that need no key, what comes from the wire or a file, and what lies under another key. */
const notUnderDataKeys = [
  'api_token.token_hash',
  'audit_chain.hash',
  // Sealed under the key of the person, which is itself in person_key.
  'audit_entry.personal',
  'data_key.key_fingerprint',
  'data_key.wrapped',
  // A hash of whom guesses come from.
  'guess_counter.key',
  'idempotency_key.fingerprint',
  'nas.coa_secret',
  'nas_router.pin_sha256',
]

const fromTheWire = /(circuit_id|remote_id|duid)$|hash$|fingerprint$/

describe('the list of sealed columns', () => {
  it('names every column of octets that is not known to hold something else', async () => {
    const columns = await rowsOf(
      office,
      `select table_name, column_name from information_schema.columns
       where table_schema = 'public' and data_type = 'bytea' order by 1, 2`,
    )
    const listed = new Set([...sealedColumns, ...verifierColumns].map(({ table, column }) => `${table}.${column}`))
    const forgotten = columns
      .map((row) => `${String(row.table_name)}.${String(row.column_name)}`)
      .filter((name) => !listed.has(name) && !notUnderDataKeys.includes(name) && !fromTheWire.test(name))
    expect(forgotten, 'sealed columns belong into src/domain/sealed-columns.ts').toEqual([])
    const names = new Set(columns.map((row) => `${String(row.table_name)}.${String(row.column_name)}`))
    expect([...listed].filter((name) => !names.has(name))).toEqual([])
  })

  it('nothing is sealed into the NAS column that is kept for a later release', async () => {
    expect(await rowsOf(office, 'select id from nas where coa_secret is not null')).toEqual([])
  })

  it('has the primary key of each table, all of it numbers', async () => {
    for (const { table, key } of [...sealedColumns, ...verifierColumns]) {
      const rows = await rowsOf(
        office,
        `select attname, format_type(atttypid, null) as type from pg_index
         join pg_attribute on attrelid = indrelid and attnum = any(indkey)
         where indrelid = '${table}'::regclass and indisprimary order by array_position(indkey::int2[], attnum)`,
      )
      expect({ table, key: rows.map((row) => row.attname) }).toEqual({ table, key: [...key] })
      for (const row of rows) expect(['bigint', 'integer']).toContain(row.type)
    }
  })
})

describe('sealing a column anew', () => {
  const column = { table: 'sealed_thing', column: 'octets', key: ['run_id', 'position'] } as const

  async function secondKey(): Promise<Keyring> {
    const { pool, keyring, keyFile } = office
    await withTransaction(pool, (client) => insertDataKey(client, readKeyFile(keyFile)!, noon))
    await refreshKeyring(keyring, pool, keyFile, noon)
    return keyring
  }

  it('walks every row once in chunks, leaves what does not open, and what somebody changed meanwhile', async () => {
    const { pool, keyring } = office
    await pool.query(
      'create table sealed_thing (run_id bigint, position integer, octets bytea, primary key (run_id, position))',
    )
    const place = (row: string) => ({ table: 'sealed_thing', row, column: 'octets' })
    const count = 1_203
    const sealed = Array.from({ length: count }, (_, at) =>
      sealField(keyring, place(`${at % 7}/${at}`), Buffer.from(`secret ${at}`)),
    )
    // One was cut, one was moved from elsewhere.
    sealed[5] = sealed[5]!.subarray(0, 20)
    sealed[6] = sealField(keyring, place('99/99'), Buffer.from('moved'))
    await pool.query(
      `insert into sealed_thing select at % 7, at, octets
       from unnest($1::bytea[]) with ordinality as given (octets, number), lateral (select (number - 1)::integer) as t (at)`,
      [sealed],
    )
    await pool.query('insert into sealed_thing values (8, 1, null)')
    const old = keyring.currentId
    const ring = await secondKey()
    expect(ring.currentId).toBe(old + 1)

    const done = await resealColumn(pool, ring, column)
    expect(done.resealed).toBe(count - 2)
    expect(new Set(done.unopened.map(({ row }) => row))).toEqual(new Set(['5/5', '6/6']))
    const { rows } = await pool.query<{ run_id: bigint; position: number; octets: Buffer }>(
      'select * from sealed_thing where octets is not null',
    )
    for (const { run_id: run, position, octets } of rows) {
      if (position === 5 || position === 6) continue
      expect(octets.readUInt16BE(1)).toBe(ring.currentId)
      expect(openField(ring, place(`${run}/${position}`), octets).toString()).toBe(`secret ${position}`)
    }
    // Again: there is nothing left but what does not open.
    expect(await resealColumn(pool, ring, column)).toMatchObject({ resealed: 0 })
  })

  it('ends between two chunks where it is told to, and goes on at the next call', async () => {
    const { pool } = office
    await pool.query('truncate sealed_thing')
    const before = office.keyring
    const octets = Array.from({ length: 700 }, (_, at) =>
      sealField(before, { table: 'sealed_thing', row: `1/${at}`, column: 'octets' }, Buffer.from(String(at))),
    )
    await pool.query(
      `insert into sealed_thing select 1, number - 1, octets from unnest($1::bytea[]) with ordinality as given (octets, number)`,
      [octets],
    )
    const ring = await secondKey()
    const ending = new AbortController()
    // Ends when the first chunk is read.
    const watched = Object.assign(Object.create(pool) as typeof pool, {
      query: (...args: Parameters<typeof pool.query>) => {
        if (args[0].startsWith('update')) ending.abort(new Error('ended'))
        return pool.query(...args)
      },
    })
    await expect(resealColumn(watched, ring, column, ending.signal)).rejects.toThrow('ended')
    expect(await resealColumn(pool, ring, column)).toEqual({ resealed: 200, unopened: [] })
  })

  it('a value that was changed between reading and writing stays as it is', async () => {
    const { pool, keyring } = office
    await pool.query('truncate sealed_thing')
    const place = { table: 'sealed_thing', row: '1/1', column: 'octets' }
    await pool.query('insert into sealed_thing values (1, 1, $1)', [sealField(keyring, place, Buffer.from('before'))])
    const ring = await secondKey()
    const theirs = sealField(ring, place, Buffer.from('theirs'))
    const racing = Object.assign(Object.create(pool) as typeof pool, {
      query: async (...args: Parameters<typeof pool.query>) => {
        if (args[0].startsWith('update')) await pool.query('update sealed_thing set octets = $1', [theirs])
        return pool.query(...args)
      },
    })
    expect(await resealColumn(racing, ring, column)).toEqual({ resealed: 0, unopened: [] })
    expect((await pool.query<{ octets: Buffer }>('select octets from sealed_thing')).rows[0]!.octets).toEqual(theirs)
  })

  it('counts nothing in an empty installation', async () => {
    expect(await countKeyUses(office.pool)).toEqual(new Map())
  })
})
