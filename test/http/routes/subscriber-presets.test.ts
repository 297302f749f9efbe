import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber } from '../../support/subscribers.ts'

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

describe('a preset', () => {
  it('is added, shown, changed and removed, with its fields checked', async () => {
    const added = await admin.post('/subscriber-presets', { name: 'Trial', fields: { plan: 'Home', zone: 'north' } })
    expect([added.status, added.body]).toMatchObject([
      201,
      { name: 'Trial', owner_id: null, fields: { plan: 'Home', zone: 'north' } },
    ])
    const path = `/subscriber-presets/${String(added.body['id'])}`
    expect((await admin.patch(path, { fields: { plan: 'Home' } })).body['fields']).toEqual({ plan: 'Home' })
    expect((await admin.patch(path, { name: 'Trial 2' })).body).toMatchObject({
      name: 'Trial 2',
      fields: { plan: 'Home' },
    })
    expect((await admin.get(path)).body['name']).toBe('Trial 2')
    expect((await admin.delete(path)).status).toBe(204)
    expect((await admin.get(path)).status).toBe(404)
  })

  it('holds nothing that is of one subscriber alone, and no secret', async () => {
    for (const fields of [{ username: 'x' }, { password: 'x' }, { nt_hash: 'x' }, { preset: 'x' }, { balance: 1 }]) {
      expect((await admin.post('/subscriber-presets', { name: 'Wrong', fields })).status).toBe(400)
    }
    await admin.post('/subscriber-presets', { name: 'Once', fields: {} })
    expect((await admin.post('/subscriber-presets', { name: 'Once', fields: {} })).status).toBe(409)
  })

  it('that is shared may be used but not changed by a reseller, and its own goes before', async () => {
    const shared = await admin.post('/subscriber-presets', { name: 'Line', fields: { plan: 'Home', zone: 'of all' } })
    const path = `/subscriber-presets/${String(shared.body['id'])}`
    expect((await reseller.get(path)).status).toBe(200)
    expect((await reseller.patch(path, { name: 'Stolen' })).status).toBe(404)
    expect((await reseller.delete(path)).status).toBe(404)
    const zoneOf = async () => {
      const id = await addTestSubscriber(reseller, { plan: undefined, preset: 'Line' })
      return (await reseller.get(`/subscribers/${id}`)).body['zone']
    }
    expect(await zoneOf()).toBe('of all')
    await reseller.post('/subscriber-presets', { name: 'Line', fields: { plan: 'Home', zone: 'of R1' } })
    expect(await zoneOf()).toBe('of R1')
    expect(
      (await items('/subscriber-presets', reseller)).map(({ name }) => name).filter((name) => name === 'Line'),
    ).toHaveLength(2)
    const other = await api.as('reseller', { organisationId: await api.reseller('R2') })
    expect((await items('/subscriber-presets', other)).every(({ owner_id: owner }) => owner === null)).toBe(true)
  })
})
