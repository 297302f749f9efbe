// The breaker by itself: what opens it, what does not, and that it closes by its own probe.
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { createTestClock, systemClock } from '../../src/clock.ts'
import { BreakerOpenError, createBreaker, DeadlineError, isAway } from '../../src/db/breaker.ts'
import type { Breaker, BreakerOptions } from '../../src/db/breaker.ts'
import { createPool } from '../../src/db/pool.ts'
import { createTestDatabase } from '../support/database.ts'

const open: Breaker[] = []
afterEach(() => {
  for (const breaker of open.splice(0)) breaker.close()
})

/** A probe that the test answers. */
function heldProbe() {
  const asked: PromiseWithResolvers<unknown>[] = []
  let whenAsked = Promise.withResolvers<void>()
  return {
    asked: () => asked.length,
    probe(): Promise<unknown> {
      const answer = Promise.withResolvers<unknown>()
      asked.push(answer)
      whenAsked.resolve()
      whenAsked = Promise.withResolvers()
      return answer.promise
    },
    nextAsked: () => whenAsked.promise,
    answer: () => asked.at(-1)!.resolve(undefined),
    fail: (code = 'ECONNREFUSED') => asked.at(-1)!.reject(systemError(code)),
  }
}

function start(options: Partial<BreakerOptions> = {}) {
  const lines: { fields: object; message: string }[] = []
  const log = (fields: object, message: string) => void lines.push({ fields, message })
  const breaker = createBreaker({
    probe: () => Promise.resolve(),
    clock: createTestClock(new Date('2026-03-01T12:00:00Z')),
    log: { info: log, warn: log },
    probePauseMs: 1,
    ...options,
  })
  open.push(breaker)
  return { breaker, lines }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

const never = (): Promise<never> => new Promise(() => undefined)
const failing = (code: string) => () => Promise.reject(systemError(code))
const changeOf = (breaker: Breaker) =>
  new Promise<boolean>((resolve) => {
    const end = breaker.onChange((isOpen) => {
      end()
      resolve(isOpen)
    })
  })
const attempt = (breaker: Breaker, code: string) => breaker.run(failing(code), 1_000).catch((error: Error) => error)

test('gives the result of the work, and the error of a statement as it is', async () => {
  const { breaker } = start()
  await expect(breaker.run(() => Promise.resolve(7), 100)).resolves.toBe(7)
  await expect(breaker.run(failing('23505'), 100)).rejects.toMatchObject({ code: '23505' })
  expect(breaker.isOpen()).toBe(false)
})

test('a work that takes longer than its deadline is left to itself, and its late error is nobody’s', async () => {
  const { breaker } = start()
  const late = Promise.withResolvers<never>()
  const asked = performance.now()
  await expect(breaker.run(() => late.promise, 20)).rejects.toBeInstanceOf(DeadlineError)
  expect(performance.now() - asked).toBeLessThan(1_000)
  late.reject(systemError('ECONNRESET'))
  // An unhandled rejection would fail the run.
  await sleep(5)
})

test.each(['ECONNREFUSED', 'ECONNRESET', '57P01', '57P03', '08006', '53300', '55P03', '57014'])(
  'four failures in a row by %s open it',
  async (code) => {
    const held = heldProbe()
    const { breaker } = start({ probe: held.probe })
    for (let at = 0; at < 3; at++) await attempt(breaker, code)
    expect(breaker.isOpen()).toBe(false)
    await attempt(breaker, code)
    expect(breaker.isOpen()).toBe(true)
    let ran = false
    const refused = breaker.run(() => {
      ran = true
      return Promise.resolve()
    }, 100)
    await expect(refused).rejects.toBeInstanceOf(BreakerOpenError)
    expect(ran).toBe(false)
  },
)

test.each(['23505', '22P02', '42P01', '40001', '53100', '25006'])('errors by %s never open it', async (code) => {
  const { breaker } = start({ probe: never })
  for (let at = 0; at < 20; at++) await attempt(breaker, code)
  expect(breaker.isOpen()).toBe(false)
})

test('a success between them begins the count anew: it opens exactly at four failures without one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), async (successes) => {
      const { breaker } = start({ probe: never, probeDeadlineMs: 60_000 })
      let inARow = 0
      for (const success of successes) {
        if (success) await breaker.run(() => Promise.resolve(), 1_000)
        else await attempt(breaker, 'ECONNREFUSED')
        inARow = success ? 0 : inARow + 1
        expect(breaker.isOpen()).toBe(inARow >= 4)
        if (inARow >= 4) break
      }
      breaker.close()
    }),
    { numRuns: 50 },
  )
})

test('one failure makes it probe; a probe that answers forgets the failure', async () => {
  const held = heldProbe()
  const { breaker } = start({ probe: held.probe })
  for (let round = 0; round < 5; round++) {
    const asked = held.asked()
    await attempt(breaker, '57P01')
    await attempt(breaker, '57P01')
    expect(held.asked()).toBe(asked + 1)
    held.answer()
    await sleep(2)
  }
  expect(breaker.isOpen()).toBe(false)
})

test('F15: after one failure its own probes open it, though nobody else asks', async () => {
  const { breaker } = start({ probe: never, probeDeadlineMs: 10, clock: systemClock })
  const changed = changeOf(breaker)
  await expect(breaker.run(never, 10)).rejects.toBeInstanceOf(DeadlineError)
  expect(await changed).toBe(true)
})

test('closes at the first probe that answers in time, tells everybody once, and says for how long it was open', async () => {
  const held = heldProbe()
  const clock = createTestClock(new Date('2026-03-01T12:00:00Z'))
  const { breaker, lines } = start({ probe: held.probe, clock })
  const heard: boolean[] = []
  breaker.onChange((isOpen) => heard.push(isOpen))
  for (let at = 0; at < 8; at++) await attempt(breaker, 'ECONNREFUSED')
  for (let at = 0; at < 3; at++) {
    const next = held.nextAsked()
    held.fail()
    await next
  }
  expect(breaker.isOpen()).toBe(true)
  clock.advance(15_000)
  const changed = changeOf(breaker)
  held.answer()
  expect(await changed).toBe(false)
  expect(heard).toEqual([true, false])
  expect(lines.map((line) => line.message)).toEqual([
    'Postgres does not answer in time: it is not asked until it does',
    'Postgres answers again',
  ])
  expect(lines[1]!.fields).toEqual({ seconds: 15 })
  await expect(breaker.run(() => Promise.resolve(1), 100)).resolves.toBe(1)
})

test('a probe that Postgres answers with an error of the statement is an answer', async () => {
  const held = heldProbe()
  const { breaker } = start({ probe: held.probe })
  for (let at = 0; at < 4; at++) await attempt(breaker, 'ECONNREFUSED')
  const changed = changeOf(breaker)
  held.fail('42501')
  expect(await changed).toBe(false)
})

test('what was sent before it opened, and succeeds afterwards, does not close it', async () => {
  const { breaker } = start({ probe: never })
  const slow = Promise.withResolvers<number>()
  const sent = breaker.run(() => slow.promise, 5_000)
  for (let at = 0; at < 4; at++) await attempt(breaker, 'ECONNREFUSED')
  slow.resolve(3)
  await expect(sent).resolves.toBe(3)
  expect(breaker.isOpen()).toBe(true)
})

test('a listener that ended hears nothing; closed, it probes no more', async () => {
  const held = heldProbe()
  const { breaker } = start({ probe: held.probe })
  const heard: boolean[] = []
  breaker.onChange((isOpen) => heard.push(isOpen))()
  for (let at = 0; at < 4; at++) await attempt(breaker, 'ECONNREFUSED')
  expect(heard).toEqual([])
  breaker.close()
  const asked = held.asked()
  held.fail()
  await sleep(10)
  expect(held.asked()).toBe(asked)
})

test('isAway looks through causes, and knows a fault of the statement from one of the server', () => {
  const wrapped = new Error('a batch of 3 failed', { cause: new DeadlineError('late') })
  for (const away of [
    new BreakerOpenError('open'),
    wrapped,
    systemError('ECONNREFUSED'),
    systemError('53100'),
    systemError('25006'),
    systemError('55P03'),
    new Error('Query read timeout'),
    new Error('timeout exceeded when trying to connect'),
  ]) {
    expect(isAway(away), String(away)).toBe(true)
  }
  for (const ours of [systemError('23505'), new TypeError('x is undefined'), undefined, null, 'text']) {
    expect(isAway(ours), String(ours)).toBe(false)
  }
})

test('F15, F21: with a real Postgres a lock opens it, and its end closes it', async () => {
  const database = await createTestDatabase()
  const pool = createPool(database.url, { name: 'breaker', max: 8 })
  const probes = createPool(database.url, { name: 'probe', max: 1, lockTimeoutMs: 50 })
  const holder = await pool.connect()
  try {
    const read = () => pool.query('select 1 from subscriber limit 1')
    const { breaker } = start({ probe: () => probes.query('select 1 from subscriber limit 1') })
    await breaker.run(read, 5_000)
    await holder.query('begin')
    await holder.query('lock table subscriber in access exclusive mode')
    const opened = changeOf(breaker)
    await expect(breaker.run(read, 50)).rejects.toBeInstanceOf(DeadlineError)
    expect(await opened).toBe(true)
    const closed = changeOf(breaker)
    await holder.query('rollback')
    expect(await closed).toBe(false)
    await breaker.run(read, 5_000)
  } finally {
    holder.release()
    await Promise.all([pool.end(), probes.end()])
    await database.drop()
  }
})
