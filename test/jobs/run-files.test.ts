import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import type { Author } from '../../src/domain/author.ts'
import { permitExport } from '../../src/domain/export/export.ts'
import { beginExport, exportChannel, takeExportFile } from '../../src/domain/export/run.ts'
import { beginImport, findImport, importChannel } from '../../src/domain/import/run.ts'
import { exportWorker, importWorker } from '../../src/jobs/run-files.ts'
import type { WorkerContext } from '../../src/jobs/workers.ts'
import { workers } from '../../src/jobs/workers.ts'
import { createLogger } from '../../src/log.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'
import { authorOfRole, hire } from '../support/staff.ts'
import { workerContext } from '../support/worker-context.ts'

const office = useOffice()
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-run-files-'))
const clock = createTestClock(noon)
let by: Author

beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
  by = await authorOfRole(office, 'administrator', (await hire(office, 'administrator')).id)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const context = (changes: Partial<WorkerContext> = {}): WorkerContext =>
  workerContext({ pool: office.pool, db: office.db, keyring: office.keyring, clock, fileDirectory: folder, ...changes })
const signal = new AbortController().signal

async function begin(text: string): Promise<bigint> {
  const name = `import-${readdirSync(folder).length}.csv`
  writeFileSync(join(folder, name), text)
  const file = { name, format: 'csv' as const, octets: text.length, hash: createHash('sha256').update(text).digest() }
  const options = { mode: 'create', partial: false, dryRun: false } as const
  return (await beginImport(office.db, { file, options, again: false, tokenId: null }, by, clock.now())).run.id
}

it('imports and exports are among the work of the background, woken by their own channels', () => {
  expect(workers).toEqual(expect.arrayContaining([importWorker, exportWorker]))
  expect([importWorker.channel, exportWorker.channel]).toEqual([importChannel, exportChannel])
  expect(importChannel).not.toBe(exportChannel)
})

it('one import a turn is done until none waits', async () => {
  const ids = [await begin('username,password,plan\na,pw,Home\n'), await begin('username,password,plan\nb,pw,Home\n')]
  expect(await importWorker.work(context(), signal)).toBe(true)
  expect((await findImport(office.db, ids[0]!, by)).state).toBe('done')
  expect((await findImport(office.db, ids[1]!, by)).state).toBe('waiting')
  expect(await importWorker.work(context(), signal)).toBe(true)
  expect(await importWorker.work(context(), signal)).toBe(false)
  expect(readdirSync(folder)).toEqual([])
})

it('attributes are taken only where they can be checked', async () => {
  const text = 'username,password,plan,attributes\nattr,pw,Home,Idle-Timeout = 60\n'
  const refused = await begin(text)
  await importWorker.work(context(), signal)
  expect(await findImport(office.db, refused, by)).toMatchObject({ state: 'refused', errors: 1 })
  const taken = await begin(text)
  await importWorker.work(context({ checkAttribute: () => undefined }), signal)
  expect(await findImport(office.db, taken, by)).toMatchObject({ state: 'done', created: 1 })
})

it('an instance without the file leaves the import to the one that has it', async () => {
  const id = await begin('username,password,plan\nelsewhere,pw,Home\n')
  expect(await importWorker.work(context({ fileDirectory: '/nowhere', instance: 'two' }), signal)).toBe(false)
  expect((await findImport(office.db, id, by)).state).toBe('waiting')
  expect(await importWorker.work(context(), signal)).toBe(true)
})

it('an export is made, and where nothing is left to do old ones are forgotten with their files', async () => {
  const permitted = permitExport(
    { noun: 'subscribers', format: 'csv', bom: false, columns: ['username'], filter: {} },
    by,
  )
  const { id } = await beginExport(office.db, { permitted, tokenId: null }, by, clock.now())
  expect(await exportWorker.work(context(), signal)).toBe(true)
  const { run, name } = await takeExportFile(office.db, id, by, clock.now())
  expect([run.state, readdirSync(folder)]).toEqual(['done', [name]])
  clock.set(hours(7 * 24 + 1))
  expect(await exportWorker.work(context(), signal)).toBe(false)
  expect(readdirSync(folder)).toEqual([])
  await expect(takeExportFile(office.db, id, by, clock.now())).rejects.toThrow('export')
})

it('what nobody foresaw is in the log with the run, and in no answer', async () => {
  const lines: unknown[] = []
  const log = { ...createLogger({ level: 'silent' }), error: (...line: unknown[]) => lines.push(line) }
  const id = await begin('username,password,plan\nbroken,pw,Home\n')
  await rowsOf(office, `alter table subscriber rename column full_name to other_name`)
  await importWorker.work(context({ log: log as never }), signal)
  await rowsOf(office, `alter table subscriber rename column other_name to full_name`)
  expect(lines).toHaveLength(1)
  expect(JSON.stringify((lines[0] as unknown[])[1])).toContain('nobody foresaw')
  expect((await findImport(office.db, id, by)).error).toBe(
    'something went wrong on our side: the log of the server says what',
  )
})
