// Which session a record belongs to when Acct-Session-Ids repeat: (NAS, Acct-Session-Id, epoch) is one session, and the epoch
// is chosen by our signed Class where both sides have one, else by username, line and a start within a tolerance.

/** How far the starts of two records of one session may lie apart where no Class joins them: clocks, delays, rounding. */
const startToleranceS = 300

/** Closed sessions older than this are in the archive. */
export const archiveWindowHours = 48

/**
 * SQL: whether a record belongs to a session row, under the aliases given. The record has class_id, username, line and
 * record_start (null: not known, then username and line must do).
 */
export function matchSql(session: string, record: string): string {
  return `case
    when ${session}.class_id is not null and ${record}.class_id is not null then ${session}.class_id = ${record}.class_id
    else ${sameLineSql(session, record)} and (${record}.record_start is null
      or ${nearSql(`${session}.started_at`, `${record}.record_start`)}) end`
}

/** The same for a row that would be inserted; it always has a start, its flag tells when that is a guess. */
export function matchExcludedSql(session: string): string {
  return `case
    when ${session}.class_id is not null and excluded.class_id is not null then ${session}.class_id = excluded.class_id
    else ${sameLineSql(session, 'excluded')} and (
      excluded.last_anomaly like '%-session-time:%' or excluded.last_anomaly like '%-values:%'
      or ${nearSql(`${session}.started_at`, 'excluded.started_at')}) end`
}

function sameLineSql(session: string, record: string): string {
  return `${session}.username = ${record}.username and ${session}.line is not distinct from ${record}.line`
}

function nearSql(one: string, other: string): string {
  const tolerance = `interval '${startToleranceS} seconds'`
  return `${one} between ${other} - ${tolerance} and ${other} + ${tolerance}`
}
