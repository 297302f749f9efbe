// Ending the live sessions by hand; the subscriber may dial in again at once.

import { z } from 'zod'
import { inTransaction } from '../../db/transaction.ts'
import { subscriberAction } from './action.ts'
import { always, conclude, doneOf, judgeEach, lockSubjects, orderEach, unchanged } from './take.ts'

/** Orders a disconnect for every live session. */
export const disconnect = subscriberAction({
  name: 'disconnect',
  summary: 'End the live sessions; it may dial in again at once',
  permission: 'subscriber.disconnect',
  params: z.strictObject({}),
  chunk: 500,
  run: (db, { subscriberIds }, by, now) =>
    inTransaction(db, async (trx) => {
      const judged = judgeEach(
        await lockSubjects(trx, subscriberIds),
        ({ open_sessions: sessions }) =>
          sessions === 0 ? unchanged : { kind: 'done', after: { sessions }, detail: { sessions } },
        { archived: true },
      )
      await orderEach(trx, doneOf(judged), { wish: always('disconnect'), reason: 'disconnected by hand' }, now)
      return conclude(trx, { action: 'disconnect', subscriberIds, judged }, by, now)
    }),
})
