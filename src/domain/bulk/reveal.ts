// What a run makes up and shows once, such as new passwords: sealed with each item, handed out to the author of the run a
// single time within a day, and then gone.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { openField, sealField } from '../data-key.ts'
import type { Keyring, Place } from '../data-key.ts'
import type { TableRow } from '../export/table.ts'
import { ConflictError, NotFoundError } from '../field.ts'
import { subscriberInScope } from '../scope.ts'
import { findRun, isOpen } from './run.ts'
import { deedOf } from './start.ts'

/** Counted from the end of the run. */
const revealHours = 24

type ItemKey = { runId: bigint; position: number }

/** Seals what an item reveals. */
export function sealRevealed(keyring: Keyring, key: ItemKey, revealed: Readonly<Record<string, string>>): Buffer {
  return sealField(keyring, placeOf(key), Buffer.from(JSON.stringify(revealed)))
}

/** The values by name, and a row for each subscriber: id, username, values. */
export type Revealed = { names: string[]; rows: TableRow[] }

/**
 * Takes what a run reveals, and destroys it in the same transaction: not one under row level security, which would leave over
 * what belongs to subscribers that have gone elsewhere. Throws NotFoundError: the run is another's, it revealed
 * nothing, or it is too late. Throws ForbiddenError, or ConflictError while the run is busy.
 */
export async function takeRevealed(db: Db, runId: bigint, by: Author, now: Date): Promise<Revealed> {
  requirePermission(by, 'subscriber.credential')
  return inTransaction(db, async (trx) => {
    // Of two who ask at once the second finds nothing.
    await sql`select 1 from bulk_run where bulk_run.id = ${runId} for no key update`.execute(trx)
    const run = await findRun(trx, runId, by)
    if (by.operatorId === null || run.operator_id !== by.operatorId) throw nothing(runId)
    if (isOpen(run)) throw new ConflictError('run', 'it is still busy: wait for its end')
    const isLate = run.finished_at === null || now.getTime() - run.finished_at.getTime() > revealHours * 3_600_000
    if (run.revealed_at !== null || isLate) throw nothing(runId)
    const revealed = await openAll(trx, runId, by)
    if (revealed.rows.length === 0) throw nothing(runId)
    await destroy(trx, [runId], now)
    await writeAudit(trx, deedOf(run, 'reveal'), by, now)
    return revealed
  })
}

function nothing(runId: bigint): NotFoundError {
  return new NotFoundError('secret result of bulk run', String(runId))
}

async function openAll(trx: Db, runId: bigint, by: Author): Promise<Revealed> {
  const { rows } = await sql<{ position: number; subscriber_id: bigint; username: string; revealed: Buffer }>`
    select bulk_item.position, bulk_item.subscriber_id, subscriber.username, bulk_item.revealed
    from bulk_item join subscriber on subscriber.id = bulk_item.subscriber_id
    where bulk_item.run_id = ${runId} and bulk_item.revealed is not null and ${subscriberInScope(by.scope)}
    order by bulk_item.position`.execute(trx)
  const opened = rows.map(({ position, subscriber_id, username, revealed }) => ({
    id: String(subscriber_id),
    username,
    values: JSON.parse(openField(by.keyring, placeOf({ runId, position }), revealed).toString()) as Record<
      string,
      string
    >,
  }))
  const names = [...new Set(opened.flatMap(({ values }) => Object.keys(values)))]
  return {
    names,
    rows: opened.map(({ id, username, values }) => [id, username, ...names.map((name) => values[name] ?? null)]),
  }
}

/** Destroys what nobody fetched in time. Returns of how many runs. */
export async function destroyLateRevealed(db: Db, now: Date): Promise<number> {
  const late = new Date(now.getTime() - revealHours * 3_600_000)
  const runs = await db
    .selectFrom('bulk_run')
    .select('id')
    .where('finished_at', '<=', late)
    .where('revealed_at', 'is', null)
    .limit(1_000)
    .execute()
  if (runs.length > 0)
    await inTransaction(db, (trx) =>
      destroy(
        trx,
        runs.map(({ id }) => id),
        now,
      ),
    )
  return runs.length
}

async function destroy(trx: Db, runIds: readonly bigint[], now: Date): Promise<void> {
  await trx
    .updateTable('bulk_item')
    .set({ revealed: null })
    .where('run_id', 'in', runIds)
    .where('revealed', 'is not', null)
    .execute()
  await trx.updateTable('bulk_run').set({ revealed_at: now }).where('id', 'in', runIds).execute()
}

function placeOf({ runId, position }: ItemKey): Place {
  return { table: 'bulk_item', row: `${runId}/${position}`, column: 'revealed' }
}
