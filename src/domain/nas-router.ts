// Access to the router behind a NAS: where its management side is, by which account, and whom to believe there. The password is
// sealed and never shown, and it goes to no other place than the one it was given for: the host that was named, or whoever shows
// the certificate that is believed.

import { X509Certificate } from 'node:crypto'
import type { Insertable, Selectable } from 'kysely'
import type { Pool } from '../db/pool.ts'
import type { NasRouterTable } from '../db/schema-routers.ts'
import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import type { AuditValues } from './audit/audit.ts'
import { auditedChange } from './audit/audited-change.ts'
import type { Author } from './author.ts'
import { findCoaTarget } from './coa-target.ts'
import { openField, sealField } from './data-key.ts'
import type { Keyring } from './data-key.ts'
import { checkChoice, checkInteger, checkText, FieldError, NotFoundError, quote } from './field.ts'
import { readNasSettings } from './nas-settings.ts'
import { parseHost } from './prefix.ts'

const backends = ['api', 'rest'] as const
/** RouterOS: api, api-ssl and www-ssl. */
const usualPorts = { api: 8728, 'api over TLS': 8729, rest: 443 } as const
const usualTimeoutMs = 10_000

export type NewRouter = {
  /** Name of the NAS. */
  name: string
  /** `api` (any RouterOS) or `rest` (7.1 and later, over TLS alone). */
  backend: string
  /** Address or name; default: where the NAS is, as CoA finds it, and only over TLS: its packets may come from anywhere. */
  host?: string
  /** Default: 443 for REST, 8729 for the API with a pin or a CA, else 8728. */
  port?: number | string
  userName: string
  /** Absent: the one that is stored, as long as it goes to the same place. */
  password?: string
  /** SHA-256 of the router's certificate, 64 hex digits with or without colons. */
  pin?: string
  /** PEM of the CA instead. */
  ca?: string
  /** The name in the certificate of that CA, where it is not the host. */
  serverName?: string
  /** For one command, in ms: 100 to 60000, default 10000. */
  timeoutMs?: number | string
}

/** What is shown: everything but the password. */
export type RouterShown = {
  nasId: bigint
  name: string
  backend: 'api' | 'rest'
  host: string | null
  port: number
  tls: boolean
  userName: string
  /** In lower case, without colons. */
  pin: string | null
  ca: string | null
  serverName: string | null
  timeoutMs: number
  createdAt: Date
  updatedAt: Date
  /** What is dangerous about it, in a sentence. */
  warning: string | null
}

/** As who connects needs it; `trust` undefined: in the clear. */
export type RouterAccess = {
  readonly backend: 'api' | 'rest'
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly timeoutMs: number
  readonly trust: { readonly sha256: string } | { readonly ca: string; readonly serverName?: string } | undefined
}

/** Nobody knows where the router is, or its password cannot be opened: a person must act. */
export class RouterAccessError extends Error {
  override readonly name = 'RouterAccessError'
}

/**
 * Writes how the router of a NAS is reached, instead of what was there, with its audit entry. Throws NotFoundError, or FieldError:
 * also where the password is left out although nothing is stored, or although it would go to another place than before.
 */
export async function setRouter(db: Db, input: NewRouter, by: Author, now: Date): Promise<RouterShown> {
  const fields = checkRouter(input)
  const { name } = input
  return inTransaction(db, async (trx) => {
    const nas = await trx.selectFrom('nas').select('id').where('name', '=', name).forUpdate().executeTakeFirst()
    if (nas === undefined) throw new NotFoundError('NAS', name)
    const change = async () => {
      const old = await trx.selectFrom('nas_router').selectAll().where('nas_id', '=', nas.id).executeTakeFirst()
      const password = sealedPassword(by.keyring, { nasId: nas.id, given: input.password, fields, old })
      const changes = { ...fields, password, updated_at: now }
      await trx
        .insertInto('nas_router')
        .values({ nas_id: nas.id, ...changes, created_at: now })
        .onConflict((conflict) => conflict.column('nas_id').doUpdateSet(changes))
        .execute()
    }
    await auditedChange(
      trx,
      { action: 'nas-router.set', noun: 'nas-router', read: () => told(trx, name), change },
      by,
      now,
    )
    return showRouter(trx, name)
  })
}

/** For the audit trail, without the password; undefined where there is no access. */
async function told(db: Db, name: string): Promise<AuditValues | undefined> {
  const found = await findShown(db, name)
  if (found === undefined) return undefined
  const { nasId: id, userName: user_name, serverName: server_name, timeoutMs: timeout_ms, ...shown } = found
  const { backend, host, port, tls, pin, ca, updatedAt: updated_at } = shown
  return { id, name, backend, host, port, tls, user_name, pin, ca, server_name, timeout_ms, updated_at }
}

/** How the router of a NAS is reached. Throws NotFoundError where there is no such NAS, or no access to its router. */
export async function showRouter(db: Db, name: string): Promise<RouterShown> {
  const found = await findShown(db, name)
  if (found === undefined) throw new NotFoundError('access to the router of NAS', name)
  return found
}

async function findShown(db: Db, name: string): Promise<RouterShown | undefined> {
  const row = await db
    .selectFrom('nas_router')
    .innerJoin('nas', 'nas.id', 'nas_router.nas_id')
    .selectAll('nas_router')
    .where('nas.name', '=', name)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const tls = row.pin_sha256 !== null || row.ca_pem !== null
  return {
    nasId: row.nas_id,
    name,
    backend: row.backend,
    host: row.host,
    port: row.port,
    tls,
    userName: row.user_name,
    pin: row.pin_sha256?.toString('hex') ?? null,
    ca: row.ca_pem,
    serverName: row.server_name,
    timeoutMs: row.timeout_ms,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    warning: tls ? null : inTheClear,
  }
}

const inTheClear = 'without TLS the password of the router can be read and changed on the way: only inside a tunnel'

/** Forgets it, password and all, with its audit entry. Throws NotFoundError. */
export async function removeRouter(db: Db, name: string, by: Author, now: Date): Promise<void> {
  await inTransaction(db, async (trx) => {
    const { nasId } = await showRouter(trx, name)
    const change = () => trx.deleteFrom('nas_router').where('nas_id', '=', nasId).execute()
    const deed = { action: 'nas-router.delete', noun: 'nas-router' }
    await auditedChange(trx, { ...deed, read: () => told(trx, name), change }, by, now)
  })
}

/**
 * How to get into the router of a NAS now; undefined where nobody gave us access. Throws RouterAccessError where it is known
 * and cannot be used.
 */
export async function findRouterAccess(
  pool: Pool,
  keyring: Keyring,
  nasId: bigint,
  now: Date,
): Promise<RouterAccess | undefined> {
  const { rows } = await pool.query<Selectable<NasRouterTable>>({
    name: 'find-router-access',
    text: `select nas_router.* from nas_router where nas_router.nas_id = $1`,
    values: [nasId],
  })
  const row = rows[0]
  if (row === undefined) return undefined
  const host = row.host ?? (await findCoaTarget(pool, keyring, nasId, now))?.address
  if (host === undefined) throw new RouterAccessError('nobody knows where the router is: give it a host')
  return {
    backend: row.backend,
    host,
    port: row.port,
    user: row.user_name,
    password: openPassword(keyring, row),
    timeoutMs: row.timeout_ms,
    trust: trustOf(row),
  }
}

/** The NASes whose routers are compared with our books by themselves, by id. */
export async function nasesToReconcile(pool: Pool): Promise<bigint[]> {
  const { rows } = await pool.query<{ id: bigint; settings: unknown }>(
    `select nas.id, nas.settings from nas_router join nas on nas.id = nas_router.nas_id
     where nas.vendor = 'mikrotik' order by nas.id`,
  )
  return rows.flatMap(({ id, settings }) => (readNasSettings(settings).reconcile === 'off' ? [] : [id]))
}

function placeOf(nasId: bigint) {
  return { table: 'nas_router', row: nasId, column: 'password' }
}

function openPassword(keyring: Keyring, row: Selectable<NasRouterTable>): string {
  try {
    return openField(keyring, placeOf(row.nas_id), row.password).toString('utf8')
  } catch (cause) {
    throw new RouterAccessError('the password of the router cannot be opened: give it anew', { cause })
  }
}

function trustOf(row: Selectable<NasRouterTable>): RouterAccess['trust'] {
  if (row.pin_sha256 !== null) return { sha256: row.pin_sha256.toString('hex') }
  if (row.ca_pem === null) return undefined
  return row.server_name === null ? { ca: row.ca_pem } : { ca: row.ca_pem, serverName: row.server_name }
}

type Fields = Omit<Insertable<NasRouterTable>, 'nas_id' | 'password' | 'created_at' | 'updated_at'>

function checkRouter(input: NewRouter): Fields {
  const backend = checkChoice('backend', input.backend, backends)
  const pin = input.pin === undefined ? null : checkPin(input.pin)
  const ca = input.ca === undefined ? null : checkCa(input.ca)
  if (pin !== null && ca !== null) throw new FieldError('pin', 'a pin and a CA exclude each other')
  const tls = pin !== null || ca !== null
  if (backend === 'rest' && !tls) throw new FieldError('pin', 'REST is spoken over TLS alone: it needs a pin or a CA')
  if (input.serverName !== undefined && ca === null) throw new FieldError('server-name', 'belongs to a CA')
  if (input.host === undefined && !tls)
    throw new FieldError('host', 'is needed without TLS: the password goes in the clear')
  const usual = backend === 'rest' ? usualPorts.rest : tls ? usualPorts['api over TLS'] : usualPorts.api
  return {
    backend,
    host: input.host === undefined ? null : checkHost('host', input.host),
    port: checkInteger('port', input.port ?? usual, 1, 65_535),
    user_name: checkText('user-name', input.userName, 1, 100),
    pin_sha256: pin,
    ca_pem: ca,
    server_name: input.serverName === undefined ? null : checkHost('server-name', input.serverName),
    timeout_ms: checkInteger('timeout-ms', input.timeoutMs ?? usualTimeoutMs, 100, 60_000),
  }
}

/** The octets to store. A password that was given for one place is not sent to another because somebody changed the address. */
function sealedPassword(
  keyring: Keyring,
  { nasId, given, fields, old }: { nasId: bigint; given: string | undefined; fields: Fields; old: Old | undefined },
): Buffer {
  if (given !== undefined) return sealField(keyring, placeOf(nasId), Buffer.from(checkPassword(given), 'utf8'))
  if (old === undefined) throw new FieldError('password', 'is needed')
  const same =
    (['backend', 'host', 'port', 'ca_pem', 'server_name'] as const).every((name) => old[name] === fields[name]) &&
    old.pin_sha256?.toString('hex') === fields.pin_sha256?.toString('hex')
  if (!same) throw new FieldError('password', 'is needed anew: it would go to another place than before')
  return old.password
}

type Old = Selectable<NasRouterTable>

function checkPassword(password: string): string {
  if (password === '') throw new FieldError('password', 'is empty')
  if (/\p{Cc}/u.test(password)) throw new FieldError('password', 'has a control character or more than one line')
  if (Buffer.byteLength(password) > 256) throw new FieldError('password', 'has more than 256 octets')
  return password
}

/** An address, or a name as DNS has them. */
function checkHost(field: string, text: string): string {
  const host = text.trim().toLowerCase()
  if (host.includes(':') || /^[\d.]+$/.test(host)) return parseHost(field, host)
  const label = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?'
  if (host.length <= 253 && new RegExp(`^${label}(\\.${label})*$`).test(host)) return host
  throw new FieldError(field, `${quote(text)} is no address and no name of a host`)
}

function checkPin(text: string): Buffer {
  const hex = text.replaceAll(/[:\s]/g, '')
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new FieldError('pin', 'is not a SHA-256 fingerprint of 64 hex digits')
  return Buffer.from(hex, 'hex')
}

function checkCa(text: string): string {
  const pem = text.trim()
  if (pem.length > 65_536) throw new FieldError('ca', 'has more than 65536 characters')
  try {
    void new X509Certificate(pem)
  } catch {
    throw new FieldError('ca', 'is no certificate in PEM')
  }
  return pem
}
