// Two resellers and everything that one of them can own, so that every route that takes an id can be asked for what belongs to
// somebody else. A route whose path is not known here fails the test: a new noun needs its line.

import type { TestApi } from './api.ts'

/** The id to put in place of a path's parameter, by the part of the path before it. */
export type Owned = ReadonlyMap<string, () => Promise<string> | string>

/** What is known to the ISP alone: a reseller has no permission there at all, which the role matrix shows. */
export const ispOnly = ['/home-servers']

/** The path with each parameter replaced. */
export function fillPath(path: string, ids: Readonly<Record<string, string>>, fallback: string): string {
  return path.replaceAll(/:(\w+)/g, (_match, name: string) => ids[name] ?? fallback)
}

/** The leading part of a path up to its first parameter: `/subscribers/:id/comments/:comment` is `/subscribers`. */
export function nounOf(path: string): string {
  return path.slice(0, path.indexOf('/:'))
}

/** A NAS with its client, of the default group. */
export async function addNas(api: TestApi, name: string): Promise<bigint> {
  const { rows } = await api.pool.query<{ id: bigint }>(
    `with client as (
       insert into radius_client (name, prefix, nas_group_id)
       select $1, ('192.0.2.' || (select count(*) + 1 from radius_client))::cidr, min(id) from nas_group returning id
     )
     insert into nas (client_id, name, nas_group_id) select client.id, $1, (select min(id) from nas_group) from client
     returning id`,
    [name],
  )
  return rows[0]!.id
}
