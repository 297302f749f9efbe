// Putting a plan away: nobody can get it any more. Not under its subscribers: they are moved to another plan, where one is named.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit, writeAudits } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { orderForSubscribers } from '../coa-order.ts'
import { ConflictError, FieldError, NotFoundError } from '../field.ts'
import { allowLong, lockPlan } from './change.ts'
import type { Plan } from './read.ts'
import { readPlan } from './read.ts'

export type ArchivePlan = {
  id: bigint
  /** The plan that its subscribers get in its place, at no charge and within their service period. */
  moveTo?: bigint | undefined
  ifMatch?: string | undefined
}

/** `orders`: live sessions that are told of their new plan. */
export type Archived = { moved: number; orders: number }

/**
 * Archives a plan. Throws ConflictError with their number where subscribers have it or wait for it and no other is named, or
 * where it follows the quota of another plan; NotFoundError, FieldError (the other plan) or ChangedMeanwhileError.
 */
export async function archivePlan(db: Db, input: ArchivePlan, by: Author, now: Date): Promise<Archived> {
  return inTransaction(db, async (trx) => {
    const plan = await lockPlan(trx, input, by)
    await allowLong(trx)
    await refuseWhileFollowed(trx, plan)
    const archived =
      input.moveTo === undefined ? await refuseWhileUsed(trx, plan) : await move(trx, plan, input.moveTo, by, now)
    await trx
      .updateTable('plan')
      .set({ archived_at: now, version: sql`version + 1` })
      .where('id', '=', plan.id)
      .execute()
    const deed = { action: 'plan.archive', noun: 'plan', rowId: plan.id, ownerId: plan.owner_id }
    const after = { archived_at: now, moved: archived.moved, moved_to: input.moveTo ?? null }
    await writeAudit(trx, { ...deed, before: { archived_at: null }, after }, by, now)
    return archived
  })
}

async function refuseWhileFollowed(trx: Db, plan: Plan): Promise<void> {
  const followed = await trx
    .selectFrom('plan')
    .select('name')
    .where('quota_plan_id', '=', plan.id)
    .where('archived_at', 'is', null)
    .executeTakeFirst()
  if (followed !== undefined) {
    throw new ConflictError('archived-at', `the plan follows the quota of ${followed.name}`)
  }
}

async function refuseWhileUsed(trx: Db, plan: Plan): Promise<Archived> {
  const { rows } = await sql<{ having: bigint; waiting: bigint }>`
    select count(*) filter (where subscriber.plan_id = ${plan.id}) as having,
      count(*) filter (where subscriber.next_plan_id = ${plan.id}) as waiting
    from subscriber
    where (subscriber.plan_id = ${plan.id} or subscriber.next_plan_id = ${plan.id}) and subscriber.archived_at is null
    `.execute(trx)
  const { having, waiting } = rows[0]!
  if (having + waiting === 0n) return { moved: 0, orders: 0 }
  const wait = waiting === 0n ? '' : ` and ${waiting} wait for it`
  throw new ConflictError('move-to', `${having} subscribers have this plan${wait}: name a plan to move them to`)
}

async function move(trx: Db, plan: Plan, moveTo: bigint, by: Author, now: Date): Promise<Archived> {
  await checkTarget(trx, plan, moveTo, by)
  const moved = await trx
    .updateTable('subscriber')
    .set({ plan_id: moveTo, updated_at: now })
    .where('plan_id', '=', plan.id)
    .where('archived_at', 'is', null)
    .returning(['id', 'owner_id'])
    .execute()
  const waiting = await trx
    .updateTable('subscriber')
    .set({ next_plan_id: sql<bigint | null>`nullif(${moveTo}::bigint, plan_id)`, updated_at: now })
    .where('next_plan_id', '=', plan.id)
    .where('archived_at', 'is', null)
    .returning(['id', 'owner_id', 'next_plan_id'])
    .execute()
  const deed = { action: 'subscriber.change-plan', noun: 'subscriber' }
  const deeds = [
    ...moved.map((row) => ({
      ...deed,
      rowId: row.id,
      ownerId: row.owner_id,
      before: { plan_id: plan.id },
      after: { plan_id: moveTo },
    })),
    ...waiting.map((row) => ({
      ...deed,
      rowId: row.id,
      ownerId: row.owner_id,
      before: { next_plan_id: plan.id },
      after: { next_plan_id: row.next_plan_id },
    })),
  ]
  await writeAudits(trx, deeds, by, now)
  const subscriberIds = moved.map((row) => row.id)
  const orders = await orderForSubscribers(trx, { subscriberIds, wish: 'reapply', reason: 'plan-changed' }, now)
  return { moved: moved.length, orders }
}

/** Whoever has the old plan must be able to have the new one: of the same owner, or shared. */
async function checkTarget(trx: Db, plan: Plan, moveTo: bigint, by: Author): Promise<void> {
  if (moveTo === plan.id) throw new FieldError('move-to', 'is the plan itself')
  const target = await readPlan(trx, moveTo, by.scope).catch((error: unknown) => {
    if (error instanceof NotFoundError) throw new FieldError('move-to', `there is no plan ${moveTo}`)
    throw error
  })
  if (target.archived_at !== null) throw new FieldError('move-to', 'the plan is archived itself')
  if (target.owner_id !== null && target.owner_id !== plan.owner_id) {
    throw new FieldError('move-to', 'belongs to another organisation than some of the subscribers may have plans of')
  }
  if (target.currency !== plan.currency) throw new FieldError('move-to', `has prices in ${target.currency}`)
}
