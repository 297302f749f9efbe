// The office's large pieces of work, over HTTP against `serve` as an operator's program does them.

import { once } from 'node:events'
import * as http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../src/db/pool.ts'
import { bearerHash, makeBearer } from '../src/domain/operator/caller.ts'
import { permissionNames } from '../src/domain/operator/permission.ts'
import { jobs } from '../src/jobs/list.ts'
import { loginPlan } from './crowd.ts'
import type { Crowd } from './crowd.ts'

export type OfficeApi = { url: string; token: string }
/** The counts of a run. */
type Outcome = Record<string, unknown>

/** Whose pieces of work they are: a token is made for them. */
export async function openOfficeApi({ pool, httpPort }: Crowd): Promise<OfficeApi> {
  return { url: `http://127.0.0.1:${httpPort}/api/v1`, token: await makeToken(pool) }
}

/** On a database that never ran them every job runs at the start: their first look at a million subscribers is not measured. */
export async function jobsDone(pool: Pool): Promise<void> {
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

async function ask(office: OfficeApi, method: string, place: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${office.token}`, ...init.headers }
  const response = await fetch(`${office.url}${place}`, { method, ...init, headers })
  if (!response.ok) throw new Error(`${method} ${place}: ${response.status} ${await response.text()}`)
  return response
}

async function askJson(office: OfficeApi, method: string, place: string, init: RequestInit = {}): Promise<Outcome> {
  return (await (await ask(office, method, place, init)).json()) as Outcome
}

/** Taken as it comes, by the cheapest reader there is: whoever downloads is on another machine, and this one has no core to spare. */
export async function exportFile({ url, token }: OfficeApi, format: 'csv' | 'xlsx'): Promise<Outcome> {
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
function importCsv(count: number): string {
  const header =
    'username,password,plan,expires_at,full_name,phone,phone_extension,email,address,latitude,longitude,zone,language,account_type,mac,group,device_limit,session_limit,bound_interface,owner'
  const rows = Array.from({ length: count }, (_, n) => {
    const mac = (0x0a_00_00_00_00_00 + n)
      .toString(16)
      .padStart(12, '0')
      .replaceAll(/(..)(?!$)/g, '$1:')
    return `new${n},pass-${n}-word,${loginPlan},2027-12-31,Import Person ${n},+49${1_700_000_000 + n},12,p${n}@example.org,"Street ${n}, 12345 Town",52.5,13.4,zone ${n % 30},de,pppoe,${mac},Group ${n % 300},3,1,ae${n % 40},ISP`
  })
  return `${header}\n${rows.join('\n')}\n`
}

/** Imports so many new subscribers; the search `import person` finds them. */
export async function importFile(office: OfficeApi, count: number): Promise<Outcome> {
  const headers = { 'content-type': 'text/csv' }
  const made = await askJson(office, 'POST', '/imports?mode=create', { body: importCsv(count), headers })
  const { rows, created, errors } = await ended(office, `/imports/${String(made.id)}`)
  return { rows, created, errors }
}

/** Blocks whom `importFile` imported. */
export async function blockByFilter(office: OfficeApi): Promise<Outcome> {
  const wish = { action: 'block', params: { reason: 'bench' }, target: { filter: { search: 'import person' } } }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ ...wish, dry_run: true })
  const { count } = await askJson(office, 'POST', '/bulk-runs', { body, headers })
  return bulkRun(office, '/bulk-runs', { ...wish, confirm_count: count })
}

/** Takes back what a run of `blockByFilter` did. */
export function undoBulk(office: OfficeApi, id: unknown): Promise<Outcome> {
  return bulkRun(office, `/bulk-runs/${String(id)}/undo`, {})
}

async function bulkRun(office: OfficeApi, place: string, wish: object): Promise<Outcome> {
  const headers = { 'content-type': 'application/json' }
  const made = await askJson(office, 'POST', place, { body: JSON.stringify(wish), headers })
  return ended(office, `/bulk-runs/${String(made.id)}`)
}

/** Throws where it ended otherwise than done. */
async function ended(office: OfficeApi, place: string): Promise<Outcome> {
  for (;;) {
    const run = await askJson(office, 'GET', place)
    if (run.state === 'done') return run
    if (run.state !== 'waiting' && run.state !== 'running') throw new Error(JSON.stringify(run))
    await sleep(200)
  }
}
