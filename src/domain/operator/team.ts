// Teams: they narrow what their operators see to the subscribers of some zones and the NASes of some groups. A reseller may have
// teams of its own; the ISP makes them.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { isUniqueViolation } from '../../db/errors.ts'
import { changesOf, writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkName, checkText, ConflictError, FieldError, NotFoundError } from '../field.ts'
import { nasGroupInScope, ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { AboveError, isWithin, lockOperators } from './rank.ts'
import { requireVersion, versionOf } from './row-version.ts'

export type Team = {
  id: bigint
  name: string
  organisationId: bigint
  organisation: string
  /** Null: all. */
  zones: string[] | null
  nasGroupIds: bigint[] | null
  operators: number
}

const maximumEntries = 500

/** The teams in reach, by name. */
export async function listTeams(db: Db, scope: Scope): Promise<Team[]> {
  const { rows } = await sql<Team>`
    select team.id, team.name, organisation.id as "organisationId", organisation.name as organisation, team.zones,
      team.nas_group_ids as "nasGroupIds",
      (select count(*) from operator where operator.team_id = team.id and operator.archived_at is null)::int as operators
    from team join organisation on organisation.id = coalesce(team.organisation_id,
      (select isp.id from organisation isp where isp.kind = 'isp'))
    where ${ownedInScope(scope, 'organisation.id')}
    order by lower(team.name), team.id`.execute(db)
  return rows
}

/** One team. Throws NotFoundError. */
export async function readTeam(db: Db, id: bigint, scope: Scope): Promise<Team> {
  const team = (await listTeams(db, scope)).find((one) => one.id === id)
  if (team === undefined) throw new NotFoundError('team', String(id))
  return team
}

export type TeamFields = { name: string; zones: readonly string[] | null; nasGroupIds: readonly bigint[] | null }

/** Adds a team. Throws FieldError, ConflictError, NotFoundError. */
export async function addTeam(
  db: Db,
  input: TeamFields & { organisationId: bigint },
  by: Author,
  now: Date,
): Promise<{ id: bigint }> {
  requireIsp(by)
  const organisation = await db
    .selectFrom('organisation')
    .select('id')
    .where('id', '=', input.organisationId)
    .executeTakeFirst()
  if (organisation === undefined) throw new NotFoundError('organisation', String(input.organisationId))
  const fields = await checkFields(db, input, by)
  const { id } = await uniqueName(fields.name, () =>
    db
      .insertInto('team')
      .values({ ...columnsOf(fields), organisation_id: input.organisationId, created_at: now })
      .returning('id')
      .executeTakeFirstOrThrow(),
  )
  const deed = { action: 'team.create', noun: 'team', rowId: id, ownerId: input.organisationId }
  await writeAudit(db, { ...deed, after: columnsOf(fields) }, by, now)
  return { id }
}

/** Changes a team: what its operators see from their next request on. Throws as addTeam does, and ChangedMeanwhileError. */
export async function editTeam(
  db: Db,
  input: { id: bigint; changes: Partial<TeamFields>; ifMatch: string | undefined },
  by: Author,
  now: Date,
): Promise<void> {
  await lockOperators(db)
  const team = await readTeam(db, input.id, by.scope)
  requireIsp(by)
  requireVersion(input.ifMatch, teamVersion(team))
  requireNarrow(team, by)
  const { changes } = input
  const after = await checkFields(
    db,
    {
      name: changes.name ?? team.name,
      zones: changes.zones === undefined ? team.zones : changes.zones,
      nasGroupIds: changes.nasGroupIds === undefined ? team.nasGroupIds : changes.nasGroupIds,
    },
    by,
  )
  const differences = changesOf(columnsOf(team), columnsOf(after))
  if (differences === undefined) return
  await uniqueName(after.name, () => db.updateTable('team').set(columnsOf(after)).where('id', '=', input.id).execute())
  const deed = { action: 'team.edit', noun: 'team', rowId: input.id, ownerId: team.organisationId }
  await writeAudit(db, { ...deed, ...differences }, by, now)
}

/** Removes a team that nobody is in. Throws ConflictError, NotFoundError. */
export async function removeTeam(db: Db, id: bigint, by: Author, now: Date): Promise<void> {
  await lockOperators(db)
  const team = await readTeam(db, id, by.scope)
  requireIsp(by)
  requireNarrow(team, by)
  // Without a team an operator would see everything: they must be moved first.
  const member = await db.selectFrom('operator').select('id').where('team_id', '=', id).limit(1).executeTakeFirst()
  if (member !== undefined) throw new ConflictError('id', 'operators are or were in this team: move them first')
  await db.deleteFrom('team').where('id', '=', id).execute()
  const deed = { action: 'team.delete', noun: 'team', rowId: id, ownerId: team.organisationId }
  await writeAudit(db, { ...deed, before: columnsOf(team) }, by, now)
}

/** The version of a team's row. */
export function teamVersion(team: TeamFields): string {
  return versionOf(columnsOf(team))
}

function columnsOf(fields: TeamFields) {
  return {
    name: fields.name,
    zones: fields.zones === null ? null : [...fields.zones],
    nas_group_ids: fields.nasGroupIds === null ? null : [...fields.nasGroupIds],
  }
}

async function checkFields(db: Db, input: TeamFields, by: Author): Promise<TeamFields> {
  const fields = {
    name: checkName('name', input.name),
    zones: input.zones?.map((zone) => checkText('zones', zone, 1, 100)) ?? null,
    nasGroupIds: input.nasGroupIds,
  }
  for (const [name, list] of [['zones', fields.zones] as const, ['nas_group_ids', fields.nasGroupIds] as const]) {
    if (list !== null && list.length > maximumEntries) throw new FieldError(name, `has over ${maximumEntries} entries`)
  }
  requireNarrow(fields, by)
  if (fields.nasGroupIds !== null) await requireGroups(db, fields.nasGroupIds, by.scope)
  return fields
}

async function requireGroups(db: Db, ids: readonly bigint[], scope: Scope): Promise<void> {
  const { rows } = await sql<{ id: bigint }>`
    select wanted.id from unnest(${ids}::bigint[]) as wanted (id)
    where not exists (select from nas_group where nas_group.id = wanted.id and ${nasGroupInScope(scope, 'nas_group.id')})
    limit 1`.execute(db)
  if (rows[0] !== undefined) throw new NotFoundError('NAS group', String(rows[0].id))
}

/** What a reseller's operators see is set by the ISP, as the database's own fence has it. */
function requireIsp(by: Author): void {
  if (by.scope.ownerId !== undefined) throw new AboveError('id', 'teams are the ISP’s to change')
}

/** A team that sees more than the author is not theirs to make or change. */
function requireNarrow(team: { zones: readonly string[] | null; nasGroupIds: readonly bigint[] | null }, by: Author) {
  if (!isWithin(by.scope.zones, team.zones)) throw new AboveError('zones', 'sees more than you do')
  if (!isWithin(by.scope.nasGroupIds, team.nasGroupIds)) throw new AboveError('nas_group_ids', 'sees more than you do')
}

async function uniqueName<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('name', `there is a team ${name} already`)
    throw error
  }
}
