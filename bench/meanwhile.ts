// `npm run bench:office`: what the office's largest pieces of work take with a million subscribers, and what logins feel meanwhile:
// an export as CSV and XLSX, an import, a bulk block. Over HTTP against `serve`, as an operator's program does it.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as net from 'node:net'
import * as os from 'node:os'
import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startEmbeddedPostgres } from '../src/db/embedded.ts'
import { createPool } from '../src/db/pool.ts'
import type { Pool } from '../src/db/pool.ts'
import { makeSecret } from '../src/domain/secret.ts'
import { permissionNames } from '../src/domain/operator/permission.ts'
import { startGatehouse } from './gatehouse.ts'
import { fillLists } from './list-data.ts'
import type { ProbeSeen } from './login-probe.ts'
import { commandLine, descendants } from './process.ts'

const loginsPerSecond = 500
const quietSeconds = 20
/** Those who log in; the others are the crowd of the lists. */
const probed = 1_000
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

type Office = { url: string; token: string; pool: Pool; adminPid: number; probe: ChildProcess; folder: string }

const undo: (() => unknown)[] = []
process.once('SIGINT', () => void end(130))
await main().then(
  () => end(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return end(1)
  },
)

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { subscribers: { type: 'string', default: '1000000' } } })
  const count = Number(values.subscribers)
  const office = await open(count)
  say('work', 'seconds', 'result', 'memory', office.probe)
  await work(office, 'nothing (quiet)', async () => {
    await sleep(quietSeconds * 1_000)
    return ''
  })
  await work(office, `export of ${count} as CSV`, () => exportFile(office, 'csv'))
  await work(office, `export of ${count} as XLSX`, () => exportFile(office, 'xlsx'))
  await work(office, 'import of 100000 with 20 columns', () => importFile(office, Math.min(100_000, count)))
  await work(office, 'bulk block of 100000 by filter', () => bulkBlock(office))
}

/** Everything that is needed, running. */
async function open(count: number): Promise<Office> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-bench-'))
  undo.push(() => fs.promises.rm(folder, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDirectory: path.join(folder, 'data'), durable: true, log: silent })
  undo.push(() => postgres.stop())
  const ports = { authPort: await freePort(), acctPort: await freePort(), httpPort: await freePort() }
  const secret = makeSecret()
  const shared = { databaseUrl: postgres.url, secret, subscribers: probed, folder: path.join(folder, 'gatehouse') }
  const server = await startGatehouse({ ...shared, ...ports })
  undo.push(() => server.close())
  const url = new URL('/gatehouse_bench', postgres.url).href
  const pool = createPool(url, { name: 'gatehouse bench', max: 2, statementTimeoutMs: 0 })
  undo.push(() => pool.end())
  await fillLists(pool, count, new Date(), (step, seconds) =>
    process.stderr.write(`filling: ${step} ${seconds.toFixed(1)} s\n`),
  )
  const probe = fork(fileURLToPath(new URL('login-probe.ts', import.meta.url)), [
    String(ports.authPort),
    secret,
    String(loginsPerSecond),
    String(probed),
  ])
  undo.push(() => probe.disconnect())
  const adminPid = descendants(server.pid).find((pid) => commandLine(pid).includes('admin-process'))!
  await sleep(5_000)
  return {
    url: `http://127.0.0.1:${ports.httpPort}/api/v1`,
    token: await makeToken(pool),
    pool,
    adminPid,
    probe,
    folder,
  }
}

/** A token that may everything; made in the database, since nobody is there to click. */
async function makeToken(pool: Pool): Promise<string> {
  const token = `gh_bench_${randomBytes(32).toString('base64url')}`
  await pool.query(
    `with made as (
       insert into operator (organisation_id, role_id, name, email, created_at, updated_at)
       select 1, role.id, 'Bench', 'bench@example.net', now(), now() from role where role.name = 'super-administrator'
       returning id
     )
     insert into api_token (operator_id, name, prefix, token_hash, permissions, created_at, expires_at)
     select made.id, 'bench', 'gh_bench', $1, $2, now(), now() + interval '1 day' from made`,
    [createHash('sha256').update(token).digest(), permissionNames],
  )
  return token
}

/** Does a piece of work and tells how long it took, the largest memory of the admin process, and what logins felt. */
async function work(office: Office, name: string, run: () => Promise<string>): Promise<void> {
  await seen(office.probe)
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMiB(office.adminPid))
  }, 100)
  const begun = performance.now()
  const result = await run()
  const seconds = (performance.now() - begun) / 1_000
  clearInterval(watch)
  const felt = await seen(office.probe)
  const logins = `logins ${felt.sent}, accepted ${felt.accepted}, p50 ${felt.p50.toFixed(1)} p99 ${felt.p99.toFixed(1)} p99.9 ${felt.p999.toFixed(1)} ms`
  say(name, seconds.toFixed(1), result, `${peak.toFixed(0)} MiB`, logins)
}

async function seen(probe: ChildProcess): Promise<ProbeSeen> {
  probe.send('mark')
  const [felt] = (await once(probe, 'message')) as [ProbeSeen]
  return felt
}

function residentMiB(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024
}

async function ask(office: Office, method: string, place: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${office.token}`, ...init.headers }
  const response = await fetch(`${office.url}${place}`, { method, ...init, headers })
  if (!response.ok) throw new Error(`${method} ${place}: ${response.status} ${await response.text()}`)
  return response
}

async function exportFile(office: Office, format: 'csv' | 'xlsx'): Promise<string> {
  const response = await ask(office, 'GET', `/subscribers/export?format=${format}`)
  let octets = 0
  for await (const chunk of response.body!) octets += (chunk as Uint8Array).length
  return `${(octets / 1e6).toFixed(0)} MB`
}

/** New subscribers: everything that a provider has of a person and a line. */
function importCsv(count: number): string {
  const header =
    'username,password,plan,expires_at,full_name,phone,phone_extension,email,address,latitude,longitude,zone,language,account_type,mac,group,device_limit,session_limit,bound_interface,owner'
  const rows = Array.from({ length: count }, (_, n) => {
    const mac = (0x0a_00_00_00_00_00 + n)
      .toString(16)
      .padStart(12, '0')
      .replaceAll(/(..)(?!$)/g, '$1:')
    return `new${n},pass-${n}-word,plan,2027-12-31,Import Person ${n},+49${1_700_000_000 + n},12,p${n}@example.org,"Street ${n}, 12345 Town",52.5,13.4,zone ${n % 30},de,pppoe,${mac},Group ${n % 300},3,1,ae${n % 40},ISP`
  })
  return `${header}\n${rows.join('\n')}\n`
}

async function importFile(office: Office, count: number): Promise<string> {
  const body = importCsv(count)
  const headers = { 'content-type': 'text/csv' }
  const made = (await (await ask(office, 'POST', '/imports?mode=create', { body, headers })).json()) as { id: number }
  for (;;) {
    const run = (await (await ask(office, 'GET', `/imports/${made.id}`)).json()) as Record<string, unknown>
    if (!['waiting', 'running'].includes(String(run.state))) return JSON.stringify(run).slice(0, 200)
    await sleep(200)
  }
}

async function bulkBlock(office: Office): Promise<string> {
  const wish = { action: 'block', params: { reason: 'bench' }, target: { filter: { search: 'new' } } }
  const begin = async (more: Record<string, unknown>): Promise<{ id: number; count: number }> => {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ ...wish, ...more })
    return (await (await ask(office, 'POST', '/bulk-runs', { body, headers })).json()) as { id: number; count: number }
  }
  const { count } = await begin({ dry_run: true })
  const made = await begin({ confirm_count: count })
  for (;;) {
    const run = (await (await ask(office, 'GET', `/bulk-runs/${made.id}`)).json()) as Record<string, unknown>
    if (!['waiting', 'running'].includes(String(run.state))) return JSON.stringify(run).slice(0, 300)
    await sleep(200)
  }
}

function say(name: string, seconds: string, result: string, memory: string, logins: unknown): void {
  process.stdout.write(
    `${name} | ${seconds} | ${result} | ${memory} | ${typeof logins === 'string' ? logins : 'logins'}\n`,
  )
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function end(code: number): Promise<never> {
  for (const step of undo.toReversed()) await step()
  process.exit(code)
}
