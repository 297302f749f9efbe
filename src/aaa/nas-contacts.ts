// Remembers where each NAS speaks from and to, and writes down what is new, and each minute that it is heard at all: CoA must
// leave from the address that it knows, as long as somebody hears it there.
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import { writeContacts, type NasContact } from '../domain/nas-contact.ts'
import type { Logger } from '../log.ts'
import type { NasTally } from './nas-tally.ts'

const writeAfterMs = 200
/** One row for each NAS and minute: whoever delivers takes five minutes of silence for an instance that is gone. */
const writeAgainMs = 60_000

export type NasContacts = {
  /** Costs a look-up where nothing has changed within the minute. */
  heard(nasId: bigint, source: string, heardOn: string): void
  /** Writes what is new now; resolves when that is done, or the failure is in the log and tried again with the next packet. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Begins with nothing: what is written already is written once more after a start. */
export function rememberContacts(options: {
  pool: Pool
  clock: Clock
  log: Pick<Logger, 'warn'>
  /** Counts where a NAS speaks from another address than it did. */
  tally?: Pick<NasTally, 'count'>
}): NasContacts {
  const { pool, clock, log, tally } = options
  const known = new Map<bigint, NasContact & { readonly againAtMs: number }>()
  const fresh = new Map<bigint, NasContact>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const contacts = [...fresh.values()]
    fresh.clear()
    try {
      await writeContacts(pool, contacts, clock.now())
    } catch (error) {
      for (const { nasId } of contacts) known.delete(nasId)
      log.warn({ error }, 'where NASes speak from could not be written')
    }
  }
  const flush = (): Promise<void> => (writing = writing.then(write))
  return {
    heard(nasId, source, heardOn) {
      const last = known.get(nasId)
      const nowMs = clock.monotonicMs()
      if (last !== undefined && last.source === source && last.heardOn === heardOn && nowMs < last.againAtMs) return
      if (last !== undefined && last.source !== source) tally?.count('source-change', { nasId, source })
      const contact = { nasId, source, heardOn, againAtMs: nowMs + writeAgainMs }
      known.set(nasId, contact)
      fresh.set(nasId, contact)
      timer ??= setTimeout(() => void flush(), writeAfterMs)
    },
    flush,
    async close() {
      await flush()
    },
  }
}
