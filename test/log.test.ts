import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as path from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createTestClock } from '../src/clock.ts'
import { createLimiter, createLogger } from '../src/log.ts'
import type { Logger } from '../src/log.ts'

const line = z.record(z.string(), z.unknown())

/** What a logger writes: the raw text and the lines read back. */
function record(write: (log: Logger) => void): { text: string; lines: Record<string, unknown>[] } {
  let text = ''
  write(createLogger({ level: 'info', stream: { write: (chunk) => (text += chunk) } }))
  const lines = text.split('\n').filter((part) => part !== '')
  return { text, lines: lines.map((part) => line.parse(JSON.parse(part))) }
}

describe('the log', () => {
  it('is one JSON object per line, with the level as a word and the time in UTC', () => {
    const { lines } = record((log) => {
      log.info({ nas: 'bras-1' }, 'a NAS was seen')
      log.debug('too fine')
    })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ level: 'info', nas: 'bras-1', msg: 'a NAS was seen', pid: process.pid })
    expect(lines[0]!.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  it('prints no secret, at any depth and in bindings', () => {
    const { text, lines } = record((log) => {
      const fields = { password: 'canary', deep: { list: [{ shared_secret: 'canary', nt_hash: 'canary' }] } }
      log.info({ ...fields, Authorization: 'canary', token: 'canary', password_file: undefined }, 'a request')
      log.child({ secret: 'canary', nas: 'bras-1' }).info('a child')
    })
    expect(text).not.toContain('canary')
    expect(lines[0]).toMatchObject({ password: '[redacted]', deep: { list: [{ shared_secret: '[redacted]' }] } })
    expect(lines[1]).toMatchObject({ secret: '[redacted]', nas: 'bras-1' })
  })

  it('R36: keeps whoever chose a username from writing to the terminal', () => {
    const { text } = record((log) =>
      log.info(
        { username: 'a\u001b[2Jb\nc\u0000\u007f\u0085\u009b31m\u2028\u202Ed', list: ['\u001b]0;x\u0007'] },
        'rejected',
      ),
    )
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/)
    expect(text.trimEnd().split('\n')).toHaveLength(1)
    expect(text).toContain('\\\\u009b31m')
  })

  it('cuts long texts, long lists and deep structures', () => {
    const deep = { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } }
    const { lines } = record((log) => log.info({ username: 'x'.repeat(1000), list: Array(500).fill(1), deep }, 'long'))
    expect(lines[0]!.username).toBe(`${'x'.repeat(300)}… (1000 characters)`)
    expect(lines[0]!.list).toHaveLength(100)
    expect(JSON.stringify(lines[0]!.deep)).toContain('[deeper]')
  })

  it('prints BigInt, octets, dates and errors as something to read', () => {
    const { lines } = record((log) => {
      const failure = Object.assign(new Error('away'), { code: '57P01', detail: 'canary' })
      log.error({ error: failure, id: 2n ** 60n, octets: Buffer.from('canary'), at: new Date(0), none: null }, 'failed')
      log.error(new TypeError('alone'))
    })
    expect(lines[0]).toMatchObject({
      error: { type: 'Error', message: 'away', code: '57P01' },
      id: '1152921504606846976',
      octets: '<6 octets>',
      at: '1970-01-01T00:00:00.000Z',
      none: null,
    })
    expect(JSON.stringify(lines[0])).not.toContain('canary')
    expect(lines[1]).toMatchObject({ err: { type: 'TypeError', message: 'alone' }, msg: 'alone' })
  })

  it('never waits for a reader of standard output that has stopped: it drops and counts', async () => {
    const code = `import { createLogger, droppedLines } from ${JSON.stringify(path.resolve('src/log.ts'))}
      import { writeSync } from 'node:fs'
      const log = createLogger({ level: 'info' })
      let turns = 0
      const timer = setInterval(() => {
        for (let i = 0; i < 1000; i += 1) log.info({ text: 'x'.repeat(200) }, 'a line')
        if ((turns += 1) < 12) return
        clearInterval(timer)
        writeSync(2, String(droppedLines()))
        process.kill(process.pid, 'SIGKILL')
      }, 1)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let dropped = ''
    child.stderr.on('data', (chunk) => (dropped += String(chunk)))
    child.stdout.pause()
    await once(child, 'exit')
    expect(Number(dropped)).toBeGreaterThan(1_000)
  })
})

describe('a limiter', () => {
  it('lets one line through per time and key, and says how many it held back', () => {
    const clock = createTestClock(new Date(0))
    const limit = createLimiter({ perMs: 10_000, clock })
    expect(limit('192.0.2.1')).toBe(0)
    expect([limit('192.0.2.1'), limit('192.0.2.1')]).toEqual([undefined, undefined])
    expect(limit('192.0.2.2')).toBe(0)
    clock.advance(9_999)
    expect(limit('192.0.2.1')).toBeUndefined()
    clock.advance(1)
    expect(limit('192.0.2.1')).toBe(3)
    clock.advance(10_000)
    expect(limit('192.0.2.1')).toBe(0)
  })

  it('remembers no more than a thousand keys', () => {
    const limit = createLimiter({ perMs: 10_000, clock: createTestClock(new Date(0)) })
    for (let key = 0; key <= 1_000; key += 1) limit(String(key))
    expect(limit('1000')).toBeUndefined()
    expect(limit('0')).toBe(0)
  })
})
