// The server process of a cluster: found, started, waited for, stopped. It runs in its own process session, so that Ctrl-C
// reaches us and not Postgres, and it outlives a kill -9 of ours.

import { execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as net from 'node:net'
import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { isUnavailable, sqlState, sqlStateOf } from '../errors.ts'
import { clusterName, serverEnvironment } from './cluster.ts'
import type { Cluster, Connection } from './cluster.ts'
import { processExists } from './holders.ts'

/** The server could not be started; the message ends with the last lines of its log. */
export class PostgresStartError extends Error {
  override name = 'PostgresStartError'
}

export type Running = { pid: number; port: number }

const databaseName = 'gatehouse'

/** The server of a cluster folder, if one runs: what postmaster.pid says, believed only when the command line agrees. */
export function findRunning(root: string): Running | undefined {
  const found = readPidFile(root)
  return found !== undefined && isServer(found.pid, clusterName(root)) ? found : undefined
}

/** Whether this pid is the server of that cluster: alive, no zombie, and started by us for this folder. */
export function isServer(pid: number, name: string): boolean {
  return commandLine(pid).includes(`cluster_name=${name}`)
}

/** The URL by which the superuser of the cluster connects. */
export function connectionUrl(connection: Connection, port: number, database = databaseName): string {
  return `postgres://${connection.user}:${connection.password}@127.0.0.1:${port}/${database}`
}

/**
 * Removes what a killed server left in the way. A pid file whose process is dead is left to Postgres, which also looks at
 * the shared memory; one that names a living stranger (a reused pid, or a zombie) would block the start and is removed, but
 * not before the last child of the old server is gone.
 */
export async function clearStalePidFile(cluster: Cluster): Promise<void> {
  const found = readPidFile(cluster.root)
  if (found === undefined || isServer(found.pid, cluster.name)) return
  const deadline = performance.now() + 5_000
  while (hasChildren(cluster.name) && performance.now() < deadline) await sleep(50)
  if (hasChildren(cluster.name)) throw new PostgresStartError('processes of the former Postgres do not end')
  if (processExists(found.pid)) fs.rmSync(path.join(cluster.root, 'cluster', 'postmaster.pid'), { force: true })
}

/** Starts the server on a port. Returns its pid and a promise that ends with the process. */
export function spawnServer(
  cluster: Cluster,
  input: { port: number; durable: boolean },
): { pid: number; ended: Promise<void>; lastLines: () => string } {
  const log = path.join(cluster.root, 'server.log')
  rotate(log)
  const file = fs.openSync(log, 'a', 0o600)
  const from = fs.fstatSync(file).size
  try {
    const child = spawn(path.join(cluster.bin, 'postgres'), serverArguments(cluster, input), {
      cwd: cluster.workingDirectory,
      env: serverEnvironment,
      stdio: ['ignore', file, file],
      detached: true,
      ...cluster.owner,
    })
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    child.unref()
    return {
      pid: child.pid ?? -1,
      ended,
      lastLines: () => fs.readFileSync(log).subarray(from).toString().slice(-2_000),
    }
  } finally {
    fs.closeSync(file)
  }
}

function serverArguments(cluster: Cluster, input: { port: number; durable: boolean }): string[] {
  const settings = {
    port: input.port,
    cluster_name: cluster.name,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: input.durable ? '256MB' : '64MB',
    // While one write is on its way to the disk nobody else may empty them: with 8 MB a checkpoint let every login wait for it.
    wal_buffers: input.durable ? '64MB' : '4MB',
    max_wal_size: input.durable ? '4GB' : '1GB',
    // Written segments are used again: every commit waits where a new one is filled with zeros, up to 280 ms in a storm.
    min_wal_size: input.durable ? '1GB' : '80MB',
    checkpoint_timeout: '15min',
    effective_cache_size: '1GB',
    maintenance_work_mem: '128MB',
    random_page_cost: 1.1,
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // A failing statement may carry a password in its text.
    log_min_error_statement: 'panic',
    ...(input.durable
      ? {}
      : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum_naptime: 300 }),
  }
  return [
    '-D',
    cluster.dataArgument,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

function rotate(log: string): void {
  if ((fs.statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 10_000_000) fs.renameSync(log, `${log}.1`)
}

/**
 * Waits until the server answers and makes our database if it is not there yet. False when the process ended instead.
 * Recovery after a crash may take minutes; it is waited for as long as the process lives.
 */
export async function waitUntilReady(connection: Connection, running: Running, alive: () => boolean): Promise<boolean> {
  const url = connectionUrl(connection, running.port, 'postgres')
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 250)) {
    if (!alive()) return false
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await ensureDatabase(client)
      return true
    } catch (error) {
      if (!isUnavailable(error))
        throw new PostgresStartError(`Postgres runs but refuses us: ${String(error)}`, { cause: error })
    } finally {
      await client.end().catch(() => undefined)
    }
    await sleep(pause)
  }
}

async function ensureDatabase(client: Client): Promise<void> {
  const found = await client.query('select from pg_database where datname = $1', [databaseName])
  if (found.rowCount !== 0) return
  try {
    await client.query(`create database ${databaseName}`)
  } catch (error) {
    const state = sqlStateOf(error)
    if (state !== sqlState.duplicateDatabase && state !== sqlState.uniqueViolation) throw error
  }
}

/** Fast shutdown (connections are cut, nothing is lost); after 20 s an immediate one. Returns when the process is gone. */
export async function stopServer(pid: number, name: string): Promise<void> {
  for (const [signal, patience] of [
    ['SIGINT', 20_000],
    ['SIGQUIT', 10_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isServer(pid, name)) return
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    const deadline = performance.now() + patience
    while (isServer(pid, name) && performance.now() < deadline) await sleep(20)
  }
}

/** A port that nothing listens on at this moment; the wanted one if possible. */
export async function freePort(wanted: number | undefined): Promise<number> {
  const listen = (port: number): Promise<number | undefined> =>
    new Promise((resolve) => {
      const server = net.createServer()
      server.once('error', () => resolve(undefined))
      server.listen(port, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
      })
    })
  const port = (wanted === undefined ? undefined : await listen(wanted)) ?? (await listen(0))
  if (port === undefined) throw new PostgresStartError('no free port on 127.0.0.1')
  return port
}

/** Lines of postmaster.pid: 1 pid, 4 port (PostgreSQL source, miscadmin.h: LOCK_FILE_LINE_*). */
function readPidFile(root: string): Running | undefined {
  try {
    const lines = fs.readFileSync(path.join(root, 'cluster', 'postmaster.pid'), 'utf8').split('\n')
    const [pid, port] = [Number(lines[0]), Number(lines[3])]
    return pid > 0 && port > 0 ? { pid, port } : undefined
  } catch {
    return undefined
  }
}

/** The arguments of a process, or its title where it has set one; '' for a dead one, a zombie, or one we may not see. */
function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return ''
  }
}

/** Whether backends or helpers of the cluster still run: Postgres puts the cluster's name into their titles. */
function hasChildren(name: string): boolean {
  if (process.platform !== 'linux') return false
  return fs
    .readdirSync('/proc')
    .some((entry) => /^\d+$/.test(entry) && commandLine(Number(entry)).startsWith(`postgres: ${name}`))
}
