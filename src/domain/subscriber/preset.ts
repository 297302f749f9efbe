// Presets: fields of a new subscriber under a name, such as `company line` or `trial`. What is named when one is made from it
// goes before.

import type { Selectable } from 'kysely'
import { isUniqueViolation } from '../../db/errors.ts'
import type { SubscriberPresetTable } from '../../db/schema-subscribers.ts'
import type { Db } from '../../db/schema.ts'
import { changesOf, writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkName, ConflictError, NotFoundError } from '../field.ts'
import { ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { acrossOrganisations } from './across.ts'

export type PresetFields = Readonly<Record<string, unknown>>
export type Preset = Omit<Selectable<SubscriberPresetTable>, 'fields'> & { fields: PresetFields }

/** The presets in reach, shared ones too, by name. */
export async function listPresets(db: Db, scope: Scope): Promise<Preset[]> {
  const query = selectPresets(db, scope).orderBy('name').orderBy('id')
  return acrossOrganisations(db, scope, async () => (await query.execute()) as Preset[])
}

/** One by id. Throws NotFoundError. */
export async function showPreset(db: Db, id: bigint, scope: Scope): Promise<Preset> {
  const query = selectPresets(db, scope).where('id', '=', id)
  const row = await acrossOrganisations(db, scope, () => query.executeTakeFirst())
  if (row === undefined) throw new NotFoundError('preset', String(id))
  return row as Preset
}

/** The fields of a preset by its name: the author's own before a shared one. Throws NotFoundError. */
export async function presetFields(db: Db, name: string, scope: Scope): Promise<PresetFields> {
  const query = selectPresets(db, scope)
    .where('name', '=', name.trim())
    .orderBy('owner_id', (order) => order.asc().nullsLast())
  const row = await acrossOrganisations(db, scope, () => query.executeTakeFirst())
  if (row === undefined) throw new NotFoundError('preset', name)
  return row.fields as PresetFields
}

/** Row level security shows a reseller its own rows only; here it is the condition that lets it see the shared ones. */
function selectPresets(db: Db, scope: Scope) {
  return db
    .selectFrom('subscriber_preset')
    .selectAll()
    .where(ownedInScope(scope, 'subscriber_preset.owner_id', { shared: true }))
}

/** Adds a preset; a reseller's is its own, everybody else's is shared. Throws FieldError or ConflictError. */
export async function addPreset(
  db: Db,
  input: { name: string; fields: PresetFields },
  by: Author,
  now: Date,
): Promise<bigint> {
  const name = checkName('name', input.name)
  const ownerId = by.scope.ownerId ?? null
  const fields = JSON.stringify(input.fields)
  const { id } = await namingConflict(name, () =>
    db
      .insertInto('subscriber_preset')
      .values({ owner_id: ownerId, name, fields, created_at: now, updated_at: now })
      .returning('id')
      .executeTakeFirstOrThrow(),
  )
  const after = { name, fields: input.fields }
  await writeAudit(db, { action: 'preset.create', noun: 'preset', rowId: id, ownerId, after }, by, now)
  return id
}

/** Changes a preset that is the author's to change. Throws FieldError, NotFoundError or ConflictError. */
export async function editPreset(
  db: Db,
  input: { id: bigint; name?: string | undefined; fields?: PresetFields | undefined },
  by: Author,
  now: Date,
): Promise<void> {
  const preset = await lockPreset(db, input.id, by.scope)
  const name = input.name === undefined ? preset.name : checkName('name', input.name)
  const fields = input.fields ?? preset.fields
  const changes = changesOf({ name: preset.name, fields: preset.fields }, { name, fields })
  if (changes === undefined) return
  await namingConflict(name, () =>
    db
      .updateTable('subscriber_preset')
      .set({ name, fields: JSON.stringify(fields), updated_at: now })
      .where('id', '=', input.id)
      .execute(),
  )
  const deed = { action: 'preset.edit', noun: 'preset', rowId: input.id, ownerId: preset.owner_id, ...changes }
  await writeAudit(db, deed, by, now)
}

/** Removes a preset. Throws NotFoundError. */
export async function removePreset(db: Db, id: bigint, by: Author, now: Date): Promise<void> {
  const preset = await lockPreset(db, id, by.scope)
  await db.deleteFrom('subscriber_preset').where('id', '=', id).execute()
  const before = { name: preset.name, fields: preset.fields }
  await writeAudit(
    db,
    { action: 'preset.delete', noun: 'preset', rowId: id, ownerId: preset.owner_id, before },
    by,
    now,
  )
}

/** A reseller sees shared presets and changes only its own. */
async function lockPreset(db: Db, id: bigint, scope: Scope): Promise<Preset> {
  const row = await db
    .selectFrom('subscriber_preset')
    .selectAll()
    .where('id', '=', id)
    .where(ownedInScope(scope, 'subscriber_preset.owner_id'))
    .forUpdate()
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('preset', String(id))
  return row as Preset
}

async function namingConflict<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('name', `there is a preset ${name} already`)
    throw error
  }
}
