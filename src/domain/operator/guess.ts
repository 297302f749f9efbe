// Guesses at passwords and codes are counted before they are looked at, so that fifty at once count fifty. After a few in a row
// each has to wait, twice as long every time. Strangers share the account's counter; a browser that was signed in before, or
// an office that the settings name, has its own: nobody keeps an operator out by guessing wrong in its name (ASVS 6.1.1).

import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'

export type GuessRule = {
  /** So many in a row cost nothing. */
  free: number
  /** Over so many only one a day is taken, until one is right (NIST 800-63B §3.2.2). */
  ceiling?: number
  /** After so long without one the count begins anew; without: never. */
  forgetMs?: number
}

/** Whose password or code it is: waits 1, 2, 4 … 900 s after five, and after a hundred a day. */
export const accountRule: GuessRule = { free: 5, ceiling: 100 }
/** Many people may sit behind one address. */
export const addressRule: GuessRule = { free: 20, forgetMs: 3_600_000 }
/** Mails to one address or asked for by one: three, then with pauses. */
export const mailRule: GuessRule = { free: 3, forgetMs: 3_600_000 }

const longestSeconds = 900
const dayMs = 86_400_000

export type Guess = { kind: 'taken' } | { kind: 'wait'; seconds: number }

/** Takes a guess under every key, or none where one is closed. */
export async function takeGuess(db: Db, keys: readonly { key: Buffer; rule: GuessRule }[], now: Date): Promise<Guess> {
  for (const { key, rule } of keys) {
    const guess = await takeOne(db, key, rule, now)
    if (guess.kind === 'wait') return guess
  }
  return { kind: 'taken' }
}

/** One statement: of fifty at once each sees the count of those before it, and none slips in between count and pause. */
async function takeOne(db: Db, key: Buffer, rule: GuessRule, now: Date): Promise<Guess> {
  const forgetBefore = rule.forgetMs === undefined ? null : new Date(now.getTime() - rule.forgetMs)
  const failures = sql`case when counter.last_at < ${forgetBefore}::timestamptz then 1 else counter.failures + 1 end`
  const ceiling = rule.ceiling ?? 2_000_000_000
  const { rows } = await sql`
    insert into guess_counter as counter (key, failures, last_at) values (${key}, 1, ${now})
    on conflict (key) do update set last_at = ${now}, failures = ${failures},
      closed_until = case when ${failures} < ${rule.free}::int then null
        when ${failures} >= ${ceiling}::int then ${now}::timestamptz + interval '1 day'
        else ${now}::timestamptz
          + least(${longestSeconds}::int, 2 ^ least(30, ${failures} - ${rule.free}::int)) * interval '1 second' end
    where counter.closed_until is null or counter.closed_until <= ${now}
    returning 1`.execute(db)
  return rows.length === 1 ? { kind: 'taken' } : { kind: 'wait', seconds: await secondsLeft(db, key, now) }
}

async function secondsLeft(db: Db, key: Buffer, now: Date): Promise<number> {
  const row = await db.selectFrom('guess_counter').select('closed_until').where('key', '=', key).executeTakeFirst()
  const until = row?.closed_until ?? now
  return Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000))
}

/** The guess was right: the account's count ends, the address gets this one back (others there may still be guessing). */
export async function forgiveGuess(db: Db, input: { account: Buffer; address: Buffer | undefined }): Promise<void> {
  await db.deleteFrom('guess_counter').where('key', '=', input.account).execute()
  if (input.address !== undefined) await giveGuessBack(db, input.address)
}

/** The account's count as strangers have driven it begins anew: its owner has got a new password from who knows them. */
export async function reopenAccount(db: Db, email: string): Promise<void> {
  await db
    .deleteFrom('guess_counter')
    .where('key', '=', guessKey('account', email, ''))
    .execute()
}

/** A guess at this address or name was none after all: it is given back. */
export async function giveGuessBack(db: Db, key: Buffer): Promise<void> {
  await sql`update guess_counter set failures = greatest(0, guess_counter.failures - 1), closed_until = null
    where guess_counter.key = ${key}`.execute(db)
}

/** A key of the counters: what it is and whose, as a hash, so that nothing that was typed is kept. */
export function guessKey(kind: string, ...parts: readonly string[]): Buffer {
  return createHash('sha256')
    .update([kind, ...parts].join('\0'))
    .digest()
}

/** An address as it is counted: IPv6 by the /64 that one line has. */
export function countedAddress(address: string | null): string {
  if (address === null) return ''
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':').filter(Boolean)
  const after = (tail ?? '').split(':').filter(Boolean)
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length)
  const whole = [...groups, ...Array.from({ length: missing }, () => '0'), ...after]
  return `${whole
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/** Removes counters that nobody has touched for a month. Returns how many. */
export async function trimGuesses(db: Db, now: Date): Promise<number> {
  const before = new Date(now.getTime() - 30 * dayMs)
  const result = await db.deleteFrom('guess_counter').where('last_at', '<', before).executeTakeFirst()
  return Number(result.numDeletedRows)
}
