// Sessions of the subscribers' portal: a table, a cookie and an audience of their own, so that none ever opens a door of the
// panel. An operator may open one in a subscriber's place: for a quarter of an hour, written down, and marked for who looks.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { NotFoundError } from '../field.ts'
import { bearerHash, makeBearer } from '../operator/caller.ts'
import type { Peer } from '../operator/panel-session.ts'
import { reachableSubscribers } from '../scope.ts'

const idleMs = 30 * 60_000
const absoluteMs = 12 * 3_600_000
const impersonationMs = 15 * 60_000
const seenEveryMs = 60_000

export type OpenedPortal = { id: bigint; bearer: string; state: 'change' | 'full'; endsAt: Date }

/** The subscriber behind a portal session. */
export type PortalCaller = {
  id: bigint
  subscriberId: bigint
  ownerId: bigint
  username: string
  fullName: string | null
  language: string | null
  state: 'change' | 'full'
  /** The operator who looks in the subscriber's place. */
  openedBy: string | null
  endsAt: Date
}

/** Opens a session for a subscriber who has signed in. */
export async function openPortalSession(
  db: Db,
  input: { subscriberId: bigint; state: 'change' | 'full'; peer: Peer },
  now: Date,
): Promise<OpenedPortal> {
  return insertSession(db, { ...input, openedById: null, endsAt: new Date(now.getTime() + absoluteMs) }, now)
}

/** Opens one in a subscriber's place. Throws NotFoundError. */
export async function impersonateSubscriber(
  db: Db,
  input: { subscriberId: bigint; peer: Peer },
  by: Author,
  now: Date,
): Promise<OpenedPortal> {
  const { subscriberId } = input
  const [reached] = await reachableSubscribers(db, by.scope, [subscriberId])
  const row = await db
    .selectFrom('subscriber')
    .select('owner_id')
    .where('id', '=', subscriberId)
    .where('archived_at', 'is', null)
    .executeTakeFirst()
  if (reached === undefined || row === undefined) throw new NotFoundError('subscriber', String(subscriberId))
  const endsAt = new Date(now.getTime() + impersonationMs)
  const session = await insertSession(db, { ...input, state: 'full', openedById: by.operatorId, endsAt }, now)
  const deed = { action: 'subscriber.impersonate', noun: 'subscriber', rowId: subscriberId, ownerId: row.owner_id }
  await writeAudit(db, { ...deed, after: { until: endsAt } }, by, now)
  return session
}

async function insertSession(
  db: Db,
  input: {
    subscriberId: bigint
    state: 'change' | 'full'
    peer: Peer
    openedById: bigint | null
    endsAt: Date
  },
  now: Date,
): Promise<OpenedPortal> {
  const bearer = makeBearer()
  const { id } = await db
    .insertInto('portal_session')
    .values({
      token_hash: bearerHash(bearer),
      subscriber_id: input.subscriberId,
      state: input.state,
      opened_by_id: input.openedById,
      address: input.peer.address,
      user_agent: input.peer.userAgent?.slice(0, 200) ?? null,
      created_at: now,
      last_seen_at: now,
      ends_at: input.endsAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { id, bearer, state: input.state, endsAt: input.endsAt }
}

/** The caller of a portal session's cookie; undefined where it is unknown, over, idle too long, or its subscriber gone. */
export async function callerOfPortal(db: Db, bearer: string, now: Date): Promise<PortalCaller | undefined> {
  const { rows } = await sql<PortalCaller & { isSeen: boolean }>`
    select portal_session.id, portal_session.subscriber_id as "subscriberId", subscriber.owner_id as "ownerId",
      subscriber.username, subscriber.full_name as "fullName", subscriber.language, portal_session.state,
      opener.email as "openedBy", portal_session.ends_at as "endsAt",
      portal_session.last_seen_at > ${new Date(now.getTime() - seenEveryMs)} as "isSeen"
    from portal_session join subscriber on subscriber.id = portal_session.subscriber_id
      left join operator opener on opener.id = portal_session.opened_by_id
    where portal_session.token_hash = ${bearerHash(bearer)} and portal_session.ended_at is null
      and portal_session.ends_at > ${now} and portal_session.last_seen_at > ${new Date(now.getTime() - idleMs)}
      and subscriber.archived_at is null
      and (opener.id is null or (opener.enabled and opener.archived_at is null))`.execute(db)
  const [row] = rows
  if (row === undefined) return undefined
  const { isSeen, ...caller } = row
  if (!isSeen) await db.updateTable('portal_session').set({ last_seen_at: now }).where('id', '=', row.id).execute()
  return caller
}

/** The author of what is done in a portal: of one subscriber and without any permission of the panel. */
export function portalAuthor(
  caller: PortalCaller,
  request: { address: string | undefined; requestId: string },
  keyring: Keyring,
): Author {
  return {
    kind: 'subscriber',
    operatorId: null,
    // Not the username: the trail outlives the person.
    name: `subscriber ${caller.subscriberId}`,
    viewedBy: caller.openedBy,
    address: request.address ?? null,
    requestId: request.requestId,
    permissions: new Set(),
    scope: { ownerId: caller.ownerId, zones: undefined, nasGroupIds: undefined },
    keyring,
  }
}

/** Ends a portal session. */
export async function endPortalSession(db: Db, id: bigint, now: Date): Promise<void> {
  await db.updateTable('portal_session').set({ ended_at: now }).where('id', '=', id).execute()
}

/** Ends all portal sessions of subscribers, but one where it is named. */
export async function endPortalSessions(
  db: Db,
  input: { subscriberIds: readonly bigint[]; exceptId?: bigint },
  now: Date,
): Promise<void> {
  await sql`
    update portal_session set ended_at = ${now}
    where portal_session.subscriber_id = any(${input.subscriberIds}::bigint[]) and portal_session.ended_at is null
      and portal_session.id is distinct from ${input.exceptId ?? null}::bigint`.execute(db)
}

/** A new id and state for a session, as its subscriber has proved who it is. */
export async function renewPortalSession(
  db: Db,
  input: { id: bigint; state: 'change' | 'full' },
  now: Date,
): Promise<OpenedPortal | undefined> {
  const bearer = makeBearer()
  const row = await db
    .updateTable('portal_session')
    .set({ token_hash: bearerHash(bearer), state: input.state, last_seen_at: now })
    .where('id', '=', input.id)
    .where('ended_at', 'is', null)
    .returning('ends_at')
    .executeTakeFirst()
  return row && { id: input.id, bearer, state: input.state, endsAt: row.ends_at }
}

/** Removes sessions that ended long ago. Returns how many. */
export async function trimPortalSessions(db: Db, now: Date): Promise<number> {
  const before = new Date(now.getTime() - 90 * 86_400_000)
  const result = await db.deleteFrom('portal_session').where('ends_at', '<', before).executeTakeFirst()
  return Number(result.numDeletedRows)
}
