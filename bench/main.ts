// `npm run bench`: FreeRADIUS and Gatehouse in turns on one Postgres, by the method of README.md beside this file, and other
// measurements by their first word. Takes minutes; never run by the tests.

import { compare } from './compare.ts'
import type { Comparison } from './compare.ts'
import type { Undo } from './crowd.ts'
import { benchEnforce } from './enforce.ts'
import { variants } from './freeradius.ts'
import { works } from './generator-orders.ts'
import { benchGrowth } from './growth.ts'
import { benchList } from './list.ts'
import { benchMemory } from './memory.ts'
import { benchOffice } from './office.ts'
import { readOptions, wholeNumber } from './options.ts'
import { benchPanel } from './panel.ts'
import { say, writeResults } from './results.ts'
import { benchSnapshot } from './snapshot.ts'
import { benchSteady } from './steady.ts'
import { benchStorm } from './storm.ts'
import { table } from './table.ts'
import { benchTargets } from './targets.ts'

const usage = `npm run bench -- [--rounds 3] [--seconds 5] [--window 64,…] [--subscribers 100000] [--session-limit]
  [--work ${works.join(',')}] [--beside ${variants.join(',')}]
npm run bench -- targets [--rounds 5] [--seconds 4] [--subscribers 100000] [--session-limit]
npm run bench -- list [--subscribers 1000000] [--rounds 3] [--keep FOLDER]
npm run bench -- office [--subscribers 1000000] [--work quiet,csv,xlsx,import,block,undo] [--keep FOLDER]
npm run bench -- panel [--subscribers 1000000] [--rounds 20] [--rows 20000] [--keep FOLDER]
npm run bench -- enforce [--small]
npm run bench -- snapshot [--subscribers 200000] [--keep FOLDER]
npm run bench -- steady [--subscribers 1000000] [--minutes 10] [--per-second N] [--lines 100000] [--phases upkeep,jobs,export,bulk] [--keep FOLDER]
npm run bench -- storm [--subscribers 50000] [--window 1024]
npm run bench -- memory [--subscribers 1000000] [--sessions 100000] [--minutes 10] [--per-second 2000] [--keep FOLDER]
npm run bench -- growth [--few 10000] [--many 1000000] [--sessions 2000000] [--rounds 5] [--seconds 5] [--window 64] [--keep FOLDER]
`
const undo: Undo = []
process.once('SIGINT', () => void end(130))
process.once('SIGTERM', () => void end(143))
/** Measurements of their own, by the first word. */
const others: Record<string, (undo: Undo) => Promise<void>> = {
  targets: benchTargets,
  list: benchList,
  office: benchOffice,
  panel: benchPanel,
  enforce: benchEnforce,
  snapshot: benchSnapshot,
  steady: benchSteady,
  storm: benchStorm,
  memory: benchMemory,
  growth: benchGrowth,
}
await (others[process.argv[2] ?? ''] ?? main)(undo).then(
  () => end(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return end(1)
  },
)

/** The works and windows that are asked for, beside the variants that are asked for. */
async function main(undone: Undo): Promise<void> {
  const comparison = readComparison()
  const { method, importSeconds, summaries, runs } = await compare(comparison, undone)
  say(`\n${method}\n${table(summaries)}`)
  say(`${comparison.subscribers} subscribers imported in ${importSeconds.toFixed(1)} s`)
  writeResults('compare', { method, importSeconds, summaries, runs })
}

function readComparison(): Comparison {
  const options = {
    rounds: 3,
    seconds: 5,
    window: '64',
    subscribers: 100_000,
    // `evening` is for an open loop.
    work: works.filter((work) => work !== 'evening').join(','),
    beside: 'stock',
    'session-limit': false,
  } as const
  const { window, work, beside, 'session-limit': sessionLimit, ...size } = readOptions(options, process.argv.slice(2))
  const windows = window.split(',').map((one) => wholeNumber('window', one))
  const chosen = namesOf('work', work.split(','), works)
  const variantsBeside = namesOf('beside', beside === '' ? [] : beside.split(','), variants)
  const cases = chosen.flatMap((one) =>
    windows.map((requests) => ({
      work: one,
      window: requests,
      // The users file knows who may log in; it records nothing.
      beside: variantsBeside.filter((variant) => variant !== 'users' || one.startsWith('auth-')),
    })),
  )
  return { ...size, sessionLimit, cases }
}

/** The names of an option. Throws the usage where one is unknown. */
function namesOf<Name extends string>(option: string, names: readonly string[], known: readonly Name[]): Name[] {
  return names.map((name) => {
    const found = known.find((one) => one === name)
    if (found === undefined) throw new Error(`--${option} has no "${name}"\n${usage}`)
    return found
  })
}

async function end(code: number): Promise<void> {
  for (const step of undo.splice(0).toReversed()) await step()
  process.exitCode = code
}
