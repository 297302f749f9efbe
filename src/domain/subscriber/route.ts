// Routes behind a subscriber, as they are sent (Framed-Route, RFC 2865 §5.22): a prefix, perhaps a gateway and metrics.

import ipaddr from 'ipaddr.js'
import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { checkText, FieldError, quote } from '../field.ts'

/** A route of one line. Throws FieldError. */
export function checkRoute(field: string, text: string): string {
  const route = checkText(field, text, 1, 253)
  const [prefix = '', ...rest] = route.split(/\s+/)
  const isRoute = ipaddr.IPv4.isValidCIDR(prefix) && rest.every((word) => /^[\w.:]+$/.test(word))
  if (!isRoute) throw new FieldError(field, `${quote(text)} is not a route such as 192.0.2.0/24 0.0.0.0 1`)
  return route
}

/** The routes of a subscriber, in the order they were given. */
export async function routesOf(db: Db, subscriberId: bigint): Promise<string[]> {
  const rows = await db
    .selectFrom('subscriber_route')
    .select('route')
    .where('subscriber_id', '=', subscriberId)
    .orderBy('id')
    .execute()
  return rows.map(({ route }) => route)
}

/** Gives a subscriber these routes in place of those it had. */
export async function replaceRoutes(db: Db, subscriberId: bigint, routes: readonly string[]): Promise<void> {
  await db.deleteFrom('subscriber_route').where('subscriber_id', '=', subscriberId).execute()
  if (routes.length === 0) return
  await sql`insert into subscriber_route (subscriber_id, route)
    select ${subscriberId}, t.* from unnest(${[...routes]}::text[]) as t`.execute(db)
}
