// The second reading of a file, a chunk at a time: rows made ready once more, now with those that are there locked, and written
// with their audit entries.

import type { Db } from '../../db/schema.ts'
import { writeAudits } from '../audit/audit.ts'
import type { Deed } from '../audit/audit.ts'
import { roomFor } from '../subscriber/room.ts'
import { checkTaken } from './check.ts'
import type { Checked } from './check-file.ts'
import type { ImportColumn } from './column.ts'
import type { ErrorLog } from './error-log.ts'
import type { Report } from './error.ts'
import { prepareRows } from './prepare.ts'
import type { ImportContext, Prepared, ReadRow } from './prepare.ts'
import { columnValue } from './row-value.ts'
import { updateRows } from './update.ts'
import type { Update } from './update.ts'
import { writeRows } from './write.ts'
import type { Made } from './write.ts'

/** Something has changed between the two readings of the file. */
export class MeanwhileError extends Error {
  override readonly name = 'MeanwhileError'
}

type Input = {
  context: ImportContext
  rows: readonly ReadRow[]
  checked: Checked
  runId: bigint | undefined
  /** Looks once more for what is taken, and tells it here; without it what was found meanwhile is thrown. */
  log?: ErrorLog
}

export type WrittenChunk = { created: number; updated: number; unchanged: number; groupsMade: string[] }

/** Writes rows that were found good, in the caller's transaction. Throws MeanwhileError, or what the database throws. */
export async function writeChunk(trx: Db, input: Input, now: Date): Promise<WrittenChunk> {
  const { context, log } = input
  const { by, keyring } = context
  const found = new Set<number>()
  const report: Report = (line, field, reason) => {
    found.add(line)
    if (log === undefined) throw new MeanwhileError(`${field}: ${reason}`)
    log.report(line, field, reason)
  }
  const prepared = await prepareRows(trx, context, input.rows, { report, lock: true }, now)
  if (log !== undefined) await checkTaken(trx, context, prepared, report)
  const good = prepared.filter((one) => one.kind === 'unchanged' || (one.kind !== 'bad' && !found.has(one.row.line)))
  const full = await linesBeyondRoom(trx, good, input.checked, report)
  const creates = good.flatMap((one) => (one.kind === 'create' && !full.has(one.row.line) ? [one.row] : []))
  const updates = good.filter((one): one is Update => one.kind === 'update' && !full.has(one.row.line))
  const { made, groupsMade } = await writeRows(trx, keyring, creates, now)
  const changed = await updateRows(trx, updates, by, throwing, now)
  await writeAudits(
    trx,
    [...madeDeeds(made, input.runId), ...updates.map((one) => updateDeed(one, input.runId))],
    by,
    now,
  )
  return {
    created: creates.length,
    updated: updates.length,
    unchanged: good.filter(({ kind }) => kind === 'unchanged').length,
    groupsMade: [...groupsMade, ...changed.groupsMade],
  }
}

const throwing: Report = (_line, field, reason) => {
  throw new MeanwhileError(`${field}: ${reason}`)
}

/** The limits were counted before: only where there is one it is held now. Returns the lines for which there is no room. */
async function linesBeyondRoom(
  trx: Db,
  rows: readonly Prepared[],
  { rooms }: Checked,
  report: Report,
): Promise<ReadonlySet<number>> {
  const coming = rows.flatMap((one) =>
    one.kind === 'create' || (one.kind === 'update' && one.changed.has('owner')) ? [one.row] : [],
  )
  const owners = new Set(coming.map(({ ownerId }) => ownerId).filter((ownerId) => rooms.isLimited(ownerId)))
  const full = new Set<number>()
  for (const ownerId of [...owners].toSorted((one, other) => Number(one - other))) {
    const room = await roomFor(trx, ownerId)
    if (room === undefined) continue
    for (const { line } of coming.filter((row) => row.ownerId === ownerId).slice(room)) {
      full.add(line)
      report(line, 'owner', 'the organisation has as many subscribers as it may have')
    }
  }
  return full
}

/** Without personal values: who was added is told by its row, and a seal for each would cost more than the row. */
function madeDeeds(made: readonly Made[], runId: bigint | undefined): Deed[] {
  return made.map(({ id, row }) => ({
    action: 'subscriber.create',
    noun: 'subscriber',
    rowId: id,
    ownerId: row.ownerId,
    after: { import_run_id: runId ?? null, plan: row.plan, expires_at: row.fields.expiresAt?.toISOString() ?? null },
  }))
}

/** What lies open in the audit trail; of other columns it says only that they have changed. */
const openColumns: readonly ImportColumn[] = [
  'plan',
  'next_plan',
  'enabled',
  'block_reason',
  'auto_renew',
  'zone',
  'group',
]

function updateDeed({ row, existing, changed }: Update, runId: bigint | undefined): Deed {
  const shown = openColumns.filter((column) => changed.has(column))
  const before = shown.map((column) => {
    const value = existing.values.get(column)
    return [column, value?.kind === 'text' ? value.text : null] as const
  })
  return {
    action: 'subscriber.edit',
    noun: 'subscriber',
    rowId: existing.id,
    ownerId: existing.ownerId,
    before: Object.fromEntries(before),
    after: {
      import_run_id: runId ?? null,
      changed: [...changed],
      ...Object.fromEntries(shown.map((column) => [column, columnValue(row, column) ?? null])),
    },
  }
}
