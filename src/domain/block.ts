// Blocking a subscriber and letting it in again. The block is committed together with the orders about its live sessions, so
// that a redial between the two meets it (decision 18).

import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { orderForSubscribers } from './coa-order.ts'
import type { Wish } from './coa-order.ts'
import { checkText, NotFoundError } from './field.ts'
import { canonicalUsername } from './username.ts'

/** `already`: it was blocked before; the reason is the new one, the time the old. `sessions`: live ones with an order. */
export type BlockResult = { kind: 'blocked' | 'already'; username: string; wish: Wish; sessions: number }
export type UnblockResult = { kind: 'unblocked' | 'was-not-blocked'; username: string; sessions: number }

/**
 * Blocks a subscriber: the next login is refused, or led into the walled garden where the plan says so, and the live sessions
 * follow by order. Throws FieldError (reason: 1 to 200 characters) or NotFoundError.
 */
export async function blockSubscriber(
  db: Db,
  input: { username: string; reason: string },
  now: Date,
): Promise<BlockResult> {
  const reason = checkText('reason', input.reason, 1, 200)
  return inTransaction(db, async (trx) => {
    const subscriber = await lockSubscriber(trx, input.username)
    await trx
      .updateTable('subscriber')
      .set({ block_reason: reason, blocked_at: subscriber.blocked_at ?? now, updated_at: now })
      .where('id', '=', subscriber.id)
      .execute()
    const wish: Wish = subscriber.on_block === 'garden' ? 'reapply' : 'disconnect'
    const sessions = await orderForSubscribers(trx, { subscriberIds: [subscriber.id], wish, reason: 'blocked' }, now)
    return {
      kind: subscriber.blocked_at === null ? 'blocked' : 'already',
      username: subscriber.username,
      wish,
      sessions,
    }
  })
}

/** Lifts the block; sessions in the walled garden are told what they are entitled to again. Throws NotFoundError. */
export async function unblockSubscriber(db: Db, input: { username: string }, now: Date): Promise<UnblockResult> {
  return inTransaction(db, async (trx) => {
    const subscriber = await lockSubscriber(trx, input.username)
    const { username } = subscriber
    if (subscriber.blocked_at === null) return { kind: 'was-not-blocked', username, sessions: 0 }
    await trx
      .updateTable('subscriber')
      .set({ block_reason: null, blocked_at: null, updated_at: now })
      .where('id', '=', subscriber.id)
      .execute()
    const sessions = await orderForSubscribers(
      trx,
      { subscriberIds: [subscriber.id], wish: 'reapply', reason: 'unblocked' },
      now,
    )
    return { kind: 'unblocked', username, sessions }
  })
}

async function lockSubscriber(trx: Db, username: string) {
  const row = await trx
    .selectFrom('subscriber')
    .innerJoin('plan', 'plan.id', 'subscriber.plan_id')
    .select(['subscriber.id', 'subscriber.username', 'subscriber.blocked_at', 'plan.on_block'])
    .where('subscriber.username', '=', canonicalUsername(username))
    .where('subscriber.username_reserved', '=', true)
    .forUpdate('subscriber')
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('subscriber', username)
  return row
}
