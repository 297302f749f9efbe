// A login waits for Postgres only so long: then what was last known decides (decision 0032). While the breaker is open nobody
// waits at all. Where nothing is to be said by what was last known, the login goes on waiting for the truth.

import type { Clock } from '../clock.ts'
import { BreakerOpenError, isAway } from '../db/breaker.ts'
import type { Breaker } from '../db/breaker.ts'

/** RouterOS waits 300 ms for an answer to each try: by then it must have one. */
const defaultDeadlineMs = 250

/** Statements of one kind: when Postgres last answered one of them in time. */
export type Stage = { answeredAtMs: number }

/** A login that is being decided from the database. */
export type Asking = {
  /**
   * It was answered by what was last known: nothing more is begun for it in Postgres. A statement that is under way may still
   * commit.
   */
  isOver: boolean
  /** What it waits for; undefined: nothing yet. */
  stage: Stage | undefined
}

/** A login that was answered meanwhile; nobody hears of it. */
export class AnsweredError extends Error {
  override readonly name = 'AnsweredError'
}

/** On to a statement of this kind, unless the login was answered meanwhile: throws AnsweredError. */
export function goOn(asking: Asking | undefined, stage: Stage | undefined): void {
  if (asking === undefined) return
  if (asking.isOver) throw new AnsweredError('the login was answered meanwhile')
  asking.stage = stage
}

export type Hedge = {
  /** Runs a statement for a batch, watched by the breaker. Rejects with `BreakerOpenError` while that is open. */
  ask<T>(stage: Stage, statement: () => Promise<T>): Promise<T>
  /**
   * The truth, or what was last known where the truth is away or late. `lastKnown` is told whether the truth may still come,
   * and gives undefined where it has nothing to say. Undefined: neither has. Rejects as the truth does where that failed for
   * another reason than Postgres, or where nothing is known.
   */
  decide<T>(
    truth: (asking: Asking) => Promise<T>,
    lastKnown: (mayStillCome: boolean) => T | undefined,
  ): Promise<T | undefined>
}

export type HedgeOptions = {
  readonly breaker: Pick<Breaker, 'isOpen' | 'run'>
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly deadlineMs?: number | undefined
}

/** Makes a stage. */
export function createStage(): Stage {
  return { answeredAtMs: -Infinity }
}

/** The same as its `ask`; without a hedge the statement is run as it is. */
export function askThrough<T>(hedge: Hedge | undefined, stage: Stage, statement: () => Promise<T>): Promise<T> {
  return hedge === undefined ? statement() : hedge.ask(stage, statement)
}

/** Makes the hedge of a process. */
export function createHedge({ breaker, clock, deadlineMs = defaultDeadlineMs }: HedgeOptions): Hedge {
  /** Postgres answers in time, and what is long is our own queue: a storm, which the truth soon reaches. */
  const isAnswering = (stage: Stage | undefined): boolean =>
    stage !== undefined && clock.monotonicMs() - stage.answeredAtMs < deadlineMs

  return {
    ask(stage, statement) {
      if (breaker.isOpen()) return Promise.reject(new BreakerOpenError('Postgres is not asked at present'))
      // The breaker counts a late answer as none; whoever has nothing else to go by still takes it.
      const asked = statement()
      breaker
        .run(() => asked, deadlineMs)
        .then(
          () => (stage.answeredAtMs = clock.monotonicMs()),
          () => undefined,
        )
      return asked
    },
    decide(truth, lastKnown) {
      if (breaker.isOpen()) return Promise.resolve().then(() => lastKnown(false))
      const asking: Asking = { isOver: false, stage: undefined }
      return new Promise((resolve, reject) => {
        const fallBack = (orElse?: () => void): void => {
          try {
            const known = lastKnown(orElse === undefined)
            if (known === undefined) return orElse?.()
            resolve(known)
          } catch (error) {
            reject(error)
          }
          asking.isOver = true
        }
        const look = (): void => {
          if (asking.isOver || isDone) return
          if (isAnswering(asking.stage)) timer = setTimeout(onTime, deadlineMs)
          else fallBack()
        }
        // An answer that came while this process was busy is read first: sockets have their turn between timers and this.
        const onTime = (): void => void setImmediate(look)
        let isDone = false
        let timer = setTimeout(onTime, deadlineMs)
        const end = (): void => {
          isDone = true
          clearTimeout(timer)
        }
        const follow = async (): Promise<void> => {
          try {
            resolve(await truth(asking))
          } catch (error) {
            if (asking.isOver) return
            if (isAway(error)) fallBack(() => reject(error))
            else reject(error)
          } finally {
            end()
          }
        }
        void follow()
      })
    },
  }
}
