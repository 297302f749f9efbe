// Moving a village to another reseller: its subscribers go with their payers, money and sessions; groups, what is not allowed
// and who pays for others stay behind; and from that moment on the one no longer sees what the other does.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workBulkRuns } from '../../src/domain/bulk/step.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useApi, type Answer, type Client } from '../support/api.ts'
import { openIsp, password, type Isp } from '../support/isp.ts'
import { addTestPlan, addTestSubscriber, auditOf, queryRows, waitingOrders } from '../support/subscribers.ts'

const api = useApi()
let isp: Isp
let nas: SimulatedNas
let admin: Client
let north: { id: bigint; client: Client }
let south: { id: bigint; client: Client }
const village: number[] = []
let onOwnPlan: number
let shared: { village: number; town: number }
let live: { id: number; session: NasSession }
let moveId: number

beforeAll(async () => {
  isp = await openIsp({ url: api.databaseUrl, pool: api.pool }, { keyFile: api.keyFile })
  nas = await isp.nas('bras', '127.0.0.62')
  admin = await api.as('super-administrator')
  north = await resellerOf('North Net')
  south = await resellerOf('South Net')
  await addTestPlan(api, 'Home')
  await addTestPlan(api, 'North only', { owner_id: north.id })
  const add = (username: string, more: Record<string, unknown> = {}) =>
    addTestSubscriber(north.client, { username, password, zone: 'village', group: 'Fibre', ...more })
  for (let at = 0; at < 8; at += 1) village.push(await add(`v${at}`, { full_name: `Villager ${at}` }))
  onOwnPlan = await add('own-plan', { plan: 'North only' })
  const town = await add('town', { zone: 'town', full_name: 'The Company' })
  const { payer } = (await north.client.get(`/subscribers/${town}`)).body as { payer: { id: number } }
  shared = { town, village: await add('branch', { payer_id: payer.id }) }
  const deleted = await add('deleted')
  await north.client.post(`/subscribers/${deleted}/delete`)
  live = { id: village[0]!, session: await online('v0') }
  await money(village[1]!, '25.00')
}, 30_000)
afterAll(() => isp.close())

async function resellerOf(name: string) {
  const id = await api.reseller(name)
  return { id, client: await api.as('reseller', { organisationId: id }) }
}
async function online(username: string): Promise<NasSession> {
  const outcome = await nas.dial(isp.dial(username))
  if (outcome.kind !== 'online') throw new Error(JSON.stringify(outcome))
  await outcome.started
  return outcome.session
}
async function payerOf(id: number): Promise<number> {
  return ((await admin.get(`/subscribers/${id}`)).body['payer'] as { id: number }).id
}
async function money(id: number, amount: string): Promise<void> {
  const answer = await admin.post(`/payers/${await payerOf(id)}/payments`, { amount })
  expect([answer.status, answer.text]).toEqual([201, answer.text])
}
async function work(): Promise<void> {
  const options = { keyring: api.keyring, largestChunk: 3, onError: (error: unknown) => expect(error).toBeUndefined() }
  while ((await workBulkRuns(api.db, options, api.clock.now())).kind === 'worked');
}
const items = async (path: string, client = admin) =>
  (await client.get(path)).body['items'] as Record<string, unknown>[]
const owner = { action: 'change-owner', params: { owner: 'South Net' } }
const zone = { filter: { zone: ['village'] } }
const countOf = async (client: Client) => (await client.get('/subscribers/count?zone=village')).body['count']
const show = (answer: Answer) => [answer.status, answer.body['detail']]

describe('before the move', () => {
  it('whom it concerns is counted, and neither of the resellers can do it', async () => {
    const preview = await admin.post('/bulk-runs', { ...owner, target: zone, dry_run: true })
    expect(preview.body).toMatchObject({ count: 10 })
    for (const { client } of [north, south]) {
      expect((await client.post('/bulk-runs', { ...owner, target: zone })).status).toBe(403)
      expect((await client.post(`/subscribers/${village[0]}/change-owner`, owner.params)).status).toBe(403)
    }
  })

  it('a run of the old reseller waits, which means everybody of the village', async () => {
    const action = { action: 'set-zone', params: { zone: 'village (north)' } }
    const answer = await north.client.post('/bulk-runs', {
      ...action,
      target: { ids: [...village.slice(0, 6), shared.town] },
    })
    expect(answer.status).toBe(202)
    // Nobody works on it yet: the move is begun and done first.
    await queryRows(api, `update bulk_run set worked_at = now() + interval '1 day' where id = $1`, [answer.body['id']])
  })
})

describe('the move', () => {
  it('moves whom it can, and says of the others why not', async () => {
    await queryRows(api, `update organisation set subscriber_limit = 6 where id = $1`, [south.id])
    const answer = await admin.post('/bulk-runs', { ...owner, target: zone, confirm_count: 10 })
    moveId = answer.body['id'] as number
    await work()
    expect((await admin.get(`/bulk-runs/${moveId}`)).body).toMatchObject({ counts: { total: 10, done: 6, refused: 4 } })
    const refused = await items(`/bulk-runs/${moveId}/items?outcome=refused`)
    expect(refused.map(({ username, reason }) => [username, reason])).toEqual([
      ['v6', 'the organisation has as many subscribers as it may have'],
      ['v7', 'the organisation has as many subscribers as it may have'],
      ['own-plan', 'its plan is of another organisation: change the plan first'],
      ['branch', 'the organisation has as many subscribers as it may have'],
    ])
  })

  it('is completed after the limit is raised and the plan is changed', async () => {
    await queryRows(api, `update organisation set subscriber_limit = null where id = $1`, [south.id])
    const change = { plan: 'Home', when: 'now', free: true }
    expect(show(await admin.post(`/subscribers/${onOwnPlan}/change-plan`, change))).toEqual([200, expect.anything()])
    const retried = await admin.post(`/bulk-runs/${moveId}/retry`)
    await work()
    expect((await admin.get(`/bulk-runs/${String(retried.body['id'])}`)).body).toMatchObject({
      counts: { total: 4, done: 4 },
    })
    expect([await countOf(north.client), await countOf(south.client)]).toEqual([0, 10])
  })

  it('did nothing upon those whom the old reseller’s run meant and no longer reaches', async () => {
    const [run] = await items('/bulk-runs', north.client)
    expect(run).toMatchObject({ action: 'set-zone', state: 'done', counts: { done: 1, refused: 6 } })
    const results = await items(`/bulk-runs/${String(run!['id'])}/items`, north.client)
    expect(results.filter(({ username }) => username !== null).map(({ username }) => username)).toEqual(['town'])
    expect((await admin.get(`/subscribers/${village[3]}`)).body['zone']).toBe('village')
  })
})

describe('after the move', () => {
  it('the old reseller sees nobody of it, by whatever way', async () => {
    for (const id of village) {
      expect((await north.client.get(`/subscribers/${id}`)).status).toBe(404)
      expect((await north.client.post(`/subscribers/${id}/block`, { reason: 'x' })).status).toBe(404)
    }
    expect((await north.client.get(`/payers/${await payerOf(village[1]!)}`)).status).toBe(404)
    expect(await items('/subscribers?search=Villager', north.client)).toEqual([])
  })

  it('the new one sees them with their money; the group stayed behind', async () => {
    const { body } = await south.client.get(`/subscribers/${village[1]}`)
    expect(body).toMatchObject({ owner: { name: 'South Net' }, group: null, zone: 'village', balance: '25.00' })
    const groups = await items('/groups', north.client)
    expect(groups).toMatchObject([{ name: 'Fibre', subscribers: 1 }])
    expect(await items('/groups', south.client)).toEqual([])
  })

  it('who was paid for by a company pays for itself, and the company keeps its money', async () => {
    expect(await payerOf(shared.village)).not.toBe(await payerOf(shared.town))
    expect((await south.client.get(`/subscribers/${shared.village}`)).body['balance']).toBe('0.00')
    expect((await north.client.get(`/payers/${await payerOf(shared.town)}`)).status).toBe(200)
  })

  it('nobody was cut off, and they dial in as before', async () => {
    expect(await waitingOrders(api, live.id)).toEqual([])
    expect(await nas.interim(live.session)).toBe(true)
    await nas.stop(live.session, 'User-Request')
    await nas.stop(await online('v0'), 'User-Request')
    await nas.stop(await online('v7'), 'User-Request')
    expect(await items(`/subscribers/${live.id}/sessions`, south.client)).toHaveLength(2)
    expect((await north.client.get(`/subscribers/${live.id}/sessions`)).status).toBe(404)
  })

  it('the trail of each of them says from whom to whom', async () => {
    const moved = (await auditOf(api, village[2]!)).find(({ action }) => action === 'subscriber.change-owner')
    expect(moved).toMatchObject({
      author_name: admin.email,
      before: { owner_id: String(north.id) },
      after: { owner_id: String(south.id), group_id: null },
    })
  })

  it('who was deleted stayed with the old one, and comes back there', async () => {
    const [row] = await items('/subscribers?archived=true', north.client)
    expect(row).toMatchObject({ username: 'deleted' })
    expect((await north.client.post(`/subscribers/${String(row!['id'])}/restore`)).status).toBe(200)
    expect((await south.client.get(`/subscribers/${String(row!['id'])}`)).status).toBe(404)
  })

  it('can be undone: whom the first run moved are back with their money', async () => {
    const undone = await admin.post(`/bulk-runs/${moveId}/undo`)
    await work()
    expect((await admin.get(`/bulk-runs/${String(undone.body['id'])}`)).body).toMatchObject({ counts: { done: 6 } })
    expect((await north.client.get(`/subscribers/${village[1]}`)).body).toMatchObject({ balance: '25.00', group: null })
    expect([await countOf(north.client), await countOf(south.client)]).toEqual([7, 4])
  })
})
