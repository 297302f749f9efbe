// One run of the generator against one server, with the CPU that the server and Postgres used meanwhile; and what many runs
// come to: medians, and ratios between the two servers of the same round.

import type { Orders, Result } from './generator-orders.ts'
import { nativeGenerator, runNative } from './native-generator.ts'
import { cpuSeconds } from './process.ts'
import type { Server } from './process.ts'

export type Run = Result & {
  work: string
  server: string
  round: number
  /** Requests answered in a second. */
  rate: number
  /** CPU microseconds a request, of the server with its children and of all Postgres processes. */
  serverCpuUs: number
  postgresCpuUs: number
}

/** Runs the generator once, compiled into `folder` where it can be. Throws when it ends without a result. */
export async function measure(
  server: Server,
  postgresPid: number,
  orders: Omit<Orders, 'authPort' | 'acctPort' | 'replySigned'>,
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
  const result = await runNative(nativeGenerator(folder), complete, (kind) => sample(kind === 'begin' ? -1 : 1))
  const perRequest = (seconds: number): number => (seconds / result.requests) * 1e6
  return {
    ...result,
    work: orders.work,
    server: server.name,
    round,
    rate: result.requests / result.seconds,
    serverCpuUs: perRequest(used.server),
    postgresCpuUs: perRequest(used.postgres),
  }
}

export type Summary = {
  work: string
  /** By name of the server. */
  servers: Record<string, Medians>
  /** Of the second server to the first, by round. */
  rateRatio: Spread
  /** CPU of the first to the second, server and Postgres together. */
  cpuRatio: Spread
}
export type Spread = { median: number; minimum: number; maximum: number }
type Medians = Record<'rate' | 'serverCpuUs' | 'postgresCpuUs' | 'generatorCpuUs' | 'p50Ms' | 'p99Ms', number> &
  Record<'retransmissions' | 'lost' | 'wrong', number>

/** Medians of each server, and the spread of the ratios of runs that stood side by side. */
export function summarise(work: string, runs: readonly Run[], names: readonly [string, string]): Summary {
  const of = (name: string): Run[] => runs.filter((run) => run.work === work && run.server === name)
  const [base, ours] = [of(names[0]), of(names[1])]
  const paired = (ratio: (base: Run, ours: Run) => number): Spread =>
    spread(base.flatMap((one) => ours.filter((other) => other.round === one.round).map((other) => ratio(one, other))))
  const cpu = (run: Run): number => run.serverCpuUs + run.postgresCpuUs
  return {
    work,
    servers: { [names[0]]: medians(base), [names[1]]: medians(ours) },
    rateRatio: paired((one, other) => other.rate / one.rate),
    cpuRatio: paired((one, other) => cpu(one) / cpu(other)),
  }
}

function medians(runs: readonly Run[]): Medians {
  const median = (value: (run: Run) => number): number => spread(runs.map(value)).median
  const sum = (value: (run: Run) => number): number => runs.reduce((total, run) => total + value(run), 0)
  return {
    rate: median((run) => run.rate),
    serverCpuUs: median((run) => run.serverCpuUs),
    postgresCpuUs: median((run) => run.postgresCpuUs),
    generatorCpuUs: median((run) => (run.generatorCpuSeconds / run.requests) * 1e6),
    p50Ms: median((run) => run.p50Ms),
    p99Ms: median((run) => run.p99Ms),
    retransmissions: sum((run) => run.retransmissions),
    lost: sum((run) => run.lost),
    wrong: sum((run) => run.wrong),
  }
}

/** The median (of an even number the mean of the middle two) and the range; NaN of nothing. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const median = ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
  return { median, minimum: sorted[0] ?? Number.NaN, maximum: sorted.at(-1) ?? Number.NaN }
}
