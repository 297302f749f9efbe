// What was counted when nobody was online holds for as long as nobody counts again: a NAS restarts, autovacuum comes by, and all dial
// in. Background work must not then look among all that are open for each one of them.

import { describe, expect, it } from 'vitest'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import { endServices, recordReboot, sweepEndedSessions } from '../../src/domain/session-end.ts'
import { endStaleSessions } from '../../src/domain/stale-session.ts'
import { refreshLive } from '../../src/domain/subscriber-list/live.ts'
import { at, makeNas, makeSubscriber } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const count = 2_000

/** Rows that were looked at by way of the indexes of open and of ended sessions. */
async function readByIndex(db: Pool): Promise<number> {
  await db.query(`select pg_stat_force_next_flush()`)
  const { rows } = await db.query<{ sum: number }>(
    `select sum(idx_tup_read)::float8 as sum from pg_stat_user_indexes where relname = 'session' and indexrelname <> 'session_pkey'`,
  )
  return rows[0]!.sum
}

describe('after a count when nobody was online', () => {
  it('each session is looked up by its key', async () => {
    const db = createPool(database.url, { name: 'gatehouse test', max: 1 })
    try {
      const nas = await makeNas(db)
      const { id } = await makeSubscriber(db)
      await db.query(
        `with made as (
           insert into subscriber (owner_id, payer_id, plan_id, username, period_started_at)
           select owner_id, payer_id, plan_id, 'many ' || n, period_started_at
           from subscriber cross join generate_series(1, $2::integer) as n where subscriber.id = $1
           returning id, username
         )
         insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, line,
           started_at, event_at, updated_at, ended_at, ended_by)
         select $3, username, 0, id, username, $4, $5, username, $6, $6, $6, $6, 'stop' from made`,
        [id, count, nas.id, nas.nasGroupId, nas.addressSpaceId, at(0)],
      )
      await db.query('vacuum analyze')
      const { rows } = await db.query<{ id: bigint }>(
        `update session set ended_at = null, ended_by = null returning id`,
      )
      const before = await readByIndex(db)
      const read = async (): Promise<number> => (await readByIndex(db)) - before
      expect(await refreshLive(db, 'UTC', at(10))).toMatchObject({ kind: 'done', presence: count })
      expect(await refreshLive(db, 'UTC', at(20))).toMatchObject({ kind: 'done' })
      expect(await sweepEndedSessions(db, at(30))).toEqual({ replaced: 0, rebooted: 0, services: 0 })
      expect(await endStaleSessions(db, { defaultIntervalS: 300 }, at(40))).toMatchObject({ sessions: 0 })
      expect(await recordReboot(db, { nasId: nas.id, eventAt: at(50), kind: 'on' }, at(50))).toBe(count)
      const ended = rows.map((row) => row.id)
      expect(await endServices(db, ended)).toEqual([])
      expect(await read(), 'rows looked at').toBeLessThan(20 * count)
    } finally {
      await db.end()
    }
  })
})
