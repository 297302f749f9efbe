// By whom a bulk run is carried out: its author as at the beginning, narrowed to what they may do and reach now. Who has left,
// was disabled or lost the right in between does nothing more.

import type { Insertable, Selectable } from 'kysely'
import type { BulkRunTable } from '../../db/schema-bulk.ts'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { standingOf } from '../operator/caller.ts'
import { isPermission } from '../operator/permission.ts'
import type { Scope } from '../scope.ts'

type AuthorColumns = Pick<
  Insertable<BulkRunTable>,
  | 'author_kind'
  | 'operator_id'
  | 'token_id'
  | 'author_name'
  | 'address'
  | 'request_id'
  | 'permissions'
  | 'owner_id'
  | 'zones'
  | 'nas_group_ids'
>

/** The author in the row of a run, of whatever kind. */
export type KeptAuthor = Pick<Selectable<BulkRunTable>, keyof AuthorColumns>

/** The author as a run keeps it; with the API token, whose revocation ends the run too. */
export function authorColumns(by: Author, tokenId: bigint | null): AuthorColumns {
  return {
    author_kind: by.kind,
    operator_id: by.operatorId,
    token_id: tokenId,
    author_name: by.name,
    address: by.address,
    request_id: by.requestId,
    permissions: [...by.permissions],
    owner_id: by.scope.ownerId ?? null,
    zones: by.scope.zones === undefined ? null : [...by.scope.zones],
    nas_group_ids: by.scope.nasGroupIds === undefined ? null : [...by.scope.nasGroupIds],
  }
}

export type RunAuthor =
  | { kind: 'may'; by: Author }
  /** Nothing more is done, and why, in a sentence. */
  | { kind: 'may-not'; reason: string }

/** The author of a run as it is now. */
export async function runAuthor(db: Db, run: KeptAuthor, keyring: Keyring): Promise<RunAuthor> {
  const then: Author = {
    kind: run.author_kind,
    operatorId: run.operator_id,
    name: run.author_name,
    viewedBy: null,
    address: run.address,
    requestId: run.request_id,
    permissions: new Set(run.permissions.filter(isPermission)),
    scope: {
      ownerId: run.owner_id ?? undefined,
      zones: run.zones ?? undefined,
      nasGroupIds: run.nas_group_ids ?? undefined,
    },
    keyring,
  }
  if (run.operator_id === null) return { kind: 'may', by: then }
  const now = await operatorNow(db, run.operator_id, run.token_id)
  if (now === undefined) return { kind: 'may-not', reason: 'its author is no longer in service' }
  const scope = narrower(then.scope, now.scope)
  if (scope === undefined) return { kind: 'may-not', reason: 'its author belongs to another organisation now' }
  const permissions = new Set([...then.permissions].filter((permission) => now.permissions.has(permission)))
  return { kind: 'may', by: { ...then, permissions, scope } }
}

/** What the operator may and reaches at this moment; undefined: out of service, or its token is revoked. */
async function operatorNow(db: Db, operatorId: bigint, tokenId: bigint | null) {
  if (tokenId === null) return standingOf(db, operatorId)
  const token = await db.selectFrom('api_token').select('revoked_at').where('id', '=', tokenId).executeTakeFirst()
  return token?.revoked_at === null ? standingOf(db, operatorId) : undefined
}

/** What two scopes of the same organisation both reach; undefined: they are of two. */
export function narrower(one: Scope, other: Scope): Scope | undefined {
  if (one.ownerId !== other.ownerId) return undefined
  return {
    ownerId: one.ownerId,
    zones: common(one.zones, other.zones),
    nasGroupIds: common(one.nasGroupIds, other.nasGroupIds),
  }
}

function common<Item>(one: readonly Item[] | undefined, other: readonly Item[] | undefined) {
  if (one === undefined || other === undefined) return one ?? other
  return one.filter((item) => other.includes(item))
}
