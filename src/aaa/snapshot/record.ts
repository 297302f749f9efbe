// A subscriber's row as octets, one after the other: for each column the length with one added (0: null), as base-128 varint
// with the low part first, then the text in UTF-8. Columns of octets are kept as such, not as hex.

import { columnCount, columnOf, octetColumns } from '../../domain/snapshot-rows.ts'
import type { SnapshotRow } from '../../domain/snapshot-rows.ts'

let scratch = Buffer.allocUnsafeSlow(4_096)

/** The octets of a row, in memory that the next call writes anew. */
export function encodeRow(row: SnapshotRow): Buffer {
  let longest = 0
  for (const text of row) longest += 5 + 3 * (text?.length ?? 0)
  if (longest > scratch.length) scratch = Buffer.allocUnsafeSlow(2 * longest)
  let at = 0
  for (let column = 0; column < columnCount; column++) {
    const text = row[column]
    if (text == null) {
      scratch[at++] = 0
      continue
    }
    const encoding = octetColumns.has(column) ? 'hex' : 'utf8'
    at = writeLength(at, Buffer.byteLength(text, encoding) + 1)
    at += scratch.write(text, at, encoding)
  }
  return scratch.subarray(0, at)
}

function writeLength(start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest > 127; rest >>>= 7) scratch[at++] = (rest & 127) | 128
  scratch[at++] = rest
  return at
}

/** The row that was encoded. Throws RangeError for octets that no row gives. */
export function decodeRow(octets: Buffer): SnapshotRow {
  const row = Array<string | null>(columnCount).fill(null)
  let at = 0
  for (let column = 0; column < columnCount; column++) {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const octet = octets[at++]
      if (octet === undefined || shift > 28) throw new RangeError('the record of a subscriber is cut')
      length += (octet & 127) * 2 ** shift
      if (octet < 128) break
    }
    if (length === 0) continue
    const end = at + length - 1
    if (end > octets.length) throw new RangeError('the record of a subscriber is cut')
    if (octetColumns.has(column)) row[column] = octets.toString('hex', at, end)
    // One octet is `t`, `f` or a digit, and needs no way out of JavaScript (80 ns).
    else
      row[column] =
        length === 2 && octets[at]! < 128 ? String.fromCharCode(octets[at]!) : octets.toString('utf8', at, end)
    at = end
  }
  if (at !== octets.length) throw new RangeError('the record of a subscriber has something behind its end')
  return row
}

/** What a row is found by, each kind behind a letter of its own. */
export function keysOf(row: SnapshotRow): string[] {
  const keys = [key.id(row[columnOf.id]!)]
  if (row[columnOf.usernameReserved] === 't') keys.push(key.username(row[columnOf.username]!))
  if (row[columnOf.accountType] !== 'ipoe' || row[columnOf.archivedAt] != null) return keys
  for (const line of (row[columnOf.devices] ?? '').split('\n')) {
    // `mac bound`; the others are only remembered.
    if (line.length > 17) keys.push(key.mac(line.slice(0, 17)))
  }
  const [circuitId, remoteId, duid] = [row[columnOf.circuitId], row[columnOf.remoteId], row[columnOf.duid]]
  if (circuitId != null) keys.push(key.circuitId(circuitId))
  if (remoteId != null) keys.push(key.remoteId(remoteId))
  if (duid != null) keys.push(key.duid(duid))
  const binding = row[columnOf.binding]
  const place = binding == null ? undefined : placeKey(JSON.parse(binding) as BoundPlace)
  if (place !== undefined) keys.push(place)
  return keys
}

/** Whether a row is found by this key. */
export function hasKey(row: SnapshotRow, wanted: string): boolean {
  // What each login asks for; to put all keys together for it costs 0.5 µs.
  if (wanted.startsWith('u'))
    return row[columnOf.usernameReserved] === 't' && wanted === key.username(row[columnOf.username]!)
  return keysOf(row).includes(wanted)
}

/** Keys by kind. Octets are hex, MACs canonical. */
export const key = {
  id: (id: string): string => `i${id}`,
  username: (username: string): string => `u${username}`,
  mac: (mac: string): string => `m${mac}`,
  circuitId: (hex: string): string => `c${hex}`,
  remoteId: (hex: string): string => `r${hex}`,
  duid: (hex: string): string => `d${hex}`,
}

/** A place as it is bound: null parts are not looked at. */
export type BoundPlace = {
  readonly interface: string | null
  readonly port: string | null
  readonly sVlan: number | null
  readonly cVlan: number | null
  readonly nasGroupId: string | null
}

/** Undefined where neither of the two parts is bound that can tell a line. */
export function placeKey(place: BoundPlace): string | undefined {
  if (place.cVlan === null && place.interface === null) return undefined
  return `p${JSON.stringify([place.interface, place.port, place.sVlan, place.cVlan, place.nasGroupId])}`
}
