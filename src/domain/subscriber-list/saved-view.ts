// Saved views: a filter, an order and a set of columns under a name, per operator and list; one of them is shown when the list is
// opened. Others of the team or the organisation may use what is shared with them; only its operator changes it.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { isUniqueViolation } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkText, ConflictError, FieldError, NotFoundError } from '../field.ts'

export const viewNouns = ['subscriber', 'operator'] as const
export type ViewNoun = (typeof viewNouns)[number]
export const viewAudiences = ['nobody', 'team', 'organisation'] as const
export type ViewAudience = (typeof viewAudiences)[number]

/** At most so many of one operator: nobody puts more to use. */
const mostViews = 200

export type NewView = {
  noun: ViewNoun
  name: string
  /** JSON of the list's own filter, checked by whoever reads it. */
  filter: Readonly<Record<string, unknown>>
  columns: readonly string[]
  sort: string | null
  isDefault: boolean
  sharedWith: ViewAudience
}

export type SavedView = NewView & {
  id: bigint
  operatorId: bigint
  /** Name of the operator. */
  by: string
  /** Whether the author may change it. */
  own: boolean
  updatedAt: Date
}

/** The author's own views and those shared with it, by name. */
export async function listViews(db: Db, noun: ViewNoun | undefined, by: Author): Promise<SavedView[]> {
  const rows = await selectViews(db, by, noun === undefined ? sql`true` : sql`saved_view.noun = ${noun}`)
  return rows
}

/** One that the author may use. Throws NotFoundError. */
export async function showView(db: Db, id: bigint, by: Author): Promise<SavedView> {
  const [view] = await selectViews(db, by, sql`saved_view.id = ${id}`)
  if (view === undefined) throw new NotFoundError('view', String(id))
  return view
}

/** Saves a new one. Throws FieldError or ConflictError. */
export async function addView(db: Db, input: NewView, by: Author, now: Date): Promise<SavedView> {
  const operatorId = operatorOf(by)
  const { count } = await db
    .selectFrom('saved_view')
    .select((row) => row.fn.countAll<bigint>().as('count'))
    .where('operator_id', '=', operatorId)
    .executeTakeFirstOrThrow()
  if (count >= BigInt(mostViews)) throw new FieldError('name', `there are ${mostViews} views already: remove one`)
  const values = checkView(input)
  if (values.is_default) await clearDefault(db, operatorId, input.noun)
  const { id } = await unique(input.name, () =>
    db
      .insertInto('saved_view')
      .values({ ...values, noun: input.noun, operator_id: operatorId, created_at: now, updated_at: now })
      .returning('id')
      .executeTakeFirstOrThrow(),
  )
  const after = { ...values, filter: input.filter }
  await writeAudit(db, { action: 'view.add', noun: 'view', rowId: id, after }, by, now)
  return showView(db, id, by)
}

/** Changes one of the author's own. Throws NotFoundError, FieldError or ConflictError. */
export async function editView(
  db: Db,
  id: bigint,
  changes: Partial<Omit<NewView, 'noun'>>,
  by: Author,
  now: Date,
): Promise<SavedView> {
  const before = await ownView(db, id, by)
  const values = checkView({ ...before, ...changes })
  if (values.is_default && !before.isDefault) await clearDefault(db, before.operatorId, before.noun)
  await unique(values.name, () =>
    db
      .updateTable('saved_view')
      .set({ ...values, updated_at: now })
      .where('id', '=', id)
      .execute(),
  )
  const shown = await showView(db, id, by)
  const deed = { action: 'view.edit', noun: 'view', rowId: id, before: auditOf(before), after: auditOf(shown) }
  await writeAudit(db, deed, by, now)
  return shown
}

/** Removes one of the author's own. Throws NotFoundError. */
export async function removeView(db: Db, id: bigint, by: Author, now: Date): Promise<void> {
  const view = await ownView(db, id, by)
  await db.deleteFrom('saved_view').where('id', '=', id).execute()
  await writeAudit(db, { action: 'view.remove', noun: 'view', rowId: id, before: auditOf(view) }, by, now)
}

function auditOf({ name, filter, columns, sort, isDefault, sharedWith }: SavedView): Record<string, unknown> {
  return { name, filter, columns, sort, is_default: isDefault, shared_with: sharedWith }
}

function checkView(input: Omit<NewView, 'noun'>) {
  return {
    name: checkText('name', input.name, 1, 100),
    filter: JSON.stringify(input.filter),
    columns: [...input.columns],
    sort: input.sort,
    is_default: input.isDefault,
    shared_with: input.sharedWith,
  }
}

function operatorOf(by: Author): bigint {
  if (by.operatorId === null) throw new FieldError('operator', 'views belong to operators')
  return by.operatorId
}

async function ownView(db: Db, id: bigint, by: Author): Promise<SavedView> {
  const view = await showView(db, id, by)
  if (!view.own) throw new NotFoundError('view of your own', String(id))
  return view
}

async function clearDefault(db: Db, operatorId: bigint, noun: ViewNoun): Promise<void> {
  await db
    .updateTable('saved_view')
    .set({ is_default: false })
    .where('operator_id', '=', operatorId)
    .where('noun', '=', noun)
    .where('is_default', '=', true)
    .execute()
}

async function unique<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('name', `you have a view ${name} already`)
    throw error
  }
}

async function selectViews(db: Db, by: Author, condition: RawBuilder<unknown>): Promise<SavedView[]> {
  const { rows } = await sql<SavedView>`
    select saved_view.id, saved_view.operator_id as "operatorId", operator.name as by, saved_view.noun, saved_view.name,
      saved_view.filter, saved_view.columns, saved_view.sort, saved_view.updated_at as "updatedAt",
      saved_view.shared_with as "sharedWith", saved_view.operator_id = reader.id as own,
      saved_view.is_default and saved_view.operator_id = reader.id as "isDefault"
    from saved_view
    join operator on operator.id = saved_view.operator_id
    join operator reader on reader.id = ${by.operatorId}
    where ${condition} and (
      saved_view.operator_id = reader.id
      or operator.organisation_id = reader.organisation_id and (
        saved_view.shared_with = 'organisation'
        or saved_view.shared_with = 'team' and operator.team_id = reader.team_id
      )
    )
    order by saved_view.name collate "und-x-icu", saved_view.id`.execute(db)
  return rows
}
