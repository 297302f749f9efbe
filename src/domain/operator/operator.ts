// Operators: added with a password that was made up for them (shown once, good for a week, to be changed at once) or by an
// invitation, and changed. A change of what somebody may ends their sessions; another deed of theirs begins with signing in.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { isUniqueViolation } from '../../db/errors.ts'
import { changesOf, writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkEmail, checkName, checkPhone, checkText, ConflictError, FieldError } from '../field.ts'
import { readSettings } from '../setting.ts'
import { voidLinks } from './own-password.ts'
import { endPanelSessions } from './panel-session.ts'
import { findOperator, lockOperators, requireNotAbove, requireSuperAdministrator } from './rank.ts'
import type { OperatorRow } from './rank.ts'
import { requireVersion, versionOf } from './row-version.ts'

/** A made-up password is good for so long. */
const madeUpMs = 7 * 86_400_000

export type OperatorFields = {
  name: string
  /** The login. */
  email: string
  phone?: string | null | undefined
  phoneExtension?: string | null | undefined
  language?: string | null | undefined
  organisationId: bigint
  roleId: bigint
  teamId?: bigint | null | undefined
  enabled?: boolean | undefined
}

/** How long a password that was made up now is good. */
export function madeUpUntil(now: Date): Date {
  return new Date(now.getTime() + madeUpMs)
}

/**
 * Adds an operator. `passwordHash` is of a made-up password; null where an invitation will let them choose one. Throws
 * FieldError, ConflictError (e-mail address taken; above the author), NotFoundError.
 */
export async function addOperator(
  db: Db,
  input: OperatorFields & { passwordHash: string | null; mustChange?: boolean },
  by: Author,
  now: Date,
): Promise<{ id: bigint }> {
  await lockOperators(db)
  const standing = { organisationId: input.organisationId, roleId: input.roleId, teamId: input.teamId ?? null }
  await requireNotAbove(db, by, standing)
  const person = await checkPerson(db, { ...input, phone: input.phone ?? null })
  const mustChange = input.mustChange ?? true
  const { id } = await uniqueEmail(person.email, () =>
    db
      .insertInto('operator')
      .values({
        organisation_id: standing.organisationId,
        role_id: standing.roleId,
        team_id: standing.teamId,
        name: person.name,
        email: person.email,
        phone: person.phone,
        phone_extension: person.phoneExtension,
        language: person.language,
        enabled: input.enabled ?? true,
        password_hash: input.passwordHash,
        password_changed_at: input.passwordHash === null ? null : now,
        password_valid_until: input.passwordHash === null || !mustChange ? null : madeUpUntil(now),
        must_change_password: input.passwordHash !== null && mustChange,
        created_at: now,
        created_by: by.name,
        updated_at: now,
      })
      .returning('id')
      .executeTakeFirstOrThrow(),
  )
  const after = valuesOf({ ...person, ...standing, enabled: input.enabled ?? true })
  const deed = { action: 'operator.create', noun: 'operator', rowId: id, ownerId: standing.organisationId, after }
  await writeAudit(db, deed, by, now)
  return { id }
}

export type OperatorChanges = Partial<OperatorFields> & { mustChangePassword?: boolean | undefined }

/**
 * Changes what is named. Another role, team, organisation or being disabled ends the operator's sessions. Throws FieldError,
 * ConflictError, NotFoundError, ChangedMeanwhileError.
 */
export async function editOperator(
  db: Db,
  input: { id: bigint; changes: OperatorChanges; ifMatch: string | undefined },
  by: Author,
  now: Date,
): Promise<void> {
  await lockOperators(db)
  const before = await findOperator(db, by, input.id)
  requireVersion(input.ifMatch, operatorVersion(before))
  await requireNotAbove(db, by, before)
  const { changes } = input
  const person = await checkPerson(db, {
    name: changes.name ?? before.name,
    email: changes.email ?? before.email,
    phone: changes.phone === undefined ? before.phone : changes.phone,
    phoneExtension: changes.phoneExtension === undefined ? before.phoneExtension : changes.phoneExtension,
    language: changes.language === undefined ? before.language : changes.language,
  })
  const after: OperatorRow = {
    ...before,
    ...person,
    organisationId: changes.organisationId ?? before.organisationId,
    roleId: changes.roleId ?? before.roleId,
    teamId: changes.teamId === undefined ? before.teamId : changes.teamId,
    enabled: changes.enabled ?? before.enabled,
    mustChangePassword: changes.mustChangePassword ?? before.mustChangePassword,
  }
  await writeOperator(db, before, after, by, now)
}

/** Writes what differs, ends sessions where rights changed, and keeps the rules of rank. The operators are locked. */
export async function writeOperator(
  db: Db,
  before: OperatorRow,
  after: OperatorRow,
  by: Author,
  now: Date,
): Promise<'done' | 'unchanged'> {
  const differences = changesOf(valuesOf(before), valuesOf(after))
  if (differences === undefined) return 'unchanged'
  requireNotSelf(before, after, by)
  await requireNotAbove(db, by, after)
  await uniqueEmail(after.email, () =>
    sql`
      update operator set name = ${after.name}, email = ${after.email}, phone = ${after.phone},
        phone_extension = ${after.phoneExtension}, language = ${after.language},
        organisation_id = ${after.organisationId}, role_id = ${after.roleId}, team_id = ${after.teamId},
        enabled = ${after.enabled}, must_change_password = ${after.mustChangePassword}, updated_at = ${now}
      where operator.id = ${before.id}`.execute(db),
  )
  await requireSuperAdministrator(db, by, before.roleId)
  // A link that went to another mailbox, perhaps by a slip, sets no password any more.
  if (before.email !== after.email) await voidLinks(db, before.id, now)
  if (isForcedOut(before, after)) await endPanelSessions(db, { operatorIds: [before.id] }, now)
  if (before.enabled && !after.enabled) await revokeTokens(db, before.id, now)
  const action = before.enabled === after.enabled ? 'edit' : after.enabled ? 'enable' : 'disable'
  const deed = { action: `operator.${action}`, noun: 'operator', rowId: before.id, ownerId: after.organisationId }
  await writeAudit(db, { ...deed, ...differences }, by, now)
  return 'done'
}

/** Somebody who changes their own rights could only lose them: another one does it. */
function requireNotSelf(before: OperatorRow, after: OperatorRow, by: Author): void {
  if (by.operatorId === before.id && isForcedOut(before, after)) {
    throw new ConflictError('id', 'is your own: another operator must do this')
  }
}

function isForcedOut(before: OperatorRow, after: OperatorRow): boolean {
  return (
    before.roleId !== after.roleId ||
    before.teamId !== after.teamId ||
    before.organisationId !== after.organisationId ||
    before.email !== after.email ||
    (before.enabled && !after.enabled) ||
    (!before.mustChangePassword && after.mustChangePassword)
  )
}

/** Revokes every API token of an operator. */
export async function revokeTokens(db: Db, operatorId: bigint, now: Date): Promise<void> {
  await db
    .updateTable('api_token')
    .set({ revoked_at: now })
    .where('operator_id', '=', operatorId)
    .where('revoked_at', 'is', null)
    .execute()
}

/** The version of an operator's row: of what can be edited. */
export function operatorVersion(row: OperatorRow): string {
  return versionOf(valuesOf(row))
}

type Person = Pick<OperatorRow, 'name' | 'email' | 'phone' | 'phoneExtension' | 'language'>

/** What the audit trail says of an operator. */
function valuesOf(row: Omit<OperatorFields, 'enabled'> & { enabled: boolean; mustChangePassword?: boolean }) {
  return {
    name: row.name,
    email: row.email,
    phone: row.phone ?? null,
    phone_extension: row.phoneExtension ?? null,
    language: row.language ?? null,
    organisation_id: row.organisationId,
    role_id: row.roleId,
    team_id: row.teamId ?? null,
    enabled: row.enabled,
    must_change_password: row.mustChangePassword ?? false,
  }
}

async function checkPerson(db: Db, input: Pick<OperatorFields, keyof Person>): Promise<Person> {
  const extension = input.phoneExtension ?? null
  const phone = input.phone ?? null
  const language = input.language ?? null
  const country = phone === null ? '' : (await readSettings(db)).phone_country_code
  if (extension !== null && !/^\d{1,10}$/.test(extension)) {
    throw new FieldError('phone_extension', 'must have 1 to 10 digits')
  }
  return {
    name: checkName('name', input.name),
    email: checkEmail('email', input.email).toLowerCase(),
    phone: phone === null ? null : checkPhone('phone', phone, country),
    phoneExtension: extension,
    language: language === null ? null : checkText('language', language, 2, 35),
  }
}

async function uniqueEmail<T>(email: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error, 'operator_email')) {
      throw new ConflictError('email', `there is an operator ${email} already`)
    }
    throw error
  }
}
