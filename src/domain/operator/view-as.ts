// A super-administrator looks at the panel through another operator's eyes: for half an hour, seeing what they see, changing
// nothing (http/auth.ts), with the audit trail naming both.

import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { ConflictError, FieldError } from '../field.ts'
import { bearerHash, makeBearer } from './caller.ts'
import type { Caller } from './caller.ts'
import { endPanelSession, resumePanelSession } from './panel-session.ts'
import type { OpenedSession, Peer } from './panel-session.ts'
import { findOperator, requireNotAbove } from './rank.ts'

const viewMs = 30 * 60_000

/** Opens the view. Throws NotFoundError, FieldError for oneself, ConflictError for who is disabled, above, or looked through already. */
export async function viewAs(
  db: Db,
  input: { caller: Caller; operatorId: bigint; peer: Peer },
  by: Author,
  now: Date,
): Promise<OpenedSession> {
  const { caller, operatorId } = input
  if (caller.viewedBy !== undefined) throw new ConflictError('id', 'cannot be seen through the eyes of yet another')
  if (caller.operatorId === operatorId) throw new FieldError('id', 'is yourself')
  const operator = await findOperator(db, by, operatorId)
  // A role of the ISP's own making may have this permission without all others: nobody sees more through other eyes.
  await requireNotAbove(db, by, operator)
  if (!operator.enabled) throw new ConflictError('id', `${operator.email} is disabled and sees nothing`)
  const bearer = makeBearer()
  const endsAt = new Date(now.getTime() + viewMs)
  const { id } = await db
    .insertInto('panel_session')
    .values({
      token_hash: bearerHash(bearer),
      operator_id: operatorId,
      state: 'full',
      viewed_by_id: caller.operatorId,
      parent_id: caller.id,
      address: input.peer.address,
      user_agent: input.peer.userAgent?.slice(0, 200) ?? null,
      created_at: now,
      last_seen_at: now,
      proved_at: now,
      ends_at: endsAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const deed = { action: 'operator.view-as', noun: 'operator', rowId: operatorId, ownerId: operator.organisationId }
  await writeAudit(db, { ...deed, after: { until: endsAt } }, by, now)
  return { id, bearer, state: 'full', endsAt }
}

/** Ends the caller's session. Who looked through another's eyes is back in their own session, under a new id, if it still goes on. */
export async function signOut(db: Db, caller: Caller, by: Author, now: Date): Promise<OpenedSession | undefined> {
  const row = await db.selectFrom('panel_session').select('parent_id').where('id', '=', caller.id).executeTakeFirst()
  await endPanelSession(db, caller.id, now)
  const deed = { noun: 'operator', rowId: caller.operatorId, ownerId: caller.organisationId }
  const action = caller.viewedBy === undefined ? 'operator.sign-out' : 'operator.view-as-end'
  await writeAudit(db, { ...deed, action }, by, now)
  const parent = row?.parent_id ?? null
  return parent === null ? undefined : resumePanelSession(db, parent, now)
}
