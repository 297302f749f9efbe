// Who pays for subscribers from now on: a payer of their organisation, such as a company, or one of their own again.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { NotFoundError } from '../field.ts'
import { makeOwnPayer } from '../payer.ts'
import type { Scope } from '../scope.ts'
import { payerInScope } from './account.ts'

export type PayerChosen = { id: bigint; ownerId: bigint; currency: string; name: string }

/** A payer in reach. Throws NotFoundError. */
export async function choosePayer(db: Db, id: bigint, scope: Scope): Promise<PayerChosen> {
  const { rows } = await sql<{ id: bigint; owner_id: bigint; currency: string; name: string }>`
    select payer.id, payer.owner_id, payer.currency, payer.name from payer
    where payer.id = ${id} and ${payerInScope({ ...scope, zones: undefined })} for key share of payer`.execute(db)
  const row = rows[0]
  if (row === undefined) throw new NotFoundError('payer', String(id))
  return { id: row.id, ownerId: row.owner_id, currency: row.currency, name: row.name }
}

export type PlanAndPayer = { currency: string; payerCurrency: string; isOwn: boolean }

/** The currency of each subscriber's plan, and what kind of payer it has. */
export async function plansAndPayers(db: Db, subscriberIds: readonly bigint[]): Promise<Map<bigint, PlanAndPayer>> {
  const rows = await db
    .selectFrom('subscriber')
    .innerJoin('plan', 'plan.id', 'subscriber.plan_id')
    .innerJoin('payer', 'payer.id', 'subscriber.payer_id')
    .select(['subscriber.id', 'plan.currency', 'payer.currency as payerCurrency', 'payer.kind'])
    .where('subscriber.id', 'in', subscriberIds.length === 0 ? [0n] : [...subscriberIds])
    .execute()
  return new Map(
    rows.map(({ id, currency, payerCurrency, kind }) => [id, { currency, payerCurrency, isOwn: kind === 'own' }]),
  )
}

/** Sets the payer of these subscribers. */
export async function setPayer(
  db: Db,
  input: { subscriberIds: readonly bigint[]; payerId: bigint },
  now: Date,
): Promise<void> {
  if (input.subscriberIds.length === 0) return
  await db
    .updateTable('subscriber')
    .set({ payer_id: input.payerId, updated_at: now })
    .where('id', 'in', [...input.subscriberIds])
    .execute()
}

/** Gives one subscriber a payer of its own and returns its id. */
export async function giveOwnPayer(
  db: Db,
  subscriber: { id: bigint; ownerId: bigint; name: string; currency: string },
  now: Date,
): Promise<bigint> {
  const { ownerId, name, currency } = subscriber
  const payerId = await makeOwnPayer(db, { ownerId, name, currency }, now)
  await setPayer(db, { subscriberIds: [subscriber.id], payerId }, now)
  return payerId
}
