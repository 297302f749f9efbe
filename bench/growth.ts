// `npm run bench -- growth`: what a request costs as the ISP grows: a login with many subscribers against few, an accounting
// record with years of ended sessions against none. Two databases in one Postgres, and two servers that take turns.

import * as fs from 'node:fs'
import * as path from 'node:path'
import { freeTcpPort, freeUdpPort } from '../src/cli/free-port.ts'
import { createPool } from '../src/db/pool.ts'
import { copyDatabase } from './crowd.ts'
import type { Undo } from './crowd.ts'
import { fillGatehouse, recreateDatabase, serveGatehouse, urlOf } from './gatehouse.ts'
import type { GatehouseOptions } from './gatehouse.ts'
import type { Work } from './generator-orders.ts'
import { openGround } from './ground.ts'
import type { Ground } from './ground.ts'
import { jobsDone } from './office-api.ts'
import { cpuOf, spread } from './measure.ts'
import type { Run, Spread } from './measure.ts'
import { fillOldSessions } from './old-sessions.ts'
import { readOptions } from './options.ts'
import type { Server } from './process.ts'
import { say, verdict, writeResults } from './results.ts'
import { runRounds } from './rounds.ts'

type Side = { name: string; subscribers: number; sessions: number }
/** `most`: how many times the CPU of the small side the large one may take. */
type Pair = { work: Work; small: Side; large: Side; most: number }
type Served = Side & { server: Server; secret: string }

/** Runs it and prints medians and ratios. `undo` takes what must be ended when it is interrupted. */
export async function benchGrowth(undo: Undo): Promise<void> {
  const options = readOptions({
    few: 10_000,
    many: 1_000_000,
    sessions: 2_000_000,
    rounds: 5,
    seconds: 5,
    window: 64,
    keep: String,
  })
  const { rounds, seconds, window } = options
  const few = { name: 'few', subscribers: options.few, sessions: 0 }
  const pairs: Pair[] = [
    { work: 'auth-pap', small: few, large: { ...few, name: 'many', subscribers: options.many }, most: 1.3 },
    { work: 'acct-mix', small: few, large: { ...few, name: 'old', sessions: options.sessions }, most: 1.15 },
  ]
  const ground = await openGround(options.keep, undo)
  const results = []
  for (const pair of pairs) {
    const ended: Undo = []
    undo.push(() => endAll(ended))
    const sides = [await open(ground, pair.small, ended), await open(ground, pair.large, ended)] as const
    const turns = sides.map(({ server, secret, subscribers }) => ({
      server,
      load: { work: pair.work, secret, window, seconds, subscribers },
    }))
    results.push(report(pair, await runRounds(rounds, [turns], ground)))
    await endAll(ended)
  }
  writeResults('growth', { rounds, seconds, window, results })
}

async function endAll(steps: Undo): Promise<void> {
  for (const step of steps.splice(0).toReversed()) await step()
}

/** A database with so many subscribers and old sessions, filled once, and a server on a copy of it. */
async function open(ground: Ground, side: Side, ended: Undo): Promise<Served> {
  const filled = `filled_${side.name}_${side.subscribers}_${side.sessions}`
  const options: GatehouseOptions = {
    ...ground,
    folder: path.join(ground.folder, filled),
    database: filled,
    subscribers: side.subscribers,
    authPort: await freeUdpPort(0),
    acctPort: await freeUdpPort(0),
    httpPort: await freeTcpPort(0),
  }
  const mark = path.join(options.folder, 'filled')
  if (!fs.existsSync(mark)) {
    await fill(options, side)
    fs.writeFileSync(mark, '')
  }
  const served = { ...options, database: `served_${side.name}` }
  await copyDatabase(options.databaseUrl, filled, served.database)
  const pool = createPool(urlOf(served), { name: 'bench', max: 1, statementTimeoutMs: 0 })
  ended.push(() => pool.end())
  await pool.query('vacuum analyze')
  await pool.query('checkpoint')
  const server = await serveGatehouse(served)
  ended.push(() => server.close())
  await jobsDone(pool)
  return { ...side, server: { ...server, name: side.name }, secret: ground.secret }
}

async function fill(options: GatehouseOptions, { name, sessions }: Side): Promise<void> {
  await recreateDatabase(options)
  say(`${name}: ${options.subscribers} subscribers imported in ${fillGatehouse(options).toFixed(1)} s`)
  if (sessions === 0) return
  const pool = createPool(urlOf(options), { name: 'bench fill', max: 1, statementTimeoutMs: 0 })
  const begun = performance.now()
  try {
    const { session, archive } = await fillOldSessions(pool, sessions, new Date())
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    say(`${name}: ${session} old sessions in session, ${archive} in the archive, in ${seconds} s`)
  } finally {
    await pool.end()
  }
}

/** Prints what a pair came to, and gives it. */
function report(pair: Pair, runs: readonly Run[]): { pair: Pair; ratio: Spread; met: boolean; runs: readonly Run[] } {
  const of = ({ name }: Side): Run[] => runs.filter(({ server }) => server === name)
  const [small, large] = [of(pair.small), of(pair.large)]
  const ratio = spread(
    small.flatMap((one) => large.filter(({ round }) => round === one.round).map((other) => cpuOf(other) / cpuOf(one))),
  )
  const met = ratio.median <= pair.most && runs.every(({ lost, wrong }) => lost === 0 && wrong === 0)
  say(`\n${pair.work}: CPU µs a request, medians`)
  for (const side of [pair.small, pair.large]) {
    const median = (value: (run: Run) => number): string => spread(of(side).map(value)).median.toFixed(1).padStart(6)
    const parts = `${median(cpuOf)}: server ${median((run) => run.serverCpuUs)}, Postgres ${median((run) => run.postgresCpuUs)}`
    say(`${side.subscribers} subscribers, ${side.sessions} old sessions: ${parts}`)
  }
  const range = `${ratio.minimum.toFixed(2)} to ${ratio.maximum.toFixed(2)}`
  say(`${ratio.median.toFixed(2)} (${range}) times the CPU, at most ${pair.most}: ${verdict(met)}\n`)
  return { pair, ratio, met, runs }
}
