// The workers of what changes by itself: entitlements by use and time, ends of service, and who is still alive that should not be.
// What they remember is only where to go on; a process that begins anew finds everything again.
import { ownAuthor } from '../domain/author.ts'
import { enforceExpiry, firstExpiryLook } from '../domain/enforcement/expiry.ts'
import { enforceSignsOfLife } from '../domain/enforcement/signs-of-life.ts'
import { firstTellingLook, placeInChanges, tellExpired } from '../domain/enforcement/tell-expired.ts'
import { checkAll, watchEntitlements } from '../domain/enforcement/watch-entitlements.ts'
import { readSettings } from '../domain/setting.ts'
import type { WorkerDefinition } from './workers.ts'

const checkAllEveryMs = 3_600_000
const expiryEveryMs = 5_000
/** 200 a second: after three days without us nobody's network is flooded. */
const mostExpired = 1_000
/** Who ended at one instant is looked at anew each time, and a hundred thousand may end at one midnight: few looks, large ones. */
const mostTold = 5_000

/** Looks at whoever is marked or due, and once an hour at everybody. */
export function entitlementWorker(): WorkerDefinition {
  let checkedAllMs = -Infinity
  return {
    name: 'watch-entitlements',
    everyMs: 1_000,
    async work({ pool, db, clock }) {
      if (clock.monotonicMs() - checkedAllMs >= checkAllEveryMs) {
        await checkAll(db)
        checkedAllMs = clock.monotonicMs()
      }
      const zone = async () => (await readSettings(db)).zone
      return (await watchEntitlements(db, { pool, zone }, clock.now())).isMore
    },
  }
}

/** Orders about sessions whose service has ended. */
export function expiryWorker(): WorkerDefinition {
  let after: Date | undefined
  return {
    name: 'enforce-expiry',
    everyMs: expiryEveryMs,
    async work({ db, clock }) {
      const now = clock.now()
      const done = await enforceExpiry(db, { after: after ?? firstExpiryLook(now), most: mostExpired }, now)
      after = done.after
      return false
    },
  }
}

/** Tells of services that have ended, also of ends that were moved into the past. */
export function tellExpiredWorker(): WorkerDefinition {
  let after: Date | undefined
  let changedSince: string | undefined
  return {
    name: 'tell-expired',
    everyMs: expiryEveryMs,
    async work({ db, keyring, clock }) {
      const now = clock.now()
      const by = ownAuthor('system', 'expiry', keyring)
      // Before the look: what is committed while it looks is looked at again.
      const place = await placeInChanges(db)
      const done = await tellExpired(
        db,
        { after: after ?? firstTellingLook(now), changedSince, most: mostTold, by },
        now,
      )
      if (done.isBusy === true) return false
      after = done.after
      if (!done.isMore) changedSince = place
      return done.isMore
    },
  }
}

/** Orders again about whom accounting shows alive. */
export function signsOfLifeWorker(): WorkerDefinition {
  let after = 0n
  return {
    name: 'enforce-signs-of-life',
    everyMs: 10_000,
    async work({ db, clock }) {
      after = (await enforceSignsOfLife(db, { after }, clock.now())).after
      return false
    },
  }
}
