import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { findRunningPostgres, startEmbeddedPostgres, usePostgres } from '../../src/db/embedded.ts'
import type { EmbeddedPostgres } from '../../src/db/embedded.ts'
import { bundledBinaries, openToAll, reachableBinaries } from '../../src/db/embedded/binaries.ts'
import { silentLog } from '../support/database.ts'

const asRoot = process.getuid?.() === 0
// Closed to other users, as a clone below /root is.
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-embedded-'))
const dataDirectory = path.join(home, 'data')
const open = new Set<{ stop(): Promise<unknown> }>()

async function start(directory = dataDirectory, durable = false): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDirectory: directory, durable, log: silentLog })
  open.add(server)
  return server
}

const answer = z.object({ url: z.string(), pid: z.number(), adopted: z.boolean() })

type Holder = z.infer<typeof answer> & { child: ChildProcess; stop(): Promise<unknown> }

/** Aborted when the process ends: who waits for its word then learns that none will come. */
function deathOf(child: ChildProcess): AbortSignal {
  const controller = new AbortController()
  child.once('exit', () => setImmediate(() => controller.abort(new Error('the holder has ended'))))
  return controller.signal
}

/** Another process that uses the server. */
async function startHolder(input: { dataDirectory: string; uid?: number }): Promise<Holder> {
  const script = path.resolve('test/support/postgres-holder.ts')
  const settings = JSON.stringify({
    binaries: asRoot ? reachableBinaries(bundledBinaries()) : bundledBinaries(),
    ...input,
  })
  const child = spawn(process.execPath, [script, settings], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line]: unknown[] = await once(createInterface(child.stdout), 'line', { signal: deathOf(child) })
  const stop = async (): Promise<unknown> => {
    const ended = once(child, 'exit')
    child.stdin.end()
    return child.exitCode ?? child.signalCode ?? ended
  }
  const holder = { ...answer.parse(JSON.parse(String(line))), child, stop }
  open.add(holder)
  return holder
}

async function ask(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(text)
    return rows.map((row) => Object.values(row)[0])
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Polls a condition that another process makes true. */
async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

/** proc(5): the sixth field; the second, in brackets, may hold blanks. */
function session(pid: number): string | undefined {
  return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3]
}

/** A server that nobody has closed properly is a zombie or gone; either has no command line. */
function lives(pid: number): boolean {
  return fs.existsSync(`/proc/${pid}/cmdline`) && fs.readFileSync(`/proc/${pid}/cmdline`).length > 0
}

afterEach(async () => {
  for (const server of open) await server.stop()
  open.clear()
})

afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

describe('embedded Postgres', () => {
  beforeAll(async () => {
    const server = await start()
    await ask(server.url, 'create table kept (id int)')
    await server.stop()
  })

  it('is stopped by its last user and keeps its data and its URL', async () => {
    const first = await start()
    await ask(first.url, 'insert into kept values (1)')
    await first.stop()
    expect(lives(first.pid)).toBe(false)
    expect(findRunningPostgres(dataDirectory)).toBeUndefined()

    const second = await start()
    expect(second.adopted).toBe(false)
    expect(second.url).toBe(first.url)
    expect(findRunningPostgres(dataDirectory)).toBe(second.url)
    expect(await ask(second.url, 'select count(*)::int from kept')).toEqual([1])
  })

  it('listens on loopback only, trusts nobody and never runs as root', async () => {
    const server = await start()
    const settings = `select setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories', 'fsync') order by name`
    expect(await ask(server.url, settings)).toEqual(['off', '127.0.0.1', ''])
    expect(new Set(await ask(server.url, 'select auth_method from pg_hba_file_rules'))).toEqual(
      new Set(['scram-sha-256']),
    )
    const stranger = new URL(server.url)
    stranger.password = 'guess'
    await expect(ask(stranger.href, 'select 1')).rejects.toThrow('password authentication failed')
    expect(fs.statSync(`/proc/${server.pid}`).uid).not.toBe(0)
    expect(fs.statSync(path.join(dataDirectory, 'postgres/connection.json')).mode & 0o777).toBe(0o600)
  })

  it('runs in a process session of its own, so that Ctrl-C reaches only us', async () => {
    const server = await start()
    expect(session(server.pid)).toBe(String(server.pid))
    expect(session(server.pid)).not.toBe(session(process.pid))
  })

  it('is adopted after a kill -9 of the process that started it', async () => {
    const holder = await startHolder({ dataDirectory })
    const ended = once(holder.child, 'exit')
    holder.child.kill('SIGKILL')
    await ended
    expect(lives(holder.pid)).toBe(true)

    const server = await start()
    expect(server).toMatchObject({ adopted: true, url: holder.url, pid: holder.pid })
    expect(await ask(server.url, 'select 1')).toEqual([1])
    await server.stop()
    expect(lives(holder.pid)).toBe(false)
  })

  it('is started again after a kill -9 of the server, at the same URL and with what was committed', async () => {
    const server = await start(dataDirectory, true)
    const killed = server.pid
    await ask(server.url, 'insert into kept values (2)')
    process.kill(killed, 'SIGKILL')
    await eventually(() => server.pid !== killed)
    expect(await ask(server.url, 'select id from kept where id = 2')).toEqual([2])
  })

  it('mends what a kill -9 of both has left', async () => {
    const holder = await startHolder({ dataDirectory })
    const ended = once(holder.child, 'exit')
    holder.child.kill('SIGKILL')
    process.kill(holder.pid, 'SIGKILL')
    await ended
    const server = await start()
    expect(server.pid).not.toBe(holder.pid)
    expect(await ask(server.url, 'select 1')).toEqual([1])
  })

  it('is not stopped by a living stranger with the pid of a former server', async () => {
    const file = path.join(dataDirectory, 'postgres/cluster/postmaster.pid')
    fs.writeFileSync(file, `${process.pid}\n${path.dirname(file)}\n1\n5432\n\n127.0.0.1\n  1 1\nready\n`)
    expect(findRunningPostgres(dataDirectory)).toBeUndefined()
    const server = await start()
    expect(await ask(server.url, 'select 1')).toEqual([1])
  })

  it('is left running by a command beside it, whoever started first', async () => {
    const server = await start()
    const command = await usePostgres(dataDirectory, silentLog)
    expect(command).toMatchObject({ adopted: true, url: server.url })
    await command.stop()
    expect(lives(server.pid)).toBe(true)

    const beside = await usePostgres(dataDirectory, silentLog)
    await server.stop()
    expect(await ask(beside.url, 'select 1')).toEqual([1])
    await beside.stop()
    expect(lives(server.pid)).toBe(false)
  })
})

describe('embedded Postgres in a new data directory', () => {
  it('is made once by three that start at once', async () => {
    const directory = path.join(home, 'at-once')
    const holders = await Promise.all([1, 2, 3].map(() => startHolder({ dataDirectory: directory })))
    expect(new Set(holders.map((holder) => holder.url)).size).toBe(1)
    expect(holders.filter((holder) => !holder.adopted)).toHaveLength(1)
    expect(fs.readdirSync(directory)).toEqual(['postgres'])
    await Promise.all(holders.map((holder) => holder.stop()))
    expect(lives(holders[0]!.pid)).toBe(false)
  })

  it('leaves two checkouts side by side alone', async () => {
    const [one, other] = await Promise.all([start(path.join(home, 'one')), start(path.join(home, 'other'))])
    expect(one.url).not.toBe(other.url)
    await one.stop()
    expect(await ask(other.url, 'select 1')).toEqual([1])
  })

  it('removes what a start killed half way has left', async () => {
    const directory = path.join(home, 'half')
    const abandoned = path.join(directory, `postgres.new-${2 ** 22 + 1}-abc`)
    fs.mkdirSync(path.join(abandoned, 'cluster'), { recursive: true })
    await start(directory)
    expect(fs.existsSync(abandoned)).toBe(false)
  })

  it('names the way out when the programs are of another major version', async () => {
    const directory = path.join(home, 'one')
    fs.writeFileSync(path.join(directory, 'postgres/cluster/PG_VERSION'), '9\n')
    await expect(start(directory)).rejects.toThrow('was made by Postgres 9')
  })
})

describe('embedded Postgres and other users', () => {
  // Everyone may enter.
  const common = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-embedded-'))
  fs.chmodSync(common, 0o755)

  afterAll(() => fs.rmSync(common, { recursive: true, force: true }))

  it('works in place for an ordinary user', async () => {
    const uid = asRoot ? 65_534 : process.getuid!()
    const directory = path.join(common, 'ordinary')
    fs.mkdirSync(directory)
    fs.chownSync(directory, uid, asRoot ? uid : process.getgid!())
    const holder = await startHolder({ dataDirectory: directory, uid })
    expect(fs.statSync(`/proc/${holder.pid}`).uid).toBe(uid)
    expect(await ask(holder.url, 'select 1')).toEqual([1])
  })

  it('uses programs in place where everyone may run them', () => {
    const bin = path.join(common, 'native/bin')
    fs.mkdirSync(bin, { recursive: true })
    fs.writeFileSync(path.join(bin, 'postgres'), 'a program')
    for (const target of [path.dirname(bin), bin, path.join(bin, 'postgres')]) fs.chmodSync(target, 0o755)
    expect(openToAll(bin)).toBe(true)
    expect(reachableBinaries(bin, [path.join(common, 'shared')])).toBe(bin)
  })

  it('copies programs that others cannot reach, once, with every file open', () => {
    const closed = path.join(home, 'checkout/native')
    fs.mkdirSync(path.join(closed, 'bin'), { recursive: true })
    fs.mkdirSync(path.join(closed, 'lib'), { mode: 0o700 })
    fs.writeFileSync(path.join(closed, 'bin/postgres'), 'a program', { mode: 0o700 })
    fs.writeFileSync(path.join(closed, 'lib/libpq.so.5'), 'a library', { mode: 0o600 })
    fs.symlinkSync('libpq.so.5', path.join(closed, 'lib/libpq.so'))
    const places = [path.join(common, 'shared')]

    const bin = reachableBinaries(path.join(closed, 'bin'), places)
    expect(path.dirname(path.dirname(bin))).toBe(places[0])
    expect(openToAll(bin)).toBe(true)
    expect(fs.statSync(path.join(bin, 'postgres')).mode & 0o777).toBe(0o755)
    expect(fs.statSync(path.join(bin, '../lib/libpq.so.5')).mode & 0o777).toBe(0o644)
    expect(fs.readlinkSync(path.join(bin, '../lib/libpq.so'))).toBe('libpq.so.5')
    expect(reachableBinaries(path.join(closed, 'bin'), places)).toBe(bin)
  })

  it('does not trust a folder for programs that others may write', () => {
    const closed = path.join(home, 'checkout/native/bin')
    const squatted = path.join(common, 'squatted')
    fs.mkdirSync(squatted)
    fs.chmodSync(squatted, 0o777)
    const bin = reachableBinaries(closed, [squatted, path.join(common, 'next')])
    expect(bin.startsWith(path.join(common, 'next'))).toBe(true)
  })
})
