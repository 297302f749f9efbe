// A database with a million subscribers, for `list`, `office`, `panel`, `snapshot`, `steady` and `memory`: a crowd out of SQL
// (list-data.ts) and beside it those who log in, added by Gatehouse's own commands. With `--keep FOLDER` it is filled once and every run works on a copy.

import * as fs from 'node:fs'
import * as path from 'node:path'
import { Client } from 'pg'
import { migrate } from '../src/db/migrate.ts'
import { createPool } from '../src/db/pool.ts'
import type { Pool } from '../src/db/pool.ts'
import { refreshLive } from '../src/domain/subscriber-list/live.ts'
import { databaseName, fillGatehouse, recreateDatabase, urlOf } from './gatehouse.ts'
import type { GatehouseOptions } from './gatehouse.ts'
import { openGround } from './ground.ts'
import { fillLists } from './list-data.ts'

export type Undo = (() => Promise<unknown>)[]

/** What `serve` is told, and the Postgres beneath it. */
export type Crowd = GatehouseOptions & { url: string; postgresPid: number; pool: Pool }

/** As many log in; their numbers are those of `benchmarkSubscriber`. */
export const loginSubscribers = 20_000
/** Their plan. */
export const loginPlan = 'Plan Z'
const filledName = 'gatehouse_filled'
/** Those who log in are spread among the crowd, or every list in an order of time would begin with 20,000 who are all alike. */
const mixText = `
  update subscriber set created_at = $1::timestamptz - interval '1 minute' * (id * 7919 % 2000000),
    expires_at = $1::timestamptz + interval '2 days' + interval '1 minute' * (id * 31 % 40000)
  where plan_id = (select id from plan where name = 'plan')`
/** Who is in the last-known snapshot. */
const knownText = `
  select count(*)::text as known from subscriber where archived_at is null or username_reserved`

/** Starts Postgres with a database of so many subscribers, all ready to be served. `undo` takes what must be ended. */
export async function openCrowd(count: number, keep: string | undefined, undo: Undo): Promise<Crowd> {
  const { folder, postgresPid, ...ground } = await openGround(keep, undo)
  const options = { ...ground, folder: path.join(folder, 'gatehouse'), subscribers: loginSubscribers }
  const mark = path.join(folder, `filled-${count}`)
  if (!fs.existsSync(mark)) {
    await fill(options, count)
    if (keep !== undefined) fs.writeFileSync(mark, '')
  }
  await copyDatabase(options.databaseUrl, filledName, databaseName)
  const url = urlOf(options)
  const pool = createPool(url, { name: 'bench', max: 2, statementTimeoutMs: 0 })
  undo.push(() => pool.end())
  // What is old from the first minute would be made new while the clock runs.
  await refreshLive(pool, 'UTC', new Date())
  await pool.query('vacuum analyze')
  await pool.query('checkpoint')
  const { rows } = await pool.query<{ known: string }>(knownText)
  return { ...options, known: Number(rows[0]?.known), url, postgresPid, pool }
}

async function fill(options: GatehouseOptions, count: number): Promise<void> {
  await recreateDatabase(options)
  const url = urlOf(options)
  await migrate(url)
  const pool = createPool(url, { name: 'bench fill', max: 2, statementTimeoutMs: 0 })
  const now = new Date()
  await fillLists(pool, count, now, (step, seconds) => process.stderr.write(`${step}: ${seconds.toFixed(1)} s\n`))
  const seconds = fillGatehouse(options)
  process.stderr.write(`subscriber import of ${options.subscribers}: ${seconds.toFixed(1)} s\n`)
  await pool.query(mixText, [now])
  // A dial-in is allowed as often as the probe makes one; what is measured is the time of an answer.
  await pool.query(`update plan set session_limit = null, name = '${loginPlan}' where name = 'plan'`)
  for (let turn = 0; turn < 2; turn += 1) await refreshLive(pool, 'UTC', now)
  await pool.end()
  await copyDatabase(options.databaseUrl, databaseName, filledName)
}

/** Copies a database of the same server in place of what was there by that name. */
export async function copyDatabase(url: string, from: string, to: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`drop database if exists ${to} with (force)`)
    await client.query(`create database ${to} template ${from} strategy file_copy`)
  } finally {
    await client.end()
  }
}
