// How one way of writing an interface becomes port, S-VLAN and C-VLAN. A form is data: a pattern whose named groups say what
// they are. The forms themselves stand in interface-table.ts, those of circuit ids in ../option82-text.ts.

import type { VendorName } from '../../domain/nas.ts'

/** Slot/port or LAG as text, and the VLAN tags. An S-VLAN is there only with a C-VLAN: a single tag is the C-VLAN. */
export type LineParts = { port?: string; sVlan?: number; cVlan?: number }

/**
 * Groups of a pattern, all optional: `port` (text or a path of numbers), or `slot`, `subslot` and `number` (numbers, joined by
 * slashes); `kind` (the kind of port, put before it unless it is `eth`); `outer` and `inner` (tags, `*` for any).
 * Patterns are anchored at both ends and have no nested repetition, so that no text costs more than a short look.
 */
export type LineForm = {
  readonly name: string
  readonly pattern: RegExp
  /** Seen in a packet or printed in the maker's own manual. False: from memory and from what other servers read. */
  readonly confirmed: boolean
  readonly source: string
}

/** A form of the interface, read only for the vendors whose NASes write it so. */
export type InterfaceForm = LineForm & { readonly vendors: readonly VendorName[] }

/** What a RADIUS attribute holds at most (RFC 2865 §5): nothing longer is read. */
const longest = 253
/** IEEE 802.1Q §9.6: 0 is no VLAN, 4095 reserved. BNGs of China Telecom's rule write 4096 for "no tag". */
const noTags: readonly number[] = [0, 4095, 4096]
const largestTag = 4096

/** The name and parts by the first form that fits; undefined where none does. */
export function readForm(forms: readonly LineForm[], text: string): { name: string; parts: LineParts } | undefined {
  if (text.length > longest) return undefined
  for (const { name, pattern } of forms) {
    const groups = pattern.exec(text)?.groups
    if (groups === undefined) continue
    const vlans = vlanParts(tagOf(groups.outer), tagOf(groups.inner))
    if (vlans === undefined) continue
    const port = portOf(groups)
    return { name, parts: port === undefined ? vlans : { port, ...vlans } }
  }
  return undefined
}

/**
 * The tags of a line, outer first; what says "no tag" is left out, and the one that remains is the C-VLAN. Undefined where a
 * number is no tag at all: better no parts than those of another line.
 */
export function vlanParts(outer: number | undefined, inner: number | undefined): LineParts | undefined {
  const tags = [outer, inner].filter((tag) => tag !== undefined)
  if (tags.some((tag) => tag > largestTag)) return undefined
  const [first, second] = tags.filter((tag) => !noTags.includes(tag))
  if (first === undefined) return {}
  return second === undefined ? { cVlan: first } : { sVlan: first, cVlan: second }
}

/** `*` is a SAP that takes any tag: as good as none. */
function tagOf(text: string | undefined): number | undefined {
  return text === undefined || text === '*' ? undefined : Number(text)
}

function portOf(groups: Record<string, string | undefined>): string | undefined {
  const numbers = [groups.slot, groups.subslot, groups.number].filter((text) => text !== undefined)
  const path = groups.port ?? (numbers.length === 0 ? undefined : numbers.map(Number).join('/'))
  if (path === undefined) return undefined
  const kind = groups.kind?.toLowerCase()
  return kind === undefined || kind === 'eth' ? path : `${kind} ${path}`
}
