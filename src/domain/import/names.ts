// Names in a file turned into ids: organisations, plans, NAS groups, payers; each only as far as the author reaches. What lies
// beyond is not there.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { quote } from '../field.ts'
import { nasGroupInScope, ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import type { Report } from './error.ts'
import type { ImportRow } from './row.ts'

export type PlanRow = {
  id: bigint
  name: string
  owner_id: bigint | null
  currency: string
  grace_hours: number
  auto_renew: boolean
  on_block: 'reject' | 'garden'
}

/** A row with its names turned into ids. */
export type ResolvedRow = ImportRow & {
  ownerId: bigint
  planRow: PlanRow
  nextPlanId: bigint | null
  nasGroupId: bigint | null
}

/** What names mean to this author, read once for a run. */
export type Names = {
  /** Of who names none. */
  defaultOwnerId: bigint
  owners: ReadonlyMap<string, bigint>
  plans: ReadonlyMap<string, PlanRow>
  /** No longer offered: only who has one keeps it. */
  archivedPlans: ReadonlyMap<string, PlanRow>
  nasGroups: ReadonlyMap<string, bigint>
}

/** What is in reach, with plans that are no longer offered apart. */
export async function loadNames(db: Db, scope: Scope): Promise<Names> {
  const organisations = await db
    .selectFrom('organisation')
    .select(['id', 'name', 'kind'])
    .where(ownedInScope(scope, 'organisation.id'))
    .execute()
  const plans = await db
    .selectFrom('plan')
    .select(['id', 'name', 'owner_id', 'currency', 'grace_hours', 'auto_renew', 'on_block', 'archived_at'])
    .where(ownedInScope(scope, 'plan.owner_id', { shared: true }))
    .orderBy('id')
    .execute()
  const byName = (chosen: readonly PlanRow[]) =>
    new Map(chosen.map((plan) => [planKey(plan.owner_id, plan.name), plan]))
  const nasGroups = await db
    .selectFrom('nas_group')
    .select(['id', 'name'])
    .where(nasGroupInScope(scope, 'nas_group.id'))
    .execute()
  return {
    defaultOwnerId: scope.ownerId ?? organisations.find(({ kind }) => kind === 'isp')!.id,
    owners: new Map(organisations.map(({ id, name }) => [name, id])),
    plans: byName(plans.filter((plan) => plan.archived_at === null)),
    archivedPlans: byName(plans.filter((plan) => plan.archived_at !== null)),
    nasGroups: new Map(nasGroups.map(({ id, name }) => [name, id])),
  }
}

function planKey(ownerId: bigint | null, name: string): string {
  return `${ownerId ?? ''}/${name}`
}

/** A plan of the owner's own, else a shared one. */
function findPlan(names: Names, ownerId: bigint | undefined, name: string): PlanRow | undefined {
  const own = ownerId === undefined ? undefined : names.plans.get(planKey(ownerId, name))
  return own ?? names.plans.get(planKey(null, name))
}

/** Columns that a row only repeats: their names need not be known any more, and are not written. */
export type Kept = (column: 'owner' | 'plan' | 'next_plan' | 'bound_nas_group') => boolean

/** Turns the names of a row into ids; undefined where one is unknown, which is reported. */
export function resolveRow(
  names: Names,
  row: ImportRow,
  report: Report,
  kept: Kept = () => false,
): ResolvedRow | undefined {
  const { line } = row
  let isKnown = true
  const found = <T>(column: Parameters<Kept>[0], value: T | undefined, noun: string, name: string): T | undefined => {
    if (value !== undefined || kept(column)) return value
    isKnown = false
    if (name !== '') report(line, column, `there is no ${noun} ${quote(name)}`)
    return undefined
  }
  const owner = row.owner === '' ? names.defaultOwnerId : names.owners.get(row.owner)
  const ownerId = found('owner', owner, 'organisation', row.owner)
  const plan = findPlan(names, ownerId, row.plan) ?? (kept('plan') ? archivedPlan(names, ownerId, row.plan) : undefined)
  const planRow = found('plan', plan, 'plan', row.plan)
  const next = row.fields.nextPlan === null ? null : findPlan(names, ownerId, row.fields.nextPlan)
  const nextPlan = found('next_plan', next, 'plan', row.fields.nextPlan ?? '')
  const group = row.nasGroup === '' ? null : names.nasGroups.get(row.nasGroup)
  const nasGroupId = found('bound_nas_group', group, 'NAS group', row.nasGroup)
  if (!isKnown || ownerId === undefined || planRow === undefined) return undefined
  return { ...row, ownerId, planRow, nextPlanId: nextPlan?.id ?? null, nasGroupId: nasGroupId ?? null }
}

function archivedPlan(names: Names, ownerId: bigint | undefined, name: string): PlanRow | undefined {
  return names.archivedPlans.get(planKey(ownerId ?? null, name)) ?? names.archivedPlans.get(planKey(null, name))
}

/** A payer that a name means: what it pays in, or that the name is of several. */
export type NamedPayer = { id: bigint; currency: string } | 'several'

/** The payers of these names that somebody shares or that are companies, by `payerKey`. A subscriber's own are not shown. */
export async function findPayers(
  db: Db,
  wanted: readonly { ownerId: bigint; payer: string }[],
): Promise<Map<string, NamedPayer>> {
  const asked = new Map(
    wanted.filter(({ payer }) => payer !== '').map((one) => [payerKey(one.ownerId, one.payer), one]),
  )
  if (asked.size === 0) return new Map()
  const { rows } = await sql<{ id: bigint; owner_id: bigint; name: string; currency: string }>`
    select payer.id, payer.owner_id, payer.name, payer.currency::text as currency from payer
    where lower(payer.name) = any(${[...asked.values()].map(({ payer }) => payer.toLowerCase())}::text[])
      and (payer.kind <> 'own' or (select count(*) from subscriber
        where subscriber.payer_id = payer.id and subscriber.archived_at is null) > 1)
    order by payer.id`.execute(db)
  const found = new Map<string, NamedPayer>()
  for (const { id, owner_id: ownerId, name, currency } of rows) {
    const key = payerKey(ownerId, name)
    if (asked.has(key)) found.set(key, found.has(key) ? 'several' : { id, currency })
  }
  return found
}

/** One payer's name in an organisation. */
export function payerKey(ownerId: bigint, name: string): string {
  return `${ownerId}/${name}`
}
