// Alarms: what a person has to look at, until it is cleared. The same trouble of the same subject is one row with a count.

import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'

export type Alarm = {
  /** What kind of trouble, as a word of the log: `unnamed-reboot`. */
  kind: string
  /** What it is about: a client, a NAS, a home server. */
  subject: string
  /** A sentence with the mend. */
  text: string
}

export type RaisedAlarm = Alarm & { count: bigint; firstAt: Date; lastAt: Date; clearedAt: Date | undefined }

/** Raises an alarm, or counts it once more; one that was cleared begins anew. True when it was not standing before. */
export async function raiseAlarm(db: Pool, { kind, subject, text }: Alarm, now: Date): Promise<boolean> {
  const { rows } = await db.query<{ raised: boolean }>(
    `insert into alarm (kind, subject, text, first_at, last_at) values ($1, $2, $3, $4, $4)
     on conflict (kind, subject) do update set
       text = excluded.text,
       count = case when alarm.cleared_at is null then alarm.count + 1 else 1 end,
       first_at = case when alarm.cleared_at is null then alarm.first_at else excluded.first_at end,
       last_at = greatest(alarm.last_at, excluded.last_at),
       cleared_at = null
     returning alarm.count = 1 as raised`,
    [kind, subject, text, now],
  )
  return rows[0]!.raised
}

/** Alarms that stand, newest first; with `all` the cleared ones too. */
export async function listAlarms(db: Pool, filter: { all?: boolean } = {}): Promise<RaisedAlarm[]> {
  const { rows } = await db.query<Alarm & { count: bigint; first_at: Date; last_at: Date; cleared_at: Date | null }>(
    `select kind, subject, text, count, first_at, last_at, cleared_at from alarm
     where cleared_at is null or $1::boolean
     order by last_at desc, kind, subject`,
    [filter.all ?? false],
  )
  return rows.map(({ first_at: firstAt, last_at: lastAt, cleared_at: clearedAt, ...alarm }) => ({
    ...alarm,
    firstAt,
    lastAt,
    clearedAt: clearedAt ?? undefined,
  }))
}

/** Clears an alarm that stands; false where there is none. */
export async function clearAlarm(db: Db, key: Pick<Alarm, 'kind' | 'subject'>, now: Date): Promise<boolean> {
  const result = await db
    .updateTable('alarm')
    .set({ cleared_at: now })
    .where('kind', '=', key.kind)
    .where('subject', '=', key.subject)
    .where('cleared_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
