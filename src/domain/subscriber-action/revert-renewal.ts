// Undoing the last renewal: the money returns to who paid it and the service ends when it would have ended.

import { z } from 'zod'
import { formatMoney } from '../money.ts'
import { revertRenewal as revert } from '../money/revert-renewal.ts'
import { subscriberAction } from './action.ts'
import type { ActionOutcome } from './action.ts'

/** Only the last renewal; with `renewal_id` only this one. */
export const revertRenewal = subscriberAction({
  name: 'revert-renewal',
  summary: 'Take back the last renewal with its charge',
  permission: 'service.free',
  params: z.strictObject({
    renewal_id: z.int().min(1).optional(),
    reason: z.string().trim().min(1).max(200).optional(),
  }),
  chunk: 1,
  run: async (db, { subscriberIds, params }, by, now) => {
    const renewalId = params.renewal_id === undefined ? undefined : BigInt(params.renewal_id)
    const outcomes: ActionOutcome[] = []
    for (const subscriberId of subscriberIds) {
      const outcome = await revert(db, { subscriberId, renewalId, reason: params.reason }, by, now)
      if (outcome.kind !== 'reverted') {
        const kind = outcome.kind === 'already' ? 'unchanged' : 'refused'
        outcomes.push({ subscriberId, kind, reason: outcome.reason })
        continue
      }
      const { id, periods, free, amountMinor, currency, isActivation } = outcome.renewal
      outcomes.push({
        subscriberId,
        kind: 'done',
        detail: {
          renewal_id: Number(id),
          amount: formatMoney(amountMinor, currency),
          currency,
          expires_at: outcome.expiresAt?.toISOString() ?? null,
        },
        undo: isActivation ? { action: 'activate', params: { free } } : { action: 'renew', params: { periods, free } },
      })
    }
    return outcomes
  },
})
