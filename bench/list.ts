// `npm run bench -- list`: a million subscribers, and every filter, order and search of the list asked over HTTP, one after the
// other, as one operator's browser does; how long each took, what it cost Postgres, and whether a large table was read whole.

import * as os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../src/clock.ts'
import type { Pool } from '../src/db/pool.ts'
import { startApi } from './api.ts'
import type { Api } from './api.ts'
import { openCrowd } from './crowd.ts'
import type { Undo } from './crowd.ts'
import { listCases } from './list-cases.ts'
import type { Case } from './list-cases.ts'
import { readOptions } from './options.ts'
import { cpuSeconds } from './process.ts'

/** Read whole, they cost more than any page may. */
const largeTables = ['subscriber', 'payer', 'session', 'device', 'usage_period', 'subscriber_live', 'subscriber_usage']

type Timed = Case & { ms: number; rows: number }

/** Runs it and prints the table. `undo` takes what must be ended when it is interrupted. */
export async function benchList(undo: Undo): Promise<void> {
  const { subscribers, rounds, keep } = readOptions({ subscribers: 1_000_000, rounds: 3, keep: String })
  const crowd = await openCrowd(subscribers, keep, undo)
  const { pool, postgresPid: pid } = crowd
  const now = systemClock.now()
  const api = await startApi(crowd, now, undo)

  const cases = listCases(now)
  await ask(api, cases.slice(0, 40))
  const scans = await sequentialScans(pool)
  const cpu = cpuSeconds(pid)
  const timed: Timed[] = []
  for (let round = 0; round < rounds; round += 1) timed.push(...(await ask(api, cases)))
  const postgresMs = ((cpuSeconds(pid) - cpu) * 1000) / timed.length
  report(timed, postgresMs, scans, await sequentialScans(pool))
}

async function ask(api: Api, cases: readonly Case[]): Promise<Timed[]> {
  const timed: Timed[] = []
  for (const asked of cases) {
    const cookie = asked.group === 'reseller' ? api.cookies.reseller : api.cookies.staff
    let cursor = ''
    for (let turned = 0; turned < (asked.turned ?? 0); turned += 1)
      cursor = (await get(api, cookie, asked.query + cursor)).next
    const { ms, rows } = await get(api, cookie, asked.query + cursor)
    timed.push({ ...asked, ms, rows })
  }
  return timed
}

/** From the request to the last byte of the answer. */
async function get(api: Api, cookie: string, query: string): Promise<{ ms: number; rows: number; next: string }> {
  const begun = performance.now()
  const response = await fetch(`${api.url}/api/v1${query}`, { headers: { cookie } })
  const text = await response.text()
  const ms = performance.now() - begun
  if (response.status !== 200 && response.status !== 503) throw new Error(`${query}: ${response.status} ${text}`)
  const body = JSON.parse(text) as { items?: unknown[]; next_cursor?: string | null }
  const next = typeof body.next_cursor === 'string' ? `&cursor=${body.next_cursor}` : ''
  return { ms, rows: body.items?.length ?? 0, next }
}

/** Sequential scans begun, by table. Backends tell theirs a second late. */
async function sequentialScans(pool: Pool): Promise<Map<string, number>> {
  await sleep(2_500)
  const { rows } = await pool.query<{ relname: string; seq_scan: bigint }>(
    `select relname, seq_scan from pg_stat_user_tables where relname = any ($1)`,
    [largeTables],
  )
  return new Map(rows.map((row) => [row.relname, Number(row.seq_scan)]))
}

function report(
  timed: readonly Timed[],
  postgresMs: number,
  before: Map<string, number>,
  after: Map<string, number>,
): void {
  const quantile = (values: readonly number[], share: number): string =>
    (values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0).toFixed(1)
  const groups = ['filter', 'sort', 'search', 'page', 'reseller', 'count'] as const
  say('group     requests  p50 ms  p95 ms  p99 ms  most ms')
  for (const group of [...groups, undefined]) {
    const of = timed.filter((one) => group === undefined || one.group === group).map(({ ms }) => ms)
    const cells = [0.5, 0.95, 0.99, 1].map((share) => quantile(of, share).padStart(7))
    say(`${(group ?? 'all').padEnd(10)}${String(of.length).padStart(8)} ${cells.join(' ')}`)
  }
  say('\nthe slowest (median of the rounds):')
  const byQuery = Map.groupBy(timed, ({ query }) => query)
  const medians = [...byQuery].map(([query, all]) => ({
    query,
    ms: Number(
      quantile(
        all.map(({ ms }) => ms),
        0.5,
      ),
    ),
  }))
  for (const { query, ms } of medians.toSorted((a, b) => b.ms - a.ms).slice(0, 15)) {
    say(`${ms.toFixed(0).padStart(6)} ${decodeURIComponent(query).replace(/limit=50&columns=[^&]*&/, '')}`)
  }
  say(`\nCPU of Postgres: ${postgresMs.toFixed(1)} ms a request`)
  const scanned = largeTables.filter((name) => (after.get(name) ?? 0) > (before.get(name) ?? 0))
  say(scanned.length === 0 ? 'no sequential scan of a large table' : `READ WHOLE: ${scanned.join(', ')}`)
  say(
    `load average ${os
      .loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')} on ${os.cpus().length} cores`,
  )
  if (scanned.length > 0) throw new Error('a large table was read whole')
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
