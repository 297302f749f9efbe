// A start without Postgres (F10): what must be done with the database is done when it comes, and one line a minute says why not
// yet.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, test } from 'vitest'
import { ChildStartError } from '../src/child.ts'
import { createTestClock } from '../src/clock.ts'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/log.ts'
import { createPreparation, prepareDatabase, unlessAway, untilDone } from '../src/prepare-database.ts'
import { useDatabase } from './support/database.ts'

const database = useDatabase({ empty: true })
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-prepare-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const noon = new Date('2026-03-01T12:00:00Z')
const tools = (signal = new AbortController().signal) => ({
  clock: createTestClock(noon),
  log: createLogger({ level: 'silent' }),
  signal,
})
const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })

test('where Postgres is away the deed is put off, any other error is passed on', async () => {
  expect(await unlessAway(() => Promise.resolve(7))).toBe(7)
  expect(await unlessAway(() => Promise.reject(refused))).toBeUndefined()
  expect(await unlessAway(() => Promise.reject(new ChildStartError('it was away', true)))).toBeUndefined()
  await expect(unlessAway(() => Promise.reject(new ChildStartError('the port is taken')))).rejects.toThrow('the port')
  const nowhere = readConfig({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', GATEHOUSE_DATA_DIR: directory })
  const preparing = unlessAway(() => prepareDatabase(nowhere.databaseUrl!, nowhere, tools()))
  expect(await preparing).toBeUndefined()
})

test('a fresh database is prepared, with a token for the first operator; once more it changes nothing', async () => {
  const config = readConfig({ DATABASE_URL: database.url, GATEHOUSE_DATA_DIR: directory })
  const first = await prepareDatabase(database.url, config, tools())
  expect(first.setupToken).toMatch(/^\S{20,}$/)
  expect((await prepareDatabase(database.url, config, tools())).setupToken).toMatch(/^\S{20,}$/)
})

test('it is tried every second until it is done, and one line a minute says why not yet', async () => {
  const lines: string[] = []
  const stream = { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) }
  const clock = createTestClock(noon)
  const about = { clock, log: createLogger({ level: 'info', stream }), signal: new AbortController().signal }
  let tries = 0
  const began = performance.now()
  const done = await untilDone(() => {
    tries += 1
    if (tries === 3) clock.advance(60_000)
    if (tries < 4) return Promise.reject(tries === 3 ? new Error('schema too new') : refused)
    return Promise.resolve('done')
  }, about)
  expect(done).toBe('done')
  expect(tries).toBe(4)
  expect(performance.now() - began).toBeGreaterThan(2_900)
  expect(lines).toEqual([
    'Postgres is away: RADIUS works without it, HTTP and jobs wait for it',
    'the database cannot be used as it is: RADIUS works without it, HTTP and jobs wait',
  ])
})

test('who ends the service ends the waiting', async () => {
  const ending = new AbortController()
  const log = createLogger({ level: 'silent' })
  const waiting = untilDone(() => Promise.reject(refused), { clock: createTestClock(noon), log, signal: ending.signal })
  ending.abort()
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
})

describe('a preparation', () => {
  const prepared = { setupToken: undefined }

  it('that takes long is as good as a Postgres that is away, and goes on: it is done once', async () => {
    const { promise, resolve } = Promise.withResolvers<typeof prepared>()
    let begun = 0
    const prepare = () => {
      begun += 1
      return promise
    }
    const { soon, done } = createPreparation(prepare, { signal: new AbortController().signal, patience: 20 })
    expect(await unlessAway(soon)).toBeUndefined()
    resolve(prepared)
    expect(await done()).toBe(prepared)
    expect(begun).toBe(1)
  })

  it('is awaited no more when the service is to end, and its own fault is told as it is', async () => {
    const ending = new AbortController()
    const waiting = createPreparation(() => new Promise(() => undefined), { signal: ending.signal })
    const start = waiting.soon().catch((cause: unknown) => cause)
    ending.abort()
    expect(await start).toMatchObject({ name: 'AbortError' })
    const failing = createPreparation(() => Promise.reject(new Error('too new')), {
      signal: new AbortController().signal,
    })
    await expect(failing.soon()).rejects.toThrow('too new')
    expect(
      await createPreparation(() => Promise.resolve(prepared), { signal: new AbortController().signal }).soon(),
    ).toBe(prepared)
  })
})
