// Grace: some hours of service beyond its end, given by an operator. The next renewal counts from the old end while it lasts.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudits } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { orderForSubscribers } from '../coa-order.ts'
import { checkInteger } from '../field.ts'
import type { ActionOutcome } from '../subscriber-action/action.ts'

/** Hours of one grant at most: 30 days. */
export const mostGraceHours = 720

type Row = {
  id: bigint
  owner_id: bigint
  archived: boolean
  activated: boolean
  expires_at: Date | null
  grace_until: Date | null
}

/** Gives grace of so many hours from now, or from the end of a service that has not ended. Throws FieldError. */
export function giveGrace(
  db: Db,
  input: { subscriberIds: readonly bigint[]; hours: number },
  by: Author,
  now: Date,
): Promise<ActionOutcome[]> {
  const hours = checkInteger('hours', input.hours, 1, mostGraceHours)
  return inTransaction(db, async (trx) => {
    const { rows } = await sql<Row>`
      select id, owner_id, archived_at is not null as archived, activated_at is not null as activated, expires_at, grace_until
      from subscriber where id = any(${input.subscriberIds}::bigint[]) order by id for no key update`.execute(trx)
    const found = new Map(rows.map((row) => [row.id, row]))
    const outcomes = input.subscriberIds.map((id) => outcomeOf(id, found.get(id), hours, now))
    const given = outcomes
      .filter((outcome) => outcome.kind === 'done')
      .map((outcome) => found.get(outcome.subscriberId)!)
    await write(trx, given, hours, by, now)
    return outcomes
  })
}

function outcomeOf(subscriberId: bigint, row: Row | undefined, hours: number, now: Date): ActionOutcome {
  const refused = (reason: string) => ({ subscriberId, kind: 'refused', reason }) as const
  if (row === undefined) return refused('there is no such subscriber')
  if (row.archived) return refused('it is deleted: restore it first')
  if (!row.activated) return refused('the service has not begun')
  if (row.expires_at === null) return refused('the service never ends')
  const until = graceOf(row, hours, now)
  if (row.grace_until !== null && row.grace_until >= until) {
    return { subscriberId, kind: 'unchanged', reason: 'it has grace for longer' }
  }
  return { subscriberId, kind: 'done', detail: { grace_until: until.toISOString() } }
}

function graceOf(row: Row, hours: number, now: Date): Date {
  const from = row.expires_at !== null && row.expires_at > now ? row.expires_at : now
  return new Date(from.getTime() + hours * 3_600_000)
}

async function write(trx: Db, rows: readonly Row[], hours: number, by: Author, now: Date): Promise<void> {
  if (rows.length === 0) return
  await sql`
    update subscriber set grace_until = given.until, updated_at = ${now}
    from unnest(${rows.map((row) => row.id)}::bigint[], ${rows.map((row) => graceOf(row, hours, now))}::timestamptz[])
      as given (id, until)
    where subscriber.id = given.id`.execute(trx)
  await orderForSubscribers(trx, { subscriberIds: rows.map((row) => row.id), wish: 'reapply', reason: 'grace' }, now)
  const deeds = rows.map((row) => ({
    action: 'subscriber.grace',
    noun: 'subscriber',
    rowId: row.id,
    ownerId: row.owner_id,
    before: { grace_until: row.grace_until },
    after: { grace_until: graceOf(row, hours, now) },
  }))
  await writeAudits(trx, deeds, by, now)
}
