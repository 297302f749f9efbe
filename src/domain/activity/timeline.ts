// A subscriber's timeline: access decisions, sessions with changes of address and MAC, CoA orders with their results, money,
// what operators did, comments; in one order, newest first, a page at a time.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { reasonMend } from '../access-mend.ts'
import { NotFoundError } from '../field.ts'
import { formatMoney } from '../money.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { reasonSentence } from '../why.ts'
import { timelineSources } from './timeline-sources.ts'
import type { TimelineKind } from './timeline-sources.ts'

export type TimelineItem = {
  kind: TimelineKind
  key: string
  at: Date
  /** The instant to the microsecond, for the place in the list. */
  atKey: string
  data: Readonly<Record<string, unknown>>
}

/** Where a page ended. */
export type TimelineKey = { atKey: string; kind: string; key: string }

export type TimelineAsked = {
  subscriberId: bigint
  kinds: readonly TimelineKind[]
  since?: Date | undefined
  until?: Date | undefined
  before?: TimelineKey | undefined
  limit: number
}

/** A page of the timeline. Throws NotFoundError. */
export async function readTimeline(db: Db, asked: TimelineAsked, scope: Scope): Promise<TimelineItem[]> {
  const { subscriberId, limit } = asked
  const subscriber = await db
    .selectFrom('subscriber')
    .select('username')
    .where('id', '=', subscriberId)
    .where(subscriberInScope(scope))
    .executeTakeFirst()
  if (subscriber === undefined) throw new NotFoundError('subscriber', String(subscriberId))
  if (asked.kinds.length === 0) return []
  const parts = asked.kinds.map((kind) => {
    const wanted = { subscriberId, username: subscriber.username, when: whenOf(kind, asked), limit }
    return sql`select ${sql.lit(kind)} as kind, part.* from (${timelineSources[kind](wanted)}) as part`
  })
  const { rows } = await sql<TimelineItem>`
    select item.kind, item.key, item.at, item.at::text as "atKey", item.data
    from (${sql.join(parts, sql` union all `)}) as item
    order by item.at desc, item.kind collate "C" desc, item.key collate "C" desc limit ${limit}`.execute(db)
  return rows.map((item) => ({ ...item, data: told(item) }))
}

/** The condition of a kind: inside the span asked for, and after the place where the page before ended. */
function whenOf(kind: TimelineKind, { since, until, before }: TimelineAsked) {
  return (at: RawBuilder<unknown>, key: RawBuilder<unknown>): RawBuilder<unknown> => {
    const conditions = [
      since === undefined ? undefined : sql`${at} >= ${since}`,
      until === undefined ? undefined : sql`${at} < ${until}`,
      before === undefined
        ? undefined
        : sql`${at} <= ${before.atKey}::timestamptz and (${at}, ${sql.lit(kind)} collate "C", (${key}) collate "C")
            < (${before.atKey}::timestamptz, ${before.kind}::text, ${before.key}::text)`,
    ].filter((condition) => condition !== undefined)
    return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)
  }
}

/** What a person reads, made of what the tables hold. */
function told({ kind, data }: TimelineItem): TimelineItem['data'] {
  if (kind === 'decision') {
    const [accepted, reason] = [data['accepted'] === true, String(data['reason'])]
    return { ...data, sentence: reasonSentence(accepted, reason), mend: reasonMend(reason) ?? null }
  }
  if (kind !== 'ledger') return data
  const { amount_minor: minor, ...rest } = data
  return { ...rest, amount: formatMoney(BigInt(String(minor)), String(data['currency'])) }
}
