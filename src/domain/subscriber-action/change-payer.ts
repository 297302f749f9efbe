// Who pays for subscribers from now on. What was paid stays where it is: balances do not move.

import { z } from 'zod'
import { inTransaction } from '../../db/transaction.ts'
import { choosePayer, giveOwnPayer, plansAndPayers, setPayer } from '../money/change-payer.ts'
import type { PayerChosen, PlanAndPayer } from '../money/change-payer.ts'
import { subscriberAction } from './action.ts'
import { conclude, doneOf, idsOf, judgeEach, lockSubjects, refused, unchanged } from './take.ts'
import type { Subject, Verdict } from './take.ts'

/** Another payer of the same organisation; null: each gets one of its own. */
export const changePayer = subscriberAction({
  name: 'change-payer',
  summary: 'Let another payer pay for it, or itself again',
  permission: 'subscriber.owner',
  params: z.strictObject({ payer_id: z.int().min(1).nullable() }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const payer = params.payer_id === null ? undefined : await choosePayer(trx, BigInt(params.payer_id), by.scope)
      const subjects = await lockSubjects(trx, subscriberIds)
      const plans = await plansAndPayers(trx, subscriberIds)
      const judged = judgeEach(subjects, (subject) => judge(subject, plans.get(subject.id), payer))
      const done = doneOf(judged)
      if (payer !== undefined) await setPayer(trx, { subscriberIds: idsOf(done), payerId: payer.id }, now)
      else {
        for (const { subject, verdict } of done) {
          const { id, owner_id: ownerId, full_name: fullName, username } = subject
          const { currency } = plans.get(id)!
          const payerId = await giveOwnPayer(trx, { id, ownerId, name: fullName ?? username, currency }, now)
          verdict.after = { payer_id: payerId }
        }
      }
      return conclude(trx, { action: 'change-payer', subscriberIds, judged }, by, now)
    }),
})

function judge(subject: Subject, plan: PlanAndPayer | undefined, payer: PayerChosen | undefined): Verdict {
  if (plan === undefined) return refused('it has no plan')
  if (payer === undefined ? plan.isOwn && plan.payerCurrency === plan.currency : payer.id === subject.payer_id) {
    return unchanged
  }
  if (payer !== undefined && payer.ownerId !== subject.owner_id) {
    return refused('it is of another organisation than the payer')
  }
  if (payer !== undefined && payer.currency !== plan.currency) {
    return refused(`its plan is priced in ${plan.currency}, the payer pays in ${payer.currency}`)
  }
  return {
    kind: 'done',
    before: { payer_id: subject.payer_id },
    after: { payer_id: payer?.id },
    undo: { action: 'change-payer', params: { payer_id: Number(subject.payer_id) } },
  }
}
