// A supervised child process: forked, told its configuration over IPC (never by arguments or environment, which other
// users of the machine may read), started again with growing pauses when it dies, asked for its metrics, drained at the end.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config.ts'
import type { Logger } from './log.ts'
import type { MetricsSnapshot } from './metrics.ts'

export type ToChild =
  | { kind: 'start'; config: Config; databaseUrl: string }
  | { kind: 'metrics'; id: number }
  | { kind: 'metrics-of-others'; id: number; snapshots: MetricsSnapshot[] }
  | { kind: 'stop' }

export type FromChild =
  | { kind: 'ready'; url?: string }
  | { kind: 'failed'; message: string }
  | { kind: 'metrics'; id: number; snapshot: MetricsSnapshot }
  | { kind: 'want-metrics-of-others'; id: number }

export type Child = {
  name: string
  /** Of the process as it runs now; undefined while it is being started again. */
  pid(): number | undefined
  /** What it said when it was last ready. */
  url(): string | undefined
  metrics(): Promise<MetricsSnapshot | undefined>
  send(message: ToChild): void
  /** Asks it to drain and end; kills it when that takes longer than `patienceMs`. */
  stop(patienceMs: number): Promise<void>
}

type Options = {
  name: string
  file: URL
  start: ToChild & { kind: 'start' }
  log: Logger
  onMessage?(message: FromChild, child: Child): void
}

/** A child that ran this long is healthy again: its next death is mended at once. */
const healthyAfterMs = 30_000
const metricsPatienceMs = 1_000

/** Starts a child and resolves when it is ready. Throws with the child's own words when its first start fails. */
export async function startChild(options: Options): Promise<Child> {
  const { name, log } = options
  let process_: ChildProcess | undefined
  let url: string | undefined
  let stopping = false
  let pauseMs = 50
  let question = 0
  const questions = new Map<number, (snapshot: MetricsSnapshot | undefined) => void>()

  const child: Child = {
    name,
    pid: () => process_?.pid,
    url: () => url,
    send: (message) => process_?.send(message, () => undefined),
    metrics() {
      const { promise, resolve } = Promise.withResolvers<MetricsSnapshot | undefined>()
      const id = (question += 1)
      const timer = setTimeout(() => resolve(undefined), metricsPatienceMs)
      questions.set(id, resolve)
      child.send({ kind: 'metrics', id })
      return promise.finally(() => {
        clearTimeout(timer)
        questions.delete(id)
      })
    },
    async stop(patienceMs) {
      stopping = true
      const running = process_
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
      const gone = once(running, 'exit')
      child.send({ kind: 'stop' })
      const hurry = setTimeout(() => running.kill('SIGKILL'), patienceMs)
      await gone
      clearTimeout(hurry)
    },
  }

  const launch = async (): Promise<void> => {
    const startedAt = performance.now()
    // detached: Ctrl-C reaches the supervisor alone, which then drains its children in order.
    const forked = fork(options.file, { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    process_ = forked
    const ready = Promise.withResolvers<void>()
    forked.on('message', (message: FromChild) => {
      if (message.kind === 'metrics') questions.get(message.id)?.(message.snapshot)
      else if (message.kind === 'failed') ready.reject(new Error(message.message))
      else if (message.kind === 'ready') {
        url = message.url
        ready.resolve()
      }
      options.onMessage?.(message, child)
    })
    forked.once('exit', (code, signal) => {
      ready.reject(new Error(`${name} ended at its start (${signal ?? code})`))
      if (process_ === forked) process_ = undefined
      if (stopping) return
      if (performance.now() - startedAt > healthyAfterMs) pauseMs = 50
      log.error({ child: name, code, signal, pause_ms: pauseMs }, 'a process died and is started again')
      relaunch().catch((error: unknown) => log.error({ child: name, error }, 'a process could not be started'))
    })
    forked.on('error', (error) => ready.reject(error))
    forked.send(options.start, () => undefined)
    await ready.promise
  }
  const relaunch = async (): Promise<void> => {
    await sleep(pauseMs)
    pauseMs = Math.min(pauseMs * 2, 5_000)
    if (!stopping) await launch()
  }

  try {
    await launch()
  } catch (error) {
    stopping = true
    process_?.kill('SIGKILL')
    throw error
  }
  return child
}

/** The child's side: hands over the configuration, answers for metrics, ends with the supervisor. */
export function serveAsChild(child: {
  start(
    message: ToChild & { kind: 'start' },
  ): Promise<{ url?: string; metrics(): Promise<MetricsSnapshot>; close(): Promise<void> }>
  onMessage?(message: ToChild): void
}): void {
  let running: Promise<Awaited<ReturnType<typeof child.start>>> | undefined
  const say = (message: FromChild): void => {
    process.send?.(message, () => undefined)
  }
  const end = async (code: number): Promise<void> => {
    await (await running?.catch(() => undefined))?.close()
    process.exit(code)
  }
  const start = async (message: ToChild & { kind: 'start' }): Promise<void> => {
    try {
      running = child.start(message)
      const { url } = await running
      say({ kind: 'ready', ...(url === undefined ? {} : { url }) })
    } catch (error) {
      say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
      process.exitCode = 1
      process.disconnect?.()
    }
  }
  process.on('message', (message: ToChild) => {
    if (message.kind === 'start') void start(message)
    else if (message.kind === 'stop') void end(0)
    else if (message.kind === 'metrics') {
      void running?.then(async (service) => say({ kind: 'metrics', id: message.id, snapshot: await service.metrics() }))
    } else child.onMessage?.(message)
  })
  // The supervisor is gone (kill -9): finish what is in work and end, so that its successor finds the ports free.
  process.on('disconnect', () => void end(1))
  process.on('SIGTERM', () => void end(0))
  process.on('SIGINT', () => undefined)
}
