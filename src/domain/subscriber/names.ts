// What requests name by id or by name: plans, organisations, groups, NAS groups, payers; each only as far as the author reaches.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { FieldError, NotFoundError } from '../field.ts'
import { ispId } from '../organisation.ts'
import { nasGroupInScope, ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'

/** A number is an id, a text a name. */
export type Named = number | string

function matches(named: Named) {
  return typeof named === 'number' ? sql<boolean>`id = ${BigInt(named)}` : sql<boolean>`name = ${named.trim()}`
}

/** An organisation in reach; nothing named: the author's own, or the ISP. Throws NotFoundError. */
export async function findOrganisation(db: Db, named: Named | undefined, scope: Scope): Promise<bigint> {
  if (named === undefined) return scope.ownerId ?? ispId(db)
  const row = await db
    .selectFrom('organisation')
    .select('id')
    .where(matches(named))
    .where(ownedInScope(scope, 'organisation.id'))
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('organisation', String(named))
  return row.id
}

export type PlanNamed = {
  id: bigint
  name: string
  currency: string
  grace_hours: number
  auto_renew: boolean
  device_limit: number | null
}

/** A plan that is offered to an organisation: its own before a shared one of the same name. Throws NotFoundError. */
export async function findPlanFor(db: Db, named: Named, ownerId: bigint): Promise<PlanNamed> {
  const row = await db
    .selectFrom('plan')
    .select(['id', 'name', 'currency', 'grace_hours', 'auto_renew', 'device_limit'])
    .where(matches(named))
    .where('archived_at', 'is', null)
    .where((eb) => eb.or([eb('owner_id', '=', ownerId), eb('owner_id', 'is', null)]))
    .orderBy('owner_id', (order) => order.asc().nullsLast())
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('plan', String(named))
  return row
}

/** A group of the organisation. Throws NotFoundError. */
export async function findGroupOf(db: Db, named: Named, ownerId: bigint): Promise<bigint> {
  const row = await db
    .selectFrom('subscriber_group')
    .select('id')
    .where(matches(named))
    .where('owner_id', '=', ownerId)
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('group', String(named))
  return row.id
}

/** A NAS group in reach. Throws NotFoundError. */
export async function findNasGroup(db: Db, named: Named, scope: Scope): Promise<bigint> {
  const row = await db
    .selectFrom('nas_group')
    .select('id')
    .where(matches(named))
    .where(nasGroupInScope(scope, 'nas_group.id'))
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('NAS group', String(named))
  return row.id
}

/** A payer of the organisation, for another subscriber in the plan's currency. Throws NotFoundError or FieldError. */
export async function findPayerOf(db: Db, id: bigint, ownerId: bigint, currency: string): Promise<bigint> {
  const row = await db
    .selectFrom('payer')
    .select(['id', 'currency'])
    .where('id', '=', id)
    .where('owner_id', '=', ownerId)
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('payer', String(id))
  if (row.currency !== currency) throw new FieldError('payer_id', `pays in ${row.currency}, the plan is in ${currency}`)
  return row.id
}
