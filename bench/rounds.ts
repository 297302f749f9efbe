// Servers that take turns, in an order that turns from round to round: what the machine does meanwhile meets them all.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Orders } from './generator-orders.ts'
import { cpuOf, measure } from './measure.ts'
import type { Run } from './measure.ts'
import type { Server } from './process.ts'
import { faultsText, say } from './results.ts'

/**
 * Before it counts, what is compiled at run time must have been, and caches must be full: at 12,000 logins a second each of 100,000
 * subscribers was asked for once after 8 s.
 */
export const warmupSeconds = 10
/** What the run before left to write is not the next one's. */
const pauseMs = 1_000

/** A server and what it is asked. */
export type Turn = {
  server: Server
  load: Pick<Orders, 'work' | 'secret' | 'window' | 'seconds' | 'subscribers' | 'patienceMs'>
}

/** Runs every case, each with its servers, in so many rounds, and prints a line for each run. */
export async function runRounds(
  count: number,
  cases: readonly (readonly Turn[])[],
  { postgresPid, folder }: { postgresPid: number; folder: string },
): Promise<Run[]> {
  const runs: Run[] = []
  for (let round = 0; round < count; round += 1) {
    for (const [at, turns] of cases.entries()) {
      for (const { server, load } of (round + at) % 2 === 0 ? turns : turns.toReversed()) {
        const orders = { ...load, warmupSeconds, run: runs.length + 1 }
        const run = await measure(server, postgresPid, orders, round, folder)
        runs.push(run)
        const figures = `${Math.round(run.rate)}/s, ${cpuOf(run).toFixed(0)} µs, ${faultsText(run)}`
        say(`${round + 1} ${run.work} w${run.window} ${run.server}: ${figures}`)
        await sleep(pauseMs)
      }
    }
  }
  return runs
}
