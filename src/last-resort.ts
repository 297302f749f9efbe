// What nobody caught in a process that must not end for one packet: counted, written down, and the process lives on. A request
// whose work broke off so gets no answer, and its NAS asks again (F06).
import type { Clock } from './clock.ts'
import { createLimiter } from './log.ts'
import type { Logger } from './log.ts'

type Emitter = Pick<NodeJS.Process, 'on' | 'off'>

export type LastResortOptions = {
  log: Logger
  clock: Clock
  /** Called for each. */
  count(): void
  /** Default: this process. */
  on?: Emitter
}

const oncePerMs = 10_000

/** Catches what nobody else does; at most one line each 10 s. Returns the function that ends it. */
export function liveOn(options: LastResortOptions): () => void {
  const { log, clock, count, on = process } = options
  const limited = createLimiter({ perMs: oncePerMs, clock })
  const caught = (error: unknown): void => {
    count()
    const suppressed = limited('caught')
    if (suppressed !== undefined) log.error({ error, suppressed }, 'an error that nobody caught: a fault of ours')
  }
  on.on('uncaughtException', caught)
  on.on('unhandledRejection', caught)
  return () => {
    on.off('uncaughtException', caught)
    on.off('unhandledRejection', caught)
  }
}
