// Roles: six that are built in and never change, and those that an ISP makes itself. A role takes effect at the next request of
// whoever has it. Nobody makes a role that may more than themselves.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { isUniqueViolation } from '../../db/errors.ts'
import { changesOf, writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkName, ConflictError, FieldError, NotFoundError } from '../field.ts'
import { isPermission, permissionNames, permissionsOf } from './permission.ts'
import type { Permission } from './permission.ts'
import { AboveError, lockOperators } from './rank.ts'
import { requireVersion, versionOf } from './row-version.ts'

export type Role = { id: bigint; name: string; builtIn: boolean; permissions: Permission[]; operators: number }

/** All roles, the built-in ones first, with how many operators have each. */
export async function listRoles(db: Db): Promise<Role[]> {
  const { rows } = await sql<{ id: bigint; name: string; built_in: boolean; permissions: string[]; operators: number }>`
    select role.id, role.name, role.built_in, role.permissions,
      (select count(*) from operator where operator.role_id = role.id and operator.archived_at is null)::int as operators
    from role order by not role.built_in, case when role.built_in then role.id end, lower(role.name)`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    builtIn: row.built_in,
    permissions: permissionsOf(row),
    operators: row.operators,
  }))
}

/** One role. Throws NotFoundError. */
export async function readRole(db: Db, id: bigint): Promise<Role> {
  const role = (await listRoles(db)).find((one) => one.id === id)
  if (role === undefined) throw new NotFoundError('role', String(id))
  return role
}

/** Adds a role. Throws FieldError, ConflictError. */
export async function addRole(
  db: Db,
  input: { name: string; permissions: readonly string[] },
  by: Author,
  now: Date,
): Promise<{ id: bigint }> {
  const name = checkName('name', input.name)
  const permissions = checkPermissions(input.permissions, by)
  const { id } = await uniqueName(name, () =>
    db.insertInto('role').values({ name, permissions, created_at: now }).returning('id').executeTakeFirstOrThrow(),
  )
  await writeAudit(db, { action: 'role.create', noun: 'role', rowId: id, after: { name, permissions } }, by, now)
  return { id }
}

/** Changes a custom role. Throws FieldError, ConflictError (built in), NotFoundError, ChangedMeanwhileError. */
export async function editRole(
  db: Db,
  input: {
    id: bigint
    name?: string | undefined
    permissions?: readonly string[] | undefined
    ifMatch: string | undefined
  },
  by: Author,
  now: Date,
): Promise<void> {
  await lockOperators(db)
  const role = await readOwnRole(db, input.id)
  requireVersion(input.ifMatch, roleVersion(role))
  // Who may less than the role must not touch it: taking rights away from those above is a deed upon them.
  checkPermissions(role.permissions, by)
  const after = {
    name: input.name === undefined ? role.name : checkName('name', input.name),
    permissions: input.permissions === undefined ? role.permissions : checkPermissions(input.permissions, by),
  }
  const differences = changesOf({ name: role.name, permissions: role.permissions }, after)
  if (differences === undefined) return
  await uniqueName(after.name, () => db.updateTable('role').set(after).where('id', '=', input.id).execute())
  await writeAudit(db, { action: 'role.edit', noun: 'role', rowId: input.id, ...differences }, by, now)
}

/** Removes a custom role that nobody has. Throws ConflictError, NotFoundError. */
export async function removeRole(db: Db, id: bigint, by: Author, now: Date): Promise<void> {
  await lockOperators(db)
  const role = await readOwnRole(db, id)
  checkPermissions(role.permissions, by)
  // Deleted operators keep the role they had.
  const holder = await db.selectFrom('operator').select('id').where('role_id', '=', id).limit(1).executeTakeFirst()
  if (holder !== undefined) throw new ConflictError('id', 'operators have or had this role')
  await db.deleteFrom('role').where('id', '=', id).execute()
  const before = { name: role.name, permissions: role.permissions }
  await writeAudit(db, { action: 'role.delete', noun: 'role', rowId: id, before }, by, now)
}

/** The version of a role's row. */
export function roleVersion(role: Role): string {
  return versionOf({ name: role.name, permissions: role.permissions })
}

async function readOwnRole(db: Db, id: bigint): Promise<Role> {
  const role = await readRole(db, id)
  if (role.builtIn) throw new ConflictError('id', `${role.name} is built in and does not change`)
  return role
}

/** Known permissions, each once, in the order of the matrix. Throws FieldError, AboveError. */
export function checkPermissions(names: readonly string[], by: Author): Permission[] {
  const unknown = names.find((name) => !isPermission(name))
  if (unknown !== undefined) throw new FieldError('permissions', `there is no permission ${unknown.slice(0, 60)}`)
  const known = permissionNames.filter((name) => names.includes(name))
  const above = known.find((name) => !by.permissions.has(name))
  if (above !== undefined) throw new AboveError('permissions', `you may not ${above} yourself`)
  return known
}

async function uniqueName<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('name', `there is a role ${name} already`)
    throw error
  }
}

/** The id of the role of this name. Throws NotFoundError. */
export async function findRoleId(db: Db, name: string): Promise<bigint> {
  const row = await db.selectFrom('role').select('id').where('name', '=', name).executeTakeFirst()
  if (row === undefined) throw new NotFoundError('role', name)
  return row.id
}
