// Gatehouse beside FreeRADIUS: the same subscribers, one Postgres, one generator, in rounds whose order turns.

import * as path from 'node:path'
import { freeUdpPort } from '../src/cli/free-port.ts'
import { createPool } from '../src/db/pool.ts'
import { provideTools } from '../test/support/tools.ts'
import type { Undo } from './crowd.ts'
import { freeradiusName, freeradiusVersion, loadFreeradius, startFreeradius } from './freeradius.ts'
import type { Variant } from './freeradius.ts'
import { startGatehouse, urlOf } from './gatehouse.ts'
import type { Work } from './generator-orders.ts'
import { openGround } from './ground.ts'
import { ours, summarise } from './measure.ts'
import type { Run, Summary } from './measure.ts'
import { jobsDone } from './office-api.ts'
import type { Server } from './process.ts'
import { say } from './results.ts'
import { runRounds } from './rounds.ts'
import type { Turn } from './rounds.ts'

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
  const cases = comparison.cases.map((one) => turnsOf(one, comparison, servers, ground.secret))
  const runs = await runRounds(comparison.rounds, cases, { postgresPid, folder })
  return {
    method: methodOf(comparison),
    importSeconds: gatehouse.importSeconds,
    summaries: comparison.cases.map(({ work, window }) => summarise(work, window, runs)),
    runs,
  }
}

/** What a case asks of each of its servers. */
function turnsOf(
  { work, window, beside }: Case,
  { seconds, subscribers }: Comparison,
  servers: ReadonlyMap<string, Server>,
  secret: string,
): Turn[] {
  const load = {
    work,
    secret,
    window,
    seconds,
    subscribers: work === 'storm' ? Math.min(stormSubscribers, subscribers) : subscribers,
    // A reject is held back for a second.
    ...(work === 'auth-wrong' ? { patienceMs: 3_000 } : {}),
  }
  return [...beside.map(freeradiusName), ours].map((name) => ({ server: servers.get(name)!, load }))
}

function methodOf({ rounds: count, seconds, subscribers, sessionLimit }: Comparison): string {
  const plan = sessionLimit ? 'a session limit of one' : 'no session limit'
  return `FreeRADIUS ${freeradiusVersion()}; ${count} rounds of ${seconds} s, ${subscribers} subscribers, ${plan}`
}
