// Lines that must never hold anybody up: bounded while nobody reads, dropped where the output breaks, given up at the end.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, constants, readSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createLineOutput } from '../src/log-output.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-log-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Both ends of a pipe of our own, neither of which blocks. */
function openPipe(name: string): { reader: number; writer: number } {
  const file = join(directory, name)
  execFileSync('mkfifo', [file])
  const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  return { reader, writer: openSync(file, constants.O_WRONLY | constants.O_NONBLOCK) }
}

/** What can be read now. */
function readAll(fd: number): string {
  const buffer = Buffer.alloc(4 * 1024 * 1024)
  let text = ''
  try {
    for (let got = 1; got > 0;) {
      got = readSync(fd, buffer)
      text += buffer.toString('utf8', 0, got)
    }
  } catch {
    // Nothing more for now.
  }
  return text
}

test('writes lines to a file in their order, and at the end what still waits', () => {
  const file = join(directory, 'lines')
  const output = createLineOutput(openSync(file, 'w'))
  const lines = Array.from({ length: 1_000 }, (_, at) => `line ${at} – ü\n`)
  for (const line of lines) output.write(line)
  output.end()
  output.write('too late\n')
  // What was on its way when it ended may be there twice; nothing is missing, and nothing came after its end.
  const text = readFileSync(file, 'utf8')
  expect(text.endsWith(lines.slice(1).join(''))).toBe(true)
  expect(text).toContain(lines[0])
  expect(output.dropped()).toBe(1)
})

test('a reader who stopped costs 1 MiB and then lines; who reads again gets what waited, whole and in order', async () => {
  const { reader, writer } = openPipe('stopped')
  const output = createLineOutput(writer)
  const line = (at: number): string => `${String(at).padStart(6, '0')} ${'x'.repeat(92)}\n`
  for (let at = 0; at < 20_000; at += 1) {
    output.write(line(at))
    if (at % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(output.dropped()).toBeGreaterThan(5_000)
  let text = ''
  await expect
    .poll(
      () => {
        text += readAll(reader)
        return text.split('\n').length - 1
      },
      { timeout: 15_000 },
    )
    .toBe(20_000 - output.dropped())
  const numbers = text
    .split('\n')
    .slice(0, -1)
    .map((each) => Number(each.slice(0, 6)))
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  expect(
    text
      .split('\n')
      .slice(0, -1)
      .every((each) => each.length === 99),
  ).toBe(true)
  output.end()
  closeSync(reader)
})

test('a disk that is full drops lines and counts them, and holds up neither the work nor the end', async () => {
  const output = createLineOutput(openSync('/dev/full', 'w'))
  for (let at = 0; at < 10; at += 1) output.write('a line\n')
  await expect.poll(() => output.dropped()).toBe(10)
  output.write('another\n')
  const askedAt = performance.now()
  output.end()
  expect(performance.now() - askedAt).toBeLessThan(2_000)
})

test.each([
  ['when it is told to', 'setTimeout(() => process.exit(3), 300)'],
  ['when it has nothing left to do', 'process.exitCode = 3'],
])('F31: a process whose output nobody reads ends %s', async (_when, end) => {
  const text = `import { createLogger } from ${JSON.stringify(new URL('../src/log.ts', import.meta.url).href)}
    const log = createLogger({ level: 'info' })
    for (let at = 0; at < 5000; at += 1) log.info({ text: 'x'.repeat(100) }, 'a line')
    ${end}`
  // Whoever has the other end of the pipe never reads, and ends later than the process should.
  const shell = 'exec "$0" --input-type=module --eval "$1" > >(exec sleep 8)'
  const child = spawn('bash', ['-c', shell, process.execPath, text], { stdio: 'ignore' })
  const begun = performance.now()
  const [code] = (await once(child, 'exit')) as [number]
  expect(code).toBe(3)
  expect(performance.now() - begun).toBeLessThan(8_000)
})
