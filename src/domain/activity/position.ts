// How far a reader of the feed has come: which transactions it has seen, as Postgres tells them apart, and from where on it has
// to look. As text it is the id of an event, with which a reader comes back and misses nothing.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'

export type Position = {
  /** `pg_current_snapshot()`: what was committed in it has been told. */
  snapshot: string
  /** The same of the last look at what is told late. */
  late: string
  /** The time of it, by the clock of who asked. */
  at: Date
  /** No session with an id up to this begins after it. */
  sessionFloor: bigint
}

/** A reader that was away longer is told that there is a gap. */
export const longestAwayMs = 15 * 60_000
/** Transactions that still run may insert ids that are so much smaller than the greatest one seen. */
const idsUnderWay = 5_000n

const form = /^(\d{1,19}:\d{1,19}:[\d,]{0,4000})\|(\d{1,19}:\d{1,19}:[\d,]{0,4000})\|(\d{1,15})\|(\d{1,18})$/

/** A position as the id of an event. */
export function positionText({ snapshot, late, at, sessionFloor }: Position): string {
  return Buffer.from(`${snapshot}|${late}|${at.getTime()}|${sessionFloor}`).toString('base64url')
}

/** The position of an id; undefined where it is none of ours, or too old to go on from. */
export function readPositionText(text: string, now: Date): Position | undefined {
  const match = form.exec(Buffer.from(text, 'base64url').toString('latin1'))
  if (match === null) return undefined
  const [, snapshot, late, at, sessionFloor] = match as unknown as [string, string, string, string, string]
  const awayMs = now.getTime() - Number(at)
  if (awayMs > longestAwayMs || awayMs < -longestAwayMs) return undefined
  return { snapshot, late, at: new Date(Number(at)), sessionFloor: BigInt(sessionFloor) }
}

/** Where the feed stands now. Inside a transaction with one snapshot: exactly what that sees is before it. */
export async function currentPosition(db: Db, now: Date): Promise<Position> {
  const { rows } = await sql<{ snapshot: string; newest: bigint }>`
    select pg_current_snapshot()::text as snapshot, (select coalesce(max(session.id), 0) from session) as newest`.execute(
    db,
  )
  const { snapshot, newest } = rows[0]!
  return { snapshot, late: snapshot, at: now, sessionFloor: newest > idsUnderWay ? newest - idsUnderWay : 0n }
}
