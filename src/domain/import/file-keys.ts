// What only all rows of a file together can say: usernames, static addresses and lines that stand in it twice. Keeps the keys of
// rows and not the rows.

import { quote } from '../field.ts'
import { lineFacts } from '../line-conflict.ts'
import { prefixRange } from '../prefix.ts'
import type { Report } from './error.ts'
import { columnNames } from './row.ts'
import type { ImportRow } from './row.ts'

type Range = { line: number; prefix: string; first: bigint; last: bigint }

export type FileKeys = {
  /** Tells what an earlier row has already, naming its line. */
  add(row: ImportRow): void
  /** Tells addresses that overlap. */
  finish(): void
}

/** Keys of one file; what is wrong goes to `report`. */
export function createFileKeys(report: Report): FileKeys {
  const usernames = new Map<string, number>()
  const facts = new Map<string, number>()
  const ranges: Range[] = []
  return {
    add({ line, fields }) {
      const earlier = usernames.get(fields.username)
      if (earlier === undefined) usernames.set(fields.username, line)
      else if (fields.username !== '') {
        report(line, 'username', `${quote(fields.username)} is in line ${earlier} already`)
      }
      addFacts(facts, line, fields, report)
      for (const { prefix } of fields.addresses) ranges.push({ line, prefix, ...prefixRange(prefix) })
    },
    finish: () => checkOverlaps(ranges, report),
  }
}

/** Two IPoE subscribers of the file that nothing would tell apart. */
function addFacts(facts: Map<string, number>, line: number, fields: ImportRow['fields'], report: Report): void {
  for (const { field, value, key } of lineFacts(fields)) {
    const earlier = facts.get(key)
    if (earlier === undefined) facts.set(key, line)
    else if (value !== '') report(line, columnNames[field], `${quote(value)} is of line ${earlier} already (IPoE)`)
  }
}

/**
 * Prefixes contain each other or are apart: sorted by their first address, each can only meet the widest before it. Beside it
 * the narrowest that is still good is held: where the widest is told, those inside of it may meet all the same.
 */
function checkOverlaps(ranges: Range[], report: Report): void {
  ranges.sort(
    (one, other) => Number(one.first > other.first) - Number(one.first < other.first) || one.line - other.line,
  )
  const bad = new Set<number>()
  let widest: Range | undefined
  let held: Range | undefined
  for (const range of ranges) {
    for (const before of new Set([widest, held])) {
      if (before === undefined || range.first > before.last) continue
      const [earlier, later] = before.line <= range.line ? [before, range] : [range, before]
      const reason = `${later.prefix} is or overlaps ${earlier.prefix} of line ${earlier.line}`
      report(later.line, columnNames.staticIp, reason)
      bad.add(later.line)
    }
    if (widest === undefined || range.last > widest.last) widest = range
    const isHeld = held !== undefined && !bad.has(held.line) && range.first <= held.last
    if (!isHeld && !bad.has(range.line)) held = range
  }
}
