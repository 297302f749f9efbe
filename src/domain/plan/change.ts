// Changing a plan that subscribers have. What changes for live sessions is ordered for them in the same transaction; a dry run
// says how many that would be. Shared plans are changed by the ISP only.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { changesOf, writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { placeOrders } from '../coa-order.ts'
import { ConflictError } from '../field.ts'
import type { AttributeCheck } from '../nas-device.ts'
import { requireVersion } from '../operator/row-version.ts'
import { checkReferences, namingConflict } from './create.ts'
import { checkPlan } from './fields.ts'
import type { PlanFields, PlanRow } from './fields.ts'
import { checkPools, writePools } from './pools.ts'
import type { GroupPools } from './pools.ts'
import { fieldsOf, readPlan } from './read.ts'
import type { Plan } from './read.ts'

/** Whom a change reaches. */
export type Reach = {
  /** Subscribers with this plan, or with one that this one follows when the quota is used up. */
  subscribers: number
  /** Their live sessions. */
  sessions: number
}

export type PlanChange = {
  /** As it is afterwards; after a dry run as it was. */
  plan: Plan
  /** Names of the fields that differ. */
  changed: string[]
  reach: Reach
  /** Live sessions that are told of it, or would be. */
  orders: number
}

/** What live sessions need not be told: it counts from the next login, renewal or activation. */
const notLive: ReadonlySet<string> = new Set([
  'name',
  'price',
  'setup_price',
  'auto_renew',
  'validity',
  'validity_unit',
  'grace_hours',
  'expiry_rule',
  'expiry_hour',
  'no_cut_days',
  'session_limit',
  'device_limit',
  'mac_rule',
  'allowed_nas_group_ids',
  'on_expiry',
  'on_block',
  'interim_interval_s',
])
const fieldNames: Readonly<Record<string, string>> = { price_minor: 'price', setup_price_minor: 'setup_price' }

export type ChangePlan = {
  id: bigint
  /** What is not named stays; null takes away. */
  fields: Partial<PlanFields>
  ifMatch?: string | undefined
  dryRun?: boolean | undefined
}

/** Changes a plan. Throws NotFoundError, FieldError, ConflictError or ChangedMeanwhileError. */
export async function changePlan(
  db: Db,
  input: ChangePlan,
  checkAttribute: AttributeCheck,
  by: Author,
  now: Date,
): Promise<PlanChange> {
  return inTransaction(db, async (trx) => {
    const before = await lockPlan(trx, input, by)
    const wanted = { ...fieldsOf(before), ...input.fields }
    const row = checkPlan(wanted, before.currency, checkAttribute)
    const pools = checkPools(wanted.group_pools ?? [])
    // Only what is named now: a NAS group may have gone out of the author's reach since.
    const named = { ...input.fields, quota_plan_id: wanted.quota_plan_id } as PlanFields
    await checkReferences(trx, { id: before.id, ownerId: before.owner_id, fields: named }, by.scope)
    const changed = changedFields(before, row, pools)
    const reach = await reachOf(trx, before.id)
    const isLive = changed.some((field) => !notLive.has(field))
    if (input.dryRun === true || changed.length === 0) {
      return { plan: before, changed, reach, orders: isLive ? reach.sessions : 0 }
    }
    await allowLong(trx)
    await writeChange(trx, before, row, changed.includes('group_pools') ? pools : undefined)
    const orders = isLive ? await orderReapply(trx, { planId: before.id, reason: 'plan-changed' }, now) : 0
    const plan = await readPlan(trx, before.id, by.scope)
    const values = changesOf(fieldsOf(before), fieldsOf(plan))
    const deed = { action: 'plan.edit', noun: 'plan', rowId: plan.id, ownerId: plan.owner_id }
    await writeAudit(trx, { ...deed, ...values }, by, now)
    return { plan, changed, reach, orders }
  })
}

/** Locks a plan that the author may change. Throws NotFoundError, ConflictError or ChangedMeanwhileError. */
export async function lockPlan(
  trx: Db,
  input: { id: bigint; ifMatch?: string | undefined },
  by: Author,
): Promise<Plan> {
  await trx.selectFrom('plan').select('id').where('id', '=', input.id).forUpdate().execute()
  const plan = await readPlan(trx, input.id, by.scope)
  if (by.scope.ownerId !== undefined && plan.owner_id !== by.scope.ownerId) {
    throw new ConflictError('owner-id', 'a shared plan is changed by the ISP only')
  }
  requireVersion(input.ifMatch, planVersion(plan))
  if (plan.archived_at !== null) throw new ConflictError('archived-at', 'the plan is archived')
  return plan
}

/** A plan may have a hundred thousand live sessions: orders for them take seconds, which a page's question may not. */
export async function allowLong(trx: Db): Promise<void> {
  await sql`select set_config('statement_timeout', '60s', true)`.execute(trx)
}

/** What an edit names in If-Match. */
export function planVersion(plan: Pick<Plan, 'version'>): string {
  return String(plan.version)
}

async function writeChange(trx: Db, before: Plan, row: PlanRow, pools: readonly GroupPools[] | undefined) {
  const update = trx
    .updateTable('plan')
    .set({ ...row, version: sql`version + 1` })
    .where('id', '=', before.id)
  await namingConflict(row.name, () => update.execute())
  if (pools !== undefined) await writePools(trx, before.id, pools)
}

/** Names of the fields that differ between a plan and a row that was checked. */
function changedFields(before: Plan, row: PlanRow, pools: readonly GroupPools[]): string[] {
  const old = checkPlan(fieldsOf(before), before.currency, () => undefined)
  const text = (value: unknown) =>
    JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}` : part))
  const columns = Object.keys(row) as (keyof PlanRow)[]
  const changed = columns.filter((column) => text(old[column]) !== text(row[column]))
  const names = changed.map((column) => fieldNames[column] ?? column)
  return text(before.group_pools) === text(pools) ? names : [...names, 'group_pools']
}

const servedBy = (planId: bigint) => sql`
  subscriber.plan_id in (select plan.id from plan where plan.id = ${planId} or plan.quota_plan_id = ${planId})
  and subscriber.archived_at is null`

/** How many subscribers and live sessions a change of the plan reaches. */
export async function reachOf(db: Db, planId: bigint): Promise<Reach> {
  const { rows } = await sql<{ subscribers: bigint; sessions: bigint }>`
    select (select count(*) from subscriber where ${servedBy(planId)}) as subscribers,
      (select count(*) from session join subscriber on subscriber.id = session.subscriber_id
        where session.ended_at is null and session.service is null and ${servedBy(planId)}) as sessions`.execute(db)
  return { subscribers: Number(rows[0]!.subscribers), sessions: Number(rows[0]!.sessions) }
}

/** Orders the live sessions of a plan to be brought to what it gives now, in place of older wishes. Gives how many. */
async function orderReapply(
  db: Db,
  { planId, reason }: { planId: bigint; reason: string },
  now: Date,
): Promise<number> {
  const targets = sql`
    select session.id, session.subscriber_id, session.nas_id, 'reapply' as wish, ${reason}::text as reason
    from session join subscriber on subscriber.id = session.subscriber_id
    where session.ended_at is null and session.service is null and ${servedBy(planId)}`
  return (await placeOrders(db, targets, {}, now)).length
}
