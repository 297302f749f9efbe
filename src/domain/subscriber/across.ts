// Questions that cross organisations: whether a username, an address or a line is somebody's already is asked of all of them,
// since the network cannot tell organisations apart. Nobody is told whose it is (line.ts).

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Scope } from '../scope.ts'

/**
 * Asks outside of the row level security that a reseller's request runs under, and goes back behind it. The work must say by
 * itself which rows it means. Where it throws, the transaction is over anyway.
 */
export async function acrossOrganisations<T>(trx: Db, scope: Scope, work: () => Promise<T>): Promise<T> {
  if (scope.ownerId === undefined) return work()
  const { rows } = await sql<{ role: string }>`select current_setting('role') as role`.execute(trx)
  // As what the connection was opened.
  await sql`reset role`.execute(trx)
  const result = await work()
  await sql`select set_config('role', ${rows[0]!.role}, true)`.execute(trx)
  return result
}
