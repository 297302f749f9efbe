// Transaction numbers are of the whole server: what follows a log up to the oldest running transaction waits for those of other
// tests' databases too.

import type { Pool } from '../../src/db/pool.ts'

/** Resolves when everything that was committed before is behind the oldest running transaction of the server. */
export async function settled(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ xid: string }>('select pg_current_xact_id()::text as xid')
  for (let isSettled = false; !isSettled;) {
    const looked = await pool.query<{ yes: boolean }>(
      'select pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 as yes',
      [rows[0]!.xid],
    )
    isSettled = looked.rows[0]!.yes
  }
}
