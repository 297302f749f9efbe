// Blocking and letting in again. The block is committed together with the orders about live sessions, so that a redial between
// the two meets it (decision 18).

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Wish } from '../coa-order.ts'
import { checkText } from '../field.ts'
import { subscriberAction } from './action.ts'
import { always, conclude, doneOf, idsOf, judgeEach, lockSubjects, orderEach, refused, unchanged } from './take.ts'
import type { Subject } from './take.ts'

/** A live session is led into the walled garden where the plan has one for the blocked, else ended. */
function wishOfBlocked(subject: Subject): Wish {
  return subject.on_block === 'garden' ? 'reapply' : 'disconnect'
}

/** Brings back what was before a block for a reason, or before one was lifted. */
const previousCall = (subject: Subject, reason?: string) =>
  subject.blocked_at === null
    ? { action: 'unblock', params: reason === undefined ? {} : { reason } }
    : { action: 'block', params: { reason: subject.block_reason ?? 'blocked' } }

/** The next login is refused or led into the walled garden. Blocked already: the reason is the new one, the time stays. */
export const block = subscriberAction({
  name: 'block',
  summary: 'Refuse service, or lead into the walled garden, until unblocked',
  permission: 'subscriber.block',
  params: z.strictObject({ reason: z.string().max(1_000) }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) => {
    const reason = checkText('reason', params.reason, 1, 200)
    return inTransaction(db, async (trx) => {
      const judged = judgeEach(await lockSubjects(trx, subscriberIds), (subject) => {
        if (subject.blocked_at !== null && subject.block_reason === reason) return unchanged
        return {
          kind: 'done',
          before: { block_reason: subject.block_reason },
          after: { block_reason: reason },
          detail: {
            wish: wishOfBlocked(subject),
            sessions: subject.open_sessions,
            was_blocked: subject.blocked_at !== null,
          },
          undo: previousCall(subject, reason),
        }
      })
      const done = doneOf(judged)
      await updateBlock(trx, idsOf(done), reason, now)
      await orderEach(trx, done, { wish: wishOfBlocked, reason: 'blocked' }, now)
      return conclude(trx, { action: 'block', subscriberIds, judged }, by, now)
    })
  },
})

/**
 * Lifts the block; sessions in the walled garden are told what they are entitled to again. With a reason, only the block that
 * has it: what somebody else blocked since for another one stays.
 */
export const unblock = subscriberAction({
  name: 'unblock',
  summary: 'Lift the block',
  permission: 'subscriber.block',
  params: z.strictObject({ reason: z.string().max(1_000).optional() }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const judged = judgeEach(await lockSubjects(trx, subscriberIds), (subject) => {
        if (subject.blocked_at === null) return unchanged
        if (params.reason !== undefined && subject.block_reason !== params.reason) {
          return refused(`it is blocked for another reason: ${subject.block_reason ?? 'none is named'}`)
        }
        return {
          kind: 'done',
          before: { block_reason: subject.block_reason },
          after: { block_reason: null },
          detail: { sessions: subject.open_sessions },
          undo: previousCall(subject),
        }
      })
      const done = doneOf(judged)
      await updateBlock(trx, idsOf(done), null, now)
      await orderEach(trx, done, { wish: always('reapply'), reason: 'unblocked' }, now)
      return conclude(trx, { action: 'unblock', subscriberIds, judged }, by, now)
    }),
})

async function updateBlock(trx: Db, ids: readonly bigint[], reason: string | null, now: Date): Promise<void> {
  if (ids.length === 0) return
  await trx
    .updateTable('subscriber')
    .set((eb) => ({
      block_reason: reason,
      blocked_at: reason === null ? null : eb.fn.coalesce('blocked_at', eb.val(now)),
      updated_at: now,
    }))
    .where('id', 'in', ids)
    .execute()
}
