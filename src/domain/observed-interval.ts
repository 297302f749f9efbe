// How often a NAS really reports, by what its sessions tell: kept at the NAS for sessions that do not say what was sent.

import type { Pool } from '../db/pool.ts'
import { listenedSecondsSql, listenedSql } from './listening.ts'

/** Less of a change is not worth that every instance reads its clients and NASes again. */
const worthwhile = 0.05
/** So many sessions of a NAS are looked at: their median moves no more with more. */
const sampleSize = 200

/**
 * Writes for each NAS the median of the time between Interims over its open sessions with at least two, where it changed by
 * more than 5 %. Time in which we did not listen is taken out: its Interims are missing here. A session whose Start was not
 * seen is left out: it may have been under way for days before its first Interim came here. Gives how many NASes changed.
 */
export async function observeIntervals(db: Pool, now: Date): Promise<number> {
  const { rowCount } = await db.query(
    `with listened as materialized (select * from ${listenedSql('$1::timestamptz')} as stretches),
     sample as materialized (
       select picked.nas_id, picked.interims, picked.session_time,
         extract(epoch from picked.event_at - picked.started_at)::float8
           - ${listenedSecondsSql('listened', 'picked.started_at', 'picked.event_at')} as deaf
       from nas
       cross join lateral (
         select session.nas_id, session.interims, session.session_time, session.started_at, session.event_at
         from session
         where session.nas_id = nas.id and session.ended_at is null and session.interims >= 2 and session.start_seen
           and session.service is null and session.started_at > $1::timestamptz - interval '30 days'
         limit ${sampleSize}
       ) as picked
     ),
     observed as materialized (
       select sample.nas_id,
         percentile_cont(0.5) within group (order by (sample.session_time - greatest(sample.deaf, 0)) / sample.interims) as seconds
       from sample
       group by sample.nas_id
     )
     update nas
     set observed_interval_s = round(observed.seconds)
     from observed
     where nas.id = observed.nas_id and observed.seconds >= 1 and observed.seconds <= 86400
       and (nas.observed_interval_s is null
         or abs(observed.seconds - nas.observed_interval_s) > ${worthwhile} * nas.observed_interval_s)`,
    [now],
  )
  return rowCount ?? 0
}
