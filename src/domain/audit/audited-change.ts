// An edit whose audit entry is made of what is read before and after it: for nouns that are small and changed one at a time.

import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { changesOf, writeAudit } from './audit.ts'
import type { AuditValues } from './audit.ts'

export type AuditedChange<Result> = {
  /** `nas.edit`. */
  action: string
  noun: string
  ownerId?: bigint | null
  /**
   * The row as it is at this moment, undefined where it is not (yet, or any more) there. Its `id` names the row in the entry; what
   * has none is known by its values.
   */
  read: () => Promise<AuditValues | undefined>
  change: () => Promise<Result>
}

/** Makes the change and writes its entry, in the caller's transaction; none where nothing has changed. */
export async function auditedChange<Result>(
  db: Db,
  { read, change, ...deed }: AuditedChange<Result>,
  by: Author,
  now: Date,
): Promise<Result> {
  const before = await read()
  const result = await change()
  const after = await read()
  const values =
    before === undefined || after === undefined ? { before, after } : (changesOf(before, after) ?? 'unchanged')
  if (values !== 'unchanged') await writeAudit(db, { ...deed, rowId: rowIdOf(before ?? after), ...values }, by, now)
  return result
}

function rowIdOf(values: AuditValues | undefined): bigint | null {
  const id = values?.id
  return typeof id === 'bigint' ? id : typeof id === 'number' ? BigInt(id) : null
}
