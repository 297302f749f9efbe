// The whole service as its operator has it, for faults: a Postgres of the test's own that can be killed, frozen and started
// again, and `gatehouse serve` processes with a state directory each, with bad networks before and behind them where asked for.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freeTcpPort, freeUdpPort } from '../../src/cli/free-port.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/embedded.ts'
import { createPool, type Pool } from '../../src/db/pool.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient } from '../../src/radius/client.ts'
import { codes } from '../../src/radius/codes.ts'
import { silentLog } from './database.ts'
import { commandLine, descendants, isAlive, signalAll } from './processes.ts'
import { startTcpFaultProxy, type TcpFaultProxy } from './tcp-fault-proxy.ts'
import { startUdpFaultProxy, type UdpFaultProxy } from './udp-fault-proxy.ts'
import { programEnvironment } from './program-environment.ts'

const main = new URL('../../src/main.ts', import.meta.url).pathname

export type TestPostgres = {
  /** The same over all its deaths. */
  readonly url: string
  /** For the test itself: past every proxy. */
  readonly pool: Pool
  /** The postmaster and all its processes. */
  pids(): number[]
  /** kill -9 of every process at once. */
  kill(): Promise<void>
  /** kill -9 of one backend of a service, by the start of its application_name: Postgres then restarts all of them. */
  killBackend(application: string): Promise<void>
  freeze(): void
  thaw(): void
  /** Starts it again after `kill`; resolves when it answers. */
  start(): Promise<void>
  close(): Promise<void>
}

/** A durable Postgres with an empty database, in `directory` or a folder of its own that `close` removes. */
export async function startPostgres(directory?: string): Promise<TestPostgres> {
  const own = directory === undefined
  const dataDirectory = directory ?? mkdtempSync(join(tmpdir(), 'gatehouse-cluster-'))
  const open = () => startEmbeddedPostgres({ dataDirectory, durable: true, log: silentLog, watch: false })
  const all: EmbeddedPostgres[] = [await open()]
  const { url } = all[0]!
  const pool = createPool(url, { name: 'test', max: 4 })
  pool.on('error', () => undefined)
  const pids = (): number[] => {
    const { pid } = all.at(-1)!
    return isAlive(pid) ? [pid, ...descendants(pid)] : []
  }
  const signal = (name: NodeJS.Signals): number[] => {
    const hit = pids()
    signalAll(hit, name)
    return hit
  }
  return {
    url,
    pool,
    pids,
    async kill() {
      await gone(signal('SIGKILL'))
    },
    async killBackend(application) {
      const kill = async (): Promise<boolean> => {
        const { rows } = await pool.query<{ pid: number }>(
          `select pid from pg_stat_activity where starts_with(application_name, $1) order by random() limit 1`,
          [application],
        )
        return signalAll(pidsOf(rows), 'SIGKILL') > 0
      }
      await poll(kill, 20_000, `${application} has no connection that could be killed`)
    },
    freeze: () => void signal('SIGSTOP'),
    thaw: () => void signal('SIGCONT'),
    async start() {
      if (pids().length === 0) all.push(await open())
    },
    async close() {
      signal('SIGCONT')
      await pool.end()
      for (const one of all.toReversed()) await one.stop()
      if (own) rmSync(dataDirectory, { recursive: true, force: true })
    },
  }
}

function pidsOf(rows: readonly { pid: number }[]): number[] {
  return rows.map(({ pid }) => pid)
}

async function gone(pids: readonly number[]): Promise<void> {
  await until(() => !pids.some(isAlive), 10_000, 'killed processes do not end')
}

/** Looks every 10 ms. Throws what is said when it takes longer than `patienceMs`. */
export async function until(holds: () => boolean, patienceMs: number, otherwise: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(otherwise)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The processes of one service. */
export type Part = 'supervisor' | 'radius' | 'admin'

export type ServeOptions = {
  /** Undefined: an embedded Postgres in its data directory, which it then looks after itself. */
  databaseUrl?: string
  /** Shared by instances on one database. Default: in its own directory. */
  keyFile?: string
  /** Put fault proxies before Postgres (needs databaseUrl) and before its RADIUS ports. */
  proxies?: boolean
  /** Kept over its end, so that another may be started in it. */
  directory?: string
  env?: Record<string, string>
  /** Node programs other than this tree's, for an older release. */
  main?: string
  /** A program that runs it, with its arguments: `prlimit --nofile=64`. */
  wrapper?: readonly string[]
}

export type ServeProcess = {
  /** What NASes are told: the proxies' ports where there are some. */
  readonly authPort: number
  readonly acctPort: number
  readonly httpUrl: string
  readonly directory: string
  readonly keyFile: string
  /** With `proxies`. */
  readonly toPostgres: TcpFaultProxy | undefined
  readonly toRadius: readonly UdpFaultProxy[]
  /** Log lines so far, of all its lives. */
  readonly said: readonly { level: string; msg: string; [name: string]: unknown }[]
  /** What runs now of a part, or of all of it. */
  pids(part?: Part): number[]
  /** kill -9. A killed supervisor takes its children along, as their connection to it breaks. */
  kill(part: Part): void
  freeze(part?: Part): void
  thaw(): void
  /** Starts it again after its end, with the same ports; resolves when it says that it serves. */
  start(): Promise<void>
  /** SIGTERM; the exit code, and how long it took in milliseconds. */
  stop(): Promise<{ code: number | null; ms: number }>
  close(): Promise<void>
}

type Ports = { authPort: number; acctPort: number; httpPort: number }

/** Starts `gatehouse serve` and resolves when it says that it serves. Rejects with its log when it ends instead. */
export async function startServe(options: ServeOptions = {}): Promise<ServeProcess> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'gatehouse-serve-'))
  const keyFile = options.keyFile ?? join(directory, 'gatehouse.key')
  const ports = { authPort: await freeUdpPort(0), acctPort: await freeUdpPort(0), httpPort: await freeTcpPort(0) }
  const network = await openNetwork(options, ports)
  const env = environmentOf({ ...options, ports, directory, keyFile, databaseUrl: network.databaseUrl })
  const run = runGatehouse(options, env)
  const close = async (): Promise<void> => {
    signalAll(run.pids(), 'SIGCONT')
    await run.stop()
    await network.close()
    if (options.directory === undefined) rmSync(directory, { recursive: true, force: true })
  }
  try {
    await run.start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    ...run,
    authPort: network.toRadius[0]?.port ?? ports.authPort,
    acctPort: network.toRadius[1]?.port ?? ports.acctPort,
    httpUrl: `http://127.0.0.1:${ports.httpPort}`,
    directory,
    keyFile,
    toPostgres: network.toPostgres,
    toRadius: network.toRadius,
    kill: (part) => void signalAll(run.pids(part), 'SIGKILL'),
    freeze: (part) => void signalAll(run.pids(part), 'SIGSTOP'),
    thaw: () => void signalAll(run.pids(), 'SIGCONT'),
    close,
  }
}

/** The proxies before and behind a service, and the URL by which it then reaches Postgres. */
async function openNetwork({ proxies, databaseUrl }: ServeOptions, { authPort, acctPort }: Ports) {
  const between = (port: number) =>
    startUdpFaultProxy({ seed: `radius ${port}`, target: { address: '127.0.0.1', port } })
  const toRadius = proxies ? await Promise.all([authPort, acctPort].map(between)) : []
  const toPostgres =
    proxies && databaseUrl !== undefined
      ? await startTcpFaultProxy({ seed: 'postgres', target: { port: Number(new URL(databaseUrl).port) } })
      : undefined
  return {
    toRadius,
    toPostgres,
    databaseUrl: databaseUrl === undefined ? undefined : (toPostgres?.through(databaseUrl) ?? databaseUrl),
    async close() {
      for (const proxy of toRadius) proxy.close()
      await toPostgres?.close()
    },
  }
}

/** The process itself: started, looked at, ended, started again. */
function runGatehouse(
  options: ServeOptions,
  env: NodeJS.ProcessEnv,
): Pick<ServeProcess, 'said' | 'pids' | 'start' | 'stop'> {
  const said: ServeProcess['said'][number][] = []
  const [program, ...args] = [...(options.wrapper ?? []), process.execPath, options.main ?? main, 'serve']
  let child: ChildProcess | undefined
  return {
    said,
    pids(part) {
      const pid = child?.pid
      if (pid === undefined || !isAlive(pid)) return []
      if (part === 'supervisor') return [pid]
      const below = descendants(pid).filter((one) => /(radius|admin)-process/.test(commandLine(one)))
      return part === undefined ? [pid, ...below] : below.filter((one) => commandLine(one).includes(`${part}-process`))
    },
    async start() {
      const from = said.length
      const begun = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
      child = begun
      readLines(begun, said)
      const isOver = () => begun.exitCode !== null || begun.signalCode !== null
      const saysSo = () => said.slice(from).some(({ msg }) => msg === 'gatehouse is serving')
      await until(() => saysSo() || isOver(), 60_000, 'gatehouse does not say that it serves')
      if (!saysSo()) throw new Error(`gatehouse ended at its start:\n${said.map(({ msg }) => msg).join('\n')}`)
    },
    async stop() {
      const running = child
      if (running === undefined || running.exitCode !== null || running.signalCode !== null)
        return { code: null, ms: 0 }
      const begun = performance.now()
      const ended = once(running, 'exit')
      running.kill('SIGTERM')
      const [code] = (await ended) as [number | null]
      return { code, ms: performance.now() - begun }
    },
  }
}

function environmentOf(input: {
  ports: Ports
  directory: string
  keyFile: string
  databaseUrl: string | undefined
  env?: Record<string, string>
}): NodeJS.ProcessEnv {
  const { ports, directory, keyFile, databaseUrl, env } = input
  return {
    ...programEnvironment,
    NODE_ENV: 'test',
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    GATEHOUSE_DATA_DIR: directory,
    GATEHOUSE_KEY_FILE: keyFile,
    GATEHOUSE_RADIUS_ADDRESSES: '127.0.0.1',
    GATEHOUSE_AUTH_PORT: String(ports.authPort),
    GATEHOUSE_ACCT_PORT: String(ports.acctPort),
    GATEHOUSE_HTTP_PORT: String(ports.httpPort),
    ...env,
  }
}

// Lines that are no JSON are warnings of Node or the one about the first operator.
function readLines(child: ChildProcess, said: ServeProcess['said'][number][]): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      try {
        said.push(JSON.parse(line) as (typeof said)[number])
      } catch {
        said.push({ level: 'other', msg: line })
      }
    })
  }
}

/**
 * Asks by Status-Server until there is an answer, from the address of a known client. How long it took in milliseconds;
 * throws when there is none within `patienceMs`.
 */
export async function serving(input: {
  port: number
  localAddress: string
  secret: string
  patienceMs?: number
}): Promise<number> {
  const { port, localAddress, secret, patienceMs = 15_000 } = input
  const begun = performance.now()
  const client = createRadiusClient({ localAddress, now: () => performance.now() })
  const outcome = await client.exchange({
    address: '127.0.0.1',
    port,
    secret: createSecret(secret),
    code: codes.statusServer,
    attributes: Buffer.alloc(0),
    timeoutMs: 50,
    tries: Math.ceil(patienceMs / 50),
    backoff: 1,
  })
  client.close()
  if (outcome.kind !== 'reply') throw new Error(`the service does not answer within ${patienceMs} ms`)
  return performance.now() - begun
}

/** Resolves when the panel says that it is ready, and Postgres answers on this pool: readiness may be without Postgres. */
export async function settled(
  { httpUrl }: Pick<ServeProcess, 'httpUrl'>,
  pool?: Pool,
  patienceMs = 30_000,
): Promise<void> {
  const isWhole = async (): Promise<boolean> => {
    await pool?.query('select from session limit 1')
    return (await fetch(`${httpUrl}/readyz`)).status === 200
  }
  await poll(isWhole, patienceMs, 'the service is not ready')
}

/** Asks every 50 ms; what cannot be asked does not hold. Throws what is said when it takes longer than `patienceMs`. */
export async function poll(holds: () => Promise<boolean>, patienceMs: number, otherwise: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(otherwise)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
