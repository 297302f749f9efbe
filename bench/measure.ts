// One run of the generator against one server, with the CPU that the server and Postgres used meanwhile; and what many runs
// come to: medians, and ratios between Gatehouse and another server of the same round.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Orders, Result } from './generator-orders.ts'
import { nativeGenerator, runNative } from './native-generator.ts'
import { cpuSeconds, peakMemoryMiB } from './process.ts'
import type { Server } from './process.ts'

export type Run = Result & {
  work: string
  window: number
  server: string
  round: number
  /** Requests answered in a second. */
  rate: number
  /** CPU microseconds a request, of the server with its children and of all Postgres processes. */
  serverCpuUs: number
  postgresCpuUs: number
  /** The most that was resident since the server began, of what answers packets. */
  memoryMiB: number
}

/** `rests`: whether the server may first bring to an end what an Accounting-On ended; else the work begins with its answer. */
export type WorkOrders = Omit<Orders, 'authPort' | 'acctPort' | 'replySigned'> & { rests?: boolean }

/** Runs the generator once; `folder` is where the first run compiles it. Throws when it ends without a result, or where there is no C compiler. */
export async function measure(
  server: Server,
  postgresPid: number,
  { rests = true, ...orders }: WorkOrders,
  round: number,
  folder: string,
): Promise<Run> {
  const { authPort, acctPort, replySigned } = server
  const complete: Orders = { ...orders, authPort, acctPort, replySigned }
  const used = { server: 0, postgres: 0 }
  const sample = (sign: 1 | -1): void => {
    used.server += sign * cpuSeconds(server.pid)
    used.postgres += sign * cpuSeconds(postgresPid)
  }
  const result = await runNative(nativeGenerator(folder), complete, (message) => {
    if (message !== 'restarted') sample(message === 'begin' ? -1 : 1)
    else if (rests) return comeToRest([server.pid, postgresPid])
  })
  const perRequest = (seconds: number): number => (seconds / result.requests) * 1e6
  return {
    ...result,
    work: orders.work,
    window: orders.window,
    server: server.name,
    round,
    rate: result.requests / result.seconds,
    serverCpuUs: perRequest(used.server),
    postgresCpuUs: perRequest(used.postgres),
    memoryMiB: server.memoryPids().reduce((sum, pid) => sum + peakMemoryMiB(pid), 0),
  }
}

const restsAfterMs = 30_000

/** Until the processes use less than a tenth of a core for half a second, or for so long. */
async function comeToRest(pids: readonly number[]): Promise<void> {
  const used = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const deadline = performance.now() + restsAfterMs
  for (let before = used(); performance.now() < deadline;) {
    await sleep(500)
    const now = used()
    if (now - before < 0.05) return
    before = now
  }
}

export type Spread = { median: number; minimum: number; maximum: number }

/** Of Gatehouse to another server, by runs of the same round: `cpu` of the other to ours (server and Postgres together). */
export type Ratios = { rate: Spread; cpu: Spread; p50: Spread; p99: Spread }

const measured = ['rate', 'serverCpuUs', 'postgresCpuUs', 'p50Ms', 'p99Ms', 'p999Ms', 'memoryMiB'] as const
const counted = ['retransmissions', 'lost', 'anew', 'wrong'] as const
type Medians = Record<(typeof measured)[number] | 'generatorCpuUs', number> & Record<(typeof counted)[number], number>

export type Summary = {
  work: string
  window: number
  /** By name of the server. */
  servers: Record<string, Medians>
  /** By name of the server that Gatehouse stands beside. */
  beside: Record<string, Ratios>
}

export const ours = 'Gatehouse'

/** What the runs of one work and window come to: medians of each server, and ratios of runs that stood side by side. */
export function summarise(work: string, window: number, all: readonly Run[]): Summary {
  const runs = all.filter((run) => run.work === work && run.window === window)
  const byServer = Map.groupBy(runs, ({ server }) => server)
  const own = byServer.get(ours) ?? []
  const others = [...byServer].filter(([name]) => name !== ours && own.length > 0)
  return {
    work,
    window,
    servers: Object.fromEntries([...byServer].map(([name, some]) => [name, medians(some)])),
    beside: Object.fromEntries(others.map(([name, some]) => [name, ratios(some, own)])),
  }
}

function ratios(others: readonly Run[], own: readonly Run[]): Ratios {
  const paired = (ratio: (other: Run, own: Run) => number): Spread =>
    spread(others.flatMap((other) => own.filter((run) => run.round === other.round).map((run) => ratio(other, run))))
  return {
    rate: paired((other, run) => run.rate / other.rate),
    cpu: paired((other, run) => cpuOf(other) / cpuOf(run)),
    p50: paired((other, run) => run.p50Ms / other.p50Ms),
    p99: paired((other, run) => run.p99Ms / other.p99Ms),
  }
}

/** CPU microseconds a request, of the server and Postgres together. */
export function cpuOf({ serverCpuUs, postgresCpuUs }: Run): number {
  return serverCpuUs + postgresCpuUs
}

function medians(runs: readonly Run[]): Medians {
  const median = (value: (run: Run) => number): number => spread(runs.map(value)).median
  const sum = (value: (run: Run) => number): number => runs.reduce((total, run) => total + value(run), 0)
  return {
    ...(Object.fromEntries(measured.map((name) => [name, median((run) => run[name])])) as Record<
      (typeof measured)[number],
      number
    >),
    generatorCpuUs: median((run) => (run.generatorCpuSeconds / run.requests) * 1e6),
    ...(Object.fromEntries(counted.map((name) => [name, sum((run) => run[name])])) as Record<
      (typeof counted)[number],
      number
    >),
  }
}

/** The median (of an even number the mean of the middle two) and the range; NaN of nothing. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const median = ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
  return { median, minimum: sorted[0] ?? Number.NaN, maximum: sorted.at(-1) ?? Number.NaN }
}
