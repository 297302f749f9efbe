// The enabled flag: whether the subscriber may connect at all, set by an operator and apart from blocks and service periods.

import { z } from 'zod'
import { inTransaction } from '../../db/transaction.ts'
import { subscriberAction } from './action.ts'
import type { SubscriberAction } from './action.ts'
import { always, conclude, doneOf, idsOf, judgeEach, lockSubjects, orderEach, unchanged } from './take.ts'

/** Lets a disabled subscriber connect again. */
export const enable = enabledAction('enable', true, 'Let it connect again')
/** Refuses every login and ends the live sessions. */
export const disable = enabledAction('disable', false, 'Refuse every login, and end the live sessions')

function enabledAction(
  name: 'enable' | 'disable',
  enabled: boolean,
  summary: string,
): SubscriberAction<Record<string, never>> {
  return subscriberAction({
    name,
    summary,
    permission: 'subscriber.block',
    params: z.strictObject({}),
    chunk: 500,
    run: (db, { subscriberIds }, by, now) =>
      inTransaction(db, async (trx) => {
        const judged = judgeEach(await lockSubjects(trx, subscriberIds), (subject) => {
          if (subject.enabled === enabled) return unchanged
          return {
            kind: 'done',
            before: { enabled: subject.enabled },
            after: { enabled },
            detail: { sessions: subject.open_sessions },
            undo: { action: enabled ? 'disable' : 'enable', params: {} },
          }
        })
        const done = doneOf(judged)
        if (done.length > 0) {
          await trx.updateTable('subscriber').set({ enabled, updated_at: now }).where('id', 'in', idsOf(done)).execute()
        }
        // A disconnect that still waits is replaced when somebody enables again in time.
        const wish = always(enabled ? 'reapply' : 'disconnect')
        await orderEach(trx, done, { wish, reason: `${name}d` }, now)
        return conclude(trx, { action: name, subscriberIds, judged }, by, now)
      }),
  })
}
