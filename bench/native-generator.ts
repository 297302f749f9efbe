// The generator in C (generator/): compiled once a process, driven by its standard input and output.

import { execFileSync, spawn } from 'node:child_process'
import * as path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Orders, Result, Work } from './generator-orders.ts'
import { accountingOn, loginLine, recordLine, statuses } from './packets.ts'
import type { Method } from './packets.ts'

const methods: Partial<Record<Work, Method>> = {
  'auth-chap': 'chap',
  'auth-mschapv2': 'mschapv2',
  'auth-ipoe': 'line',
}
const defaults = { patienceMs: 1_000, tries: 5 }

let compiled: string | undefined

/**
 * The path of the program. The first call compiles it into its folder: what lies in a kept one may be older. Throws with a sentence
 * where there is no C compiler.
 */
export function nativeGenerator(folder: string): string {
  if (compiled !== undefined) return compiled
  const program = path.join(folder, 'generator')
  const source = fileURLToPath(new URL('./generator/generator.c', import.meta.url))
  try {
    execFileSync('cc', ['-O2', '-o', program, source], { stdio: 'pipe' })
    return (compiled = program)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error('the load generator needs a C compiler: apt install gcc libc6-dev', { cause: error })
  }
}

/** What is told on the way: its Accounting-On is answered, or given up, and the work waits; the measured time begins and ends. */
export type Heard = (message: 'restarted' | 'begin' | 'end') => void | Promise<void>

/** Runs the program once; the work waits for what `heard` does at `restarted`. Throws when it ends without a result. */
export async function runNative(program: string, orders: Orders, heard: Heard): Promise<Result> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  // A benchmark that is broken off must not leave its load behind.
  const stop = () => child.kill()
  process.once('exit', stop)
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      process.off('exit', stop)
      reject(new Error(`the generator ended (${code}) without a result`))
    })
  })
  const result = new Promise<Result>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line === 'begin' || line === 'end') void heard(line)
      else if (line === 'restarted') void Promise.resolve(heard(line)).then(() => child.stdin.end('\n'))
      else if (line.startsWith('result ')) resolve(JSON.parse(line.slice('result '.length)) as Result)
    })
  })
  child.stdin.write(orderLines(orders))
  return Promise.race([result, ended])
}

function orderLines(orders: Orders): string {
  const { work, secret, authPort, acctPort, replySigned, window, subscribers, run } = orders
  const { warmupSeconds, seconds, perSecond = 0, patienceMs = defaults.patienceMs, tries = defaults.tries } = orders
  const place = [authPort, acctPort, Number(replySigned), window, tries, subscribers, run]
  const numbers = [...place, warmupSeconds, seconds, perSecond, patienceMs / 1000]
  const login = loginLine(methods[work] ?? 'pap')
  const records = [...Object.values(statuses), accountingOn].map(
    (status) => `record${status} ${recordLine(status, work === 'auth-ipoe')}`,
  )
  return [
    `work ${work}`,
    `secret ${secret}`,
    `numbers ${numbers.join(' ')}`,
    `login ${login}`,
    ...records,
    '',
    '',
  ].join('\n')
}
