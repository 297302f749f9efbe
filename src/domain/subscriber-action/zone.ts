// The zone: the part of the ISP's area that a subscriber lives in, and by which teams may be narrowed.

import { z } from 'zod'
import { inTransaction } from '../../db/transaction.ts'
import { checkZone } from '../subscriber/zone.ts'
import { subscriberAction } from './action.ts'
import { conclude, doneOf, idsOf, judgeEach, lockSubjects, unchanged } from './take.ts'

/** Sets the zone, or takes it away. */
export const setZone = subscriberAction({
  name: 'set-zone',
  summary: 'Set the zone it lives in',
  permission: 'subscriber.edit',
  params: z.strictObject({ zone: z.string().max(400).nullable() }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const zone = checkZone('zone', params.zone, by.scope)
      const judged = judgeEach(await lockSubjects(trx, subscriberIds), (subject) => {
        if (subject.zone === zone) return unchanged
        const undo = { action: 'set-zone', params: { zone: subject.zone } }
        return { kind: 'done', before: { zone: subject.zone }, after: { zone }, undo }
      })
      const ids = idsOf(doneOf(judged))
      if (ids.length > 0) {
        await trx.updateTable('subscriber').set({ zone, updated_at: now }).where('id', 'in', ids).execute()
      }
      return conclude(trx, { action: 'set-zone', subscriberIds, judged }, by, now)
    }),
})
