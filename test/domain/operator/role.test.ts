// Roles of the ISP's own making: their life, who may touch them, and what a role that this release does not know whole gives.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Db } from '../../../src/db/schema.ts'
import { FieldError } from '../../../src/domain/field.ts'
import { permissionNames, permissionsOf } from '../../../src/domain/operator/permission.ts'
import type { Permission } from '../../../src/domain/operator/permission.ts'
import { AboveError } from '../../../src/domain/operator/rank.ts'
import {
  addRole,
  checkPermissions,
  editRole,
  findRoleId,
  listRoles,
  readRole,
  removeRole,
  roleVersion,
} from '../../../src/domain/operator/role.ts'
import { deleteOperator } from '../../../src/domain/operator/operator-deed.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorOfRole, authorWith, hire, system } from '../../support/staff.ts'

const office = useOffice()

function inOne<T>(work: (trx: Db) => Promise<T>): Promise<T> {
  return office.db.transaction().execute(work)
}

const add = (name: string, permissions: readonly string[] = ['nas.read'], by = system(office)) =>
  inOne((trx) => addRole(trx, { name, permissions }, by, noon))
const edit = (
  id: bigint,
  changes: { name?: string; permissions?: readonly string[] },
  ifMatch?: string,
  by = system(office),
) => inOne((trx) => editRole(trx, { id, ...changes, ifMatch }, by, noon))

describe('a role of our own', () => {
  it('keeps known permissions once each, in the order of the matrix', async () => {
    const { id } = await add('Sorted', ['nas.read', 'subscriber.read', 'nas.read'])
    expect((await readRole(office.db, id)).permissions).toEqual(['subscriber.read', 'nas.read'])
  })

  it.each([
    ['N', 'name'],
    ['   ', 'name'],
    ['x'.repeat(51), 'name'],
    ['line\nbreak', 'name'],
  ])('is not called %j', async (name, field) => {
    await expect(add(name)).rejects.toMatchObject({ field })
  })

  it.each(['everything', '', 'NAS.READ', 'nas.read ', '__proto__', 'constructor', 'toString'])(
    'gives no permission %j',
    async (permission) => {
      await expect(add('Never made', ['nas.read', permission])).rejects.toThrow(FieldError)
      await expect(findRoleId(office.db, 'Never made')).rejects.toThrow('there is no role')
    },
  )

  it('has its name alone, of twenty who add it at once too', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => add('Crowded')))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(String(result.reason)).toContain('there is a role Crowded already')
    }
    const { id } = await add('Renamed')
    await expect(edit(id, { name: 'Crowded' })).rejects.toMatchObject({ field: 'name' })
    await expect(edit(id, { name: 'viewer' })).rejects.toMatchObject({ field: 'name' })
  })

  it('is changed by one of two who read the same version', async () => {
    const { id } = await add('Versioned', ['nas.read'])
    const version = roleVersion(await readRole(office.db, id))
    const results = await Promise.allSettled([
      edit(id, { permissions: ['nas.read', 'nas.edit'] }, version),
      edit(id, { permissions: ['plan.read'] }, version),
    ])
    expect(results.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('changed to what it is leaves no trace', async () => {
    const { id } = await add('Still', ['nas.read'])
    await edit(id, { name: ' Still ', permissions: ['nas.read', 'nas.read'] })
    const trail = await rowsOf(office, `select action from audit_entry where noun = 'role' and row_id = $1`, [id])
    expect(trail).toEqual([{ action: 'role.create' }])
  })

  it('goes only once nobody has or had it', async () => {
    const { id } = await add('Short-lived')
    const { id: holder } = await hire(office, 'Short-lived')
    const remove = () => inOne((trx) => removeRole(trx, id, system(office), noon))
    await expect(remove()).rejects.toMatchObject({ field: 'id' })
    await inOne((trx) => deleteOperator(trx, holder, system(office), noon))
    expect((await readRole(office.db, id)).operators).toBe(0)
    // The deleted one's row still names it.
    await expect(remove()).rejects.toMatchObject({ field: 'id' })
    const { id: unused } = await add('Never held')
    await inOne((trx) => removeRole(trx, unused, system(office), noon))
    await expect(readRole(office.db, unused)).rejects.toThrow('there is no role')
    const [entry] = await rowsOf(office, `select before from audit_entry where action = 'role.delete'`)
    expect(entry).toEqual({ before: { name: 'Never held', permissions: ['nas.read'] } })
  })

  it('is not removed beneath somebody who is given it at that moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await add(`Raced ${round}`)
      const [given, removed] = await Promise.allSettled([
        hire(office, `Raced ${round}`, { roleId: id }),
        inOne((trx) => removeRole(trx, id, system(office), noon)),
      ])
      expect([given.status, removed.status].toSorted()).toEqual(['fulfilled', 'rejected'])
    }
  })
})

describe('who may change roles', () => {
  it('gives, changes and removes what lies within their own rights, for any rights', async () => {
    const some = fc.subarray([...permissionNames], { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(some, some, (mine, wanted) => {
        const by = authorWith(office, mine)
        const above = wanted.find((name) => !mine.includes(name))
        if (above === undefined) expect(checkPermissions(wanted, by)).toHaveLength(wanted.length)
        else expect(() => checkPermissions(wanted, by)).toThrow(AboveError)
        return Promise.resolve()
      }),
    )
  })

  it('takes no right from a role that may more than they', async () => {
    const { id } = await add('Above', ['nas.read', 'setting.edit'])
    const by = authorWith(office, ['role.edit', 'nas.read'])
    await expect(edit(id, { permissions: [] }, undefined, by)).rejects.toThrow(AboveError)
    await expect(edit(id, { name: 'Below' }, undefined, by)).rejects.toThrow(AboveError)
    await expect(inOne((trx) => removeRole(trx, id, by, noon))).rejects.toThrow(AboveError)
    expect(await readRole(office.db, id)).toMatchObject({ name: 'Above', permissions: ['nas.read', 'setting.edit'] })
  })

  it('finds the six that are built in as they are', async () => {
    const builtIn = (await listRoles(office.db)).filter((role) => role.builtIn)
    expect(builtIn).toHaveLength(6)
    for (const { id } of builtIn) {
      await expect(edit(id, { name: 'Mine now' })).rejects.toMatchObject({ field: 'id' })
      await expect(inOne((trx) => removeRole(trx, id, system(office), noon))).rejects.toMatchObject({ field: 'id' })
    }
    await expect(edit(999_999n, {})).rejects.toThrow('there is no role')
  })

  it('gives nothing by a row that only calls itself built in, or names what this release does not know', async () => {
    const stored = ['nas.read', 'rocket.launch', 'constructor']
    expect(permissionsOf({ name: 'super-administrator', built_in: false, permissions: stored })).toEqual(['nas.read'])
    expect(permissionsOf({ name: 'emperor', built_in: true, permissions: stored })).toEqual(['nas.read'])
    expect(permissionsOf({ name: 'viewer', built_in: true, permissions: permissionNames })).not.toContain('nas.edit')
  })

  it('as built in never has what the gravest deeds need, but for the first role', async () => {
    const gravest: Permission[] = ['role.edit', 'subscriber.purge', 'subscriber.secret', 'operator.view-as']
    for (const role of ['administrator', 'support', 'billing', 'reseller', 'viewer']) {
      const { permissions } = await authorOfRole(office, role)
      expect([role, gravest.filter((name) => permissions.has(name))]).toEqual([role, []])
    }
    expect((await authorOfRole(office, 'viewer')).permissions.has('operator.read')).toBe(false)
  })
})
