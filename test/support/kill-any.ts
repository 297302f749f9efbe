// kill -9 of any process of a whole service at random moments under load, Postgres included; the plan is drawn from a seed. Used
// small in test/flows, larger in test/faults and in full in test/soak.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import { findRunningPostgres } from '../../src/db/embedded.ts'
import { clusterRoot } from '../../src/db/embedded/cluster.ts'
import { findRunning } from '../../src/db/embedded/process.ts'
import { createPool } from '../../src/db/pool.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { openAdminDriver } from './admin-driver.ts'
import { checkWhenDrained } from './checker.ts'
import { serving, settled, startServe, until, type ServeProcess } from './cluster.ts'
import { openFleet, type Fleet } from './fleet.ts'
import { password, secret } from './isp.ts'
import { isAlive, descendants, signalAll } from './processes.ts'

export const victims = ['radius', 'postgres', 'supervisor', 'admin', 'backend'] as const
export type Victim = (typeof victims)[number]

export type KillFigures = {
  kills: number
  /** Milliseconds from each kill until a login was let in and its Start acknowledged. */
  back: { victim: Victim; ms: number }[]
  /** Records that were acknowledged, and how many Access-Rejects there were (none may be). */
  acknowledged: number
  rejected: number
}

/** Runs the plan and the checker; throws what the checker finds. */
export async function killAnything(input: {
  kills: number
  seed: string
  network: number
  subscribers?: number
  /** Default: each in turn, beginning with those that matter most. */
  victimOf?: (kill: number) => Victim
  onKill?: (kill: number, victim: Victim, ms: number) => void
}): Promise<KillFigures> {
  const { kills, seed, network } = input
  const service = await startServe()
  const pool = createPool(findRunningPostgres(service.directory)!, { name: 'test', max: 4 })
  pool.on('error', () => undefined)
  const fleet = await openFleet({
    pool,
    keyFile: service.keyFile,
    server: service,
    seed,
    network,
    subscribers: input.subscribers ?? 20,
    others: ['probe'],
  })
  const office = await openAdminDriver({ pool, url: service.httpUrl, now: systemClock.now() })
  try {
    await serving({ port: service.acctPort, localAddress: fleet.localAddress, secret })
    await fleet.dialAll()
    const ends = [fleet.load({ churn: 0.05 }), office.load({ pauseMs: 100 })]
    const random = createRandom(`${seed}/moments`)
    const back: KillFigures['back'] = []
    for (let kill = 0; kill < kills; kill += 1) {
      const victim = input.victimOf?.(kill) ?? victims[kill % victims.length]!
      // The moment itself is what is drawn here; there is no event to wait for.
      await sleep(100 + random.integer(400))
      const ms = await killAndWait(service, fleet, victim)
      back.push({ victim, ms })
      input.onKill?.(kill, victim, ms)
    }
    await Promise.all(ends.map((end) => end()))
    await settled(service, pool)
    await fleet.stopAll()
    const { ledger, entries } = fleet
    const books = { pool, now: systemClock.now(), seed, ledger, entries, calls: office.calls }
    await checkWhenDrained(books, 60_000)
    const acknowledged = fleet.entries.filter(({ kind }) => kind === 'answered').length
    const rejected = fleet.nases.reduce((sum, nas) => sum + nas.counts().rejected, 0)
    return { kills, back, acknowledged, rejected }
  } finally {
    fleet.close()
    await pool.end()
    await service.close()
  }
}

/** Kills, and waits until a login on it has its session: how long that took in milliseconds. */
async function killAndWait(service: ServeProcess, fleet: Fleet, victim: Victim): Promise<number> {
  const begun = performance.now()
  const hit = pidsOf(service, victim)
  signalAll(hit, 'SIGKILL')
  await until(() => !hit.some(isAlive), 5_000, `${victim} survives a kill`)
  // Whatever keeps services running on the machine starts a dead supervisor again; RADIUS serves before all the rest does.
  const restarted = victim === 'supervisor' ? service.start() : undefined
  const probe = await login(fleet)
  const ms = performance.now() - begun
  await restarted
  await probe()
  return ms
}

/** Dials in until it is let in and its Start is acknowledged; gives back how it is stopped again. */
async function login(fleet: Fleet): Promise<() => Promise<unknown>> {
  const [nas] = fleet.nases
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const outcome = await nas!.dial({ username: 'probe', password, method: 'pap', mac: '06:00:00:00:00:01' })
    if (outcome.kind === 'rejected') throw new Error('the probe was rejected')
    if (outcome.kind === 'online' && (await outcome.started)) return () => nas!.stop(outcome.session, 'User-Request')
  }
  throw new Error('no login comes through after a kill')
}

function pidsOf(service: ServeProcess, victim: Victim): number[] {
  if (victim !== 'postgres' && victim !== 'backend') return service.pids(victim)
  const root = clusterRoot(service.directory)
  const postmaster = root === undefined ? undefined : findRunning(root)?.pid
  if (postmaster === undefined) return []
  const all = descendants(postmaster)
  return victim === 'postgres' ? [postmaster, ...all] : all.slice(-1)
}
