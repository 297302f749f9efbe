// One cheap statement that is answered when a login and an accounting record would be: it reads the tables of both, so that a
// lock upon one of them is noticed too, and not only a server that is away.

import type { Pool } from '../db/pool.ts'

const text = `
select (select count(*) from subscriber where id = 0)
     + (select count(*) from credential where subscriber_id = 0)
     + (select count(*) from plan where id = 0)
     + (select count(*) from session where id = 0)`

/** Resolves when Postgres answers. Rejects with what came instead; give the pool deadlines of its own. */
export async function probeHotTables(pool: Pool): Promise<void> {
  await pool.query({ name: 'hot-probe', text })
}
