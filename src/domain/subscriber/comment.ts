// What the staff notes about a subscriber, with author and time.

import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { FieldError, NotFoundError } from '../field.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'

export type Comment = { id: bigint; text: string; author: string; created_at: Date }

const longest = 4_000

/** Several lines of text. Throws FieldError. */
function checkComment(field: string, text: string): string {
  const trimmed = text.trim().normalize('NFC').replace(/\r\n?/g, '\n')
  // A line break and a tab are meant; other control characters are not.
  if (/[^\P{Cc}\n\t]/u.test(trimmed)) throw new FieldError(field, 'has a control character')
  const length = [...trimmed].length
  if (length < 1 || length > longest) throw new FieldError(field, `must have 1 to ${longest} characters, has ${length}`)
  return trimmed
}

/** Notes something. Throws FieldError or NotFoundError. */
export async function addComment(
  db: Db,
  input: { subscriberId: bigint; text: string },
  by: Author,
  now: Date,
): Promise<Comment> {
  const ownerId = await ownerOf(db, input.subscriberId, by.scope)
  const text = checkComment('comment', input.text)
  const comment = await db
    .insertInto('subscriber_comment')
    .values({
      subscriber_id: input.subscriberId,
      text,
      author_name: by.name,
      operator_id: by.operatorId,
      created_at: now,
    })
    .returning(['id', 'text', 'author_name as author', 'created_at'])
    .executeTakeFirstOrThrow()
  const deed = { action: 'subscriber.comment', noun: 'subscriber', rowId: input.subscriberId, ownerId, after: { text } }
  await writeAudit(db, deed, by, now)
  return comment
}

/** The comments of a subscriber, newest first, older than `before`. Throws NotFoundError. */
export async function listComments(
  db: Db,
  input: { subscriberId: bigint; before?: bigint | undefined; limit: number },
  scope: Scope,
): Promise<Comment[]> {
  await ownerOf(db, input.subscriberId, scope)
  let query = db
    .selectFrom('subscriber_comment')
    .select(['id', 'text', 'author_name as author', 'created_at'])
    .where('subscriber_id', '=', input.subscriberId)
  if (input.before !== undefined) query = query.where('id', '<', input.before)
  return query.orderBy('id', 'desc').limit(input.limit).execute()
}

/** Removes a comment. Throws NotFoundError. */
export async function removeComment(
  db: Db,
  input: { subscriberId: bigint; id: bigint },
  by: Author,
  now: Date,
): Promise<void> {
  const ownerId = await ownerOf(db, input.subscriberId, by.scope)
  const removed = await db
    .deleteFrom('subscriber_comment')
    .where('id', '=', input.id)
    .where('subscriber_id', '=', input.subscriberId)
    .returning('text')
    .executeTakeFirst()
  if (removed === undefined) throw new NotFoundError('comment', String(input.id))
  const before = { text: removed.text }
  const deed = { action: 'subscriber.uncomment', noun: 'subscriber', rowId: input.subscriberId, ownerId, before }
  await writeAudit(db, deed, by, now)
}

async function ownerOf(db: Db, subscriberId: bigint, scope: Scope): Promise<bigint> {
  const row = await db
    .selectFrom('subscriber')
    .select('owner_id')
    .where('id', '=', subscriberId)
    .where(subscriberInScope(scope))
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('subscriber', String(subscriberId))
  return row.owner_id
}
