// Keeps what lists sort and filter by at most half a minute behind sessions and usage.
import { refreshLive } from '../domain/subscriber-list/live.ts'
import { readSettings } from '../domain/setting.ts'
import type { WorkerDefinition } from './workers.ts'

/** Between the end of one run and the begin of the next: with the run itself less than 30 s. */
const everyMs = 20_000

export const followListsWorker: WorkerDefinition = {
  name: 'follow-lists',
  everyMs,
  async work({ pool, db, clock }) {
    const { zone } = await readSettings(db)
    await refreshLive(pool, zone, clock.now())
    return false
  },
}
