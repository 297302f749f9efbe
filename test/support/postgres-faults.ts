// What can become of Postgres while a whole service works on it: killed, frozen, slow, half-open, with a disk that fails. Each
// gives the figures of the story; the checker has then found nothing. Small in test/flows, at full size in test/faults.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { guests, openWorld, quantile, tryLogins, type FaultWorld, type LoginTally } from './fault-world.ts'
import { poll, until } from './cluster.ts'
import { needTools } from './tools.ts'

export type OutageFigures = {
  logins: LoginTally
  /** Records that were acknowledged while Postgres was away. */
  acknowledged: number
  /** Calls of the office that were made in the outage, by their status; 0: no answer. */
  statuses: Map<number, number>
  /** Slowest call of the office, in milliseconds. */
  slowestCallMs: number
  /** Of the breaker, after the beginning; undefined: never. */
  openedAfterMs: number | undefined
  /** From the return of Postgres until health is good and no journal holds anything. */
  drainedAfterMs: number
}

export const outageGuests = 200

/** A world in which outages can be tried. */
export function openOutageWorld(input: {
  seed: string
  network: number
  subscribers: number
  proxies?: boolean
  postgresDirectory?: string
}): Promise<FaultWorld> {
  const { proxies = false, ...options } = input
  return openWorld({ ...options, others: guests(outageGuests), serve: { proxies } })
}

/** Takes Postgres away for so long by `begin` and gives it back by `end`, with logins, accounting and the office at work. */
export async function outage(
  world: FaultWorld,
  input: {
    seconds: number
    perSecond: number
    pauseMs?: number
    begin(): void | Promise<void>
    end(): void | Promise<void>
  },
): Promise<OutageFigures> {
  const { service, office } = world
  await warmUp(world)
  world.begin({ pauseMs: input.pauseMs ?? 20 })
  await sleep(300)
  const [saidBefore, callsBefore] = [service.said.length, office.calls.length]
  const acknowledgedBefore = world.acknowledged()
  const begunAt = Date.now()
  await input.begin()
  const logins = await tryLogins(world, { perSecond: input.perSecond, seconds: input.seconds, guests: outageGuests })
  const acknowledged = world.acknowledged() - acknowledgedBefore
  const calls = office.calls.slice(callsBefore).filter(({ ms }) => ms > 0)
  const back = performance.now()
  await input.end()
  await world.settle()
  const opened = service.said.slice(saidBefore).find(({ msg }) => msg.startsWith('Postgres does not answer in time'))
  return {
    logins,
    acknowledged,
    statuses: new Map(
      [...Map.groupBy(calls, ({ status }) => status ?? 0)].map(([status, some]) => [status, some.length]),
    ),
    slowestCallMs: Math.max(0, ...calls.map(({ ms }) => ms)),
    openedAfterMs: opened === undefined ? undefined : Date.parse(String(opened.time)) - begunAt,
    drainedAfterMs: performance.now() - back,
  }
}

/** Prints what an outage came to. */
export function told(
  id: string,
  { logins, acknowledged, drainedAfterMs, openedAfterMs, statuses }: OutageFigures,
): void {
  const { right, wrong, unknown, acceptedMs } = logins
  process.stdout.write(
    `${id}: right ${right.online} let in, ${right.timeout} silent, ${right.rejected} rejected; wrong ${wrong.online} let in; ` +
      `unknown ${unknown.timeout} silent of ${unknown.timeout + unknown.rejected + unknown.online}; ` +
      `p50 ${Math.round(quantile(acceptedMs, 0.5))}, p99 ${Math.round(quantile(acceptedMs, 0.99))} ms; ` +
      `${acknowledged} records acknowledged; breaker after ${openedAfterMs ?? 'never'} ms; all drained ` +
      `${Math.round(drainedAfterMs)} ms after; office ${JSON.stringify([...statuses])}\n`,
  )
}

/** What is wrong with an outage: nothing, where 99 % of the right are let in, nobody else is, and all is whole 30 s after. */
export function complaintsOf({ logins, acknowledged, drainedAfterMs }: OutageFigures): string[] {
  const { right, wrong, unknown } = logins
  const whole = right.online + right.timeout
  return [
    ...(right.online < 0.99 * whole ? [`only ${right.online} of ${whole} right logins were let in`] : []),
    ...(right.rejected > 0 ? [`${right.rejected} right logins were rejected`] : []),
    ...(wrong.online > 0 ? [`${wrong.online} wrong passwords were let in`] : []),
    ...(unknown.online > 0 ? [`${unknown.online} unknown ones were let in`] : []),
    ...(acknowledged < 20 ? [`only ${acknowledged} records were acknowledged`] : []),
    ...(drainedAfterMs > 30_000 ? [`it took ${Math.round(drainedAfterMs)} ms to be whole again`] : []),
  ]
}

/** The door is a device only once it has spoken, and a snapshot knows only whom it has seen. */
async function warmUp(world: FaultWorld): Promise<void> {
  await tryLogins(world, { perSecond: 20, seconds: 0.5, guests: outageGuests })
  await sleep(1_500)
}

/**
 * Makes the next fsync of every backend that does accounting fail with EIO, so many times: Postgres panics and recovers. It
 * needs strace. Resolves when it answers again each time; how many panics there were.
 */
export async function failFsync(world: FaultWorld, rounds: number): Promise<number> {
  const strace = needTools('strace')
  let panics = 0
  for (let round = 0; round < rounds; round += 1) {
    const writers = await accountingBackends(world)
    const targets = writers.flatMap((pid) => ['-p', String(pid)])
    const injection = ['-e', 'trace=fdatasync,fsync', '-e', 'inject=fdatasync,fsync:error=EIO']
    const tracer = spawn(strace.file('usr/bin/strace'), ['-q', ...injection, ...targets], {
      stdio: 'ignore',
      env: { ...process.env, ...strace.env },
    })
    const over = once(tracer, 'exit')
    await until(() => !world.postgres.pids().includes(writers[0]!), 20_000, 'Postgres does not notice that fsync fails')
    tracer.kill('SIGINT')
    await over
    panics += 1
    await poll(
      async () => (await world.postgres.pool.query('select from session limit 1')).rowCount !== null,
      20_000,
      'Postgres does not recover',
    )
    await sleep(200)
  }
  return panics
}

/** Process ids of the connections that accounting is written through; waited for, since they come after each recovery. */
async function accountingBackends({ postgres }: FaultWorld): Promise<number[]> {
  let pids: number[] = []
  const look = async (): Promise<boolean> => {
    const { rows } = await postgres.pool.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'gatehouse-accounting'`,
    )
    pids = rows.map(({ pid }) => pid)
    return pids.length > 0
  }
  await poll(look, 20_000, 'nothing writes accounting')
  return pids
}
