// A bulk mistake and its undo: somebody forgets the zone in a filter and blocks everybody. It is seen, stopped and undone over
// the API, while subscribers dial in over real RADIUS.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workBulkRuns } from '../../src/domain/bulk/step.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useApi, type Client } from '../support/api.ts'
import { addMany } from '../support/bulk.ts'
import { openIsp, password, type Isp } from '../support/isp.ts'
import { addTestPlan, addTestSubscriber, auditOf, queryRows, waitingOrders } from '../support/subscribers.ts'

const api = useApi()
let isp: Isp
let nas: SimulatedNas
let support: Client
let boss: Client
let anna: { id: number; session: NasSession }
let otto: number
const all = 5_000

beforeAll(async () => {
  isp = await openIsp({ url: api.databaseUrl, pool: api.pool }, { keyFile: api.keyFile })
  nas = await isp.nas('bras', '127.0.0.61')
  boss = await api.as('administrator')
  support = await api.as('support')
  await addTestPlan(api, 'Home')
  await addMany(api.pool, all - 3, { name: 'line', zone: 'town' })
  const add = (username: string, zone: string) => addTestSubscriber(boss, { username, password, zone })
  anna = { id: await add('anna', 'town'), session: await online('anna') }
  otto = await add('otto', 'lake')
  // Blocked before, for a reason of his own.
  await add('erwin', 'lake')
  await boss.post(`/subscribers/${await idOf('erwin')}/block`, { reason: 'abuse' })
}, 30_000)
// Many are put online by a statement: no NAS knows of them.
afterAll(() => isp.close({ I10: /^extra: open-\d+ of line/ }))

async function online(username: string): Promise<NasSession> {
  const outcome = await nas.dial(isp.dial(username, { mac: `d4:ca:6d:00:00:0${username.length}` }))
  if (outcome.kind !== 'online') throw new Error(JSON.stringify(outcome))
  await outcome.started
  return outcome.session
}
const dialled = async (username: string) => {
  const outcome = await nas.dial(isp.dial(username))
  return outcome.kind === 'rejected' ? outcome.message : outcome.kind
}
const idOf = async (username: string) =>
  Number((await queryRows(api, 'select id from subscriber where username = $1', [username]))[0]!['id'])

/** So many chunks of the background's work, or all. */
async function work(chunks = 1_000): Promise<void> {
  const options = {
    keyring: api.keyring,
    largestChunk: 500,
    onError: (error: unknown) => expect(error).toBeUndefined(),
  }
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    if ((await workBulkRuns(api.db, options, api.clock.now())).kind === 'idle') return
  }
}
const blockedNow = async () =>
  Number((await queryRows(api, 'select count(*) as n from subscriber where blocked_at is not null'))[0]!['n'])

let runId: number
let undoId: number
const order = { action: 'block', params: { reason: 'unpaid' } }

describe('a bulk mistake', () => {
  it('is not made by a count alone: whoever means the lake and says everybody is told the number', async () => {
    const meant = await support.post('/bulk-runs', { ...order, target: { filter: { zone: ['lake'] } }, dry_run: true })
    expect(meant.body).toMatchObject({ count: 2 })
    const everybody = await support.post('/bulk-runs', { ...order, target: { filter: {} } })
    expect([everybody.status, everybody.body['detail']]).toEqual([
      422,
      expect.stringContaining(`this reaches ${all} subscribers`),
    ])
    const withOther = await support.post('/bulk-runs', { ...order, target: { filter: {} }, confirm_count: 2 })
    expect(withOther.status).toBe(409)
    expect(await blockedNow()).toBe(1)
  })

  it('is made all the same, and goes on in the background', async () => {
    const answer = await support.post('/bulk-runs', { ...order, target: { filter: {} }, confirm_count: all })
    expect(answer.body).toMatchObject({ state: 'waiting', counts: { total: all, left: all } })
    runId = answer.body['id'] as number
    await work(4)
    expect((await support.get(`/bulk-runs/${runId}`)).body).toMatchObject({
      state: 'running',
      counts: { done: 2_000, left: 3_000 },
    })
  })

  it('F77: is seen by who reads the audit trail, and stopped by the boss', async () => {
    const { body } = await boss.get('/bulk-runs?state=running')
    expect(body['items']).toMatchObject([{ id: runId, author_name: support.email, target: { filter: {} } }])
    expect((await boss.post(`/bulk-runs/${runId}/stop`)).body).toMatchObject({ state: 'stopping' })
    await work()
    expect((await boss.get(`/bulk-runs/${runId}`)).body).toMatchObject({
      state: 'stopped',
      counts: { done: 2_000, left: 3_000 },
    })
    expect(await blockedNow()).toBe(2_001)
    expect((await boss.post(`/bulk-runs/${runId}/stop`)).status).toBe(409)
  })

  it('is finished by somebody who does not know: those who were left are blocked too', async () => {
    const answer = await support.post(`/bulk-runs/${runId}/retry`, { outcomes: ['left'] })
    await work()
    expect((await support.get(`/bulk-runs/${String(answer.body['id'])}`)).body).toMatchObject({
      state: 'done',
      retry_of: runId,
      counts: { total: 3_000, done: 3_000 },
    })
    expect(await blockedNow()).toBe(all)
    expect(await waitingOrders(api, anna.id)).toEqual(['disconnect blocked'])
    // The order has not been carried out yet; a redial meets the block already.
    await nas.stop(anna.session, 'User-Request')
    expect(await dialled('anna')).toBe('Your service is blocked')
    expect(await dialled('otto')).toBe('Your service is blocked')
  })
})

describe('its undo', () => {
  it('lifts the blocks of both runs, and no one else’s', async () => {
    const session = await queryRows(
      api,
      `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id,
         started_at, event_at, updated_at)
       select 1, 'open-' || id, 1, id, username, 1, 1, now(), now(), now() from subscriber where username like 'line1%'
       returning subscriber_id`,
    )
    const one = Number(session[0]!['subscriber_id'])
    const { body } = await boss.get('/bulk-runs')
    const [retried, first] = body['items'] as { id: number }[]
    for (const run of [retried!, first!]) {
      const undone = await boss.post(`/bulk-runs/${run.id}/undo`)
      expect([undone.status, undone.body['action']]).toEqual([202, expect.stringMatching(/block/)])
      undoId = undone.body['id'] as number
      await work()
      expect((await boss.get(`/bulk-runs/${undoId}`)).body).toMatchObject({ state: 'done', counts: { failed: 0 } })
    }
    const blocked = await queryRows(api, 'select username, block_reason from subscriber where blocked_at is not null')
    expect(blocked).toEqual([{ username: 'erwin', block_reason: 'abuse' }])
    expect(await waitingOrders(api, one)).toEqual(['reapply unblocked'])
  })

  it('lets everybody in again, and tells the live ones rather than cutting them off', async () => {
    const session = await online('anna')
    await nas.stop(session, 'User-Request')
    await nas.stop(await online('otto'), 'User-Request')
    expect(await dialled('erwin')).toBe('Your service is blocked')
    const rows = await queryRows(
      api,
      `select wish, count(*)::int as n from coa_order where state = 'waiting' and reason <> 'blocked' group by wish`,
    )
    expect(rows.map(({ wish }) => wish)).toEqual(['reapply'])
  })

  it('is told, as the mistake is, for each of them and by whom', async () => {
    const entries = await auditOf(api, otto)
    expect(entries.map(({ action, author_name: name }) => [action, name])).toEqual([
      ['subscriber.create', boss.email],
      ['subscriber.block', support.email],
      ['subscriber.unblock', boss.email],
    ])
    const { text } = await boss.get(`/bulk-runs/${undoId}/result`)
    expect(text.trim().split(/\r?\n/)).toHaveLength(2_001)
    const runs = await queryRows(
      api,
      `select action, count(*)::int as n from audit_entry where noun = 'bulk-run' group by action order by action`,
    )
    expect(runs).toEqual([
      { action: 'bulk-run.create', n: 1 },
      { action: 'bulk-run.retry', n: 1 },
      { action: 'bulk-run.stop', n: 1 },
      { action: 'bulk-run.undo', n: 2 },
    ])
  })

  it('does not happen twice', async () => {
    const answer = await boss.post(`/bulk-runs/${runId}/undo`)
    expect([answer.status, answer.body['detail']]).toEqual([409, `run: run ${undoId} undoes it already`])
  })
})
