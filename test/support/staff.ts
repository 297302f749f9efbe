// Operators, roles and authors for tests below the API.

import type { Author } from '../../src/domain/author.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { addOperator } from '../../src/domain/operator/operator.ts'
import type { OperatorFields } from '../../src/domain/operator/operator.ts'
import { permissionsOf } from '../../src/domain/operator/permission.ts'
import type { Permission } from '../../src/domain/operator/permission.ts'
import { findRoleId } from '../../src/domain/operator/role.ts'
import { ispId } from '../../src/domain/organisation.ts'
import { everything } from '../../src/domain/scope.ts'
import type { Scope } from '../../src/domain/scope.ts'
import type { Office } from './operator.ts'
import { noon } from './operator.ts'

let made = 0

/** Everything, of the system. */
export function system(office: Office): Author {
  return ownAuthor('system', 'test', office.keyring)
}

/** An author with just these permissions, who reaches just so far. */
export function authorWith(
  office: Office,
  permissions: readonly Permission[],
  scope: Partial<Scope> = {},
  operatorId: bigint | null = null,
): Author {
  const name = `author-${operatorId ?? 'x'}@example.net`
  const reach = { ...everything, ...scope }
  return { ...system(office), kind: 'operator', name, operatorId, permissions: new Set(permissions), scope: reach }
}

/** An operator of a role, by its name. */
export async function hire(
  office: Office,
  role: string,
  input: Partial<OperatorFields> & { passwordHash?: string | null; mustChange?: boolean } = {},
): Promise<{ id: bigint; email: string }> {
  made += 1
  const email = input.email ?? `hired-${made}@example.net`
  const roleId = input.roleId ?? (await findRoleId(office.db, role))
  const organisationId = input.organisationId ?? (await ispId(office.db))
  const fields = {
    name: `Hired ${made}`,
    passwordHash: null,
    mustChange: false,
    ...input,
    email,
    roleId,
    organisationId,
  }
  const { id } = await office.db.transaction().execute((trx) => addOperator(trx, fields, system(office), noon))
  return { id, email }
}

/** The author that an operator of a built-in or custom role is. */
export async function authorOfRole(office: Office, role: string, operatorId: bigint | null = null): Promise<Author> {
  const row = await office.db
    .selectFrom('role')
    .select(['name', 'built_in', 'permissions'])
    .where('name', '=', role)
    .executeTakeFirstOrThrow()
  return authorWith(office, permissionsOf(row), {}, operatorId)
}
