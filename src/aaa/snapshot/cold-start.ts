// How a RADIUS process begins: with Postgres, else from what it kept on disk, else it waits for one of the two (F10). It never ends
// because Postgres is away.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Pool } from '../../db/pool.ts'
import { KeyFileError, openKeptKeyring, openKeyring } from '../../domain/data-key.ts'
import type { Keyring } from '../../domain/data-key.ts'
import type { House } from '../../domain/house.ts'
import { createLimiter } from '../../log.ts'
import type { Logger } from '../../log.ts'
import { readSnapshotFile } from './file.ts'
import type { Known } from './follower.ts'
import { isMissing } from './snapshot.ts'
import { createStore } from './store.ts'

/** So long Postgres may take to say which keys there are. */
const deadlineMs = 3_000
const retryMs = 1_000
const tellMs = 60_000

type Options = {
  pool: Pool
  keyFile: string
  /** Where the snapshot of this process lies. */
  file: string
  clock: Clock
  log: Pick<Logger, 'info' | 'warn'>
  /** Ends the waiting: the process is asked to end. */
  signal?: AbortSignal
}

/** What a process begins with. */
export type Beginning = {
  readonly keyring: Keyring
  /** There where Postgres could not be asked. */
  readonly kept: { readonly known: Known; readonly house: House } | undefined
}

/**
 * Opens the keys: of Postgres within three seconds, else of the file with what else it holds, else tries both again each second.
 * Throws KeyFileError where the key file is not the right one, and what the signal was aborted with.
 */
export async function begin(options: Options): Promise<Beginning> {
  const { log, signal, clock } = options
  const mayTell = createLimiter({ perMs: tellMs, clock })
  for (let attempt = 1; ; attempt++) {
    const asked = await askPostgres(options)
    if ('keyring' in asked) return { keyring: asked.keyring, kept: undefined }
    // The file changes only by ourselves: what was no help at first is none later.
    const kept = attempt === 1 ? await readKept(options) : undefined
    if (kept !== undefined) {
      log.warn({ error: asked.error }, 'Postgres cannot be asked: serving from what was last known')
      return kept
    }
    if (mayTell('waiting') !== undefined) {
      log.warn({ error: asked.error }, 'Postgres cannot be asked and nothing is known of before: silent until it can')
    }
    await sleep(retryMs, undefined, signal && { signal })
  }
}

async function askPostgres({ pool, keyFile, clock }: Options): Promise<{ keyring: Keyring } | { error: unknown }> {
  const late = new AbortController()
  const opening = openKeyring(pool, keyFile, clock.now())
  // Who comes too late is heard no more.
  opening.catch(() => undefined)
  try {
    const timeout = sleep(deadlineMs, undefined, { signal: late.signal }).then(() => {
      throw new Error(`no answer within ${deadlineMs} ms`)
    })
    timeout.catch(() => undefined)
    return { keyring: await Promise.race([opening, timeout]) }
  } catch (error) {
    if (error instanceof KeyFileError) throw error
    return { error }
  } finally {
    late.abort()
  }
}

async function readKept({ keyFile, file, log, clock }: Options): Promise<Beginning | undefined> {
  const store = createStore()
  try {
    const { keyring, end } = await readSnapshotFile(
      file,
      (rows) => openKeptKeyring(rows, keyFile, clock.now()),
      store.putRecord,
    )
    const { house, plans, mark, seenAt } = end
    // Without it no client is known: nobody could be answered.
    if (house === undefined) return undefined
    return { keyring, kept: { known: { store, plans, mark, seenAt }, house } }
  } catch (error) {
    if (error instanceof KeyFileError) throw error
    if (!isMissing(error)) log.warn({ error, file }, 'the kept snapshot is not used')
    return undefined
  }
}
