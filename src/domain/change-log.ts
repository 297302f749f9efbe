// What changed in Postgres since a mark, by the change log that triggers fill (decision 10). A mark is a snapshot of Postgres: what
// was not visible to it and is visible now has changed, so that no commit is skipped and none is read twice, however long others run.

import { arrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import { asText } from './access.ts'

/** A moment of a database: which one, and what was visible. Plain data that can be kept in a file. */
export type Mark = {
  /** The identifier that initdb gave it and its timeline: another one after a promotion or a restore. */
  readonly database: string
  /** Which run of which server: another one after each start of Postgres, too. */
  readonly server: string
  /** pg_current_snapshot() */
  readonly visible: string
  /** By the clock of Postgres. */
  readonly at: string
}

export type Changes = {
  readonly mark: Mark
  /**
   * What changed since the mark that was asked with; `all`: so much, so long ago or so unlike that everything is to be read
   * again.
   */
  readonly changed: 'all' | { readonly subscribers: readonly string[]; readonly plans: boolean }
}

/** Rows of the change log are kept two days (domain/job-run.ts): a mark of half that age still finds them all. */
const followableFor = `interval '1 day'`
/**
 * Beyond it a list of them would be long. Read by id in their order each costs no more than where all are read: a bulk run over
 * 100,000 of a million must not have the million read again (90 s).
 */
const maximumNamed = 200_000
/** Visible to nothing: with it everything has changed. */
const nothingVisible = '1:1:'

const timeline = 'substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)'
const serverSql = `${timeline} || '/' || date_part('epoch', pg_postmaster_start_time())`

const sinceMark = `change_log.changed_by >= pg_snapshot_xmin($1::pg_snapshot)
    and not pg_visible_in_snapshot(change_log.changed_by, $1::pg_snapshot)`

const changesText = `
select (select system_identifier from pg_control_system()) || '/' || ${timeline} as database, ${serverSql} as server,
  pg_current_snapshot()::text as visible, clock_timestamp()::text as at,
  clock_timestamp() - $2::timestamptz > ${followableFor}
    or pg_snapshot_xmax($1::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) as lost,
  array(select named.row_id::text from (
    select distinct change_log.row_id from change_log
    where change_log.table_name = 'subscriber' and ${sinceMark} order by change_log.row_id limit $3
  ) as named) as subscribers,
  exists (select from change_log where change_log.table_name = 'plan' and ${sinceMark}) as plans`

type ChangesRow = Mark & { lost: boolean; subscribers: string[]; plans: boolean }

/**
 * The mark of now, and what changed since another one. Throws where Postgres cannot be asked, and on a standby, which may be
 * behind.
 */
export async function changesSince(pool: Pool, mark: Mark | undefined): Promise<Changes> {
  const { rows } = await pool.query<ChangesRow>({
    name: 'snapshot-changes',
    text: changesText,
    values: [mark?.visible ?? nothingVisible, mark?.at ?? null, mark === undefined ? 0 : maximumNamed + 1],
  })
  const { database, server, visible, at, lost, subscribers, plans } = rows[0]!
  const all = mark === undefined || mark.database !== database || lost || subscribers.length > maximumNamed
  return { mark: { database, server, visible, at }, changed: all ? 'all' : { subscribers, plans } }
}

/** Changes; beyond this everybody is read from the tables until the next mark: it is looked up for each batch of logins. */
const maximumDoubted = 256

const whatSql = `case change_log.table_name when 'subscriber' then change_log.row_id::text else 'plan' end`
const ofLogins = `change_log.table_name in ('subscriber', 'plan')`

// For each batch of logins, so nothing is walked through that says nothing: first those that were under way at the mark, then what
// came after it, in pieces between those that are under way now. Of these nothing is visible, however much they have written
// already. The last xid8 ends the last piece.
const doubtedText = `
select ${serverSql}, array_to_string(array(
  select changed.what from (
    select ${whatSql} as what from change_log where change_log.changed_by = any ($1::xid8[]) and ${ofLogins}
    union all
    select after.what from (
      select low, lead(low, 1, '18446744073709551615'::xid8) over (order by low) as high from (
        select $2::xid8 as low
        union all
        select running from pg_snapshot_xip(pg_current_snapshot()) as running where running > $2::xid8
      ) as bounds
    ) as piece cross join lateral (
      select ${whatSql} as what from change_log
      where change_log.changed_by > piece.low and change_log.changed_by < piece.high and ${ofLogins}
      limit ${maximumDoubted + 1}
    ) as after
  ) as changed limit ${maximumDoubted + 1}), ' ')`

/**
 * The ids of subscribers of whom something changed since a mark; `all`: a plan, too much, or another server answers than that of the
 * mark. Throws as `changesSince`. For marks of the last minutes: it does not ask how long the log is kept.
 */
export async function doubtedSince(pool: Pool, mark: Mark): Promise<'all' | ReadonlySet<string>> {
  const [, xmax, underWay] = mark.visible.split(':')
  const { rows } = await pool.query<string[]>({
    name: 'doubted-since',
    text: doubtedText,
    values: [arrayLiteral(underWay === '' ? [] : underWay!.split(',')), String(BigInt(xmax!) - 1n)],
    rowMode: 'array',
    types: asText,
  })
  const [server, changed] = rows[0]!
  if (server !== mark.server) return 'all'
  if (changed === '') return nobody
  const all = changed!.split(' ')
  const ids = new Set(all)
  return ids.has('plan') || all.length > maximumDoubted ? 'all' : ids
}

const nobody: ReadonlySet<string> = new Set()
