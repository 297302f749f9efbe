import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { retryBulkRun, undoBulkRun } from '../../../src/domain/bulk/again.ts'
import { listItems, resultTable } from '../../../src/domain/bulk/items.ts'
import { takeRevealed, destroyLateRevealed } from '../../../src/domain/bulk/reveal.ts'
import { findRun, listRuns, stateOf, stopRun, throughputOf } from '../../../src/domain/bulk/run.ts'
import { startBulkRun, type NewBulkRun } from '../../../src/domain/bulk/start.ts'
import { trimBulkRuns } from '../../../src/domain/bulk/trim.ts'
import type { Author } from '../../../src/domain/author.ts'
import { ForbiddenError } from '../../../src/domain/author.ts'
import { ConflictError, NotFoundError } from '../../../src/domain/field.ts'
import {
  addMany,
  authorLike,
  makeMarkTable,
  markActions,
  marksOf,
  outcomesOf,
  runOf,
  workAll,
} from '../../support/bulk.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let ids: bigint[]
let by: Author

beforeAll(async () => {
  await makeMarkTable(office.pool)
  ids = await addMany(office.pool, 12)
  by = authorLike(office.keyring)
})
beforeEach(async () => {
  await office.pool.query('delete from bulk_mark; delete from bulk_item; delete from bulk_run')
})

const numbers = (list: readonly bigint[]): number[] => list.map(Number)
const work = (options: Parameters<typeof workAll>[2] = {}) => workAll(office.db, office.keyring, options)
const undo = (runId: bigint, author = by) => undoBulkRun(office.db, { runId }, author, noon, markActions)

async function start(params: NewBulkRun['params'] = {}, author = by): Promise<bigint> {
  const input = { action: 'mark', params, target: { ids: numbers(ids) } }
  return (await startBulkRun(office.db, input, author, noon, markActions)).run.id
}

async function retry(runId: bigint, outcomes: Parameters<typeof retryBulkRun>[1]['outcomes'] = ['failed', 'refused']) {
  const { run } = await retryBulkRun(office.db, { runId, outcomes }, by, noon, markActions)
  return run
}

const itemsOf = async (runId: bigint) =>
  (await rowsOf(office, 'select subscriber_id from bulk_item where run_id = $1 order by position', [runId])).map(
    (row) => row.subscriber_id,
  )

describe('retrying a run', () => {
  it('does the same as a new run upon those that failed or were refused', async () => {
    const first = await start({ word: 'blue', secret: 'pw', refuse: [Number(ids[1])], poison: [Number(ids[4])] })
    await work()
    const second = await retry(first)
    expect(second).toMatchObject({ retry_of: first, total: 2, action: 'mark', params: { word: 'blue', secret: '***' } })
    expect(await itemsOf(second.id)).toEqual([ids[1], ids[4]])
    await work()
    expect(await runOf(office.db, second.id)).toMatchObject({ state: 'done', refused: 1, failed: 1 })
    const only = await retry(first, ['failed'])
    expect(await itemsOf(only.id)).toEqual([ids[4]])
  })

  it('does not come to those whom a stopped run left, unless they are asked for', async () => {
    const runId = await start()
    await work({ turns: 1 })
    await stopRun(office.db, runId, by, noon, markActions)
    await work()
    await expect(retry(runId)).rejects.toThrow(ConflictError)
    const rest = await retry(runId, ['left'])
    expect(await itemsOf(rest.id)).toEqual(ids.slice(5))
    await work()
    expect(await marksOf(office.pool)).toEqual(new Map(ids.map((id) => [id, 1])))
  })

  it('is refused while the run is busy, and to whom its action is not permitted', async () => {
    const runId = await start({ refuse: [Number(ids[1])] })
    await expect(retry(runId)).rejects.toThrow('run: it is still busy')
    await work()
    const viewer = authorLike(office.keyring, { permissions: ['subscriber.read', 'audit.read'] })
    const again = retryBulkRun(office.db, { runId, outcomes: ['refused'] }, viewer, noon, markActions)
    await expect(again).rejects.toThrow(ForbiddenError)
  })

  it('leaves an audit entry that names both runs', async () => {
    const first = await start({ refuse: [Number(ids[1])] })
    await work()
    const second = await retry(first)
    const [entry] = await rowsOf(
      office,
      `select after from audit_entry where action = 'bulk-run.retry' and row_id = $1`,
      [second.id],
    )
    expect(entry!.after).toMatchObject({ retry_of: String(first), total: 1 })
  })
})

describe('undoing a run', () => {
  it('brings back what was, for each by its own call, the last first', async () => {
    const runId = await start({ refuse: [Number(ids[0])] })
    await work()
    const { run } = await undo(runId)
    expect(run).toMatchObject({ undo_of: runId, total: 11, action: 'unmark' })
    expect(await itemsOf(run.id)).toEqual(ids.slice(1).toReversed())
    await work()
    expect(await runOf(office.db, run.id)).toMatchObject({ state: 'done', done: 11 })
    expect(await marksOf(office.pool)).toEqual(new Map())
  })

  it('takes as many at once as the inverse allows, whatever differs between the calls', async () => {
    const [one, two] = [await start({ word: 'one' }), await start({ word: 'two' })]
    await work()
    await office.pool.query(
      `update bulk_item set undo = '{"action":"unmark","params":{"word":"two"}}' where run_id = $1 and position % 2 = 0`,
      [one],
    )
    const { run } = await undo(one)
    await work({ turns: 1 })
    expect((await runOf(office.db, run.id)).done).toBe(3)
    await work()
    const { rows } = await office.pool.query('select word, count(*)::int as count from bulk_mark group by 1 order by 1')
    expect(rows).toEqual([
      { word: 'one', count: 6 },
      { word: 'two', count: 6 },
    ])
    expect(two).toBeGreaterThan(one)
  })

  it('is refused where nothing can be undone, while it is busy, and a second time', async () => {
    const runId = await start({ refuse: numbers(ids) })
    await expect(undo(runId)).rejects.toThrow('run: it is still busy')
    await work()
    await expect(undo(runId)).rejects.toThrow('run: nothing that it did can be undone')
    const other = await start()
    await work()
    const first = await undo(other)
    await expect(undo(other)).rejects.toThrow(`run: run ${first.run.id} undoes it already`)
    await stopRun(office.db, first.run.id, by, noon, markActions)
    await work()
    await expect(undo(other)).resolves.toMatchObject({ run: { total: 12 } })
  })

  it('of two who ask at once happens once', async () => {
    const runId = await start()
    await work()
    const asked = await Promise.allSettled([undo(runId), undo(runId)])
    expect(asked.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('needs the permission of the inverse', async () => {
    const runId = await start()
    await work()
    const author = authorLike(office.keyring, { permissions: ['subscriber.block', 'audit.read'] })
    await expect(undo(runId, author)).rejects.toThrow('this needs the permission subscriber.edit')
  })

  it('reaches only those that the author reaches now', async () => {
    const runId = await start()
    await work()
    await office.pool.query(`update subscriber set zone = 'hill' where id = $1`, [ids[2]])
    const author = { ...authorLike(office.keyring, { operatorId: 77n, scope: { zones: ['hill'] } }) }
    await office.pool.query('update bulk_run set operator_id = 77 where id = $1', [runId])
    const { run } = await undo(runId, author)
    expect(await itemsOf(run.id)).toEqual([ids[2]])
    await office.pool.query('update subscriber set zone = null where id = $1', [ids[2]])
  })
})

describe('what a run reveals', () => {
  const operatorId = 7n
  const author = () => authorLike(office.keyring, { operatorId })
  const finished = async () => {
    const runId = await start({ secret: 'N3w', refuse: [Number(ids[0])] })
    await work()
    await office.pool.query('update bulk_run set operator_id = $2 where id = $1', [runId, operatorId])
    return runId
  }

  it('lies sealed, is handed to its author once, and is gone then', async () => {
    const runId = await finished()
    const dump = JSON.stringify(await rowsOf(office, 'select bulk_item::text from bulk_item'))
    expect(dump).not.toContain('N3w-')
    expect(dump).not.toContain(Buffer.from('N3w-').toString('hex'))
    const revealed = await takeRevealed(office.db, runId, author(), hours(1))
    expect(revealed.names).toEqual(['password'])
    expect(revealed.rows).toHaveLength(11)
    expect(revealed.rows[0]).toEqual([String(ids[1]), 'sub1', `N3w-${ids[1]}`])
    await expect(takeRevealed(office.db, runId, author(), hours(1))).rejects.toThrow(NotFoundError)
    expect(await rowsOf(office, 'select 1 from bulk_item where revealed is not null')).toEqual([])
    const entries = await rowsOf(
      office,
      `select after::text from audit_entry where action = 'bulk-run.reveal' and row_id = $1`,
      [runId],
    )
    expect(entries).toHaveLength(1)
    expect(JSON.stringify(entries)).not.toContain('N3w')
  })

  it('of two who ask at once is handed to one', async () => {
    const runId = await finished()
    const asked = await Promise.allSettled([1, 2].map(() => takeRevealed(office.db, runId, author(), noon)))
    expect(asked.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('is not for others, not without the permission, not before the end', async () => {
    const runId = await finished()
    const other = authorLike(office.keyring, { operatorId: 8n })
    await expect(takeRevealed(office.db, runId, other, noon)).rejects.toThrow(NotFoundError)
    await expect(takeRevealed(office.db, runId, by, noon)).rejects.toThrow(NotFoundError)
    const weak = authorLike(office.keyring, { operatorId, permissions: ['subscriber.block'] })
    await expect(takeRevealed(office.db, runId, weak, noon)).rejects.toThrow(ForbiddenError)
    const busy = await start({ secret: 'N3w' })
    await office.pool.query('update bulk_run set operator_id = $2 where id = $1', [busy, operatorId])
    await expect(takeRevealed(office.db, busy, author(), noon)).rejects.toThrow(ConflictError)
    await expect(takeRevealed(office.db, runId, author(), noon)).resolves.toBeDefined()
  })

  it('is destroyed after a day, fetched or not', async () => {
    const runId = await finished()
    expect(await destroyLateRevealed(office.db, hours(23))).toBe(0)
    await expect(takeRevealed(office.db, runId, author(), hours(25))).rejects.toThrow(NotFoundError)
    expect(await destroyLateRevealed(office.db, hours(24))).toBe(1)
    expect(await rowsOf(office, 'select 1 from bulk_item where revealed is not null')).toEqual([])
    expect(await destroyLateRevealed(office.db, hours(48))).toBe(0)
  })

  it('is nothing for a run that made nothing up', async () => {
    const runId = await start()
    await work()
    await office.pool.query('update bulk_run set operator_id = $2 where id = $1', [runId, operatorId])
    await expect(takeRevealed(office.db, runId, author(), noon)).rejects.toThrow(
      `there is no secret result of bulk run "${runId}"`,
    )
  })
})

describe('looking at runs', () => {
  const watcher = (input: Parameters<typeof authorLike>[1]) => authorLike(office.keyring, input)

  it('shows one’s own, and all of the organisation to who reads the audit trail', async () => {
    const owner = 55n
    const runs = [await start(), await start(), await start()]
    await office.pool.query('update bulk_run set operator_id = 1 where id = $1', [runs[0]])
    await office.pool.query('update bulk_run set operator_id = 2, owner_id = $2 where id = $1', [runs[1], owner])
    await office.pool.query('update bulk_run set operator_id = 3, owner_id = $2 where id = $1', [runs[2], owner])
    const seen = async (author: Author) => (await listRuns(office.db, { limit: 10 }, author)).map(({ id }) => id)
    const none = { permissions: [] }
    expect(await seen(watcher({ operatorId: 1n, ...none }))).toEqual([runs[0]])
    expect(await seen(watcher({ operatorId: 9n, ...none }))).toEqual([])
    expect(await seen(watcher({ operatorId: 9n, permissions: ['audit.read'] }))).toEqual(runs.toReversed())
    expect(await seen(watcher({ operatorId: 2n, ...none, scope: { ownerId: owner } }))).toEqual([runs[1]])
    expect(await seen(watcher({ operatorId: 2n, permissions: ['audit.read'], scope: { ownerId: owner } }))).toEqual([
      runs[2],
      runs[1],
    ])
    expect(await seen(watcher({ operatorId: 1n, permissions: ['audit.read'], scope: { zones: ['a'] } }))).toEqual([
      runs[0],
    ])
    // Who was of the ISP and is a reseller's operator now.
    expect(await seen(watcher({ operatorId: 1n, ...none, scope: { ownerId: owner } }))).toEqual([])
    await expect(findRun(office.db, runs[0]!, watcher({ operatorId: 2n, ...none }))).rejects.toThrow(NotFoundError)
  })

  it('filters by state, action and own, and pages by id', async () => {
    const first = await start()
    await work()
    const second = await start()
    const third = await start()
    await stopRun(office.db, third, by, noon, markActions)
    const list = async (input: Partial<Parameters<typeof listRuns>[1]>, author = by) =>
      (await listRuns(office.db, { limit: 10, ...input }, author)).map(({ id }) => id)
    expect(await list({ state: ['done'] })).toEqual([first])
    expect(await list({ state: ['stopping', 'waiting'] })).toEqual([third, second])
    expect(await list({ action: 'other' })).toEqual([])
    expect(await list({ limit: 1 })).toEqual([third])
    expect(await list({ before: third, limit: 1 })).toEqual([second])
    expect(await list({ own: true }, watcher({ operatorId: 4n }))).toEqual([])
    expect(stateOf(await runOf(office.db, third))).toBe('stopping')
  })

  it('tells how fast it goes', async () => {
    const runId = await start()
    expect(throughputOf(await runOf(office.db, runId))).toBeUndefined()
    await work({ turns: 1 })
    expect(throughputOf(await runOf(office.db, runId))).toBeUndefined()
    await work({ now: hours(1 / 3_600) })
    expect(throughputOf(await runOf(office.db, runId))).toBe(12)
  })

  it('shows the items page by page and by outcome, and hides who is out of reach', async () => {
    const runId = await start({ refuse: [Number(ids[3])] })
    await work({ turns: 1 })
    const list = (input: Partial<Parameters<typeof listItems>[2]>, author = by) =>
      listItems(office.db, runId, { after: 0, limit: 10, ...input }, author)
    expect((await list({ outcomes: ['refused'] })).map(({ subscriberId }) => subscriberId)).toEqual([ids[3]])
    expect((await list({ outcomes: ['left'] })).map(({ position }) => position)).toEqual([6, 7, 8, 9, 10, 11, 12])
    expect((await list({ after: 10 })).map(({ position }) => position)).toEqual([11, 12])
    const [first] = await list({ limit: 1 })
    expect(first).toEqual({
      position: 1,
      subscriberId: ids[0],
      username: 'sub0',
      name: 'Person 0',
      outcome: 'done',
      reason: null,
      detail: { word: 'marked', id: String(ids[0]) },
      canBeUndone: true,
    })
    await office.pool.query('update bulk_run set operator_id = 5 where id = $1', [runId])
    const [hidden] = await list({ limit: 1 }, watcher({ operatorId: 5n, scope: { zones: ['a'] } }))
    expect(hidden).toMatchObject({ username: null, name: null, detail: null, outcome: 'done' })
    await expect(list({}, watcher({ operatorId: 6n, permissions: [] }))).rejects.toThrow(NotFoundError)
  })

  it('gives the results as a table, whatever their number', async () => {
    const many = await addMany(office.pool, 2_001, { name: 'table' })
    const target = { ids: numbers(many) }
    const { run } = await startBulkRun(office.db, { action: 'mark', params: {}, target }, by, noon, markActions)
    const { columns, batches } = await resultTable(office.db, run.id, by)
    expect(columns.map(({ name }) => name)).toEqual(['subscriber_id', 'username', 'outcome', 'reason', 'detail'])
    const rows: unknown[] = []
    for await (const batch of batches) rows.push(...batch)
    expect(rows).toHaveLength(2_001)
    expect(rows[2_000]).toEqual([String(many[2_000]), 'table2000', 'left', null, null])
  })
})

describe('trimming', () => {
  it('forgets runs that ended long ago, with their items, and nothing that is open', async () => {
    const [old, young] = [await start(), await start()]
    await work()
    const open = await start()
    await office.pool.query('update bulk_run set finished_at = $2 where id = $1', [old, hours(-24 * 91)])
    expect(await trimBulkRuns(office.db, 90, noon)).toBe(1)
    expect((await listRuns(office.db, { limit: 10 }, by)).map(({ id }) => id)).toEqual([open, young])
    expect(await outcomesOf(office.db, old)).toEqual([])
    expect(await outcomesOf(office.db, young)).toHaveLength(12)
    expect(await trimBulkRuns(office.db, 90, noon)).toBe(0)
  })
})
