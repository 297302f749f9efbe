// What every measurement leaves behind: lines on the terminal, and all of its figures as JSON in results/.

import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Result, Times } from './generator-orders.ts'

/** Writes figures to `results/`, with the machine and the time, and says where. */
export function writeResults(name: string, figures: Record<string, unknown>): void {
  const folder = fileURLToPath(new URL('./results/', import.meta.url))
  fs.mkdirSync(folder, { recursive: true })
  const at = new Date().toISOString()
  const file = path.join(folder, `${name}-${at.replace(/[:.]/g, '-')}.json`)
  fs.writeFileSync(file, `${JSON.stringify({ at, machine: machine(), ...figures }, undefined, 2)}\n`)
  say(`every figure: ${path.relative(process.cwd(), file)}`)
}

/** Cores, load average of the last minute and the version of Node. */
function machine(): string {
  const cpus = os.cpus()
  return `${cpus.length} × ${cpus[0]?.model ?? 'unknown'}, load ${os.loadavg()[0]?.toFixed(1)}; Node ${process.version}`
}

/** What a limit came to, as a word. */
export function verdict(isMet: boolean): 'met' | 'MISSED' {
  return isMet ? 'met' : 'MISSED'
}

/** `p50`, `p99`, `p99.9` and the longest in milliseconds; of no requests: dashes. */
export function timesText(times: Times | undefined): string {
  const cells = [times?.p50Ms, times?.p99Ms, times?.p999Ms, times?.worstMs]
  return cells.map((ms) => (ms?.toFixed(1) ?? '-').padStart(8)).join('')
}

/** What no run may have, and what it may. */
export function faultsText({ lost, wrong, retransmissions }: Result): string {
  return `${lost} lost, ${wrong} wrong, ${retransmissions} sent again`
}

/** A line on the terminal. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
