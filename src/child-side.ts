// The child's side of supervision: hears its configuration, says when it is ready, answers for metrics, ends with or without
// its supervisor. The other side is child.ts.
import type { Config } from './config.ts'
import { isUnavailable } from './db/errors.ts'
import type { MetricsSnapshot } from './metrics.ts'

export type ToChild =
  /** `worker`: which RADIUS process of the instance it is, from 1; what it keeps on disk is named by it. */
  | { kind: 'start'; config: Config; databaseUrl: string; worker: number }
  | { kind: 'metrics'; id: number }
  | { kind: 'metrics-of-others'; id: number; snapshots: MetricsSnapshot[] }
  | { kind: 'stop' }

export type FromChild =
  | { kind: 'ready'; url?: string }
  /** `away`: Postgres could not be asked. */
  | { kind: 'failed'; message: string; away: boolean }
  | { kind: 'metrics'; id: number; snapshot: MetricsSnapshot }
  | { kind: 'want-metrics-of-others'; id: number }

/** What a child runs. `url` is where it listens, if anybody wants to know. */
export type ChildService = { url?: string; metrics(): Promise<MetricsSnapshot>; close(): Promise<void> }

type ChildWork = {
  /** `signal` ends a start that waits for something. */
  start(message: ToChild & { kind: 'start' }, signal: AbortSignal): Promise<ChildService>
  onMessage?(message: ToChild): void
}

/** Says something to the supervisor; nothing happens where it is gone. */
export function tellSupervisor(message: FromChild): void {
  if (process.connected) process.send?.(message, () => undefined)
}

/** Runs this process as a supervised child until it is told to end, or its supervisor is gone. */
export function serveAsChild(work: ChildWork): void {
  let service: Promise<ChildService> | undefined
  const ending = new AbortController()
  const end = async (code: number): Promise<void> => {
    if (ending.signal.aborted) return
    ending.abort()
    try {
      await (await service?.catch(() => undefined))?.close()
    } finally {
      // Whatever goes wrong at the end, the successor needs the ports.
      process.exit(code)
    }
  }
  const start = async (message: ToChild & { kind: 'start' }): Promise<void> => {
    try {
      service = work.start(message, ending.signal)
      const { url } = await service
      tellSupervisor({ kind: 'ready', ...(url === undefined ? {} : { url }) })
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      tellSupervisor({ kind: 'failed', message: words, away: isUnavailable(error) })
      await end(1)
    }
  }
  const answerMetrics = async (id: number): Promise<void> => {
    const snapshot = await (await service)?.metrics()
    if (snapshot !== undefined) tellSupervisor({ kind: 'metrics', id, snapshot })
  }
  process.on('message', (message: ToChild) => {
    if (message.kind === 'start') void start(message)
    else if (message.kind === 'stop') void end(0)
    else if (message.kind === 'metrics') void answerMetrics(message.id)
    else work.onMessage?.(message)
  })
  // The supervisor is gone (kill -9): finish what is in work and end, so that its successor finds the ports free.
  process.on('disconnect', () => void end(1))
  process.on('SIGTERM', () => void end(0))
  process.on('SIGINT', () => undefined)
}
