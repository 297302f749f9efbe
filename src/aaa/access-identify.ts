// Asks whose an IPoE line is, in batches of its own (domain/identify.ts), and notes that a renewed line is alive, without
// holding its answer.

import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { AccessRequest } from '../domain/access-subject.ts'
import { identifyLines } from '../domain/identify.ts'
import type { Identity, IdentityKey, LiveLine } from '../domain/identify.ts'
import type { Settings } from '../domain/setting.ts'
import { needsSignOfLife, noteSignsOfLife } from '../domain/sign-of-life.ts'
import { createBatcher } from './batch.ts'
import type { Batcher, Lanes } from './batch.ts'

export type Identifier = {
  identify(request: AccessRequest): Promise<Identity>
  /** Notes it where the last sign of life is long ago; a failure is told to `onLost` and is no fault of the request. */
  noteSignOfLife(live: LiveLine | undefined): void
  waiting(): number
  close(): Promise<void>
}

export type IdentifierOptions = {
  settings(): Settings
  readonly clock: Clock
  readonly loadPool: Pool
  readonly claimPool: Pool
}

/** Whose lines are these: one batcher for each user of it. */
export function createIdentities(
  { pool, clock, settings }: { pool: Pool; clock: Clock; settings(): Settings },
  lanes: Lanes,
): Batcher<IdentityKey, Identity> {
  return createBatcher({
    lanes,
    run: (keys) => identifyLines(pool, keys, settings().default_interim_interval_s, clock.now()),
  })
}

/** Makes the identifier; its statements take turns with others on these lanes. */
export function createIdentifier(
  { settings, clock, loadPool, claimPool }: IdentifierOptions,
  lanes: Lanes,
  onLost: (error: unknown) => void,
): Identifier {
  const identities = createIdentities({ pool: loadPool, clock, settings }, lanes)
  const signs = createBatcher<bigint, undefined>({
    lanes,
    keyOf: String,
    async run(ids) {
      await noteSignsOfLife(claimPool, ids, clock.now())
      return ids.map(() => undefined)
    },
  })
  return {
    identify: ({ facts, line, nas }) =>
      identities.submit({ facts, line, order: nas.identityOrder, nasGroupId: nas.nasGroupId }),
    noteSignOfLife(live) {
      if (live?.session === undefined || !needsSignOfLife(live.session, clock.now())) return
      signs.submit(live.session.id).catch(onLost)
    },
    waiting: identities.waiting,
    async close() {
      await identities.close()
      await signs.close()
    },
  }
}
