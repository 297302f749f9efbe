import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Author } from '../../../src/domain/author.ts'
import { beginImport, findImport, listErrors, listImports, stopImport } from '../../../src/domain/import/run.ts'
import type { ImportRun } from '../../../src/domain/import/run.ts'
import type { ImportOptions } from '../../../src/domain/import/import.ts'
import { trimImports, workImports } from '../../../src/domain/import/work.ts'
import type { ImportWork } from '../../../src/domain/import/work.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorOfRole, hire } from '../../support/staff.ts'

const office = useOffice()
/** Rows of one statement; a file of three chunks has two places to die in. */
const chunk = 2_500
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-import-work-'))
let by: Author
let sent = 0

beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
  const { id } = await hire(office, 'administrator')
  by = await authorOfRole(office, 'administrator', id)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(async () => {
  await rowsOf(office, 'delete from import_run')
  await rowsOf(office, 'delete from subscriber')
  for (const name of readdirSync(folder)) rmSync(join(folder, name))
})

const names = (count: number, prefix = 'u') => Array.from({ length: count }, (_, at) => `${prefix}${at}`)
const fileOf = (usernames: readonly string[], plan = 'Home') =>
  `username,password,plan\n${usernames.map((name) => `${name},pw,${plan}\n`).join('')}`

async function begin(text: string, changes: Partial<ImportOptions> = {}): Promise<bigint> {
  sent += 1
  const name = `import-${sent}.csv`
  writeFileSync(join(folder, name), text)
  const file = { name, format: 'csv' as const, octets: text.length, hash: createHash('sha256').update(text).digest() }
  const options: ImportOptions = { mode: 'create', partial: false, dryRun: false, ...changes }
  const { run } = await beginImport(office.db, { file, options, again: true, tokenId: null }, by, noon)
  return run.id
}

const workOf = (changes: Partial<ImportWork> = {}): ImportWork => ({
  keyring: office.keyring,
  folder,
  instance: 'one',
  clock: () => noon,
  onError: (error) => {
    throw error
  },
  ...changes,
})
const work = (changes: Partial<ImportWork> = {}) => workImports(office.db, workOf(changes))
const runOf = async (id: bigint): Promise<ImportRun> => findImport(office.db, id, by)
const count = async () => (await rowsOf(office, 'select count(*)::int as n from subscriber'))[0]!.n
const bare = async (id: bigint) => {
  const { state, rows, created, errors, done_line: doneLine } = await runOf(id)
  return { state, rows, created, errors, doneLine }
}

/** A clock that ends the process when it has been asked so often: it is asked at every step of a run. */
function dyingAfter(steps: number): Pick<ImportWork, 'signal' | 'clock'> {
  const controller = new AbortController()
  let left = steps
  return {
    signal: controller.signal,
    clock() {
      left -= 1
      if (left <= 0) controller.abort()
      return noon
    },
  }
}

describe('an import whose process ends at any step', () => {
  it('all or nothing, is nothing until it is all, and its successor does it whole', async () => {
    const id = await begin(fileOf(names(2 * chunk + 10)))
    const seen: unknown[] = []
    for (let steps = 1; ; steps += 1) {
      expect(steps).toBeLessThan(20)
      const isDone = await work(dyingAfter(steps))
      seen.push(await count())
      if (isDone) break
      expect((await runOf(id)).state).toBe('waiting')
    }
    expect(new Set(seen)).toEqual(new Set([0, 2 * chunk + 10]))
    expect(seen.length).toBeGreaterThan(4)
    expect(await bare(id)).toMatchObject({ state: 'done', created: 2 * chunk + 10, errors: 0 })
    expect(readdirSync(folder)).toEqual([])
  })

  it('in parts, goes on behind what is written: every row once, every error once', async () => {
    const rows = names(2 * chunk + 10)
    const text = fileOf(rows).replace('u7,pw,Home', 'u7,pw,Nope').replace('u4000,pw,Home', 'u4000,pw,Nope')
    const id = await begin(text, { partial: true })
    const seen = new Set<unknown>()
    // A process that writes one chunk at least before it dies.
    for (let steps = 3; !(await work(dyingAfter(steps))); steps += 2) {
      expect(steps).toBeLessThan(40)
      seen.add(await count())
    }
    // It was seen half done.
    expect([...seen].some((n) => Number(n) > 0 && Number(n) < rows.length - 2)).toBe(true)
    expect(await bare(id)).toMatchObject({ state: 'done', created: rows.length - 2, errors: 2 })
    expect(await count()).toBe(rows.length - 2)
    const errors = await listErrors(office.db, { runId: id, after: undefined, limit: 10 }, by)
    expect(errors.map(({ line }) => line)).toEqual([9, 4_002])
    expect(
      await rowsOf(
        office,
        `select from audit_entry where action = 'subscriber.create' and row_id in (select id from subscriber)`,
      ),
    ).toHaveLength(rows.length - 2)
  })
})

describe('two workers', () => {
  it('take each of many imports once', async () => {
    const ids: bigint[] = []
    for (const at of [0, 1, 2, 3, 4, 5]) ids.push(await begin(fileOf([`two${at}`])))
    const workers = ['one', 'two', 'three'].map(async (instance) => {
      let done = 0
      while (await work({ instance })) done += 1
      return done
    })
    const done = await Promise.all(workers)
    expect(done.reduce((sum, one) => sum + one, 0)).toBe(6)
    for (const id of ids) expect(await bare(id)).toMatchObject({ state: 'done', created: 1, errors: 0 })
  })

  it('that both import one username: one does, the other tells the line, and neither fails', async () => {
    const [first, second] = [await begin(fileOf(['same', 'a'])), await begin(fileOf(['b', 'same']))]
    await Promise.all([work({ instance: 'one' }), work({ instance: 'two' })])
    const states = [await bare(first), await bare(second)].map(({ state }) => state)
    expect(states.toSorted()).toEqual(['done', 'refused'])
    expect(await count()).toBe(2)
  })

  it('the first of which was thought lost: it writes nothing more, and leaves the run and its file to the other', async () => {
    const id = await begin(fileOf(names(chunk + 10)))
    let asked = 0
    const stolen = work({
      clock() {
        asked += 1
        // In its middle, the other takes it; told by no one.
        if (asked === 2) void rowsOf(office, `update import_run set taken_by = 'two' where id = $1`, [id])
        return noon
      },
    })
    expect(await stolen).toBe(true)
    expect(await bare(id)).toMatchObject({ state: 'running' })
    expect(await count()).toBe(0)
    expect(readdirSync(folder)).toHaveLength(1)
    await rowsOf(office, `update import_run set worked_at = $2 where id = $1`, [id, hours(-1)])
    expect(await work({ instance: 'two' })).toBe(true)
    expect(await bare(id)).toMatchObject({ state: 'done', created: chunk + 10 })
  })

  it('the first of which fails when it has lost the run does not end it', async () => {
    const id = await begin(fileOf(['x1']))
    const told: unknown[] = []
    let asked = 0
    const lost = await work({
      onError: (error) => told.push(error),
      checkAttribute: () => undefined,
      clock() {
        asked += 1
        if (asked === 2) throw new Error('a clock that breaks')
        return noon
      },
    }).catch(() => true)
    expect(lost).toBe(true)
    await rowsOf(
      office,
      `update import_run set state = 'running', taken_by = 'two', error = null, file_name = 'import-x.csv', finished_at = null where id = $1`,
      [id],
    )
    writeFileSync(join(folder, 'import-x.csv'), fileOf(['x1']))
    await rowsOf(office, `update import_run set worked_at = $2 where id = $1`, [id, hours(-1)])
    expect(await work({ instance: 'three' })).toBe(true)
    expect(await bare(id)).toMatchObject({ state: 'done', created: 1 })
  })

  it('are held off while one is heard of', async () => {
    const id = await begin(fileOf(['held']))
    const almost = new Date(noon.getTime() - 59_999)
    await rowsOf(office, `update import_run set state = 'running', taken_by = 'gone', worked_at = $2 where id = $1`, [
      id,
      almost,
    ])
    expect(await work()).toBe(false)
    expect(await work({ clock: () => new Date(noon.getTime() + 2) })).toBe(true)
  })
})

describe('an import that is stopped', () => {
  /** Asks it to stop when the clock has been asked so often. */
  const stoppingAt = (id: bigint, step: number): Pick<ImportWork, 'clock'> => {
    let asked = 0
    return {
      clock() {
        asked += 1
        if (asked === step) void stopImport(office.db, id, by, noon)
        return noon
      },
    }
  }

  it('in parts keeps whole chunks; what it has written is counted', async () => {
    const id = await begin(fileOf(names(3 * chunk)), { partial: true })
    // Taken, then begun, then three chunks checked, one written.
    await work(stoppingAt(id, 6))
    const run = await bare(id)
    expect(run.state).toBe('stopped')
    expect([chunk, 2 * chunk]).toContain(run.created)
    expect(await count()).toBe(run.created)
    expect(readdirSync(folder)).toEqual([])
  })

  it('all or nothing leaves nothing, though most was written', async () => {
    const id = await begin(fileOf(names(3 * chunk)))
    await work(stoppingAt(id, 6))
    expect(await bare(id)).toMatchObject({ state: 'stopped', created: 0 })
    expect(await count()).toBe(0)
    await expect(stopImport(office.db, id, by, noon)).rejects.toThrow('has ended already')
  })
})

describe('what goes wrong on our side', () => {
  it('is told to the log and not to the importer, and leaves nothing', async () => {
    const id = await begin(fileOf(['wrong']))
    const told: unknown[] = []
    await rowsOf(
      office,
      `create function broken() returns trigger language plpgsql as $$ begin raise 'secret detail'; end $$`,
    )
    await rowsOf(office, `create trigger broken before insert on subscriber execute function broken()`)
    await work({ onError: (error, about) => told.push([(error as Error).message, about.runId]) })
    await rowsOf(office, `drop function broken cascade`)
    expect(told).toEqual([['secret detail', id]])
    expect(await runOf(id)).toMatchObject({
      state: 'failed',
      error: 'something went wrong on our side: the log of the server says what',
    })
    expect([await count(), readdirSync(folder)]).toEqual([0, []])
  })

  it('is nothing of an author who may add subscribers no more', async () => {
    const leaver = await hire(office, 'support')
    const was = by
    by = await authorOfRole(office, 'support', leaver.id)
    const id = await begin(fileOf(['left']))
    by = was
    await rowsOf(office, `update operator set role_id = (select id from role where name = 'viewer') where id = $1`, [
      leaver.id,
    ])
    await work()
    expect(await runOf(id)).toMatchObject({ state: 'stopped', error: 'its author may no longer add subscribers' })
    expect([await count(), readdirSync(folder)]).toEqual([0, []])
  })
})

describe('imports that are over', () => {
  it('are forgotten after their days with their errors, and those that are not over never', async () => {
    const bad = await begin(fileOf(['old'], 'Nope'))
    await work()
    const open = await begin(fileOf(['open']))
    expect(await trimImports(office.db, hours(90 * 24))).toBe(0)
    expect(await trimImports(office.db, hours(90 * 24 + 1))).toBe(1)
    expect(await rowsOf(office, 'select from import_error where run_id = $1', [bad])).toEqual([])
    expect((await runOf(open)).state).toBe('waiting')
  })

  it('are listed newest first, page by page', async () => {
    const ids: bigint[] = []
    for (const at of [0, 1, 2]) ids.push(await begin(fileOf([`page${at}`])))
    const first = await listImports(office.db, { before: undefined, limit: 2 }, by)
    expect(first.map(({ id }) => id)).toEqual([ids[2], ids[1]])
    const rest = await listImports(office.db, { before: first[1]!.id, limit: 2 }, by)
    expect(rest.map(({ id }) => id)).toEqual([ids[0]])
  })
})
