// Activating and renewing, alone or by the hundred thousand: each in a transaction of its own through the one renewal function.

import { z } from 'zod'
import { formatMoney } from '../money.ts'
import { mostPeriods, renew as renewService } from '../money/renewal.ts'
import type { RenewInput, RenewOutcome, Renewed } from '../money/renewal.ts'
import type { Author } from '../author.ts'
import type { Db } from '../../db/schema.ts'
import { subscriberAction } from './action.ts'
import type { ActionOutcome } from './action.ts'

const reference = z.string().trim().min(1).max(100).optional()

/** The first period, with the plan's setup price. Active already: unchanged. */
export const activate = subscriberAction({
  name: 'activate',
  summary: 'Begin the first period of a new service',
  permission: 'service.renew',
  params: z.strictObject({ free: z.boolean().default(false), reference }),
  chunk: 1,
  run: (db, { subscriberIds, params }, by, now) =>
    each(subscriberIds, (subscriberId) =>
      attempt(
        db,
        { subscriberId, periods: 1, free: params.free, activateOnly: true, reference: params.reference },
        by,
        now,
      ),
    ),
})

/**
 * The next periods. `seen_expiry` is the end of service that the asker saw: where somebody was faster, nothing is done. The same
 * `reference` again is the same renewal.
 */
export const renew = subscriberAction({
  name: 'renew',
  summary: 'Give the next periods of service, at their price or free',
  permission: 'service.renew',
  params: z.strictObject({
    periods: z.int().min(1).max(mostPeriods).default(1),
    free: z.boolean().default(false),
    seen_expiry: z.iso.datetime({ offset: true }).nullable().optional(),
    reference,
  }),
  chunk: 1,
  run: (db, { subscriberIds, params }, by, now) => {
    const seen = params.seen_expiry
    const { periods, free } = params
    const seenExpiry = seen === undefined || seen === null ? seen : new Date(seen)
    return each(subscriberIds, (subscriberId) =>
      attempt(db, { subscriberId, periods, free, seenExpiry, reference: params.reference }, by, now),
    )
  },
})

async function each(ids: readonly bigint[], work: (id: bigint) => Promise<ActionOutcome>): Promise<ActionOutcome[]> {
  const outcomes: ActionOutcome[] = []
  for (const id of ids) outcomes.push(await work(id))
  return outcomes
}

async function attempt(db: Db, input: RenewInput, by: Author, now: Date): Promise<ActionOutcome> {
  const { subscriberId } = input
  const outcome: RenewOutcome = await renewService(db, input, by, now)
  if (outcome.kind === 'refused') return { subscriberId, kind: 'refused', reason: outcome.reason }
  if (outcome.kind === 'already') {
    const detail = outcome.renewed === undefined ? {} : { detail: detailOf(outcome.renewed) }
    return { subscriberId, kind: 'unchanged', reason: outcome.reason, ...detail }
  }
  const undo = { action: 'revert-renewal', params: { renewal_id: Number(outcome.renewed.renewalId) } }
  return { subscriberId, kind: 'done', detail: detailOf(outcome.renewed), undo }
}

function detailOf(renewed: Renewed): Record<string, unknown> {
  return {
    renewal_id: Number(renewed.renewalId),
    periods: renewed.periods,
    free: renewed.free,
    amount: formatMoney(renewed.amountMinor, renewed.currency),
    currency: renewed.currency,
    transaction_id: renewed.transactionId === null ? null : Number(renewed.transactionId),
    expires_at: renewed.expiresAt?.toISOString() ?? null,
  }
}
