// A server under measurement as a process: waited for until it answers Status-Server, its CPU read from /proc, ended.

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecret } from '../src/radius/authenticator.ts'
import { createRadiusClient } from '../src/radius/client.ts'
import { codes } from '../src/radius/codes.ts'

export type Server = {
  name: string
  /** Its processes are this one and all its descendants. */
  pid: number
  authPort: number
  acctPort: number
  /** Whether its replies must carry Message-Authenticator to count as right. */
  replySigned: boolean
  /** Whose memory counts: what answers packets. */
  memoryPids(): number[]
  close(): Promise<void>
}

/** Clock ticks of /proc/PID/stat in a second: USER_HZ, the same on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Waits until a server answers Status-Server. Throws after 20 s or when its process has ended. */
export async function waitForRadius(input: { port: number; secret: string; gone: ChildProcess }): Promise<void> {
  const client = createRadiusClient({ now: () => performance.now() })
  const deadline = performance.now() + 20_000
  try {
    while (performance.now() < deadline) {
      if (input.gone.exitCode !== null || input.gone.signalCode !== null) throw new Error('it ended')
      const outcome = await client.exchange({
        address: '127.0.0.1',
        port: input.port,
        secret: createSecret(input.secret),
        code: codes.statusServer,
        attributes: Buffer.alloc(0),
        replyMessageAuthenticator: 'if-present',
        timeoutMs: 200,
        tries: 1,
      })
      if (outcome.kind === 'reply') return
      await sleep(50)
    }
    throw new Error('no answer to Status-Server within 20 s')
  } finally {
    client.close()
  }
}

/** Asks a process to end and waits; kills it after 10 s. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const hurry = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(hurry)
}

/** Seconds of CPU, user and system, that a process and its descendants have used so far. Ended children count too. */
export function cpuSeconds(pid: number): number {
  return [pid, ...descendants(pid)].reduce((sum, one) => sum + (readStat(one)?.ticks ?? 0), 0) / ticksPerSecond
}

/** The largest resident memory of one process so far, in MiB. */
export function peakMemoryMiB(pid: number): number {
  return memoryMiB(pid, 'VmHWM')
}

/** The resident memory of one process now, in MiB. */
export function residentMiB(pid: number): number {
  return memoryMiB(pid, 'VmRSS')
}

function memoryMiB(pid: number, line: string): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${line}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
}

/** Every process below another. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number[]>()
  for (const name of fs.readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined
    if (stat !== undefined) parents.set(stat.parent, [...(parents.get(stat.parent) ?? []), Number(name)])
  }
  const found: number[] = []
  for (let queue = [pid]; queue.length > 0;) {
    queue = queue.flatMap((one) => parents.get(one) ?? [])
    found.push(...queue)
  }
  return found
}

/** The command line of a process, `''` when it is gone. */
export function commandLine(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function readStat(pid: number): { parent: number; ticks: number } | undefined {
  try {
    // The name in parentheses may hold anything; what follows it is numbers. proc(5): ppid is 4, utime to cstime are 14 to 17.
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return { parent: fields[1]!, ticks: fields[11]! + fields[12]! + fields[13]! + fields[14]! }
  } catch {
    return undefined
  }
}
