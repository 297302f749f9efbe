// Keeps the keyring of this process true: a new data key is known here long before anything is sealed with it, so that keys change
// without a restart and without a login that fails.
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import { KeyFileError, refreshKeyring } from '../domain/data-key.ts'
import type { Keyring } from '../domain/data-key.ts'
import { createLimiter } from '../log.ts'
import type { Logger } from '../log.ts'
import { createLook } from './look.ts'

const pollMs = 1_000
const tellMs = 60_000

export type KeyFollower = {
  /** Looks now. Rejects where Postgres or the key file cannot be asked; the keyring then stays as it was. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/** Looks each second which data keys there are. Who else holds the keyring sees the change at once. */
export function followKeys(options: {
  pool: Pool
  keyring: Keyring
  keyFile: string
  clock: Clock
  log: Pick<Logger, 'error'>
}): KeyFollower {
  const { pool, keyring, keyFile, clock, log } = options
  const mayTell = createLimiter({ perMs: tellMs, clock })
  const look = createLook(() => refreshKeyring(keyring, pool, keyFile, clock.now()))
  const timer = setInterval(() => {
    look.join().catch((error: unknown) => {
      // That Postgres is away is told by others.
      if (!(error instanceof KeyFileError) || mayTell('key file') === undefined) return
      log.error(
        { error },
        'the data keys changed and the key file here does not open them: put the new one in its place',
      )
    })
  }, pollMs)
  return {
    refresh: () => look.anew(),
    async close() {
      clearInterval(timer)
      await look.settled()
    },
  }
}
