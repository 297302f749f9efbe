// Why a subscriber is online or is not: its present facts, and its last access decisions from the access log, each as a
// sentence that a support desk can read out.

import { sql } from 'kysely'
import { createKysely } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'
import type { Database, Db } from '../db/schema.ts'
import type { RejectReason } from './access-decision.ts'
import { lastDecisions } from './access-log.ts'
import type { LoggedDecision } from './access-log.ts'
import { reasonMend } from './access-mend.ts'
import { NotFoundError } from './field.ts'
import { everything, subscriberInScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { subscriberLabel } from './subscriber-label.ts'
import type { SubscriberFacts, SubscriberLabel } from './subscriber-label.ts'
import { showSubscriber } from './subscriber-profile.ts'
import type { SubscriberProfile } from './subscriber-profile.ts'
import { canonicalUsername } from './username.ts'

/** What each reason means, and what helps. */
const sentences: Record<RejectReason, string> = {
  unknown: 'no subscriber has this username, or this line',
  'realm-refused': 'the realm of the username is refused here',
  'ambiguous-identity': 'several subscribers are bound to what tells this line: one of them must be changed',
  'wrong-password': 'the password was wrong, or the shared secret of the NAS is not the one stored here',
  disabled: 'the subscriber is disabled',
  blocked: 'the subscriber is blocked',
  archived: 'the subscriber is archived',
  expired: 'the service period and its grace are over',
  'mac-not-bound': 'the MAC is none of those bound to the subscriber',
  'wrong-interface': 'the login came over another interface than the one bound to the subscriber',
  'too-many-sessions': 'as many lines as allowed are online already',
  'quota-exhausted': 'the data volume of the period is used up',
  'nas-not-allowed': 'the subscriber may not log in on this NAS',
  'pool-exhausted': 'the address pool of the plan had no address left',
  'no-credentials': 'the request carried no password',
  'several-credentials': 'the request carried passwords in more than one form',
  'eap-not-supported': 'the NAS asked for EAP, which is not offered',
  'mschapv1-off': 'the NAS asked for MS-CHAPv1, which is switched off (setting mschap_v1)',
  'credential-cannot': 'the stored credential cannot answer the method that the NAS used',
  'bad-credentials-form': 'the password fields of the request are malformed',
}

/** A decision of the access log, and what it means in plain words. */
export type Decision = LoggedDecision & {
  sentence: string
  /** What helps; null where nothing is wrong. */
  mend: string | null
}

export type Explanation = {
  username: string
  /** Undefined: nobody has this username. */
  subscriber: SubscriberProfile | undefined
  /** Newest first. */
  decisions: Decision[]
  /** Names like it: of subscribers where nobody has this one, and refused as unknown in the last 7 days. */
  similar: { username: string; known: boolean; lastRefusedAt: Date | null }[]
}

/**
 * Explains the last `limit` (default 10) decisions about a username in any spelling. An unknown one is no error to who sees
 * all subscribers; to a reader with less reach it is not there (NotFoundError).
 */
export async function explainAccess(
  pool: Pool,
  input: { username: string; limit?: number },
  now: Date,
  scope: Scope = everything,
): Promise<Explanation> {
  const db = createKysely<Database>(pool)
  const username = canonicalUsername(input.username)
  const subscriber = await showSubscriber(db, username, now).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined
    throw error
  })
  const seesAll = scope.ownerId === undefined && scope.zones === undefined
  if (!seesAll && (subscriber === undefined || !(await isInScope(db, subscriber.id, scope)))) {
    throw new NotFoundError('subscriber', username)
  }
  const decisions = await decisionsAbout(pool, username, input.limit ?? 10, seesAll ? undefined : subscriber?.id)
  // Names of others, and of those who were refused, are not for a reseller.
  const similar = seesAll ? await similarNames(db, username, subscriber === undefined, now) : []
  return { username, subscriber, decisions, similar }
}

/** The same of one subscriber, also of one whose username is free again. Throws NotFoundError. */
export async function explainSubscriber(
  pool: Pool,
  input: { subscriberId: bigint; limit: number },
  now: Date,
  scope: Scope,
): Promise<Omit<Explanation, 'similar' | 'subscriber'> & { standing: Standing }> {
  const db = createKysely<Database>(pool)
  const { rows } = await sql<SubscriberFacts & Omit<Standing, 'label' | 'openSessions'> & { openSessions: bigint }>`
    select subscriber.id, subscriber.username, plan.name as plan, subscriber.enabled,
      subscriber.block_reason as "blockReason", subscriber.blocked_at as "blockedAt",
      subscriber.activated_at as "activatedAt", subscriber.expires_at as "expiresAt",
      subscriber.grace_until as "graceUntil", subscriber.archived_at as "archivedAt",
      (select count(*) from session where session.subscriber_id = subscriber.id and session.ended_at is null
        and session.service is null) as "openSessions"
    from subscriber join plan on plan.id = subscriber.plan_id
    where subscriber.id = ${input.subscriberId} and ${subscriberInScope(scope)}`.execute(db)
  const row = rows[0]
  if (row === undefined) throw new NotFoundError('subscriber', String(input.subscriberId))
  const { id, username, plan, blockReason, blockedAt, expiresAt, graceUntil } = row
  const decisions = await decisionsAbout(pool, username, input.limit, id)
  const label = subscriberLabel(row, now)
  const openSessions = Number(row.openSessions)
  const standing = { id, username, label, plan, blockReason, blockedAt, expiresAt, graceUntil, openSessions }
  return { username, decisions, standing }
}

/** How things stand now. */
export type Standing = {
  id: bigint
  username: string
  label: SubscriberLabel
  plan: string
  blockReason: string | null
  blockedAt: Date | null
  expiresAt: Date | null
  graceUntil: Date | null
  openSessions: number
}

async function decisionsAbout(
  pool: Pool,
  username: string,
  limit: number,
  subscriberId: bigint | undefined,
): Promise<Decision[]> {
  const logged = await lastDecisions(pool, username, limit, subscriberId)
  return logged.map((decision) => ({
    ...decision,
    sentence: reasonSentence(decision.accepted, decision.reason),
    mend: reasonMend(decision.reason) ?? null,
  }))
}

async function isInScope(db: Db, id: bigint, scope: Scope): Promise<boolean> {
  const { rows } = await sql`
    select from subscriber where subscriber.id = ${id} and ${subscriberInScope(scope)}`.execute(db)
  return rows.length === 1
}

/** The sentence of a reason, as the access log keeps it. */
export function reasonSentence(accepted: boolean, reason: string): string {
  // Not accepted is also where no home server answered: the detail says which.
  if (reason === 'forwarded') return `asked of another server, which ${accepted ? 'accepted' : 'did not accept'}`
  const sentence = Object.hasOwn(sentences, reason) ? sentences[reason as RejectReason] : undefined
  if (!accepted) return `rejected: ${sentence ?? reason}`
  if (reason === 'last-known') return 'accepted by what was last known, while the database did not answer'
  return sentence === undefined ? 'accepted' : `let into the walled garden only: ${sentence}`
}

const comparedNames = 2_000
const shownNames = 5

async function similarNames(db: Db, username: string, nobody: boolean, now: Date): Promise<Explanation['similar']> {
  const since = new Date(now.getTime() - 7 * 86_400_000)
  const refused = await db
    .selectFrom('access_log')
    .select(['username', (eb) => eb.fn.max('last_at').as('lastAt')])
    .where('reason', '=', 'unknown')
    .where('last_at', '>', since)
    .groupBy('username')
    .orderBy('lastAt', 'desc')
    .limit(comparedNames)
    .execute()
  const known = nobody ? await subscribersLike(db, username) : []
  return [
    ...known.map((name) => ({ username: name, known: true, lastRefusedAt: null })),
    ...refused.map((row) => ({ username: row.username, known: false, lastRefusedAt: row.lastAt })),
  ]
    .filter((name) => name.username !== username && isSimilar(name.username, username))
    .slice(0, shownNames)
}

/** Those that share the beginning or the end: a slip is seldom in both. */
async function subscribersLike(db: Db, username: string): Promise<string[]> {
  if (username.length < 2) return []
  const { rows } = await sql<{ username: string }>`
    select subscriber.username from subscriber
    where subscriber.username_reserved and length(subscriber.username) between ${username.length - 2} and ${username.length + 2}
      and (left(subscriber.username, 2) = left(${username}, 2) or right(subscriber.username, 2) = right(${username}, 2))
    limit ${comparedNames}`.execute(db)
  return rows.map((row) => row.username)
}

/** At most two letters added, lost or changed (a swap is two), one in short names; or the same name before an `@`. */
function isSimilar(one: string, other: string): boolean {
  if (one.split('@', 1)[0] === other.split('@', 1)[0]) return true
  return editDistance(one, other) <= (Math.min(one.length, other.length) < 5 ? 1 : 2)
}

/** Levenshtein's distance, row by row. */
function editDistance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2) return 3
  let previous = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const change = previous[column - 1]! + (one[row - 1] === other[column - 1] ? 0 : 1)
      current.push(Math.min(change, previous[column]! + 1, current[column - 1]! + 1))
    }
    previous = current
  }
  return previous[other.length]!
}
