// The worker that looks again at logins which were let in while the database did not answer. RADIUS hands them over as soon as it
// is back; a second later each has been judged by what is true.
import { lookAgain } from '../domain/enforcement/look-again.ts'
import { readSettings } from '../domain/setting.ts'
import type { WorkerDefinition } from './workers.ts'

export const lookAgainWorker: WorkerDefinition = {
  name: 'look-again',
  everyMs: 1_000,
  async work({ pool, db, clock }) {
    return (await lookAgain(db, { pool, settings: () => readSettings(db) }, clock.now())).isMore
  },
}
