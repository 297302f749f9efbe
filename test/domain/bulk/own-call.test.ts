// Undoing with calls that differ from one subscriber to the next: what cannot be brought back for one is refused for this one
// alone, and an undo is itself a run that can be undone.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { workBulkRuns } from '../../../src/domain/bulk/step.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, openTestSession, queryRows, waitingOrders } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
const errors: unknown[] = []

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  for (const name of ['R1', 'R2']) await api.reseller(name)
})
beforeEach(() => void errors.splice(0))

async function work(chunk = 500): Promise<void> {
  const options = { keyring: api.keyring, largestChunk: chunk, onError: (error: unknown) => void errors.push(error) }
  while ((await workBulkRuns(api.db, options, api.clock.now())).kind === 'worked');
}

type Run = { id: number; state: string; action: string; counts: Record<string, number> }
const show = async (id: number) => (await admin.get(`/bulk-runs/${id}`)).body as Run
async function begin(path: string, body?: unknown): Promise<Run> {
  const answer = await admin.post(path, body)
  expect([answer.status, answer.text]).toEqual([202, expect.any(String)])
  await work()
  return show(answer.body['id'] as number)
}
const run = (action: string, ids: number[], params = {}) => begin('/bulk-runs', { action, params, target: { ids } })
const undo = (of: Run) => begin(`/bulk-runs/${of.id}/undo`)
const reasons = async (of: Run) =>
  ((await admin.get(`/bulk-runs/${of.id}/items?outcome=refused,failed`)).body['items'] as { reason: string }[]).map(
    ({ reason }) => reason,
  )
const group = async (name: string) => (await admin.post('/groups', { name })).body['id'] as number
const many = async (count: number, body = {}) =>
  (await Promise.all(Array.from({ length: count }, () => addTestSubscriber(admin, body)))).toSorted((a, b) => a - b)
const column = async (name: string, ids: number[]) =>
  (await queryRows(api, `select ${name}::text as value from subscriber where id = any($1) order by id`, [ids])).map(
    ({ value }) => value,
  )

describe('an undo', () => {
  it('into a group that is gone is refused for those that were in it, and done for the others', async () => {
    const [lake, hill] = [await group('Lake'), await group('Hill')]
    await group('Both')
    const [ofLake, ofHill, ofNone] = [await many(3, { group: 'Lake' }), await many(3, { group: 'Hill' }), await many(3)]
    const ids = [...ofLake, ...ofHill, ...ofNone]
    const moved = await run('add-to-group', ids, { group: 'Both' })
    expect((await admin.delete(`/groups/${hill}`)).status).toBe(204)
    const back = await undo(moved)
    expect(back).toMatchObject({ state: 'done', counts: { done: 6, refused: 3, failed: 0 } })
    expect(await reasons(back)).toEqual(ofHill.map(() => `there is no group "${hill}"`))
    expect(await column('group_id', ofLake)).toEqual(ofLake.map(() => String(lake)))
    expect(await column('group_id', ofNone)).toEqual(ofNone.map(() => null))
    // Nobody is called for what an operator can read in the results.
    expect(errors).toEqual([])
  })

  it('of addresses is refused where somebody else has one of them by now', async () => {
    const [one, two, newcomer] = [
      await addTestSubscriber(admin, { addresses: ['198.51.100.1'] }),
      await addTestSubscriber(admin, { addresses: ['198.51.100.2'] }),
      await addTestSubscriber(admin),
    ]
    const released = await run('release-address', [one, two])
    await admin.post(`/subscribers/${newcomer}/set-address`, { addresses: ['198.51.100.1'] })
    const back = await undo(released)
    expect(back.counts).toMatchObject({ done: 1, refused: 1 })
    expect(
      await queryRows(api, `select host(prefix) as ip, subscriber_id::int as id from subscriber_address order by 1`),
    ).toEqual([
      { ip: '198.51.100.1', id: newcomer },
      { ip: '198.51.100.2', id: two },
    ])
  })

  it('can be undone, and that again: the last word counts', async () => {
    const ids = await many(4)
    const blocked = () => column('block_reason', ids)
    const first = await run('block', ids, { reason: 'unpaid' })
    const second = await undo(first)
    expect([second.action, await blocked()]).toEqual(['unblock', [null, null, null, null]])
    const third = await undo(second)
    expect([third.action, await blocked()]).toEqual(['block', ids.map(() => 'unpaid')])
    const fourth = await undo(third)
    expect(await blocked()).toEqual([null, null, null, null])
    // Each of them is undone once.
    for (const { id } of [first, second, third]) {
      expect((await admin.post(`/bulk-runs/${id}/undo`)).status).toBe(409)
    }
    expect(fourth.counts).toMatchObject({ done: 4 })
  })

  it('of a run that changed nothing, or has no inverse, is refused', async () => {
    const ids = await many(2)
    await run('disable', ids)
    const again = await run('disable', ids)
    expect(again.counts).toMatchObject({ unchanged: 2 })
    for (const { id } of [again, await run('reset-password', ids), await run('disconnect', ids)]) {
      const answer = await admin.post(`/bulk-runs/${id}/undo`)
      expect([answer.status, answer.body['detail']]).toEqual([409, 'run: nothing that it did can be undone'])
    }
  })

  it('comes to those only upon whom something was done', async () => {
    const ids = await many(4)
    await run('disable', ids.slice(0, 2))
    const all = await run('disable', ids)
    expect(all.counts).toMatchObject({ done: 2, unchanged: 2 })
    expect((await undo(all)).counts).toMatchObject({ total: 2, done: 2 })
    expect(await column('enabled', ids)).toEqual(['false', 'false', 'true', 'true'])
  })

  it('of deletions brings back who still can be, and says why the others cannot', async () => {
    const ids = await many(3)
    const names = await column('username', ids)
    const gone = await run('delete', ids, { free_username: true })
    await addTestSubscriber(admin, { username: names[0] })
    await admin.post(`/subscribers/${ids[1]}/purge`)
    const back = await undo(gone)
    expect(back).toMatchObject({ state: 'done', counts: { done: 1, refused: 1, failed: 0 } })
    expect(await reasons(back)).toEqual([`its username ${String(names[0])} is somebody else's by now`])
    expect((await column('archived_at', ids)).map((at) => at === null)).toEqual([false, false, true])
  })

  it('of moves to another organisation stops where that has no room, one by one', async () => {
    const ids = await many(5, { owner: 'R1' })
    const moved = await run('change-owner', ids, { owner: 'R2' })
    expect(moved.counts).toMatchObject({ done: 5 })
    await queryRows(api, `update organisation set subscriber_limit = 3 where name = 'R1'`)
    const back = await undo(moved)
    expect(back.counts).toMatchObject({ done: 3, refused: 2 })
    expect(new Set(await reasons(back))).toEqual(new Set(['the organisation has as many subscribers as it may have']))
  })

  it('that is retried does for each what the undo would have done', async () => {
    const home = await group('Old home')
    await group('New home')
    const ids = await many(2, { group: 'Old home' })
    const moved = await run('add-to-group', ids, { group: 'New home' })
    await queryRows(api, 'update subscriber set archived_at = now() where id = $1', [ids[0]])
    const back = await undo(moved)
    expect(back.counts).toMatchObject({ done: 1, refused: 1 })
    await queryRows(api, 'update subscriber set archived_at = null where id = $1', [ids[0]])
    const retried = await begin(`/bulk-runs/${back.id}/retry`)
    expect(retried.counts).toMatchObject({ total: 1, done: 1 })
    expect(await column('group_id', ids)).toEqual([String(home), String(home)])
  })

  it('replaces the orders that wait: nobody is cut off whose block is lifted in time', async () => {
    const ids = await many(3)
    for (const id of ids) await openTestSession(api, id)
    const blocked = await run('block', ids, { reason: 'unpaid' })
    expect(await waitingOrders(api, ids[0]!)).toEqual(['disconnect blocked'])
    await undo(blocked)
    for (const id of ids) expect(await waitingOrders(api, id)).toEqual(['reapply unblocked'])
  })
})

describe('a run whose own word is wrong for all', () => {
  it('fails as a whole, with the sentence, and does nothing', async () => {
    const ids = await many(3)
    const failed = await run('add-to-group', ids, { group: 'Never was' })
    expect(failed).toMatchObject({
      state: 'failed',
      error: 'there is no group "Never was"',
      counts: { done: 0, left: 3 },
    })
    expect((await admin.post(`/bulk-runs/${failed.id}/undo`)).status).toBe(409)
  })

  it('is retried with those that were left once it can be', async () => {
    const ids = await many(3)
    const failed = await run('add-to-group', ids, { group: 'Made later' })
    await group('Made later')
    const retried = await begin(`/bulk-runs/${failed.id}/retry`, { outcomes: ['left'] })
    expect(retried).toMatchObject({ state: 'done', counts: { done: 3 } })
  })
})
