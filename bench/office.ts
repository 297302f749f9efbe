// `npm run bench -- office`: what the office's largest pieces of work take at a million subscribers, and what logins feel meanwhile:
// exports as CSV and XLSX, an import, a bulk block by a filter and its undo. Over HTTP against `serve`, as an operator's program.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Pool } from '../src/db/pool.ts'
import { bearerHash, makeBearer } from '../src/domain/operator/caller.ts'
import { permissionNames } from '../src/domain/operator/permission.ts'
import { jobs } from '../src/jobs/list.ts'
import { loginPlan, loginSubscribers, openCrowd } from './crowd.ts'
import type { Undo } from './crowd.ts'
import { serveGatehouse } from './gatehouse.ts'
import type { ProbeSeen } from './login-probe.ts'
import { commandLine, cpuSeconds, descendants, residentMiB } from './process.ts'

const loginsPerSecond = 500
const imported = 100_000
const works = ['quiet', 'csv', 'xlsx', 'import', 'block', 'undo'] as const

type Office = { url: string; token: string; probe: ChildProcess; adminPid: number; postgresPid: number }
/** The counts of a run. */
type Outcome = Record<string, unknown>

/** Runs it and prints a line for each piece of work. `undo` takes what must be ended when it is interrupted. */
export async function benchOffice(undo: Undo): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      subscribers: { type: 'string', default: '1000000' },
      /** Of `works`, in their order; `undo` needs `block`, `block` needs `import`. */
      work: { type: 'string', default: works.join(',') },
      keep: { type: 'string' },
    },
  })
  const office = await open(Number(values.subscribers), values.keep, undo)
  const chosen = values.work.split(',')
  let blocked: string | undefined
  const run: Record<(typeof works)[number], () => Promise<unknown>> = {
    quiet: () => sleep(20_000),
    csv: () => exportFile(office, 'csv'),
    xlsx: () => exportFile(office, 'xlsx'),
    import: () => importFile(office),
    block: async () => {
      const outcome = await blockByFilter(office)
      blocked = String(outcome.id)
      return outcome.counts
    },
    undo: async () => (await bulkRun(office, `/bulk-runs/${blocked}/undo`, {})).counts,
  }
  for (const work of works) if (chosen.includes(work)) await measured(office, work, run[work])
}

/** Everything that is needed, running. */
async function open(count: number, keep: string | undefined, undo: Undo): Promise<Office> {
  const crowd = await openCrowd(count, keep, undo)
  const server = await serveGatehouse(crowd)
  undo.push(() => server.close())
  const orders = [crowd.authPort, crowd.secret, loginsPerSecond, loginSubscribers].map(String)
  const probe = fork(fileURLToPath(new URL('login-probe.ts', import.meta.url)), orders)
  undo.push(() => Promise.resolve(probe.disconnect()))
  const adminPid = descendants(server.pid).find((pid) => commandLine(pid).includes('admin-process'))!
  await jobsDone(crowd.pool)
  const token = await makeToken(crowd.pool)
  return { url: `http://127.0.0.1:${crowd.httpPort}/api/v1`, token, adminPid, probe, postgresPid: crowd.postgresPid }
}

/** On a database that never ran them every job runs at the start: their first look at a million subscribers is not measured. */
async function jobsDone(pool: Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ done: string }>(
      'select count(distinct job)::text as done from job_run where finished_at is not null',
    )
    if (Number(rows[0]?.done) >= jobs.length) break
    await sleep(500)
  }
  await sleep(5_000)
}

/** A token that may everything; made in the database, since nobody is there to click. */
async function makeToken(pool: Pool): Promise<string> {
  const bearer = makeBearer()
  await pool.query(
    `with made as (
       insert into operator (organisation_id, role_id, name, email, created_at, updated_at)
       select 1, role.id, 'Bench', 'bench@example.net', now(), now() from role where role.name = 'super-administrator'
       returning id
     )
     insert into api_token (operator_id, name, prefix, token_hash, permissions, created_at, expires_at)
     select made.id, 'bench', 'bench', $1, $2, now(), now() + interval '1 day' from made`,
    [bearerHash(bearer), permissionNames],
  )
  return bearer
}

/** Does a piece of work and tells how long it took, the largest memory of the admin process, and what logins felt. */
async function measured(office: Office, name: string, work: () => Promise<unknown>): Promise<void> {
  await felt(office.probe)
  let peak = 0
  const watch = setInterval(() => (peak = Math.max(peak, residentMiB(office.adminPid))), 100)
  const cpu = () => [cpuSeconds(office.adminPid), cpuSeconds(office.postgresPid)] as const
  const [admin, postgres] = cpu()
  const begun = performance.now()
  const result = await work()
  const seconds = (performance.now() - begun) / 1_000
  clearInterval(watch)
  const seen = await felt(office.probe)
  const [adminEnd, postgresEnd] = cpu()
  const spent = `CPU ${(adminEnd - admin).toFixed(1)} s here, ${(postgresEnd - postgres).toFixed(1)} s Postgres`
  const logins = `${seen.sent} logins, ${seen.accepted} accepted, p50 ${seen.p50.toFixed(1)} p99 ${seen.p99.toFixed(1)} worst ${seen.worst.toFixed(0)} ms`
  const outcome = result === undefined ? '' : ` ${JSON.stringify(result)}`
  process.stdout.write(`${name}: ${seconds.toFixed(1)} s, ${peak.toFixed(0)} MiB, ${spent}; ${logins};${outcome}\n`)
}

async function felt(probe: ChildProcess): Promise<ProbeSeen> {
  probe.send('mark')
  const [seen] = (await once(probe, 'message')) as [ProbeSeen]
  return seen
}

async function ask(office: Office, method: string, place: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${office.token}`, ...init.headers }
  const response = await fetch(`${office.url}${place}`, { method, ...init, headers })
  if (!response.ok) throw new Error(`${method} ${place}: ${response.status} ${await response.text()}`)
  return response
}

async function askJson(office: Office, method: string, place: string, init: RequestInit = {}): Promise<Outcome> {
  return (await (await ask(office, method, place, init)).json()) as Outcome
}

/** Taken as it comes, by the cheapest reader there is: whoever downloads is on another machine, and this one has no core to spare. */
async function exportFile({ url, token }: Office, format: 'csv' | 'xlsx'): Promise<Outcome> {
  const headers = { authorization: `Bearer ${token}` }
  const request = http.get(`${url}/subscribers/export?format=${format}`, { headers })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`export: ${response.statusCode}`)
  let octets = 0
  response.on('data', (chunk: Buffer) => (octets += chunk.length))
  await once(response, 'end')
  return { megabytes: Math.round(octets / 1e6) }
}

/** New subscribers: everything that a provider has of a person and a line, in 20 columns. */
function importCsv(): string {
  const header =
    'username,password,plan,expires_at,full_name,phone,phone_extension,email,address,latitude,longitude,zone,language,account_type,mac,group,device_limit,session_limit,bound_interface,owner'
  const rows = Array.from({ length: imported }, (_, n) => {
    const mac = (0x0a_00_00_00_00_00 + n)
      .toString(16)
      .padStart(12, '0')
      .replaceAll(/(..)(?!$)/g, '$1:')
    return `new${n},pass-${n}-word,${loginPlan},2027-12-31,Import Person ${n},+49${1_700_000_000 + n},12,p${n}@example.org,"Street ${n}, 12345 Town",52.5,13.4,zone ${n % 30},de,pppoe,${mac},Group ${n % 300},3,1,ae${n % 40},ISP`
  })
  return `${header}\n${rows.join('\n')}\n`
}

async function importFile(office: Office): Promise<Outcome> {
  const headers = { 'content-type': 'text/csv' }
  const made = await askJson(office, 'POST', '/imports?mode=create', { body: importCsv(), headers })
  const { rows, created, errors } = await ended(office, `/imports/${String(made.id)}`)
  return { rows, created, errors }
}

async function blockByFilter(office: Office): Promise<Outcome> {
  const wish = { action: 'block', params: { reason: 'bench' }, target: { filter: { search: 'import person' } } }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ ...wish, dry_run: true })
  const { count } = await askJson(office, 'POST', '/bulk-runs', { body, headers })
  return bulkRun(office, '/bulk-runs', { ...wish, confirm_count: count })
}

async function bulkRun(office: Office, place: string, wish: object): Promise<Outcome> {
  const headers = { 'content-type': 'application/json' }
  const made = await askJson(office, 'POST', place, { body: JSON.stringify(wish), headers })
  return ended(office, `/bulk-runs/${String(made.id)}`)
}

/** Throws where it ended otherwise than done. */
async function ended(office: Office, place: string): Promise<Outcome> {
  for (;;) {
    const run = await askJson(office, 'GET', place)
    if (run.state === 'done') return run
    if (run.state !== 'waiting' && run.state !== 'running') throw new Error(JSON.stringify(run))
    await sleep(200)
  }
}
