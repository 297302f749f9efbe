// The child's side of supervision: whatever goes wrong at its end or its start, the process ends, and the supervisor hears why.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, expect, test } from 'vitest'
import type { FromChild } from '../src/child-side.ts'
import { readConfig } from '../src/config.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-child-side-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const running: ChildProcess[] = []
afterEach(() => running.splice(0).forEach((child) => child.kill('SIGKILL')))

const childSide = new URL('../src/child-side.ts', import.meta.url).href
const metrics = 'metrics: async () => []'

/** A child whose work is given as text, told to start; and the first that it says. */
async function begin(work: string): Promise<{ child: ChildProcess; said: FromChild }> {
  const file = join(directory, `${running.length}-${process.hrtime.bigint()}.mjs`)
  writeFileSync(
    file,
    `import { serveAsChild } from ${JSON.stringify(childSide)}\nserveAsChild({ start: ${work} }, { endWithinMs: 800 })\n`,
  )
  const child = fork(file, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  running.push(child)
  const hearing = once(child, 'message') as Promise<[FromChild]>
  child.send({ kind: 'start', config: readConfig({}), databaseUrl: 'postgres://nowhere', worker: 1 })
  const [said] = await hearing
  return { child, said }
}

test('a process takes the niceness that its work asks for', async () => {
  const { said } = await begin(
    `async () => ({ url: String((await import('node:os')).getPriority()), ${metrics}, close: async () => {} }), nice: 15`,
  )
  expect(said).toEqual({ kind: 'ready', url: '15' })
})

test('a close that throws is told and ends the process all the same', async () => {
  const { child, said } = await begin(
    `async () => ({ url: 'http://here', ${metrics}, close: async () => { throw new Error('the disk is gone') } })`,
  )
  expect(said).toEqual({ kind: 'ready', url: 'http://here' })
  const output = text(child.stdout!)
  child.send({ kind: 'stop' })
  expect(await once(child, 'exit')).toEqual([0, null])
  // What was on its way to standard output when the process ended may come twice.
  const [line = ''] = (await output).split('\n')
  const told = { level: 'error', msg: 'a process did not end in order', error: { message: 'the disk is gone' } }
  expect(JSON.parse(line)).toMatchObject(told)
})

test('an end does not wait for a start that goes on for ever', async () => {
  const { child } = await begin(
    `(message, signal) => new Promise(() => (setInterval(() => 0, 1000), process.send({ kind: 'metrics', id: 1, snapshot: [] })))`,
  )
  const askedAt = performance.now()
  child.send({ kind: 'stop' })
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(performance.now() - askedAt).toBeLessThan(2_000)
})

test('a close that hangs while there is no supervisor any more ends all the same', async () => {
  const { child } = await begin(
    `async () => ({ ${metrics}, close: () => new Promise(() => setInterval(() => 0, 1000)) })`,
  )
  const leftAt = performance.now()
  child.disconnect()
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(performance.now() - leftAt).toBeGreaterThan(700)
})

test.each([
  { code: 'ECONNREFUSED', away: true },
  { code: '55P03', away: true },
  { code: '42P01', away: true },
  { code: 'EADDRINUSE', away: false },
  { code: '42501', away: false },
])('a start that fails says why, and whether it may succeed later: $code', async ({ code, away }) => {
  const { child, said } = await begin(
    `async () => { throw Object.assign(new Error('it cannot be'), { code: '${code}' }) }`,
  )
  expect(said).toEqual({ kind: 'failed', message: 'it cannot be', away })
  if (child.exitCode === null) await once(child, 'exit')
  expect(child.exitCode).toBe(1)
})
