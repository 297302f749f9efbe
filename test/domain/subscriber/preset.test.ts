// Presets as a team uses them: one with every field that there is, what goes before what, and what becomes of those that name
// what is no longer there.
import { beforeAll, describe, expect, it } from 'vitest'
import { everything } from '../../../src/domain/scope.ts'
import {
  addPreset,
  editPreset,
  listPresets,
  presetFields,
  removePreset,
  showPreset,
} from '../../../src/domain/subscriber/preset.ts'
import { presetBody } from '../../../src/http/routes/subscriber-body.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import { addTestPlan, addTestSubscriber, queryRows, wrongFields } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let r1: bigint
let r2: bigint
let planId: bigint

const byReseller = (ownerId: bigint) => ({ ...api.author, scope: { ...everything, ownerId } })

beforeAll(async () => {
  admin = await api.as('super-administrator')
  r1 = await api.reseller('R1')
  r2 = await api.reseller('R2')
  planId = await addTestPlan(api, 'Home')
  await addTestPlan(api, 'Fast')
  await queryRows(api, `insert into nas_group (name, address_space_id) values ('north', 1)`)
})

/** One value of each field that a preset may have. */
const every = {
  full_name: 'New Subscriber',
  email: 'office@example.org',
  phone: '+49 30 123456',
  phone_extension: '7',
  address: '1 Main Street',
  latitude: 52.5,
  longitude: 13.25,
  zone: 'north',
  language: 'de',
  account_type: 'pppoe',
  expires_at: '2027-01-31T12:00:00Z',
  devices: ['aa:00:00:00:00:01'],
  device_limit: 4,
  session_limit: 2,
  addresses: ['198.51.100.7'],
  routes: ['192.0.2.0/24'],
  bound_interface: 'ae0',
  bound_port: '1/0/3',
  bound_s_vlan: 100,
  bound_c_vlan: 7,
  bound_nas_group: 'north',
  circuit_id: 'olt1/7',
  remote_id: 'cpe',
  duid: '0x00030001',
  attributes: ['Filter-Id = x'],
  group: 'Lake',
  auto_renew: true,
  credential: 'nt-hash',
  plan: 'Home',
  next_plan: 'Fast',
  owner: 'ISP',
  payer_id: 0,
  comment: 'by preset',
}

describe('a preset with every field', () => {
  it('is one with all that the request takes, and makes what the fields themselves would', async () => {
    const payer = await api.db
      .insertInto('payer')
      .values({ owner_id: 1n, name: 'Company' })
      .returning('id')
      .executeTakeFirstOrThrow()
    const fields = { ...every, payer_id: Number(payer.id) }
    expect(Object.keys(fields).toSorted()).toEqual(Object.keys(presetBody.shape).toSorted())
    expect((await admin.post('/subscriber-presets', { name: 'Everything', fields })).body['fields']).toEqual(fields)
    const byPreset = await addTestSubscriber(admin, { plan: undefined, preset: 'Everything' })
    const { body } = await admin.get(`/subscribers/${byPreset}`)
    const { credential, comment: _comment, payer_id: _payer, ...same } = fields
    expect(body).toMatchObject({
      ...same,
      phone: '+4930123456',
      expires_at: '2027-01-31T12:00:00.000Z',
      devices: [{ mac: 'aa:00:00:00:00:01' }],
      addresses: [{ prefix: '198.51.100.7/32' }],
      plan: { name: 'Home' },
      next_plan: { name: 'Fast' },
      owner: { name: 'ISP' },
      group: { name: 'Lake' },
      payer: { id: Number(payer.id) },
      bound_nas_group: { name: 'north' },
      credential,
      comments: 1,
    })
  })

  it('gives way, field by field, to what is named and to null', async () => {
    const id = await addTestSubscriber(admin, {
      plan: 'Fast',
      preset: 'Everything',
      devices: [],
      addresses: [],
      circuit_id: null,
      full_name: null,
      group: null,
      auto_renew: false,
      session_limit: null,
    })
    expect((await admin.get(`/subscribers/${id}`)).body).toMatchObject({
      plan: { name: 'Fast' },
      devices: [],
      addresses: [],
      circuit_id: null,
      full_name: null,
      group: null,
      auto_renew: false,
      session_limit: null,
      zone: 'north',
    })
  })

  it('asks for the permissions that its fields ask for', async () => {
    const support = await api.as('support')
    const answer = await support.post('/subscribers', {
      username: 'by-support',
      preset: 'Everything',
      addresses: [],
      devices: [],
    })
    expect([answer.status, answer.body['detail']]).toEqual([403, 'this needs the permission service.free'])
  })

  it('cannot give its address twice', async () => {
    const answer = await admin.post('/subscribers', { username: 'twice', preset: 'Everything' })
    expect([answer.status, wrongFields(answer)]).toEqual([409, ['addresses']])
  })
})

describe('a preset that names what is gone', () => {
  it('is refused when it is used, and helps again once something else is named', async () => {
    await addTestPlan(api, 'Summer')
    await admin.post('/subscriber-presets', { name: 'Summer line', fields: { plan: 'Summer', zone: 'lake' } })
    await queryRows(api, `update plan set archived_at = now() where name = 'Summer'`)
    const answer = await admin.post('/subscribers', { username: 'late', preset: 'Summer line' })
    expect([answer.status, answer.body['detail']]).toEqual([404, 'there is no plan "Summer"'])
    const id = await addTestSubscriber(admin, { plan: Number(planId), preset: 'Summer line' })
    expect((await admin.get(`/subscribers/${id}`)).body['zone']).toBe('lake')
  })

  it('without a plan leaves it to the request', async () => {
    await admin.post('/subscriber-presets', { name: 'No plan', fields: { zone: 'hill' } })
    expect(wrongFields(await admin.post('/subscribers', { username: 'none', preset: 'No plan' }))).toEqual(['plan'])
    expect(await addTestSubscriber(admin, { preset: 'No plan' })).toBeGreaterThan(0)
  })

  it('holds what cannot be, and says so when it is used', async () => {
    await admin.post('/subscriber-presets', { name: 'Wrong', fields: { plan: 'Home', latitude: 500, longitude: 0 } })
    expect(wrongFields(await admin.post('/subscribers', { username: 'off', preset: 'Wrong' }))).toEqual(['latitude'])
  })
})

describe('presets of two owners', () => {
  const add = (name: string, ownerId?: bigint) =>
    addPreset(api.db, { name, fields: { zone: name } }, ownerId === undefined ? api.author : byReseller(ownerId), noon)

  it('may have one name; each uses its own, and who has none the shared one', async () => {
    const [shared, own] = [await add('Line'), await add('Line', r1)]
    expect(shared).not.toBe(own)
    await editPreset(api.db, { id: own, fields: { zone: 'of r1' } }, byReseller(r1), noon)
    const zone = async (ownerId: bigint) => (await presetFields(api.db, ' Line ', byReseller(ownerId).scope))['zone']
    expect([await zone(r1), await zone(r2)]).toEqual(['of r1', 'Line'])
    await expect(showPreset(api.db, own, byReseller(r2).scope)).rejects.toThrow('there is no preset')
    await removePreset(api.db, own, byReseller(r1), noon)
    expect(await zone(r1)).toBe('Line')
  })

  it('are seen by their owner and the ISP, changed by nobody else', async () => {
    const own = await add('Mine', r1)
    const names = async (scope: Parameters<typeof listPresets>[1]) =>
      (await listPresets(api.db, scope)).map(({ name }) => name)
    expect(await names(byReseller(r1).scope)).toContain('Mine')
    expect(await names(everything)).toContain('Mine')
    expect(await names(byReseller(r2).scope)).not.toContain('Mine')
    await expect(editPreset(api.db, { id: own, name: 'Stolen' }, byReseller(r2), noon)).rejects.toThrow('no preset')
    await expect(removePreset(api.db, own, byReseller(r2), noon)).rejects.toThrow('no preset')
  })

  it('of one name are one, however many add it at once', async () => {
    const added = await Promise.allSettled(Array.from({ length: 20 }, () => add('Race')))
    expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const failed = added.find(({ status }) => status === 'rejected')
    expect(String((failed as PromiseRejectedResult).reason)).toContain('there is a preset Race already')
  })

  it('leave a trail of what was and is, and none where nothing changed', async () => {
    const id = await add('Trail')
    await editPreset(api.db, { id, fields: { zone: 'Trail' } }, api.author, noon)
    await editPreset(api.db, { id, name: 'Trail 2' }, api.author, noon)
    await removePreset(api.db, id, api.author, noon)
    const entries = await queryRows(
      api,
      `select action, before, after from audit_entry where noun = 'preset' and row_id = $1 order by id`,
      [id],
    )
    expect(entries).toMatchObject([
      { action: 'preset.create' },
      { action: 'preset.edit', before: { name: 'Trail' }, after: { name: 'Trail 2' } },
      { action: 'preset.delete', before: { name: 'Trail 2' }, after: null },
    ])
  })

  it('take a name of 2 to 50 characters', async () => {
    await expect(add('x')).rejects.toThrow('name: ')
    await expect(add('x'.repeat(51))).rejects.toThrow('name: ')
    await expect(editPreset(api.db, { id: await add('Fine'), name: ' ' }, api.author, noon)).rejects.toThrow('name: ')
  })
})
