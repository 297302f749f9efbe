// Every column that holds what a data key sealed, or a verifier under it: the one list by which keys are replaced. A test compares
// it with the columns that the database has.

import type { Pool } from '../db/pool.ts'
import { openField, SealError, sealField } from './data-key.ts'
import type { Keyring, Place } from './data-key.ts'

export type SealedColumn = {
  readonly table: string
  readonly column: string
  /** The primary key; its values, joined by `/`, are the row of the place. */
  readonly key: readonly string[]
  /** Which rows hold a sealed value, where not all do. */
  readonly where?: string
}

/** What can be sealed anew with another data key. */
export const sealedColumns: readonly SealedColumn[] = [
  { table: 'client_secret', column: 'secret', key: ['id'] },
  { table: 'home_server', column: 'secret', key: ['id'] },
  { table: 'credential', column: 'secret', key: ['subscriber_id'], where: `kind <> 'verifier'` },
  { table: 'operator', column: 'totp_secret', key: ['id'] },
  { table: 'operator', column: 'totp_pending', key: ['id'] },
  { table: 'portal_login', column: 'totp_secret', key: ['subscriber_id'] },
  { table: 'person_key', column: 'key', key: ['subscriber_id'] },
  { table: 'nas_router', column: 'password', key: ['nas_id'] },
  { table: 'mail_server', column: 'password', key: ['id'] },
  { table: 'webhook', column: 'secret', key: ['id'] },
  { table: 'message', column: 'body', key: ['id'] },
  { table: 'message', column: 'attachment', key: ['id'] },
  { table: 'bulk_run', column: 'sealed_params', key: ['id'] },
  { table: 'bulk_item', column: 'revealed', key: ['run_id', 'position'] },
]

/** One-way: only the password itself could make them anew, so that they stay under the data key that they were made with. */
export const verifierColumns: readonly SealedColumn[] = [
  { table: 'credential', column: 'secret', key: ['subscriber_id'], where: `kind = 'verifier'` },
  { table: 'recovery_code', column: 'code_hash', key: ['id'] },
]

/** Rows of one statement. Between two statements others are served. */
const chunkSize = 500

export type Resealed = {
  resealed: number
  /** What could not be opened and stays as it is, by its place. */
  unopened: Place[]
}

type Row = { key: bigint[]; sealed: Buffer }

/**
 * Seals all values of a column that are under another data key anew, with the current one. A value that somebody changes meanwhile
 * stays theirs. Begun again after an interruption it goes on where it was: what is done is not found any more.
 */
export async function resealColumn(
  pool: Pool,
  keyring: Keyring,
  column: SealedColumn,
  signal?: AbortSignal,
): Promise<Resealed> {
  const done: Resealed = { resealed: 0, unopened: [] }
  let after: readonly bigint[] = column.key.map(() => -1n)
  for (;;) {
    signal?.throwIfAborted()
    const rows = await readChunk(pool, keyring, column, after)
    if (rows.length === 0) return done
    after = rows.at(-1)!.key
    const fresh = rows.flatMap((row) => {
      const place = { table: column.table, row: row.key.join('/'), column: column.column }
      const sealed = sealAnew(keyring, place, row.sealed)
      if (sealed === undefined) done.unopened.push(place)
      return sealed === undefined ? [] : [{ ...row, fresh: sealed }]
    })
    done.resealed += await writeChunk(pool, column, fresh)
  }
}

function sealAnew(keyring: Keyring, place: Place, sealed: Buffer): Buffer | undefined {
  try {
    const octets = openField(keyring, place, sealed)
    const fresh = sealField(keyring, place, octets)
    octets.fill(0)
    return fresh
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}

async function readChunk(
  pool: Pool,
  keyring: Keyring,
  { table, column, key, where = 'true' }: SealedColumn,
  after: readonly bigint[],
): Promise<Row[]> {
  const current = Buffer.alloc(2)
  current.writeUInt16BE(keyring.currentId)
  const keys = key.join(', ')
  const { rows } = await pool.query<{ key: string[]; sealed: Buffer }>(
    `select array[${keys}]::text[] as key, ${column} as sealed from ${table}
     where ${column} is not null and ${where} and substring(${column} from 2 for 2) <> $1
       and (${keys}) > (${key.map((_, at) => `$${at + 2}::bigint`).join(', ')})
     order by ${keys} limit ${chunkSize}`,
    [current, ...after],
  )
  return rows.map((row) => ({ key: row.key.map(BigInt), sealed: row.sealed }))
}

async function writeChunk(
  pool: Pool,
  { table, column, key }: SealedColumn,
  rows: readonly (Row & { fresh: Buffer })[],
): Promise<number> {
  if (rows.length === 0) return 0
  const names = key.map((_, at) => `key_${at}`)
  const isSame = key.map((name, at) => `${table}.${name} = given.key_${at}`).join(' and ')
  const { rowCount } = await pool.query(
    `update ${table} set ${column} = given.fresh
     from unnest($1::bytea[], $2::bytea[], ${key.map((_, at) => `$${at + 3}::bigint[]`).join(', ')})
       given (sealed, fresh, ${names.join(', ')})
     where ${isSame} and ${table}.${column} = given.sealed`,
    [
      rows.map(({ sealed }) => sealed),
      rows.map(({ fresh }) => fresh),
      ...key.map((_, at) => rows.map((row) => row.key[at]!)),
    ],
  )
  return rowCount ?? 0
}

/** How many sealed values and verifiers there are under each data key. Reads every one of their rows. */
export async function countKeyUses(pool: Pool): Promise<Map<number, { sealed: number; verifiers: number }>> {
  const counts = new Map<number, { sealed: number; verifiers: number }>()
  const add = async (columns: readonly SealedColumn[], from: number, kind: 'sealed' | 'verifiers'): Promise<void> => {
    for (const { table, column, where = 'true' } of columns) {
      const { rows } = await pool.query<{ id: Buffer; count: string }>(
        `select substring(${column} from ${from} for 2) as id, count(*)::text as count from ${table}
         where octet_length(${column}) >= 3 and ${where} group by 1`,
      )
      for (const row of rows) {
        const id = row.id.readUInt16BE()
        const uses = counts.get(id) ?? { sealed: 0, verifiers: 0 }
        uses[kind] += Number(row.count)
        counts.set(id, uses)
      }
    }
  }
  await add(sealedColumns, 2, 'sealed')
  await add(verifierColumns, 1, 'verifiers')
  return counts
}
