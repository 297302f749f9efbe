// Whether Postgres is worth asking now. Whoever has something else to fall back upon (a snapshot, a journal) asks through a
// breaker: a statement that does not answer in time is left to itself, and after a few of them in a row nobody waits for
// Postgres any more until a probe is answered in time.

import { isUnavailable, sqlState, sqlStateOf } from './errors.ts'

/** Postgres was not asked: it did not answer others a moment ago. */
export class BreakerOpenError extends Error {
  override readonly name = 'BreakerOpenError'
}

/** No answer in time. The statement goes on and may still commit: only repeat what is idempotent. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

export type Breaker = {
  /** Open: statements are not sent, whoever asks gets BreakerOpenError at once. */
  isOpen(): boolean
  /**
   * Runs the work unless open; rejects with DeadlineError when it takes longer than `deadlineMs` (the work goes on, and what
   * becomes of it then counts no more). Connection errors, deadlines and shutdown codes count against Postgres, other errors
   * of a statement do not.
   */
  run<T>(work: () => Promise<T>, deadlineMs: number): Promise<T>
  /** Told at each change; returns the function that ends it. */
  onChange(listener: (open: boolean) => void): () => void
  /** Ends the probing. */
  close(): void
}

/** The part of a logger that is needed here. */
type BreakerLog = Record<'info' | 'warn', (fields: object, message: string) => void>

export type BreakerOptions = {
  /** A statement that is answered when those of the hot path would be; with a connection that they do not share. */
  probe(): Promise<unknown>
  clock: { monotonicMs(): number }
  log: BreakerLog
  /** A later answer to the probe is none: what is slow for the probe is too slow for a login. Default 250 ms. */
  probeDeadlineMs?: number
  /** Between a probe that failed and the next one. Default 100 ms. */
  probePauseMs?: number
  /** So many failures without a success between them open it. Default 4. */
  failures?: number
}

const defaults = { probeDeadlineMs: 250, probePauseMs: 100, failures: 4 }

/**
 * Makes a breaker, closed. After the first failure it probes by itself, so that it opens within four probes even where nobody
 * else asks: at most 1.4 s with the defaults (F15). It closes at the first probe that answers in time.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const { clock, log, failures: limit = defaults.failures } = options
  const listeners = new Set<(open: boolean) => void>()
  let openSince: number | undefined
  let inARow = 0

  const change = (open: boolean, error?: unknown): void => {
    const now = clock.monotonicMs()
    if (open) log.warn({ error }, 'Postgres does not answer in time: it is not asked until it does')
    else log.info({ seconds: Math.round((now - openSince!) / 100) / 10 }, 'Postgres answers again')
    openSince = open ? now : undefined
    for (const listener of listeners) listener(open)
  }
  const count = (error: unknown): void => {
    inARow += 1
    if (openSince === undefined && inARow >= limit) change(true, error)
  }
  const prober = createProber(options, count, () => {
    inARow = 0
    if (openSince !== undefined) change(false)
  })
  const ended = (error?: unknown): void => {
    if (isAgainstPostgres(error)) {
      count(error)
      prober.start()
    } else if (openSince === undefined) {
      // Where it is open, something that was sent before is no proof: the probe is.
      inARow = 0
    }
  }

  return {
    isOpen: () => openSince !== undefined,
    async run(work, deadlineMs) {
      if (openSince !== undefined) throw new BreakerOpenError('Postgres is not asked at present')
      try {
        const result = await withDeadline(work, deadlineMs)
        ended()
        return result
      } catch (error) {
        ended(error)
        throw error
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      prober.close()
      listeners.clear()
    },
  }
}

/** Probes from the first failure until there is an answer, be it an error of the statement. */
function createProber(options: BreakerOptions, onFailure: (error: unknown) => void, onAnswer: () => void) {
  const { probe, probeDeadlineMs = defaults.probeDeadlineMs, probePauseMs = defaults.probePauseMs } = options
  let probing = false
  let closed = false
  let pause: NodeJS.Timeout | undefined
  const ask = async (): Promise<void> => {
    const failure = await withDeadline(probe, probeDeadlineMs).then(
      () => undefined,
      (error: unknown) => (isAgainstPostgres(error) ? error : undefined),
    )
    if (closed) return
    if (failure === undefined) {
      probing = false
      return onAnswer()
    }
    onFailure(failure)
    pause = setTimeout(() => void ask(), probePauseMs)
  }
  return {
    start(): void {
      if (probing || closed) return
      probing = true
      void ask()
    },
    close(): void {
      closed = true
      clearTimeout(pause)
    },
  }
}

/**
 * Whether Postgres could not answer in time, for whatever reason: away, not asked, slow, locked, its disk full. Who has
 * something to fall back upon does so; any other error is a fault of the statement. Looks through the causes of an error.
 */
export function isAway(error: unknown): boolean {
  for (let cause = error, depth = 0; cause !== undefined && depth < 4; depth++) {
    if (cause instanceof BreakerOpenError || cause instanceof DeadlineError) return true
    if (isUnavailable(cause) || isOverdue(cause) || isLockedOut(cause)) return true
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return false
}

/** A full disk and a server that only reads answer readers as before: they are trouble of the statement, not of the server. */
const stillReads = new Set<string | undefined>([sqlState.diskFull, '25006'])

function isAgainstPostgres(error: unknown): boolean {
  if (error instanceof DeadlineError || isOverdue(error) || isLockedOut(error)) return true
  return isUnavailable(error) && !stillReads.has(sqlStateOf(error))
}

/** It answers and does not let us in: a standby with other rules, passwords or databases (classes 28 and 3D). */
function isLockedOut(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state !== undefined && (state.startsWith('28') || state.startsWith('3D'))
}

/** Postgres itself ended the statement by its own limits: it waited for a lock, or ran, for too long. */
function isOverdue(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === sqlState.lockNotAvailable || state === sqlState.queryCanceled
}

/** The outcome of the work, or DeadlineError. What the work does after its deadline is nobody's error any more. */
function withDeadline<T>(work: () => Promise<T>, deadlineMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new DeadlineError(`no answer within ${deadlineMs} ms`)), deadlineMs)
    work()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
