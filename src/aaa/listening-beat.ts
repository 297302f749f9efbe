// The beat of a RADIUS process: says every few seconds that it is listening, as long as it can write that down at all, and up to
// when what it heard is in the books: a session whose records wait in the journal is not silent.
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import { beatMs, keepListening } from '../domain/listening.ts'
import type { Logger } from '../log.ts'

export type ListeningBeat = {
  /** Says it now; resolves when it is written, or the failure is in the log. */
  beat(): Promise<void>
  close(): Promise<void>
}

/** Begins to beat. Start it when the sockets are open: what it says is that NASes are heard. */
export function startListeningBeat(options: {
  pool: Pool
  instance: string
  /** When what was heard and is not in the books yet began: nobody is judged by silence after that. */
  unrecordedSince?(): Date | undefined
  clock: Clock
  log: Pick<Logger, 'warn'>
}): ListeningBeat {
  const { pool, instance, clock, log } = options
  const heardUntil = (): Date => {
    const [now, since] = [clock.now(), options.unrecordedSince?.()]
    return since !== undefined && since < now ? since : now
  }
  let stretch = { instance, startedAt: heardUntil() }
  let failing = false
  let beating: Promise<void> | undefined
  const write = async (): Promise<void> => {
    try {
      stretch = await keepListening(pool, stretch, heardUntil())
      failing = false
    } catch (error) {
      // Once per outage: the beat that comes too late begins a new stretch by itself.
      if (!failing) log.warn({ error }, 'that we are listening could not be written: this time counts as an outage')
      failing = true
    }
  }
  const beat = (): Promise<void> => (beating ??= write().finally(() => (beating = undefined)))
  const timer = setInterval(() => void beat(), beatMs)
  void beat()
  return {
    beat,
    async close() {
      clearInterval(timer)
      await beating
    },
  }
}
