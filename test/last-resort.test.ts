// What nobody caught is counted and written down, and the process lives (F06).
import { execFile } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createTestClock } from '../src/clock.ts'
import { liveOn } from '../src/last-resort.ts'
import { createLogger } from '../src/log.ts'

test('F06: a process with it survives a throw in a timer and a rejected promise; without it, it ends', async () => {
  const module = (name: string): string => JSON.stringify(new URL(`../src/${name}.ts`, import.meta.url).href)
  const text = (caught: boolean): string => `
    import { liveOn } from ${module('last-resort')}
    import { systemClock } from ${module('clock')}
    import { createLogger } from ${module('log')}
    let count = 0
    if (${caught}) liveOn({ log: createLogger({ level: 'silent' }), clock: systemClock, count: () => (count += 1) })
    setTimeout(() => { throw new Error('in a timer') }, 1)
    void Promise.reject(new Error('forgotten'))
    setTimeout(() => console.log('caught', count), 30)`
  const run = (caught: boolean) =>
    promisify(execFile)(process.execPath, ['--input-type=module-typescript', '--eval', text(caught)])
  expect((await run(true)).stdout).toBe('caught 2\n')
  await expect(run(false)).rejects.toMatchObject({ code: 1 })
})

test('counts each, writes one line each 10 s with how many were held back, and ends when asked', () => {
  const lines: { suppressed: number; error: { message: string } }[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const clock = createTestClock(new Date('2026-03-01T12:00:00Z'))
  const emitter = new EventEmitter()
  let count = 0
  const end = liveOn({
    log: createLogger({ level: 'info', stream }),
    clock,
    count: () => (count += 1),
    on: emitter as unknown as NodeJS.Process,
  })
  for (let at = 0; at < 100; at += 1) emitter.emit('uncaughtException', new Error(`number ${at}`))
  clock.advance(10_000)
  emitter.emit('unhandledRejection', 'not even an error')
  expect(count).toBe(101)
  expect(lines.map((line) => line.suppressed)).toEqual([0, 99])
  expect(lines[0]!.error.message).toBe('number 0')
  end()
  emitter.emit('uncaughtException', new Error('after its end'))
  expect(count).toBe(101)
})
