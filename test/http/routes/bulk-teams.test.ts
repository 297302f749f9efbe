// Bulk runs of a team that reaches some zones only, and what changes under a run while it waits: zones, roles, who is signed in.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { workBulkRuns } from '../../../src/domain/bulk/step.ts'
import { useApi, type Answer, type Client } from '../../support/api.ts'
import { addMany } from '../../support/bulk.ts'
import { queryRows } from '../../support/subscribers.ts'

const api = useApi()
let north: number[]
let south: number[]
let boss: Client
let team: Client
let teamId: bigint

beforeAll(async () => {
  north = (await addMany(api.pool, 6, { name: 'north', zone: 'north' })).map(Number)
  south = (await addMany(api.pool, 4, { name: 'south', zone: 'south' })).map(Number)
  boss = await api.as('super-administrator')
  const [row] = await queryRows(
    api,
    `insert into team (organisation_id, name, zones) values (1, 'North team', '{north}') returning id`,
  )
  teamId = row!['id'] as bigint
})
beforeEach(async () => {
  await queryRows(api, 'update subscriber set blocked_at = null, block_reason = null, archived_at = null')
  await queryRows(api, `update team set zones = '{north}'`)
  team = await api.as('administrator', { teamId })
})

async function work(chunks = 1_000, chunk = 2): Promise<void> {
  const options = { keyring: api.keyring, largestChunk: chunk, onError: () => undefined }
  for (let at = 0; at < chunks; at += 1) {
    if ((await workBulkRuns(api.db, options, api.clock.now())).kind === 'idle') return
  }
}
const block = (target: unknown, more = {}) => ({ action: 'block', params: { reason: 'unpaid' }, target, ...more })
const blocked = async () =>
  (await queryRows(api, 'select id::int from subscriber where blocked_at is not null order by id')).map(({ id }) => id)
const idOf = ({ body }: Answer) => body['id'] as number
const show = async (answer: Answer, client = boss) => (await client.get(`/bulk-runs/${idOf(answer)}`)).body

describe('a team that reaches one zone', () => {
  it.each([
    ['all', () => ({ all: true })],
    ['an empty filter', () => ({ filter: {} })],
    ['a filter for the other zone too', () => ({ filter: { zone: ['north', 'south'] } })],
    ['the ids of everybody', () => ({ ids: [...north, ...south] })],
  ])('means its own by %s', async (_what, target) => {
    const answer = await team.post('/bulk-runs', block(target(), { confirm_count: 6 }))
    expect([answer.status, answer.text]).toEqual([202, answer.text])
    await work()
    expect(await blocked()).toEqual(north)
  })

  it('is told nothing of the others: not in the count, not in the results', async () => {
    const preview = await team.post('/bulk-runs', block({ ids: [...north, ...south] }, { dry_run: true }))
    expect(preview.body).toMatchObject({ count: 6, missing: 4 })
    expect(preview.text).not.toContain('south')
    expect((await team.post('/bulk-runs', block({ ids: south }))).status).toBe(404)
    expect((await team.post('/bulk-runs', block({ filter: { zone: ['south'] } }))).status).toBe(422)
  })

  it('sees its own runs, not those of others, though they concern its zone', async () => {
    const other = await boss.post('/bulk-runs', block({ ids: north }))
    expect((await team.get(`/bulk-runs/${idOf(other)}`)).status).toBe(404)
    expect((await team.post(`/bulk-runs/${idOf(other)}/stop`)).status).toBe(404)
    expect((await team.get('/bulk-runs')).body['items']).toEqual([])
    await work()
    expect((await team.post(`/bulk-runs/${idOf(other)}/undo`)).status).toBe(404)
  })

  it('cannot move subscribers out of its sight, one by one or in bulk', async () => {
    const answer = await team.post('/bulk-runs', {
      action: 'set-zone',
      params: { zone: 'south' },
      target: { ids: north },
    })
    await work()
    expect(await show(answer)).toMatchObject({
      state: 'failed',
      error: 'zone: must be one of north',
      counts: { done: 0 },
    })
    expect((await team.post(`/subscribers/${north[0]}/set-zone`, { zone: null })).status).toBe(422)
  })
})

describe('while a run waits', () => {
  it('the team is narrowed: those out of reach are refused, and nobody is told who they are', async () => {
    const answer = await team.post('/bulk-runs', block({ ids: north }))
    await work(1)
    await queryRows(api, `update team set zones = '{}'`)
    await work()
    expect(await show(answer)).toMatchObject({ state: 'done', counts: { done: 2, refused: 4 } })
    expect(await blocked()).toEqual(north.slice(0, 2))
    const items = (await team.get(`/bulk-runs/${idOf(answer)}/items`)).body['items'] as Record<string, unknown>[]
    expect(items.map(({ username }) => username)).toEqual(north.map(() => null))
  })

  it('the team is widened: the run reaches no more than when it was begun', async () => {
    const answer = await team.post('/bulk-runs', block({ ids: north }))
    await queryRows(api, `update team set zones = '{north,south}'`)
    await queryRows(api, `update subscriber set zone = 'south' where id = $1`, [north[0]])
    await work()
    expect(await show(answer)).toMatchObject({ counts: { done: 5, refused: 1 } })
    await queryRows(api, `update subscriber set zone = 'north' where id = $1`, [north[0]])
  })

  it('some are deleted, purged or blocked by somebody else: each has its own result', async () => {
    const answer = await boss.post('/bulk-runs', block({ ids: north }))
    await boss.post(`/subscribers/${north[1]}/delete`)
    await boss.post(`/subscribers/${north[2]}/block`, { reason: 'unpaid' })
    await boss.post(`/subscribers/${north[3]}/block`, { reason: 'abuse' })
    await work()
    const items = (await boss.get(`/bulk-runs/${idOf(answer)}/items`)).body['items'] as Record<string, unknown>[]
    expect(items.map(({ outcome }) => outcome)).toEqual(['done', 'refused', 'unchanged', 'done', 'done', 'done'])
    // The undo gives back what each had when the run came to it.
    await boss.post(`/bulk-runs/${idOf(answer)}/undo`)
    await work()
    const rows = await queryRows(
      api,
      'select id::int, block_reason from subscriber where blocked_at is not null order by id',
    )
    expect(rows).toEqual([
      { id: north[2], block_reason: 'unpaid' },
      { id: north[3], block_reason: 'abuse' },
    ])
  })

  it('its author is disabled over the API: the run ends with the reason, and somebody else finishes it', async () => {
    const answer = await team.post('/bulk-runs', block({ ids: north }))
    await work(1)
    expect((await boss.patch(`/operators/${team.operatorId}`, { enabled: false })).status).toBe(200)
    await work()
    expect(await show(answer)).toMatchObject({
      state: 'stopped',
      error: 'its author is no longer in service',
      counts: { done: 2, left: 4 },
    })
    expect((await team.get(`/bulk-runs/${idOf(answer)}`)).status).toBe(401)
    const rest = await boss.post(`/bulk-runs/${idOf(answer)}/retry`, { outcomes: ['left'] })
    await work()
    expect(await show(rest)).toMatchObject({ author_name: boss.email, counts: { total: 4, done: 4 } })
  })
})

describe('what a run made up', () => {
  it('is for its author alone: neither for the boss nor for who takes the run up again', async () => {
    const answer = await team.post('/bulk-runs', { action: 'reset-password', params: {}, target: { ids: north } })
    await work()
    const path = `/bulk-runs/${idOf(answer)}/reveal`
    expect((await boss.post(path)).status).toBe(404)
    const items = await team.get(`/bulk-runs/${idOf(answer)}/items`)
    expect(items.text).not.toMatch(/password"\s*:/)
    const revealed = await Promise.all(Array.from({ length: 10 }, () => team.post(path)))
    expect(revealed.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 404),
    ])
    const { text } = revealed.find(({ status }) => status === 200)!
    expect(text.trim().split(/\r?\n/)).toHaveLength(1 + north.length)
    expect((await queryRows(api, 'select 1 from bulk_item where revealed is not null')).length).toBe(0)
  })

  it('is not handed out for those that left the reach of the author, and destroyed with the rest', async () => {
    const answer = await team.post('/bulk-runs', { action: 'reset-password', params: {}, target: { ids: north } })
    await work()
    await queryRows(api, `update subscriber set zone = 'south' where id = $1`, [north[0]])
    const { text } = await team.post(`/bulk-runs/${idOf(answer)}/reveal`)
    expect(text).not.toContain('north0')
    expect(text).toContain('north5')
    expect((await queryRows(api, 'select 1 from bulk_item where revealed is not null')).length).toBe(0)
    await queryRows(api, `update subscriber set zone = 'north' where id = $1`, [north[0]])
  })
})
