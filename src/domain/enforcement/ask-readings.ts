// Asks for readings of sessions' counters on their routers, as runs of the kind `counters`: so many that a router does not feel it,
// and none for a while where it did not answer.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Way } from './foresight.ts'

/** Which session is to be read, and in which direction the reading is believed. */
export type Reading = { readonly nasId: bigint; readonly sessionId: bigint; readonly way: Way }

/** Of one router. */
const mostAMinute = 30
/** Of one router, asked for and not ended: others have runs too. */
const mostOpen = 3

/**
 * Writes a run for each reading that its router has room for: at most 30 a minute and 3 at once, none for a session that is being
 * read, none on a router on which a reading failed within the last minute. Gives the sessions of those that were written.
 */
export async function askReadings(trx: Db, readings: readonly Reading[], now: Date): Promise<ReadonlySet<bigint>> {
  if (readings.length === 0) return new Set()
  const { rows } = await sql<{ id: bigint }>`
    with asked as (
      select asked.*, row_number() over (partition by asked.nas_id order by asked.place) as turn
      from unnest(${readings.map(({ nasId }) => nasId)}::bigint[], ${readings.map(({ sessionId }) => sessionId)}::bigint[],
        ${readings.map(({ way }) => way)}::text[]) with ordinality as asked (nas_id, session_id, way, place)
      where not exists (select from router_run run where run.nas_id = asked.nas_id and run.kind = 'counters'
        and run.state in ('waiting', 'running') and run.params ->> 'session_id' = asked.session_id::text)
    ),
    lately as (
      select run.nas_id, count(*) filter (where run.created_at > ${now}::timestamptz - interval '1 minute') as begun,
        count(*) filter (where run.state in ('waiting', 'running')) as open,
        coalesce(bool_or(run.state = 'failed' and run.finished_at > ${now}::timestamptz - interval '1 minute'), false) as failed
      from router_run run
      where run.kind = 'counters' and run.nas_id in (select nas_id from asked)
        and run.created_at > ${now}::timestamptz - interval '10 minutes'
      group by run.nas_id
    )
    insert into router_run (nas_id, kind, params, author_kind, author_name, created_at, due_at)
    select asked.nas_id, 'counters', jsonb_build_object('session_id', asked.session_id::text, 'way', asked.way),
      'system', 'foresight', ${now}, ${now}
    from asked left join lately on lately.nas_id = asked.nas_id
    where asked.turn + coalesce(lately.begun, 0) <= ${mostAMinute} and asked.turn + coalesce(lately.open, 0) <= ${mostOpen}
      and lately.failed is not true
    returning (params ->> 'session_id')::bigint as id`.execute(trx)
  return new Set(rows.map(({ id }) => id))
}
