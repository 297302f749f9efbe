import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bulkWorker } from '../../../src/jobs/run-bulk.ts'
import { workBulkRuns } from '../../../src/domain/bulk/step.ts'
import { proofMs } from '../../../src/domain/operator/caller.ts'
import { permissionNames } from '../../../src/domain/operator/permission.ts'
import { useApi, type Answer, type Client } from '../../support/api.ts'
import { addMany } from '../../support/bulk.ts'
import { hours, noon } from '../../support/operator.ts'

const api = useApi()
let ids: number[]
let support: Client

beforeAll(async () => {
  ids = (await addMany(api.pool, 25)).map(Number)
  support = await api.as('support')
})
beforeEach(async () => {
  await api.pool.query('update subscriber set blocked_at = null, block_reason = null')
  await api.pool.query('delete from bulk_item; delete from bulk_run')
})

const block = (target: unknown, more: Record<string, unknown> = {}) => ({
  action: 'block',
  params: { reason: 'unpaid' },
  target,
  ...more,
})

/** What the background does, until nothing is left. */
async function work(chunk = 500): Promise<void> {
  const options = { keyring: api.keyring, largestChunk: chunk, onError: () => undefined }
  while ((await workBulkRuns(api.db, options, api.clock.now())).kind === 'worked');
}

const blocked = async (): Promise<number[]> => {
  const { rows } = await api.pool.query<{ id: bigint }>(
    'select id from subscriber where blocked_at is not null order by id',
  )
  return rows.map(({ id }) => Number(id))
}

const auditOf = async (action: string): Promise<number> => {
  const { rows } = await api.pool.query<{ count: number }>(
    'select count(*)::int as count from audit_entry where action = $1',
    [action],
  )
  return rows[0]!.count
}

const idOf = ({ body }: Answer): number => body.id as number

describe('POST /bulk-runs', () => {
  it('begins a run that the background does, and shows its progress', async () => {
    const answer = await support.post('/bulk-runs', block({ ids }))
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({
      action: 'block',
      params: { reason: 'unpaid' },
      target: { ids: 25 },
      state: 'waiting',
      author_name: support.email,
      operator_id: Number(support.operatorId),
      counts: { total: 25, done: 0, unchanged: 0, refused: 0, failed: 0, left: 25 },
    })
    expect(await blocked()).toEqual([])
    await work()
    const after = await support.get(`/bulk-runs/${idOf(answer)}`)
    expect(after.body).toMatchObject({ state: 'done', counts: { done: 25, left: 0 }, seconds_left: null })
    expect(await blocked()).toEqual(ids)
    expect(await auditOf('subscriber.block')).toBe(25)
  })

  it('with dry_run counts and shows the first, and does nothing', async () => {
    const before = await auditOf('bulk-run.create')
    const answer = await support.post('/bulk-runs', block({ filter: { search: 'sub1' } }, { dry_run: true }))
    expect(answer.body).toMatchObject({ dry_run: true, count: 11, missing: 0 })
    expect((answer.body.first as unknown[])[0]).toEqual({
      id: ids[1],
      username: 'sub1',
      name: 'Person 1',
      label: 'new',
    })
    await work()
    expect(await blocked()).toEqual([])
    expect((await support.get('/bulk-runs')).body.items).toEqual([])
    expect(await auditOf('bulk-run.create')).toBe(before)
  })

  it('sent again with its Idempotency-Key is one run', async () => {
    const send = () => support.post('/bulk-runs', block({ ids }), { 'idempotency-key': 'once' })
    const [one, two] = await Promise.all([send(), send()])
    expect(one.body.id).toBe(two.body.id)
    const third = await send()
    expect(third.headers.get('idempotent-replayed')).toBe('true')
    expect(third.body.id).toBe(one.body.id)
    expect((await support.get('/bulk-runs')).body.items).toHaveLength(1)
    const other = await support.post('/bulk-runs', block({ ids: ids.slice(1) }), { 'idempotency-key': 'once' })
    expect(other).toMatchObject({ status: 422, body: { code: 'key-reused' } })
  })

  it('refuses what it cannot take', async () => {
    const refuse = async (body: unknown, client = support) => {
      const { status, body: problem } = await client.post('/bulk-runs', body)
      return [status, problem.code]
    }
    expect(await refuse({ ...block({ ids }), action: 'explode' })).toEqual([422, 'invalid-field'])
    expect(await refuse({ ...block({ ids }), params: { why: 1 } })).toEqual([400, 'invalid-request'])
    expect(await refuse({ ...block({ ids }), extra: 1 })).toEqual([400, 'invalid-request'])
    expect(await refuse(block({ ids: ['x'] }))).toEqual([400, 'invalid-request'])
    expect(await refuse(block({ filter: { nonsense: 1 } }))).toEqual([400, 'invalid-request'])
    expect(await refuse(block({ ids: [999_999] }))).toEqual([404, 'not-found'])
    expect(await refuse(block({ filter: { zone: ['nowhere'] } }))).toEqual([422, 'invalid-field'])
    expect(await refuse(block({ filter: {} }, { confirm_count: 3 }))).toEqual([409, 'conflict'])
    expect(await refuse(block({ ids }), await api.as('viewer'))).toEqual([403, 'forbidden'])
    expect(await refuse(block({ ids }), api.anonymous())).toEqual([401, 'not-signed-in'])
  })

  it('takes all subscribers only from who may mean all, and then with the count that was shown', async () => {
    expect(await support.post('/bulk-runs', block({ all: true }))).toMatchObject({ status: 403 })
    const administrator = await api.as('administrator')
    await api.pool.query(`insert into setting (name, value) values ('bulk_large', '20')`)
    const unconfirmed = await administrator.post('/bulk-runs', block({ all: true }))
    expect(unconfirmed).toMatchObject({ status: 422, body: { errors: [{ field: 'confirm_count' }] } })
    const preview = await administrator.post('/bulk-runs', block({ all: true }, { dry_run: true }))
    const { count } = preview.body
    expect(await administrator.post('/bulk-runs', block({ all: true }, { confirm_count: count }))).toMatchObject({
      status: 202,
      body: { target: { all: true }, counts: { total: count } },
    })
    await api.pool.query(`delete from setting where name = 'bulk_large'`)
  })

  it('asks for a fresh proof where many are concerned, and keeps nothing without it', async () => {
    await api.pool.query(`insert into setting (name, value) values ('bulk_large', '20')`)
    const stale = await api.as('support', { provedAt: new Date(noon.getTime() - proofMs - 1) })
    expect(await stale.post('/bulk-runs', block({ ids }))).toMatchObject({
      status: 403,
      body: { code: 'recent-proof-needed' },
    })
    expect((await api.pool.query('select 1 from bulk_item')).rows).toEqual([])
    expect(await stale.post('/bulk-runs', block({ ids: ids.slice(0, 19) }))).toMatchObject({ status: 202 })
    await api.pool.query(`delete from setting where name = 'bulk_large'`)
  })
})

describe('a reseller', () => {
  it('reaches its own only: all means all of its own, others are not there', async () => {
    const [north, south] = [await api.reseller('North'), await api.reseller('South')]
    const [own, others] = [
      (await addMany(api.pool, 4, { name: 'north', ownerId: north })).map(Number),
      (await addMany(api.pool, 4, { name: 'south', ownerId: south })).map(Number),
    ]
    const reseller = await api.as('reseller', { organisationId: north })
    expect(await reseller.post('/bulk-runs', block({ ids: [...ids, ...others] }))).toMatchObject({ status: 404 })
    const mixed = await reseller.post('/bulk-runs', block({ ids: [...others, own[0]] }))
    expect(mixed.body).toMatchObject({ counts: { total: 1 } })

    const { rows } = await api.pool.query<{ id: bigint }>(
      'insert into role (name, permissions) values ($1, $2) returning id',
      ['mighty reseller', permissionNames],
    )
    const mighty = await api.as('reseller', { organisationId: north, roleId: rows[0]!.id })
    const all = await mighty.post('/bulk-runs', block({ all: true }))
    expect(all.body).toMatchObject({ counts: { total: 4 } })
    await work()
    expect(await blocked()).toEqual(own)
  })

  it('sees, stops, repeats and undoes no run of anybody else', async () => {
    const [one, two] = [await api.reseller('East'), await api.reseller('West')]
    const own = (await addMany(api.pool, 2, { name: 'east', ownerId: one })).map(Number)
    const [east, west] = [
      await api.as('reseller', { organisationId: one }),
      await api.as('reseller', { organisationId: two }),
    ]
    const id = idOf(await east.post('/bulk-runs', block({ ids: own })))
    const ofIsp = idOf(await support.post('/bulk-runs', block({ ids })))
    for (const [client, run] of [
      [west, id],
      [west, ofIsp],
      [east, ofIsp],
    ] as const) {
      const answers = await Promise.all([
        client.get(`/bulk-runs/${run}`),
        client.get(`/bulk-runs/${run}/items`),
        client.get(`/bulk-runs/${run}/result`),
        client.post(`/bulk-runs/${run}/stop`),
        client.post(`/bulk-runs/${run}/retry`, {}),
        client.post(`/bulk-runs/${run}/undo`),
        client.post(`/bulk-runs/${run}/reveal`),
      ])
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404, 404])
    }
    expect((await west.get('/bulk-runs')).body.items).toEqual([])
    expect((await east.get('/bulk-runs')).body.items).toHaveLength(1)
    expect((await (await api.as('administrator')).get('/bulk-runs')).body.items).toHaveLength(2)
  })
})

describe('a run of bulk', () => {
  it('is stopped, and what it did stays done', async () => {
    const id = idOf(await support.post('/bulk-runs', block({ ids })))
    const { work: turn } = bulkWorker()
    await api.pool.query(`insert into setting (name, value) values ('bulk_rate', '100')`)
    const context = { ...api.services, listen: () => () => undefined, instance: 'test' }
    await turn(context, AbortSignal.abort())
    await api.pool.query(`delete from setting where name = 'bulk_rate'`)
    const stopping = await support.post(`/bulk-runs/${id}/stop`)
    expect(stopping).toMatchObject({ status: 202, body: { state: 'stopping', counts: { done: 10, left: 15 } } })
    await work()
    expect((await support.get(`/bulk-runs/${id}`)).body).toMatchObject({ state: 'stopped', counts: { left: 15 } })
    expect(await blocked()).toEqual(ids.slice(0, 10))
    expect(await support.post(`/bulk-runs/${id}/stop`)).toMatchObject({ status: 409 })
    const rest = await support.post(`/bulk-runs/${id}/retry`, { outcomes: ['left'] })
    expect(rest).toMatchObject({ status: 202, body: { retry_of: id, counts: { total: 15 } } })
    expect(await auditOf('bulk-run.stop')).toBe(1)
  })

  it('shows a result for each, page by page and by outcome', async () => {
    await api.pool.query('update subscriber set archived_at = now() where id = $1', [ids[3]])
    const id = idOf(await support.post('/bulk-runs', block({ ids })))
    await work()
    const first = await support.get(`/bulk-runs/${id}/items?limit=2`)
    expect(first.body.items).toMatchObject([
      { position: 1, subscriber_id: ids[0], username: 'sub0', outcome: 'done', can_be_undone: true },
      { position: 2, subscriber_id: ids[1], username: 'sub1', outcome: 'done' },
    ])
    const second = await support.get(`/bulk-runs/${id}/items?limit=2&cursor=${first.body.next_cursor as string}`)
    expect(second.body.items).toMatchObject([{ position: 3 }, { position: 4 }])
    const refused = await support.get(`/bulk-runs/${id}/items?outcome=refused,failed`)
    expect(refused.body).toMatchObject({
      items: [{ subscriber_id: ids[3], outcome: 'refused', reason: 'it is deleted: restore it first' }],
      next_cursor: null,
    })
    expect((await support.get(`/bulk-runs/${id}/items?cursor=broken`)).status).toBe(400)
    expect((await support.get(`/bulk-runs/${id}/items?outcome=nonsense`)).status).toBe(400)
    const again = await support.post(`/bulk-runs/${id}/retry`, {})
    expect(again.body).toMatchObject({ retry_of: id, counts: { total: 1 } })
    await api.pool.query('update subscriber set archived_at = null where id = $1', [ids[3]])
  })

  it('is undone: everybody is as before, who was blocked before for another reason too', async () => {
    await api.pool.query(`update subscriber set blocked_at = now(), block_reason = 'abuse' where id = $1`, [ids[5]])
    const id = idOf(await support.post('/bulk-runs', block({ ids })))
    expect(await support.post(`/bulk-runs/${id}/undo`)).toMatchObject({ status: 409 })
    await work()
    const undo = await support.post(`/bulk-runs/${id}/undo`)
    expect(undo).toMatchObject({ status: 202, body: { undo_of: id, counts: { total: 25 } } })
    await work()
    const { rows } = await api.pool.query('select id, block_reason from subscriber where blocked_at is not null')
    expect(rows).toEqual([{ id: BigInt(ids[5]!), block_reason: 'abuse' }])
    expect(await support.post(`/bulk-runs/${id}/undo`)).toMatchObject({ status: 409 })
  })

  it('gives its results as a file that no spreadsheet runs', async () => {
    const [evil] = (await addMany(api.pool, 1, { name: '=cmd|calc!A' })).map(Number)
    const id = idOf(await support.post('/bulk-runs', block({ ids: [ids[0], evil] })))
    await work()
    const file = await support.get(`/bulk-runs/${id}/result`)
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
    expect(file.headers.get('content-disposition')).toMatch(
      /^attachment; filename="gatehouse-bulk-run-2026-11-22T120000Z.csv"$/,
    )
    const [header, first, second] = file.text.replace('\uFEFF', '').split('\r\n')
    expect(header).toBe('subscriber_id,username,outcome,reason,detail')
    expect(first).toMatch(new RegExp(`^${ids[0]},sub0,done,,"{`))
    expect(second).toMatch(new RegExp(`^${evil},"'=cmd\\|calc!A0",done`))
  })

  it('reveals made-up passwords once, to its author, with a fresh proof', async () => {
    await api.pool.query(`update subscriber set account_type = 'pppoe'`)
    const begun = await support.post('/bulk-runs', {
      action: 'reset-password',
      params: {},
      target: { ids: ids.slice(0, 3) },
    })
    expect(begun.status).toBe(202)
    const id = idOf(begun)
    await work()
    expect((await support.get(`/bulk-runs/${id}/items`)).text).not.toContain('password')
    expect((await support.get(`/bulk-runs/${id}/result`)).text).not.toContain('password')
    const other = await api.as('administrator')
    expect((await other.post(`/bulk-runs/${id}/reveal`)).status).toBe(404)
    const answer = await support.post(`/bulk-runs/${id}/reveal`)
    expect(answer.status).toBe(200)
    const lines = answer.text.replace('\uFEFF', '').trim().split('\r\n')
    expect(lines[0]).toBe('subscriber_id,username,password')
    expect(lines).toHaveLength(4)
    expect(lines[1]).toMatch(new RegExp(`^${ids[0]},sub0,\\S{8,}$`))
    expect((await support.post(`/bulk-runs/${id}/reveal`)).status).toBe(404)
    api.clock.set(hours(0.1))
    expect((await support.post(`/bulk-runs/${id}/reveal`)).status).toBe(403)
    api.clock.set(noon)
  })

  it('is listed newest first, by state, action and page', async () => {
    const runs: number[] = []
    for (const reason of ['one', 'two', 'three']) {
      const answer = await support.post('/bulk-runs', { action: 'block', params: { reason }, target: { ids } })
      runs.push(idOf(answer))
    }
    await work()
    await support.post('/bulk-runs', { action: 'unblock', target: { ids } })
    const list = async (query: string) => {
      const { body } = await support.get(`/bulk-runs${query}`)
      return (body.items as { id: number }[]).map(({ id }) => id)
    }
    expect(await list('?action=block&own=true')).toEqual(runs.toReversed())
    expect(await list('?state=done')).toEqual(runs.toReversed())
    expect(await list('?state=waiting,running')).toHaveLength(1)
    const first = await support.get('/bulk-runs?action=block&limit=2')
    expect(await list(`?action=block&limit=2&cursor=${first.body.next_cursor as string}`)).toEqual([runs[0]])
    expect((await support.get('/bulk-runs?state=nonsense')).status).toBe(400)
    expect((await support.get('/bulk-runs?cursor=nonsense')).status).toBe(400)
  })
})
