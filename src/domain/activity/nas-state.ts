// How each NAS stands: when and from where it was heard of, and how many of its sessions are open, as far as the reader reaches.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Scope } from '../scope.ts'
import { onlineSql } from '../session.ts'
import { sessionInScope } from './session-condition.ts'

export type NasState = {
  readonly nasId: bigint
  /** Null, like the next two: never. */
  readonly heardAt: Date | null
  /** Where its packets come from. */
  readonly source: string | null
  /** At which address of ours. */
  readonly heardOn: string | null
  /** Somebody gave us access to its router. */
  readonly hasRouter: boolean
  readonly open: number
  readonly online: number
}

/** Of every NAS. */
export async function listNasStates(db: Db, scope: Scope, now: Date): Promise<NasState[]> {
  const [before, after] = onlineSql('s', 'nas', '\0').split('\0')
  const isOnline = sql`${sql.raw(before!)}${now}::timestamptz${sql.raw(after!)}`
  const { rows } = await sql<NasState>`
    select nas.id as "nasId", contact.heard_at as "heardAt", host(contact.source) as source,
      host(contact.heard_on) as "heardOn",
      exists (select from nas_router router where router.nas_id = nas.id) as "hasRouter",
      coalesce(counted.open, 0)::float8 as open,
      coalesce(counted.online, 0)::float8 as online
    from nas
    left join nas_contact contact on contact.nas_id = nas.id
    left join (
      select s.nas_id, count(*) as open, count(*) filter (where ${isOnline}) as online
      from session s join nas on nas.id = s.nas_id
      where s.ended_at is null and s.service is null and ${sessionInScope(scope)}
      group by s.nas_id
    ) counted on counted.nas_id = nas.id
    order by nas.id`.execute(db)
  return rows
}
