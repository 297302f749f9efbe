// The generator in C (generator.c): compiled where the machine has a C compiler, driven by its standard input and output. It
// does what generator.ts does, but for MS-CHAPv2, at a fifth of the CPU.

import { execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FromGenerator, Orders, Result, Work } from './generator-orders.ts'
import { statuses, templateLine } from './packets.ts'

const works: readonly Work[] = ['auth-pap', 'auth-chap', 'acct-mix', 'storm']

/** The program for a work, compiled into a folder once; undefined where it is not its work or there is no compiler. */
export function nativeGenerator(work: Work, folder: string): string | undefined {
  if (!works.includes(work)) return undefined
  const program = path.join(folder, 'generator')
  if (fs.existsSync(program)) return program
  const source = fileURLToPath(new URL('./generator.c', import.meta.url))
  try {
    execFileSync('cc', ['-O2', '-o', program, source], { stdio: 'pipe' })
    return program
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Runs the program once; `heard` is told when the measured time begins and ends. Throws when it ends without a result. */
export async function runNative(
  program: string,
  orders: Orders,
  heard: (message: Extract<FromGenerator, { kind: 'begin' | 'end' }>) => void,
): Promise<Result> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`the generator ended (${code}) without a result`)))
  })
  const result = new Promise<Result>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line === 'begin' || line === 'end') heard({ kind: line })
      else if (line.startsWith('result ')) resolve(JSON.parse(line.slice('result '.length)) as Result)
    })
  })
  child.stdin.end(orderLines(orders))
  return Promise.race([result, ended])
}

function orderLines(orders: Orders): string {
  const { work, secret, authPort, acctPort, replySigned, window, subscribers, run, warmupSeconds, seconds } = orders
  const numbers = [authPort, acctPort, Number(replySigned), window, subscribers, run, warmupSeconds, seconds]
  const records = Object.values(statuses).map((status) => `record${status} ${templateLine(status)}`)
  const login = `login ${templateLine(work === 'auth-chap' ? 'chap' : 'pap')}`
  return [`work ${work}`, `secret ${secret}`, `numbers ${numbers.join(' ')}`, login, ...records, ''].join('\n')
}
