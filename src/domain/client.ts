// RADIUS clients: who may send to us, with which secrets and policies. Which device speaks is the NAS (nas-device.ts).

import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import { isUniqueViolation } from '../db/errors.ts'
import type { Database, Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { sealField } from './data-key.ts'
import type { Keyring } from './data-key.ts'
import { checkChoice, checkInteger, checkText, ConflictError, FieldError, NotFoundError } from './field.ts'
import { findPool } from './home-server.ts'
import { addOnlyNas } from './nas-device.ts'
import { nasGroupNamed } from './nas-group.ts'
import { vendorNames } from './nas.ts'
import { parseClientPrefix } from './prefix.ts'
import { checkRadsec, type RadsecInput } from './radsec-client.ts'
import { checkSecret, makeSecret } from './secret.ts'
import { readSettings } from './setting.ts'

export const newNasPolicies = ['allow', 'refuse'] as const
export const messageAuthenticatorPolicies = ['require', 'auto', 'off'] as const

type Policies = RadsecInput & {
  /** Whether devices may be made on first sight. Default allow. */
  newNas?: string
  /** Default auto: required once seen (decision 6). */
  messageAuthenticator?: string
  limitProxyState?: boolean
  trustedProxy?: boolean
  /** How long its NASes wait in all, 100 to 60000. */
  patienceMs?: number | string
  /** Name of the NAS group of devices made from now on. Default: `default`. */
  group?: string
  /** Name of the pool that is asked for subscribers nobody knows here; '' ends that. */
  unknownPool?: string
}

export type NewClient = Policies & {
  name: string
  /** `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/48`. */
  address: string
  /** Makes the client's single NAS at once, with the client's name. */
  vendor?: string
  /** Made up where none is brought. */
  secret?: string
  allowWeakSecret?: boolean
}

/** A secret as it was given or made, to be shown once, and what is doubtful about it. */
export type SecretResult = { secret: string; made: boolean; warning: string | undefined }

export type ClientSummary = {
  id: bigint
  name: string
  prefix: string
  vendor: string
  newNas: 'allow' | 'refuse'
  messageAuthenticator: 'require' | 'auto' | 'off'
  /** Since when `auto` requires it. */
  messageAuthenticatorSeenAt: Date | null
  limitProxyState: boolean
  trustedProxy: boolean
  patienceMs: number
  group: string
  /** Where requests of unknown subscribers are forwarded to. */
  unknownPool: string | null
  /** By which certificate it is known over TLS. */
  radsecFingerprint: string | null
  radsecName: string | null
  nasCount: number
  /** Secrets valid now; two while a rotation runs. */
  secretCount: number
  createdAt: Date
}

/** Adds a client with its secret, and its single NAS where a vendor is named. Throws FieldError or ConflictError. */
export async function addClient(
  db: Db,
  keyring: Keyring,
  input: NewClient,
  now: Date,
): Promise<SecretResult & { id: bigint; prefix: string; nasId: bigint | undefined }> {
  const name = checkText('name', input.name, 1, 100)
  const prefix = parseClientPrefix('address', input.address)
  const vendor = input.vendor === undefined ? undefined : checkChoice('vendor', input.vendor, vendorNames)
  const policies = checkPolicies(input)
  const { secret_minimum_length: minimum } = await readSettings(db)
  const chosen = chooseSecret(input, minimum)
  return inTransaction(db, async (trx) => {
    const groupId = await nasGroupNamed(trx, input.group ?? 'default')
    const row = {
      name,
      prefix,
      default_vendor: vendor ?? 'standard',
      nas_group_id: groupId,
      created_at: now,
      ...policies,
      ...(await unknownPoolOf(trx, input)),
    }
    const { id } = await insertClient(trx, row)
    await insertSecret(trx, keyring, { clientId: id, secret: chosen.secret }, now)
    const nasId = vendor && (await addOnlyNas(trx, { clientId: id, nasGroupId: groupId, name, vendor }, now))
    return { ...chosen, id, prefix, nasId }
  })
}

/** Changes policies of a client; what is not named stays, also the group of its NASes (setNas). Throws FieldError or NotFoundError. */
export async function setClient(db: Db, input: Policies & { name: string }): Promise<void> {
  const group = input.group === undefined ? {} : { nas_group_id: await nasGroupNamed(db, input.group) }
  const changes = { ...checkPolicies(input), ...group, ...(await unknownPoolOf(db, input)) }
  if (Object.keys(changes).length === 0) throw new FieldError('client', 'nothing to change was named')
  // A latch that stays would make `auto` mean `require` at once: an operator who sets the policy anew starts anew.
  const latch = input.messageAuthenticator === undefined ? {} : { message_authenticator_seen_at: null }
  const update = db.updateTable('radius_client').set({ ...changes, ...latch })
  const result = await unlessTaken(() => update.where('name', '=', input.name).executeTakeFirst())
  if (result.numUpdatedRows === 0n) throw new NotFoundError('client', input.name)
}

/**
 * Gives a client a new secret. The one before stays valid for `keepDays` (default: the setting secret_overlap_days); a still
 * older one ends now, since only two are tried. Throws FieldError or NotFoundError.
 */
export async function rotateSecret(
  db: Db,
  keyring: Keyring,
  input: { name: string; secret?: string; allowWeakSecret?: boolean; keepDays?: number | string },
  now: Date,
): Promise<SecretResult & { oldValidUntil: Date }> {
  const settings = await readSettings(db)
  const keepDays = checkInteger('keep', input.keepDays ?? settings.secret_overlap_days, 0, 90)
  const chosen = chooseSecret(input, settings.secret_minimum_length)
  const oldValidUntil = new Date(now.getTime() + keepDays * 86_400_000)
  await inTransaction(db, async (trx) => {
    // Locked, so that two rotations at once leave two secrets and not three.
    const client = await trx
      .selectFrom('radius_client')
      .select('id')
      .where('name', '=', input.name)
      .forUpdate()
      .executeTakeFirst()
    if (client === undefined) throw new NotFoundError('client', input.name)
    await endOldSecrets(trx, client.id, oldValidUntil, now)
    await insertSecret(trx, keyring, { clientId: client.id, secret: chosen.secret }, now)
  })
  return { ...chosen, oldValidUntil }
}

/** Removes a client with its secrets. Throws NotFoundError, or ConflictError naming the devices that still speak through it. */
export async function removeClient(db: Db, name: string): Promise<void> {
  const client = await db
    .selectFrom('radius_client')
    .select('id')
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirst()
  if (client === undefined) throw new NotFoundError('client', name)
  const nases = await db.selectFrom('nas').select('name').where('client_id', '=', client.id).orderBy('name').execute()
  if (nases.length > 0) {
    const names = nases.slice(0, 5).map((nas) => nas.name)
    throw new ConflictError('name', `${nases.length} NASes speak through it: ${names.join(', ')}`)
  }
  await db.deleteFrom('radius_client').where('id', '=', client.id).execute()
}

/** All clients by name. */
export async function listClients(db: Db, now: Date): Promise<ClientSummary[]> {
  const rows = await db
    .selectFrom('radius_client')
    .select((eb) => [
      'id',
      'name',
      sql<string>`radius_client.prefix::text`.as('prefix'),
      'default_vendor as vendor',
      'new_nas as newNas',
      'message_authenticator as messageAuthenticator',
      'message_authenticator_seen_at as messageAuthenticatorSeenAt',
      'limit_proxy_state as limitProxyState',
      'trusted_proxy as trustedProxy',
      'patience_ms as patienceMs',
      'radsec_fingerprint as radsecFingerprint',
      'radsec_name as radsecName',
      eb
        .selectFrom('nas_group')
        .select('nas_group.name')
        .whereRef('nas_group.id', '=', 'radius_client.nas_group_id')
        .$asScalar()
        .$notNull()
        .as('group'),
      eb
        .selectFrom('home_server_pool')
        .select('home_server_pool.name')
        .whereRef('home_server_pool.id', '=', 'radius_client.unknown_pool_id')
        .as('unknownPool'),
      'created_at as createdAt',
      eb
        .selectFrom('nas')
        .select(sql<number>`count(*)::int`.as('n'))
        .whereRef('nas.client_id', '=', 'radius_client.id')
        .as('nasCount'),
      eb
        .selectFrom('client_secret')
        .select(sql<number>`count(*)::int`.as('n'))
        .whereRef('client_secret.client_id', '=', 'radius_client.id')
        .where((or) => or.or([or('valid_until', 'is', null), or('valid_until', '>', now)]))
        .as('secretCount'),
    ])
    .orderBy('name')
    .execute()
  return rows.map((row) => ({ ...row, nasCount: row.nasCount ?? 0, secretCount: row.secretCount ?? 0 }))
}

function checkPolicies(input: Policies) {
  const { newNas, messageAuthenticator, limitProxyState, trustedProxy, patienceMs } = input
  return {
    ...checkRadsec(input),
    ...(newNas === undefined ? {} : { new_nas: checkChoice('new-nas', newNas, newNasPolicies) }),
    ...(messageAuthenticator === undefined
      ? {}
      : {
          message_authenticator: checkChoice(
            'message-authenticator',
            messageAuthenticator,
            messageAuthenticatorPolicies,
          ),
        }),
    ...(limitProxyState === undefined ? {} : { limit_proxy_state: limitProxyState }),
    ...(trustedProxy === undefined ? {} : { trusted_proxy: trustedProxy }),
    ...(patienceMs === undefined ? {} : { patience_ms: checkInteger('patience-ms', patienceMs, 100, 60_000) }),
  }
}

async function unknownPoolOf(db: Db, { unknownPool }: Policies): Promise<{ unknown_pool_id?: bigint | null }> {
  if (unknownPool === undefined) return {}
  return { unknown_pool_id: unknownPool === '' ? null : (await findPool(db, unknownPool)).id }
}

function chooseSecret(input: { secret?: string; allowWeakSecret?: boolean }, minimum: number): SecretResult {
  if (input.secret === undefined) return { secret: makeSecret(), made: true, warning: undefined }
  const warning = checkSecret('secret', input.secret, { minimum, allowWeak: input.allowWeakSecret ?? false })
  return { secret: input.secret, made: false, warning }
}

async function insertClient(
  trx: Transaction<Database>,
  row: Parameters<ReturnType<typeof trx.insertInto<'radius_client'>>['values']>[0],
) {
  return unlessTaken(() => trx.insertInto('radius_client').values(row).returning('id').executeTakeFirstOrThrow())
}

/** What another client has already is said by the name of its field. */
async function unlessTaken<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (isUniqueViolation(error, 'radius_client_name_key'))
      throw new ConflictError('name', 'there is a client of this name already')
    if (isUniqueViolation(error, 'radius_client_prefix_key'))
      throw new ConflictError('address', 'another client has this address already')
    if (isUniqueViolation(error, 'radius_client_radsec_fingerprint_key'))
      throw new ConflictError('radsec-fingerprint', 'another client has this certificate already')
    if (isUniqueViolation(error, 'radius_client_radsec_name_key'))
      throw new ConflictError('radsec-name', 'another client has this name already')
    throw error
  }
}

/** The id comes first: it is part of what the seal authenticates (decision 23). */
async function insertSecret(
  trx: Transaction<Database>,
  keyring: Keyring,
  input: { clientId: bigint; secret: string },
  now: Date,
): Promise<void> {
  const { rows } = await sql<{
    id: bigint
  }>`select nextval(pg_get_serial_sequence('client_secret', 'id')) as id`.execute(trx)
  const id = rows[0]!.id
  const secret = sealField(keyring, { table: 'client_secret', row: id, column: 'secret' }, Buffer.from(input.secret))
  await sql`insert into client_secret (id, client_id, secret, created_at) overriding system value
    values (${id}, ${input.clientId}, ${secret}, ${now})`.execute(trx)
}

async function endOldSecrets(
  trx: Transaction<Database>,
  clientId: bigint,
  newestUntil: Date,
  now: Date,
): Promise<void> {
  const secrets = await trx
    .selectFrom('client_secret')
    .select('id')
    .where('client_id', '=', clientId)
    .orderBy('id', 'desc')
    .execute()
  const [newest, ...older] = secrets.map((secret) => secret.id)
  if (newest !== undefined) {
    await trx.updateTable('client_secret').set({ valid_until: newestUntil }).where('id', '=', newest).execute()
  }
  if (older.length > 0) {
    await trx
      .updateTable('client_secret')
      .set((eb) => ({ valid_until: eb.fn<Date>('least', [eb.fn.coalesce('valid_until', eb.val(now)), eb.val(now)]) }))
      .where('id', 'in', older)
      .execute()
  }
}
