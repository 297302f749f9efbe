// A reseller's office: the ISP makes the organisation, its limits and its first operator; from there the reseller hires, adds
// lines up to its limit and never sees, counts or touches what is the ISP's or another reseller's; told over the HTTP API.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Permission } from '../../src/domain/operator/permission.ts'
import { rolePermissions } from '../../src/domain/operator/permission.ts'
import { useApi } from '../support/api.ts'
import type { Answer, Client } from '../support/api.ts'
import { openBrowser, signInAt } from '../support/browser.ts'
import type { Browser } from '../support/browser.ts'
import { findBreaches, insist } from '../support/invariants.ts'

const api = useApi()
// Before the database goes: what must hold after every story.
afterAll(async () => insist(await findBreaches(api.pool, api.clock.now())))
const items = (answer: Answer): Record<string, unknown>[] => answer.body['items'] as Record<string, unknown>[]
const idOf = (answer: Answer): number => {
  expect(answer.status, `of ${answer.text}`).toBeLessThan(300)
  return Number(answer.body['id'])
}

let boss: Client
let planId: number
let managerRole: number
let deskRole: number
const hill: { id: number; manager: Browser; email: string } = { id: 0, manager: openBrowser(api), email: '' }
const lake: { id: number; manager: Browser; email: string } = { id: 0, manager: openBrowser(api), email: '' }

async function roleId(name: string): Promise<number> {
  return Number(items(await boss.get('/roles')).find((role) => role['name'] === name)!['id'])
}

/** Signs in with a made-up password and chooses another. */
async function settle(browser: Browser, email: string, madeUp: string): Promise<string> {
  const chosen = `Heron5-Sextant-${email.split('@')[0]!}`
  expect((await signInAt(browser, { email, password: madeUp })).body).toMatchObject({ state: 'change' })
  const changed = await browser.post('/me/password', { old_password: madeUp, new_password: chosen })
  expect(changed.status, `of ${changed.text}`).toBe(200)
  return chosen
}

async function found(office: typeof hill, name: string, limit: number): Promise<void> {
  office.id = idOf(await boss.post('/organisations', { name, subscriber_limit: limit }))
  office.email = `${name.split(' ')[0]!.toLowerCase()}@reseller.example`
  const person = { name: `${name} Manager`, email: office.email, role_id: managerRole, organisation_id: office.id }
  const added = await boss.post('/operators', person)
  expect(added.status, `of ${added.text}`).toBe(201)
  await settle(office.manager, office.email, String(added.body['password']))
}

const addLine = (office: { manager: Browser }, username: string): Promise<Answer> =>
  office.manager.post('/subscribers', { username, plan: planId, full_name: `Name of ${username}` })

beforeAll(async () => {
  boss = await api.as('super-administrator')
  const price = { price: '10.00', down_bps: '50M', up_bps: '20M', validity: 30 }
  planId = idOf(await boss.post('/plans', { name: 'Shared 50', ...price }))
  const more: Permission[] = ['operator.read', 'operator.edit', 'token.edit']
  const permissions = [...rolePermissions.reseller, ...more]
  managerRole = idOf(await boss.post('/roles', { name: 'Reseller manager', permissions }))
  deskRole = await roleId('reseller')
  await found(hill, 'Hill Net', 5)
  await found(lake, 'Lake Net', 100)
})

describe('a reseller’s manager', () => {
  it('finds an office of their own, empty, with nobody else in it', async () => {
    expect((await hill.manager.get('/me')).body).toMatchObject({ email: hill.email })
    expect(items(await hill.manager.get('/subscribers'))).toEqual([])
    expect(items(await hill.manager.get('/operators')).map((one) => one['email'])).toEqual([hill.email])
    for (const path of ['/organisations', '/settings', '/nases']) {
      expect([path, (await hill.manager.get(path)).status]).toEqual([path, 403])
    }
  })

  it('hires within the own office, and nobody who may more or works elsewhere', async () => {
    const person = { name: 'Desk One', email: 'desk@hill.example', role_id: deskRole }
    const desk = await hill.manager.post('/operators', person)
    expect(desk.body).toMatchObject({ organisation_id: hill.id, email: person.email })
    const elsewhere = { ...person, email: 'else@hill.example' }
    for (const organisation_id of [lake.id, 1, 999_999]) {
      expect((await hill.manager.post('/operators', { ...elsewhere, organisation_id })).status).toBe(404)
    }
    // An administrator of a reseller could still do what the manager cannot.
    const raised = await hill.manager.post('/operators', { ...elsewhere, role_id: await roleId('administrator') })
    expect([raised.status, raised.body['code']]).toEqual([403, 'forbidden'])
    expect((await hill.manager.post('/operators', { ...elsewhere, email: lake.email })).status).toBe(409)
    const browser = openBrowser(api)
    await settle(browser, person.email, String(desk.body['password']))
    expect((await browser.get('/subscribers')).status).toBe(200)
    expect((await browser.get('/operators')).status).toBe(403)
  })

  it('reaches no operator of the ISP or of another reseller by any deed', async () => {
    const [theirs] = items(await lake.manager.get('/operators'))
    for (const id of [Number(theirs!['id']), Number(boss.operatorId)]) {
      const path = `/operators/${id}`
      const statuses = await Promise.all([
        hill.manager.get(path),
        hill.manager.patch(path, { name: 'Taken Over' }),
        hill.manager.delete(path),
        hill.manager.post(`${path}/reset-password`),
        hill.manager.delete(`${path}/second-factor`),
        hill.manager.get(`${path}/panel-sessions`),
        hill.manager.delete(`${path}/panel-sessions`),
      ])
      expect(statuses.map((answer) => answer.status)).toEqual(Array.from({ length: 7 }, () => 404))
      const bulk = await hill.manager.post('/operators/bulk', { action: 'disable', target: { ids: [id] } })
      expect(bulk.body).toMatchObject({ done: 0, refused: 1 })
      expect(bulk.text).not.toContain(lake.email)
    }
    const all = await hill.manager.post('/operators/bulk', { action: 'delete', target: { all: true }, dry_run: true })
    expect((all.body['results'] as { email: string }[]).map((row) => row.email).toSorted()).toEqual([
      'desk@hill.example',
      hill.email,
    ])
    expect((await lake.manager.get('/me')).status).toBe(200)
  })
})

describe('a reseller’s room', () => {
  it('is kept when twenty are added at once at its border', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => addLine(hill, `hill-${at}`)))
    const statuses = answers.map((answer) => answer.status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(5)
    expect(statuses.filter((status) => status === 409)).toHaveLength(15)
    const refused = answers.find((answer) => answer.status === 409)!
    expect(refused.text).toContain('Hill Net may have 5 subscribers and has 5')
    expect(items(await hill.manager.get('/subscribers'))).toHaveLength(5)
    expect((await boss.get(`/organisations/${hill.id}`)).body).toMatchObject({ subscribers: 5, operators: 2 })
  })

  it('does not narrow another reseller or the ISP', async () => {
    expect((await addLine(lake, 'lake-1')).status).toBe(201)
    expect((await boss.post('/subscribers', { username: 'isp-1', plan: planId })).status).toBe(201)
  })

  it('is widened by the ISP alone, and counts at once', async () => {
    expect((await hill.manager.patch(`/organisations/${hill.id}`, { subscriber_limit: 50 })).status).toBe(403)
    expect((await addLine(hill, 'hill-more')).status).toBe(409)
    expect((await boss.patch(`/organisations/${hill.id}`, { subscriber_limit: 6 })).status).toBe(200)
    expect((await addLine(hill, 'hill-more')).status).toBe(201)
    // Narrowed below what there is: nothing is taken away, nothing more comes in.
    await boss.patch(`/organisations/${hill.id}`, { subscriber_limit: 0 })
    expect((await addLine(hill, 'hill-still-more')).status).toBe(409)
    expect(items(await hill.manager.get('/subscribers'))).toHaveLength(6)
    await boss.patch(`/organisations/${hill.id}`, { subscriber_limit: null })
    expect((await addLine(hill, 'hill-free')).status).toBe(201)
  })
})

describe('between two resellers', () => {
  it('a line of one is not there for the other, by id, search or count', async () => {
    const [theirs] = items(await lake.manager.get('/subscribers'))
    const path = `/subscribers/${Number(theirs!['id'])}`
    expect((await lake.manager.get(path)).status).toBe(200)
    expect((await hill.manager.get(path)).status).toBe(404)
    expect((await hill.manager.patch(path, { full_name: 'Stolen' })).status).toBe(404)
    expect(items(await hill.manager.get('/subscribers?search=lake-1'))).toEqual([])
    expect(
      items(await hill.manager.get('/subscribers?limit=500')).every((row) =>
        String(row['username']).startsWith('hill-'),
      ),
    ).toBe(true)
    expect((await boss.get('/subscribers?limit=500')).text).toContain('lake-1')
  })

  it('a username of one is taken for the other, without a word of whose it is', async () => {
    const taken = await addLine(hill, 'lake-1')
    expect(taken.status).toBe(409)
    expect(taken.text).not.toMatch(/Lake Net|Name of lake|lake@/)
  })

  it('the trail shows each its own', async () => {
    const hills = await hill.manager.get('/audit?limit=500')
    expect(hills.status).toBe(200)
    // Which of the twenty found a place was the database's choice.
    expect(hills.text).toMatch(/"hill-\d/)
    expect(hills.text).not.toContain('lake')
    expect(JSON.stringify(items(await lake.manager.get('/audit?limit=500')))).not.toContain('hill')
  })
})

describe('keys of a reseller', () => {
  it('reach as far as the office, and are seen and revoked by its manager alone', async () => {
    const expiresAt = new Date(api.clock.now().getTime() + 86_400_000).toISOString()
    const token = { name: 'Shop', permissions: ['subscriber.read'], expires_at: expiresAt }
    const made = await lake.manager.post('/me/api-tokens', token)
    const shop = openBrowser(api, { authorization: `Bearer ${String(made.body['token'])}` })
    expect(items(await shop.get('/subscribers')).map((row) => row['username'])).toEqual(['lake-1'])
    expect(items(await hill.manager.get('/api-tokens'))).toEqual([])
    expect((await hill.manager.delete(`/api-tokens/${idOf(made)}`)).status).toBe(404)
    expect((await shop.get('/subscribers')).status).toBe(200)
    expect((await lake.manager.delete(`/api-tokens/${idOf(made)}`)).status).toBe(204)
    expect((await shop.get('/subscribers')).status).toBe(401)
    // Rights that no reseller can have are not theirs to hand on.
    const wide = await lake.manager.post('/me/api-tokens', { ...token, permissions: ['nas.edit'] })
    expect(wide.status).toBe(403)
  })

  it('are open doors no longer once the manager has gone; the office stays', async () => {
    const [manager] = items(await boss.get(`/operators?search=${hill.email}`))
    expect((await boss.delete(`/operators/${Number(manager!['id'])}`)).status).toBe(204)
    expect((await hill.manager.get('/subscribers')).status).toBe(401)
    expect((await boss.get(`/organisations/${hill.id}`)).body).toMatchObject({ operators: 1, subscribers: 7 })
  })
})
