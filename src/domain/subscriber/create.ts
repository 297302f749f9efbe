// A new subscriber and all that belongs to it, in one transaction: payer, credential, devices, addresses, routes, first comment.

import { isUniqueViolation } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { checkCredentialKind, choosePassword, parseNtHash, writeCredential } from '../credential.ts'
import type { CredentialKind, NewCredential, PasswordResult } from '../credential.ts'
import { checkName, ConflictError, FieldError } from '../field.ts'
import type { AttributeCheck } from '../nas-device.ts'
import { requireSubscriberRoom } from '../organisation.ts'
import { makeOwnPayer } from '../payer.ts'
import { readSettings } from '../setting.ts'
import type { Settings } from '../setting.ts'
import { checkAttributeLines, readSubscriberFields } from '../subscriber-fields.ts'
import type { FieldNames, SubscriberFields, SubscriberTexts } from '../subscriber-fields.ts'
import { addressHolders, replaceAddresses } from './address.ts'
import { addComment } from './comment.ts'
import { bindDevices, requireDeviceRoom } from './device.ts'
import { lineConflicts } from './line.ts'
import type { LineColumns } from './line.ts'
import { findGroupOf, findNasGroup, findOrganisation, findPayerOf, findPlanFor } from './names.ts'
import type { Named, PlanNamed } from './names.ts'
import { checkRoute, replaceRoutes } from './route.ts'
import { servicePeriod } from './service-period.ts'
import { requireZone } from './zone.ts'

export type NewSubscriberInput = {
  /** What is read by the rules of fields, and how each is called where it was written. */
  texts: SubscriberTexts
  names: FieldNames
  plan: Named
  nextPlan?: Named | undefined
  /** Default: the author's organisation, or the ISP. */
  owner?: Named | undefined
  /** An existing payer of the owner; default: one of its own. */
  payerId?: bigint | undefined
  /** A name that is new makes the group where the author may. */
  group?: Named | undefined
  nasGroup?: Named | undefined
  /** Default clear. */
  credential?: CredentialKind | undefined
  /** Made up where neither is brought; an IPoE subscriber then has none. */
  password?: string | undefined
  /** 32 hex digits, in place of a password. */
  ntHash?: string | undefined
  /** In place of those of the texts. */
  attributes?: readonly string[] | undefined
  routes?: readonly string[] | undefined
  /** Default: as the plan says. */
  autoRenew?: boolean | undefined
  /** The register date; default now. */
  createdAt?: Date | undefined
  comment?: string | undefined
  checkAttribute?: AttributeCheck | undefined
}

/** `password` is there where one was brought or made, to be shown once if made; `warning` where its kind proves not all. */
export type AddedSubscriber = {
  id: bigint
  username: string
  password: PasswordResult | undefined
  warning: string | undefined
}

/**
 * Adds a subscriber. One with an expiry is active from now on: who sets the end of a service period has begun it; without one
 * it is new until its first login. Throws FieldError, NotFoundError (plan, owner, group, payer), ConflictError (username,
 * address, line, limit of the organisation) or ForbiddenError.
 */
export async function createSubscriber(
  db: Db,
  input: NewSubscriberInput,
  by: Author,
  now: Date,
): Promise<AddedSubscriber> {
  const settings = await readSettings(db)
  const { checkAttribute } = input
  const rules = { ...settings, ...(checkAttribute === undefined ? {} : { checkAttribute }) }
  const { fields, errors } = readSubscriberFields(input.texts, input.names, rules)
  if (errors[0] !== undefined) throw errors[0]
  if (input.attributes !== undefined) {
    fields.attributes = checkAttributeLines(input.names.attributes, input.attributes, checkAttribute)
  }
  requireZone(input.names.zone, fields.zone, by.scope)
  const routes = (input.routes ?? []).map((route) => checkRoute('routes', route))
  const createdAt = checkRegisterDate(input.createdAt, now)
  const { credential, password, warning } = chooseCredential(input, fields, settings)
  return inTransaction(db, async (trx) => {
    const place = await findPlace(trx, input, fields, by, now)
    requireFieldPermissions(fields, input, by)
    requireDeviceRoom(input.names.mac, fields.macs, fields.deviceLimit ?? place.plan.device_limit)
    const id = await insertSubscriber(trx, { fields, place, createdAt, input }, now)
    await checkFree(trx, { id, fields, input }, by)
    if (credential !== undefined) await writeCredential(trx, by.keyring, { subscriberId: id, credential }, now)
    await bindDevices(trx, [{ subscriberId: id, macs: fields.macs }], now)
    await replaceAddresses(trx, [{ subscriberId: id, addresses: fields.addresses }], input.names.staticIp)
    await replaceRoutes(trx, id, routes)
    const after = auditValues(fields, place, routes)
    const deed = { action: 'subscriber.create', noun: 'subscriber', rowId: id, ownerId: place.ownerId, after }
    await writeAudit(trx, deed, by, now)
    if (input.comment !== undefined) await addComment(trx, { subscriberId: id, text: input.comment }, by, now)
    return { id, username: fields.username, password, warning }
  })
}

/** What lets somebody in on the network, or gives service, needs more than the right to add. */
function requireFieldPermissions(fields: SubscriberFields, input: NewSubscriberInput, by: Author): void {
  if (fields.expiresAt !== null) requirePermission(by, 'service.free')
  if (input.autoRenew === true) requirePermission(by, 'service.renew')
  const isNetwork =
    fields.macs.length > 0 ||
    fields.addresses.length > 0 ||
    fields.attributes.length > 0 ||
    (input.routes ?? []).length > 0 ||
    [fields.circuitId, fields.remoteId, fields.duid, fields.sessionLimit, fields.deviceLimit, input.nasGroup ?? null]
      .concat(Object.values(fields.binding))
      .some((value) => value !== null)
  if (isNetwork) requirePermission(by, 'subscriber.network')
}

function checkRegisterDate(createdAt: Date | undefined, now: Date): Date {
  if (createdAt === undefined) return now
  if (createdAt > now) throw new FieldError('created_at', 'lies in the future')
  return createdAt
}

type ChosenCredential = {
  credential: NewCredential | undefined
  password: PasswordResult | undefined
  warning: string | undefined
}

function chooseCredential(input: NewSubscriberInput, fields: SubscriberFields, settings: Settings): ChosenCredential {
  const methods = settings.auth_methods
  if (input.ntHash !== undefined) {
    if (input.password !== undefined) throw new FieldError('nt-hash', 'stands in place of a password, not beside it')
    const ntHash = parseNtHash('nt-hash', input.ntHash)
    const warning = checkCredentialKind('nt-hash', methods)
    return { credential: { kind: 'nt-hash', ntHash }, password: undefined, warning }
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

type Place = {
  ownerId: bigint
  plan: PlanNamed
  nextPlanId: bigint | null
  groupId: bigint | null
  nasGroupId: bigint | null
  payerId: bigint
}

/** To whom it belongs, who pays, what it gets. */
async function findPlace(
  trx: Db,
  input: NewSubscriberInput,
  fields: SubscriberFields,
  by: Author,
  now: Date,
): Promise<Place> {
  const ownerId = await findOrganisation(trx, input.owner, by.scope)
  await requireSubscriberRoom(trx, { ownerId, adding: 1 })
  const plan = await findPlanFor(trx, input.plan, ownerId)
  const next = input.nextPlan ?? fields.nextPlan ?? undefined
  return {
    ownerId,
    plan,
    nextPlanId: next === undefined ? null : (await findPlanFor(trx, next, ownerId)).id,
    groupId: input.group === undefined ? null : await findOrMakeGroup(trx, input.group, ownerId, by),
    nasGroupId: input.nasGroup === undefined ? null : await findNasGroup(trx, input.nasGroup, by.scope),
    payerId:
      input.payerId === undefined
        ? await makeOwnPayer(trx, { ownerId, name: fields.fullName ?? fields.username, currency: plan.currency }, now)
        : await findPayerOf(trx, input.payerId, ownerId, plan.currency),
  }
}

async function findOrMakeGroup(trx: Db, group: Named, ownerId: bigint, by: Author): Promise<bigint> {
  if (typeof group === 'string' && by.permissions.has('group.edit')) {
    await trx
      .insertInto('subscriber_group')
      .values({ owner_id: ownerId, name: checkName('group', group) })
      .onConflict((conflict) => conflict.columns(['owner_id', 'name']).doNothing())
      .execute()
  }
  return findGroupOf(trx, group, ownerId)
}

type NewRow = { fields: SubscriberFields; place: Place; createdAt: Date; input: NewSubscriberInput }

async function insertSubscriber(trx: Db, { fields, place, createdAt, input }: NewRow, now: Date): Promise<bigint> {
  const values = {
    ...personColumns(fields),
    ...networkColumns(fields),
    owner_id: place.ownerId,
    payer_id: place.payerId,
    plan_id: place.plan.id,
    next_plan_id: place.nextPlanId,
    group_id: place.groupId,
    bound_nas_group_id: place.nasGroupId,
    auto_renew: input.autoRenew ?? place.plan.auto_renew,
    ...servicePeriod(fields.expiresAt, place.plan.grace_hours, now),
    created_at: createdAt,
    updated_at: now,
  }
  try {
    return (await trx.insertInto('subscriber').values(values).returning('id').executeTakeFirstOrThrow()).id
  } catch (error) {
    if (!isUniqueViolation(error, 'subscriber_username')) throw error
    throw new ConflictError('username', `there is a subscriber ${fields.username} already`)
  }
}

/** The columns of the person. */
export function personColumns(fields: SubscriberFields) {
  return {
    username: fields.username,
    full_name: fields.fullName,
    phone: fields.phone,
    phone_extension: fields.phoneExtension,
    email: fields.email,
    address: fields.address,
    latitude: fields.latitude,
    longitude: fields.longitude,
    zone: fields.zone,
    language: fields.language,
  }
}

/** The columns of how it comes in. */
export function networkColumns({ binding, ...fields }: SubscriberFields) {
  return {
    account_type: fields.accountType,
    circuit_id: fields.circuitId,
    remote_id: fields.remoteId,
    duid: fields.duid,
    bound_interface: binding.interface,
    bound_port: binding.port,
    bound_s_vlan: binding.sVlan,
    bound_c_vlan: binding.cVlan,
    session_limit: fields.sessionLimit,
    device_limit: fields.deviceLimit,
    attributes: fields.attributes,
  }
}

/** A line and an address are of one subscriber only. Throws ConflictError naming the field. */
async function checkFree(
  trx: Parameters<typeof lineConflicts>[0],
  { id, fields, input }: { id: bigint; fields: SubscriberFields; input: NewSubscriberInput },
  by: Author,
): Promise<void> {
  const row: LineColumns = { id, username: fields.username, ...networkColumns(fields) }
  const conflict = (await lineConflicts(trx, [{ row, macs: fields.macs }], by.scope)).get(id)
  if (conflict !== undefined) throw new ConflictError(input.names[conflict.field], conflict.reason)
  const [holder] = await addressHolders(
    trx,
    fields.addresses.map(({ prefix }) => prefix),
    by.scope,
  )
  if (holder === undefined) return
  throw new ConflictError(input.names.staticIp, `${holder.prefix} is or overlaps what a subscriber has already`)
}

/** What the audit entry of a new subscriber says: all that is set. */
function auditValues(fields: SubscriberFields, place: Place, routes: readonly string[]): Record<string, unknown> {
  const values = {
    ...personColumns(fields),
    ...networkColumns(fields),
    plan_id: place.plan.id,
    next_plan_id: place.nextPlanId,
    group_id: place.groupId,
    payer_id: place.payerId,
    expires_at: fields.expiresAt,
    macs: fields.macs,
    addresses: fields.addresses.map(({ prefix }) => prefix),
    routes,
  }
  const isSet = (value: unknown): boolean => value !== null && !(Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(values).filter(([, value]) => isSet(value)))
}
