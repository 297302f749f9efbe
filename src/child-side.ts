// The child's side of supervision: hears its configuration, says when it is ready, answers for metrics, ends with or without
// its supervisor. The other side is child.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config.ts'
import { isHeldUp, isUnavailable, sqlState, sqlStateOf } from './db/errors.ts'
import { createLogger } from './log.ts'
import type { Logger } from './log.ts'
import type { MetricsSnapshot } from './metrics.ts'
import { beNice } from './scheduling.ts'

export type ToChild =
  /** `worker`: which RADIUS process of the instance it is, from 1; what it keeps on disk is named by it. */
  | { kind: 'start'; config: Config; databaseUrl: string; worker: number }
  | { kind: 'metrics'; id: number }
  | { kind: 'metrics-of-others'; id: number; snapshots: MetricsSnapshot[] }
  | { kind: 'stop' }

export type FromChild =
  | { kind: 'ready'; url?: string }
  /** `away`: Postgres could not be asked, or was not as it must be yet: later it may start. */
  | { kind: 'failed'; message: string; away: boolean }
  | { kind: 'metrics'; id: number; snapshot: MetricsSnapshot }
  | { kind: 'want-metrics-of-others'; id: number }

/** What a child runs. `url` is where it listens, if anybody wants to know. */
export type ChildService = { url?: string; metrics(): Promise<MetricsSnapshot>; close(): Promise<void> }

type ChildWork = {
  /** Its niceness, where the system allows it (scheduling.ts). Default: as everybody. */
  nice?: number
  /** `signal` ends a start that waits for something. */
  start(message: ToChild & { kind: 'start' }, signal: AbortSignal): Promise<ChildService>
  onMessage?(message: ToChild): void
}

/** A start that is under way has so long to end when the process is to end. */
const startPatienceMs = 500
/** Longer than a supervisor has patience: where there is none any more, nobody else would end what hangs. */
const longestEndMs = 9_000

/** Says something to the supervisor, and resolves when that is on its way; nothing happens where it is gone. */
export function tellSupervisor(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

/** Whoever begins without Postgres may find one that has come before its schema was brought up to date. */
const notYetThere: ReadonlySet<unknown> = new Set([sqlState.undefinedTable, sqlState.undefinedColumn])

function isAway(error: unknown): boolean {
  return isUnavailable(error) || isHeldUp(error) || notYetThere.has(sqlStateOf(error))
}

/** Runs this process as a supervised child until it is told to end, or its supervisor is gone. */
export function serveAsChild(work: ChildWork, { endWithinMs = longestEndMs } = {}): void {
  let service: Promise<ChildService> | undefined
  let log: Logger | undefined
  const ending = new AbortController()
  if (work.nice !== undefined) void beNice(0, work.nice)
  const end = async (code: number): Promise<void> => {
    if (ending.signal.aborted) return
    ending.abort()
    setTimeout(() => process.exit(1), endWithinMs).unref()
    try {
      const started = service?.catch(() => undefined)
      await (await Promise.race([started, sleep(startPatienceMs)]))?.close()
    } catch (error) {
      log?.error({ error }, 'a process did not end in order')
    } finally {
      // Whatever goes wrong at the end, the successor needs the ports.
      process.exit(code)
    }
  }
  const start = async (message: ToChild & { kind: 'start' }): Promise<void> => {
    try {
      log = createLogger({ level: message.config.logLevel, name: 'child' })
      service = work.start(message, ending.signal)
      const { url } = await service
      void tellSupervisor({ kind: 'ready', ...(url === undefined ? {} : { url }) })
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      // The end must not overtake the reason of it.
      await tellSupervisor({ kind: 'failed', message: words, away: isAway(error) })
      await end(1)
    }
  }
  const answerMetrics = async (id: number): Promise<void> => {
    const snapshot = await (await service)?.metrics()
    if (snapshot !== undefined) void tellSupervisor({ kind: 'metrics', id, snapshot })
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
