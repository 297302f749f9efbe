// Supervision of one child: when it is started again, and that nothing makes it a hot loop or leaves it dead.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { Child, ChildStartError, createRestartPauses, type ChildOptions } from '../src/child.ts'
import { systemClock } from '../src/clock.ts'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/log.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-child-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const start: ChildOptions['start'] = {
  kind: 'start',
  config: readConfig({}),
  databaseUrl: 'postgres://nowhere',
  worker: 1,
}

/** A child process whose whole program is given; `starts` is appended to at each start. */
function program(name: string, text: string): { file: URL; starts(): number } {
  const file = join(directory, `${name}.mjs`)
  const starts = join(directory, `${name}.starts`)
  writeFileSync(starts, '')
  writeFileSync(
    file,
    `import { appendFileSync, readFileSync } from 'node:fs'
    appendFileSync(${JSON.stringify(starts)}, 'x')
    const started = readFileSync(${JSON.stringify(starts)}, 'utf8').length
    const ready = () => process.send({ kind: 'ready', url: 'http://' + started })
    process.on('disconnect', () => process.exit(1))
    process.on('message', (message) => message.kind === 'stop' && process.exit(0))
    ${text}`,
  )
  return { file: pathToFileURL(file), starts: () => readFileSync(starts, 'utf8').length }
}

function run(file: URL) {
  const pauses: number[] = []
  const lines: string[] = []
  const stream = {
    write(line: string) {
      const { msg, pause_ms: pause } = JSON.parse(line) as { msg: string; pause_ms?: number }
      lines.push(msg)
      if (pause !== undefined) pauses.push(pause)
    },
  }
  const log = createLogger({ level: 'info', stream })
  const child = new Child({ name: 'child', file, start, log, clock: systemClock })
  return { starting: child.start().then(() => child), pauses, lines }
}

test('a child that had been ready and is killed is there again within 3 s', async () => {
  const { file } = program('killed', 'ready()')
  const { starting, pauses } = run(file)
  const child = await starting
  const killedAt = performance.now()
  process.kill(child.pid!, 'SIGKILL')
  await expect.poll(() => child.url, { timeout: 3_000 }).toBe('http://2')
  expect(performance.now() - killedAt).toBeLessThan(3_000)
  expect(pauses).toEqual([50])
  await child.stop(1_000)
  expect(child.pid).toBeUndefined()
})

test('a child that once cannot start again is tried until it can', async () => {
  const { file } = program('stubborn', 'if (started === 2 || started === 3) process.exit(7); else ready()')
  const { starting, pauses } = run(file)
  const child = await starting
  process.kill(child.pid!, 'SIGKILL')
  await expect.poll(() => child.url, { timeout: 5_000 }).toBe('http://4')
  expect(pauses).toEqual([50, 100, 200])
  await child.stop(1_000)
})

test('the first start fails with the child’s own words, and it is not tried again', async () => {
  const text = `process.send({ kind: 'failed', message: 'the port is taken', away: true }); process.exit(1)`
  const { file, starts } = program('failing', text)
  const { starting } = run(file)
  const error = await starting.catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(ChildStartError)
  expect(error).toMatchObject({ message: 'the port is taken', away: true })
  expect(starts()).toBe(1)
})

test('a child that is killed while it starts for the first time is started again', async () => {
  const { file, starts } = program('early', `if (started === 1) process.kill(process.pid, 'SIGKILL'); else ready()`)
  const { starting, pauses } = run(file)
  const child = await starting
  expect([child.url, starts(), pauses]).toEqual(['http://2', 2, [100]])
  await child.stop(1_000)
})

test('with insistence a child that says that it may start later is tried until it does', async () => {
  const failed = `process.send({ kind: 'failed', message: 'Postgres is away', away: true }, () => process.exit(1))`
  const { file, starts } = program('waiting', `if (started < 3) ${failed}; else ready()`)
  const child = new Child({ name: 'waiting', file, start, log: createLogger({ level: 'silent' }), clock: systemClock })
  await child.start({ insist: true })
  expect([child.url, starts()]).toEqual(['http://3', 3])
  await child.stop(1_000)
})

test('insistence ends with what no waiting mends, also where it is said after a death', async () => {
  const failed = `process.send({ kind: 'failed', message: 'the port is taken', away: false }, () => process.exit(1))`
  const { file, starts } = program('final', `if (started === 1) process.kill(process.pid, 'SIGKILL'); else ${failed}`)
  const child = new Child({ name: 'final', file, start, log: createLogger({ level: 'silent' }), clock: systemClock })
  await expect(child.start({ insist: true })).rejects.toMatchObject({ message: 'the port is taken', away: false })
  expect(starts()).toBe(2)
})

test('whoever ends a child that is not ready yet waits for it no more', async () => {
  const { file } = program('slow', 'setInterval(() => undefined, 1_000)')
  const child = new Child({ name: 'slow', file, start, log: createLogger({ level: 'silent' }), clock: systemClock })
  const starting = child.start().catch((cause: unknown) => cause)
  await expect.poll(() => child.pid).toBeGreaterThan(0)
  await child.stop(5_000)
  expect(await starting).toMatchObject({ message: 'slow was ended before it was ready' })
  expect(child.pid).toBeUndefined()
})

test('a child that does not end when asked is killed after the patience given', async () => {
  const { file } = program(
    'deaf',
    `process.removeAllListeners('message'); setInterval(() => undefined, 1_000); ready()`,
  )
  const { starting } = run(file)
  const child = await starting
  const askedAt = performance.now()
  await child.stop(200)
  expect(performance.now() - askedAt).toBeLessThan(2_000)
  expect(child.pid).toBeUndefined()
})

test('nineteen deaths in a minute are answered at once, every further one after a second', () => {
  const pauses = createRestartPauses()
  const waits = Array.from({ length: 22 }, (_, at) => {
    pauses.ready()
    return pauses.died(at * 1_000)
  })
  expect(waits.slice(0, 19)).toEqual(Array.from({ length: 19 }, () => 50))
  expect(waits.slice(19)).toEqual([1_000, 1_000, 1_000])
  pauses.ready()
  // A quiet minute later the deaths before it count no more.
  expect(pauses.died(21_000 + 60_001)).toBe(50)
})

test('whatever dies when: never more than 3 s, and never more than 80 starts in a minute', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ livedMs: fc.nat(2_000), ready: fc.boolean() }), { minLength: 100 }), (lives) => {
      const pauses = createRestartPauses()
      const startedAt: number[] = []
      let at = 0
      for (const { livedMs, ready } of lives) {
        startedAt.push(at)
        if (ready) pauses.ready()
        const pause = pauses.died(at + livedMs)
        expect(pause).toBeLessThanOrEqual(3_000)
        at += livedMs + pause
      }
      for (const begin of startedAt) {
        expect(startedAt.filter((other) => other >= begin && other < begin + 60_000).length).toBeLessThanOrEqual(80)
      }
    }),
  )
})
