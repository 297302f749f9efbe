import { describe, expect, it } from 'vitest'
import { AnsweredError, askThrough, createHedge, createStage } from '../../src/aaa/access-hedge.ts'
import type { Asking } from '../../src/aaa/access-hedge.ts'
import { createTestClock } from '../../src/clock.ts'
import { BreakerOpenError, createBreaker, DeadlineError } from '../../src/db/breaker.ts'
import type { Breaker } from '../../src/db/breaker.ts'
import { noon } from '../support/access.ts'

const away = (): Error => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

function makeHedge(deadlineMs = 20) {
  const clock = createTestClock(noon)
  const told: unknown[] = []
  const state = { open: false }
  const breaker: Pick<Breaker, 'isOpen' | 'run'> = {
    isOpen: () => state.open,
    async run(work, deadline) {
      try {
        const late = new Promise<never>((_, reject) => {
          setTimeout(() => reject(new DeadlineError('late')), deadline).unref()
        })
        const result = await Promise.race([work(), late])
        told.push('answered')
        return result
      } catch (error) {
        told.push(error)
        throw error
      }
    },
  }
  return { clock, told, state, hedge: createHedge({ breaker, clock, deadlineMs }) }
}

describe('a decision', () => {
  it('is the truth where that comes in time', async () => {
    const { hedge } = makeHedge(1_000)
    const seen: Asking[] = []
    const truth = async (asking: Asking) => {
      seen.push(asking)
      return 'truth'
    }
    expect(await hedge.decide(truth, () => 'last known')).toBe('truth')
    expect(seen).toMatchObject([{ isOver: false }])
  })

  it('F15: is what was last known once the truth is late, and the truth is told that it is over', async () => {
    const { hedge } = makeHedge()
    let told: Asking | undefined
    const begun = performance.now()
    const outcome = await hedge.decide(
      (asking) => {
        told = asking
        return never<string>()
      },
      () => 'last known',
    )
    expect(outcome).toBe('last known')
    expect(told?.isOver).toBe(true)
    expect(performance.now() - begun).toBeLessThan(1_000)
  })

  it('F12: is what was last known at once where Postgres cannot be asked', async () => {
    const { hedge } = makeHedge(60_000)
    expect(
      await hedge.decide(
        () => Promise.reject(away()),
        () => 'last known',
      ),
    ).toBe('last known')
    const wrapped = new Error('a batch of 3 failed', { cause: away() })
    expect(
      await hedge.decide(
        () => Promise.reject(wrapped),
        () => 'last known',
      ),
    ).toBe('last known')
  })

  it('is what was last known, with nobody asked, while the breaker is open', async () => {
    const { hedge, state } = makeHedge(60_000)
    state.open = true
    const outcome = await hedge.decide(
      () => Promise.reject(new TypeError('it was asked')),
      (mayStillCome) => `last known, ${mayStillCome}`,
    )
    expect(outcome).toBe('last known, false')
    expect(await hedge.decide(never, () => undefined)).toBeUndefined()
  })

  it('waits on for the truth where nothing is known', async () => {
    const { hedge } = makeHedge()
    const { promise, resolve } = Promise.withResolvers<string>()
    const asked: boolean[] = []
    const outcome = hedge.decide(
      () => promise,
      (mayStillCome) => {
        asked.push(mayStillCome)
        resolve('late truth')
        return undefined
      },
    )
    expect(await outcome).toBe('late truth')
    expect(asked).toEqual([true])
  })

  it('fails as the truth does by a fault that is not of Postgres, or where nothing is known', async () => {
    const { hedge } = makeHedge(60_000)
    const sealed = new RangeError('a secret that does not open')
    await expect(
      hedge.decide(
        () => Promise.reject(sealed),
        () => 'last known',
      ),
    ).rejects.toBe(sealed)
    const error = away()
    await expect(
      hedge.decide(
        () => Promise.reject(error),
        () => undefined,
      ),
    ).rejects.toBe(error)
  })

  it('fails where what was last known cannot be read', async () => {
    const { hedge, state } = makeHedge()
    const broken = (): never => {
      throw new RangeError('broken')
    }
    await expect(hedge.decide(() => Promise.reject(away()), broken)).rejects.toThrow('broken')
    await expect(hedge.decide(never, broken)).rejects.toThrow('broken')
    state.open = true
    await expect(hedge.decide(never, broken)).rejects.toThrow('broken')
  })

  it('hears nothing of a truth that fails after it was answered', async () => {
    const { hedge } = makeHedge()
    const { promise, reject } = Promise.withResolvers<string>()
    expect(
      await hedge.decide(
        () => promise,
        () => 'last known',
      ),
    ).toBe('last known')
    reject(new AnsweredError('over'))
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('waits through a storm of our own: Postgres answers, only the queue is long', async () => {
    const { hedge, clock } = makeHedge()
    const stage = createStage()
    const { promise, resolve } = Promise.withResolvers<string>()
    const outcome = hedge.decide(
      (asking) => {
        asking.stage = stage
        return promise
      },
      () => 'last known',
    )
    const answers = setInterval(() => {
      clock.advance(5)
      stage.answeredAtMs = clock.monotonicMs()
    }, 5)
    setTimeout(() => resolve('truth'), 100)
    expect(await outcome).toBe('truth')
    clearInterval(answers)
  })

  it('F17: does not wait where Postgres answers others, but late', async () => {
    const { hedge, clock } = makeHedge()
    const stage = createStage()
    stage.answeredAtMs = clock.monotonicMs()
    clock.advance(21)
    const outcome = hedge.decide(
      (asking) => {
        asking.stage = stage
        return never<string>()
      },
      () => 'last known',
    )
    expect(await outcome).toBe('last known')
  })
})

describe('a statement', () => {
  it('tells the breaker how it went, and its stage when it was answered', async () => {
    const { hedge, clock, told } = makeHedge(1_000)
    const stage = createStage()
    clock.advance(77)
    expect(await hedge.ask(stage, async () => 'rows')).toBe('rows')
    await new Promise((resolve) => setImmediate(resolve))
    expect([told, stage.answeredAtMs]).toEqual([['answered'], 77])
    const error = away()
    await expect(hedge.ask(stage, () => Promise.reject(error))).rejects.toBe(error)
    expect(told[1]).toBe(error)
  })

  it('that is late is late for the breaker alone: whoever still waits has its rows', async () => {
    const { hedge, told } = makeHedge(5)
    const stage = createStage()
    const { promise, resolve } = Promise.withResolvers<string>()
    const rows = hedge.ask(stage, () => promise)
    await expect.poll(() => told).toEqual([expect.any(DeadlineError)])
    resolve('rows')
    expect(await rows).toBe('rows')
    expect(stage.answeredAtMs).toBe(-Infinity)
  })

  it('is not sent while the breaker is open', async () => {
    const { hedge, state } = makeHedge()
    state.open = true
    await expect(hedge.ask(createStage(), () => Promise.reject(new Error('sent')))).rejects.toThrow(BreakerOpenError)
  })

  it('is run as it is where there is no hedge', async () => {
    expect(await askThrough(undefined, createStage(), async () => 1)).toBe(1)
  })

  it('opens a real breaker when it hangs', async () => {
    const clock = { monotonicMs: () => performance.now() }
    const log = { info: () => undefined, warn: () => undefined }
    const breaker = createBreaker({ probe: never, probeDeadlineMs: 5, probePauseMs: 1, clock, log })
    const hedge = createHedge({ breaker, clock, deadlineMs: 5 })
    void hedge.ask(createStage(), never)
    await expect.poll(() => breaker.isOpen()).toBe(true)
    breaker.close()
  })
})
