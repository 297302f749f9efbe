// Who had an address, asked for a reason: the answer of address-search.ts as far as the asker reaches, and a row of the
// disclosure log about the question, written with it. The log is only appended to.

import { sql } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import type { DisclosureTable } from '../../db/schema-activity.ts'
import { searchAddress } from '../address-search.ts'
import type { Holder, Search } from '../address-search.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkText, FieldError, NotFoundError } from '../field.ts'
import { ownedInScope, reachableSubscribers } from '../scope.ts'
import type { Scope } from '../scope.ts'

export type DisclosureAsked = {
  /** An address, a MAC or a circuit id. */
  text: string
  at?: Date | undefined
  /** Name of an address space. */
  space?: string | undefined
  /** Of an address that several share (RFC 6888). */
  port?: number | undefined
  reason: string
  caseNumber?: string | undefined
}

export type Disclosed = Search & {
  disclosureId: bigint
  /** Whether the port could be told apart; no port ranges are kept, so never where one was asked for. */
  portKnown: boolean
}

/** Answers and writes down that it was asked. Throws FieldError, or NotFoundError for the address space. */
export async function discloseHolders(
  places: { db: Db; pool: Pool },
  asked: DisclosureAsked,
  by: Author,
  now: Date,
): Promise<Disclosed> {
  const { db, pool } = places
  const reason = checkText('reason', asked.reason, 3, 500)
  const caseNumber = asked.caseNumber === undefined ? null : checkText('case-number', asked.caseNumber, 1, 100)
  if (asked.at !== undefined && asked.at > now) throw new FieldError('at', 'lies in the future')
  const spaceId = asked.space === undefined ? undefined : await findSpace(db, asked.space)
  const found = await searchAddress(pool, { text: asked.text, at: asked.at, spaceId })
  const holders = await inReach(db, found.holders, by.scope)
  const disclosure = await db
    .insertInto('disclosure')
    .values({
      at: now,
      author_kind: by.kind,
      operator_id: by.operatorId,
      author_name: by.name,
      address: by.address,
      request_id: by.requestId,
      owner_id: by.scope.ownerId ?? null,
      reason,
      case_number: caseNumber,
      sought: found.sought,
      sought_kind: found.kind,
      sought_at: asked.at ?? null,
      address_space_id: spaceId ?? null,
      port: asked.port ?? null,
      answers: holders.length,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  // In the chain too: whoever owns the database cannot take a question back unseen.
  const after = { sought: found.sought, reason, case_number: caseNumber, answers: holders.length }
  const deed = { action: 'address.disclose', noun: 'disclosure', rowId: disclosure.id, after }
  await writeAudit(db, { ...deed, ownerId: by.scope.ownerId ?? null }, by, now)
  return { ...found, holders, disclosureId: disclosure.id, portKnown: asked.port === undefined }
}

async function findSpace(db: Db, name: string): Promise<bigint> {
  const space = await db.selectFrom('address_space').select('id').where('name', '=', name).executeTakeFirst()
  if (space === undefined) throw new NotFoundError('address space', name)
  return space.id
}

/** A reseller learns of its own subscribers only, a team of those in its zones. */
async function inReach(db: Db, holders: readonly Holder[], scope: Scope): Promise<Holder[]> {
  if (scope.ownerId === undefined && scope.zones === undefined) return [...holders]
  const ids = holders.flatMap(({ subscriberId }) => (subscriberId === null ? [] : [subscriberId]))
  const reachable = new Set(await reachableSubscribers(db, scope, ids))
  return holders.filter(({ subscriberId }) => subscriberId !== null && reachable.has(subscriberId))
}

export type DisclosureShown = Omit<DisclosureTable, 'id'> & { id: bigint; space: string | null }

export type DisclosureFilter = {
  operatorId?: bigint | undefined
  sought?: string | undefined
  caseNumber?: string | undefined
  since?: Date | undefined
  until?: Date | undefined
}

/** The log, newest first, after the row `before` (its id). */
export async function listDisclosures(
  db: Db,
  input: { filter: DisclosureFilter; before?: bigint | undefined; limit: number },
  scope: Scope,
): Promise<DisclosureShown[]> {
  const { filter } = input
  const conditions = [
    ownedInScope(scope, 'disclosure.owner_id'),
    input.before === undefined ? undefined : sql`disclosure.id < ${input.before}`,
    filter.operatorId === undefined ? undefined : sql`disclosure.operator_id = ${filter.operatorId}`,
    filter.sought === undefined ? undefined : sql`disclosure.sought = ${filter.sought}`,
    filter.caseNumber === undefined ? undefined : sql`disclosure.case_number = ${filter.caseNumber}`,
    filter.since === undefined ? undefined : sql`disclosure.at >= ${filter.since}`,
    filter.until === undefined ? undefined : sql`disclosure.at < ${filter.until}`,
  ].filter((condition) => condition !== undefined)
  const { rows } = await sql<DisclosureShown>`
    select disclosure.*, host(disclosure.address) as address, address_space.name as space
    from disclosure left join address_space on address_space.id = disclosure.address_space_id
    where ${sql.join(conditions, sql` and `)}
    order by disclosure.id desc limit ${input.limit}`.execute(db)
  return rows
}
