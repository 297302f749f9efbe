// Where a page of a list ended, as one opaque text: base64url of the JSON of its sort key. A broken one is the caller's mistake.

import { z } from 'zod'
import { Problem } from './errors.ts'

/** A cursor of the values that the last row of a page was sorted by. */
export function makeCursor(key: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** The sort key in a cursor; undefined where there is none. Throws Problem where it is not one of ours. */
export function readCursor<Key extends z.ZodType>(cursor: string | undefined, key: Key): z.output<Key> | undefined {
  if (cursor === undefined) return undefined
  const parsed = key.safeParse(parse(cursor))
  if (!parsed.success) throw new Problem('invalid-request', 'cursor: is not one that a page has given')
  return parsed.data
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}

/** A key of one id, as lists have that are sorted by it. */
export const idKey = z.tuple([z.string().regex(/^[1-9]\d{0,15}$/)]).transform(([id]) => BigInt(id))

/** An instant in a key, to the microsecond, as the database writes it; one that no calendar has is none of ours. */
export const instantKey = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/)
  .refine(isOfCalendar)

function isOfCalendar(text: string): boolean {
  const second = text.slice(0, 19).replace(' ', 'T')
  const at = new Date(`${second}Z`)
  // February 30 would become a day of March; the calendar of Postgres has no year 0.
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(second) && !text.startsWith('0000')
}

/** The cursor behind a full page; null where the page is the last. */
export function nextCursor<Row>(
  rows: readonly Row[],
  limit: number,
  key: (row: Row) => readonly (string | number | null)[],
): string | null {
  const last = rows.at(-1)
  return last === undefined || rows.length < limit ? null : makeCursor(key(last))
}
