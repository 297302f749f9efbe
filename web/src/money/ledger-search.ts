// The ledger as an address says it: kinds, days, a reference, and the transaction that is open.
import { z } from 'zod/mini'

export const ledgerKinds = [
  'payment',
  'top-up',
  'refund',
  'charge',
  'adjustment',
  'activation',
  'renewal',
  'plan-change',
  'reversal',
  'opening',
] as const

export const ledgerSearch = {
  kinds: z.optional(z.string()),
  from: z.optional(z.iso.date()),
  to: z.optional(z.iso.date()),
  ref: z.optional(z.coerce.string()),
  /** The transaction that is open. */
  entry: z.optional(z.number()),
}

export type LedgerSearch = {
  kinds?: string | undefined
  from?: string | undefined
  to?: string | undefined
  ref?: string | undefined
  entry?: number | undefined
}
