// Sessions that end without a Stop of their own: replaced by a newer one of the same line, or gone with their NAS. And the
// claims that ended sessions leave behind. Services go with their session. Rows are locked in the order of the accounting
// statement: by NAS, then by id.

import type { Pool } from '../db/pool.ts'
import { orderDeadline } from './coa-order.ts'
import { claimsOfSql, sameLineSql } from './session-match.ts'
import { inRangeSql, rest, sessionRanges } from './session-walk.ts'

/** Acct-Terminate-Cause NAS Reboot (RFC 2866 §5.10). */
const nasReboot = 11

/** SQL: whether `n` is a newer session of the line of `s`, on whatever NAS of the group. */
const isNewerOfLine = `
  n.subscriber_id = s.subscriber_id and ${sameLineSql('n', 's')} and (n.started_at, n.id) > (s.started_at, s.id)`
/** A router that lost a session without a word may still hold it; one that has the device anew has let go of it. */
const isElsewhere = `(n.nas_id <> s.nas_id or n.mac is distinct from s.mac)`

/**
 * Ends the sessions of `replaced`, a query that gives (id, subscriber_id, ended_at, elsewhere), with their services. Where
 * all that is newer is elsewhere, an order proves later that the old one is gone. Parameters: now, deadline of orders.
 */
function endReplacedSql(replaced: string): string {
  return `
    with replaced as materialized (${replaced}),
    locked as materialized (
      select s.id, replaced.ended_at, replaced.elsewhere
      from replaced
      cross join lateral (
        select * from session
        where session.subscriber_id = replaced.subscriber_id and session.ended_at is null
          and replaced.id in (session.id, session.parent_id)
        offset 0
      ) as found
      join session s on s.id = found.id
      order by s.nas_id, s.acct_session_id collate "C"
      for update of s
    ),
    ended as (
      update session
      set ended_at = greatest(session.started_at, locked.ended_at), ended_by = 'replaced', terminate_cause = null
      from locked
      where session.id = locked.id and session.ended_at is null
      returning session.id, session.subscriber_id, session.nas_id, locked.elsewhere and session.service is null as unproven
    ),
    moot as (
      update coa_order set state = 'replaced', finished_at = $1::timestamptz
      where coa_order.id = any (array(
        select older.id from coa_order older
        where older.id = any (array(
          select told.id from ended
          cross join lateral (select id, state from coa_order where coa_order.session_id = ended.id offset 0) as told
          where told.state in ('waiting', 'timeout')
        )) and older.state in ('waiting', 'timeout')
        order by older.id for update
      ))
    ),
    ordered as (
      insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
      select id, subscriber_id, nas_id, 'disconnect', 'replaced', $1::timestamptz, $2::timestamptz, $1::timestamptz
      from ended where unproven
    )
    select id from ended`
}

// What was made may be older than what is open, and may have its Stop already: it still has replaced what was before it.
// `offset 0` keeps each look-up one by index, whatever the planner thinks of the size of the table.
const replacedByMade = `
  select pair.id, pair.subscriber_id, min(pair.ended_at) as ended_at, bool_and(pair.elsewhere) as elsewhere
  from unnest($3::bigint[]) as made (id)
  cross join lateral (select * from session where session.id = made.id offset 0) as own
  cross join lateral (
    select s.id, s.subscriber_id, n.started_at as ended_at, ${isElsewhere} as elsewhere
    from (select own.*) as n
    cross join lateral (
      select * from session where session.subscriber_id = n.subscriber_id and session.ended_at is null offset 0
    ) as s
    where ${isNewerOfLine}
    union all
    select s.id, s.subscriber_id, n.started_at, ${isElsewhere}
    from (select own.*) as s
    cross join lateral (
      select * from session where session.subscriber_id = s.subscriber_id and session.ended_at is null offset 0
    ) as n
    where s.ended_at is null and ${isNewerOfLine}
  ) as pair
  group by pair.id, pair.subscriber_id`

// The range is read once, then each of its sessions has a look-up by index: left to itself the planner read the range anew for every
// open session there is, which took minutes and held up every vacuum. That they have a subscriber is not asked here, or the index
// of all that are open might seem the shorter way.
const replacedInRange = `
  with looked as materialized (
    select * from session
    where session.ended_at is null and session.line is not null and ${inRangeSql('session', '$3', '$4')}
  )
  select s.id, s.subscriber_id, min(n.started_at) as ended_at, bool_and(${isElsewhere}) as elsewhere
  from looked s
  cross join lateral (
    select * from session where session.subscriber_id = s.subscriber_id and session.ended_at is null offset 0
  ) as n
  where ${isNewerOfLine}
  group by s.id, s.subscriber_id`

/**
 * Ends what sessions just made replace: every open session of the same subscriber, line, leg and NAS group but the newest
 * by start, at the start of a newer one, and orders to disconnect what another NAS may still hold. Must run after the commit
 * that made them, so that of two servers at least the later sees both. Gives the ids of the ended ones; a second run ends
 * nothing.
 */
export async function endReplacedSessions(db: Pool, sessionIds: readonly bigint[], now: Date): Promise<bigint[]> {
  if (sessionIds.length === 0) return []
  const { rows } = await db.query<{ id: bigint }>({
    name: 'end-replaced',
    text: endReplacedSql(replacedByMade),
    values: [now, orderDeadline(now), `{${sessionIds.join(',')}}`],
  })
  return rows.map((row) => row.id)
}

export type Swept = { replaced: number; rebooted: number; services: number }

/**
 * The same for every line, the rows that a reboot recorded beside them has missed, and services of ended sessions: what a
 * crash between two commits left. For a job.
 */
export async function sweepEndedSessions(db: Pool, now: Date): Promise<Swept> {
  const swept = { replaced: 0, rebooted: 0, services: 0 }
  for await (const range of sessionRanges(db)) {
    const replaced = await db.query(endReplacedSql(replacedInRange), [now, orderDeadline(now), ...range])
    const rebooted = await db.query(endRebootedText, [now, ...range])
    swept.replaced += replaced.rowCount ?? 0
    swept.rebooted += rebooted.rowCount ?? 0
  }
  const services = await db.query(endServicesSql(servicesAnywhere))
  return { ...swept, services: services.rowCount ?? 0 }
}

const endRebootedText = `
  with looked as materialized (
    select id, nas_id, started_at, event_at from session where session.ended_at is null and ${inRangeSql('session', '$2', '$3')}
  ),
  rebooted as materialized (
    select looked.id, nas.last_reboot_at
    from looked join nas on nas.id = looked.nas_id
    where nas.last_reboot_at <= $1 and looked.started_at < nas.last_reboot_at and looked.event_at < nas.last_reboot_at
  ),
  gone as materialized (
    select session.id, rebooted.last_reboot_at
    from rebooted join session on session.id = rebooted.id and session.ended_at is null
    order by session.nas_id, session.acct_session_id collate "C"
    for update of session
  )
  update session
  set ended_at = gone.last_reboot_at, ended_by = 'nas-reboot', terminate_cause = ${nasReboot}
  from gone
  where session.id = gone.id and session.ended_at is null and session.event_at < gone.last_reboot_at`

/** Ends the services of `orphaned`, a query that gives (id, ended_at, ended_by, terminate_cause): with the end of the session. */
function endServicesSql(orphaned: string): string {
  return `
    with orphaned as materialized (${orphaned}),
    locked as materialized (
      select s.id, orphaned.ended_at, orphaned.ended_by, orphaned.terminate_cause
      from orphaned join session s on s.id = orphaned.id
      order by s.nas_id, s.acct_session_id collate "C"
      for update of s
    )
    update session
    set ended_at = greatest(session.started_at, locked.ended_at), ended_by = locked.ended_by,
      terminate_cause = locked.terminate_cause
    from locked
    where session.id = locked.id and session.ended_at is null
    returning session.id`
}

const servicesOfEnded = `
  select s.id, parent.ended_at, parent.ended_by, parent.terminate_cause
  from unnest($1::bigint[]) as ended (id)
  cross join lateral (
    select * from session where session.id = ended.id offset 0
  ) as parent
  cross join lateral (
    select session.id from session
    where session.subscriber_id = parent.subscriber_id and session.ended_at is null and session.parent_id = parent.id
    offset 0
  ) as s
  where parent.ended_at is not null`

const servicesAnywhere = `
  select s.id, parent.ended_at, parent.ended_by, parent.terminate_cause
  from session s
  join session parent on parent.id = s.parent_id and parent.ended_at is not null
  where s.ended_at is null and s.parent_id is not null`

/**
 * Ends the services that are open on ended sessions, as those ended. A service that stops by itself later keeps this end and
 * counts on. Must run after the commit that ended them. Gives the ids of the ended services.
 */
export async function endServices(db: Pool, sessionIds: readonly bigint[]): Promise<bigint[]> {
  if (sessionIds.length === 0) return []
  const { rows } = await db.query<{ id: bigint }>({
    name: 'end-services',
    text: endServicesSql(servicesOfEnded),
    values: [`{${sessionIds.join(',')}}`],
  })
  return rows.map((row) => row.id)
}

export type NasReboot = { nasId: bigint; eventAt: Date; kind: 'on' | 'off' }

/**
 * Accounting-On and -Off (RFC 2866 §5.1, rule C6): ends every open session of exactly this NAS that began before, and frees
 * their claims. Needs no order against records of the NAS that still wait: its last reboot is committed first, and a record
 * from before it makes or leaves its session ended. What began since stays, whether a repeated one or the rest of a long one
 * meets it. `now`: when it was received. Gives how many it ended.
 */
export async function recordReboot(db: Pool, reboot: NasReboot, now: Date): Promise<number> {
  // A NAS clock that runs ahead and is put right later must not make new sessions look older than the reboot.
  const rebootedAt = reboot.eventAt < now ? reboot.eventAt : now
  const { rowCount } = await db.query(
    `update nas set last_reboot_at = $2 where id = $1 and (last_reboot_at is null or last_reboot_at < $2)`,
    [reboot.nasId, rebootedAt],
  )
  // Event-Timestamp has whole seconds: what began in the second of the reboot began before it where we had heard of it by then.
  // Thousands take a while to end, and who is answered from the journal dials in again meanwhile. Told again it says nothing of
  // that second.
  const heardBy = rowCount === 1 ? now : undefined
  const { rows } = await db.query<{ id: bigint }>(openBeforeText, [reboot.nasId, reboot.eventAt, heardBy])
  let ended = 0
  for (let from = 0; from < rows.length; from += endedAtOnce) {
    if (from > 0) await rest()
    const batch = rows.slice(from, from + endedAtOnce).map(({ id }) => id)
    const gone = await db.query<{ id: bigint }>(endGoneText, [batch, reboot.eventAt, heardBy, rebootedAt])
    await freeClaims(
      db,
      gone.rows.map(({ id }) => id),
    )
    ended += gone.rows.length
  }
  return ended
}

/**
 * So many sessions end in a statement, in about as long as it rests before the next: those of a large BNG at once would last beyond
 * the deadline of its pool, and one after the other keep the core that their lines need to dial in again.
 */
const endedAtOnce = 500

/** Parameters: ..., when the reboot was, when it was heard of. */
const beganBefore = `session.ended_at is null and session.event_at <= $2
  and (session.started_at < $2 or (session.started_at = $2 and session.updated_at <= $3::timestamptz))`

// Read once, in the order in which rows are locked. Those of a subscriber and those of nobody have an index each.
const openBeforeText = `
  select id from (
    ${['is not null', 'is null']
      .map(
        (known) => `
    select session.id, session.acct_session_id from session
    where session.nas_id = $1 and session.subscriber_id ${known} and ${beganBefore}`,
      )
      .join(' union all ')}
  ) as open
  order by acct_session_id collate "C"`

const endGoneText = `
  with gone as materialized (
    select session.id from session
    where session.id = any ($1::bigint[]) and ${beganBefore}
    order by session.acct_session_id collate "C"
    for update
  )
  update session
  set ended_at = greatest(session.started_at, $4), ended_by = 'nas-reboot', terminate_cause = ${nasReboot}
  from gone
  where session.id = gone.id and session.ended_at is null
  returning session.id`

/** Frees the claims of ended sessions (`claimsOfSql`). Gives how many. */
export async function freeClaims(db: Pool, sessionIds: readonly bigint[]): Promise<number> {
  if (sessionIds.length === 0) return 0
  const { rowCount } = await db.query({
    name: 'free-claims',
    text: `
      delete from session_claim
      where ctid = any (array(
        select claim.ctid
        from unnest($1::bigint[]) as ended (id)
        cross join lateral (
          select session.subscriber_id, session.class_id, session.line from session where session.id = ended.id limit 1
        ) as s
        cross join lateral (${claimsOfSql('s')}) as claim
      ))`,
    values: [`{${sessionIds.join(',')}}`],
  })
  return rowCount ?? 0
}
