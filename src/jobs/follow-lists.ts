// Keeps what lists sort and filter by half a minute behind sessions and usage at most, or a minute where thousands dial in each second.
import { refreshLive } from '../domain/subscriber-list/live.ts'
import { readSettings } from '../domain/setting.ts'
import type { WorkerDefinition } from './workers.ts'

/** Between the end of one run and the begin of the next: with the run itself, which rests for most of its time, some 30 s. */
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
