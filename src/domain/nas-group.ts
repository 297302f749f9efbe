// NAS groups: NASes that back each other up. A line is the same line on any of them; the group says by what a line is told
// (decision 11) and in which address space its addresses are unique (decision 13).

import { sql } from 'kysely'
import { isUniqueViolation } from '../db/errors.ts'
import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { checkText, ConflictError, FieldError, NotFoundError, quote } from './field.ts'
import { identityKinds } from './line.ts'
import type { IdentityKind } from './line.ts'
import { checkUnknownGarden, readUnknownGarden, storeUnknownGarden } from './unknown-garden.ts'
import type { StoredUnknownGarden, UnknownGardenFields } from './unknown-garden.ts'

export type NasGroupInput = {
  name: string
  /** Name of the address space; a new name makes a new space. */
  addressSpace?: string
  /** By what a line is told, the first that a request carries first: `mac,circuit-id`. */
  identityOrder?: string
  /** Where whom nobody knows is let in; null: refused. */
  unknownGarden?: UnknownGardenFields | null
}

export type NasGroupSummary = {
  id: bigint
  name: string
  addressSpace: string
  identityOrder: string[]
  unknownGarden: StoredUnknownGarden | null
  nasCount: number
  clientCount: number
  createdAt: Date
}

/** Adds a group: in the space `default` and with every kind of identity unless told otherwise. Throws FieldError or ConflictError. */
export async function addNasGroup(db: Db, input: NasGroupInput, now: Date): Promise<{ id: bigint }> {
  const name = checkText('name', input.name, 1, 100)
  const order = input.identityOrder === undefined ? identityKinds : parseIdentityOrder(input.identityOrder)
  return inTransaction(db, async (trx) => {
    const space = await addressSpaceNamed(trx, input.addressSpace ?? 'default')
    const garden = gardenColumn(input)
    const row = { name, address_space_id: space, identity_order: [...order], ...garden, created_at: now }
    try {
      return await trx.insertInto('nas_group').values(row).returning('id').executeTakeFirstOrThrow()
    } catch (error) {
      if (!isUniqueViolation(error, 'nas_group_name_key')) throw error
      throw new ConflictError('name', `there is a NAS group ${name} already`)
    }
  })
}

/** Changes a group; what is not named stays. Live within a second. Throws FieldError or NotFoundError. */
export async function setNasGroup(db: Db, input: NasGroupInput): Promise<void> {
  const { name, addressSpace, identityOrder, unknownGarden } = input
  if (addressSpace === undefined && identityOrder === undefined && unknownGarden === undefined) {
    throw new FieldError('nas-group', 'nothing to change was named')
  }
  const order = identityOrder === undefined ? {} : { identity_order: parseIdentityOrder(identityOrder) }
  const garden = gardenColumn(input)
  await inTransaction(db, async (trx) => {
    const space = addressSpace === undefined ? {} : { address_space_id: await addressSpaceNamed(trx, addressSpace) }
    const update = trx.updateTable('nas_group').set({ ...order, ...garden, ...space })
    const result = await update.where('name', '=', name).executeTakeFirst()
    if (result.numUpdatedRows === 0n) throw new NotFoundError('NAS group', name)
  })
}

/** All groups by name. */
export async function listNasGroups(db: Db): Promise<NasGroupSummary[]> {
  const groups = await db
    .selectFrom('nas_group')
    .innerJoin('address_space', 'address_space.id', 'nas_group.address_space_id')
    .select([
      'nas_group.id',
      'nas_group.name',
      'address_space.name as addressSpace',
      'nas_group.identity_order as identityOrder',
      'nas_group.unknown_garden as unknownGarden',
      sql<number>`(select count(*)::int from nas where nas.nas_group_id = nas_group.id)`.as('nasCount'),
      sql<number>`(select count(*)::int from radius_client where radius_client.nas_group_id = nas_group.id)`.as(
        'clientCount',
      ),
      'nas_group.created_at as createdAt',
    ])
    .orderBy('nas_group.name')
    .execute()
  return groups.map((group) => {
    const garden = readUnknownGarden(group.unknownGarden)
    return { ...group, unknownGarden: garden === undefined ? null : storeUnknownGarden(garden) }
  })
}

/** Removes a group. Throws NotFoundError, or ConflictError while a NAS, client, subscriber, address pool or plan names it. */
export async function removeNasGroup(db: Db, name: string): Promise<void> {
  const id = await nasGroupNamed(db, name)
  const { rows } = await sql<{ nases: number; clients: number; subscribers: number; pools: number }>`
    select (select count(*)::int from nas where nas.nas_group_id = ${id}) as nases,
           (select count(*)::int from radius_client where radius_client.nas_group_id = ${id}) as clients,
           (select count(*)::int from subscriber where subscriber.bound_nas_group_id = ${id}) as subscribers,
           (select count(*)::int from ip_pool where ip_pool.nas_group_id = ${id}) as pools`.execute(db)
  const used = Object.entries(rows[0]!).filter(([, count]) => count > 0)
  if (used.length > 0) {
    throw new ConflictError('name', `is in use by ${used.map(([noun, count]) => `${count} ${noun}`).join(', ')}`)
  }
  await db.deleteFrom('nas_group').where('id', '=', id).execute()
}

/** The id of the group of a name. Throws NotFoundError. */
export async function nasGroupNamed(db: Db, name: string): Promise<bigint> {
  const found = await db.selectFrom('nas_group').select('id').where('name', '=', name).executeTakeFirst()
  if (found === undefined) throw new NotFoundError('NAS group', name)
  return found.id
}

function gardenColumn({ unknownGarden: fields }: NasGroupInput): { unknown_garden?: string | null } {
  if (fields === undefined) return {}
  return { unknown_garden: fields === null ? null : JSON.stringify(storeUnknownGarden(checkUnknownGarden(fields))) }
}

/** Kinds of identity, each once, by commas. Throws FieldError. */
function parseIdentityOrder(text: string): IdentityKind[] {
  const kinds = text.split(',').map((part) => {
    const kind = identityKinds.find((one) => one === part.trim())
    if (kind === undefined) {
      throw new FieldError('identity-order', `${quote(part.trim())} is none of ${identityKinds.join(', ')}`)
    }
    return kind
  })
  if (new Set(kinds).size !== kinds.length) throw new FieldError('identity-order', 'names one of them twice')
  return kinds
}

async function addressSpaceNamed(db: Db, text: string): Promise<bigint> {
  const name = checkText('address-space', text, 1, 100)
  await db
    .insertInto('address_space')
    .values({ name })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const space = await db.selectFrom('address_space').select('id').where('name', '=', name).executeTakeFirstOrThrow()
  return space.id
}
