// Panel sessions: opened when somebody signs in, under a new id whenever what it may changes (so that an id that was known
// before is worth nothing after), listed, ended one by one or all at once. Only the hash of an id is kept.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { NotFoundError } from '../field.ts'
import { absoluteMs, bearerHash, idleMs, makeBearer } from './caller.ts'

export type SessionState = 'password' | 'change' | 'full'

/** A session with its id, which goes into the cookie and nowhere else. */
export type OpenedSession = { id: bigint; bearer: string; state: SessionState; endsAt: Date }

/** From where somebody signs in. */
export type Peer = { address: string | null; userAgent: string | null }

/** Wrong codes and proofs in a row that end a session. */
const maximumTries = 5

/** Opens a session. */
export async function openPanelSession(
  db: Db,
  input: { operatorId: bigint; state: SessionState; peer: Peer },
  now: Date,
): Promise<OpenedSession> {
  const bearer = makeBearer()
  const endsAt = new Date(now.getTime() + absoluteMs)
  const { id } = await db
    .insertInto('panel_session')
    .values({
      token_hash: bearerHash(bearer),
      operator_id: input.operatorId,
      state: input.state,
      address: input.peer.address,
      user_agent: input.peer.userAgent?.slice(0, 200) ?? null,
      created_at: now,
      last_seen_at: now,
      proved_at: now,
      ends_at: endsAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { id, bearer, state: input.state, endsAt }
}

/** Gives a session a new id and a new state, as of who has just proved to be who they say. Undefined where it has ended. */
export async function renewPanelSession(
  db: Db,
  input: { id: bigint; state: SessionState },
  now: Date,
): Promise<OpenedSession | undefined> {
  const bearer = makeBearer()
  const row = await db
    .updateTable('panel_session')
    .set({ token_hash: bearerHash(bearer), state: input.state, proved_at: now, last_seen_at: now, wrong_tries: 0 })
    .where('id', '=', input.id)
    .where('ended_at', 'is', null)
    .returning('ends_at')
    .executeTakeFirst()
  return row && { id: input.id, bearer, state: input.state, endsAt: row.ends_at }
}

/** A new id for the super-administrator's own session, once it has looked enough through another's eyes. */
export async function resumePanelSession(db: Db, id: bigint, now: Date): Promise<OpenedSession | undefined> {
  const bearer = makeBearer()
  const idleSince = new Date(now.getTime() - idleMs)
  const row = await db
    .updateTable('panel_session')
    .set({ token_hash: bearerHash(bearer), last_seen_at: now })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .where('ends_at', '>', now)
    .where('last_seen_at', '>', idleSince)
    .returning(['ends_at', 'state'])
    .executeTakeFirst()
  return row && { id, bearer, state: row.state, endsAt: row.ends_at }
}

/** Counts a wrong code or proof; the fifth in a row ends the session. Returns whether it did. */
export async function countWrongTry(db: Db, id: bigint, now: Date): Promise<boolean> {
  const { rows } = await sql<{ ended: boolean }>`
    update panel_session set wrong_tries = panel_session.wrong_tries + 1,
      ended_at = case when panel_session.wrong_tries + 1 >= ${maximumTries}::int then ${now}::timestamptz
        else panel_session.ended_at end
    where panel_session.id = ${id}
    returning ended_at is not null as ended`.execute(db)
  return rows[0]?.ended ?? true
}

/** The cookie's session ends, and what was seen through another's eyes from it. */
export async function endPanelSession(db: Db, id: bigint, now: Date): Promise<void> {
  await db
    .updateTable('panel_session')
    .set({ ended_at: now })
    .where((eb) => eb.or([eb('id', '=', id), eb('parent_id', '=', id)]))
    .where('ended_at', 'is', null)
    .execute()
}

/** Ends the session of a cookie, whoever's it is: who signs in anew leaves none behind. */
export async function endPanelSessionOf(db: Db, bearer: string, now: Date): Promise<void> {
  await db
    .updateTable('panel_session')
    .set({ ended_at: now })
    .where('token_hash', '=', bearerHash(bearer))
    .where('ended_at', 'is', null)
    .execute()
}

/** Ends every session of the operators (and what they see through others' eyes) but one. Returns how many. */
export async function endPanelSessions(
  db: Db,
  input: { operatorIds: readonly bigint[]; exceptId?: bigint },
  now: Date,
): Promise<number> {
  const { rows } = await sql`
    update panel_session set ended_at = ${now}
    where panel_session.ended_at is null and panel_session.id is distinct from ${input.exceptId ?? null}::bigint
      and (panel_session.operator_id = any(${input.operatorIds}::bigint[])
        or panel_session.viewed_by_id = any(${input.operatorIds}::bigint[]))
    returning 1`.execute(db)
  return rows.length
}

export type PanelSession = {
  id: bigint
  state: SessionState
  viewedBy: string | null
  address: string | null
  userAgent: string | null
  createdAt: Date
  lastSeenAt: Date
  endsAt: Date
}

/** The sessions of an operator that are open, the one last used first. */
export async function listPanelSessions(db: Db, operatorId: bigint, now: Date): Promise<PanelSession[]> {
  const { rows } = await sql<PanelSession>`
    select panel_session.id, panel_session.state, viewer.email as "viewedBy", host(panel_session.address) as address,
      panel_session.user_agent as "userAgent", panel_session.created_at as "createdAt",
      panel_session.last_seen_at as "lastSeenAt", panel_session.ends_at as "endsAt"
    from panel_session left join operator viewer on viewer.id = panel_session.viewed_by_id
    where panel_session.operator_id = ${operatorId} and panel_session.ended_at is null and panel_session.ends_at > ${now}
      and panel_session.last_seen_at > ${new Date(now.getTime() - idleMs)}
    order by panel_session.last_seen_at desc, panel_session.id desc`.execute(db)
  return rows
}

/** Ends one open session of an operator. Throws NotFoundError where it is not that operator's. */
export async function endPanelSessionById(db: Db, input: { operatorId: bigint; id: bigint }, now: Date): Promise<void> {
  const row = await db
    .selectFrom('panel_session')
    .select('id')
    .where('id', '=', input.id)
    .where('operator_id', '=', input.operatorId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('panel session', String(input.id))
  await endPanelSession(db, input.id, now)
}

/** Removes sessions that ended long ago. Returns how many. */
export async function trimPanelSessions(db: Db, now: Date): Promise<number> {
  const before = new Date(now.getTime() - 90 * 86_400_000)
  const { rows } = await sql`
    delete from panel_session where panel_session.ends_at < ${before}
      and not exists (select from panel_session child where child.parent_id = panel_session.id)
    returning 1`.execute(db)
  return rows.length
}
