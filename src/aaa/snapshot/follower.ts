// Keeps a store true to the database: all of it at first, then each second what the change log names. Everything again where it
// cannot be followed: another database or timeline, or a mark older than the log.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Pool } from '../../db/pool.ts'
import { changesSince } from '../../domain/change-log.ts'
import type { Mark } from '../../domain/change-log.ts'
import { columnOf, readSnapshotPlans, readSubscribersAfter, readSubscribersNamed } from '../../domain/snapshot-rows.ts'
import type { SnapshotPlans, SnapshotRow } from '../../domain/snapshot-rows.ts'
import type { Store } from './store.ts'

/** So many at a time: a few milliseconds of work, after which waiting logins have their turn. */
const chunk = 500

/** What is known, and of when. */
export type Known = {
  readonly store: Store
  readonly plans: SnapshotPlans
  /** Undefined while the first load is not through. */
  readonly mark: Mark | undefined
  readonly seenAt: Date | undefined
}

export type Follower = {
  known(): Known
  /** Looks at the change log now. Resolves with whether something changed; throws where Postgres cannot be asked. */
  look(): Promise<boolean>
}

type FollowerOptions = {
  pool: Pool
  clock: Clock
  /** False: it only learns which database it is, and nothing is ever seen. Default true. */
  holds?: boolean
  /** Ends a look between two statements. */
  signal: AbortSignal
}

/** Makes a follower that begins with what is known already. Calls of `look` must not overlap. */
export function createFollower({ pool, clock, holds = true, signal }: FollowerOptions, begin: Known): Follower {
  const { store } = begin
  let { plans, mark, seenAt } = begin

  const readPlans = async (): Promise<void> => {
    plans = await readSnapshotPlans(pool)
  }
  /** Half of the time belongs to the logins. */
  const restSince = (begun: number): Promise<void> => sleep(clock.monotonicMs() - begun, undefined, { signal })
  /** In place: who is gone is removed at the end, and until then what was known still answers. */
  const loadAll = async (): Promise<void> => {
    store.beginRound()
    let after = '0'
    for (;;) {
      const begun = clock.monotonicMs()
      const rows = await readSubscribersAfter(pool, after, chunk)
      for (const row of rows) store.put(row)
      if (rows.length < chunk) break
      after = rows.at(-1)![columnOf.id]!
      await restSince(begun)
    }
    store.endRound()
    await readPlans()
  }
  const reread = async (ids: readonly string[]): Promise<readonly SnapshotRow[]> => {
    const rows = await readSubscribersNamed(pool, ids)
    const gone = new Set(ids)
    for (const row of rows) gone.delete(row[columnOf.id]!)
    // First who is gone: their usernames may be others' already.
    for (const id of gone) store.remove(id)
    for (const row of rows) store.put(row)
    return rows
  }
  const follow = async (ids: readonly string[], plansChanged: boolean): Promise<boolean> => {
    let strange = plansChanged
    for (let at = 0, begun = 0; at < ids.length; at += chunk) {
      if (at > 0) await restSince(begun)
      begun = clock.monotonicMs()
      const rows = await reread(ids.slice(at, at + chunk))
      // Of a plan that was made since the look: it must not wait for the next one.
      strange ||= rows.some((row) => !plans.has(row[columnOf.planId]!))
    }
    if (strange) await readPlans()
    return ids.length > 0 || plansChanged
  }
  return {
    known: () => ({ store, plans, mark, seenAt }),
    async look() {
      const now = clock.now()
      const found = await changesSince(pool, mark)
      if (!holds) {
        mark = found.mark
        return false
      }
      let changed = true
      if (found.changed === 'all') await loadAll()
      else changed = await follow(found.changed.subscribers, found.changed.plans)
      mark = found.mark
      seenAt = now
      return changed
    },
  }
}
