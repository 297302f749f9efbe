// Whether a re-binding brings two subscribers onto one line that were apart before. A pair of VLANs (S and C) or a circuit id is
// of one subscriber by its nature. An interface or a single VLAN may be shared: there only IPoE is told by it, and only where
// each had its own before.

import { boundLines, shareGroup } from './binding.ts'
import type { Binding } from './binding.ts'

export type BoundSubscriber = { id: bigint; username: string; accountType: 'pppoe' | 'ipoe'; before: Binding }
export type Target = BoundSubscriber & { after: Binding }
/** Two subscribers that would be on one line. */
export type RebindConflict = { line: string; usernames: [string, string] }

type Place = { subscriber: BoundSubscriber; binding: Binding; own: boolean; moved: boolean }

const shownConflicts = 1_000

/** The pairs, by username; of each target one pair. `others` are subscribers at the lines that targets get, targets too. */
export function findConflicts(targets: readonly Target[], others: readonly BoundSubscriber[]): RebindConflict[] {
  const moved = new Set(targets.map(({ id }) => id))
  const staying = others.filter(({ id }) => !moved.has(id))
  const places = new Map<string, Place[]>()
  const put = (subscriber: BoundSubscriber, binding: Binding, isMoved: boolean): void => {
    for (const { key, own } of boundLines(binding)) {
      const there = places.get(key) ?? []
      there.push({ subscriber, binding, own, moved: isMoved })
      places.set(key, there)
    }
  }
  for (const target of targets) put(target, target.after, true)
  for (const other of staying) put(other, other.before, false)
  const sharers = countSharers([...targets, ...staying])
  const conflicts: RebindConflict[] = []
  for (const [line, there] of places) {
    for (const [at, one] of there.entries()) {
      // Those that move stand first, so that every pair with one of them is seen once.
      if (!one.moved || conflicts.length >= shownConflicts) break
      const other = there.slice(at + 1).find((two) => meets(one, two, sharers))
      if (other !== undefined) {
        conflicts.push({ line, usernames: [one.subscriber.username, other.subscriber.username] })
      }
    }
  }
  return conflicts
}

/** How many are on each line before. */
function countSharers(subscribers: readonly BoundSubscriber[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { before } of subscribers) {
    for (const { key } of boundLines(before)) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

function meets(one: Place, two: Place, sharers: ReadonlyMap<string, number>): boolean {
  if (!shareGroup(one.binding, two.binding) || wereTogether(one.subscriber, two.subscriber)) return false
  if (one.own) return true
  const alone = ({ subscriber }: Place): boolean =>
    boundLines(subscriber.before).every(({ key }) => (sharers.get(key) ?? 0) < 2)
  const byLine = one.subscriber.accountType === 'ipoe' && two.subscriber.accountType === 'ipoe'
  return byLine && alone(one) && alone(two)
}

function wereTogether(one: BoundSubscriber, two: BoundSubscriber): boolean {
  const lines = new Set(boundLines(one.before).map(({ key }) => key))
  return shareGroup(one.before, two.before) && boundLines(two.before).some(({ key }) => lines.has(key))
}
