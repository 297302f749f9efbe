// `npm run bench -- enforce`: what is decided happens on the network, and how soon. Ten thousand Disconnects over ten NASes, then
// blocks at a steady rate: when the packet is on the wire and when the session is gone, and what logins feel meanwhile.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freeTcpPort, freeUdpPort } from '../src/cli/free-port.ts'
import { createKysely, createPool } from '../src/db/pool.ts'
import type { Pool } from '../src/db/pool.ts'
import { startEmbeddedPostgres } from '../src/db/embedded.ts'
import type { Database, Db } from '../src/db/schema.ts'
import { ownAuthor } from '../src/domain/author.ts'
import type { Author } from '../src/domain/author.ts'
import { addClient } from '../src/domain/client.ts'
import { orderForSubscribers } from '../src/domain/coa-order.ts'
import { openKeyring } from '../src/domain/data-key.ts'
import { makeSecret } from '../src/domain/secret.ts'
import { block } from '../src/domain/subscriber-action/block.ts'
import type { Undo } from './crowd.ts'
import { enforced } from './enforce-figures.ts'
import type { Enforced, Percentiles } from './enforce-figures.ts'
import { databaseName, startGatehouse } from './gatehouse.ts'
import type { GatehouseOptions } from './gatehouse.ts'
import type { ProbeSeen } from './login-probe.ts'
import { monotonicMs, sessionIdOf } from './nas-responder.ts'
import type { FromResponder, Heard, ResponderOrders } from './nas-responder.ts'
import { readOptions } from './options.ts'
import { cpuSeconds } from './process.ts'

const sizes = {
  full: { disconnects: 10_000, nases: 10, blocks: 4_000, blocksPerSecond: 200, loginsPerSecond: 500, logins: 20_000 },
  small: { disconnects: 500, nases: 5, blocks: 200, blocksPerSecond: 100, loginsPerSecond: 100, logins: 1_000 },
}
type Size = (typeof sizes)['full']
/** Of each NAS: what is measured is how fast it can go, not its pace. */
const coaPace = 10_000
/** Nobody waits longer for what does not come. */
const patienceMs = 120_000
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

type World = {
  size: Size
  pool: Pool
  db: Db
  by: Author
  probe: ChildProcess
  nases: ChildProcess
  pids: [number, number]
}

/** Runs it and prints a line for each part. `undo` takes what must be ended when it is interrupted. */
export async function benchEnforce(undo: Undo): Promise<void> {
  const { small } = readOptions({ small: false })
  const world = await open(small ? sizes.small : sizes.full, undo)
  process.stdout.write(
    '            orders  seconds  on wire p50 ms      p99   worst     gone p50 ms      p99   worst  unheard  not gone\n',
  )
  const quiet = await felt(world, () => sleep(small ? 2_000 : 10_000))
  await measured(world, 'disconnects', () => disconnectAll(world))
  await measured(world, 'blocks', () => blockSteadily(world))
  process.stdout.write(`quiet       ${loginLine(quiet.seen)}\n`)
}

async function measured(world: World, name: string, work: () => Promise<Map<number, number>>): Promise<void> {
  world.nases.send('reset')
  const {
    result: committed,
    seen,
    cpu,
  } = await felt(world, async () => {
    const known = await work()
    await allGone(world, known)
    return known
  })
  const { orders, again, most } = await ask(world.nases)
  const outcome = enforced(committed, orders)
  process.stdout.write(`${name.padEnd(12)}${resultLine(committed.size, outcome)}\n`)
  process.stdout.write(
    `            ${loginLine(seen)}; CPU ${cpu}; ${again} sent again; at most ${most} unfinished at one NAS\n`,
  )
}

function resultLine(count: number, { onWire, gone, unheard, notGone, spanMs }: Enforced): string {
  const three = ({ p50, p99, worst }: Percentiles): string =>
    [p50.toFixed(1).padStart(16), p99.toFixed(1).padStart(9), worst.toFixed(0).padStart(8)].join('')
  const faults = `${String(unheard).padStart(9)}${String(notGone).padStart(10)}`
  return `${String(count).padStart(6)}${(spanMs / 1_000).toFixed(2).padStart(9)}${three(onWire)}${three(gone)}${faults}`
}

function loginLine({ sent, accepted, p50, p99, worst }: ProbeSeen): string {
  return `${sent} logins, ${accepted} accepted, p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} worst ${worst.toFixed(0)} ms`
}

/** What logins felt while it was done, and the CPU of Gatehouse and of Postgres. */
async function felt<T>(world: World, work: () => Promise<T>): Promise<{ result: T; seen: ProbeSeen; cpu: string }> {
  const probe = async (): Promise<ProbeSeen> => {
    world.probe.send('mark')
    return ((await once(world.probe, 'message')) as [ProbeSeen])[0]
  }
  await probe()
  const before = world.pids.map(cpuSeconds)
  const result = await work()
  const seen = await probe()
  const spent = world.pids.map((pid, at) => (cpuSeconds(pid) - before[at]!).toFixed(1))
  return { result, seen, cpu: `${spent[0]} s here, ${spent[1]} s Postgres` }
}

/** Everything that is needed, running, and every session online. */
async function open(size: Size, undo: Undo): Promise<World> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-bench-'))
  undo.push(() => fs.promises.rm(folder, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDirectory: path.join(folder, 'data'), durable: true, log: silent })
  undo.push(() => postgres.stop())
  const sessions = size.disconnects + size.blocks
  const options: GatehouseOptions = {
    folder: path.join(folder, 'gatehouse'),
    databaseUrl: postgres.url,
    authPort: await freeUdpPort(0),
    acctPort: await freeUdpPort(0),
    httpPort: await freeTcpPort(0),
    secret: makeSecret(),
    subscribers: size.logins + sessions,
  }
  const server = await startGatehouse(options)
  undo.push(() => server.close())
  const url = new URL(`/${databaseName}`, postgres.url).href
  const pool = createPool(url, { name: 'bench', max: 10, statementTimeoutMs: 0 })
  undo.push(() => pool.end())
  const db = createKysely<Database>(pool)
  const keyring = await openKeyring(pool, path.join(options.folder, 'gatehouse.key'), new Date())
  const by = ownAuthor('system', 'bench', keyring)
  // A dial-in is allowed as often as the probe makes one.
  await pool.query('update plan set session_limit = null')
  const addresses = Array.from({ length: size.nases }, (_, at) => `127.0.1.${at + 1}`)
  for (const address of addresses) {
    const client = { name: `bng ${address}`, address, vendor: 'mikrotik', secret: options.secret }
    await addClient(db, keyring, client, new Date())
  }
  // Clients are known within a second.
  await sleep(2_000)
  const told: ResponderOrders = {
    addresses,
    acctPort: options.acctPort,
    secret: options.secret,
    first: size.logins,
    sessions,
  }
  const nases = started(undo, 'nas-responder.ts', [JSON.stringify(told)])
  const [online] = (await once(nases, 'message')) as [FromResponder & { kind: 'online' }]
  await reachable(pool, addresses, online.ports)
  const probe = started(
    undo,
    'login-probe.ts',
    [options.authPort, options.secret, size.loginsPerSecond, size.logins].map(String),
  )
  await sleep(5_000)
  return { size, pool, db, by, probe, nases, pids: [server.pid, postgres.pid] }
}

function started(undo: Undo, program: string, args: string[]): ChildProcess {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), args)
  undo.push(() => Promise.resolve(child.connected ? child.disconnect() : undefined))
  return child
}

/** Tells where each NAS takes orders, and at what pace; waits until it is known from where they speak. */
async function reachable(pool: Pool, addresses: readonly string[], ports: readonly number[]): Promise<void> {
  await pool.query(
    `update nas set coa_port = at.port, settings = nas.settings || jsonb_build_object('coa_pace', $3::integer)
     from radius_client client, unnest($1::text[], $2::integer[]) as at (address, port)
     where client.id = nas.client_id and client.name = 'bng ' || at.address`,
    [addresses, ports, coaPace],
  )
  for (;;) {
    const { rowCount } = await pool.query('select from nas_contact')
    if (rowCount! >= addresses.length) return
    await sleep(200)
  }
}

/** All at once, as a bulk deed orders them. */
async function disconnectAll({ size, pool, db }: World): Promise<Map<number, number>> {
  const { rows } = await pool.query<{ subscriber_id: bigint; acct_session_id: string }>(
    'select subscriber_id, acct_session_id from session where acct_session_id >= $1 and acct_session_id < $2',
    [sessionIdOf(size.logins), sessionIdOf(size.logins + size.disconnects)],
  )
  const subscriberIds = rows.map((row) => row.subscriber_id)
  await orderForSubscribers(db, { subscriberIds, wish: 'disconnect', reason: 'bench' }, new Date())
  const at = monotonicMs()
  return new Map(rows.map((row) => [Number.parseInt(row.acct_session_id, 16), at]))
}

/** So many a second whatever comes of them, each a transaction of its own as the button makes it. */
async function blockSteadily({ size, pool, db, by }: World): Promise<Map<number, number>> {
  const { rows } = await pool.query<{ subscriber_id: bigint; acct_session_id: string }>(
    'select subscriber_id, acct_session_id from session where acct_session_id >= $1 order by acct_session_id limit $2',
    [sessionIdOf(size.logins + size.disconnects), size.blocks],
  )
  const committed = new Map<number, number>()
  const begun = monotonicMs()
  const deeds: Promise<void>[] = []
  for (const [at, row] of rows.entries()) {
    const due = begun + (at * 1_000) / size.blocksPerSecond
    if (due > monotonicMs()) await sleep(due - monotonicMs())
    const input = { subscriberIds: [row.subscriber_id], params: { reason: 'bench' } }
    const deed = async (): Promise<void> => {
      await block.run(db, input, by, new Date())
      committed.set(Number.parseInt(row.acct_session_id, 16), monotonicMs())
    }
    deeds.push(deed())
  }
  await Promise.all(deeds)
  return committed
}

/** And proved: what is still looked at after one phase would be part of the next. */
async function allGone({ nases, pool }: World, committed: ReadonlyMap<number, number>): Promise<void> {
  for (const end = monotonicMs() + patienceMs; monotonicMs() < end; await sleep(250)) {
    if (enforced(committed, (await ask(nases)).orders).notGone > 0) continue
    const { rowCount } = await pool.query('select from coa_order where finished_at is null limit 1')
    if (rowCount === 0) return
  }
}

async function ask(nases: ChildProcess): Promise<{ orders: Heard[]; again: number; most: number }> {
  nases.send('mark')
  return ((await once(nases, 'message')) as [FromResponder & { kind: 'heard' }])[0]
}
