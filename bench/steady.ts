// `npm run bench -- steady`: an evening at half of the highest rate over a million subscribers, while the database checkpoints and
// vacuums, the nightly jobs run, a million rows are exported and a hundred thousand subscribers are blocked: what logins feel.

import { setTimeout as sleep } from 'node:timers/promises'
import { createKysely, createPool } from '../src/db/pool.ts'
import type { Pool } from '../src/db/pool.ts'
import type { Database } from '../src/db/schema.ts'
import { openCrowd } from './crowd.ts'
import type { Crowd, Undo } from './crowd.ts'
import { serveGatehouse } from './gatehouse.ts'
import type { Times } from './generator-orders.ts'
import { measure } from './measure.ts'
import type { Run } from './measure.ts'
import { comeToTheEnd, runNightly } from './nightly.ts'
import { blockByFilter, exportFile, importFile, jobsDone, openOfficeApi, undoBulk } from './office-api.ts'
import type { OfficeApi } from './office-api.ts'
import { readOptions } from './options.ts'
import type { Server } from './process.ts'
import { faultsText, say, timesText, verdict, writeResults } from './results.ts'
import { warmupSeconds } from './rounds.ts'

const allPhases = ['upkeep', 'jobs', 'export', 'bulk'] as const
/** No login may wait longer, but for one in a thousand. */
const limitMs = 100
const checkpointEveryMs = 30_000
const vacuumEveryMs = 5_000
const vacuumed = [
  'session',
  'subscriber',
  'usage_period',
  'usage_hour',
  'access_log',
  'session_claim',
  'payer',
  'subscriber_live',
]

type Evening = { crowd: Crowd; server: Server; perSecond: number; seconds: number }
/** More than one run where its pieces of work outlast the first. */
type Piece = { before?: () => Promise<unknown>; work: () => Promise<unknown> }
type Phase = { name: string; runs: Run[]; pieces: { seconds: number; outcome: unknown }[] }

/** Runs it and prints a line for each phase. `undo` takes what must be ended when it is interrupted. */
export async function benchSteady(undo: Undo): Promise<void> {
  const options = readOptions({
    subscribers: 1_000_000,
    minutes: 10,
    'per-second': Number,
    /** As many are imported before, are renewed by the jobs, and are blocked; default a tenth of all. */
    lines: Number,
    phases: allPhases.join(','),
    keep: String,
  })
  const { subscribers: count, minutes, keep } = options
  const phases = allPhases.filter((name) => options.phases.split(',').includes(name))
  const crowd = await openCrowd(count, keep, undo)
  const server = await serveGatehouse(crowd)
  undo.push(() => server.close())
  const office = await openOfficeApi(crowd)
  await importFile(office, options.lines ?? Math.ceil(count / 10))
  await jobsDone(crowd.pool)
  const perSecond = options['per-second'] ?? (await halfOfTop(crowd, server))
  const seconds = (minutes * 60) / phases.length
  say(`${count} subscribers, ${perSecond} requests a second, ${phases.length} phases of ${seconds.toFixed(0)} s`)
  say(`phase       p50 ms     p99   p99.9   worst of logins; the same of accounting records`)
  const evening = { crowd, server, perSecond, seconds }
  const pieces = await piecesOf(crowd, office, undo)
  const done: Phase[] = []
  const stopUpkeep = keepUp(crowd, undo)
  for (const [at, name] of phases.entries()) done.push(await phase(evening, name, at, pieces[name]))
  const upkeep = await stopUpkeep()
  const runs = done.flatMap((one) => one.runs)
  const met = runs.every(isMet)
  const overall = { auth: worst(runs.map((run) => run.auth)), accounting: worst(runs.map((run) => run.accounting)) }
  say(`worst     ${timesText(overall.auth)} ${timesText(overall.accounting)}`)
  say(`meanwhile ${upkeep.checkpoints} checkpoints and ${upkeep.vacuums} tables vacuumed`)
  say(`p99.9 of logins below ${limitMs} ms in every phase, nothing lost, nothing wrong: ${verdict(met)}`)
  writeResults('steady', { subscribers: count, perSecond, phases: done, overall, upkeep, met })
}

/** Half of what a closed loop reaches, in requests a second. */
async function halfOfTop(crowd: Crowd, server: Server): Promise<number> {
  const { secret, subscribers, postgresPid, folder } = crowd
  const orders = { work: 'evening' as const, secret, subscribers, window: 64, warmupSeconds, seconds: 10, run: 100 }
  const run = await measure(server, postgresPid, orders, 0, folder)
  say(`the highest rate: ${Math.round(run.rate)} requests a second, ${faultsText(run)}`)
  return Math.round(run.rate / 2)
}

/** What the office does in each phase, again and again while there is time for it; `before`: what is no part of the phase. */
async function piecesOf(
  crowd: Crowd,
  office: OfficeApi,
  undo: Undo,
): Promise<Record<(typeof allPhases)[number], Piece | undefined>> {
  const pool = createPool(crowd.url, { name: 'bench nightly', max: 2, statementTimeoutMs: 0 })
  undo.push(() => pool.end())
  const db = createKysely<Database>(pool)
  return {
    upkeep: undefined,
    jobs: { before: () => comeToTheEnd(pool), work: () => runNightly({ pool, db, keyFile: crowd.folder }) },
    export: { work: () => exportFile(office, 'csv') },
    bulk: {
      async work() {
        const blocked = await blockByFilter(office)
        const undone = await undoBulk(office, blocked.id)
        return { block: blocked.counts, undo: undone.counts }
      },
    },
  }
}

async function phase(
  { crowd, server, perSecond, seconds }: Evening,
  name: string,
  round: number,
  piece: Piece | undefined,
): Promise<Phase> {
  await piece?.before?.()
  const { secret, subscribers, postgresPid, folder } = crowd
  const loop = { perSecond, window: 1024, warmupSeconds: 2, seconds }
  const orders = { work: 'evening' as const, secret, subscribers, ...loop }
  const busy = { pieces: piece !== undefined }
  const working = piece === undefined ? [] : repeat(piece.work, seconds).finally(() => (busy.pieces = false))
  // What fails is heard of when it is waited for.
  Promise.resolve(working).catch(() => undefined)
  const runs: Run[] = []
  do {
    const again = runs.length === 0 ? name : `${name} ${runs.length + 1}`
    const run = await measure(server, postgresPid, { ...orders, run: 101 + round * 20 + runs.length }, round, folder)
    runs.push(run)
    const times = `${timesText(run.auth)} ${timesText(run.accounting)}`
    say(`${again.padEnd(10)}${times}  ${faultsText(run)}: ${verdict(isMet(run))}`)
  } while (busy.pieces)
  const pieces = await working
  for (const { seconds: taken, outcome } of pieces) say(`  in ${taken.toFixed(1)} s: ${JSON.stringify(outcome)}`)
  return { name, runs, pieces }
}

function isMet({ auth, lost, wrong }: Run): boolean {
  return auth !== undefined && auth.p999Ms < limitMs && lost === 0 && wrong === 0
}

/** Once, and then as long as another one would end in time. */
async function repeat(work: () => Promise<unknown>, seconds: number): Promise<Phase['pieces']> {
  const done: Phase['pieces'] = []
  const until = performance.now() + seconds * 1000
  do {
    const begun = performance.now()
    const outcome = await work()
    done.push({ outcome, seconds: (performance.now() - begun) / 1000 })
  } while (performance.now() + done.at(-1)!.seconds * 1000 < until)
  return done
}

/** Checkpoints, and vacuums one table after the other at the pace and on the one core of autovacuum, until it is told to stop; then gives how many. */
function keepUp(crowd: Crowd, undo: Undo): () => Promise<{ checkpoints: number; vacuums: number }> {
  const pool = createPool(crowd.url, { name: 'bench upkeep', max: 2, statementTimeoutMs: 0 })
  undo.push(() => pool.end())
  const count = { checkpoints: 0, vacuums: 0 }
  const stop = new AbortController()
  const every = async (ms: number, work: () => Promise<unknown>): Promise<void> => {
    while (!stop.signal.aborted) {
      await work()
      await sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const loops = [
    every(checkpointEveryMs, async () => {
      await pool.query('checkpoint')
      count.checkpoints += 1
    }),
    every(vacuumEveryMs, async () => {
      await vacuum(pool, vacuumed[count.vacuums % vacuumed.length]!)
      count.vacuums += 1
    }),
  ]
  return async () => {
    stop.abort()
    await Promise.all(loops)
    return count
  }
}

async function vacuum(pool: Pool, table: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('set vacuum_cost_delay = 2')
    await client.query(`vacuum (analyze, parallel 0) ${table}`)
  } finally {
    client.release()
  }
}

/** The longest of each; undefined where there are none. */
function worst(all: readonly (Times | undefined)[]): Times | undefined {
  const some = all.filter((one) => one !== undefined)
  if (some.length === 0) return undefined
  const most = (of: (times: Times) => number): number => Math.max(...some.map(of))
  return {
    p50Ms: most(({ p50Ms }) => p50Ms),
    p99Ms: most(({ p99Ms }) => p99Ms),
    p999Ms: most(({ p999Ms }) => p999Ms),
    worstMs: most(({ worstMs }) => worstMs),
  }
}
