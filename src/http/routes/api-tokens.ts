// API tokens of everybody, for who watches over them.

import { z } from 'zod'
import { listApiTokens, revokeApiToken } from '../../domain/operator/api-token.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { apiTokenOut, presentApiToken } from '../present/operator.ts'
import { route } from '../route.ts'
import { byId, idText, nothing, pageOf, pageQuery } from '../schemas.ts'

export const apiTokenRoutes = [
  route({
    method: 'get',
    path: '/api-tokens',
    summary: 'All API tokens, or those of one operator',
    tag: 'API tokens',
    access: 'token.edit',
    query: z.strictObject({ ...pageQuery, operator: idText.optional() }),
    answer: pageOf(apiTokenOut),
    run: async ({ db, by, query, now }) => {
      const input = { operatorId: query.operator, before: readCursor(query.cursor, idKey), limit: query.limit }
      const rows = await listApiTokens(db, input, by.scope)
      return {
        items: rows.map((token) => presentApiToken(token, now)),
        next_cursor: nextCursor(rows, query.limit, (row) => [String(row.id)]),
      }
    },
  }),
  route({
    method: 'delete',
    path: '/api-tokens/:id',
    summary: "Revoke an operator's API token; it is refused from the next request on",
    tag: 'API tokens',
    access: 'token.edit',
    params: byId,
    answer: nothing,
    run: async ({ db, by, params, now }) => {
      await revokeApiToken(db, { id: params.id, operatorId: undefined }, by, now)
      return undefined
    },
  }),
]
