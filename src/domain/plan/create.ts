// Making a plan: what its fields refer to is looked at, the row and its pools are written. A reseller's plan is its own; only
// the ISP makes shared ones.

import { isUniqueViolation } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { ConflictError, FieldError } from '../field.ts'
import type { AttributeCheck } from '../nas-device.ts'
import type { Scope } from '../scope.ts'
import { readSettings } from '../setting.ts'
import { checkPlan } from './fields.ts'
import type { PlanFields } from './fields.ts'
import { checkNasGroups, checkPools, writePools } from './pools.ts'
import { fieldsOf, readPlan } from './read.ts'
import type { Plan } from './read.ts'

export type CreatePlan = {
  fields: PlanFields
  /** Organisation that owns it; undefined: shared by all, or the reseller's own where a reseller makes it. */
  ownerId?: bigint | undefined
}

/** Adds a plan in the ISP's currency and writes it down. Throws FieldError or ConflictError. */
export async function createPlan(
  db: Db,
  input: CreatePlan,
  checkAttribute: AttributeCheck,
  by: Author,
  now: Date,
): Promise<Plan> {
  const ownerId = by.scope.ownerId ?? input.ownerId ?? null
  if (by.scope.ownerId !== undefined && input.ownerId !== undefined && input.ownerId !== by.scope.ownerId) {
    throw new FieldError('owner-id', `there is no organisation ${input.ownerId}`)
  }
  return inTransaction(db, async (trx) => {
    const id = await insertPlan(trx, { fields: input.fields, ownerId }, by.scope, checkAttribute, now)
    const plan = await readPlan(trx, id, by.scope)
    await writeAudit(trx, { action: 'plan.create', noun: 'plan', rowId: id, ownerId, after: fieldsOf(plan) }, by, now)
    return plan
  })
}

/** Makes a plan like another, under a new name, for the ISP or the reseller that asks. Throws as createPlan, or NotFoundError. */
export async function duplicatePlan(
  db: Db,
  input: { id: bigint; name: string; ownerId?: bigint | undefined },
  checkAttribute: AttributeCheck,
  by: Author,
  now: Date,
): Promise<Plan> {
  const like = await readPlan(db, input.id, by.scope)
  const { currency } = await readSettings(db)
  const fields = { ...fieldsOf(like), name: input.name }
  if (like.currency !== currency) throw new FieldError('price', `is in ${like.currency}, new plans are in ${currency}`)
  return createPlan(db, { fields, ownerId: input.ownerId ?? like.owner_id ?? undefined }, checkAttribute, by, now)
}

/** Writes the row of a new plan and its pools, and no audit entry. Throws FieldError or ConflictError. */
export async function insertPlan(
  db: Db,
  input: { fields: PlanFields; ownerId: bigint | null },
  scope: Scope,
  checkAttribute: AttributeCheck,
  now: Date,
): Promise<bigint> {
  const { currency } = await readSettings(db)
  const row = checkPlan(input.fields, currency, checkAttribute)
  const pools = checkPools(input.fields.group_pools ?? [])
  await checkReferences(db, { id: undefined, ownerId: input.ownerId, fields: input.fields }, scope)
  return inTransaction(db, async (trx) => {
    const insert = trx.insertInto('plan').values({ ...row, owner_id: input.ownerId, created_at: now })
    const { id } = await namingConflict(row.name, () => insert.returning('id').executeTakeFirstOrThrow())
    if (pools.length > 0) await writePools(trx, id, pools)
    return id
  })
}

/** Turns the violation of the unique name into a ConflictError. */
export async function namingConflict<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (isUniqueViolation(error, 'plan_name')) throw new ConflictError('name', `there is a plan ${name} already`)
    throw error
  }
}

/** Looks at what the fields of a plan refer to: owner, NAS groups, the slower plan. Throws FieldError. */
export async function checkReferences(
  db: Db,
  plan: { id: bigint | undefined; ownerId: bigint | null; fields: PlanFields },
  scope: Scope,
): Promise<void> {
  const { id, ownerId, fields } = plan
  if (ownerId !== null) {
    const owner = await db.selectFrom('organisation').select('id').where('id', '=', ownerId).executeTakeFirst()
    if (owner === undefined) throw new FieldError('owner-id', `there is no organisation ${ownerId}`)
  }
  await checkNasGroups(db, 'allowed-nas-group-ids', fields.allowed_nas_group_ids ?? [], scope)
  const poolGroups = (fields.group_pools ?? []).map((entry) => entry.nas_group_id)
  await checkNasGroups(db, 'group-pools', poolGroups, scope)
  if (fields.quota_plan_id != null) await checkSlower(db, { id, ownerId, slowerId: fields.quota_plan_id })
}

type Slower = { id: bigint | undefined; ownerId: bigint | null; slowerId: bigint }

async function checkSlower(db: Db, { id, ownerId, slowerId }: Slower): Promise<void> {
  const field = 'quota-plan-id'
  if (id === slowerId) throw new FieldError(field, 'a plan cannot be its own slower one')
  const slower = await db
    .selectFrom('plan')
    .select(['owner_id', 'archived_at', 'name'])
    .where('id', '=', slowerId)
    .executeTakeFirst()
  // That of another organisation is, for this plan, not there.
  if (slower === undefined || (slower.owner_id !== null && slower.owner_id !== ownerId)) {
    throw new FieldError(field, `there is no plan ${slowerId} that this one may be followed by`)
  }
  if (slower.archived_at !== null) throw new FieldError(field, `the plan ${slower.name} is archived`)
  if (id === undefined) return
  for (let next: bigint | null = slowerId, steps = 0; next !== null && steps < 100; steps += 1) {
    if (next === id) throw new FieldError(field, `goes in a circle: ${slower.name} is followed by this plan`)
    const row: { quota_plan_id: bigint | null } | undefined = await db
      .selectFrom('plan')
      .select('quota_plan_id')
      .where('id', '=', next)
      .executeTakeFirst()
    next = row?.quota_plan_id ?? null
  }
}
