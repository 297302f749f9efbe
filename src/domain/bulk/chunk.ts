// One chunk of a run: each subscriber still in reach is handed to the action that concerns it, and every item gets its result.

import { sql } from 'kysely'
import { ZodError } from 'zod'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { ConflictError, FieldError, NotFoundError } from '../field.ts'
import { reachableSubscribers } from '../scope.ts'
import type { ActionCall, ActionOutcome } from '../subscriber-action/action.ts'
import { sealRevealed } from './reveal.ts'
import type { FindAction } from './start.ts'

/** Subscribers of one transaction where an action names no other number. */
export const usualChunk = 500

export type Item = {
  position: number
  subscriberId: bigint
  /** In place of the run's own call. */
  call: ActionCall | null
}

/** `failed`: nobody foresaw it. */
export type ItemOutcome = Omit<ActionOutcome, 'kind'> & { kind: ActionOutcome['kind'] | 'failed' }
export type ItemResult = { position: number; outcome: ItemOutcome }

/** What the call of one item alone is told is wrong, such as a group that is gone: nothing of it concerns the others. */
export class WrongCallError extends Error {
  override readonly name = 'WrongCallError'
}

export type ChunkResults = { kind: 'results'; results: ItemResult[] } | { kind: 'may-not'; reason: string }

/**
 * Does what the items call for, each call once for all that share it, and never more at once than the smallest chunk among
 * them: then only the first of the items have results. Throws what the actions throw (WrongCallError in place of what is said of
 * the call of an item), and NotFoundError for no such action.
 */
export async function runItems(
  db: Db,
  input: { items: readonly Item[]; own: ActionCall; actions: FindAction },
  by: Author,
  now: Date,
): Promise<ChunkResults> {
  const calls = input.items.map((item) => resolve(item.call ?? input.own, input.actions))
  const forbidden = calls.find(({ action }) => !by.permissions.has(action.permission))
  if (forbidden !== undefined) {
    return { kind: 'may-not', reason: `its author may no longer do this: it needs ${forbidden.action.permission}` }
  }
  const most = Math.min(...calls.map(({ action }) => action.chunk))
  const items = input.items.slice(0, most)
  const reachable = new Set(
    await reachableSubscribers(
      db,
      by.scope,
      items.map(({ subscriberId }) => subscriberId),
    ),
  )
  const outcomes = new Map<bigint, ItemOutcome>()
  for (const group of groupByCall(items, input.own)) {
    const { action, params } = resolve(group.call, input.actions)
    const subscriberIds = group.subscriberIds.filter((id) => reachable.has(id))
    if (subscriberIds.length === 0) continue
    const take = async () => action.run(db, { subscriberIds, params: action.params.parse(params) }, by, now)
    for (const outcome of await (group.isOwn ? take() : asWrongCall(take))) outcomes.set(outcome.subscriberId, outcome)
  }
  const results = items.map(({ position, subscriberId }) => {
    const outcome = reachable.has(subscriberId)
      ? (outcomes.get(subscriberId) ?? noOutcome(subscriberId))
      : gone(subscriberId)
    return { position, outcome }
  })
  return { kind: 'results', results }
}

async function asWrongCall<T>(take: () => Promise<T>): Promise<T> {
  try {
    return await take()
  } catch (error) {
    throw isWrongForAll(error) ? new WrongCallError(sentenceOf(error)) : error
  }
}

/** What an action says of all that it is told to do at once: it is the same for the next. */
export function isWrongForAll(error: unknown): boolean {
  return (
    error instanceof FieldError ||
    error instanceof NotFoundError ||
    error instanceof ConflictError ||
    error instanceof ZodError
  )
}

/** The same as a sentence. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ZodError)
    return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  return error instanceof Error ? error.message : String(error)
}

function resolve(call: ActionCall, actions: FindAction) {
  const action = actions(call.action)
  if (action === undefined) throw new NotFoundError('action', call.action)
  return { action, params: call.params }
}

type CallGroup = { call: ActionCall; isOwn: boolean; subscriberIds: bigint[] }

/** Who is called upon with the same words is called upon at once. */
function groupByCall(items: readonly Item[], own: ActionCall): CallGroup[] {
  const groups = new Map<string, CallGroup>()
  for (const { call, subscriberId } of items) {
    const key = call === null ? '' : JSON.stringify([call.action, call.params])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { call: call ?? own, isOwn: call === null, subscriberIds: [subscriberId] })
    else group.subscriberIds.push(subscriberId)
  }
  return [...groups.values()]
}

function gone(subscriberId: bigint): ItemOutcome {
  return { subscriberId, kind: 'refused', reason: 'it is not there any more, or out of reach' }
}

function noOutcome(subscriberId: bigint): ItemOutcome {
  return { subscriberId, kind: 'failed', reason: 'the action did not say what became of it' }
}

/** Writes the results of items that have none yet. Throws where one of them has. */
export async function recordResults(
  db: Db,
  runId: bigint,
  results: readonly ItemResult[],
  keyring: Keyring,
): Promise<void> {
  if (results.length === 0) return
  const outcomes = results.map(({ outcome }) => outcome)
  const sealed = results.map(({ position, outcome }) =>
    outcome.revealed === undefined ? null : sealRevealed(keyring, { runId, position }, outcome.revealed),
  )
  const written = await sql`
    update bulk_item set outcome = result.outcome, reason = result.reason, detail = result.detail,
      revealed = result.revealed, undo = result.undo
    from unnest(
      ${results.map(({ position }) => position)}::integer[], ${outcomes.map(({ kind }) => kind)}::text[],
      ${outcomes.map(({ reason }) => reason ?? null)}::text[], ${outcomes.map(({ detail }) => json(detail))}::jsonb[],
      ${sealed}::bytea[], ${outcomes.map(({ undo }) => json(undo))}::jsonb[]
    ) result (position, outcome, reason, detail, revealed, undo)
    where bulk_item.run_id = ${runId} and bulk_item.position = result.position and bulk_item.outcome is null`.execute(
    db,
  )
  if (Number(written.numAffectedRows) !== results.length)
    throw new Error(`items of bulk run ${runId} have results already`)
}

/** Ids and octets are bigint here and decimal text in JSON. */
function json(value: unknown): string | null {
  if (value === undefined) return null
  return JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? part.toString() : part))
}

/** How many of the results are of a kind. */
export function countOf(results: readonly ItemResult[], kind: ItemOutcome['kind']): number {
  return results.filter(({ outcome }) => outcome.kind === kind).length
}
