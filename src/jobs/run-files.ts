// Works on imports and exports in the background, and forgets what was kept long enough.
import { exportChannel } from '../domain/export/run.ts'
import { trimExports, workExports } from '../domain/export/work.ts'
import { importChannel } from '../domain/import/run.ts'
import { trimImports, workImports } from '../domain/import/work.ts'
import type { WorkerContext, WorkerDefinition } from './workers.ts'

const everyMs = 15_000

function workOf({ keyring, fileDirectory, instance, clock }: WorkerContext, signal: AbortSignal) {
  return { keyring, folder: fileDirectory, instance, clock: () => clock.now(), signal }
}

/** Imports, one at a time. */
export const importWorker: WorkerDefinition = {
  name: 'run-imports',
  channel: importChannel,
  everyMs,
  async work(context, signal) {
    const { db, clock, log, checkAttribute } = context
    const isMore = await workImports(db, {
      ...workOf(context, signal),
      ...(checkAttribute === undefined ? {} : { checkAttribute }),
      onError: (error, { runId }) => log.error({ error, run: runId }, 'an import met an error that nobody foresaw'),
    })
    if (!isMore) await trimImports(db, clock.now())
    return isMore
  },
}

/** Exports, one at a time. */
export const exportWorker: WorkerDefinition = {
  name: 'run-exports',
  channel: exportChannel,
  everyMs,
  async work(context, signal) {
    const { pool, db, clock, log, fileDirectory } = context
    const isMore = await workExports(db, {
      ...workOf(context, signal),
      pool,
      onError: (error, { runId }) => log.error({ error, run: runId }, 'an export met an error that nobody foresaw'),
    })
    if (!isMore) await trimExports(db, fileDirectory, clock.now())
    return isMore
  },
}
