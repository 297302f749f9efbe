// Two instances of the service on one Postgres, as an ISP runs them: each with a directory of its own, NASes that know both (some
// the one first, some the other), and what may happen to one of the two while the other goes on.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { addClient } from '../../src/domain/client.ts'
import { openKeyring, type Keyring } from '../../src/domain/data-key.ts'
import { addPlan } from '../../src/domain/plan.ts'
import { createNas, type SimulatedNas } from '../../src/simulator/nas.ts'
import { check } from './checker.ts'
import { poll, serving, settled, startPostgres, startServe, until } from './cluster.ts'
import type { ServeOptions, ServeProcess, TestPostgres } from './cluster.ts'
import { dictionary } from './dictionary.ts'
import { openFleet, serversOf, type Fleet, type FleetOptions } from './fleet.ts'
import { makePool } from './ip-pools.ts'
import { secret } from './isp.ts'
import { signalAll, isAlive } from './processes.ts'

export type TwoInstances = {
  readonly seed: string
  readonly postgres: TestPostgres
  readonly a: ServeProcess
  readonly b: ServeProcess
  readonly keyring: Keyring
  readonly fleet: Fleet
  /** NASes with the patience of RouterOS: both servers, A first; A alone; B alone. */
  readonly doors: { readonly both: SimulatedNas; readonly a: SimulatedNas; readonly b: SimulatedNas }
  /** What the NASes of the fleet and the doors were refused so far; a fault of ours must never be among it. */
  rejected(): number
  /** Resolves when both serve with Postgres and hold nothing back; throws where a line has two sessions. */
  whole(): Promise<void>
  /** The end of a story: everybody stops, and the checker compares all books. */
  settle(): Promise<void>
  close(): Promise<void>
}

export type TwoOptions = Pick<FleetOptions, 'seed' | 'network' | 'subscribers' | 'others'> & {
  /** Instead of a Postgres of its own. Its pool is asked for anew each time. */
  postgres?: TestPostgres
  /** The URL that the instances have, where it is not that of Postgres. */
  databaseUrl?: string
  serve?: (name: 'a' | 'b') => Partial<ServeOptions>
}

/** Starts all of it: everybody is online when it resolves, each with an address out of one pool. About eight seconds. */
export async function openTwoInstances(options: TwoOptions): Promise<TwoInstances> {
  const { seed, network } = options
  const postgres = options.postgres ?? (await startPostgres())
  const databaseUrl = options.databaseUrl ?? postgres.url
  const proxies = options.databaseUrl === undefined
  const a = await startServe({ databaseUrl, proxies, ...options.serve?.('a') })
  const b = await startServe({ databaseUrl, proxies, keyFile: a.keyFile, ...options.serve?.('b') })
  const { pool } = postgres
  const keyring = await openKeyring(pool, a.keyFile, systemClock.now())
  await makePool(pool, { name: 'home', ranges: [`10.${network}.0.1-10.${network}.1.254`] }, systemClock.now())
  const servers = { server: a, secondary: b }
  const timers = { timeoutMs: 300, tries: 5 }
  const fleet = await openFleet({ ...options, ...servers, pool, keyFile: a.keyFile, timers, plan: { pool: 'home' } })
  const doors = await openDoors(options, { pool, keyring, fleet, a, b })
  const nases = [...fleet.nases, ...Object.values(doors)]
  const login = { localAddress: fleet.localAddress, secret }
  const bothServe = () => Promise.all([a, b].map(({ acctPort }) => serving({ port: acctPort, ...login })))
  await bothServe()
  await fleet.dialAll()
  const empty = async (): Promise<void> => {
    await Promise.all([settled(a, postgres.pool), settled(b, postgres.pool), bothServe()])
    await Promise.all([drained(a), drained(b)])
  }
  return {
    seed,
    postgres,
    a,
    b,
    keyring,
    fleet,
    doors,
    rejected: () => nases.reduce((sum, nas) => sum + nas.counts().rejected, 0),
    async whole() {
      await empty()
      await Promise.all(nases.map((nas) => nas.quiet()))
      await empty()
      await insistOnOneSession(postgres)
    },
    async settle() {
      await Promise.all(
        Object.values(doors).flatMap((nas) => nas.sessions().map((session) => nas.stop(session, 'User-Request'))),
      )
      await Promise.all(nases.map((nas) => nas.quiet()))
      await fleet.stopAll()
      await empty()
      const { ledger, entries } = fleet
      await check({ pool: postgres.pool, now: systemClock.now(), seed, ledger, entries })
    },
    async close() {
      fleet.close()
      for (const nas of nases) nas.close()
      await Promise.all([a.close(), b.close()])
      await postgres.close()
    },
  }
}

async function openDoors(
  { network, seed }: TwoOptions,
  parts: { pool: TestPostgres['pool']; keyring: Keyring; fleet: Fleet; a: ServeProcess; b: ServeProcess },
): Promise<TwoInstances['doors']> {
  const { pool, keyring, fleet, a, b } = parts
  const make = (name: string, host: number, servers: Parameters<typeof serversOf>[0]) =>
    createNas({
      vendor: 'mikrotik',
      identifier: name,
      localAddress: `127.0.${network}.${host}`,
      secret,
      dictionary,
      seed,
      clock: systemClock,
      ledger: fleet.ledger,
      timers: { timeoutMs: 300, tries: 3 },
      ...serversOf(servers, 0),
    })
  const db = createKysely<Database>(pool)
  for (const [name, host] of [
    ['only-a', 10],
    ['only-b', 11],
  ] as const) {
    const client = { name, vendor: 'mikrotik' as const, address: `127.0.${network}.${host}`, secret }
    await addClient(db, keyring, client, systemClock.now())
  }
  return {
    both: await make(`door-${network}`, 9, { server: a, secondary: b }),
    a: await make('only-a', 10, { server: a }),
    b: await make('only-b', 11, { server: b }),
  }
}

/** Resolves when its RADIUS process asks Postgres and its journal holds nothing that Postgres lacks, by its own metrics. */
export async function drained({ httpUrl }: ServeProcess, patienceMs = 60_000): Promise<void> {
  const isDrained = async (): Promise<boolean> => {
    const text = await (await fetch(`${httpUrl}/metrics`)).text()
    return ['journal_records', 'radius_database_away'].every((name) =>
      new RegExp(`^gatehouse_${name} 0$`, 'm').test(text),
    )
  }
  await poll(isDrained, patienceMs, 'a journal is not drained')
}

/** A line is online once, and an address is at one session; ended ones do not count. */
async function insistOnOneSession({ pool }: TestPostgres): Promise<void> {
  for (const what of ['subscriber_id', 'framed_ip']) {
    const { rows } = await pool.query(
      `select ${what}::text as what, count(*)::int as sessions from session
       where ended_at is null and service is null and ${what} is not null group by 1 having count(*) > 1`,
    )
    if (rows.length > 0) throw new Error(`more than one session for a ${what}: ${JSON.stringify(rows.slice(0, 5))}`)
  }
}

/** From now on the NASes of the fleet take orders, wherever they come from. */
export async function takeOrders({ postgres: { pool }, fleet }: TwoInstances): Promise<void> {
  for (const nas of fleet.nases) {
    await nas.listen(0)
    const { rowCount } = await pool.query(
      `update nas set coa_port = $2 from radius_client client where client.id = nas.client_id and client.name = $1`,
      [nas.facts.identifier, nas.coaPort],
    )
    if (rowCount !== 1) throw new Error(`${nas.facts.identifier} was never seen`)
  }
}

/**
 * Puts subscribers on a plan whose addresses their NAS gives. Those of a pool of ours are never guessed: without Postgres they are
 * let in by neither.
 */
export async function addressesByNas({ pool }: TestPostgres, usernames: readonly string[]): Promise<void> {
  const plan = { name: 'by NAS', down: '50M', up: '20M', days: 30, sessionLimit: 1 }
  await addPlan(createKysely<Database>(pool), plan, () => undefined, systemClock.now())
  await pool.query(
    `update subscriber set plan_id = plan.id from plan where plan.name = 'by NAS' and username = any ($1::text[])`,
    [usernames],
  )
}

/** What may happen to one of the two. `half-open`: its connections to Postgres are dead without a word, new ones work. */
export const instanceFaults = ['kill', 'freeze', 'cut from Postgres', 'cut from NASes', 'half-open', 'slow'] as const
export type InstanceFault = (typeof instanceFaults)[number]

/** Lets it happen; gives back how it ends, by which the instance serves again. */
export function strike(service: ServeProcess, fault: InstanceFault): () => Promise<void> {
  const { toPostgres, toRadius } = service
  const heal = async (): Promise<void> => {
    toPostgres?.heal()
    for (const proxy of toRadius) proxy.heal()
  }
  switch (fault) {
    case 'kill': {
      const hit = service.pids()
      signalAll(hit, 'SIGKILL')
      return async () => {
        await until(() => !hit.some(isAlive), 10_000, 'a killed instance goes on')
        await service.start()
      }
    }
    case 'freeze':
      service.freeze()
      return async () => service.thaw()
    case 'cut from Postgres':
      toPostgres?.set({ fresh: 'silent', blackhole: 'both' })
      // What was swallowed on the way is missing in the middle of a statement: such a connection never heals.
      return async () => {
        await heal()
        toPostgres?.cut()
      }
    case 'cut from NASes':
      for (const proxy of toRadius) proxy.set('both', { blackhole: true })
      return heal
    case 'half-open':
      toPostgres?.halfOpen()
      return heal
    case 'slow':
      toPostgres?.set({ delayMs: [200, 300] })
      return heal
  }
}

/** Resolves when the instance has opened or closed its breaker since a number of log lines; both are told in its log. */
export async function told({ said }: ServeProcess, from: number, message: string, patienceMs = 10_000): Promise<void> {
  await poll(async () => said.slice(from).some(({ msg }) => msg === message), patienceMs, `nobody says: ${message}`)
}

/** Waits for so long: where the passing of time itself is what happens. */
export function pass(ms: number): Promise<void> {
  return sleep(ms)
}
