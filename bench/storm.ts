// `npm run bench -- storm`: a NAS with tens of thousands of subscribers restarts and all dial in at once, with the little patience
// of a NAS: what is given up begins anew. Whether the useful work holds, and whether each has exactly one session in the end.

import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPool } from '../src/db/pool.ts'
import type { Pool } from '../src/db/pool.ts'
import type { Undo } from './crowd.ts'
import { startGatehouse, urlOf } from './gatehouse.ts'
import { openGround } from './ground.ts'
import { measure } from './measure.ts'
import { jobsDone } from './office-api.ts'
import { readOptions } from './options.ts'
import { faultsText, say, verdict, writeResults } from './results.ts'
import { goodputOf, leastShare } from './goodput.ts'

/** As a NAS waits for an answer, and as often as it sends before it begins anew. */
const patience = { patienceMs: 300, tries: 3 }

/** Runs it and prints its figures. `undo` takes what must be ended when it is interrupted. */
export async function benchStorm(undo: Undo): Promise<void> {
  const { subscribers, window } = readOptions({ subscribers: 50_000, window: 1_024 })
  const { folder, ...ground } = await openGround(undefined, undo)
  const options = { ...ground, folder: path.join(folder, 'gatehouse'), subscribers }
  const server = await startGatehouse(options)
  undo.push(() => server.close())
  const pool = createPool(urlOf(options), { name: 'bench', max: 1, statementTimeoutMs: 0 })
  undo.push(() => pool.end())
  await jobsDone(pool)
  const loop = { work: 'storm' as const, secret: ground.secret, window, rests: false, ...patience }
  const orders = { ...loop, subscribers, warmupSeconds: 0, seconds: 0 }
  const dial = (run: number) => measure(server, ground.postgresPid, { ...orders, run }, run, folder)

  const first = await dial(1)
  say(`first, all ${subscribers} come online: ${first.seconds.toFixed(1)} s, ${faultsText(first)}, ${first.anew} anew`)
  say(onlineLine(await onlineOf(pool, subscribers)))
  // As in a database that has run for a while, there are written segments of the log to be used again.
  await pool.query('checkpoint')
  const run = await dial(2)
  const online = await onlineOf(pool, subscribers)
  const goodput = goodputOf(run.goodput)
  const share = goodput.lowest / goodput.peak
  const isMet =
    run.lost === 0 &&
    run.wrong === 0 &&
    share >= leastShare &&
    online.one === subscribers &&
    online.open === subscribers
  say(`the NAS restarts: all online after ${run.seconds.toFixed(1)} s, ${faultsText(run)}, ${run.anew} anew`)
  say(
    `first answers in a second: ${goodput.peak} at the peak, ${goodput.lowest} at the least (${Math.round(share * 100)} %)`,
  )
  say(onlineLine(online))
  say(`none lost, none wrong, ${leastShare * 100} % of the peak, one session each: ${verdict(isMet)}`)
  writeResults('storm', {
    subscribers,
    window,
    ...patience,
    first,
    run,
    peak: goodput.peak,
    lowest: goodput.lowest,
    online,
    met: isMet,
  })
}

/** Subscribers with exactly one open session, and open sessions in all. */
type Online = { one: number; open: number }

/** As it is once all are online, or after 30 s: an answer may be there a little before sessions that it replaces have ended. */
async function onlineOf(pool: Pool, subscribers: number): Promise<Online> {
  for (const deadline = performance.now() + 30_000; ; await sleep(500)) {
    const { rows } = await pool.query<Online>(
      `select count(*) filter (where sessions = 1)::integer as one, coalesce(sum(sessions), 0)::integer as open
       from (select count(*) as sessions from session where ended_at is null group by subscriber_id) as each`,
    )
    const online = rows[0]!
    if (online.one === subscribers && online.open === subscribers) return online
    if (performance.now() > deadline) return online
  }
}

function onlineLine({ one, open }: Online): string {
  return `in Postgres: ${open} open sessions, ${one} subscribers have exactly one`
}
