import { beforeAll, expect, it } from 'vitest'
import { useApi, type Client } from '../support/api.ts'
import { addTestPlan, addTestSubscriber, queryRows } from '../support/subscribers.ts'
const api = useApi()
let admin: Client
beforeAll(async () => { admin = await api.as('super-administrator'); await addTestPlan(api, 'Home'); await addTestPlan(api, 'Fast') })
it('A: plan changed meanwhile', async () => {
  const id = await addTestSubscriber(admin)
  const c = await api.pool.connect()
  await c.query('begin')
  await c.query(`update subscriber set plan_id = (select id from plan where name = 'Fast') where id = $1`, [id])
  const p = admin.post(`/subscribers/${id}/block`, { reason: 'x' })
  for (;;) { const r = await queryRows(api, `select query, wait_event from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`); if (r.length) { console.log(r); break } }
  await c.query('commit'); c.release()
  const a = await p
  console.log(await queryRows(api, 'select plan_id from subscriber'))
  expect([a.status, a.text]).toEqual([200, a.text])
})
