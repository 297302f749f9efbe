// What a worker is given in tests of it: nobody tells it of changes, nothing is logged, and there is no folder of files.
import type { Clock } from '../../src/clock.ts'
import { createKysely, type Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import type { WorkerContext } from '../../src/jobs/workers.ts'
import { createLogger } from '../../src/log.ts'
import { openTestKeyring } from './keyring.ts'

type Given = Pick<WorkerContext, 'pool' | 'db' | 'keyring' | 'clock'> & Partial<WorkerContext>

/** The context of a worker; what is not given is as above. */
export function workerContext({ pool, db, keyring, clock, ...changes }: Given): WorkerContext {
  const log = createLogger({ level: 'silent' })
  const listen = () => () => undefined
  return { pool, db, keyring, clock, log, listen, instance: 'one', fileDirectory: '/nowhere', ...changes }
}

/** The same on a database without an office. */
export async function openWorkerContext(pool: Pool, clock: Clock): Promise<WorkerContext> {
  const { keyring, remove } = await openTestKeyring(pool)
  remove()
  return workerContext({ pool, db: createKysely<Database>(pool), keyring, clock })
}
