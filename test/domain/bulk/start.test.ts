import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { ZodError } from 'zod'
import type { Author } from '../../../src/domain/author.ts'
import { ForbiddenError } from '../../../src/domain/author.ts'
import { shownParams } from '../../../src/domain/bulk/params.ts'
import { narrower } from '../../../src/domain/bulk/run-author.ts'
import { previewBulkRun, startBulkRun, type NewBulkRun } from '../../../src/domain/bulk/start.ts'
import { auditedTarget, bulkTarget, checkConfirmed } from '../../../src/domain/bulk/target.ts'
import { ConflictError, FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { addMany, authorLike, makeMarkTable, markActions, marksOf, workAll } from '../../support/bulk.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let ids: bigint[]
let resellers: bigint[]
let resellerId: bigint
let by: Author

beforeAll(async () => {
  await makeMarkTable(office.pool)
  ids = await addMany(office.pool, 30)
  const [row] = await rowsOf(
    office,
    `insert into organisation (kind, name, parent_id) values ('reseller', 'North', 1) returning id`,
  )
  resellerId = row!.id as bigint
  resellers = await addMany(office.pool, 7, { name: 'north', ownerId: resellerId })
  by = authorLike(office.keyring)
})
beforeEach(async () => {
  await office.pool.query('delete from bulk_mark; delete from bulk_item; delete from bulk_run')
})

const numbers = (list: readonly bigint[]): number[] => list.map(Number)
const start = (input: Partial<NewBulkRun>, author = by) =>
  startBulkRun(office.db, { action: 'mark', params: {}, target: { all: true }, ...input }, author, noon, markActions)
const frozen = async (runId: bigint) =>
  (await rowsOf(office, 'select subscriber_id from bulk_item where run_id = $1 order by position', [runId])).map(
    (row) => row.subscriber_id,
  )

describe('the target of a bulk run', () => {
  it('is named subscribers, each once, in the order of their ids, those that are there', async () => {
    const target = { ids: [...numbers(ids.slice(0, 3)).toReversed(), Number(ids[0]), 999_999_999] }
    const { run } = await start({ target })
    expect(await frozen(run.id)).toEqual(ids.slice(0, 3))
    expect(run).toMatchObject({ total: 3, target: { ids: 4 }, state: 'waiting' })
  })

  it('is who matches a filter at that moment, whatever they are later', async () => {
    const { run } = await start({ target: { filter: { owner_id: [Number(resellerId)] } } })
    await office.pool.query(`update subscriber set zone = 'moved' where owner_id = $1`, [resellerId])
    expect(await frozen(run.id)).toEqual(resellers)
    expect(run.target).toEqual({ filter: { owner_id: [Number(resellerId)] } })
  })

  it('is everybody that is not deleted, for whom all are meant', async () => {
    await office.pool.query('update subscriber set archived_at = now() where id = $1', [ids[0]])
    const { run } = await start({ target: { all: true } })
    expect(await frozen(run.id)).toEqual([...ids.slice(1), ...resellers])
    await office.pool.query('update subscriber set archived_at = null where id = $1', [ids[0]])
  })

  it('of a reseller is among its own, by ids, filter and all', async () => {
    const reseller = authorLike(office.keyring, { scope: { ownerId: resellerId } })
    const every = await start({ target: { all: true } }, reseller)
    expect(await frozen(every.run.id)).toEqual(resellers)
    const filter = await start({ target: { filter: {} } }, reseller)
    expect(await frozen(filter.run.id)).toEqual(resellers)
    const named = await start({ target: { ids: numbers([ids[0]!, resellers[0]!]) } }, reseller)
    expect(await frozen(named.run.id)).toEqual([resellers[0]])
    expect(named.run.owner_id).toBe(resellerId)
    await expect(start({ target: { ids: numbers(ids) } }, reseller)).rejects.toThrow(NotFoundError)
  })

  it('that means nobody begins nothing', async () => {
    await expect(start({ target: { ids: [999_999_999] } })).rejects.toThrow(NotFoundError)
    await expect(start({ target: { filter: { zone: ['nowhere'] } } })).rejects.toThrow(FieldError)
    expect(await rowsOf(office, 'select id from bulk_run')).toEqual([])
  })

  it('has one form, and at most 10,000 ids', () => {
    expect(bulkTarget.safeParse({ all: false }).success).toBe(false)
    expect(bulkTarget.safeParse({ all: true, ids: [1] }).success).toBe(false)
    expect(bulkTarget.safeParse({ filter: { what: 1 } }).success).toBe(false)
    expect(bulkTarget.safeParse({ ids: [] }).success).toBe(false)
    const many = (count: number) => bulkTarget.safeParse({ ids: Array.from({ length: count }, (_one, at) => at + 1) })
    expect(many(10_000).success).toBe(true)
    expect(many(10_001).success).toBe(false)
  })

  it('is told to the audit trail without what was searched for', () => {
    expect(auditedTarget({ filter: { search: 'Anna', online: true } })).toEqual({
      filter: { search: '***', online: true },
    })
    expect(auditedTarget({ filter: { online: true } })).toEqual({ filter: { online: true } })
    expect(auditedTarget({ ids: 3 })).toEqual({ ids: 3 })
  })
})

describe('a dry run', () => {
  it('counts and shows the first twenty, and writes nothing', async () => {
    const preview = await previewBulkRun(
      office.db,
      { action: 'mark', params: {}, target: { all: true } },
      by,
      noon,
      markActions,
    )
    expect(preview).toMatchObject({ count: 37, missing: 0 })
    expect(preview.first).toHaveLength(20)
    expect(preview.first[0]).toEqual({ id: ids[0], username: 'sub0', name: 'Person 0', label: 'new' })
    expect(await rowsOf(office, 'select id from bulk_run')).toEqual([])
    await workAll(office.db, office.keyring)
    expect(await marksOf(office.pool)).toEqual(new Map())
  })

  it('says how many of the ids are not there for who asks', async () => {
    const reseller = authorLike(office.keyring, { scope: { ownerId: resellerId } })
    const target = { ids: numbers([...ids.slice(0, 4), resellers[1]!]) }
    const input = { action: 'mark', params: {}, target }
    expect(await previewBulkRun(office.db, input, reseller, noon, markActions)).toMatchObject({ count: 1, missing: 4 })
  })

  it('is refused to whom the run would be', async () => {
    const viewer = authorLike(office.keyring, { permissions: ['subscriber.read'] })
    const input = { action: 'mark', params: {}, target: { ids: numbers(ids) } }
    await expect(previewBulkRun(office.db, input, viewer, noon, markActions)).rejects.toThrow(ForbiddenError)
  })
})

describe('a bulk run is refused', () => {
  it('for an action that is not there', async () => {
    await expect(start({ action: 'explode' })).rejects.toThrow('action: "explode" is no action upon subscribers')
  })

  it('for params that the action does not take', async () => {
    await expect(start({ params: { what: 1 } })).rejects.toThrow(ZodError)
  })

  it('to whom the action is not permitted, and all subscribers at once to whom that is not', async () => {
    const author = authorLike(office.keyring, { permissions: ['subscriber.read', 'bulk.all'] })
    await expect(start({}, author)).rejects.toThrow('this needs the permission subscriber.block')
    const other = authorLike(office.keyring, { permissions: ['subscriber.block'] })
    await expect(start({}, other)).rejects.toThrow('this needs the permission bulk.all')
    await expect(start({ target: { filter: {} } }, other)).resolves.toMatchObject({ run: { total: 37 } })
  })
})

describe('what was confirmed', () => {
  const all = { all: true } as const
  it('is asked for where much is at stake, but for named ones', () => {
    const check = (target: NewBulkRun['target'], total: number, confirmCount?: number) => () =>
      checkConfirmed({ target, total, confirmCount }, 100)
    expect(check(all, 99)).not.toThrow()
    expect(check(all, 100)).toThrow('confirm_count: this reaches 100 subscribers: confirm the count')
    expect(check({ ids: [1] }, 5_000)).not.toThrow()
    expect(check(all, 100, 100)).not.toThrow()
    expect(check({ ids: [1] }, 5, 6)).toThrow(ConflictError)
  })

  it('holds within one in a hundred', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 0, max: 1_000_000 }),
        (total, confirmCount) => {
          const isClose = Math.abs(total - confirmCount) * 100 <= confirmCount
          const check = () => checkConfirmed({ target: all, total, confirmCount }, 100)
          if (isClose) expect(check).not.toThrow()
          else expect(check).toThrow(`this reaches ${total} subscribers now, not ${confirmCount}`)
        },
      ),
    )
  })

  it('is compared in the same transaction: another count begins nothing', async () => {
    await expect(start({ confirmCount: 12 })).rejects.toThrow(ConflictError)
    expect(await rowsOf(office, 'select id from bulk_run')).toEqual([])
    expect(await rowsOf(office, 'select run_id from bulk_item')).toEqual([])
  })

  it('follows the setting of what is large', async () => {
    await writeSetting(office.db, { name: 'bulk_large', value: 5 }, noon)
    await expect(start({})).rejects.toThrow(FieldError)
    expect(await start({ confirmCount: 37 })).toMatchObject({ isGrave: true })
    expect(await start({ target: { ids: numbers(ids.slice(0, 4)) } })).toMatchObject({ isGrave: false })
    await office.pool.query(`delete from setting where name = 'bulk_large'`)
    expect(await start({})).toMatchObject({ isGrave: false })
    expect(await start({ action: 'silent' })).toMatchObject({ isGrave: true })
  })
})

describe('a run keeps', () => {
  it('what its action is told: shown with secrets masked, whole under seal', async () => {
    const { run } = await start({
      params: { word: 'blue', secret: 'Tr0ub4dor' },
      target: { ids: numbers(ids.slice(0, 2)) },
    })
    expect(run.params).toEqual({ word: 'blue', secret: '***' })
    const dump = JSON.stringify(
      await rowsOf(office, `select bulk_run::text from bulk_run union all select audit_entry::text from audit_entry`),
    )
    expect(dump).not.toContain('Tr0ub4dor')
    expect(dump).not.toContain(Buffer.from('Tr0ub4dor').toString('hex'))
    await workAll(office.db, office.keyring)
    expect(await rowsOf(office, 'select outcome from bulk_item where run_id = $1', [run.id])).toEqual([
      { outcome: 'done' },
      { outcome: 'done' },
    ])
  })

  it('nothing under seal where nothing is secret', () => {
    expect(shownParams({ reason: 'unpaid', new_password: 'x', password_length: 12 })).toEqual({
      reason: 'unpaid',
      new_password: '***',
      password_length: 12,
    })
  })

  it('who began it, and one audit entry of that', async () => {
    await start({ target: { filter: { search: 'Person 1' } } })
    const [entry] = await rowsOf(
      office,
      `select action, after from audit_entry where noun = 'bulk-run' order by id desc limit 1`,
    )
    expect(entry).toEqual({
      action: 'bulk-run.create',
      after: { action: 'mark', params: {}, target: { filter: { search: '***' } }, total: expect.any(Number) },
    })
  })
})

describe('two scopes', () => {
  const scope = { ownerId: undefined, zones: undefined, nasGroupIds: undefined }
  it('reach together what both reach', () => {
    expect(narrower(scope, scope)).toEqual(scope)
    expect(narrower({ ...scope, ownerId: 2n }, { ...scope, ownerId: 2n })).toEqual({ ...scope, ownerId: 2n })
    expect(narrower({ ...scope, ownerId: 2n }, scope)).toBeUndefined()
    expect(narrower(scope, { ...scope, ownerId: 2n })).toBeUndefined()
    expect(narrower({ ...scope, ownerId: 3n }, { ...scope, ownerId: 2n })).toBeUndefined()
    expect(narrower({ ...scope, zones: ['a', 'b'] }, { ...scope, zones: ['b', 'c'] })).toEqual({
      ...scope,
      zones: ['b'],
    })
    expect(narrower({ ...scope, zones: ['a'] }, scope)).toEqual({ ...scope, zones: ['a'] })
    expect(narrower(scope, { ...scope, nasGroupIds: [1n] })).toEqual({ ...scope, nasGroupIds: [1n] })
  })
})
