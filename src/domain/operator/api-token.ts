// API tokens: keys for programs, with some of the rights of the operator who made them, until a date, from where they say. The
// token is shown once and kept as a hash; it begins with `gh_`, so that who finds one in the wild knows whose it is.

import { sql } from 'kysely'
import ipaddr from 'ipaddr.js'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkText, ConflictError, FieldError, NotFoundError, quote } from '../field.ts'
import { ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { bearerHash, makeBearer } from './caller.ts'
import type { Caller } from './caller.ts'
import { checkPermissions } from './role.ts'

const prefix = 'gh_'
const shownLength = 9
const longestDays = 366
/** Of one operator. */
const maximumTokens = 100
const maximumNetworks = 50

export type ApiToken = {
  id: bigint
  operatorId: bigint
  operator: string
  name: string
  prefix: string
  permissions: string[]
  allowed: string[]
  createdAt: Date
  expiresAt: Date
  lastUsedAt: Date | null
  lastUsedAddress: string | null
  revokedAt: Date | null
}

export type NewApiToken = {
  name: string
  permissions: readonly string[]
  expiresAt: Date
  /** From where it may be used; empty: from anywhere. */
  allowed: readonly string[]
}

/** Makes a token for the caller; it is shown now and never again. Throws FieldError, ConflictError, AboveError. */
export async function addApiToken(
  db: Db,
  input: NewApiToken & { caller: Caller },
  by: Author,
  now: Date,
): Promise<{ id: bigint; token: string }> {
  const { caller } = input
  const name = checkText('name', input.name, 2, 100)
  const permissions = checkPermissions(input.permissions, by)
  if (permissions.length === 0) throw new FieldError('permissions', 'must name at least one')
  const days = (input.expiresAt.getTime() - now.getTime()) / 86_400_000
  if (days <= 0 || days > longestDays) {
    throw new FieldError('expires_at', `must lie in the future, at most ${longestDays} days from now`)
  }
  const allowed = input.allowed.map((network) => checkNetwork('allowed', network))
  if (allowed.length > maximumNetworks) throw new FieldError('allowed', `has over ${maximumNetworks} entries`)
  await requireRoom(db, caller.operatorId, now)
  const token = `${prefix}${makeBearer()}`
  const { id } = await db
    .insertInto('api_token')
    .values({
      operator_id: caller.operatorId,
      name,
      prefix: token.slice(0, shownLength),
      token_hash: bearerHash(token),
      permissions,
      allowed,
      created_at: now,
      expires_at: input.expiresAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const after = { name, permissions, allowed, expires_at: input.expiresAt }
  const deed = { action: 'api-token.create', noun: 'api-token', rowId: id, ownerId: caller.organisationId }
  await writeAudit(db, { ...deed, after }, by, now)
  return { id, token }
}

async function requireRoom(db: Db, operatorId: bigint, now: Date): Promise<void> {
  const rows = await db
    .selectFrom('api_token')
    .select('id')
    .where('operator_id', '=', operatorId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .execute()
  if (rows.length >= maximumTokens) throw new ConflictError('name', `there are ${maximumTokens} tokens already`)
}

/** An address or network as CIDR text, host bits refused. Throws FieldError. */
function checkNetwork(field: string, text: string): string {
  const whole = text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`
  try {
    // The parser reads 010.0.0.0 as octal and 10.1 as 10.0.0.1, as C does: nobody means that. A zone (%eth0) is this machine's own.
    if (!text.includes(':') && !ipaddr.IPv4.isValidCIDRFourPartDecimal(whole)) throw new Error('not four decimal parts')
    if (text.includes('%')) throw new Error('an address of one link')
    const [address, length] = ipaddr.parseCIDR(whole)
    const network =
      address.kind() === 'ipv4' ? ipaddr.IPv4.networkAddressFromCIDR(whole) : ipaddr.IPv6.networkAddressFromCIDR(whole)
    if (network.toString() !== address.toString())
      throw new FieldError(field, `${quote(text)} has bits behind its mask`)
    return `${address.toString()}/${length}`
  } catch (error) {
    if (error instanceof FieldError) throw error
    throw new FieldError(field, `${quote(text)} is not a network such as 192.0.2.0/24`)
  }
}

/** Tokens in reach, the newest first: of one operator, or of all (`operatorId` undefined). Revoked and expired ones show so. */
export async function listApiTokens(
  db: Db,
  input: { operatorId: bigint | undefined; before: bigint | undefined; limit: number },
  scope: Scope,
): Promise<ApiToken[]> {
  const { rows } = await sql<ApiToken>`
    select api_token.id, api_token.operator_id as "operatorId", operator.email as operator, api_token.name,
      api_token.prefix, api_token.permissions, api_token.allowed::text[] as allowed, api_token.created_at as "createdAt",
      api_token.expires_at as "expiresAt", api_token.last_used_at as "lastUsedAt",
      host(api_token.last_used_address) as "lastUsedAddress", api_token.revoked_at as "revokedAt"
    from api_token join operator on operator.id = api_token.operator_id
    where ${ownedInScope(scope, 'operator.organisation_id')}
      and ${input.operatorId === undefined ? sql`true` : sql`api_token.operator_id = ${input.operatorId}`}
      and ${input.before === undefined ? sql`true` : sql`api_token.id < ${input.before}`}
    order by api_token.id desc limit ${input.limit}`.execute(db)
  return rows
}

/** Revokes a token in reach, of this operator where one is named. It is refused from the next request on. Throws NotFoundError. */
export async function revokeApiToken(
  db: Db,
  input: { id: bigint; operatorId: bigint | undefined },
  by: Author,
  now: Date,
): Promise<void> {
  const { rows } = await sql<{ name: string; organisation_id: bigint }>`
    update api_token set revoked_at = ${now} from operator
    where api_token.id = ${input.id} and api_token.revoked_at is null and operator.id = api_token.operator_id
      and ${ownedInScope(by.scope, 'operator.organisation_id')}
      and ${input.operatorId === undefined ? sql`true` : sql`api_token.operator_id = ${input.operatorId}`}
    returning api_token.name, operator.organisation_id`.execute(db)
  const [row] = rows
  if (row === undefined) throw new NotFoundError('API token', String(input.id))
  const deed = { action: 'api-token.revoke', noun: 'api-token', rowId: input.id, ownerId: row.organisation_id }
  await writeAudit(db, { ...deed, before: { name: row.name } }, by, now)
}
