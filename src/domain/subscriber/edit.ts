// Changing a subscriber's fields. What is not named stays; each kind of field has its permission; the audit entry says what was
// and what is.

import { sql } from 'kysely'
import { isUniqueViolation } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { changesOf, writeAudit } from '../audit/audit.ts'
import type { AuditValues } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { orderForSubscribers } from '../coa-order.ts'
import { ConflictError, NotFoundError } from '../field.ts'
import type { AttributeCheck } from '../nas-device.ts'
import { requireVersion } from '../operator/row-version.ts'
import { reachableSubscribers } from '../scope.ts'
import { readSettings } from '../setting.ts'
import { serviceEnd } from '../subscriber-label.ts'
import type { FieldNames, SubscriberFields, SubscriberTexts } from '../subscriber-fields.ts'
import { lockSubjects } from '../subscriber-action/take.ts'
import type { Subject } from '../subscriber-action/take.ts'
import { addressesOf, addressHolders, replaceAddresses } from './address.ts'
import { networkColumns, personColumns } from './create.ts'
import { bindDevices, devicesOf, releaseDevices, requireDeviceRoom } from './device.ts'
import { currentFields, mergeFields } from './edit-fields.ts'
import { checkEditPermissions } from './edit-permission.ts'
import { editCredential } from './edit-credential.ts'
import { lineConflicts } from './line.ts'
import { findGroupOf, findNasGroup } from './names.ts'
import type { Named } from './names.ts'
import { checkRoute, replaceRoutes, routesOf } from './route.ts'
import { graceEnd } from './service-period.ts'
import { requireZone } from './zone.ts'

export type SubscriberPatch = {
  /** Absent: stays. Null or blank: cleared. Lists stand apart by blanks, and are replaced as a whole. */
  texts: { [Name in keyof SubscriberTexts]?: string | null | undefined }
  names: FieldNames
  group?: Named | null | undefined
  nasGroup?: Named | null | undefined
  attributes?: readonly string[] | undefined
  routes?: readonly string[] | undefined
  autoRenew?: boolean | undefined
  /** Blank: stays. */
  password?: string | undefined
  ntHash?: string | undefined
  credential?: 'clear' | 'nt-hash' | 'verifier' | undefined
  /** The version that was read (`versionOfSubscriber`). */
  ifMatch?: string | undefined
  checkAttribute?: AttributeCheck | undefined
}

/**
 * Changes fields and orders what live sessions must hear. Returns a warning where the new credential cannot prove all. Throws
 * FieldError, NotFoundError, ConflictError, ForbiddenError or ChangedMeanwhileError.
 */
export async function editSubscriber(
  db: Db,
  input: { id: bigint; patch: SubscriberPatch },
  by: Author,
  now: Date,
): Promise<{ warning: string | undefined }> {
  const { id, patch } = input
  return inTransaction(db, async (trx) => {
    // First of all: what is out of reach is not there, whatever is said of it.
    const before = await readState(trx, id, by)
    checkEditPermissions(patch, by)
    requireVersion(patch.ifMatch, await versionOfSubscriber(trx, id))
    if (before.row.archived_at !== null) throw new ConflictError('id', 'it is deleted: restore it first')
    const fields = mergeFields(before.fields, patch, await readSettings(trx))
    if (patch.texts.zone !== undefined) requireZone(patch.names.zone, fields.zone, by.scope)
    // Who has more already, since the limit was lowered, keeps them until one is added.
    if (fields.macs.some((mac) => !before.fields.macs.includes(mac))) {
      requireDeviceRoom(patch.names.mac, fields.macs, fields.deviceLimit ?? before.row.plan_device_limit)
    }
    await checkFree(trx, { before, fields, patch }, by)
    const columns = await columnsOf(trx, { before, fields, patch }, by, now)
    const routes = patch.routes?.map((route) => checkRoute('routes', route)) ?? before.routes
    const credential = await editCredential(trx, { subscriberId: id, patch }, by, now)
    const changes = changesOf(
      { ...before.row, macs: before.fields.macs, addresses: prefixesOf(before.fields), routes: before.routes },
      { ...columns, macs: fields.macs, addresses: prefixesOf(fields), routes, ...credential.after },
    )
    if (changes === undefined) return { warning: undefined }
    await writeState(trx, { before, fields, columns, routes }, now)
    const deed = { action: 'subscriber.edit', noun: 'subscriber', rowId: id, ownerId: before.row.owner_id, ...changes }
    await writeAudit(trx, deed, by, now)
    await orderChanges(trx, { ...before.row, ...columns, onExpiry: before.onExpiry }, changes.after, now)
    return { warning: credential.warning }
  })
}

/** The version of a subscriber's row: another one after every change of it. */
export async function versionOfSubscriber(db: Db, id: bigint): Promise<string> {
  const { rows } = await sql<{ version: string }>`
    select subscriber.xmin::text as version from subscriber where subscriber.id = ${id}`.execute(db)
  return rows[0]?.version ?? ''
}

type State = {
  row: Subject
  fields: SubscriberFields
  routes: string[]
  graceHours: number
  /** What its plan does with whom it has ended for. */
  onExpiry: string
}
type Columns = Awaited<ReturnType<typeof columnsOf>>

async function readState(trx: Db, id: bigint, by: Author): Promise<State> {
  const [reached] = await reachableSubscribers(trx, by.scope, [id])
  const [row] = reached === undefined ? [] : await lockSubjects(trx, [reached])
  if (row === undefined) throw new NotFoundError('subscriber', String(id))
  const macs = ((await devicesOf(trx, [id])).get(id) ?? []).filter(({ bound }) => bound).map(({ mac }) => mac)
  const addresses = (await addressesOf(trx, [id])).get(id) ?? []
  const plan = await trx
    .selectFrom('plan')
    .select(['grace_hours', 'on_expiry'])
    .where('id', '=', row.plan_id)
    .executeTakeFirstOrThrow()
  return {
    row,
    fields: currentFields(row, macs, addresses),
    routes: await routesOf(trx, id),
    graceHours: plan.grace_hours,
    onExpiry: plan.on_expiry,
  }
}

type Edit = { before: State; fields: SubscriberFields; patch: SubscriberPatch }

async function columnsOf(trx: Db, { before, fields, patch }: Edit, by: Author, now: Date) {
  const { row } = before
  const group = patch.group
  const nasGroup = patch.nasGroup
  return {
    ...personColumns(fields),
    ...networkColumns(fields),
    group_id: group === undefined ? row.group_id : group === null ? null : await findGroupOf(trx, group, row.owner_id),
    bound_nas_group_id:
      nasGroup === undefined
        ? row.bound_nas_group_id
        : nasGroup === null
          ? null
          : await findNasGroup(trx, nasGroup, by.scope),
    auto_renew: patch.autoRenew ?? row.auto_renew,
    ...(patch.texts.expiresAt === undefined ? {} : expiryColumns(before, fields.expiresAt, now)),
  }
}

/** Who sets the end of a service period has begun it. */
function expiryColumns({ row, graceHours }: State, expiresAt: Date | null, now: Date) {
  const begins = row.activated_at === null && expiresAt !== null
  return {
    expires_at: expiresAt,
    grace_until: graceEnd(expiresAt, graceHours),
    ...(begins ? { activated_at: now, period_started_at: now } : {}),
  }
}

/** A line, an address and a username are of one subscriber only. Throws ConflictError naming the field. */
async function checkFree(
  trx: Parameters<typeof lineConflicts>[0],
  { before, fields, patch }: Edit,
  by: Author,
): Promise<void> {
  const { names } = patch
  const row = { ...before.row, ...networkColumns(fields) }
  const conflict = (await lineConflicts(trx, [{ row, macs: fields.macs }], by.scope)).get(row.id)
  if (conflict !== undefined) throw new ConflictError(names[conflict.field], conflict.reason)
  const kept = prefixesOf(before.fields)
  const fresh = prefixesOf(fields).filter((prefix) => !kept.includes(prefix))
  const other = (await addressHolders(trx, fresh, by.scope)).find((holder) => holder.subscriberId !== row.id)
  if (other === undefined) return
  throw new ConflictError(names.staticIp, `${other.prefix} is or overlaps what a subscriber has already`)
}

async function writeState(
  trx: Db,
  { before, fields, columns, routes }: { before: State; fields: SubscriberFields; columns: Columns; routes: string[] },
  now: Date,
): Promise<void> {
  const { id } = before.row
  try {
    await trx
      .updateTable('subscriber')
      .set({ ...columns, updated_at: now })
      .where('id', '=', id)
      .execute()
  } catch (error) {
    if (!isUniqueViolation(error, 'subscriber_username')) throw error
    throw new ConflictError('username', `there is a subscriber ${fields.username} already`)
  }
  const had = before.fields.macs
  await releaseDevices(trx, [{ subscriberId: id, macs: had.filter((mac) => !fields.macs.includes(mac)) }])
  await bindDevices(trx, [{ subscriberId: id, macs: fields.macs.filter((mac) => !had.includes(mac)) }], now)
  if (prefixesOf(before.fields).join() !== prefixesOf(fields).join()) {
    await replaceAddresses(trx, [{ subscriberId: id, addresses: fields.addresses }])
  }
  if (before.routes.join('\n') !== routes.join('\n')) await replaceRoutes(trx, id, routes)
}

function prefixesOf(fields: SubscriberFields): string[] {
  return fields.addresses.map(({ prefix }) => prefix).toSorted()
}

const reapplied = ['expires_at', 'attributes', 'session_limit', 'routes']

/** What a live session must hear: another end, other attributes; or that its address is not its own any more. */
async function orderChanges(
  trx: Db,
  subject: Pick<Subject, 'id' | 'expires_at' | 'grace_until'> & Pick<State, 'onExpiry'>,
  changed: AuditValues,
  now: Date,
): Promise<void> {
  const end = serviceEnd({ expiresAt: subject.expires_at, graceUntil: subject.grace_until })
  const isOver = 'expires_at' in changed && end !== null && end <= now
  // Into the walled garden it is led by a change, as it is when the time comes by itself.
  const isRefused = isOver && subject.onExpiry === 'reject'
  const wish = 'addresses' in changed || isRefused ? 'disconnect' : 'reapply'
  if (wish === 'reapply' && !reapplied.some((name) => name in changed)) return
  await orderForSubscribers(trx, { subscriberIds: [subject.id], wish, reason: 'edited' }, now)
}
