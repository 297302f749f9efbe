// The end of a person's data. The row stays under a made-up username, for the ledger and the sessions that have their own time.

import { z } from 'zod'
import { inTransaction } from '../../db/transaction.ts'
import { acrossOrganisations } from '../subscriber/across.ts'
import { forgetPersons } from '../subscriber/person.ts'
import { subscriberAction } from './action.ts'
import { always, conclude, doneOf, idsOf, judgeEach, lockSubjects, orderEach, unchanged } from './take.ts'

/** Removes what says something of the person, for good; deletes it first where that was not done. */
export const purge = subscriberAction({
  name: 'purge',
  summary: 'Remove the data of the person for good',
  permission: 'subscriber.purge',
  params: z.strictObject({}),
  grave: true,
  chunk: 50,
  run: (db, { subscriberIds }, by, now) =>
    inTransaction(db, async (trx) => {
      const judged = judgeEach(
        await lockSubjects(trx, subscriberIds),
        (subject) => (subject.purged_at === null ? { kind: 'done', after: { purged_at: now } } : unchanged),
        { archived: true },
      )
      const done = doneOf(judged)
      await orderEach(trx, done, { wish: always('disconnect'), reason: 'deleted' }, now)
      // Among what is forgotten is also what no reseller may see.
      await acrossOrganisations(trx, by.scope, () => forgetPersons(trx, idsOf(done), now))
      return conclude(trx, { action: 'purge', subscriberIds, judged }, by, now)
    }),
})
