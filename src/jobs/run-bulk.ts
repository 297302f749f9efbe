// Works on bulk runs in the background, paced, so that a hundred thousand deeds leave room for the logins of the same database.
import { setTimeout as sleep } from 'node:timers/promises'
import { bulkChannel } from '../domain/bulk/start.ts'
import { usualChunk } from '../domain/bulk/chunk.ts'
import { workBulkRuns, type BulkWork } from '../domain/bulk/step.ts'
import { readSettings } from '../domain/setting.ts'
import type { WorkerDefinition } from './workers.ts'

/** The settings are looked at so often, also where a chunk is one subscriber. */
const turnMs = 250
const everyMs = 5_000
const chunksPerSecond = 10

/** The worker; `actions` replaces the actions there are. */
export function bulkWorker(actions?: BulkWork['actions']): WorkerDefinition {
  return {
    name: 'run-bulk',
    channel: bulkChannel,
    everyMs,
    async work({ db, keyring, clock, log }, signal) {
      const { bulk_rate: rate } = await readSettings(db)
      const work: BulkWork = {
        keyring,
        // Small chunks: logins wait behind one of them at most, and so does a stop with its pause.
        largestChunk: Math.min(usualChunk, Math.max(1, Math.ceil(rate / chunksPerSecond))),
        onError: (error, { runId, subscriberId }) =>
          log.error({ error, run: runId, subscriber: subscriberId }, 'a bulk run met an error that nobody foresaw'),
        signal,
        ...(actions === undefined ? {} : { actions }),
      }
      const started = clock.monotonicMs()
      for (let items = 0; ;) {
        const step = await workBulkRuns(db, work, clock.now())
        if (step.kind === 'idle') return false
        items += step.items
        const elapsed = clock.monotonicMs() - started
        if (elapsed < turnMs && items < largestTurn(rate) && !signal.aborted) continue
        await sleep(Math.max(0, (items / rate) * 1_000 - elapsed), undefined, { signal }).catch(() => undefined)
        return true
      }
    },
  }
}

/** Of a quarter of a second: what the pace allows in it. */
function largestTurn(rate: number): number {
  return Math.max(1, Math.floor((rate * turnMs) / 1_000))
}
