// An action on subscribers: one definition serves the button on one subscriber, the bulk run over a hundred thousand and the
// HTTP API. Each is a file of this folder; list.ts names them all.

import type { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import type { Permission } from '../operator/permission.ts'

/**
 * What became of one subscriber. `unchanged`: it was so already. `refused`: it cannot be, and why, in a sentence. `detail` is
 * shown (and kept in a bulk run's result); `revealed` is shown once and never kept in the clear; `undo` is the action that
 * would bring back what was.
 */
export type ActionOutcome = {
  subscriberId: bigint
  kind: 'done' | 'unchanged' | 'refused'
  reason?: string
  detail?: Readonly<Record<string, unknown>>
  revealed?: Readonly<Record<string, string>>
  undo?: ActionCall
}

/** An action by its name, with what it is told, as JSON. */
export type ActionCall = { action: string; params: Readonly<Record<string, unknown>> }

export type SubscriberAction<Params = unknown> = {
  /** In the path and the audit trail: `block` is `POST …/block` and `subscriber.block`. */
  name: string
  /** What it does, as a button's tooltip: `Refuse service until unblocked`. */
  summary: string
  permission: Permission
  /** What it must be told, as strict zod object of JSON values; names snake_case. */
  params: z.ZodType<Params>
  /** Asks for a fresh proof of who one is (W20), on one subscriber too. In bulk every action does. */
  grave?: boolean
  /** Its outcomes hold what is shown once (`revealed`). */
  reveals?: boolean
  /** Subscribers of one transaction: 500 unless each is a transaction of its own (1: money). */
  chunk: number
  /**
   * Does it upon these subscribers, all in reach of the author and locked by nobody yet, inside the caller's transaction: rows,
   * CoA orders, audit entries. One outcome for every id. Throws FieldError, NotFoundError or ConflictError only for what is
   * wrong for all of them (a plan that is not there); what concerns one is its outcome.
   */
  run(
    db: Db,
    input: { subscriberIds: readonly bigint[]; params: Params },
    by: Author,
    now: Date,
  ): Promise<ActionOutcome[]>
}

/** Types one definition by its schema. */
export function subscriberAction<Params>(definition: SubscriberAction<Params>): SubscriberAction<Params> {
  return definition
}
