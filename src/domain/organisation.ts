// Organisations: the ISP itself, always there, and resellers with their limits. They own subscribers, payers, plans and groups
// (decision 14).

import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { changesOf, writeAudit } from './audit/audit.ts'
import type { Author } from './author.ts'
import { checkInteger, checkName, ConflictError, FieldError, NotFoundError, withoutUndefined } from './field.ts'
import { requireVersion, versionOf } from './operator/row-version.ts'
import { ownedInScope } from './scope.ts'
import type { Scope } from './scope.ts'

/** The id of the ISP: exactly one, made by the first migration. */
export async function ispId(db: Db): Promise<bigint> {
  const row = await db.selectFrom('organisation').select('id').where('kind', '=', 'isp').executeTakeFirstOrThrow()
  return row.id
}

/** Adds a reseller below the ISP. Throws FieldError or ConflictError. */
export async function addReseller(db: Db, input: { name: string }, now: Date): Promise<{ id: bigint }> {
  const name = checkName('name', input.name)
  try {
    return await db
      .insertInto('organisation')
      .values({ kind: 'reseller', name, parent_id: await ispId(db), created_at: now })
      .returning('id')
      .executeTakeFirstOrThrow()
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('name', `there is an organisation ${name} already`)
    throw error
  }
}

/** The organisation of a name, or the ISP where none is named. Throws NotFoundError. */
export async function findOwner(db: Db, name: string | undefined): Promise<bigint> {
  if (name === undefined) return ispId(db)
  const row = await db.selectFrom('organisation').select('id').where('name', '=', name).executeTakeFirst()
  if (row === undefined) throw new NotFoundError('organisation', name)
  return row.id
}

export type OrganisationListed = {
  id: bigint
  kind: 'isp' | 'reseller'
  name: string
  /** Null: without limit. */
  subscriberLimit: number | null
  creditLimitMinor: bigint
  subscribers: number
  operators: number
  createdAt: Date
}

/** The organisations in reach with what they have: the ISP first, then by name. */
export async function listOrganisations(db: Db, scope: Scope): Promise<OrganisationListed[]> {
  const { rows } = await sql<OrganisationListed>`
    select organisation.id, organisation.kind, organisation.name, organisation.subscriber_limit as "subscriberLimit",
      organisation.credit_limit_minor as "creditLimitMinor", coalesce(subscribers.count, 0)::int as subscribers,
      coalesce(operators.count, 0)::int as operators, organisation.created_at as "createdAt"
    from organisation
      left join (select subscriber.owner_id, count(*) from subscriber where subscriber.archived_at is null group by 1)
        subscribers on subscribers.owner_id = organisation.id
      left join (select operator.organisation_id, count(*) from operator where operator.archived_at is null group by 1)
        operators on operators.organisation_id = organisation.id
    where ${ownedInScope(scope, 'organisation.id')}
    order by organisation.kind, lower(organisation.name), organisation.id`.execute(db)
  return rows
}

/** One of them. Throws NotFoundError. */
export async function readOrganisation(db: Db, id: bigint, scope: Scope): Promise<OrganisationListed> {
  const found = (await listOrganisations(db, scope)).find((one) => one.id === id)
  if (found === undefined) throw new NotFoundError('organisation', String(id))
  return found
}

export type OrganisationFields = { name: string; subscriberLimit: number | null; creditLimitMinor: bigint }

/** Adds a reseller with its limits. Throws FieldError, ConflictError. */
export async function createReseller(
  db: Db,
  input: OrganisationFields,
  by: Author,
  now: Date,
): Promise<{ id: bigint }> {
  const { id } = await addReseller(db, input, now)
  const limits = checkLimits(input)
  await db.updateTable('organisation').set(limits).where('id', '=', id).execute()
  const after = { name: input.name, ...limits }
  await writeAudit(db, { action: 'organisation.create', noun: 'organisation', rowId: id, ownerId: id, after }, by, now)
  return { id }
}

/** Renames an organisation or changes its limits; the ISP itself has none. Throws FieldError, ConflictError, NotFoundError. */
export async function editOrganisation(
  db: Db,
  input: { id: bigint; changes: Partial<OrganisationFields>; ifMatch: string | undefined },
  by: Author,
  now: Date,
): Promise<void> {
  await db.selectFrom('organisation').select('id').where('id', '=', input.id).forUpdate().execute()
  const before = await readOrganisation(db, input.id, by.scope)
  requireVersion(input.ifMatch, organisationVersion(before))
  const { changes } = input
  const after = { ...before, ...withoutUndefined(changes) }
  const isLimited = after.subscriberLimit !== null || after.creditLimitMinor !== 0n
  if (before.kind === 'isp' && isLimited) throw new ConflictError('id', 'is the ISP itself, which has no limits')
  const values = { name: checkName('name', after.name), ...checkLimits(after) }
  const differences = changesOf(fieldsOf(before), values)
  if (differences === undefined) return
  try {
    await db.updateTable('organisation').set(values).where('id', '=', input.id).execute()
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('name', `there is an organisation ${values.name} already`)
    throw error
  }
  const deed = { action: 'organisation.edit', noun: 'organisation', rowId: input.id, ownerId: input.id }
  await writeAudit(db, { ...deed, ...differences }, by, now)
}

/** The version of an organisation's row. */
export function organisationVersion(row: OrganisationListed): string {
  return versionOf(fieldsOf(row))
}

/** Keeps others from adding to an organisation until the transaction ends: a reseller may not lock its own row. */
export async function lockSubscriberCount(db: Db, ownerId: bigint): Promise<void> {
  const name = `gatehouse subscribers of ${ownerId}`
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(db)
}

/**
 * Throws ConflictError where an organisation may not have so many subscribers more. The count stays locked until the transaction
 * ends, so that two who add at once do not both find room. Call it before the insert.
 */
export async function requireSubscriberRoom(db: Db, input: { ownerId: bigint; adding: number }): Promise<void> {
  const row = await db
    .selectFrom('organisation')
    .select(['name', 'subscriber_limit'])
    .where('id', '=', input.ownerId)
    .where('subscriber_limit', 'is not', null)
    .executeTakeFirst()
  if (row === undefined) return
  await lockSubscriberCount(db, input.ownerId)
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from subscriber
    where subscriber.owner_id = ${input.ownerId} and subscriber.archived_at is null`.execute(db)
  const limit = row.subscriber_limit!
  if (rows[0]!.count + input.adding > limit) {
    throw new ConflictError('owner', `${row.name} may have ${limit} subscribers and has ${rows[0]!.count}`)
  }
}

function fieldsOf(row: OrganisationFields) {
  return { name: row.name, subscriber_limit: row.subscriberLimit, credit_limit_minor: row.creditLimitMinor }
}

function checkLimits(input: { subscriberLimit: number | null; creditLimitMinor: bigint }) {
  const limit = input.subscriberLimit
  if (limit !== null) checkInteger('subscriber_limit', limit, 0, 100_000_000)
  if (input.creditLimitMinor < 0n) throw new FieldError('credit_limit', 'must not be negative')
  return { subscriber_limit: limit, credit_limit_minor: input.creditLimitMinor }
}
