// What the staff notes about a subscriber.

import { z } from 'zod'
import { addComment, listComments, removeComment } from '../../domain/subscriber/comment.ts'
import type { Comment } from '../../domain/subscriber/comment.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, idOut, idText, instantOut, nothing, pageOf, pageQuery } from '../schemas.ts'

const tag = 'Comments'

const commentOut = z.strictObject({ id: idOut, text: z.string(), author: z.string(), created_at: instantOut })

function present(comment: Comment): z.input<typeof commentOut> {
  return { ...comment, id: Number(comment.id), created_at: comment.created_at.toISOString() }
}

export const subscriberCommentRoutes = [
  route({
    method: 'get',
    path: '/subscribers/:id/comments',
    summary: 'What was noted about a subscriber, newest first',
    tag,
    access: 'subscriber.read',
    params: byId,
    query: z.strictObject(pageQuery),
    answer: pageOf(commentOut),
    run: async ({ db, params, query: { cursor, limit }, by }) => {
      const input = { subscriberId: params.id, before: readCursor(cursor, idKey), limit }
      const rows = await listComments(db, input, by.scope)
      return { items: rows.map(present), next_cursor: nextCursor(rows, limit, ({ id }) => [String(id)]) }
    },
  }),
  route({
    method: 'post',
    path: '/subscribers/:id/comments',
    summary: 'Note something about a subscriber',
    tag,
    access: 'subscriber.edit',
    params: byId,
    body: z.strictObject({ comment: z.string().max(20_000) }),
    answer: commentOut,
    status: 201,
    run: async ({ db, params, body, by, now }) =>
      present(await addComment(db, { subscriberId: params.id, text: body.comment }, by, now)),
  }),
  route({
    method: 'delete',
    path: '/subscribers/:id/comments/:comment_id',
    summary: 'Remove a note',
    tag,
    access: 'subscriber.edit',
    params: z.strictObject({ id: idText, comment_id: idText }),
    answer: nothing,
    run: async ({ db, params, by, now }) =>
      removeComment(db, { subscriberId: params.id, id: params.comment_id }, by, now),
  }),
]
