// Which session a record belongs to when Acct-Session-Ids repeat: (NAS, Acct-Session-Id, epoch) is one session, and the epoch
// is chosen by our signed Class where both sides have one, else by username, line and a start within a tolerance. And which
// sessions are of one line; which claims of logins it has.

/** How far the starts of two records of one session may lie apart where no Class joins them: clocks, delays, rounding. */
const startToleranceS = 300
/** The same where the Class changed in mid-session, as by a renewal: an id that is used again begins later than that. */
const changedClassToleranceS = 10
/** The same for a Start that is sent again: only its delay is rounded. */
const repeatedStartToleranceS = 2

/** Closed sessions older than this are in the archive. */
export const archiveWindowHours = 48

/**
 * SQL: whether a record belongs to a session row, under the aliases given. The record has class_id, username, line, status
 * and record_start (null: not known, then username and line must do). Where several rows do, the one of its Class is meant,
 * else the newest.
 */
export function matchSql(session: string, record: string): string {
  return `case
    when ${session}.class_id = ${record}.class_id then true
    when ${session}.class_id <> ${record}.class_id
      then ${changedClassSql(session, record, { start: 'record_start', isStart: `${record}.status = 'start'` })}
    else ${sameLoginSql(session, record)} and (${record}.record_start is null
      or ${nearSql(`${session}.started_at`, `${record}.record_start`)}) end`
}

/** The same for a row that would be inserted; it always has a start, its flag tells when that is a guess. */
export function matchExcludedSql(session: string): string {
  const startGuessed = `excluded.last_anomaly like '%-session-time:%' or excluded.last_anomaly like '%-values:%'`
  return `case
    when ${session}.class_id = excluded.class_id then true
    when ${session}.class_id <> excluded.class_id then (${startGuessed}) is not true
      and ${changedClassSql(session, 'excluded', { start: 'started_at', isStart: 'excluded.start_seen' })}
    else ${sameLoginSql(session, 'excluded')} and (${startGuessed}
      or ${nearSql(`${session}.started_at`, 'excluded.started_at')}) end`
}

/**
 * SQL: whether two sessions of one subscriber are of one line, of which only the newest lives: the same key in the same NAS
 * group, the same leg or one of them not told yet, not parts of one bundle (RFC 2866 §5.11), no services.
 */
export function sameLineSql(one: string, other: string): string {
  return `${one}.line = ${other}.line and ${one}.nas_group_id = ${other}.nas_group_id
    and (${one}.leg = ${other}.leg) is not false
    and (${one}.multi_session_id = ${other}.multi_session_id) is not true
    and ${one}.service is null and ${other}.service is null`
}

/**
 * SQL: the ctids of the claims of a session: by the Class of its login, so that the Stop of an old session leaves the claim of the
 * redial alone; by line where the NAS lost Class. One that a login has locked is being taken anew: to wait for it, and it for the
 * next that this statement holds, would be a deadlock.
 */
export function claimsOfSql(session: string): string {
  return `
    select c.ctid from session_claim c
    where c.subscriber_id = ${session}.subscriber_id
      and (c.class_id = ${session}.class_id or (${session}.class_id is null and c.line = ${session}.line))
    limit 100
    for update skip locked`
}

/**
 * Whether a session goes on under another Class: not one that began when this one had ended, as after a quick boot. A second
 * Start is of another session, unless it is the first one again.
 */
function changedClassSql(
  session: string,
  record: string,
  { start, isStart }: { start: string; isStart: string },
): string {
  const near = (seconds: number) => nearSql(`${session}.started_at`, `${record}.${start}`, seconds)
  return `${sameLoginSql(session, record)} and ${near(changedClassToleranceS)}
      and (${session}.ended_at is null or ${record}.${start} < ${session}.ended_at)
      and (not (${session}.start_seen and ${isStart}) or ${near(repeatedStartToleranceS)})`
}

function sameLoginSql(session: string, record: string): string {
  return `${session}.username = ${record}.username and ${session}.line is not distinct from ${record}.line`
}

function nearSql(one: string, other: string, seconds = startToleranceS): string {
  const tolerance = `interval '${seconds} seconds'`
  return `${one} between ${other} - ${tolerance} and ${other} + ${tolerance}`
}
