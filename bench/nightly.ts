// The jobs of the night, asked for as an operator asks, with lines that are due: a plan whose price their payers can bear.

import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../src/db/pool.ts'
import type { Db } from '../src/db/schema.ts'
import { ownAuthor } from '../src/domain/author.ts'
import { openKeyring } from '../src/domain/data-key.ts'
import { askForRun } from '../src/domain/job-ask.ts'
import { readSettings } from '../src/domain/setting.ts'
import { jobs } from '../src/jobs/list.ts'

/** Where runs are asked for; `keyFile`: the folder of `serve`, where its key file lies. */
type Place = { pool: Pool; db: Db; keyFile: string }

/** Lines of the import whose period ends then; every tenth renews by itself, the others expire. */
const dueText = `
  update subscriber set expires_at = $1, auto_renew = (id % 10 = 0), activated_at = created_at,
    next_plan_id = (select min(id) from plan where validity > 0)
  where id = any ($2)`
/** So many at a time, as an office's own runs write. */
const portion = 1_000

/** The next plan has a price, and payers credit enough: each renewal also writes its charge. */
const pricedText = `
  update plan set price_minor = 2000 where id = (select min(id) from plan where validity > 0)`
const creditText = `
  update payer set credit_limit_minor = 100000000
  where id in (select payer_id from subscriber where full_name like 'Import Person %') and credit_limit_minor < 100000000`

/** Lets the periods of the imported subscribers end at the same moment, and waits for it. Gives how many they are. */
export async function comeToTheEnd(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ id: bigint }>(
    `select id from subscriber where full_name like 'Import Person %' order by id`,
  )
  const end = new Date(Date.now() + 60_000)
  await pool.query(pricedText)
  await pool.query(creditText)
  for (let from = 0; from < rows.length; from += portion)
    await pool.query(dueText, [end, rows.slice(from, from + portion).map(({ id }) => id)])
  await sleep(Math.max(end.getTime() - Date.now(), 0))
  return rows.length
}

/** Runs every job that does not run each minute. Gives what each did. */
export async function runNightly({ pool, db, keyFile }: Place): Promise<Record<string, unknown>> {
  const now = new Date()
  const by = ownAuthor('command-line', 'bench', await openKeyring(pool, path.join(keyFile, 'gatehouse.key'), now))
  const { zone } = await readSettings(db)
  const nightly = jobs.filter(({ cron }) => !cron.startsWith('* '))
  const asked = new Map<string, bigint>()
  for (const { name } of nightly) asked.set(name, (await askForRun(db, { job: name, zone }, by, now)).id)
  return results(pool, asked)
}

/** Waits until all have ended. Throws for the first that failed. */
async function results(pool: Pool, asked: ReadonlyMap<string, bigint>): Promise<Record<string, unknown>> {
  for (;;) {
    const { rows } = await pool.query<{ job: string; result: unknown; error: string | null; seconds: number }>(
      `select job, result, error, extract(epoch from finished_at - started_at)::float8 as seconds from job_run
       where id = any ($1) and finished_at is not null order by started_at`,
      [[...asked.values()]],
    )
    const failed = rows.find(({ error }) => error !== null)
    if (failed !== undefined) throw new Error(`the job ${failed.job} failed: ${failed.error}`)
    if (rows.length === asked.size)
      return Object.fromEntries(rows.map(({ job, result, seconds }) => [job, { seconds, result }]))
    await sleep(500)
  }
}
