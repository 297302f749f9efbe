// Devices behind a client: adding, changing and listing them. What the packet path knows of a device is in nas.ts.

import { sql } from 'kysely'
import { isUniqueViolation } from '../db/errors.ts'
import type { Db } from '../db/schema.ts'
import { checkChoice, checkInteger, checkText, ConflictError, FieldError, NotFoundError } from './field.ts'
import { nasGroupNamed } from './nas-group.ts'
import { readNasSettings } from './nas-settings.ts'
import type { NasSettings } from './nas-settings.ts'
import { vendorNames } from './nas.ts'
import type { VendorName } from './nas.ts'
import { parseHost } from './prefix.ts'

type NasFields = {
  /** NAS-Identifier it sends. With neither identifier nor address it is the only device of its client. */
  identifier?: string
  /** NAS-IP-Address it sends. */
  address?: string
  /** Where CoA-Requests go; default: where its packets come from. */
  coaAddress?: string
  coaPort?: number | string
  /** Extra attributes of every Access-Accept, as `Name = value`. */
  attributes?: readonly string[]
  /** Name of its group; default: the group of its client. */
  group?: string
}

export type NewNas = NasFields & {
  /** Name of the client it speaks through. */
  client: string
  name: string
  /** One of vendorNames. */
  vendor: string
}

export type NasSummary = {
  id: bigint
  name: string
  client: string
  vendor: string
  identifier: string | null
  address: string | null
  group: string
  coaAddress: string | null
  coaPort: number
  lastRebootAt: Date | null
  /** How often it reports, as its sessions show; null: not known yet. */
  observedIntervalS: number | null
  attributes: string[]
  /** That it refused to change sessions live, and is spared it for a day after the last time; null: nothing of that is known. */
  learnt: { cannotChangeSince: Date; errorCause: number; learntAt: Date } | null
  createdAt: Date
}

/** One device with its settings. */
export type NasShown = NasSummary & {
  /** As they hold. */
  settings: NasSettings
  /** The names of those that an operator wrote; the others have their defaults. */
  written: string[]
}

/** Says what is wrong with the extra attributes of a row, or nothing. Given by who knows the dictionary. */
export type AttributeCheck = (texts: readonly string[]) => string | undefined

/** Adds a device. Throws FieldError, NotFoundError (its client) or ConflictError. */
export async function addNas(
  db: Db,
  input: NewNas,
  checkAttribute: AttributeCheck,
  now: Date,
): Promise<{ id: bigint }> {
  const values = {
    name: checkText('name', input.name, 1, 100),
    vendor: checkChoice('vendor', input.vendor, vendorNames),
    ...checkFields(input, checkAttribute),
    created_at: now,
  }
  const client = await db
    .selectFrom('radius_client')
    .select(['id', 'nas_group_id'])
    .where('name', '=', input.client)
    .executeTakeFirst()
  if (client === undefined) throw new NotFoundError('client', input.client)
  const group = input.group === undefined ? client.nas_group_id : await nasGroupNamed(db, input.group)
  const row = { ...values, client_id: client.id, nas_group_id: group }
  return namingConflicts(() => db.insertInto('nas').values(row).returning('id').executeTakeFirstOrThrow(), input)
}

/**
 * Changes a device; what is not named stays, an empty coa-address is taken away. Live within a second; sessions that are
 * open stay in the group they began in. Throws FieldError, NotFoundError or ConflictError.
 */
export async function setNas(
  db: Db,
  input: NasFields & { name: string; vendor?: string },
  checkAttribute: AttributeCheck,
): Promise<void> {
  const changes = {
    ...(input.vendor === undefined ? {} : { vendor: checkChoice('vendor', input.vendor, vendorNames) }),
    ...checkFields(input, checkAttribute),
    ...(input.group === undefined ? {} : { nas_group_id: await nasGroupNamed(db, input.group) }),
  }
  if (Object.keys(changes).length === 0) throw new FieldError('nas', 'nothing to change was named')
  const update = db.updateTable('nas').set(changes).where('name', '=', input.name)
  const result = await namingConflicts(() => update.executeTakeFirst(), input)
  if (result.numUpdatedRows === 0n) throw new NotFoundError('NAS', input.name)
}

/**
 * Removes a device. Throws NotFoundError, or ConflictError while it has live sessions: they could be neither ended nor
 * accounted any more.
 */
export async function removeNas(db: Db, name: string): Promise<void> {
  const nas = await db.selectFrom('nas').select('id').where('name', '=', name).forUpdate().executeTakeFirst()
  if (nas === undefined) throw new NotFoundError('NAS', name)
  const { rows } = await sql<{ live: number }>`
    select count(*)::int as live from (
      select from session where session.nas_id = ${nas.id} and session.ended_at is null limit 1000
    ) open_one`.execute(db)
  const { live } = rows[0]!
  if (live > 0) throw new ConflictError('name', `has ${live === 1000 ? '1000 or more' : live} live sessions`)
  await db.deleteFrom('nas').where('id', '=', nas.id).execute()
}

/** The device that a client with one vendor has at once: known by its client alone. Throws ConflictError. */
export async function addOnlyNas(
  db: Db,
  input: { clientId: bigint; nasGroupId: bigint; name: string; vendor: VendorName },
  now: Date,
): Promise<bigint> {
  const row = {
    client_id: input.clientId,
    nas_group_id: input.nasGroupId,
    name: input.name,
    vendor: input.vendor,
    created_at: now,
  }
  const made = await namingConflicts(
    () => db.insertInto('nas').values(row).returning('id').executeTakeFirstOrThrow(),
    input,
  )
  return made.id
}

/** All devices by name. */
export async function listNases(db: Db): Promise<NasSummary[]> {
  return (await selectNases(db).orderBy('nas.name').execute()).map(withLearnt)
}

/** One device with its settings. Throws NotFoundError. */
export async function showNas(db: Db, name: string): Promise<NasShown> {
  const found = await selectNases(db).select('nas.settings').where('nas.name', '=', name).executeTakeFirst()
  if (found === undefined) throw new NotFoundError('NAS', name)
  const settings = readNasSettings(found.settings)
  const stored = new Map(Object.entries(found.settings ?? {}))
  // What is stored and no longer valid does not hold, so nobody wrote it as far as anybody can see.
  const written = Object.entries(settings).flatMap(([key, value]) => (stored.get(key) === value ? [key] : []))
  return { ...withLearnt(found), settings, written }
}

type Learnt = { cannotChangeSince: Date | null; refusedCause: number | null; learntAt: Date | null }

function withLearnt<T extends Learnt>({ cannotChangeSince, refusedCause: errorCause, learntAt, ...nas }: T) {
  const isKnown = cannotChangeSince !== null && errorCause !== null && learntAt !== null
  return { ...nas, learnt: isKnown ? { cannotChangeSince, errorCause, learntAt } : null }
}

function selectNases(db: Db) {
  return db
    .selectFrom('nas')
    .innerJoin('radius_client', 'radius_client.id', 'nas.client_id')
    .innerJoin('nas_group', 'nas_group.id', 'nas.nas_group_id')
    .leftJoin('nas_capability', 'nas_capability.nas_id', 'nas.id')
    .select([
      'nas.id',
      'nas.name',
      'radius_client.name as client',
      'nas.vendor',
      'nas.identifier',
      sql<string | null>`host(nas.address)`.as('address'),
      'nas_group.name as group',
      sql<string | null>`host(nas.coa_address)`.as('coaAddress'),
      'nas.coa_port as coaPort',
      'nas.last_reboot_at as lastRebootAt',
      'nas.observed_interval_s as observedIntervalS',
      'nas.attributes',
      'nas_capability.cannot_change_since as cannotChangeSince',
      'nas_capability.error_cause as refusedCause',
      'nas_capability.learnt_at as learntAt',
      'nas.created_at as createdAt',
    ])
}

function checkFields(input: NasFields, checkAttribute: AttributeCheck) {
  const { identifier, address, coaAddress, coaPort, attributes } = input
  return {
    ...(identifier === undefined ? {} : { identifier: checkIdentifier(identifier) }),
    ...(address === undefined ? {} : { address: parseHost('address', address) }),
    ...(coaAddress === undefined
      ? {}
      : { coa_address: coaAddress === '' ? null : parseHost('coa-address', coaAddress) }),
    ...(coaPort === undefined ? {} : { coa_port: checkInteger('coa-port', coaPort, 1, 65_535) }),
    ...(attributes === undefined ? {} : { attributes: checkAttributes(attributes, checkAttribute) }),
  }
}

/** The texts as they are stored. Throws FieldError. */
export function checkAttributes(texts: readonly string[], check: AttributeCheck): string[] {
  const wrong = check(texts)
  if (wrong !== undefined) throw new FieldError('attribute', wrong)
  return texts.map((text) => text.trim())
}

/** An attribute value of text: 1 to 253 octets (RFC 2865 §5). */
function checkIdentifier(text: string): string {
  if (text === '' || Buffer.byteLength(text) > 253 || /\0/.test(text)) {
    throw new FieldError('identifier', 'must have 1 to 253 octets')
  }
  return text
}

async function namingConflicts<T>(
  insert: () => Promise<T>,
  input: { name: string; identifier?: string; address?: string },
): Promise<T> {
  try {
    return await insert()
  } catch (error) {
    if (isUniqueViolation(error, 'nas_name_key'))
      throw new ConflictError('name', `there is a NAS ${input.name} already`)
    if (isUniqueViolation(error, 'nas_identifier')) {
      throw new ConflictError('identifier', `this client has a NAS ${input.identifier ?? ''} already`)
    }
    if (isUniqueViolation(error, 'nas_address'))
      throw new ConflictError('address', `this client has a NAS ${input.address ?? ''} already`)
    throw error
  }
}
