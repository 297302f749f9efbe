// Who calls: the operator behind a panel session's cookie or an API token, read anew with every request, so that a changed
// role, a disabled operator or a revoked token counts from the next one on. Only hashes of either are stored.

import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import type { Scope } from '../scope.ts'
import { isPermission, isPermittedTo, permissionsOf } from './permission.ts'
import type { Permission } from './permission.ts'

/** A panel session ends after so long without a request (NIST 800-63B, AAL2). */
export const idleMs = 60 * 60_000
/** And after so long in any case. */
export const absoluteMs = 12 * 3_600_000
/** What is grave asks for a proof not older than this. */
export const proofMs = 5 * 60_000
/** `last_seen_at` is written at most so often: reading a list must not be a write. */
const seenEveryMs = 60_000

export type Caller = {
  kind: 'session' | 'token'
  /** Of the panel session or API token. */
  id: bigint
  operatorId: bigint
  email: string
  name: string
  role: string
  organisationId: bigint
  organisationKind: 'isp' | 'reseller'
  /** `full` for tokens. */
  state: 'password' | 'change' | 'full'
  permissions: ReadonlySet<Permission>
  scope: Scope
  /** When the person last proved who they are; for a token never. */
  provedAt: Date | undefined
  /** E-mail of the super-administrator who looks through this operator's eyes. */
  viewedBy: string | undefined
}

/** 256 random bits as text for a cookie or token. */
export function makeBearer(): string {
  return randomBytes(32).toString('base64url')
}

/** What is stored of it. Random input of 256 bits needs no slow hash. */
export function bearerHash(bearer: string): Buffer {
  return createHash('sha256').update(bearer).digest()
}

type Row = {
  id: bigint
  operator_id: bigint
  email: string
  name: string
  role: string
  built_in: boolean
  role_permissions: string[]
  organisation_id: bigint
  organisation_kind: 'isp' | 'reseller'
  zones: string[] | null
  nas_group_ids: bigint[] | null
  state: 'password' | 'change' | 'full'
  proved_at: Date | null
  viewed_by: string | null
  token_permissions: string[] | null
  is_seen: boolean
}

const who = sql`operator.email, operator.name, role.name as role, role.built_in, role.permissions as role_permissions,
  operator.organisation_id, organisation.kind as organisation_kind, team.zones, team.nas_group_ids`
const whose = sql`join role on role.id = operator.role_id join organisation on organisation.id = operator.organisation_id
  left join team on team.id = operator.team_id`

/**
 * The caller of a panel session; undefined where it is unknown, over, idle too long, or its operator out of service.
 * `quietly`: an open page asks, not a person; the session does not count as used.
 */
export async function callerOfSession(
  db: Db,
  bearer: string,
  now: Date,
  options: { quietly?: boolean } = {},
): Promise<Caller | undefined> {
  const idleSince = new Date(now.getTime() - idleMs)
  const { rows } = await sql<Row>`
    select panel_session.id, panel_session.operator_id, ${who}, panel_session.state, panel_session.proved_at,
      viewer.email as viewed_by, null::text[] as token_permissions,
      panel_session.last_seen_at > ${new Date(now.getTime() - seenEveryMs)} as is_seen
    from panel_session join operator on operator.id = panel_session.operator_id ${whose}
      left join operator viewer on viewer.id = panel_session.viewed_by_id
    where panel_session.token_hash = ${bearerHash(bearer)} and panel_session.ended_at is null
      and panel_session.ends_at > ${now} and panel_session.last_seen_at > ${idleSince}
      and operator.enabled and operator.archived_at is null
      and (viewer.id is null or (viewer.enabled and viewer.archived_at is null))`.execute(db)
  const row = rows[0]
  if (row === undefined) return undefined
  if (!row.is_seen && options.quietly !== true) {
    await db.updateTable('panel_session').set({ last_seen_at: now }).where('id', '=', row.id).execute()
  }
  return callerOf('session', row)
}

/** The caller of an API token; undefined where it is unknown, revoked, over, or used from elsewhere than it may be. */
export async function callerOfToken(
  db: Db,
  bearer: string,
  address: string | undefined,
  now: Date,
): Promise<Caller | undefined> {
  const { rows } = await sql<Row>`
    select api_token.id, api_token.operator_id, ${who}, 'full' as state, null::timestamptz as proved_at,
      null::text as viewed_by, api_token.permissions as token_permissions,
      coalesce(api_token.last_used_at > ${new Date(now.getTime() - seenEveryMs)}, false) as is_seen
    from api_token join operator on operator.id = api_token.operator_id ${whose}
    where api_token.token_hash = ${bearerHash(bearer)} and api_token.revoked_at is null and api_token.expires_at > ${now}
      and operator.enabled and operator.archived_at is null
      and (api_token.allowed = '{}' or ${address ?? null}::inet <<= any(api_token.allowed))`.execute(db)
  const row = rows[0]
  if (row === undefined) return undefined
  if (!row.is_seen) {
    const seen = { last_used_at: now, last_used_address: address ?? null }
    await db.updateTable('api_token').set(seen).where('id', '=', row.id).execute()
  }
  return callerOf('token', row)
}

function callerOf(kind: Caller['kind'], row: Row): Caller {
  const role = { name: row.role, built_in: row.built_in, permissions: row.role_permissions }
  const ofRole = permissionsOf(role).filter((permission) => isPermittedTo(row.organisation_kind, permission))
  const named = row.token_permissions?.filter(isPermission)
  return {
    kind,
    id: row.id,
    operatorId: row.operator_id,
    email: row.email,
    name: row.name,
    role: row.role,
    organisationId: row.organisation_id,
    organisationKind: row.organisation_kind,
    state: row.state,
    // A token may what it names and its operator still may.
    permissions: new Set(named === undefined ? ofRole : ofRole.filter((permission) => named.includes(permission))),
    scope: {
      ownerId: row.organisation_kind === 'reseller' ? row.organisation_id : undefined,
      zones: row.zones ?? undefined,
      nasGroupIds: row.nas_group_ids ?? undefined,
    },
    provedAt: row.proved_at ?? undefined,
    viewedBy: row.viewed_by ?? undefined,
  }
}

/** The author of what this caller does. */
export function authorOf(
  caller: Caller,
  request: { address: string | undefined; requestId: string },
  keyring: Keyring,
): Author {
  return {
    kind: caller.kind === 'token' ? 'token' : 'operator',
    operatorId: caller.operatorId,
    name: caller.email,
    viewedBy: caller.viewedBy ?? null,
    address: request.address ?? null,
    requestId: request.requestId,
    permissions: caller.permissions,
    scope: caller.scope,
    keyring,
  }
}

/** What an operator may and reaches at this moment, for work begun in their name; undefined: out of service. */
export async function standingOf(
  db: Db,
  operatorId: bigint,
): Promise<{ email: string; permissions: ReadonlySet<Permission>; scope: Scope } | undefined> {
  const { rows } = await sql<Omit<Row, 'id' | 'state' | 'proved_at' | 'viewed_by' | 'is_seen'>>`
    select operator.id as operator_id, ${who}, null::text[] as token_permissions
    from operator ${whose}
    where operator.id = ${operatorId} and operator.enabled and operator.archived_at is null`.execute(db)
  const row = rows[0]
  if (row === undefined) return undefined
  const { email, permissions, scope } = callerOf('session', {
    ...row,
    id: operatorId,
    state: 'full',
    proved_at: null,
    viewed_by: null,
    is_seen: true,
  })
  return { email, permissions, scope }
}
