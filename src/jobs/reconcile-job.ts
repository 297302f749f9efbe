// Asks for the comparison of every router that we may enter with our books, every ten minutes, spread over them.

import { nasesToReconcile } from '../domain/nas-router.ts'
import { askRegularRuns } from '../domain/router-run.ts'
import type { Job } from './job.ts'

/** The last one is begun before the next round. */
const spreadMs = 9 * 60_000

export const reconcileJob: Job = {
  name: 'reconcile',
  cron: '*/10 * * * *',
  async run({ pool, now }) {
    const nasIds = await nasesToReconcile(pool)
    return { asked: await askRegularRuns(pool, { kind: 'reconcile', nasIds, author: 'reconcile', spreadMs }, now) }
  },
}
