// `npm run bench -- bulk`: an operator blocks 100,000 subscribers by a filter, at the API, while others go on logging in at a
// fixed pace; then undoes it. How long each takes, and what the logins notice, beside the same logins while nothing else runs.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { freeTcpPort, freeUdpPort } from '../src/cli/free-port.ts'
import { startEmbeddedPostgres } from '../src/db/embedded.ts'
import { bearerHash, makeBearer } from '../src/domain/operator/caller.ts'
import { permissionNames } from '../src/domain/operator/permission.ts'
import { makeSecret } from '../src/domain/secret.ts'
import { startGatehouse } from './gatehouse.ts'
import type { ProbeSeen } from './login-probe.ts'
import { benchmarkSubscriber } from './subscribers.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
/** Who logs in meanwhile is not among the blocked. */
const loginSubscribers = 10_000
/** Of the blocked, so many of ten are online: each has a session that the block orders about. */
const onlineOfTen = 6
const zone = 'bulk'

/** What the logins felt since the last time. */
type Felt = () => Promise<ProbeSeen>
type Api = (method: string, target: string, body?: unknown) => Promise<Record<string, unknown>>

/** Runs it and prints what came of it. `undo` takes what must be ended when it is interrupted. */
export async function benchBulk(undo: (() => Promise<unknown>)[]): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      subscribers: { type: 'string', default: '100000' },
      'per-second': { type: 'string', default: '500' },
      quiet: { type: 'string', default: '15' },
    },
  })
  const [subscribers, perSecond] = [Number(values.subscribers), Number(values['per-second'])]
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-bench-'))
  undo.push(() => fs.promises.rm(folder, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDirectory: path.join(folder, 'data'), durable: true, log: silent })
  undo.push(() => postgres.stop())
  const secret = makeSecret()
  const gatehouse = await startGatehouse({
    folder: path.join(folder, 'gatehouse'),
    databaseUrl: postgres.url,
    authPort: await freeUdpPort(0),
    acctPort: await freeUdpPort(0),
    httpPort: await freeTcpPort(0),
    secret,
    subscribers: subscribers + loginSubscribers,
  })
  undo.push(() => gatehouse.close())
  const bearer = await prepare(new URL('/gatehouse_bench', postgres.url).href)
  const api = apiOf(gatehouse.httpPort, bearer)
  const felt = probeLogins([gatehouse.authPort, secret, perSecond, loginSubscribers].map(String), undo)
  await sleep(5_000)
  await felt()
  await sleep(Number(values.quiet) * 1_000)
  say('quiet', await felt())

  const target = { filter: { zone: [zone] } }
  const wish = { action: 'block', params: { reason: 'unpaid' }, target }
  const preview = await timed('dry run', () => api('POST', '/bulk-runs', { ...wish, dry_run: true }))
  const block = { ...wish, confirm_count: preview.count }
  const run = await measureRun(api, felt, 'block', () => api('POST', '/bulk-runs', block))
  await measureRun(api, felt, 'undo', () => api('POST', `/bulk-runs/${String(run.id)}/undo`))
}

function probeLogins(orders: string[], undo: (() => Promise<unknown>)[]): Felt {
  const probe = fork(new URL('./login-probe.ts', import.meta.url), orders)
  undo.push(() => Promise.resolve(probe.disconnect()))
  return async () => {
    probe.send('mark')
    const [seen] = (await once(probe, 'message')) as [ProbeSeen]
    return seen
  }
}

async function measureRun(
  api: Api,
  felt: Felt,
  name: string,
  begin: () => Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  await felt()
  const begun = performance.now()
  const { id } = await timed(`${name}: begun`, begin)
  let run: Record<string, unknown>
  do {
    await sleep(200)
    run = await api('GET', `/bulk-runs/${String(id)}`)
  } while (run.state === 'waiting' || run.state === 'running')
  const seconds = (performance.now() - begun) / 1_000
  process.stdout.write(`${name}: ${String(run.state)} after ${seconds.toFixed(1)} s, ${JSON.stringify(run.counts)}\n`)
  say(`during ${name}`, await felt())
  return run
}

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const value = await work()
  process.stdout.write(`${name}: ${(performance.now() - begun).toFixed(0)} ms\n`)
  return value
}

function say(name: string, { sent, accepted, p50, p99, worst }: ProbeSeen): void {
  const waits = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${worst.toFixed(0)} ms`
  process.stdout.write(`${name}: ${sent} logins, ${accepted} accepted, ${waits}\n`)
}

/** Puts the subscribers into a zone, most of them online, and makes an API token that may everything. */
async function prepare(url: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const bearer = makeBearer()
  try {
    const first = benchmarkSubscriber(loginSubscribers).username
    await client.query('update subscriber set zone = $1 where username >= $2', [zone, first])
    await client.query(
      `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, started_at,
         event_at, updated_at)
       select 1, 'bulk-' || id, 1, id, username, 1, 1, now(), now(), now() from subscriber where zone = $1 and id % 10 < $2`,
      [zone, onlineOfTen],
    )
    await client.query(
      `with author as (
         insert into operator (organisation_id, role_id, name, email, created_at, updated_at)
         select 1, role.id, 'Bench', 'bench@example.net', now(), now() from role where role.name = 'super-administrator'
         returning id
       )
       insert into api_token (operator_id, name, prefix, token_hash, permissions, created_at, expires_at)
       select author.id, 'bench', 'bench', $1, $2, now(), now() + interval '1 day' from author`,
      [bearerHash(bearer), permissionNames],
    )
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
  return bearer
}

function apiOf(port: number, bearer: string): Api {
  return async (method, target, body) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${target}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }
}
