// The comparison of a ledger with what the server has charged: the sum over a name's sessions, to the byte. Services are counted
// beside their session and never charged; renewals add nothing. Pure. Where the fate of a record is not known, the charge may
// stand between the least and the most that can have been kept.

import { possibleTotals } from './compare.ts'
import type { Totals } from './compare.ts'
import type { LedgerState } from './ledger.ts'

export type Usage = { inputOctets: bigint; outputOctets: bigint }

export type UsageDifference = { username: string; direction: 'input' | 'output'; expected: string; found: bigint }

type Range = { least: bigint; most: bigint }
type Expected = { input: Range; output: Range }

/** All differences; `charged` is by the name that the NAS sends, in the canonical form of the server. */
export function compareUsage(state: LedgerState, charged: ReadonlyMap<string, Usage>): UsageDifference[] {
  const expected = expectedUsage(state)
  const names = new Set([...expected.keys(), ...charged.keys()])
  return [...names].flatMap((username) => {
    const { input, output } = expected.get(username) ?? { input: nothing, output: nothing }
    const found = charged.get(username) ?? { inputOctets: 0n, outputOctets: 0n }
    return [
      ...check(username, 'input', input, found.inputOctets),
      ...check(username, 'output', output, found.outputOctets),
    ]
  })
}

const nothing: Range = { least: 0n, most: 0n }

function expectedUsage(state: LedgerState): Map<string, Expected> {
  const expected = new Map<string, Expected>()
  for (const nas of state.nases.values()) {
    for (const session of nas.sessions.values()) {
      if (session.service !== undefined || session.recorded === 'no') continue
      const username = session.username.normalize('NFKC').trim().toLowerCase()
      const before = expected.get(username) ?? { input: nothing, output: nothing }
      const totals = possibleTotals(session)
      expected.set(username, {
        input: widen(before.input, totals, 'inputOctets'),
        output: widen(before.output, totals, 'outputOctets'),
      })
    }
  }
  return expected
}

function widen(range: Range, totals: readonly Totals[], of: 'inputOctets' | 'outputOctets'): Range {
  const values = totals.map((total) => total[of]).toSorted((one, other) => (one < other ? -1 : 1))
  return { least: range.least + (values[0] ?? 0n), most: range.most + (values.at(-1) ?? 0n) }
}

function check(
  username: string,
  direction: UsageDifference['direction'],
  { least, most }: Range,
  found: bigint,
): UsageDifference[] {
  if (found >= least && found <= most) return []
  return [{ username, direction, expected: least === most ? `${least}` : `${least} to ${most}`, found }]
}
