// What operators do about requests that matched nobody: attach one to a subscriber, or put it away; each with its audit entry.

import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { NotFoundError } from '../field.ts'
import { nasGroupInScope, subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { attachUnmatched } from '../unmatched-attach.ts'
import type { AttachableFact, Attached } from '../unmatched-attach.ts'

/**
 * Makes the line of a request that of a subscriber, by the facts named or by what was refused. Throws NotFoundError (request,
 * subscriber) or FieldError.
 */
export async function attachTo(
  db: Db,
  input: { id: bigint; subscriberId: bigint; facts?: readonly AttachableFact[] | undefined },
  by: Author,
  now: Date,
): Promise<Attached> {
  return inTransaction(db, async (trx) => {
    await requireRequest(trx, input.id, by.scope)
    const subscriber = await trx
      .selectFrom('subscriber')
      .select(['username', 'owner_id'])
      .where('id', '=', input.subscriberId)
      // Of one that is archived the name may be another's by now.
      .where('username_reserved', '=', true)
      .where(subscriberInScope(by.scope))
      .executeTakeFirst()
    if (subscriber === undefined) throw new NotFoundError('subscriber', String(input.subscriberId))
    const attached = await attachUnmatched(trx, { ...input, username: subscriber.username }, now)
    const after = Object.fromEntries(attached.facts.map(({ fact, value }) => [fact.replaceAll('-', '_'), value]))
    const deed = { action: 'subscriber.attach-line', noun: 'subscriber', rowId: input.subscriberId, after }
    await writeAudit(trx, { ...deed, ownerId: subscriber.owner_id }, by, now)
    return attached
  })
}

/** Puts a request away; it comes back when it is sent again. Throws NotFoundError. */
export async function dismissUnmatched(db: Db, id: bigint, by: Author, now: Date): Promise<void> {
  return inTransaction(db, async (trx) => {
    const request = await requireRequest(trx, id, by.scope)
    await trx.deleteFrom('unmatched_request').where('id', '=', id).execute()
    const before = { nas_id: request.nas_id, reason: request.reason }
    await writeAudit(trx, { action: 'unmatched.dismiss', noun: 'unmatched', rowId: id, before }, by, now)
  })
}

async function requireRequest(db: Db, id: bigint, scope: Scope): Promise<{ nas_id: bigint; reason: string }> {
  const request = await db
    .selectFrom('unmatched_request')
    .innerJoin('nas', 'nas.id', 'unmatched_request.nas_id')
    .select(['unmatched_request.nas_id', 'unmatched_request.reason'])
    .where('unmatched_request.id', '=', id)
    .where(nasGroupInScope(scope, 'nas.nas_group_id'))
    .forUpdate('unmatched_request')
    .executeTakeFirst()
  if (request === undefined) throw new NotFoundError('inbox entry', String(id))
  return request
}
