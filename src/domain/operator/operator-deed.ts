// What is done to operators from outside: enabled, disabled, moved to a role or team, deleted, given a new password, freed of a
// lost second factor, signed out. On one or on many at once; each has its own result, and no one's failure stops the others.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { ConflictError, FieldError, NotFoundError } from '../field.ts'
import { reopenAccount } from './guess.ts'
import { forgetDevices } from './known-device.ts'
import { madeUpUntil, revokeTokens, writeOperator } from './operator.ts'
import { voidLinks } from './own-password.ts'
import { endPanelSessions } from './panel-session.ts'
import { findOperator, findOperators, lockOperators, requireNotAbove, requireSuperAdministrator } from './rank.ts'
import type { OperatorRow } from './rank.ts'
import { clearSecondFactor } from './second-factor.ts'

/** Deletes an operator: archived, out at once, its tokens revoked. What it did and owns stays, under its name. */
export async function deleteOperator(db: Db, id: bigint, by: Author, now: Date): Promise<void> {
  await lockOperators(db)
  await deleteLocked(db, await findOperator(db, by, id), by, now)
}

async function deleteLocked(db: Db, row: OperatorRow, by: Author, now: Date): Promise<void> {
  if (by.operatorId === row.id) throw new ConflictError('id', 'is your own: another operator must do this')
  await requireNotAbove(db, by, row)
  // Whoever comes back is added anew: what could sign in goes at once.
  await sql`
    update operator set archived_at = ${now}, enabled = false, password_hash = null, totp_secret = null,
      totp_enabled_at = null, totp_pending = null, updated_at = ${now}
    where operator.id = ${row.id}`.execute(db)
  await db.deleteFrom('recovery_code').where('operator_id', '=', row.id).execute()
  await requireSuperAdministrator(db, by, row.roleId)
  await forgetDevices(db, [row.id])
  await endPanelSessions(db, { operatorIds: [row.id] }, now)
  await revokeTokens(db, row.id, now)
  const before = { name: row.name, email: row.email, enabled: row.enabled, role_id: row.roleId }
  await writeAudit(db, deedOf(row, 'delete', { before }), by, now)
}

/** Sets a made-up password: to be changed at the next sign-in, good for a week, everybody signed in with the old one is out. */
export async function resetOperatorPassword(
  db: Db,
  input: { id: bigint; passwordHash: string },
  by: Author,
  now: Date,
): Promise<void> {
  await lockOperators(db)
  const row = await findOperator(db, by, input.id)
  await requireNotAbove(db, by, row)
  await sql`
    update operator set password_hash = ${input.passwordHash}, password_changed_at = ${now},
      password_valid_until = ${madeUpUntil(now)}, must_change_password = true, updated_at = ${now}
    where operator.id = ${row.id}`.execute(db)
  await voidLinks(db, row.id, now)
  await forgetDevices(db, [row.id])
  // Else who was kept out by strangers' guesses would stay out with the new password as well.
  await reopenAccount(db, row.email)
  await endPanelSessions(db, { operatorIds: [row.id] }, now)
  await writeAudit(db, deedOf(row, 'reset-password', { after: { must_change_password: true } }), by, now)
}

/** Frees an operator of a lost second factor. Throws ConflictError where there is none. */
export async function resetSecondFactor(db: Db, id: bigint, by: Author, now: Date): Promise<void> {
  await lockOperators(db)
  const row = await findOperator(db, by, id)
  await requireNotAbove(db, by, row)
  if (!(await clearSecondFactor(db, id, now))) throw new ConflictError('second_factor', 'there is none')
  await endPanelSessions(db, { operatorIds: [id] }, now)
  await writeAudit(db, deedOf(row, 'reset-second-factor', {}), by, now)
}

/** Signs an operator out everywhere. Returns how many sessions that were. */
export async function signOutOperator(db: Db, id: bigint, by: Author, now: Date): Promise<number> {
  const row = await findOperator(db, by, id)
  await requireNotAbove(db, by, row)
  const sessions = await endPanelSessions(db, { operatorIds: [id] }, now)
  await writeAudit(db, deedOf(row, 'end-sessions', { after: { sessions } }), by, now)
  return sessions
}

export const operatorBulkActions = ['enable', 'disable', 'delete', 'assign-role', 'assign-team'] as const
export type OperatorBulkAction = (typeof operatorBulkActions)[number]

export type OperatorResult = {
  id: bigint
  email: string | null
  kind: 'done' | 'unchanged' | 'refused'
  reason: string | null
}

/**
 * Does it upon each of them, in the order given. `value` is the role's or team's id (null: no team). Each is a unit of its own:
 * what is refused for one leaves nothing behind and does not stop the next. A dry run says what would happen.
 */
export async function changeOperators(
  db: Db,
  input: { ids: readonly bigint[]; action: OperatorBulkAction; value: bigint | null; dryRun: boolean },
  by: Author,
  now: Date,
): Promise<OperatorResult[]> {
  if (input.action === 'assign-role' && input.value === null) throw new FieldError('value', 'must be the id of a role')
  await lockOperators(db)
  const results: OperatorResult[] = []
  for (const id of input.ids) {
    const row = (await findOperators(db, by, [id])).get(id)
    if (row === undefined) results.push({ id, email: null, kind: 'refused', reason: 'there is no such operator' })
    else results.push(await changeOne(db, row, input, by, now))
  }
  const count = (kind: OperatorResult['kind']): number => results.filter((result) => result.kind === kind).length
  const after = {
    action: input.action,
    value: input.value,
    dry_run: input.dryRun,
    done: count('done'),
    refused: count('refused'),
  }
  await writeAudit(
    db,
    { action: 'operator.bulk', noun: 'operator', rowId: null, ownerId: by.scope.ownerId ?? null, after },
    by,
    now,
  )
  return results
}

type BulkInput = Parameters<typeof changeOperators>[1]

async function changeOne(db: Db, row: OperatorRow, input: BulkInput, by: Author, now: Date): Promise<OperatorResult> {
  const { id, email } = row
  await sql`savepoint one_operator`.execute(db)
  try {
    const kind = await applyOne(db, row, input, by, now)
    await sql.raw(`${input.dryRun ? 'rollback to' : 'release'} savepoint one_operator`).execute(db)
    return { id, email, kind, reason: null }
  } catch (error) {
    await sql`rollback to savepoint one_operator`.execute(db)
    const isForeseen = error instanceof ConflictError || error instanceof FieldError || error instanceof NotFoundError
    if (!isForeseen) throw error
    return { id, email, kind: 'refused', reason: error.message }
  }
}

async function applyOne(
  db: Db,
  row: OperatorRow,
  { action, value }: BulkInput,
  by: Author,
  now: Date,
): Promise<'done' | 'unchanged'> {
  if (action === 'delete') {
    await deleteLocked(db, row, by, now)
    return 'done'
  }
  await requireNotAbove(db, by, row)
  const after = { ...row }
  if (action === 'enable' || action === 'disable') after.enabled = action === 'enable'
  else if (action === 'assign-role') after.roleId = value ?? row.roleId
  else after.teamId = value
  return writeOperator(db, row, after, by, now)
}

function deedOf(row: OperatorRow, verb: string, values: { before?: object; after?: object }) {
  return {
    action: `operator.${verb}`,
    noun: 'operator',
    rowId: row.id,
    ownerId: row.organisationId,
    ...(values as { before?: Record<string, unknown>; after?: Record<string, unknown> }),
  }
}
