// Another plan, now with the difference charged or credited, or when the service ends next.

import { z } from 'zod'
import { formatMoney } from '../money.ts'
import { changePlan as change } from '../money/plan-change.ts'
import type { PlanChangeInput, PlanChangeOutcome } from '../money/plan-change.ts'
import { subscriberAction } from './action.ts'
import type { ActionCall, ActionOutcome } from './action.ts'

/** `plan`: its id, or its name in the subscriber's organisation. */
export const changePlan = subscriberAction({
  name: 'change-plan',
  summary: 'Change the plan now, pro rata, or at the next expiry',
  permission: 'service.renew',
  params: z.strictObject({
    plan: z.union([z.int().min(1), z.string().trim().min(1).max(100)]),
    when: z.enum(['now', 'next-expiry']),
    free: z.boolean().default(false),
  }),
  chunk: 1,
  run: async (db, { subscriberIds, params }, by, now) => {
    const outcomes: ActionOutcome[] = []
    for (const subscriberId of subscriberIds) {
      const input = { subscriberId, ...params }
      outcomes.push(outcomeOf(input, await change(db, input, by, now)))
    }
    return outcomes
  },
})

function outcomeOf(input: PlanChangeInput, outcome: PlanChangeOutcome): ActionOutcome {
  const { subscriberId } = input
  if (outcome.kind !== 'changed') return { subscriberId, kind: outcome.kind, reason: outcome.reason }
  return {
    subscriberId,
    kind: 'done',
    detail: {
      when: outcome.when,
      amount: formatMoney(outcome.netMinor, outcome.currency),
      currency: outcome.currency,
      expires_at: outcome.expiresAt?.toISOString() ?? null,
    },
    undo: undoOf(input, outcome),
  }
}

function undoOf(input: PlanChangeInput, outcome: PlanChangeOutcome & { kind: 'changed' }): ActionCall {
  const { when, planId, nextPlanId } = outcome
  const plan = Number(when === 'now' ? planId : (nextPlanId ?? planId))
  return { action: 'change-plan', params: { plan, when, free: input.free } }
}
