import { beforeAll, expect, it } from 'vitest'
import { useApi, type Client } from '../support/api.ts'
import { addTestPlan, addTestSubscriber, queryRows } from '../support/subscribers.ts'
import { workBulkRuns } from '../../src/domain/bulk/step.ts'
const api = useApi()
let admin: Client
beforeAll(async () => { admin = await api.as('super-administrator'); await addTestPlan(api, 'Home'); await addTestPlan(api, 'Fast') })
it('A: plan changed meanwhile', async () => {
  const id = await addTestSubscriber(admin)
  const c = await api.pool.connect()
  await c.query('begin')
  await c.query(`update subscriber set plan_id = (select id from plan where name = 'Fast') where id = $1`, [id])
  const p = admin.patch(`/subscribers/${id}`, { zone: 'x' })
  for (;;) { const r = await queryRows(api, `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`); if (r.length) break }
  await c.query('commit'); c.release()
  const a = await p
  expect([a.status, a.text]).toEqual([200, a.text])
})
it('C: ipoe race', async () => {
  const as = await Promise.all(Array.from({ length: 20 }, (_, i) => admin.post('/subscribers', { username: `line${i}`, plan: 'Home', account_type: 'ipoe', circuit_id: 'same' })))
  expect(as.filter((a) => a.status === 201).length).toBe(1)
})
it('C2: edit race', async () => {
  const ids = []
  for (let i = 0; i < 8; i++) ids.push(await addTestSubscriber(admin, { account_type: 'ipoe', circuit_id: `olt/${i}` }))
  const as = await Promise.all(ids.map((id) => admin.patch(`/subscribers/${id}`, { circuit_id: 'edited' })))
  expect(as.map((a) => a.status).toSorted()).toEqual([200, ...Array(7).fill(409)])
})
it('B: undo with a group gone', async () => {
  const g = []
  for (const name of ['AA', 'BB', 'CC']) g.push((await admin.post('/groups', { name })).body['id'])
  const a = await addTestSubscriber(admin, { group: 'AA' })
  const b = await addTestSubscriber(admin, { group: 'BB' })
  const run = await admin.post('/bulk-runs', { action: 'add-to-group', params: { group: 'CC' }, target: { ids: [a, b] } })
  const work = async () => { while ((await workBulkRuns(api.db, { keyring: api.keyring, largestChunk: 500, onError: () => undefined }, api.clock.now())).kind === 'worked'); }
  await work()
  await admin.delete(`/groups/${g[1]}`)
  const undo = await admin.post(`/bulk-runs/${run.body['id']}/undo`)
  await work()
  expect((await admin.get(`/bulk-runs/${undo.body['id']}`)).body).toMatchObject({ state: 'done', counts: { done: 1, refused: 1 } })
})
it('M: device limit', async () => {
  const a = await admin.post('/subscribers', { username: 'dl', plan: 'Home', device_limit: 1, devices: ['aa:00:00:00:00:01', 'aa:00:00:00:00:02'] })
  expect(a.status).toBe(422)
})
