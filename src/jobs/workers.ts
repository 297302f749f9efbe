// Every worker there is: what waits in the database and is done in the background, by whichever instance takes it first.
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import { extendChain } from '../domain/audit/chain.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { AttributeCheck } from '../domain/nas-device.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { announceWorker, messageWorker } from './deliver-messages.ts'
import type { Listen } from './notifications.ts'
import { proveOrdersWorker } from './prove-orders.ts'
import { bulkWorker } from './run-bulk.ts'
import { exportWorker, importWorker } from './run-files.ts'
import { followListsWorker } from './follow-lists.ts'
import { lookAgainWorker } from './look-again.ts'
import { routerRunWorker } from './router-runs.ts'
import { entitlementWorker, expiryWorker, signsOfLifeWorker, tellExpiredWorker } from './watch-entitlements.ts'
import { startWorker } from './worker.ts'

export type WorkerContext = {
  pool: Pool
  db: Db
  keyring: Keyring
  clock: Clock
  log: Logger
  metrics?: Metrics
  listen: Listen
  /** Names this process among the instances, for leases. */
  instance: string
  /** Folder of files that wait to be imported or fetched. */
  fileDirectory: string
  /** Whether extra attributes in a file exist and fit; without it none is taken. */
  checkAttribute?: AttributeCheck
  /** Where RADIUS listens. */
  radiusPorts?: { auth: number; acct: number }
}

export type WorkerDefinition = {
  name: string
  /** What NOTIFY calls. */
  channel?: string
  everyMs: number
  /** Does a piece of the work; true: there is more to do at once. The signal says that the process ends. */
  work(context: WorkerContext, signal: AbortSignal): Promise<boolean>
}

/** The workers of the admin process. */
export const workers: readonly WorkerDefinition[] = [
  {
    // Behind the writers, who wait for nothing and wake nobody; at most 5 s may lie between a commit and its link.
    name: 'audit-chain',
    everyMs: 2_000,
    work: async ({ db, clock }) => (await extendChain(db, clock.now())).isMore,
  },
  announceWorker,
  messageWorker,
  followListsWorker,
  bulkWorker(),
  proveOrdersWorker,
  entitlementWorker(),
  expiryWorker(),
  tellExpiredWorker(),
  signsOfLifeWorker(),
  lookAgainWorker,
  importWorker,
  exportWorker,
  routerRunWorker(),
]

/** Starts them all; `close` ends them and waits for what is under way. */
export function startWorkers(
  context: WorkerContext,
  definitions: readonly WorkerDefinition[] = workers,
): { close(): Promise<void> } {
  const { log, metrics, listen } = context
  const started = definitions.map(({ work, ...definition }) =>
    startWorker({
      ...definition,
      work: (signal) => work(context, signal),
      log,
      listen,
      ...(metrics === undefined ? {} : { metrics }),
    }),
  )
  return {
    async close() {
      await Promise.all(started.map((worker) => worker.close()))
    },
  }
}
