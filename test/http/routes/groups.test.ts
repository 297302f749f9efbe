import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, queryRows, wrongFields } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let reseller: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  reseller = await api.as('reseller', { organisationId: await api.reseller('R1') })
  await addTestPlan(api, 'Home')
})

type Items = Record<string, unknown>[]
const items = async (path: string, client = admin) => (await client.get(path)).body['items'] as Items

describe('a group', () => {
  it('is added, renamed, counted and removed when nobody is in it', async () => {
    const added = await admin.post('/groups', { name: 'Lake' })
    expect([added.status, added.body]).toEqual([
      201,
      { id: added.body['id'], name: 'Lake', owner_id: 1, owner: 'ISP', subscribers: 0 },
    ])
    const path = `/groups/${String(added.body['id'])}`
    const [first, second] = [
      await addTestSubscriber(admin, { group: 'Lake' }),
      await addTestSubscriber(admin, { group: 'Lake' }),
    ]
    expect((await admin.patch(path, { name: 'Lakeside' })).body).toMatchObject({ name: 'Lakeside', subscribers: 2 })
    const full = await admin.delete(path)
    expect([full.status, wrongFields(full)]).toEqual([409, ['group']])
    await admin.post(`/subscribers/${first}/remove-from-group`)
    await admin.post(`/subscribers/${second}/delete`)
    expect((await admin.get(path)).body['subscribers']).toBe(0)
    expect((await admin.delete(path)).status).toBe(204)
    expect((await admin.get(path)).status).toBe(404)
    const audited = await queryRows(
      api,
      `select action, before, after from audit_entry where noun = 'group' order by id`,
    )
    expect(audited).toMatchObject([
      { action: 'group.create', after: { name: 'Lake' } },
      { action: 'group.edit', before: { name: 'Lake' }, after: { name: 'Lakeside' } },
      { action: 'group.delete', before: { name: 'Lakeside' } },
    ])
  })

  it('has a name of 2 to 50 characters that its organisation has once', async () => {
    await admin.post('/groups', { name: 'Taken' })
    expect((await admin.post('/groups', { name: 'Taken' })).status).toBe(409)
    expect((await admin.post('/groups', { name: 'Taken', owner: 'R1' })).status).toBe(201)
    expect(wrongFields(await admin.post('/groups', { name: 'T' }))).toEqual(['name'])
    const other = await admin.post('/groups', { name: 'Other' })
    expect((await admin.patch(`/groups/${String(other.body['id'])}`, { name: 'Taken' })).status).toBe(409)
  })

  it('of another organisation is not there, and lists come page by page', async () => {
    const foreign = await admin.post('/groups', { name: 'Foreign' })
    const path = `/groups/${String(foreign.body['id'])}`
    expect((await reseller.get(path)).status).toBe(404)
    expect((await reseller.patch(path, { name: 'Stolen' })).status).toBe(404)
    expect((await reseller.delete(path)).status).toBe(404)
    expect((await reseller.post('/groups', { name: 'Mine', owner: 'ISP' })).status).toBe(404)
    expect((await reseller.post('/groups', { name: 'Mine' })).body).toMatchObject({ owner: 'R1' })
    expect((await items('/groups', reseller)).map(({ name }) => name)).toEqual(['Mine', 'Taken'])
    const first = await reseller.get('/groups?limit=1')
    expect(
      (await items(`/groups?limit=1&cursor=${String(first.body['next_cursor'])}`, reseller)).map(({ name }) => name),
    ).toEqual(['Taken'])
  })
})
