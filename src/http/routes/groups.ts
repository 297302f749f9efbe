// Groups of subscribers.

import { z } from 'zod'
import { addGroup, listGroups, removeGroup, renameGroup, showGroup } from '../../domain/subscriber/group.ts'
import type { Group } from '../../domain/subscriber/group.ts'
import { findOrganisation } from '../../domain/subscriber/names.ts'
import { nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, idOut, nothing, pageOf, pageQuery } from '../schemas.ts'
import { idOrName } from './subscriber-body.ts'

const tag = 'Groups'

const groupOut = z.strictObject({
  id: idOut,
  name: z.string(),
  owner_id: idOut,
  owner: z.string(),
  /** How many are in it, the deleted not counted. */
  subscribers: z.int().min(0),
})

const nameKey = z
  .tuple([z.string(), z.string().regex(/^[1-9]\d{0,15}$/)])
  .transform(([name, id]) => ({ name, id: BigInt(id) }))

function present({ id, name, owner_id: ownerId, owner, subscribers }: Group): z.input<typeof groupOut> {
  return { id: Number(id), name, owner_id: Number(ownerId), owner, subscribers }
}

export const groupRoutes = [
  route({
    method: 'get',
    path: '/groups',
    summary: 'The groups by name, with how many are in each',
    tag,
    access: 'subscriber.read',
    query: z.strictObject(pageQuery),
    answer: pageOf(groupOut),
    run: async ({ db, query: { cursor, limit }, by }) => {
      const rows = await listGroups(db, { after: readCursor(cursor, nameKey), limit }, by.scope)
      return { items: rows.map(present), next_cursor: nextCursor(rows, limit, ({ name, id }) => [name, String(id)]) }
    },
  }),
  route({
    method: 'post',
    path: '/groups',
    summary: 'Add a group',
    tag,
    access: 'group.edit',
    body: z.strictObject({ name: z.string().max(400), owner: idOrName.optional() }),
    answer: groupOut,
    status: 201,
    run: async ({ db, body, by, now }) => {
      const ownerId = await findOrganisation(db, body.owner, by.scope)
      const id = await addGroup(db, { name: body.name, ownerId }, by, now)
      return present(await showGroup(db, id, by.scope))
    },
  }),
  route({
    method: 'get',
    path: '/groups/:id',
    summary: 'One group',
    tag,
    access: 'subscriber.read',
    params: byId,
    answer: groupOut,
    run: async ({ db, params, by }) => present(await showGroup(db, params.id, by.scope)),
  }),
  route({
    method: 'patch',
    path: '/groups/:id',
    summary: 'Rename a group',
    tag,
    access: 'group.edit',
    params: byId,
    body: z.strictObject({ name: z.string().max(400) }),
    answer: groupOut,
    run: async ({ db, params, body, by, now }) => {
      await renameGroup(db, { id: params.id, name: body.name }, by, now)
      return present(await showGroup(db, params.id, by.scope))
    },
  }),
  route({
    method: 'delete',
    path: '/groups/:id',
    summary: 'Remove a group that nobody is in',
    tag,
    access: 'group.edit',
    params: byId,
    answer: nothing,
    run: async ({ db, params, by, now }) => removeGroup(db, { id: params.id }, by, now),
  }),
]
