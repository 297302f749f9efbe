// `npm run bench -- files`: a million subscribers out to CSV and XLSX, a hundred thousand with 20 columns in again, with the time
// each takes and the memory of the process that does it.

import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { startEmbeddedPostgres } from '../src/db/embedded.ts'
import { migrate } from '../src/db/migrate.ts'
import { createKysely, createPool } from '../src/db/pool.ts'
import type { Pool } from '../src/db/pool.ts'
import type { Database, Db } from '../src/db/schema.ts'
import { ownAuthor } from '../src/domain/author.ts'
import type { Author } from '../src/domain/author.ts'
import { openKeyring } from '../src/domain/data-key.ts'
import { permitExport, withExport } from '../src/domain/export/export.ts'
import { runImport } from '../src/domain/import/import.ts'
import { sourceOfFile } from '../src/domain/import/source.ts'
import { fillLists } from './list-data.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** As a person would have the list: what the seed of the list names, and contact data. */
const listColumns = (
  'username,label,online,plan,expires_at,full_name,phone,email,address,account_type,' +
  'zone,interface,ip_address,created_at,balance,currency,owner,group,device_count,usage'
).split(',')

/** Runs it and prints what came of it. `undo` takes what must be ended when it is interrupted. */
export async function benchFiles(undo: (() => Promise<unknown>)[]): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { rows: { type: 'string', default: '1000000' }, import: { type: 'string', default: '100000' } },
  })
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-bench-'))
  undo.push(() => fs.promises.rm(folder, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDirectory: path.join(folder, 'data'), durable: true, log: silent })
  undo.push(() => postgres.stop())
  const pool = createPool(postgres.url, { name: 'bench', max: 4, statementTimeoutMs: 0 })
  undo.push(() => pool.end())
  await migrate(postgres.url)
  const now = new Date()
  const keyring = await openKeyring(pool, path.join(folder, `key-${randomBytes(4).toString('hex')}`), now)
  const bench: Bench = {
    db: createKysely<Database>(pool),
    pool,
    by: ownAuthor('system', 'bench', keyring),
    folder,
    now,
  }
  await fillLists(pool, Number(values.rows), now, (step, seconds) => say(`made ${step}`, { seconds }))

  for (const format of ['csv', 'xlsx'] as const) {
    await benchExport(bench, `export ${format}, ${listColumns.length} columns of the list`, format, listColumns)
  }
  for (const format of ['csv', 'xlsx'] as const) {
    await benchExport(bench, `export ${format}, all columns that come back`, format, undefined)
  }
  const file = writeFile(folder, Number(values.import))
  await benchImport(bench, 'import, dry run', file, true)
  await benchImport(bench, 'import', file, false)
}

type Bench = { db: Db; pool: Pool; by: Author; folder: string; now: Date }

async function benchExport(
  { db, by, folder, now }: Bench,
  name: string,
  format: 'csv' | 'xlsx',
  columns: string[] | undefined,
): Promise<void> {
  const order = { noun: 'subscribers' as const, format, bom: false, filter: { archived: 'any' as const } }
  const permitted = permitExport({ ...order, ...(columns === undefined ? {} : { columns }) }, by)
  const target = path.join(folder, `export.${format}`)
  await measured(name, () => withExport(db, permitted, by, now, (file) => pipeline(file, fs.createWriteStream(target))))
  say(name, { megabytes: fs.statSync(target).size / 1e6 })
  fs.rmSync(target)
}

/** Twenty columns, as a file of another system would have them. */
function writeFile(folder: string, count: number): string {
  const names =
    'username,password,plan,full_name,phone,phone_extension,email,address,latitude,longitude,zone,language,account_type,mac,' +
    'static_ip,expires_at,bound_interface,s_vlan,c_vlan,group'
  const rows = Array.from({ length: count }, (_, at) => {
    const hex = at.toString(16).padStart(6, '0')
    const mac = `02:be:0c:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`
    const address = `10.${100 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`
    const line = `ae${at % 40}.${at % 4000},${1 + (at % 4000)},${1 + (at % 4000)},Group ${at % 300}`
    const person = `Ada Lovelace ${at},+4930${1_000_000 + at},12,new${at}@example.net,"${at} High Street, Town"`
    return `new${at},secret-${at},Bench,${person},52.520008,13.404954,zone ${at % 30},de,pppoe,${mac},${address},2027-12-31,${line}`
  })
  const file = path.join(folder, 'import.csv')
  fs.writeFileSync(file, `${names}\n${rows.join('\n')}\n`)
  return file
}

async function benchImport({ db, pool, by, now }: Bench, name: string, file: string, dryRun: boolean): Promise<void> {
  await pool.query(
    `insert into plan (name, down_bps, up_bps, validity) select 'Bench', 1000000, 1000000, 30
     where not exists (select from plan where name = 'Bench')`,
  )
  const outcome = await measured(name, async () =>
    runImport(
      db,
      {
        source: await sourceOfFile(file, 'csv'),
        options: { mode: 'create', partial: false, dryRun },
        by,
        errors: (_db, errors) => {
          for (const error of errors.slice(0, 5)) process.stdout.write(`${JSON.stringify(error)}\n`)
          return Promise.resolve()
        },
      },
      now,
    ),
  )
  say(name, { rows: outcome.rows, created: outcome.created, errors: outcome.errors })
}

/** Wall clock, our own CPU, and the most memory that this process had meanwhile. */
async function measured<T>(name: string, work: () => Promise<T>): Promise<T> {
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50)
  const begun = performance.now()
  const cpu = process.cpuUsage()
  try {
    return await work()
  } finally {
    clearInterval(timer)
    const used = process.cpuUsage(cpu)
    const seconds = (performance.now() - begun) / 1_000
    say(name, { seconds, own_cpu_seconds: (used.user + used.system) / 1e6, peak_mb: peak / 1e6 })
  }
}

function say(name: string, figures: Record<string, number>): void {
  const texts = Object.entries(figures).map(([key, value]) => `${key} ${Number(value.toFixed(1))}`)
  process.stdout.write(`${name}: ${texts.join(', ')}\n`)
}
