// Access to routers and runs on them over the API: the password goes in and never out, and a run is a row to watch.
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { claimRuns, finishRun } from '../../../src/domain/router-run.ts'
import { useApi } from '../../support/api.ts'
import { noon, rowsOf } from '../../support/operator.ts'

const api = useApi()
const password = 'PassphraseOfARouter'
const access = { backend: 'rest', host: '192.0.2.1', user_name: 'gatehouse', password, pin: 'ab'.repeat(32) }

async function roleOf(permissions: string[]): Promise<bigint> {
  const row = { name: permissions.join(' '), permissions }
  return (await api.db.insertInto('role').values(row).returning('id').executeTakeFirstOrThrow()).id
}

async function makeNas(name: string, address: string) {
  const admin = await api.as('administrator')
  expect((await admin.post('/clients', { name, address, vendor: 'mikrotik' })).status).toBe(201)
  return admin
}

describe('/nases/:name/router', () => {
  it('is set, shown without its password, changed and removed', async () => {
    const admin = await makeNas('bng1', '192.0.2.1')
    expect(await admin.get('/nases/bng1/router')).toMatchObject({ status: 404, body: { code: 'not-found' } })
    const set = await admin.put('/nases/bng1/router', access)
    expect(set).toMatchObject({
      status: 200,
      body: {
        nas: 'bng1',
        backend: 'rest',
        host: '192.0.2.1',
        port: 443,
        tls: true,
        user_name: 'gatehouse',
        pin: 'ab'.repeat(32),
        ca: null,
        server_name: null,
        timeout_ms: 10_000,
        warning: null,
      },
    })
    const { password: _, ...kept } = access
    expect((await admin.put('/nases/bng1/router', { ...kept, timeout_ms: 500 })).body).toMatchObject({
      timeout_ms: 500,
    })
    const moved = await admin.put('/nases/bng1/router', { ...kept, host: '192.0.2.66' })
    expect([moved.status, moved.body.errors]).toEqual([422, [expect.objectContaining({ field: 'password' })]])
    const shown = await (await api.as('viewer')).get('/nases/bng1/router')
    expect(shown.body).toMatchObject({ timeout_ms: 500, created_at: noon.toISOString() })
    expect((await admin.delete('/nases/bng1/router')).status).toBe(204)
    expect((await admin.get('/nases/bng1/router')).status).toBe(404)
    const entries = await rowsOf(api, `select * from audit_entry where noun = 'nas-router' order by id`)
    expect(entries.map(({ action }) => action)).toEqual(['nas-router.set', 'nas-router.set', 'nas-router.delete'])
    expect(inspect([set.body, shown.body, entries], { depth: 9 })).not.toContain(password)
  })

  it('names the field that is wrong, and warns of a password in the clear', async () => {
    const admin = await makeNas('bng2', '192.0.2.2')
    const wrong = await admin.put('/nases/bng2/router', { ...access, user_name: ' ' })
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'user_name' })]])
    const { pin: _, ...plain } = access
    expect((await admin.put('/nases/bng2/router', plain)).body.errors).toMatchObject([{ field: 'pin' }])
    expect((await admin.put('/nases/bng2/router', { ...plain, backend: 'api' })).body).toMatchObject({
      tls: false,
      warning: expect.stringContaining('without TLS'),
    })
    expect((await admin.put('/nases/nobody/router', access)).status).toBe(404)
  })
})

describe('/nases/:name/runs', () => {
  it('takes a run, which is watched until its result is there', async () => {
    const admin = await makeNas('bng3', '192.0.2.3')
    const refused = await admin.post('/nases/bng3/runs', { kind: 'sessions' })
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict'])
    await admin.put('/nases/bng3/router', access)
    const asked = await admin.post('/nases/bng3/runs', { kind: 'sessions' })
    expect(asked).toMatchObject({
      status: 202,
      body: { nas: 'bng3', kind: 'sessions', state: 'waiting', author: admin.email, result: null, finished_at: null },
    })
    const [run] = await claimRuns(api.pool, { most: 1, instance: 'a', until: noon }, noon)
    await finishRun(api.pool, run!, { kind: 'done', result: { items: ['one'] }, personIds: [] }, noon)
    const viewer = await api.as('viewer')
    const path = `/router-runs/${String(asked.body.id)}`
    expect((await viewer.get(path)).body).toMatchObject({
      state: 'done',
      result: { items: ['one'] },
      finished_at: noon.toISOString(),
    })
    expect((await viewer.get('/router-runs/999999')).status).toBe(404)
    // Who may not see subscribers sees that it is over; what the doctor says of the NAS is for them too.
    const doctor = await admin.post('/nases/bng3/runs', { kind: 'doctor' })
    const [other] = await claimRuns(api.pool, { most: 1, instance: 'a', until: noon }, noon)
    await finishRun(api.pool, other!, { kind: 'done', result: { findings: [] }, personIds: [] }, noon)
    const network = await api.as('viewer', { roleId: await roleOf(['nas.read', 'nas.edit']) })
    expect((await network.get(path)).body).toMatchObject({ state: 'done', result: null })
    expect((await network.get(`/router-runs/${String(doctor.body.id)}`)).body).toMatchObject({
      result: { findings: [] },
    })
    const forbidden = await network.post('/nases/bng3/runs', { kind: 'disconnect', session_id: 7 })
    expect([forbidden.status, forbidden.body.code]).toEqual([403, 'forbidden'])
    const may = await api.as('viewer', { roleId: await roleOf(['nas.read', 'nas.edit', 'subscriber.disconnect']) })
    expect((await may.post('/nases/bng3/runs', { kind: 'disconnect', session_id: 7 })).status).toBe(404)
  })

  it('lists runs by pages, newest first and by kind', async () => {
    const admin = await makeNas('bng4', '192.0.2.4')
    for (let n = 0; n < 3; n++) await admin.post('/nases/bng4/runs', { kind: 'doctor' })
    const first = await admin.get('/nases/bng4/runs?limit=2&kind=doctor')
    const idsOf = ({ items }: Record<string, unknown>) => (items as { id: number }[]).map(({ id }) => id)
    const second = await admin.get(`/nases/bng4/runs?limit=2&cursor=${String(first.body.next_cursor)}`)
    const ids = [...idsOf(first.body), ...idsOf(second.body)]
    expect(ids).toEqual(ids.toSorted((a, b) => b - a))
    expect([ids.length, second.body.next_cursor]).toEqual([3, null])
    expect((await admin.get('/nases/bng4/runs?kind=reconcile')).body).toEqual({ items: [], next_cursor: null })
    expect((first.body.items as object[])[0]).not.toHaveProperty('result')
    expect((await admin.get('/nases/nobody/runs')).status).toBe(404)
  })

  it('refuses what is no kind, and a session where none belongs', async () => {
    const admin = await makeNas('bng5', '192.0.2.5')
    expect((await admin.post('/nases/bng5/runs', { kind: 'reboot' })).status).toBe(400)
    const wrong = await admin.post('/nases/bng5/runs', { kind: 'doctor', session_id: 7 })
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'session_id' })]])
    await admin.put('/nases/bng5/router', access)
    expect((await admin.post('/nases/bng5/runs', { kind: 'disconnect', session_id: 7 })).status).toBe(404)
  })
})
