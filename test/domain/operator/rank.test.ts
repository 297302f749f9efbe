// Who may do something to whom: as a property over random permissions, zones and groups, and case by case.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPermittedTo, permissionNames } from '../../../src/domain/operator/permission.ts'
import type { Permission } from '../../../src/domain/operator/permission.ts'
import {
  AboveError,
  findOperator,
  findOperators,
  isWithin,
  requireNotAbove,
  requireSuperAdministrator,
} from '../../../src/domain/operator/rank.ts'
import { addReseller, ispId } from '../../../src/domain/organisation.ts'
import { noon, useOffice } from '../../support/operator.ts'
import { authorOfRole, authorWith, hire, system } from '../../support/staff.ts'

const office = useOffice()
const roles = ['super-administrator', 'administrator', 'support', 'billing', 'reseller', 'viewer'] as const
const roleOf = async (name: string): Promise<bigint> =>
  (await office.db.selectFrom('role').select('id').where('name', '=', name).executeTakeFirstOrThrow()).id

let made = 0
async function customRole(permissions: readonly Permission[]): Promise<bigint> {
  made += 1
  const values = { name: `custom ${made}`, permissions: [...permissions], created_at: noon }
  return (await office.db.insertInto('role').values(values).returning('id').executeTakeFirstOrThrow()).id
}

async function team(zones: string[] | null, groups: bigint[] | null, organisationId: bigint | null = null) {
  made += 1
  const values = {
    name: `team ${made}`,
    zones,
    nas_group_ids: groups,
    organisation_id: organisationId,
    created_at: noon,
  }
  return (await office.db.insertInto('team').values(values).returning('id').executeTakeFirstOrThrow()).id
}

describe('whom one may touch', () => {
  it.each(roles)('%s: exactly those who may nothing that it may not', async (mine) => {
    const by = await authorOfRole(office, mine)
    const organisationId = await ispId(office.db)
    for (const theirs of roles) {
      const target = { organisationId, roleId: await roleOf(theirs), teamId: null }
      const other = await authorOfRole(office, theirs)
      const isAbove = [...other.permissions].some((permission) => !by.permissions.has(permission))
      const touched = requireNotAbove(office.db, by, target)
      if (isAbove) await expect(touched, `${mine} touches ${theirs}`).rejects.toThrow(AboveError)
      else await expect(touched, `${mine} touches ${theirs}`).resolves.toBeUndefined()
    }
  })

  it('holds for any two sets of permissions, in the ISP and in a reseller', async () => {
    const isp = await ispId(office.db)
    const { id: reseller } = await addReseller(office.db, { name: 'Rank Property' }, noon)
    const some = fc.subarray([...permissionNames], { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(some, some, fc.boolean(), async (mine, theirs, inReseller) => {
        const by = authorWith(office, mine)
        const roleId = await customRole(theirs)
        const organisationId = inReseller ? reseller : isp
        const kind = inReseller ? 'reseller' : 'isp'
        const isAbove = theirs.some((permission) => isPermittedTo(kind, permission) && !mine.includes(permission))
        const outcome = await requireNotAbove(office.db, by, { organisationId, roleId, teamId: null }).then(
          () => 'fine',
          (error: unknown) => (error instanceof AboveError ? 'above' : 'other'),
        )
        expect(outcome).toBe(isAbove ? 'above' : 'fine')
      }),
      { numRuns: 40 },
    )
  })

  it('ends at the border of the own organisation, where others are not there at all', async () => {
    const { id: one } = await addReseller(office.db, { name: 'Rank Border One' }, noon)
    const { id: other } = await addReseller(office.db, { name: 'Rank Border Two' }, noon)
    const by = authorWith(office, permissionNames, { ownerId: one })
    const mine = await hire(office, 'viewer', { organisationId: one })
    const theirs = await hire(office, 'viewer', { organisationId: other })
    const ours = await hire(office, 'viewer')
    const found = await findOperators(office.db, by, [mine.id, theirs.id, ours.id, 999_999n])
    expect([...found.keys()]).toEqual([mine.id])
    await expect(findOperator(office.db, by, theirs.id)).rejects.toThrow('there is no operator')
    const roleId = await roleOf('viewer')
    for (const organisationId of [other, await ispId(office.db), 999_999n]) {
      await expect(requireNotAbove(office.db, by, { organisationId, roleId, teamId: null })).rejects.toThrow(
        'there is no organisation',
      )
    }
    await expect(
      requireNotAbove(office.db, system(office), { organisationId: other, roleId: 999_999n, teamId: null }),
    ).rejects.toThrow('there is no role')
  })
})

describe('what one may let others see', () => {
  it('lies within what one sees', () => {
    const zone = fc.constantFrom('a', 'b', 'c', 'd')
    const zones = fc.uniqueArray(zone)
    fc.assert(
      fc.property(fc.option(zones, { nil: undefined }), fc.option(zones, { nil: null }), (own, wanted) => {
        const all = ['a', 'b', 'c', 'd', 'elsewhere']
        const sees = (list: readonly string[] | null | undefined, place: string): boolean =>
          list?.includes(place) ?? true
        const isNarrow = all.every((place) => !sees(wanted, place) || sees(own, place))
        expect(isWithin(own, wanted)).toBe(isNarrow)
      }),
    )
  })

  it('is set by teams of the operator’s own organisation', async () => {
    const isp = await ispId(office.db)
    const { id: reseller } = await addReseller(office.db, { name: 'Rank Teams' }, noon)
    const [north, south, both] = [
      await team(['north'], null),
      await team(['south'], null),
      await team(['north', 'south'], null),
    ]
    const theirs = await team(['north'], null, reseller)
    const by = authorWith(office, permissionNames, { zones: ['north'] })
    const roleId = await roleOf('viewer')
    const touch = (teamId: bigint | null, organisationId = isp) =>
      requireNotAbove(office.db, by, { organisationId, roleId, teamId })
    await expect(touch(north)).resolves.toBeUndefined()
    for (const wider of [south, both, null]) await expect(touch(wider)).rejects.toThrow(AboveError)
    await expect(touch(theirs)).rejects.toThrow('another organisation')
    await expect(touch(theirs, reseller)).resolves.toBeUndefined()
    await expect(touch(999_999n)).rejects.toThrow('there is no team')
  })

  it('goes for NAS groups as for zones', async () => {
    const isp = await ispId(office.db)
    const by = authorWith(office, permissionNames, { nasGroupIds: [1n, 2n] })
    const roleId = await roleOf('viewer')
    const touch = (teamId: bigint | null) => requireNotAbove(office.db, by, { organisationId: isp, roleId, teamId })
    await expect(touch(await team(null, [2n]))).resolves.toBeUndefined()
    await expect(touch(await team(null, [2n, 3n]))).rejects.toThrow(AboveError)
    await expect(touch(await team(['north'], null))).rejects.toThrow(AboveError)
  })
})

describe('the last super-administrator', () => {
  it('is one of the ISP, in service, who sees everything', async () => {
    const superRole = await roleOf('super-administrator')
    const check = () => requireSuperAdministrator(office.db, system(office), superRole)
    await expect(check()).rejects.toThrow('no super-administrator left')
    const { id: reseller } = await addReseller(office.db, { name: 'Rank Last' }, noon)
    await hire(office, 'super-administrator', { organisationId: reseller })
    await hire(office, 'super-administrator', { teamId: await team(['north'], null) })
    await hire(office, 'super-administrator', { enabled: false })
    await hire(office, 'administrator')
    await expect(check()).rejects.toThrow('no super-administrator left')
    await hire(office, 'super-administrator')
    await expect(check()).resolves.toBeUndefined()
  })

  it('is nothing that a deed upon others, or by a reseller, could take away', async () => {
    await office.db.updateTable('operator').set({ enabled: false }).execute()
    await expect(requireSuperAdministrator(office.db, system(office), await roleOf('support'))).resolves.toBeUndefined()
    const by = authorWith(office, permissionNames, { ownerId: 99n })
    await expect(requireSuperAdministrator(office.db, by, await roleOf('super-administrator'))).resolves.toBeUndefined()
  })
})
