// Gatehouse beside FreeRADIUS: the same subscribers, one Postgres, one generator, in rounds whose order turns.

import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freeUdpPort } from '../src/cli/free-port.ts'
import { createPool } from '../src/db/pool.ts'
import { provideTools } from '../test/support/tools.ts'
import type { Undo } from './crowd.ts'
import { freeradiusName, freeradiusVersion, loadFreeradius, startFreeradius } from './freeradius.ts'
import type { Variant } from './freeradius.ts'
import { startGatehouse, urlOf } from './gatehouse.ts'
import type { Work } from './generator-orders.ts'
import { openGround } from './ground.ts'
import { measure, ours, summarise } from './measure.ts'
import type { Run, Summary } from './measure.ts'
import { jobsDone } from './office-api.ts'
import type { Server } from './process.ts'
import { faultsText, say } from './results.ts'

/** A work with so many requests outstanding, of Gatehouse and of these. */
export type Case = { work: Work; window: number; beside: readonly Variant[] }

export type Comparison = {
  cases: readonly Case[]
  rounds: number
  seconds: number
  subscribers: number
  /** Gatehouse's plan limits sessions to one, so that every login is claimed; FreeRADIUS here counts none. */
  sessionLimit: boolean
}

export type Compared = { method: string; importSeconds: number; summaries: Summary[]; runs: Run[] }

/** What is compiled at run time must have been. */
const warmupSeconds = 5
const stormSubscribers = 20_000

/** Runs every case in every round. `undo` takes what must be ended. */
export async function compare(comparison: Comparison, undo: Undo): Promise<Compared> {
  await provideTools('freeradius')
  const { subscribers, sessionLimit } = comparison
  const { folder, postgresPid, ...ground } = await openGround(undefined, undo)
  const shared = { ...ground, subscribers }
  const servers = new Map<string, Server>()
  const started = (server: Server): void => {
    undo.push(() => server.close())
    servers.set(server.name, server)
    say(`${server.name} answers`)
  }
  const variants = [...new Set(comparison.cases.flatMap(({ beside }) => beside))]
  if (variants.some((variant) => variant !== 'users')) await loadFreeradius(shared)
  for (const variant of variants) {
    const ports = { authPort: await freeUdpPort(0), acctPort: await freeUdpPort(0) }
    started(await startFreeradius({ ...shared, ...ports, folder: path.join(folder, variant) }, variant))
  }
  const gatehouse = await startGatehouse({
    ...shared,
    folder: path.join(folder, 'gatehouse'),
    unlimited: !sessionLimit,
  })
  started(gatehouse)
  const pool = createPool(urlOf(shared), { name: 'bench', max: 1 })
  await jobsDone(pool)
  await pool.end()
  const runs = await rounds(comparison, servers, { postgresPid, secret: ground.secret, folder })
  return {
    method: methodOf(comparison),
    importSeconds: gatehouse.importSeconds,
    summaries: comparison.cases.map(({ work, window }) => summarise(work, window, runs)),
    runs,
  }
}

type Place = { postgresPid: number; secret: string; folder: string }

async function rounds(
  comparison: Comparison,
  servers: ReadonlyMap<string, Server>,
  { postgresPid, secret, folder }: Place,
): Promise<Run[]> {
  const runs: Run[] = []
  for (let round = 0; round < comparison.rounds; round++) {
    for (const [at, { work, window, beside }] of comparison.cases.entries()) {
      const names = [...beside.map(freeradiusName), ours]
      for (const name of (round + at) % 2 === 0 ? names : names.toReversed()) {
        const { seconds } = comparison
        const subscribers =
          work === 'storm' ? Math.min(stormSubscribers, comparison.subscribers) : comparison.subscribers
        // A reject is held back for a second.
        const patience = work === 'auth-wrong' ? { patienceMs: 3_000 } : {}
        const load = { work, secret, window, seconds, subscribers, warmupSeconds, ...patience }
        const run = await measure(servers.get(name)!, postgresPid, { ...load, run: runs.length + 1 }, round, folder)
        runs.push(run)
        say(`${round + 1} ${work} w${window} ${name}: ${Math.round(run.rate)}/s, ${faultsText(run)}`)
        // What the run before left to write is not the next one's.
        await sleep(1_000)
      }
    }
  }
  return runs
}

function methodOf({ rounds: count, seconds, subscribers, sessionLimit }: Comparison): string {
  const plan = sessionLimit ? 'a session limit of one' : 'no session limit'
  return `FreeRADIUS ${freeradiusVersion()}; ${count} rounds of ${seconds} s, ${subscribers} subscribers, ${plan}`
}
