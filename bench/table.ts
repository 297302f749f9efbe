// The table that a benchmark prints: a line for each work and server, and the ratios of runs that stood side by side.

import type { Spread, Summary } from './measure.ts'

const head = [
  'work',
  'server',
  'req/s',
  'CPU µs',
  'server',
  'postgres',
  'generator',
  'p50 ms',
  'p99 ms',
  'lost',
  'wrong',
  'again',
]

/** Aligned columns; `names` in the order of the servers. */
export function table(summaries: readonly Summary[], names: readonly [string, string]): string {
  const rows = summaries.flatMap(({ work, servers }) =>
    [...new Set(names)].map((name) => {
      const one = servers[name]!
      const cpu = [one.serverCpuUs + one.postgresCpuUs, one.serverCpuUs, one.postgresCpuUs, one.generatorCpuUs]
      const times = [one.p50Ms.toFixed(2), one.p99Ms.toFixed(2)]
      const faults = [one.lost, one.wrong, one.retransmissions].map(String)
      return [work, name, one.rate.toFixed(0), ...cpu.map((value) => value.toFixed(0)), ...times, ...faults]
    }),
  )
  const ratios = names[0] === names[1] ? [] : summaries.map((summary) => ratioLine(summary, names[1]))
  return [...align([head, ...rows]), ...ratios].join('\n')
}

function ratioLine({ work, rateRatio, cpuRatio }: Summary, name: string): string {
  return `${work}: ${name} answers ${range(rateRatio)} times as many, with 1/${range(cpuRatio)} of the CPU a request`
}

function range({ median, minimum, maximum }: Spread): string {
  return `${median.toFixed(1)} (${minimum.toFixed(1)} to ${maximum.toFixed(1)})`
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '),
  )
}
