// The accounting journal on disks that are really full and kernels that really say EIO: F26 on a small tmpfs in a mount namespace of
// its own, F27 by strace. Both print why they say nothing where the right or the tool is missing; with CI set that fails.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { FillReport } from '../support/journal-fill-process.ts'
import { useDirectories } from '../support/journal.ts'
import { range } from '../support/numbered-records.ts'
import { findTools, hasMountNamespace, isInsistent, namespaceArguments, needTools } from '../support/tools.ts'

const newDirectory = useDirectories()
const program = fileURLToPath(new URL('../support/journal-fill-process.ts', import.meta.url))

function fill(command: string, args: readonly string[]): FillReport {
  // One thread for the file system: strace counts the calls of each thread by itself.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', env, maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.slice(-2_000)}`)
  return JSON.parse(stdout) as FillReport
}

describe('F26: the disk of the journal is full', () => {
  it('on an 8 MB tmpfs: what was acknowledged is there to the last record, and room that is freed is used again', () => {
    if (!hasMountNamespace()) return void process.stdout.write('F26 not tried: no mount namespace for this one\n')
    const directory = newDirectory()
    const script = `mount -t tmpfs -o size=8m none '${directory}' && exec "$@"`
    const run = [process.execPath, program, `${directory}/journal`, String(2 ** 40), '100000']
    const report = fill('unshare', [...namespaceArguments(), 'sh', '-c', script, 'sh', ...run])
    expect(report.refusal).toBe('JournalFullError')
    expect(report.troubles.filter((kind) => kind === 'full')).toEqual(['full'])
    expect(report.read).toEqual(report.acknowledged)
    // Nearly all of the disk was used before the first refusal.
    expect(report.acknowledged.length * 1_000).toBeGreaterThan(6_500_000)
    expect(report.takesAgain).toBe(true)
    process.stdout.write(`F26: ${report.acknowledged.length} records acknowledged on 8 MB, all read again\n`)
  })
})

describe('F27: the kernel answers fdatasync with EIO', () => {
  const canTrace = isInsistent() || findTools('strace') !== undefined
  const strace = () => needTools('strace').file('usr/bin/strace')
  const trace = (when: string) => [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'trace=fdatasync',
    '-e',
    `inject=fdatasync:error=EIO:when=${when}`,
  ]

  it.each([...range(1, 20).map((n) => n * 7), 3, 4, 5])(
    'at the %i. call: nothing that was acknowledged is lost',
    { timeout: 60_000 },
    (when) => {
      if (!canTrace) return void process.stdout.write('F27 not tried: no strace here\n')
      const args = [process.execPath, program, newDirectory(), String(2 ** 40), '400']
      const report = fill(strace(), [...trace(String(when)), ...args])
      const owed = new Set(report.acknowledged)
      expect(report.read.filter((n) => owed.has(n))).toEqual(report.acknowledged)
      expect(new Set(report.read).size).toBe(report.read.length)
      expect(report.acknowledged.length).toBeGreaterThan(0)
    },
  )

  it('at every call from one on: the journal refuses, and what it took before is there', { timeout: 60_000 }, () => {
    if (!canTrace) return void process.stdout.write('F27 not tried: no strace here\n')
    const args = [process.execPath, program, newDirectory(), String(2 ** 40), '4000']
    const report = fill(strace(), [...trace('30..90'), ...args])
    expect(report.refusal).toBe('JournalWriteError')
    expect(report.troubles).toContain('write-failed')
    expect(report.read.slice(0, report.acknowledged.length)).toEqual(report.acknowledged)
  })
})
