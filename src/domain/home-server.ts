// Home servers: RADIUS servers of others, in pools, to which requests are forwarded (RFC 2865 §2.3): of wholesale partners, or
// the server that an ISP moves away from. Their secrets are sealed like those of clients.

import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import { isUniqueViolation } from '../db/errors.ts'
import type { Pool } from '../db/pool.ts'
import type { HomeServerTable } from '../db/schema-lines.ts'
import type { Database, Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { openFieldOr, sealField } from './data-key.ts'
import type { Keyring, SealError } from './data-key.ts'
import { checkChoice, checkInteger, checkText, ConflictError, NotFoundError } from './field.ts'
import { parseHost } from './prefix.ts'
import { checkSecret } from './secret.ts'
import { readSettings } from './setting.ts'

const policies = ['require', 'auto', 'off'] as const

export type NewHomeServer = {
  /** Made when it is first named. */
  pool: string
  name: string
  address: string
  /** Default 1812. */
  authPort?: number | string
  /** Default 1813. */
  acctPort?: number | string
  /** Lower is asked first. Default 0. */
  priority?: number | string
  /** How long one try waits, 100 to 30000. Default 1000. */
  timeoutMs?: number | string
  /** Default 2. */
  tries?: number | string
  /** Whether its answers must be signed. Default auto: from the first that is. */
  messageAuthenticator?: string
  secret: string
  allowWeakSecret?: boolean
}

/** As the packet path needs it. */
export type HomeServer = {
  readonly id: bigint
  readonly poolId: bigint
  readonly name: string
  readonly address: string
  readonly authPort: number
  readonly acctPort: number
  readonly secret: Buffer
  readonly messageAuthenticator: (typeof policies)[number]
  readonly messageAuthenticatorSeen: boolean
  readonly timeoutMs: number
  readonly tries: number
}

export type HomeServerSummary = Omit<HomeServer, 'id' | 'poolId' | 'secret' | 'messageAuthenticatorSeen'> & {
  pool: string
  priority: number
  /** Since when `auto` requires it. */
  messageAuthenticatorSeenAt: Date | null
  createdAt: Date
}

/** Adds a home server, and its pool where it is new. Throws FieldError (a weak secret among them) or ConflictError. */
export async function addHomeServer(
  db: Db,
  keyring: Keyring,
  input: NewHomeServer,
  now: Date,
): Promise<{ id: bigint; warning: string | undefined }> {
  const row = {
    name: checkText('name', input.name, 1, 100),
    priority: checkInteger('priority', input.priority ?? 0, -1000, 1000),
    address: parseHost('address', input.address),
    auth_port: checkInteger('auth-port', input.authPort ?? 1812, 1, 65_535),
    acct_port: checkInteger('acct-port', input.acctPort ?? 1813, 1, 65_535),
    message_authenticator: checkChoice('message-authenticator', input.messageAuthenticator ?? 'auto', policies),
    timeout_ms: checkInteger('timeout-ms', input.timeoutMs ?? 1_000, 100, 30_000),
    tries: checkInteger('tries', input.tries ?? 2, 1, 10),
    created_at: now,
  }
  const pool = checkText('pool', input.pool, 1, 100)
  const { secret_minimum_length: minimum } = await readSettings(db)
  const warning = checkSecret('secret', input.secret, { minimum, allowWeak: input.allowWeakSecret ?? false })
  return inTransaction(db, async (trx) => {
    // The id comes first: it is part of what the seal authenticates (decision 23).
    const { rows } = await sql<{
      id: bigint
    }>`select nextval(pg_get_serial_sequence('home_server', 'id')) as id`.execute(trx)
    const id = rows[0]!.id
    const secret = sealField(keyring, { table: 'home_server', row: id, column: 'secret' }, Buffer.from(input.secret))
    const pool_id = await findOrMakePool(trx, pool, now)
    await insertServer(trx, { ...row, id, secret, pool_id })
    return { id, warning }
  })
}

/** All home servers in the order in which they are asked, pool by pool. */
export async function listHomeServers(db: Db): Promise<HomeServerSummary[]> {
  return db
    .selectFrom('home_server')
    .innerJoin('home_server_pool', 'home_server_pool.id', 'home_server.pool_id')
    .select([
      'home_server_pool.name as pool',
      'home_server.name',
      'home_server.priority',
      sql<string>`host(home_server.address)`.as('address'),
      'home_server.auth_port as authPort',
      'home_server.acct_port as acctPort',
      'home_server.timeout_ms as timeoutMs',
      'home_server.tries',
      'home_server.message_authenticator as messageAuthenticator',
      'home_server.message_authenticator_seen_at as messageAuthenticatorSeenAt',
      'home_server.created_at as createdAt',
    ])
    .orderBy('home_server_pool.name')
    .orderBy('home_server.priority')
    .orderBy('home_server.id')
    .execute()
}

/**
 * Removes a home server; its pool goes with the last one. Throws NotFoundError, or ConflictError for the last one of a pool
 * that a realm or a client still names: their requests would lead nowhere.
 */
export async function removeHomeServer(db: Db, name: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const server = await trx.deleteFrom('home_server').where('name', '=', name).returning('pool_id').executeTakeFirst()
    if (server === undefined) throw new NotFoundError('home server', name)
    const { rows } = await sql<{ others: boolean; named: boolean }>`
      select exists (select from home_server where pool_id = ${server.pool_id}) as others,
             exists (select from realm where pool_id = ${server.pool_id})
               or exists (select from radius_client where unknown_pool_id = ${server.pool_id}) as named`.execute(trx)
    const { others, named } = rows[0]!
    if (others) return
    if (named) throw new ConflictError('name', 'is the last of a pool that a realm or a client forwards to')
    await trx.deleteFrom('home_server_pool').where('id', '=', server.pool_id).execute()
  })
}

/** A pool by its name. Throws NotFoundError. */
export async function findPool(db: Db, name: string): Promise<{ id: bigint }> {
  const found = await db.selectFrom('home_server_pool').select('id').where('name', '=', name).executeTakeFirst()
  if (found === undefined) throw new NotFoundError('pool', name)
  return found
}

/** A home server whose secret is still sealed: plain data that can be kept in a file. */
export type SealedHomeServer = HomeServer

/** Every home server for `openHomeServers`, in the order in which those of a pool are asked. */
export async function readHomeServers(pool: Pool): Promise<SealedHomeServer[]> {
  const { rows } = await pool.query<SealedHomeServer>(
    `select id, pool_id as "poolId", name, host(address) as address, auth_port as "authPort", acct_port as "acctPort",
            secret, message_authenticator as "messageAuthenticator",
            message_authenticator_seen_at is not null as "messageAuthenticatorSeen", timeout_ms as "timeoutMs", tries
     from home_server order by pool_id, priority, id`,
  )
  return rows
}

/**
 * The servers of each pool in the order in which they are asked. One whose secret cannot be opened is told to `onSealError`
 * and missing.
 */
export function openHomeServers(
  sealed: readonly SealedHomeServer[],
  keyring: Keyring,
  onSealError: (error: SealError, server: string) => void,
): Map<bigint, HomeServer[]> {
  const pools = new Map<bigint, HomeServer[]>()
  for (const row of sealed) {
    const place = { table: 'home_server', row: row.id, column: 'secret' }
    const secret = openFieldOr(keyring, place, row.secret, (error) => onSealError(error, row.name))
    if (secret !== undefined) pools.set(row.poolId, [...(pools.get(row.poolId) ?? []), { ...row, secret }])
  }
  return pools
}

/** Both. */
export async function loadHomeServers(
  pool: Pool,
  keyring: Keyring,
  onSealError: (error: SealError, server: string) => void,
): Promise<Map<bigint, HomeServer[]>> {
  return openHomeServers(await readHomeServers(pool), keyring, onSealError)
}

/** Latches `auto` to `require`: from now on the answers of this server must be signed (CVE-2024-3596). */
export async function latchHomeServer(pool: Pool, id: bigint, now: Date): Promise<void> {
  await pool.query(
    `update home_server set message_authenticator_seen_at = $2 where id = $1 and message_authenticator_seen_at is null`,
    [id, now],
  )
}

async function findOrMakePool(trx: Transaction<Database>, name: string, now: Date): Promise<bigint> {
  await trx
    .insertInto('home_server_pool')
    .values({ name, created_at: now })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  return (await findPool(trx, name)).id
}

type ServerRow = { [Column in keyof Omit<HomeServerTable, 'message_authenticator_seen_at'>]: unknown }

async function insertServer(trx: Transaction<Database>, row: ServerRow): Promise<void> {
  try {
    await sql`insert into home_server (id, pool_id, name, priority, address, auth_port, acct_port, secret,
        message_authenticator, timeout_ms, tries, created_at) overriding system value
      values (${row.id}, ${row.pool_id}, ${row.name}, ${row.priority}, ${row.address}, ${row.auth_port}, ${row.acct_port},
        ${row.secret}, ${row.message_authenticator}, ${row.timeout_ms}, ${row.tries}, ${row.created_at})`.execute(trx)
  } catch (error) {
    if (isUniqueViolation(error, 'home_server_name_key')) {
      throw new ConflictError('name', 'there is a home server of this name already')
    }
    throw error
  }
}
