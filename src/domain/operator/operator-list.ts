// The list of operators: searched, filtered by role, team, organisation and what they are, a page at a time in any order. One
// condition serves the list, the bulk deeds and the export.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { NotFoundError } from '../field.ts'
import { ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { idleMs } from './caller.ts'

export type OperatorFilter = {
  /** In name, e-mail and phone. */
  search?: string | undefined
  roleIds?: readonly bigint[] | undefined
  teamIds?: readonly bigint[] | undefined
  organisationIds?: readonly bigint[] | undefined
  enabled?: boolean | undefined
  secondFactor?: boolean | undefined
  signedIn?: boolean | undefined
  /** Deleted ones instead of those that work here. */
  archived?: boolean | undefined
}

export type OperatorListed = {
  id: bigint
  name: string
  email: string
  phone: string | null
  phoneExtension: string | null
  language: string | null
  organisationId: bigint
  organisation: string
  roleId: bigint
  role: string
  teamId: bigint | null
  team: string | null
  enabled: boolean
  mustChangePassword: boolean
  hasPassword: boolean
  secondFactor: boolean
  sessions: number
  tokens: number
  createdAt: Date
  createdBy: string | null
  lastLoginAt: Date | null
  archivedAt: Date | null
}

const sorts = {
  name: { key: sql`lower(operator.name)`, type: sql`text` },
  email: { key: sql`operator.email`, type: sql`text` },
  role: { key: sql`lower(role.name)`, type: sql`text` },
  team: { key: sql`coalesce(lower(team.name), '')`, type: sql`text` },
  organisation: { key: sql`lower(organisation.name)`, type: sql`text` },
  created_at: { key: sql`operator.created_at`, type: sql`timestamptz` },
  last_login_at: { key: sql`coalesce(operator.last_login_at, '-infinity')`, type: sql`timestamptz` },
} as const

export type OperatorSort = keyof typeof sorts

/** By what the list can be sorted. */
export const operatorSorts = Object.keys(sorts) as OperatorSort[]

/** Where a page ended. */
export type ListPlace = { key: string; id: bigint }

/** A page of operators, and where the next one begins. */
export async function listOperators(
  db: Db,
  input: {
    filter: OperatorFilter
    sort: OperatorSort
    descending: boolean
    after: ListPlace | undefined
    limit: number
  },
  scope: Scope,
  now: Date,
): Promise<{ items: OperatorListed[]; next: ListPlace | undefined }> {
  const { key, type } = sorts[input.sort]
  const direction = input.descending ? sql`desc` : sql`asc`
  const beyond = input.descending ? sql`<` : sql`>`
  const after =
    input.after === undefined
      ? sql`true`
      : sql`(${key}, operator.id) ${beyond} (${input.after.key}::${type}, ${input.after.id}::bigint)`
  const { rows } = await sql<OperatorListed & { key: string }>`
    select ${columns(now)}, (${key})::text as key ${from}
    where ${operatorCondition(input.filter, scope, now)} and ${after}
    order by ${key} ${direction}, operator.id ${direction} limit ${input.limit + 1}`.execute(db)
  const items = rows.slice(0, input.limit)
  const last = items.at(-1)
  return { items, next: rows.length > input.limit && last !== undefined ? { key: last.key, id: last.id } : undefined }
}

/** One operator, deleted or not. Throws NotFoundError. */
export async function readOperator(db: Db, id: bigint, scope: Scope, now: Date): Promise<OperatorListed> {
  const { rows } = await sql<OperatorListed>`
    select ${columns(now)} ${from}
    where operator.id = ${id} and ${ownedInScope(scope, 'operator.organisation_id')}`.execute(db)
  if (rows[0] === undefined) throw new NotFoundError('operator', String(id))
  return rows[0]
}

/** The ids that a filter finds, in the order of ids. */
export async function findOperatorIds(db: Db, filter: OperatorFilter, scope: Scope, now: Date): Promise<bigint[]> {
  const { rows } = await sql<{ id: bigint }>`
    select operator.id ${from} where ${operatorCondition(filter, scope, now)} order by operator.id`.execute(db)
  return rows.map((row) => row.id)
}

const from = sql`from operator join role on role.id = operator.role_id
  join organisation on organisation.id = operator.organisation_id left join team on team.id = operator.team_id`

function columns(now: Date): RawBuilder<unknown> {
  return sql`operator.id, operator.name, operator.email, operator.phone, operator.phone_extension as "phoneExtension",
    operator.language, operator.organisation_id as "organisationId", organisation.name as organisation,
    operator.role_id as "roleId", role.name as role, operator.team_id as "teamId", team.name as team, operator.enabled,
    operator.must_change_password as "mustChangePassword", operator.password_hash is not null as "hasPassword",
    operator.totp_enabled_at is not null as "secondFactor", ${liveSessions(now)}::int as sessions,
    (select count(*) from api_token where api_token.operator_id = operator.id and api_token.revoked_at is null
      and api_token.expires_at > ${now})::int as tokens,
    operator.created_at as "createdAt", operator.created_by as "createdBy", operator.last_login_at as "lastLoginAt",
    operator.archived_at as "archivedAt"`
}

function liveSessions(now: Date): RawBuilder<number> {
  return sql<number>`(select count(*) from panel_session where panel_session.operator_id = operator.id
    and panel_session.ended_at is null and panel_session.ends_at > ${now}
    and panel_session.last_seen_at > ${new Date(now.getTime() - idleMs)})`
}

/** What a filter asks of a row of the list, and that it is in reach. */
function operatorCondition(filter: OperatorFilter, scope: Scope, now: Date): RawBuilder<boolean> {
  const is = (value: boolean | undefined, condition: RawBuilder<unknown>): RawBuilder<unknown> =>
    value === undefined ? sql`true` : value ? condition : sql`not (${condition})`
  const among = (column: RawBuilder<unknown>, ids: readonly bigint[] | undefined): RawBuilder<unknown> =>
    ids === undefined ? sql`true` : sql`${column} = any(${ids}::bigint[])`
  const parts = [
    ownedInScope(scope, 'operator.organisation_id'),
    is(filter.archived ?? false, sql`operator.archived_at is not null`),
    is(filter.enabled, sql`operator.enabled`),
    is(filter.secondFactor, sql`operator.totp_enabled_at is not null`),
    is(filter.signedIn, sql`${liveSessions(now)} > 0`),
    among(sql`operator.role_id`, filter.roleIds),
    among(sql`operator.team_id`, filter.teamIds),
    among(sql`operator.organisation_id`, filter.organisationIds),
    searched(filter.search),
  ]
  return sql<boolean>`(${sql.join(parts, sql` and `)})`
}

function searched(search: string | undefined): RawBuilder<unknown> {
  const text = search?.trim().toLowerCase() ?? ''
  if (text === '') return sql`true`
  return sql`(strpos(lower(operator.name), ${text}) > 0 or strpos(operator.email, ${text}) > 0
    or strpos(coalesce(operator.phone, ''), ${text}) > 0)`
}

/** The id of who signs in with this e-mail address. Throws NotFoundError. */
export async function findOperatorId(db: Db, email: string): Promise<bigint> {
  const row = await db
    .selectFrom('operator')
    .select('id')
    .where('email', '=', email.trim().toLowerCase())
    .where('archived_at', 'is', null)
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('operator', email)
  return row.id
}
