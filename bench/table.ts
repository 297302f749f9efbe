// The table that a benchmark prints: a line for each work, window and server, and the ratios of runs that stood side by side.

import { ours } from './measure.ts'
import type { Ratios, Spread, Summary } from './measure.ts'

const about = ['work', 'server', 'window']
const costs = ['req/s', 'CPU µs', 'server', 'postgres', 'generator']
const times = ['p50 ms', 'p99 ms', 'p99.9 ms']
const head = [...about, ...costs, ...times, 'lost', 'wrong', 'again', 'peak MiB']

/** Aligned columns, then a line for each server that Gatehouse stood beside. */
export function table(summaries: readonly Summary[]): string {
  const rows = summaries.flatMap(({ work, window, servers }) =>
    Object.entries(servers).map(([name, one]) => {
      const cpu = [one.serverCpuUs + one.postgresCpuUs, one.serverCpuUs, one.postgresCpuUs, one.generatorCpuUs]
      const waits = [one.p50Ms, one.p99Ms, one.p999Ms].map((ms) => ms.toFixed(2))
      // What a storm gives up and begins anew is a request that nobody answered.
      const rest = [one.lost + one.anew, one.wrong, one.retransmissions, Math.round(one.memoryMiB)].map(String)
      return [work, name, String(window), one.rate.toFixed(0), ...cpu.map((us) => us.toFixed(0)), ...waits, ...rest]
    }),
  )
  const ratios = summaries.flatMap((summary) =>
    Object.entries(summary.beside).map(([name, one]) => ratioLine(summary, name, one)),
  )
  return [...align([head, ...rows]), ...ratios].join('\n')
}

function ratioLine({ work, window }: Summary, other: string, { rate, cpu, p50, p99 }: Ratios): string {
  const much = `${rangeText(rate)} times as many as ${other}, with 1/${rangeText(cpu)} of the CPU a request`
  return `${work} w${window}: ${ours} answers ${much}; its p50 is ${p50.median.toFixed(2)}, its p99 ${p99.median.toFixed(2)} of the other's`
}

/** Median and range; of small ones a digit more. */
export function rangeText({ median, minimum, maximum }: Spread): string {
  const digits = median < 2 ? 2 : 1
  return `${median.toFixed(digits)} (${minimum.toFixed(digits)} to ${maximum.toFixed(digits)})`
}

/** Columns as wide as their widest cell; the first two to the left. */
export function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '),
  )
}
