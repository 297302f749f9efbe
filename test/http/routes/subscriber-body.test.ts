import { describe, expect, it } from 'vitest'
import {
  bodyNames,
  createBody,
  idOrName,
  newSubscriberOf,
  patchBody,
  patchOf,
  presetBody,
} from '../../../src/http/routes/subscriber-body.ts'

const patch = (body: Record<string, unknown>) => patchOf(patchBody.parse(body))
const create = (body: Record<string, unknown>) =>
  newSubscriberOf({ ...createBody.parse({ username: 'anna', ...body }), plan: 'Home' })

describe('a patch', () => {
  it('tells apart what is absent, cleared and set', () => {
    expect(patch({}).texts).toEqual({})
    expect(patch({ full_name: null, zone: '' }).texts).toEqual({ fullName: null, zone: '' })
    expect(patch({ group: null, bound_nas_group: 3 })).toMatchObject({ group: null, nasGroup: 3 })
    expect(patch({})).toMatchObject({
      group: undefined,
      nasGroup: undefined,
      attributes: undefined,
      password: undefined,
    })
  })

  it('makes texts of numbers and lists, as the readers of fields take them', () => {
    const { texts } = patch({
      latitude: 0.000_000_1,
      longitude: -13.25,
      session_limit: 2,
      bound_c_vlan: 7,
      devices: ['aa:00:00:00:00:01', 'aa:00:00:00:00:02'],
      addresses: [],
      expires_at: '2030-01-01',
    })
    expect(texts).toEqual({
      latitude: '0.000000100',
      longitude: '-13.250000000',
      sessionLimit: '2',
      cVlan: '7',
      mac: 'aa:00:00:00:00:01 aa:00:00:00:00:02',
      staticIp: '',
      expiresAt: '2030-01-01',
    })
  })

  it('leaves lines of attributes and routes as they are', () => {
    const told = patch({ attributes: ['Filter-Id = "a;b"'], routes: ['192.0.2.0/24 0.0.0.0 1'] })
    expect(told).toMatchObject({ attributes: ['Filter-Id = "a;b"'], routes: ['192.0.2.0/24 0.0.0.0 1'], texts: {} })
  })

  it.each([
    'id',
    'owner',
    'owner_id',
    'payer_id',
    'plan',
    'next_plan',
    'enabled',
    'block_reason',
    'activated_at',
    'created_at',
    'archived_at',
    'balance',
    'comment',
    'preset',
    '__proto__x',
  ])('knows no %s', (name) => {
    expect(patchBody.safeParse({ [name]: 'x' }).success).toBe(false)
  })

  it.each([
    ['full_name', 5],
    ['devices', 'aa:00:00:00:00:01'],
    ['devices', [1]],
    ['latitude', '52'],
    ['latitude', Number.NaN],
    ['account_type', 'dsl'],
    ['auto_renew', 'yes'],
    ['group', 1.5],
    ['group', ''],
    ['credential', 'plain'],
    ['username', null],
    ['full_name', ['x']],
    ['full_name', { $gt: '' }],
  ])('takes no %s of another type: %j', (name, value) => {
    expect(patchBody.safeParse({ [name]: value }).success).toBe(false)
  })
})

describe('a new subscriber', () => {
  it('is told to the domain with what it names and nothing else', () => {
    expect(create({})).toMatchObject({ texts: { username: 'anna' }, names: bodyNames, plan: 'Home', owner: undefined })
    expect(create({ full_name: null, email: 'a@b.example' }).texts).toEqual({ username: 'anna', email: 'a@b.example' })
    expect(create({ payer_id: 7, created_at: '2026-01-01T00:00:00+01:00', group: null, comment: 'x' })).toMatchObject({
      payerId: 7n,
      createdAt: new Date('2025-12-31T23:00:00Z'),
      group: undefined,
      comment: 'x',
    })
  })

  it('has a name, an instant with an offset and ids that are some', () => {
    expect(createBody.safeParse({ plan: 'Home' }).success).toBe(false)
    expect(createBody.safeParse({ username: 'a', created_at: '2026-01-01' }).success).toBe(false)
    expect(createBody.safeParse({ username: 'a', payer_id: 0 }).success).toBe(false)
  })
})

describe('a preset', () => {
  it('holds what a new subscriber may have, without what is of one alone', () => {
    const names = (body: { shape: object }) => Object.keys(body.shape)
    const lacking = names(createBody).filter((name) => !names(presetBody).includes(name))
    expect(lacking.toSorted()).toEqual(['created_at', 'nt_hash', 'password', 'preset', 'username'])
  })
})

describe('an id or a name', () => {
  it.each([1, 5_000_000_000, 'Home', 'a'.repeat(100)])('%s is one', (value) => {
    expect(idOrName.parse(value)).toBe(value)
  })

  it.each([0, -1, 1.5, '', 'a'.repeat(101), null, [1], Number.MAX_SAFE_INTEGER + 1])('%j is none', (value) => {
    expect(idOrName.safeParse(value).success).toBe(false)
  })
})

describe('the names of fields', () => {
  it('are those of the body, each once', () => {
    const known = new Set([...Object.keys(createBody.shape), ...Object.keys(patchBody.shape)])
    const names = Object.values(bodyNames)
    expect(names.filter((name) => !known.has(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
  })
})
