// A worker: does what waits in the database, again and again, as long as there is some. Woken by NOTIFY, and by a timer as a
// safety net, so that a lost notification costs seconds and not the work. Never runs beside itself.
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Listen } from './notifications.ts'

const firstBackOffMs = 1_000
const longestBackOffMs = 60_000

export type Worker = {
  /** Looks for work now, or once more after the run that is under way. */
  wake(): void
  /** Starts nothing more and waits for the run that is under way, whose signal is aborted. */
  close(): Promise<void>
}

export type WorkerOptions = {
  name: string
  /** Of NOTIFY; without one only the timer wakes it. */
  channel?: string
  /** How long a lost notification may cost. */
  everyMs: number
  /** Does a piece of the work (seconds, not minutes); true: there is more to do at once. A longer one heeds the signal. */
  work(signal: AbortSignal): Promise<boolean>
  log: Pick<Logger, 'error'>
  metrics?: Pick<Metrics, 'jobRuns'>
  /** Needed with a channel. */
  listen?: Listen
}

/** Starts looking at once. An error is logged, and the next look comes later each time, up to a minute. */
export function startWorker(options: WorkerOptions): Worker {
  const closing = new AbortController()
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let isWokenAgain = false
  let failures = 0

  const wake = (): void => {
    if (closing.signal.aborted) return
    // Between an error and its next try nobody hurries.
    if (failures > 0 && timer !== undefined) return
    if (running !== undefined) {
      isWokenAgain = true
      return
    }
    clearTimeout(timer)
    timer = undefined
    running = runUntilIdle().finally(() => {
      running = undefined
      if (closing.signal.aborted) return
      // Woken between the last look and this line.
      if (isWokenAgain && failures === 0) wake()
      else timer = setTimeout(onTimer, failures > 0 ? backOff(failures) : options.everyMs)
    })
  }
  const onTimer = (): void => {
    timer = undefined
    wake()
  }
  const runUntilIdle = async (): Promise<void> => {
    do {
      isWokenAgain = false
      const outcome = await runOnce(options, closing.signal)
      failures = outcome === 'failed' ? failures + 1 : 0
      if (outcome !== 'more') continue
      isWokenAgain = true
      // Also while there is always more, timers and sockets get their turn.
      await new Promise((resolve) => setImmediate(resolve))
    } while (isWokenAgain && failures === 0 && !closing.signal.aborted)
  }

  const unlisten = options.channel === undefined ? undefined : options.listen?.(options.channel, wake)
  wake()
  return {
    wake,
    async close() {
      closing.abort()
      unlisten?.()
      clearTimeout(timer)
      await running
    },
  }
}

async function runOnce(options: WorkerOptions, signal: AbortSignal): Promise<'more' | 'idle' | 'failed'> {
  const { name: job, log, metrics } = options
  try {
    const isMore = await options.work(signal)
    metrics?.jobRuns.inc({ job, outcome: 'done' })
    return isMore ? 'more' : 'idle'
  } catch (error) {
    if (signal.aborted) return 'idle'
    log.error({ worker: job, error }, 'a worker failed; it tries again later')
    metrics?.jobRuns.inc({ job, outcome: 'failed' })
    return 'failed'
  }
}

function backOff(failures: number): number {
  return Math.min(firstBackOffMs * 2 ** (failures - 1), longestBackOffMs)
}
