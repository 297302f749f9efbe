// Groups of subscribers: adding, renaming, removing, and how many are in each. Every organisation has its own.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { isUniqueViolation } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { changesOf, writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkName, ConflictError, NotFoundError } from '../field.ts'
import { ownedInScope, subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'

export type Group = { id: bigint; owner_id: bigint; owner: string; name: string; subscribers: number }

export type GroupPage = { after?: { name: string; id: bigint } | undefined; limit: number }

/** The groups in reach by name, behind `after`, with the subscribers in reach that are in each (not the deleted). */
export async function listGroups(db: Db, page: GroupPage, scope: Scope): Promise<Group[]> {
  const { after } = page
  const behind =
    after === undefined ? sql`true` : sql`(subscriber_group.name, subscriber_group.id) > (${after.name}, ${after.id})`
  return selectGroups(db, behind, page.limit, scope)
}

/** One of them. Throws NotFoundError. */
export async function showGroup(db: Db, id: bigint, scope: Scope): Promise<Group> {
  const [group] = await selectGroups(db, sql`subscriber_group.id = ${id}`, 1, scope)
  if (group === undefined) throw new NotFoundError('group', String(id))
  return group
}

async function selectGroups(db: Db, condition: RawBuilder<unknown>, limit: number, scope: Scope): Promise<Group[]> {
  const { rows } = await sql<Group>`
    select subscriber_group.id, subscriber_group.owner_id, organisation.name as owner, subscriber_group.name,
      (select count(*)::int from subscriber where subscriber.group_id = subscriber_group.id
        and subscriber.archived_at is null and ${subscriberInScope(scope)}) as subscribers
    from subscriber_group join organisation on organisation.id = subscriber_group.owner_id
    where ${ownedInScope(scope, 'subscriber_group.owner_id')} and ${condition}
    order by subscriber_group.name, subscriber_group.id limit ${limit}`.execute(db)
  return rows
}

/** The groups of an id or a name in reach: a name may be that of several organisations. Throws NotFoundError. */
export async function findGroup(
  db: Db,
  group: number | string,
  scope: Scope,
): Promise<{ id: bigint; owner_id: bigint }[]> {
  const groups = await db
    .selectFrom('subscriber_group')
    .select(['id', 'owner_id'])
    .where(typeof group === 'number' ? 'id' : 'name', '=', typeof group === 'number' ? BigInt(group) : group.trim())
    .where(ownedInScope(scope, 'subscriber_group.owner_id'))
    .execute()
  if (groups.length === 0) throw new NotFoundError('group', String(group))
  return groups
}

/** Adds a group of an organisation. Throws FieldError or ConflictError. */
export async function addGroup(
  db: Db,
  input: { name: string; ownerId: bigint },
  by: Author,
  now: Date,
): Promise<bigint> {
  const name = checkName('name', input.name)
  const { id } = await namingConflict(name, () =>
    db
      .insertInto('subscriber_group')
      .values({ owner_id: input.ownerId, name })
      .returning('id')
      .executeTakeFirstOrThrow(),
  )
  const after = { name, owner_id: input.ownerId }
  await writeAudit(db, { action: 'group.create', noun: 'group', rowId: id, ownerId: input.ownerId, after }, by, now)
  return id
}

/** Renames a group. Throws FieldError, NotFoundError or ConflictError. */
export async function renameGroup(db: Db, input: { id: bigint; name: string }, by: Author, now: Date): Promise<void> {
  const group = await lockGroup(db, input.id, by.scope)
  const name = checkName('name', input.name)
  const changes = changesOf({ name: group.name }, { name })
  if (changes === undefined) return
  await namingConflict(name, () =>
    db.updateTable('subscriber_group').set({ name }).where('id', '=', input.id).execute(),
  )
  const deed = { action: 'group.edit', noun: 'group', rowId: input.id, ownerId: group.owner_id, ...changes }
  await writeAudit(db, deed, by, now)
}

/** Removes a group that nobody is in; the deleted leave it. Throws NotFoundError or ConflictError. */
export async function removeGroup(db: Db, input: { id: bigint }, by: Author, now: Date): Promise<void> {
  const group = await lockGroup(db, input.id, by.scope)
  const member = await db
    .selectFrom('subscriber')
    .select('id')
    .where('group_id', '=', input.id)
    .where('archived_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  if (member !== undefined) throw new ConflictError('group', 'has subscribers: take them out first')
  await db.updateTable('subscriber').set({ group_id: null }).where('group_id', '=', input.id).execute()
  await db.deleteFrom('subscriber_group').where('id', '=', input.id).execute()
  const before = { name: group.name }
  const deed = { action: 'group.delete', noun: 'group', rowId: input.id, ownerId: group.owner_id, before }
  await writeAudit(db, deed, by, now)
}

async function lockGroup(db: Db, id: bigint, scope: Scope): Promise<{ owner_id: bigint; name: string }> {
  const group = await db
    .selectFrom('subscriber_group')
    .select(['owner_id', 'name'])
    .where('id', '=', id)
    .where(ownedInScope(scope, 'subscriber_group.owner_id'))
    .forUpdate()
    .executeTakeFirst()
  if (group === undefined) throw new NotFoundError('group', String(id))
  return group
}

async function namingConflict<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('name', `there is a group ${name} already`)
    throw error
  }
}
