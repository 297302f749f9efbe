// Requests that may be sent again: the key is taken in the transaction of the deed and the answer kept beside it, so that a
// second try finds the first one's answer, waits for it where it is still under way, and never does the deed twice.

import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'

/** Kept so long; after that a key is new again. */
export const idempotencyDays = 2

export type KeptAnswer = { status: number; body: string }

export type TakenKey =
  /** Do it, then `keepAnswer`. */
  | { kind: 'taken' }
  | { kind: 'answered'; answer: KeptAnswer }
  /** The key belongs to another request. */
  | { kind: 'reused' }

/** What makes two requests the same one. */
export function requestFingerprint(method: string, path: string, body: unknown): Buffer {
  return createHash('sha256')
    .update(`${method}\0${path}\0${JSON.stringify(body ?? null)}`)
    .digest()
}

/** Takes a key for this request; waits while another transaction holds it. Call it first in the deed's transaction. */
export async function takeKey(
  db: Db,
  input: { caller: string; key: string; fingerprint: Buffer },
  now: Date,
): Promise<TakenKey> {
  const { rows: taken } = await sql`
    insert into idempotency_key (caller, key, fingerprint, created_at)
    values (${input.caller}, ${input.key}, ${input.fingerprint}, ${now})
    on conflict do nothing returning 1`.execute(db)
  if (taken.length === 1) return { kind: 'taken' }
  const row = await db
    .selectFrom('idempotency_key')
    .select(['fingerprint', 'status', 'body'])
    .where('caller', '=', input.caller)
    .where('key', '=', input.key)
    .executeTakeFirst()
  if (row === undefined || !row.fingerprint.equals(input.fingerprint)) return { kind: 'reused' }
  return { kind: 'answered', answer: { status: row.status ?? 500, body: row.body ?? '' } }
}

/** Keeps the answer with the key. Nothing that is shown once may be in it. */
export async function keepAnswer(db: Db, input: { caller: string; key: string }, answer: KeptAnswer): Promise<void> {
  await db
    .updateTable('idempotency_key')
    .set(answer)
    .where('caller', '=', input.caller)
    .where('key', '=', input.key)
    .execute()
}

/** Forgets old keys. Returns how many. */
export async function trimIdempotencyKeys(db: Db, now: Date): Promise<number> {
  const before = new Date(now.getTime() - idempotencyDays * 86_400_000)
  const result = await db.deleteFrom('idempotency_key').where('created_at', '<', before).executeTakeFirst()
  return Number(result.numDeletedRows)
}
