// `npm run bench -- targets`: what Gatehouse must reach beside FreeRADIUS, all in one run, each figure with what it came to.

import { compare } from './compare.ts'
import type { Case } from './compare.ts'
import type { Undo } from './crowd.ts'
import { freeradiusName } from './freeradius.ts'
import type { Variant } from './freeradius.ts'
import type { Work } from './generator-orders.ts'
import { ours } from './measure.ts'
import type { Ratios, Spread, Summary } from './measure.ts'
import { readOptions } from './options.ts'
import { say, writeResults } from './results.ts'
import { align, rangeText, table } from './table.ts'

/** Medians of paired ratios: `rate` and `cpu` at least, `p50` and `p99` at most. Without `must` it is only told. */
type Target = {
  work: Work
  window: number
  beside: Variant
  figure: keyof Ratios
  must?: number | undefined
  aim?: number | undefined
}

const targets: readonly Target[] = [
  { work: 'auth-pap', window: 64, beside: 'stock', figure: 'rate', must: 8, aim: 12 },
  { work: 'auth-chap', window: 64, beside: 'stock', figure: 'rate', must: 8, aim: 12 },
  { work: 'auth-mschapv2', window: 64, beside: 'stock', figure: 'rate', must: 6, aim: 10 },
  { work: 'auth-pap', window: 64, beside: 'tuned', figure: 'rate', must: 3.5, aim: 5 },
  { work: 'acct-start', window: 64, beside: 'stock', figure: 'rate', must: 4, aim: 6 },
  { work: 'acct-interim', window: 64, beside: 'stock', figure: 'rate', must: 4, aim: 6 },
  { work: 'acct-stop', window: 64, beside: 'stock', figure: 'rate', must: 4, aim: 6 },
  { work: 'acct-mix', window: 64, beside: 'stock', figure: 'rate', must: 4, aim: 6 },
  { work: 'acct-mix', window: 256, beside: 'stock', figure: 'rate', must: 5, aim: 7 },
  { work: 'auth-pap', window: 1, beside: 'stock', figure: 'rate', must: 2.5, aim: 4 },
  { work: 'acct-mix', window: 1, beside: 'stock', figure: 'rate', must: 1.3, aim: 1.7 },
  { work: 'storm', window: 512, beside: 'stock', figure: 'rate', must: 8, aim: 12 },
  { work: 'auth-pap', window: 64, beside: 'stock', figure: 'cpu', must: 9, aim: 15 },
  { work: 'auth-chap', window: 64, beside: 'stock', figure: 'cpu', must: 9, aim: 15 },
  { work: 'acct-mix', window: 64, beside: 'stock', figure: 'cpu', must: 5, aim: 8 },
  { work: 'auth-pap', window: 64, beside: 'stock', figure: 'p99', must: 0.5 },
  { work: 'auth-chap', window: 64, beside: 'stock', figure: 'p99', must: 0.5 },
  { work: 'auth-mschapv2', window: 64, beside: 'stock', figure: 'p99', must: 0.5 },
  { work: 'acct-start', window: 64, beside: 'stock', figure: 'p99', must: 0.5 },
  { work: 'acct-interim', window: 64, beside: 'stock', figure: 'p99', must: 0.5 },
  { work: 'acct-stop', window: 64, beside: 'stock', figure: 'p99', must: 0.5 },
  { work: 'acct-mix', window: 64, beside: 'stock', figure: 'p99', must: 0.5 },
  { work: 'auth-pap', window: 1, beside: 'stock', figure: 'p50', must: 1 },
  { work: 'acct-mix', window: 1, beside: 'stock', figure: 'p50', must: 1 },
  { work: 'auth-pap', window: 64, beside: 'users', figure: 'rate' },
]
/** Nothing is compared, but no packet may be lost or wrong either. */
const wide: readonly Case[] = [
  { work: 'auth-pap', window: 1024, beside: [] },
  { work: 'acct-mix', window: 1024, beside: [] },
]

/** Runs exactly the works that the targets name, prints the table and a line for each. Throws where a must is missed. */
export async function benchTargets(undo: Undo): Promise<void> {
  const options = { rounds: 5, seconds: 4, subscribers: 100_000, 'session-limit': false } as const
  const { 'session-limit': sessionLimit, ...size } = readOptions(options)
  const compared = await compare({ ...size, sessionLimit, cases: [...casesOf(targets), ...wide] }, undo)
  const judged = targets.map((target) => judge(target, compared.summaries))
  const faults = compared.summaries.filter(({ servers }) => {
    const { lost, anew, wrong } = servers[ours]!
    return lost + anew + wrong > 0
  })
  say(`\n${compared.method}\n${table(compared.summaries)}\n`)
  say(align([['work', 'beside', 'window', 'figure', 'measured', 'must', 'aim', ''], ...judged.map(cells)]).join('\n'))
  say(
    `lost or wrong: ${faults.length === 0 ? 'none' : faults.map(({ work, window }) => `${work} w${window}`).join(', ')}`,
  )
  writeResults('targets', { ...compared, judged })
  const missed = judged.filter(({ word }) => word === 'MISSED').length + faults.length
  if (missed > 0) throw new Error(`${missed} of what must be reached is missed`)
}

/** Every work and window once, beside all that a target names. */
function casesOf(all: readonly Target[]): Case[] {
  const byCase = Map.groupBy(all, ({ work, window }) => `${work} ${window}`)
  return [...byCase.values()].map((some) => ({
    work: some[0]!.work,
    window: some[0]!.window,
    beside: [...new Set(some.map(({ beside }) => beside))],
  }))
}

type Judged = Target & { measured: Spread; word: 'aim' | 'must' | 'MISSED' | '' }

/** What a target came to. */
export function judge(target: Target, summaries: readonly Summary[]): Judged {
  const { work, window, beside, figure, must, aim } = target
  const found = summaries.find((summary) => summary.work === work && summary.window === window)
  const measured = found!.beside[freeradiusName(beside)]![figure]
  const reaches = (bound: number | undefined): boolean =>
    bound !== undefined && (figure === 'rate' || figure === 'cpu' ? measured.median >= bound : measured.median <= bound)
  const word = must === undefined ? '' : reaches(aim) ? 'aim' : reaches(must) ? 'must' : 'MISSED'
  return { ...target, measured, word }
}

function cells({ work, window, beside, figure, measured, must, aim, word }: Judged): string[] {
  return [work, beside, String(window), figure, rangeText(measured), String(must ?? '-'), String(aim ?? '-'), word]
}
