// Devices behind a client: adding and listing them. What the packet path knows of a device is in nas.ts.

import { sql } from 'kysely'
import { isUniqueViolation } from '../db/errors.ts'
import type { Db } from '../db/schema.ts'
import { checkChoice, checkInteger, checkText, ConflictError, FieldError, NotFoundError } from './field.ts'
import { vendorNames } from './nas.ts'
import type { VendorName } from './nas.ts'
import { parseHost } from './prefix.ts'

export type NewNas = {
  /** Name of the client it speaks through. */
  client: string
  name: string
  /** One of vendorNames. */
  vendor: string
  /** NAS-Identifier it sends. With neither identifier nor address it is the only device of its client. */
  identifier?: string
  /** NAS-IP-Address it sends. */
  address?: string
  /** Where CoA-Requests go; default: where its packets come from. */
  coaAddress?: string
  coaPort?: number | string
  /** Extra attributes of every Access-Accept, as `Name = value`. */
  attributes?: readonly string[]
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
  createdAt: Date
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
    identifier: input.identifier === undefined ? null : checkIdentifier(input.identifier),
    address: input.address === undefined ? null : parseHost('address', input.address),
    coa_address: input.coaAddress === undefined ? null : parseHost('coa-address', input.coaAddress),
    coa_port: input.coaPort === undefined ? 3799 : checkInteger('coa-port', input.coaPort, 1, 65_535),
    attributes: checkAttributes(input.attributes ?? [], checkAttribute),
    created_at: now,
  }
  const client = await db
    .selectFrom('radius_client')
    .select(['id', 'nas_group_id'])
    .where('name', '=', input.client)
    .executeTakeFirst()
  if (client === undefined) throw new NotFoundError('client', input.client)
  const row = { ...values, client_id: client.id, nas_group_id: client.nas_group_id }
  return namingConflicts(() => db.insertInto('nas').values(row).returning('id').executeTakeFirstOrThrow(), input)
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
  return db
    .selectFrom('nas')
    .innerJoin('radius_client', 'radius_client.id', 'nas.client_id')
    .innerJoin('nas_group', 'nas_group.id', 'nas.nas_group_id')
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
      'nas.created_at as createdAt',
    ])
    .orderBy('nas.name')
    .execute()
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
