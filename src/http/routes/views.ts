// Saved views of lists: filter, order and columns under a name, for oneself or shared.

import { z } from 'zod'
import { isSubscriberColumn } from '../../domain/subscriber-list/columns.ts'
import { withoutUndefined } from '../../domain/field.ts'
import { subscriberFilter } from '../../domain/subscriber-list/filter.ts'
import {
  addView,
  editView,
  listViews,
  removeView,
  showView,
  viewAudiences,
  viewNouns,
} from '../../domain/subscriber-list/saved-view.ts'
import type { SavedView } from '../../domain/subscriber-list/saved-view.ts'
import { isSubscriberSort } from '../../domain/subscriber-list/sort.ts'
import { Problem } from '../errors.ts'
import { route } from '../route.ts'
import { byId, idOut, instantOut, nothing, text } from '../schemas.ts'

const tag = 'Saved views'
const access = 'signed-in'

const filter = z.record(z.string().max(50), z.unknown())
const mostFilter = 20_000

const viewOut = z
  .strictObject({
    id: idOut,
    noun: z.enum(viewNouns),
    name: z.string(),
    filter,
    columns: z.array(z.string()),
    sort: z.string().nullable(),
    is_default: z.boolean().meta({ description: 'Shown to the caller when the list is opened' }),
    shared_with: z.enum(viewAudiences),
    operator_id: idOut,
    operator: z.string().meta({ description: 'Whose it is' }),
    own: z.boolean(),
    updated_at: instantOut,
  })
  .meta({ id: 'SavedView' })

const fields = {
  name: text(100),
  filter: filter.meta({ description: 'As the list takes it; lists of ids and words as JSON arrays' }),
  columns: z.array(text(50)).max(100),
  sort: text(50).nullable(),
  is_default: z.boolean(),
  shared_with: z.enum(viewAudiences),
}

const newView = z.strictObject({
  ...fields,
  noun: z.enum(viewNouns).default('subscriber'),
  filter: fields.filter.default({}),
  columns: fields.columns.default([]),
  sort: fields.sort.default(null),
  is_default: fields.is_default.default(false),
  shared_with: fields.shared_with.default('nobody'),
})

function present(view: SavedView): z.input<typeof viewOut> {
  return {
    id: Number(view.id),
    noun: view.noun,
    name: view.name,
    filter: { ...view.filter },
    columns: [...view.columns],
    sort: view.sort,
    is_default: view.isDefault,
    shared_with: view.sharedWith,
    operator_id: Number(view.operatorId),
    operator: view.by,
    own: view.own,
    updated_at: view.updatedAt.toISOString(),
  }
}

type Checked = {
  noun: string
  filter?: unknown
  columns?: readonly string[] | undefined
  sort?: string | null | undefined
}

/** What a view of subscribers holds must be what the list takes. Views of other lists are checked by their lists. */
function checkContent({ noun, filter: asked, columns, sort }: Checked): void {
  if (JSON.stringify(asked ?? {}).length > mostFilter) throw new Problem('invalid-request', 'filter: is too long')
  if (noun !== 'subscriber') return
  if (asked !== undefined) subscriberFilter.parse(asked)
  const unknown = columns?.find((name) => !isSubscriberColumn(name))
  if (unknown !== undefined) throw new Problem('invalid-request', `columns: ${JSON.stringify(unknown)} is none`)
  if (typeof sort === 'string' && !isSubscriberSort(sort.replace(/^-/, ''))) {
    throw new Problem('invalid-request', `sort: ${JSON.stringify(sort)} is none`)
  }
}

export const viewRoutes = [
  route({
    method: 'get',
    path: '/views',
    summary: 'The saved views of the caller and those shared with it, by name',
    tag,
    access,
    query: z.strictObject({ noun: z.enum(viewNouns).optional() }),
    answer: z.strictObject({ items: z.array(viewOut) }),
    run: async ({ db, by, query }) => ({ items: (await listViews(db, query.noun, by)).map(present) }),
  }),
  route({
    method: 'post',
    path: '/views',
    summary: 'Save a view',
    tag,
    access,
    body: newView,
    answer: viewOut,
    status: 201,
    async run({ db, by, body, now }) {
      checkContent(body)
      const { is_default: isDefault, shared_with: sharedWith, ...view } = body
      return present(await addView(db, { ...view, isDefault, sharedWith }, by, now))
    },
  }),
  route({
    method: 'get',
    path: '/views/:id',
    summary: 'One saved view',
    tag,
    access,
    params: byId,
    answer: viewOut,
    run: async ({ db, by, params }) => present(await showView(db, params.id, by)),
  }),
  route({
    method: 'patch',
    path: '/views/:id',
    summary: "Change one of the caller's own views",
    tag,
    access,
    params: byId,
    body: z.strictObject(fields).partial(),
    answer: viewOut,
    async run({ db, by, params, body, now }) {
      const { noun } = await showView(db, params.id, by)
      checkContent({ noun, ...body })
      const { is_default: isDefault, shared_with: sharedWith, ...rest } = body
      const changes = {
        ...rest,
        ...(isDefault === undefined ? {} : { isDefault }),
        ...(sharedWith === undefined ? {} : { sharedWith }),
      }
      return present(await editView(db, params.id, withoutUndefined(changes), by, now))
    },
  }),
  route({
    method: 'delete',
    path: '/views/:id',
    summary: "Remove one of the caller's own views",
    tag,
    access,
    params: byId,
    answer: nothing,
    status: 204,
    async run({ db, by, params, now }) {
      await removeView(db, params.id, by, now)
      return undefined
    },
  }),
]
