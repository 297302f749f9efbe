import { beforeAll, describe, expect, it } from 'vitest'
import { everything } from '../../../src/domain/scope.ts'
import {
  findGroupOf,
  findNasGroup,
  findOrganisation,
  findPayerOf,
  findPlanFor,
} from '../../../src/domain/subscriber/names.ts'
import { roomFor } from '../../../src/domain/subscriber/room.ts'
import { checkRoute } from '../../../src/domain/subscriber/route.ts'
import { checkZone } from '../../../src/domain/subscriber/zone.ts'
import { useApi } from '../../support/api.ts'
import { addTestPlan, queryRows } from '../../support/subscribers.ts'

const api = useApi()
let r1: bigint
let r2: bigint
const scopeOf = (ownerId: bigint) => ({ ownerId, zones: undefined, nasGroupIds: undefined })

beforeAll(async () => {
  r1 = await api.reseller('R1')
  r2 = await api.reseller('R2')
})

describe('an organisation', () => {
  it('is found by id or name, and unnamed it is the author’s own or the ISP', async () => {
    expect(await findOrganisation(api.db, 'R1', everything)).toBe(r1)
    expect(await findOrganisation(api.db, Number(r2), everything)).toBe(r2)
    expect(await findOrganisation(api.db, undefined, everything)).toBe(1n)
    expect(await findOrganisation(api.db, undefined, scopeOf(r1))).toBe(r1)
    await expect(findOrganisation(api.db, 'R2', scopeOf(r1))).rejects.toThrow('there is no organisation "R2"')
    await expect(findOrganisation(api.db, 999_999, everything)).rejects.toThrow('there is no organisation')
  })

  it('has room for as many subscribers as it may have', async () => {
    expect(await roomFor(api.db, r2)).toBeUndefined()
    await queryRows(api, 'update organisation set subscriber_limit = 2 where id = $1', [r2])
    expect(await roomFor(api.db, r2)).toBe(2)
  })
})

describe('a plan', () => {
  it('is the organisation’s own before a shared one, and nobody else’s, and not an archived one', async () => {
    const shared = await addTestPlan(api, 'Home')
    const own = await addTestPlan(api, 'Home', { owner_id: r1 })
    await addTestPlan(api, 'Old', { archived_at: new Date(0) })
    expect((await findPlanFor(api.db, 'Home', r1)).id).toBe(own)
    expect((await findPlanFor(api.db, ' Home ', r2)).id).toBe(shared)
    expect((await findPlanFor(api.db, Number(shared), r1)).id).toBe(shared)
    await expect(findPlanFor(api.db, Number(own), r2)).rejects.toThrow('there is no plan')
    await expect(findPlanFor(api.db, 'Old', r1)).rejects.toThrow('there is no plan "Old"')
  })
})

describe('a group, a NAS group and a payer', () => {
  it('are found inside the organisation', async () => {
    const [group] = await queryRows(
      api,
      `insert into subscriber_group (owner_id, name) values ($1, 'Lake') returning id`,
      [r1],
    )
    expect(await findGroupOf(api.db, 'Lake', r1)).toBe(group!['id'])
    await expect(findGroupOf(api.db, Number(group!['id']), r2)).rejects.toThrow('there is no group')
    const [payer] = await queryRows(api, `insert into payer (owner_id, name) values ($1, 'Firm') returning id`, [r1])
    expect(await findPayerOf(api.db, payer!['id'] as bigint, r1, 'EUR')).toBe(payer!['id'])
    await expect(findPayerOf(api.db, payer!['id'] as bigint, r1, 'USD')).rejects.toThrow('payer_id: pays in EUR')
    await expect(findPayerOf(api.db, payer!['id'] as bigint, r2, 'EUR')).rejects.toThrow('there is no payer')
  })

  it('of the network are those that the organisation or the team sees', async () => {
    expect(await findNasGroup(api.db, 'default', everything)).toBe(1n)
    await expect(findNasGroup(api.db, 'default', scopeOf(r1))).rejects.toThrow('there is no NAS group "default"')
    await queryRows(api, 'insert into nas_group_owner (nas_group_id, owner_id) values (1, $1)', [r1])
    expect(await findNasGroup(api.db, 1, scopeOf(r1))).toBe(1n)
    await expect(findNasGroup(api.db, 1, { ...everything, nasGroupIds: [7n] })).rejects.toThrow('there is no NAS group')
  })
})

describe('a route', () => {
  it.each(['192.0.2.0/24', ' 192.0.2.0/24 0.0.0.0 1 ', '10.0.0.0/8  192.0.2.1'])('%j is one', (text) => {
    expect(checkRoute('routes', text)).toBe(text.trim())
  })

  it.each(['', 'somewhere', '192.0.2.1', '192.0.2.0/33', '192.0.2.0/24 ; drop', '2001:db8::/48', 'x'.repeat(254)])(
    '%j is none',
    (text) => {
      expect(() => checkRoute('routes', text)).toThrow('routes: ')
    },
  )
})

describe('a zone', () => {
  it('is a word, or none, and one of those that the author reaches', () => {
    expect(checkZone('zone', ' north ', everything)).toBe('north')
    expect(checkZone('zone', ' ', everything)).toBeNull()
    expect(checkZone('zone', null, everything)).toBeNull()
    expect(() => checkZone('zone', 'x'.repeat(101), everything)).toThrow('zone: ')
    const narrow = { ...everything, zones: ['north'] }
    expect(checkZone('zone', 'north', narrow)).toBe('north')
    expect(() => checkZone('zone', 'south', narrow)).toThrow('zone: must be one of north')
    expect(() => checkZone('zone', null, narrow)).toThrow('zone: ')
  })
})
