// Realms: what becomes of `name@realm` and `DOMAIN\name`: looked up here with or without the realm, refused, or asked of the
// servers of another ISP (RFC 7542 §2.2 for the form, RFC 2865 §2.3 for forwarding). One rule for access and accounting.

import { isUniqueViolation } from '../db/errors.ts'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import { checkChoice, ConflictError, FieldError, NotFoundError, quote } from './field.ts'
import { findPool } from './home-server.ts'
import type { NasSettings } from './nas-settings.ts'
import { canonicalUsername } from './username.ts'

const realmActions = ['strip', 'keep', 'refuse', 'forward'] as const

export type Realm = {
  /** In canonical form; '' stands for usernames without a realm. */
  readonly name: string
  readonly action: (typeof realmActions)[number]
  /** There with `forward`, and only there. */
  readonly poolId: bigint | undefined
}

/** Realms by their name. */
export type Realms = ReadonlyMap<string, Realm>

/** Where a request goes. `username` is what to look for here. */
export type Route =
  | { readonly kind: 'local'; readonly username: string }
  | { readonly kind: 'refuse'; readonly realm: string; readonly username: string }
  | { readonly kind: 'forward'; readonly realm: string; readonly poolId: bigint }

/**
 * Adds a realm. `pool` is named with `forward` and with nothing else. Throws FieldError, ConflictError, or NotFoundError for
 * a pool that nobody made: a realm that leads nowhere would be silence for its subscribers.
 */
export async function addRealm(
  db: Db,
  input: { name: string; action: string; pool?: string },
  now: Date,
): Promise<{ id: bigint; name: string }> {
  const name = checkRealm(input.name)
  const action = checkChoice('action', input.action, realmActions)
  if (action === 'forward' && input.pool === undefined) throw new FieldError('pool', 'forward needs a pool')
  if (action !== 'forward' && input.pool !== undefined)
    throw new FieldError('pool', 'goes with the action forward only')
  const pool_id = input.pool === undefined ? null : (await findPool(db, input.pool)).id
  try {
    const row = { name, action, pool_id, created_at: now }
    return await db.insertInto('realm').values(row).returning(['id', 'name']).executeTakeFirstOrThrow()
  } catch (error) {
    if (isUniqueViolation(error, 'realm_name_key')) throw new ConflictError('name', 'there is this realm already')
    throw error
  }
}

/** All realms by name. */
export async function listRealms(
  db: Db,
): Promise<{ name: string; action: Realm['action']; pool: string | null; createdAt: Date }[]> {
  return db
    .selectFrom('realm')
    .leftJoin('home_server_pool', 'home_server_pool.id', 'realm.pool_id')
    .select(['realm.name', 'realm.action', 'home_server_pool.name as pool', 'realm.created_at as createdAt'])
    .orderBy('realm.name')
    .execute()
}

/** Removes a realm: its usernames are looked up whole from now on. Throws NotFoundError. */
export async function removeRealm(db: Db, name: string): Promise<void> {
  const result = await db.deleteFrom('realm').where('name', '=', canonicalUsername(name)).executeTakeFirst()
  if (result.numDeletedRows === 0n) throw new NotFoundError('realm', name)
}

/** Every realm, as the packet path needs them. */
export async function loadRealms(pool: Pool): Promise<Realms> {
  const { rows } = await pool.query<{ name: string; action: Realm['action']; pool_id: bigint | null }>(
    'select name, action, pool_id from realm',
  )
  return new Map(
    rows.map((row) => [row.name, { name: row.name, action: row.action, poolId: row.pool_id ?? undefined }]),
  )
}

/**
 * Where a canonical username leads. The suffix behind the last `@` is asked for first (RFC 7542 §2.2: the realm), then the
 * prefix before the first `\`, then, without either, the realm ''. Where no row says anything the username is looked up
 * by the rule of the NAS.
 */
export function routeOf(username: string, realms: Realms, rule: NasSettings['username_rule']): Route {
  // As it is almost everywhere.
  if (realms.size === 0 && rule === 'whole') return { kind: 'local', username }
  const suffix = withoutSuffix(username)
  const prefix = withoutPrefix(username)
  const parts = [suffix, prefix].filter((part) => part !== undefined)
  for (const { realm, name } of parts.length === 0 ? [{ realm: '', name: username }] : parts) {
    const row = realms.get(realm)
    if (row === undefined) continue
    if (row.poolId !== undefined) return { kind: 'forward', realm, poolId: row.poolId }
    if (row.action === 'refuse') return { kind: 'refuse', realm, username }
    return { kind: 'local', username: row.action === 'strip' ? name : username }
  }
  return { kind: 'local', username: usernameByRule(username, rule) }
}

function usernameByRule(username: string, rule: NasSettings['username_rule']): string {
  let name = username
  if (rule === 'strip-realm' || rule === 'strip-both') name = withoutSuffix(name)?.name ?? name
  if (rule === 'strip-domain' || rule === 'strip-both') name = withoutPrefix(name)?.name ?? name
  return name
}

type Parts = { readonly realm: string; readonly name: string }

function withoutSuffix(username: string): Parts | undefined {
  const at = username.lastIndexOf('@')
  return at === -1 ? undefined : { realm: username.slice(at + 1), name: username.slice(0, at) }
}

function withoutPrefix(username: string): Parts | undefined {
  const at = username.indexOf('\\')
  return at === -1 ? undefined : { realm: username.slice(0, at), name: username.slice(at + 1) }
}

function checkRealm(text: string): string {
  const name = canonicalUsername(text)
  if (/[@\\\s]/.test(name))
    throw new FieldError('name', `${quote(text)} is not a realm: no @, backslash or blank in it`)
  if (Buffer.byteLength(name) > 253) throw new FieldError('name', 'has more than 253 octets')
  return name
}
