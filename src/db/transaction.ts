// One transaction through kysely, whether the caller is inside one already or not.

import type { Transaction } from 'kysely'
import type { Database, Db } from './schema.ts'

/** Runs `work` in the caller's transaction if `db` is one, else in a new one that commits what `work` returns. */
export function inTransaction<T>(db: Db, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  // `isTransaction` is kysely's own discriminator; the type guard of it is ours.
  if (db.isTransaction) return work(db as Transaction<Database>)
  return db.transaction().execute(work)
}
