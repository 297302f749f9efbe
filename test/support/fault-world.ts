// The stage of a fault: a Postgres of its own, one service on it, NASes with their load, an office at work, and logins of which it
// is known beforehand what must become of them. In the end everything is settled, drained and checked.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import type { DialOutcome } from '../../src/simulator/nas-options.ts'
import { createNas, type SimulatedNas } from '../../src/simulator/nas.ts'
import { openAdminDriver, type AdminDriver } from './admin-driver.ts'
import { checkWhenDrained } from './checker.ts'
import {
  serving,
  settled,
  startPostgres,
  startServe,
  type ServeOptions,
  type ServeProcess,
  type TestPostgres,
} from './cluster.ts'
import { dictionary } from './dictionary.ts'
import { openFleet, type Fleet, type FleetOptions } from './fleet.ts'
import { password, secret } from './isp.ts'

export type FaultWorld = {
  readonly seed: string
  readonly postgres: TestPostgres
  readonly service: ServeProcess
  readonly fleet: Fleet
  readonly office: AdminDriver
  /** A NAS with the patience of RouterOS, for logins beside the load. */
  readonly door: SimulatedNas
  /** What the load of `begin` sent so far and had acknowledged. */
  acknowledged(): number
  /** Begins interims, dial-ins and work of the office, all without an end. */
  begin(options?: { pauseMs?: number; churn?: number; officeMs?: number }): void
  /** Ends what `begin` began, waits for health, stops all sessions, and runs the checker until the journals are drained: how long, in milliseconds. */
  settle(): Promise<number>
  close(): Promise<void>
}

export type WorldOptions = Pick<FleetOptions, 'seed' | 'network' | 'subscribers' | 'others' | 'timers' | 'plan'> & {
  serve?: Omit<ServeOptions, 'databaseUrl'>
  /** Where Postgres keeps its files; default a folder that is removed. */
  postgresDirectory?: string
}

/** Starts all of it: everybody is online when it resolves. About five seconds. */
export async function openWorld(options: WorldOptions): Promise<FaultWorld> {
  const { seed, network } = options
  const postgres = await startPostgres(options.postgresDirectory)
  const service = await startServe({ ...options.serve, databaseUrl: postgres.url })
  const { pool } = postgres
  const fleet = await openFleet({ ...options, pool, keyFile: service.keyFile, server: service })
  const door = await createNas({
    vendor: 'mikrotik',
    identifier: `door-${network}`,
    localAddress: `127.0.${network}.9`,
    server: { address: '127.0.0.1', authPort: service.authPort, acctPort: service.acctPort },
    secret,
    dictionary,
    seed,
    clock: systemClock,
    ledger: fleet.ledger,
    timers: { timeoutMs: 300, tries: 4 },
  })
  const office = await openAdminDriver({ pool, url: service.httpUrl, now: systemClock.now() })
  const ends: (() => Promise<void>)[] = []
  await serving({ port: service.acctPort, localAddress: fleet.localAddress, secret })
  await fleet.dialAll()
  return {
    seed,
    postgres,
    service,
    fleet,
    office,
    door,
    acknowledged: () => fleet.entries.filter(({ kind }) => kind === 'answered').length,
    begin({ pauseMs = 20, churn = 0.02, officeMs = 100 } = {}) {
      ends.push(fleet.load({ pauseMs, churn }), office.load({ pauseMs: officeMs }))
    },
    async settle() {
      await settled(service, pool)
      await Promise.all(ends.splice(0).map((end) => end()))
      await Promise.all(door.sessions().map((session) => door.stop(session, 'User-Request')))
      await door.quiet()
      await fleet.stopAll()
      const { ledger, entries } = fleet
      const input = { pool, now: systemClock.now(), seed, ledger, entries, calls: office.calls }
      return checkWhenDrained(input, 60_000)
    },
    async close() {
      await Promise.all(ends.splice(0).map((end) => Promise.race([end(), sleep(2_000)])))
      fleet.close()
      door.close()
      await service.close()
      await postgres.close()
    },
  }
}

export type LoginKind = 'right' | 'wrong' | 'unknown'
export type LoginTally = Record<LoginKind, Record<DialOutcome['kind'], number>> & {
  /** Milliseconds until the accept of each right login that was let in, in ascending order. */
  acceptedMs: number[]
}

/**
 * Logins at a door for so long, spread evenly: of every ten one has a wrong password and one a name that nobody has, the others
 * are right and are stopped again at once. Names `guest0` to `guest<guests - 1>` must be in the books.
 */
export async function tryLogins(
  { door }: Pick<FaultWorld, 'door'>,
  input: { perSecond: number; seconds: number; guests: number },
): Promise<LoginTally> {
  const none = { online: 0, rejected: 0, 'wrong-proof': 0, timeout: 0 }
  const tally: LoginTally = { right: { ...none }, wrong: { ...none }, unknown: { ...none }, acceptedMs: [] }
  const total = Math.round(input.perSecond * input.seconds)
  const begun = performance.now()
  const one = async (at: number): Promise<void> => {
    await sleep(Math.max(1, (at * 1_000) / input.perSecond - (performance.now() - begun)))
    const kind: LoginKind = at % 10 === 3 ? 'wrong' : at % 10 === 7 ? 'unknown' : 'right'
    const guest = at % input.guests
    const username = kind === 'unknown' ? `nobody${at}` : `guest${guest}`
    const sentAt = performance.now()
    const outcome = await door.dial({
      username,
      password: kind === 'wrong' ? 'not this one' : password,
      method: 'pap',
      mac: `0a:00:00:00:${(guest >> 8).toString(16).padStart(2, '0')}:${(guest & 255).toString(16).padStart(2, '0')}`,
    })
    tally[kind][outcome.kind] += 1
    if (outcome.kind !== 'online') return
    if (kind === 'right') tally.acceptedMs.push(performance.now() - sentAt)
    await door.stop(outcome.session, 'User-Request')
  }
  await Promise.all(Array.from({ length: total }, (_, at) => one(at)))
  tally.acceptedMs.sort((first, second) => first - second)
  return tally
}

/** Names for `others` of a world in which `tryLogins` is used. */
export function guests(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `guest${at}`)
}

/** The value below which the share of the sorted values lies. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
