// The list of subscribers: filtered, searched, sorted, by pages; how many there are; and which columns there are to choose from.

import { z } from 'zod'
import { requirePermission } from '../../domain/author.ts'
import type { Author } from '../../domain/author.ts'
import { subscriberColumn, subscriberColumnNames, visibleColumns } from '../../domain/subscriber-list/columns.ts'
import type { SubscriberColumnName } from '../../domain/subscriber-list/columns.ts'
import { permitFilter } from '../../domain/subscriber-list/filter.ts'
import { countSubscribers, listSubscribers } from '../../domain/subscriber-list/list.ts'
import { isSubscriberSort, placeText, readPlace, subscriberSortNames } from '../../domain/subscriber-list/sort.ts'
import type { Order, SubscriberSortName } from '../../domain/subscriber-list/sort.ts'
import { makeCursor, readCursor } from '../cursor.ts'
import { presentSubscriberRow, subscriberRowOut } from '../present/subscriber-list.ts'
import { route } from '../route.ts'
import { pageOf, pageQuery, words } from '../schemas.ts'
import { filterQuery, readFilter } from '../subscriber-query.ts'

const tag = 'Subscribers'

/** The columns of the first view: what everybody may see. */
const usualColumns: readonly SubscriberColumnName[] = [
  'label',
  'online',
  'username',
  'plan',
  'expires_at',
  'full_name',
  'phone',
  'address',
  'account_type',
  'interface',
  'ip_address',
  'created_at',
]

const sorts = subscriberSortNames.flatMap((name) => [name, `-${name}`] as const)

const query = z.strictObject({
  ...pageQuery,
  ...filterQuery,
  columns: words(subscriberColumnNames).optional().meta({ description: 'Apart by commas; the id is always there' }),
  sort: z.enum(sorts).default('username').meta({ description: 'With `-` in front: from the end to the beginning' }),
})

function orderOf(sort: string): Order {
  const name = sort.replace(/^-/, '')
  if (!isSubscriberSort(name)) throw new Error(`${name} passed the schema`)
  return { by: name, descending: sort.startsWith('-') }
}

/** Throws ForbiddenError where a column or an order would tell what the author may not see. */
function permitColumns(columns: readonly SubscriberColumnName[], by: SubscriberSortName, author: Author): void {
  const named: readonly SubscriberColumnName[] = by === 'balance' ? [...columns, by] : columns
  for (const name of named) {
    const { permission } = subscriberColumn(name)
    if (permission !== undefined) requirePermission(author, permission)
  }
}

export const subscriberListRoutes = [
  route({
    method: 'get',
    path: '/subscribers',
    summary: 'Subscribers by filter and search, in an order, with the columns asked for',
    tag,
    access: 'subscriber.read',
    query,
    answer: pageOf(subscriberRowOut),
    async run({ db, by, query: asked, now }) {
      const filter = readFilter(asked)
      const order = orderOf(asked.sort)
      const columns = asked.columns ?? usualColumns
      permitFilter(filter, by)
      permitColumns(columns, order.by, by)
      const after = readCursor(asked.cursor, cursorKey(asked.sort, order.by))
      const page = await listSubscribers(db, { filter, order, after, limit: asked.limit, columns }, by.scope, now)
      return {
        items: page.rows.map((row) => presentSubscriberRow(row, columns)),
        next_cursor: page.next === undefined ? null : makeCursor([asked.sort, ...placeText(page.next)]),
      }
    },
  }),
  route({
    method: 'get',
    path: '/subscribers/count',
    summary: 'How many subscribers a filter means: exact up to 10,000, else an estimate',
    tag,
    access: 'subscriber.read',
    query: z.strictObject(filterQuery),
    answer: z.strictObject({ count: z.int().min(0), exact: z.boolean() }),
    async run({ db, by, query: asked, now }) {
      const filter = readFilter(asked)
      permitFilter(filter, by)
      return countSubscribers(db, filter, by.scope, now)
    },
  }),
  route({
    method: 'get',
    path: '/subscribers/columns',
    summary: 'The columns that the caller may see, in their usual order',
    tag,
    access: 'subscriber.read',
    answer: z.strictObject({
      items: z.array(
        z.strictObject({
          name: z.string(),
          title: z.string(),
          kind: z.string(),
          sortable: z.boolean(),
          usual: z.boolean(),
        }),
      ),
    }),
    run: ({ by }) =>
      Promise.resolve({
        items: visibleColumns(by.permissions).map((name) => {
          const { title, kind } = subscriberColumn(name)
          return { name, title, kind, sortable: isSubscriberSort(name), usual: usualColumns.includes(name) }
        }),
      }),
  }),
]

/** A cursor of another order is none of this list. */
function cursorKey(sort: string, by: SubscriberSortName) {
  return z
    .tuple([z.literal(sort), z.string().max(500).nullable(), z.string().nullable(), z.string()])
    .transform(([, ...place], context) => {
      const read = readPlace(by, place)
      if (read === undefined) context.addIssue({ code: 'custom', message: 'is not a place in this order' })
      return read
    })
}
