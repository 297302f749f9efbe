// Gatehouse as an operator runs it: `serve` on a database of its own in the same Postgres, filled by its own commands. Access
// log, sessions and usage are written; unless `unlimited`, the plan limits sessions to one and every login is also claimed.

import { spawn, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { commandLine, descendants, stopProcess, waitForRadius } from './process.ts'
import type { Server } from './process.ts'
import { subscriberFiles } from './subscribers.ts'

export type GatehouseOptions = {
  /** For its key file and log. */
  folder: string
  /** Of a superuser; the database of `database` is made beside it. */
  databaseUrl: string
  /** Default `databaseName`. */
  database?: string
  authPort: number
  acctPort: number
  httpPort: number
  secret: string
  /** So many are imported. */
  subscribers: number
  /** So many are in the last-known snapshot once it is read; default `subscribers`. */
  known?: number
  /** See GATEHOUSE_LAST_KNOWN in the README. Default `subscribers`. */
  lastKnown?: 'subscribers' | 'nothing'
  /** The plan limits no sessions, as FreeRADIUS in Debian's package limits none. Else it limits them to one. */
  unlimited?: boolean
}

export const databaseName = 'gatehouse_bench'
const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** `importSeconds`: how long `subscriber import` took. */
export type Gatehouse = Server & { importSeconds: number; httpPort: number }

/** Fills a database by its own commands and starts `serve`. Throws with its own words when something fails. */
export async function startGatehouse(options: GatehouseOptions): Promise<Gatehouse> {
  await recreateDatabase(options)
  const importSeconds = fillGatehouse(options)
  return { ...(await serveGatehouse(options)), importSeconds }
}

/** Starts `serve` on the database as it is. Throws with its own words when something fails. */
export async function serveGatehouse(options: GatehouseOptions): Promise<Omit<Gatehouse, 'importSeconds'>> {
  const env = environment(options)
  const log = fs.openSync(path.join(options.folder, 'serve.log'), 'w')
  const child = spawn(process.execPath, [program, 'serve'], { env, stdio: ['ignore', log, log] })
  fs.closeSync(log)
  const radiusPids = (): number[] =>
    descendants(child.pid ?? -1).filter((pid) => commandLine(pid).includes('radius-process'))
  const server = {
    name: 'Gatehouse',
    pid: child.pid ?? -1,
    authPort: options.authPort,
    acctPort: options.acctPort,
    httpPort: options.httpPort,
    replySigned: true,
    memoryPids: radiusPids,
    close: () => stopProcess(child),
  }
  try {
    await waitForRadius({ port: options.authPort, secret: options.secret, gone: child })
    await waitForSnapshot(options)
  } catch (cause) {
    await server.close()
    const said = fs.readFileSync(path.join(options.folder, 'serve.log'), 'utf8').slice(-2_000)
    throw new Error(`Gatehouse does not answer: ${said}`, { cause })
  }
  return server
}

// What is measured is the server at work, not the seconds in which it first reads who its subscribers are.
async function waitForSnapshot({
  httpPort,
  subscribers,
  known = subscribers,
  lastKnown,
}: GatehouseOptions): Promise<void> {
  if (lastKnown === 'nothing') return
  for (const deadline = performance.now() + 300_000; performance.now() < deadline; await sleep(200)) {
    if ((await readMetric(httpPort, 'gatehouse_snapshot_subscribers')) >= known) return
  }
  throw new Error('the snapshot does not hold all subscribers within 300 s')
}

/** The value of a metric without labels, or with the first ones; NaN where `serve` does not tell it yet. */
export async function readMetric(httpPort: number, name: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/metrics`).catch(() => undefined)
  const told = new RegExp(`^${name}(?:\\{.*\\})? (\\S+)`, 'm').exec((await answer?.text()) ?? '')
  return Number(told?.[1])
}

/** Adds the client, the plan and the subscribers. Gives the seconds of the import. */
export function fillGatehouse(options: GatehouseOptions): number {
  fs.mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  const env = environment(options)
  command(env, ['migrate'])
  const client = [
    'client',
    'add',
    '--name',
    'bench',
    '--address',
    '127.0.0.1',
    '--vendor',
    'mikrotik',
    '--secret-stdin',
  ]
  command(env, client, `${options.secret}\n`)
  const rates = ['--down', '50M', '--up', '20M', '--days', '0', '--price', '20.00']
  const limit = options.unlimited === true ? [] : ['--session-limit', '1']
  command(env, ['plan', 'add', '--name', 'plan', ...rates, ...limit, '--pool', 'pool'])
  const file = path.join(options.folder, 'subscribers.csv')
  const began = performance.now()
  for (const part of subscriberFiles(options.subscribers, 'plan')) {
    fs.writeFileSync(file, part)
    command(env, ['subscriber', 'import', file])
  }
  return (performance.now() - began) / 1000
}

function command(env: NodeJS.ProcessEnv, args: readonly string[], input = ''): void {
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...args], { env, input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`gatehouse ${args.slice(0, 2).join(' ')} failed: ${stderr}${stdout}`)
}

function environment(options: GatehouseOptions): NodeJS.ProcessEnv {
  return {
    // To profile it: --cpu-prof --cpu-prof-dir=… (README.md). The benchmark itself must not be profiled with it.
    NODE_OPTIONS: process.env.GATEHOUSE_BENCH_NODE_OPTIONS ?? '',
    PATH: process.env.PATH,
    DATABASE_URL: urlOf(options),
    GATEHOUSE_DATA_DIR: options.folder,
    GATEHOUSE_RADIUS_ADDRESSES: '127.0.0.1',
    GATEHOUSE_AUTH_PORT: String(options.authPort),
    GATEHOUSE_ACCT_PORT: String(options.acctPort),
    GATEHOUSE_HTTP_PORT: String(options.httpPort),
    GATEHOUSE_LAST_KNOWN: options.lastKnown ?? 'subscribers',
    GATEHOUSE_LOG_LEVEL: 'warn',
  }
}

/** Where its database is, once it is made. */
export function urlOf({
  databaseUrl,
  database = databaseName,
}: Pick<GatehouseOptions, 'databaseUrl' | 'database'>): string {
  return new URL(`/${database}`, databaseUrl).href
}

/** An empty one of its name in place of what was there. */
export async function recreateDatabase({ databaseUrl, database = databaseName }: GatehouseOptions): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(`drop database if exists ${database} with (force)`)
    await client.query(`create database ${database}`)
  } finally {
    await client.end()
  }
}
