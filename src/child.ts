// A supervised child process: forked, told its configuration over IPC (never by arguments or environment, which other
// programs of the same user may read), started again when it dies, asked for its metrics, drained at the end.
// The child's side of the conversation is child-side.ts.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from './clock.ts'
import type { FromChild, ToChild } from './child-side.ts'
import { childEnvironment } from './config.ts'
import type { Logger } from './log.ts'
import type { MetricsSnapshot } from './metrics.ts'

export type ChildOptions = {
  name: string
  file: URL
  /** Options of Node for this process. */
  nodeOptions?: readonly string[]
  start: ToChild & { kind: 'start' }
  log: Logger
  clock: Clock
  onMessage?(message: FromChild, child: Child): void
}

/**
 * How soon a dead child is started again. One that had been ready: at once, but after so many deaths within a minute only each
 * second, so that no crash at the first packet becomes a loop that eats the machine. One that cannot even start waits twice as
 * long each time.
 */
const shortestPauseMs = 50
const quickDeaths = 20
const quickDeathsMs = 60_000
const steadyPauseMs = 1_000
const longestPauseMs = 3_000
const metricsPatienceMs = 1_000

/** A child said why it cannot start, or ended before it was ready. */
export class ChildStartError extends Error {
  override readonly name = 'ChildStartError'
  /** Postgres could not be asked, or was not as it must be yet: later it may start. */
  readonly away: boolean

  constructor(message: string, away = false) {
    super(message)
    this.away = away
  }
}

/** A child was killed before it was ready: by the kernel, by somebody. It is started again like any other that dies. */
class ChildKilledError extends ChildStartError {}

/** When to start again what has died, given when it died (milliseconds of a clock that does not go back). */
export function createRestartPauses(): { ready(): void; died(at: number): number } {
  let deaths: number[] = []
  let failedStarts = 0
  let wasReady = false
  return {
    ready() {
      wasReady = true
      failedStarts = 0
    },
    died(at) {
      deaths = [...deaths.filter((death) => at - death < quickDeathsMs), at].slice(-quickDeaths)
      failedStarts = wasReady ? 0 : failedStarts + 1
      wasReady = false
      const usualMs = deaths.length < quickDeaths ? shortestPauseMs : steadyPauseMs
      return Math.max(usualMs, Math.min(shortestPauseMs * 2 ** failedStarts, longestPauseMs))
    },
  }
}

/** Owns one child process and its successors. */
export class Child {
  readonly #options: ChildOptions
  readonly #questions = new Map<number, (snapshot: MetricsSnapshot) => void>()
  #process: ChildProcess | undefined
  #url: string | undefined
  #stopping = false
  readonly #pauses = createRestartPauses()
  readonly #firstReady = Promise.withResolvers<void>()
  #insists = false
  #lastQuestion = 0

  constructor(options: ChildOptions) {
    this.#options = options
  }

  /** Of the process as it runs now; undefined while it is being started again. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** What it said when it was last ready. */
  get url(): string | undefined {
    return this.#url
  }

  /**
   * The first start, and those after it where it is killed meanwhile. Throws when the child cannot start. With `insist` only what
   * the child itself says and no waiting mends (a taken port, a wrong key file) is such a reason.
   */
  async start({ insist = false } = {}): Promise<void> {
    this.#insists = insist
    this.#launch().catch((error: unknown) => this.#judge(error))
    try {
      await this.#firstReady.promise
    } catch (error) {
      // Who is asked to end may do so in order.
      if (!this.#stopping) this.#process?.kill('SIGKILL')
      this.#stopping = true
      throw error
    }
  }

  send(message: ToChild): void {
    // Of a process that could not even be forked there is no channel.
    if (this.#process?.connected === true) this.#process.send(message, () => undefined)
  }

  /** Its metrics; undefined when it does not answer within a second. */
  async metrics(): Promise<MetricsSnapshot | undefined> {
    const { promise, resolve } = Promise.withResolvers<MetricsSnapshot | undefined>()
    const id = (this.#lastQuestion += 1)
    const timer = setTimeout(() => resolve(undefined), metricsPatienceMs)
    this.#questions.set(id, resolve)
    this.send({ kind: 'metrics', id })
    const snapshot = await promise
    clearTimeout(timer)
    this.#questions.delete(id)
    return snapshot
  }

  /** Asks it to drain and end; kills it when that takes longer than `patienceMs`. */
  async stop(patienceMs: number): Promise<void> {
    this.#stopping = true
    // Between two starts there is nobody to end, and nobody who is still to be waited for.
    this.#firstReady.promise.catch(() => undefined)
    this.#firstReady.reject(new DOMException(`${this.#options.name} was ended before it was ready`, 'AbortError'))
    const running = this.#process
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const gone = once(running, 'exit')
    this.send({ kind: 'stop' })
    const hurry = setTimeout(() => running.kill('SIGKILL'), patienceMs)
    await gone
    clearTimeout(hurry)
  }

  async #launch(): Promise<void> {
    const { file, start, name, nodeOptions = [] } = this.#options
    // detached: Ctrl-C reaches the supervisor alone, which then drains its children in order.
    const forked = this.#fork(file, nodeOptions)
    this.#process = forked
    const ready = Promise.withResolvers<void>()
    forked.on('message', (message: FromChild) => {
      if (message.kind === 'ready') ready.resolve()
      if (message.kind === 'failed') ready.reject(new ChildStartError(message.message, message.away))
      this.#hear(message)
    })
    forked.on('error', (error) => {
      ready.reject(error)
      // It could not even be forked (no processes, no memory): there will be no exit.
      if (forked.pid === undefined) this.#mourn(forked, error.message)
    })
    forked.once('exit', (code, signal) => {
      const Cause = signal === null ? ChildStartError : ChildKilledError
      ready.reject(new Cause(`${name} ended at its start (${signal ?? code})`))
      this.#mourn(forked, signal ?? String(code))
    })
    this.send(start)
    await ready.promise
  }

  /** Where memory is short Node throws instead of telling by an event: it is tried again as after a death. */
  #fork(file: URL, nodeOptions: readonly string[]): ChildProcess {
    try {
      return fork(file, {
        detached: true,
        env: childEnvironment(),
        execArgv: [...nodeOptions],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
    } catch (error) {
      this.#mourn(undefined, String(error))
      throw error
    }
  }

  #hear(message: FromChild): void {
    if (message.kind === 'metrics') this.#questions.get(message.id)?.(message.snapshot)
    if (message.kind === 'ready') {
      this.#url = message.url
      this.#pauses.ready()
      this.#firstReady.resolve()
    }
    this.#options.onMessage?.(message, this)
  }

  #mourn(dead: ChildProcess | undefined, cause: string): void {
    const { log, name, clock } = this.#options
    if (dead === undefined || this.#process === dead) this.#process = undefined
    if (this.#stopping) return
    const pauseMs = this.#pauses.died(clock.monotonicMs())
    log.error({ child: name, cause, pause_ms: pauseMs }, 'a process died and is started again')
    this.#relaunch(pauseMs).catch((error: unknown) => {
      log.error({ child: name, error }, 'a process could not be started')
      this.#judge(error)
    })
  }

  /** Whether a start that failed is the last. Once it has been ready no error is: nobody hears of it here then. */
  #judge(error: unknown): void {
    const passes = this.#insists && !(error instanceof ChildStartError && !error.away)
    if (this.#stopping || !(passes || error instanceof ChildKilledError)) this.#firstReady.reject(error)
  }

  async #relaunch(pauseMs: number): Promise<void> {
    await sleep(pauseMs)
    if (!this.#stopping) await this.#launch()
  }
}
