// Makes the exports that wait, one at a time, into the folder of files; and forgets those that waited too long.

import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { sql } from 'kysely'
import { isUnavailable } from '../../db/errors.ts'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { ForbiddenError } from '../author.ts'
import { runAuthor } from '../bulk/run-author.ts'
import type { Keyring } from '../data-key.ts'
import { FieldError } from '../field.ts'
import { readSettings } from '../setting.ts'
import { exportOrder, permitExport, withExport } from './export.ts'
import type { ExportRun } from './run.ts'
import { ZipTooLargeError } from './zip.ts'

export type ExportWork = {
  pool: Pool
  keyring: Keyring
  folder: string
  instance: string
  onError(error: unknown, about: { runId: bigint }): void
  signal?: AbortSignal
  clock(): Date
}

/** One that was not heard of for so long is lost by whoever had it: its file is made anew. */
const lostMs = 60_000
const heardEveryMs = 2_000

class StoppedError extends Error {
  override readonly name = 'StoppedError'
}

/** Makes one export. False: none waits. Throws what says that the database is away. */
export async function workExports(db: Db, work: ExportWork): Promise<boolean> {
  const run = await takeRun(db, work)
  if (run === undefined) return false
  const name = `export-${randomUUID()}.${run.format}`
  try {
    const octets = await makeFile(db, run, name, work)
    const isOurs = await endRun(db, run, { state: 'done', octets, file_name: name }, work)
    // Somebody else has taken it meanwhile, and makes a file of its own.
    if (!isOurs) await rm(join(work.folder, name), { force: true })
    return true
  } catch (error) {
    await rm(join(work.folder, name), { force: true })
    if (work.signal?.aborted === true || isUnavailable(error)) {
      await giveBack(db, run.id, work).catch(() => undefined)
      if (work.signal?.aborted === true) return false
      throw error
    }
    await endRun(db, run, endOf(error, run, work), work)
    return true
  }
}

function endOf(
  error: unknown,
  run: ExportRun,
  work: ExportWork,
): { state: 'stopped' | 'failed'; error: string | null } {
  if (error instanceof StoppedError) return { state: 'stopped', error: error.message === '' ? null : error.message }
  if (error instanceof ForbiddenError || error instanceof FieldError || error instanceof ZipTooLargeError) {
    return { state: 'failed', error: error.message }
  }
  work.onError(error, { runId: run.id })
  return { state: 'failed', error: 'something went wrong on our side: the log of the server says what' }
}

async function takeRun(db: Db, work: ExportWork): Promise<ExportRun | undefined> {
  const now = work.clock()
  const lostBefore = new Date(now.getTime() - lostMs)
  const { rows } = await sql<ExportRun>`
    update export_run set state = 'running', taken_by = ${work.instance}, worked_at = ${now},
      started_at = coalesce(started_at, ${now})
    where id = (
      select id from export_run
      where state = 'waiting' or (state = 'running' and coalesce(worked_at, '-infinity') < ${lostBefore})
      order by id limit 1 for update skip locked
    ) returning *`.execute(db)
  return rows[0]
}

async function giveBack(db: Db, id: bigint, work: ExportWork): Promise<void> {
  await db
    .updateTable('export_run')
    .set({ state: 'waiting', taken_by: null, worked_at: null })
    .where('id', '=', id)
    .where('taken_by', '=', work.instance)
    .execute()
}

/** Returns its octets. */
async function makeFile(db: Db, run: ExportRun, name: string, work: ExportWork): Promise<bigint> {
  const author = await runAuthor(db, run, work.keyring)
  if (author.kind === 'may-not') throw new StoppedError(author.reason)
  const permitted = permitExport(exportOrder.parse(run.query), author.by)
  let octets = 0n
  let heardAt = 0
  const counted = async function* (file: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of file) {
      octets += BigInt(chunk.length)
      const at = work.clock().getTime()
      if (at - heardAt >= heardEveryMs) {
        heardAt = at
        await tellProgress(db, run.id, octets, work)
      }
      yield chunk
    }
  }
  await withExport(work.pool, permitted, author.by, work.clock(), async (file) => {
    const stream = createWriteStream(join(work.folder, name), { flags: 'wx', mode: 0o600 })
    await pipeline(file, counted, stream, work.signal === undefined ? {} : { signal: work.signal })
  })
  return octets
}

async function tellProgress(db: Db, id: bigint, octets: bigint, work: ExportWork): Promise<void> {
  const row = await db
    .updateTable('export_run')
    .set({ octets, worked_at: work.clock() })
    .where('id', '=', id)
    .where('taken_by', '=', work.instance)
    .returning('stop_requested_at')
    .executeTakeFirst()
  if (row === undefined || row.stop_requested_at !== null) throw new StoppedError('')
}

type End = { state: 'done' | 'stopped' | 'failed'; error?: string | null; octets?: bigint; file_name?: string }

async function endRun(db: Db, run: ExportRun, end: End, work: ExportWork): Promise<boolean> {
  const ended = await db
    .updateTable('export_run')
    .set({ ...end, taken_by: null, finished_at: work.clock() })
    .where('id', '=', run.id)
    .where('taken_by', '=', work.instance)
    .executeTakeFirst()
  return ended.numUpdatedRows === 1n
}

/** Removes files that waited too long and forgets their runs. Returns how many. */
export async function trimExports(db: Db, folder: string, now: Date): Promise<number> {
  const { export_keep_days: days } = await readSettings(db)
  const gone = await db
    .deleteFrom('export_run')
    .where('finished_at', '<', new Date(now.getTime() - days * 86_400_000))
    .returning('file_name')
    .execute()
  for (const { file_name: name } of gone) if (name !== null) await rm(join(folder, name), { force: true })
  return gone.length
}
