// Our side of a comparison with a router: the sessions of its NAS, and how those end that the router does not have.

import type { Pool } from '../db/pool.ts'
import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import type { BookedSession } from './reconcile.ts'
import { endServices, freeClaims } from './session-end.ts'
import { unknownIntervalS } from './session.ts'

/** Acct-Terminate-Cause Lost Carrier (RFC 2866 §5.10). */
const lostCarrier = 2

/** `version`: the row as it was read. */
export type BookedRow = BookedSession & { readonly version: string }

type Row = { [Name in keyof BookedRow]: Exclude<BookedRow[Name], undefined> | null } & Pick<
  BookedRow,
  'id' | 'acctSessionId' | 'username' | 'startedAt' | 'updatedAt' | 'intervalS' | 'version'
>

/** The sessions of a NAS that are open, or ended within the last hour; services follow their session and are left out. */
export async function readBooks(pool: Pool, nasId: bigint, now: Date): Promise<BookedRow[]> {
  const { rows } = await pool.query<Row>({
    name: 'read-books',
    text: `select session.id, session.acct_session_id as "acctSessionId", session.username,
        session.subscriber_id as "subscriberId", session.mac::text as mac, host(session.framed_ip) as address,
        case subscriber.account_type when 'ipoe' then 'lease' when 'pppoe' then 'ppp' end as kind,
        session.started_at as "startedAt", session.updated_at as "updatedAt", session.ended_at as "endedAt",
        coalesce(session.interim_interval_s, nas.observed_interval_s, ${unknownIntervalS}) as "intervalS",
        session.updated_at::text as version
      from session join nas on nas.id = session.nas_id left join subscriber on subscriber.id = session.subscriber_id
      where session.nas_id = $1 and session.service is null
        and (session.ended_at is null or session.ended_at > $2::timestamptz - interval '1 hour')
      order by session.id`,
    values: [nasId, now],
  })
  return rows.map((row) => ({
    ...row,
    subscriberId: row.subscriberId ?? undefined,
    mac: row.mac ?? undefined,
    address: row.address ?? undefined,
    kind: row.kind ?? undefined,
    endedAt: row.endedAt ?? undefined,
  }))
}

/**
 * Ends sessions that their router does not have, as stale ones end: at their last sign of life, and a later one opens them again.
 * Those of which something was heard since they were read are left. Gives the ids of the ended ones.
 */
export async function endGone(
  pool: Pool,
  sessions: readonly Pick<BookedRow, 'id' | 'version'>[],
  now: Date,
): Promise<bigint[]> {
  if (sessions.length === 0) return []
  const { rows } = await pool.query<{ id: bigint }>({
    name: 'end-gone',
    text: `with locked as materialized (
        select session.id
        from unnest($1::bigint[], $2::timestamptz[]) as gone (id, updated_at)
        join session on session.id = gone.id and session.updated_at = gone.updated_at and session.ended_at is null
        order by session.nas_id, session.acct_session_id collate "C"
        for update of session
      )
      update session set ended_by = 'stale', terminate_cause = ${lostCarrier},
        ended_at = greatest(session.started_at, least($3::timestamptz,
          case when session.interims > 0 then session.event_at else greatest(session.event_at, session.updated_at) end))
      from locked where session.id = locked.id and session.ended_at is null
      returning session.id`,
    values: [arrayLiteral(sessions.map(({ id }) => id)), textArrayLiteral(sessions.map(({ version }) => version)), now],
  })
  const ended = rows.map(({ id }) => id)
  await endServices(pool, ended)
  await freeClaims(pool, ended)
  return ended
}
