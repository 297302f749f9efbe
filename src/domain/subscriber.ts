// Subscribers: adding one, with its payer, credential, device and addresses, and showing one.

import type { Transaction } from 'kysely'
import { isUniqueViolation, sqlState, sqlStateOf } from '../db/errors.ts'
import type { Database, Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { choosePassword, parseNtHash, checkCredentialKind, writeCredential } from './credential.ts'
import type { CredentialKind, NewCredential, PasswordResult } from './credential.ts'
import type { Keyring } from './data-key.ts'
import { bindDevice } from './device.ts'
import { checkName, ConflictError, FieldError } from './field.ts'
import { findLineHolders } from './line-conflict.ts'
import { findOwner } from './organisation.ts'
import { makeOwnPayer } from './payer.ts'
import { findPlan } from './plan.ts'
import { readSettings } from './setting.ts'
import type { Settings } from './setting.ts'
import { readSubscriberFields } from './subscriber-fields.ts'
import type { FieldNames, SubscriberFields, SubscriberTexts } from './subscriber-fields.ts'

export type NewSubscriber = SubscriberTexts & {
  /** Name of the plan: of its owner or shared. */
  plan: string
  /** Name of the organisation; default the ISP. */
  owner?: string
  /** Name of the group; made where it is new. */
  group?: string
  /** Default clear. */
  credential?: CredentialKind | undefined
  /** Made up where neither is brought; an IPoE subscriber then has none. */
  password?: string
  /** 32 hex digits, in place of a password. */
  ntHash?: string
}

/** `password` is there where one was brought or made, to be shown once if made; `warning` where its kind proves not all. */
export type AddedSubscriber = {
  id: bigint
  username: string
  password: PasswordResult | undefined
  warning: string | undefined
}

export const optionNames: FieldNames = {
  username: 'username',
  expiresAt: 'expires',
  accountType: 'account-type',
  mac: 'mac',
  staticIp: 'static-ip',
  circuitId: 'circuit-id',
  remoteId: 'remote-id',
  duid: 'duid',
  boundInterface: 'interface',
  port: 'port',
  sVlan: 's-vlan',
  cVlan: 'c-vlan',
  fullName: 'full-name',
  phone: 'phone',
  email: 'email',
  address: 'address',
}

/**
 * Adds a subscriber and all that belongs to it in one transaction. One with an expiry is active from now on: who sets the end
 * of a service period has begun it; without one it is new until its first login. Throws FieldError, NotFoundError (plan,
 * owner) or ConflictError (username, static-ip).
 */
export async function addSubscriber(
  db: Db,
  keyring: Keyring,
  input: NewSubscriber,
  now: Date,
): Promise<AddedSubscriber> {
  const settings = await readSettings(db)
  const { fields, errors } = readSubscriberFields(input, optionNames, settings)
  if (errors[0] !== undefined) throw errors[0]
  const { credential, password, warning } = chooseCredential(input, fields, settings)
  return inTransaction(db, async (trx) => {
    const ownerId = await findOwner(trx, input.owner)
    const plan = await findPlan(trx, input.plan, ownerId)
    const groupId = input.group === undefined ? null : await findOrMakeGroup(trx, ownerId, input.group)
    await checkLine(trx, fields)
    const payerId = await makeOwnPayer(
      trx,
      { ownerId, name: fields.fullName ?? fields.username, currency: plan.currency },
      now,
    )
    const id = await insertSubscriber(trx, { fields, ownerId, payerId, groupId, plan }, now)
    if (credential !== undefined) await writeCredential(trx, keyring, { subscriberId: id, credential }, now)
    for (const mac of fields.macs) await bindDevice(trx, { subscriberId: id, mac }, now)
    await insertAddresses(trx, id, fields)
    return { id, username: fields.username, password, warning }
  })
}

/** The columns that a service period with this end has from its beginning. */
export function servicePeriod(expiresAt: Date | null, graceHours: number, now: Date) {
  if (expiresAt === null) return { activated_at: null, expires_at: null, grace_until: null, period_started_at: now }
  const graceUntil = graceHours === 0 ? null : new Date(expiresAt.getTime() + graceHours * 3_600_000)
  return { activated_at: now, expires_at: expiresAt, grace_until: graceUntil, period_started_at: now }
}

type ChosenCredential = {
  credential: NewCredential | undefined
  password: PasswordResult | undefined
  warning: string | undefined
}

function chooseCredential(input: NewSubscriber, fields: SubscriberFields, settings: Settings): ChosenCredential {
  const methods = settings.auth_methods
  if (input.ntHash !== undefined) {
    if (input.password !== undefined) throw new FieldError('nt-hash', 'stands in place of a password, not beside it')
    const ntHash = parseNtHash('nt-hash', input.ntHash)
    return {
      credential: { kind: 'nt-hash', ntHash },
      password: undefined,
      warning: checkCredentialKind('nt-hash', methods),
    }
  }
  if (fields.accountType === 'ipoe' && input.password === undefined) {
    return { credential: undefined, password: undefined, warning: undefined }
  }
  const kind = input.credential ?? 'clear'
  const password = choosePassword(
    { kind, ...(input.password === undefined ? {} : { password: input.password }) },
    methods,
  )
  return { credential: { kind, password: password.password }, password, warning: password.warning }
}

async function findOrMakeGroup(trx: Transaction<Database>, ownerId: bigint, text: string): Promise<bigint> {
  const name = checkName('group', text)
  await trx
    .insertInto('subscriber_group')
    .values({ owner_id: ownerId, name })
    .onConflict((conflict) => conflict.columns(['owner_id', 'name']).doNothing())
    .execute()
  const group = await trx
    .selectFrom('subscriber_group')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return group.id
}

type SubscriberRow = {
  fields: SubscriberFields
  ownerId: bigint
  payerId: bigint
  groupId: bigint | null
  plan: { id: bigint; graceHours: number }
}

async function insertSubscriber(trx: Transaction<Database>, row: SubscriberRow, now: Date): Promise<bigint> {
  const { fields } = row
  const values = {
    owner_id: row.ownerId,
    payer_id: row.payerId,
    plan_id: row.plan.id,
    group_id: row.groupId,
    username: fields.username,
    account_type: fields.accountType,
    ...boundColumns(fields),
    full_name: fields.fullName,
    phone: fields.phone,
    email: fields.email,
    address: fields.address,
    ...servicePeriod(fields.expiresAt, row.plan.graceHours, now),
    created_at: now,
    updated_at: now,
  }
  try {
    return (await trx.insertInto('subscriber').values(values).returning('id').executeTakeFirstOrThrow()).id
  } catch (error) {
    if (!isUniqueViolation(error, 'subscriber_username')) throw error
    throw new ConflictError('username', `there is a subscriber ${fields.username} already`)
  }
}

/** An IPoE line must be one subscriber's. Throws ConflictError naming the field. */
async function checkLine(trx: Transaction<Database>, fields: SubscriberFields): Promise<void> {
  const [holder] = await findLineHolders(trx, [fields])
  if (holder === undefined) return
  const { fact, username } = holder
  throw new ConflictError(optionNames[fact.field], `${fact.value} is of the IPoE subscriber ${username} already`)
}

/** The columns of what a subscriber is bound to. */
function boundColumns({ circuitId, remoteId, duid, binding }: SubscriberFields) {
  return {
    circuit_id: circuitId,
    remote_id: remoteId,
    duid,
    bound_interface: binding.interface,
    bound_port: binding.port,
    bound_s_vlan: binding.sVlan,
    bound_c_vlan: binding.cVlan,
  }
}

async function insertAddresses(
  trx: Transaction<Database>,
  subscriberId: bigint,
  fields: SubscriberFields,
): Promise<void> {
  if (fields.addresses.length === 0) return
  const space = await trx
    .selectFrom('address_space')
    .select('id')
    .where('name', '=', 'default')
    .executeTakeFirstOrThrow()
  for (const { kind, prefix } of fields.addresses) {
    try {
      await trx
        .insertInto('subscriber_address')
        .values({ subscriber_id: subscriberId, address_space_id: space.id, kind, prefix })
        .execute()
    } catch (error) {
      if (sqlStateOf(error) !== sqlState.exclusionViolation) throw error
      throw new ConflictError('static-ip', `${prefix} is or overlaps what a subscriber has already`)
    }
  }
}
