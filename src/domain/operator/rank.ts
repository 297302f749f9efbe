// Who may do something to whom: nobody touches an operator who may more or sees further than itself, nobody is raised above the
// one who raises, and the ISP never loses its last super-administrator.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { ConflictError, FieldError, NotFoundError } from '../field.ts'
import { ownedInScope } from '../scope.ts'
import { isPermittedTo, permissionsOf } from './permission.ts'
import type { Permission } from './permission.ts'

/** The operator may more than the one who wants to change them: not theirs to touch. */
export class AboveError extends ConflictError {}

/** What an operator is, by ids. */
export type Standing = { organisationId: bigint; roleId: bigint; teamId: bigint | null }

/** An operator's row as deeds need it. */
export type OperatorRow = Standing & {
  id: bigint
  name: string
  email: string
  enabled: boolean
  phone: string | null
  phoneExtension: string | null
  language: string | null
  mustChangePassword: boolean
  archivedAt: Date | null
  hasPassword: boolean
  hasSecondFactor: boolean
}

/**
 * One deed upon operators at a time: two administrators who disable each other's last peer at once would both succeed. Call it
 * first in the deed's transaction.
 */
export async function lockOperators(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('gatehouse operator'))`.execute(db)
}

/** Those of the operators that the author reaches and that are not archived, by id. What is missing is not there. */
export async function findOperators(db: Db, by: Author, ids: readonly bigint[]): Promise<Map<bigint, OperatorRow>> {
  const { rows } = await sql<OperatorRow>`
    select operator.id, operator.organisation_id as "organisationId", operator.role_id as "roleId",
      operator.team_id as "teamId", operator.name, operator.email, operator.enabled, operator.phone,
      operator.phone_extension as "phoneExtension", operator.language,
      operator.must_change_password as "mustChangePassword", operator.archived_at as "archivedAt",
      operator.password_hash is not null as "hasPassword", operator.totp_enabled_at is not null as "hasSecondFactor"
    from operator
    where operator.id = any(${ids}::bigint[]) and operator.archived_at is null
      and ${ownedInScope(by.scope, 'operator.organisation_id')}`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}

/** One of them. Throws NotFoundError. */
export async function findOperator(db: Db, by: Author, id: bigint): Promise<OperatorRow> {
  const row = (await findOperators(db, by, [id])).get(id)
  if (row === undefined) throw new NotFoundError('operator', String(id))
  return row
}

/**
 * Throws where an operator of this standing would be above the author: more permissions, another organisation, a wider view.
 * FieldError names what of it cannot be; NotFoundError an organisation, role or team out of reach.
 */
export async function requireNotAbove(db: Db, by: Author, standing: Standing): Promise<void> {
  const { scope } = by
  const organisation = await db
    .selectFrom('organisation')
    .select(['id', 'kind'])
    .where('id', '=', standing.organisationId)
    .executeTakeFirst()
  const isOutside = scope.ownerId !== undefined && scope.ownerId !== standing.organisationId
  if (organisation === undefined || isOutside) throw new NotFoundError('organisation', String(standing.organisationId))
  const more = (await permissionsOfRole(db, standing.roleId)).filter(
    (permission) => isPermittedTo(organisation.kind, permission) && !by.permissions.has(permission),
  )
  if (more.length > 0) throw new AboveError('role', `may more than you: ${more.slice(0, 3).join(', ')}`)
  await requireNarrowTeam(db, by, standing)
}

/** The permissions that a role gives. Throws NotFoundError. */
export async function permissionsOfRole(db: Db, roleId: bigint): Promise<Permission[]> {
  const role = await db
    .selectFrom('role')
    .select(['name', 'built_in', 'permissions'])
    .where('id', '=', roleId)
    .executeTakeFirst()
  if (role === undefined) throw new NotFoundError('role', String(roleId))
  return permissionsOf(role)
}

/** A team must be the organisation's, and see no more than its author does. */
async function requireNarrowTeam(db: Db, by: Author, standing: Standing): Promise<void> {
  const { zones, nasGroupIds } = by.scope
  const team =
    standing.teamId === null
      ? undefined
      : await db
          .selectFrom('team')
          .innerJoin('organisation', (join) =>
            join.on(sql<boolean>`organisation.id = coalesce(team.organisation_id,
              (select isp.id from organisation isp where isp.kind = 'isp'))`),
          )
          .select(['team.zones', 'team.nas_group_ids', 'organisation.id as organisation_id'])
          .where('team.id', '=', standing.teamId)
          .executeTakeFirst()
  if (standing.teamId !== null && team === undefined) throw new NotFoundError('team', String(standing.teamId))
  if (team !== undefined && team.organisation_id !== standing.organisationId) {
    throw new FieldError('team_id', 'is a team of another organisation')
  }
  if (!isWithin(zones, team?.zones) || !isWithin(nasGroupIds, team?.nas_group_ids)) {
    throw new AboveError('team_id', 'sees more than you do')
  }
}

/** Whether what is seen (null: all) lies within what the author sees (undefined: all). */
export function isWithin<T>(own: readonly T[] | undefined, wanted: readonly T[] | null | undefined): boolean {
  if (own === undefined) return true
  return wanted !== null && wanted !== undefined && wanted.every((one) => own.includes(one))
}

/**
 * Throws ConflictError where the deed upon an operator of this role has left no super-administrator who can sign in. Call it after
 * the deed, under lockOperators.
 */
export async function requireSuperAdministrator(db: Db, by: Author, roleBefore: bigint): Promise<void> {
  // Who sees one reseller only cannot have touched the ISP's own, nor count them.
  if (by.scope.ownerId !== undefined) return
  const { rows } = await sql<{ remain: boolean }>`
    select exists (
      select from operator join organisation on organisation.id = operator.organisation_id
      where operator.role_id = role.id and organisation.kind = 'isp' and operator.team_id is null and operator.enabled
        and operator.archived_at is null
    ) as remain
    from role where role.id = ${roleBefore} and role.built_in and role.name = 'super-administrator'`.execute(db)
  if (rows[0]?.remain === false) throw new ConflictError('role', 'there would be no super-administrator left')
}
