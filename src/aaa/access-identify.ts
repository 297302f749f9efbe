// Asks whose an IPoE line is, in batches of its own (domain/identify.ts), and notes that a renewed line is alive, without
// holding its answer.

import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { AccessRequest } from '../domain/access-subject.ts'
import { identifyLines } from '../domain/identify.ts'
import type { Identity, IdentityKey, LiveLine } from '../domain/identify.ts'
import type { Settings } from '../domain/setting.ts'
import { needsSignOfLife, noteSignsOfLife } from '../domain/sign-of-life.ts'
import { askThrough, createStage } from './access-hedge.ts'
import type { Asking, Hedge, Stage } from './access-hedge.ts'
import { createBatcher } from './batch.ts'
import type { Batcher, Lanes } from './batch.ts'
import { staleBy } from './batch-stale.ts'
import type { Patient } from './batch-stale.ts'

export type Identifier = {
  identify(request: AccessRequest, asking?: Asking): Promise<Identity>
  /** How Postgres answers that. */
  readonly stage: Stage
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
  readonly hedge?: Hedge | undefined
}

/** Whose lines are these: one batcher for each user of it. `hedge` watches how Postgres answers, of this kind (`stage`). */
export function createIdentities(
  { pool, clock, settings }: { pool: Pool; clock: Clock; settings(): Settings },
  lanes: Lanes,
  hedge?: Hedge,
  stage = createStage(),
): Batcher<IdentityKey & Patient, Identity> {
  return createBatcher<IdentityKey & Patient, Identity>({
    lanes,
    isStale: staleBy(clock),
    run: (keys) =>
      askThrough(hedge, stage, () => identifyLines(pool, keys, settings().default_interim_interval_s, clock.now())),
  })
}

/** Makes the identifier; its statements take turns with others on these lanes. */
export function createIdentifier(
  { settings, clock, loadPool, claimPool, hedge }: IdentifierOptions,
  lanes: Lanes,
  onLost: (error: unknown) => void,
): Identifier {
  const stage = createStage()
  const identities = createIdentities({ pool: loadPool, clock, settings }, lanes, hedge, stage)
  const signs = createBatcher<bigint, undefined>({
    lanes,
    keyOf: String,
    async run(ids) {
      await noteSignsOfLife(claimPool, ids, clock.now())
      return ids.map(() => undefined)
    },
  })
  return {
    stage,
    identify({ facts, line, nas, untilMs }, asking) {
      const order = nas.identityOrder
      return identities.submit({ facts, line, order, nasGroupId: nas.nasGroupId, untilMs, asking })
    },
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
