// By whom a deed is done: what the audit trail says of it, what the author may do, and how far that reaches.

import type { Keyring } from './data-key.ts'
import type { Permission } from './operator/permission.ts'
import { permissionNames } from './operator/permission.ts'
import { everything } from './scope.ts'
import type { Scope } from './scope.ts'

export type Author = {
  kind: 'operator' | 'token' | 'subscriber' | 'system' | 'command-line' | 'anonymous'
  /** The operator, also of a token. */
  operatorId: bigint | null
  /** As the audit trail shows it: e-mail address, name of a job. */
  name: string
  /** Who looks through this author's eyes (`view as`, a subscriber's portal). */
  viewedBy: string | null
  address: string | null
  requestId: string | null
  permissions: ReadonlySet<Permission>
  scope: Scope
  /** Seals the personal values of audit entries. */
  keyring: Keyring
}

/** The author of what runs by itself, or of a command on the server: may everything. */
export function ownAuthor(kind: 'system' | 'command-line', name: string, keyring: Keyring): Author {
  return {
    kind,
    operatorId: null,
    name,
    viewedBy: null,
    address: null,
    requestId: null,
    permissions: new Set(permissionNames),
    scope: everything,
    keyring,
  }
}

/** Something is done for which the author lacks a permission. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError'
  readonly permission: Permission

  constructor(permission: Permission) {
    super(`this needs the permission ${permission}`)
    this.permission = permission
  }
}

/** Throws ForbiddenError where the author may not. For what a route's own permission does not cover. */
export function requirePermission(by: Author, permission: Permission): void {
  if (!by.permissions.has(permission)) throw new ForbiddenError(permission)
}
