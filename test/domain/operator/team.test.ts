// Teams: what they may hold, who may make them, and that nobody widens their own view by one.

import { describe, expect, it } from 'vitest'
import type { Db } from '../../../src/db/schema.ts'
import { callerOfSession } from '../../../src/domain/operator/caller.ts'
import { editOperator } from '../../../src/domain/operator/operator.ts'
import { deleteOperator } from '../../../src/domain/operator/operator-deed.ts'
import { openPanelSession } from '../../../src/domain/operator/panel-session.ts'
import { AboveError } from '../../../src/domain/operator/rank.ts'
import { ChangedMeanwhileError } from '../../../src/domain/operator/row-version.ts'
import { addTeam, editTeam, listTeams, readTeam, removeTeam, teamVersion } from '../../../src/domain/operator/team.ts'
import type { TeamFields } from '../../../src/domain/operator/team.ts'
import { addReseller, ispId } from '../../../src/domain/organisation.ts'
import { permissionNames } from '../../../src/domain/operator/permission.ts'
import { everything } from '../../../src/domain/scope.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith, hire, system } from '../../support/staff.ts'

const office = useOffice()
const inOne = <T>(work: (trx: Db) => Promise<T>): Promise<T> => office.db.transaction().execute(work)
const all = { zones: null, nasGroupIds: null }

async function add(input: Partial<TeamFields> & { name: string; organisationId?: bigint }, by = system(office)) {
  const organisationId = input.organisationId ?? (await ispId(office.db))
  return (await inOne((trx) => addTeam(trx, { ...all, ...input, organisationId }, by, noon))).id
}
const edit = (id: bigint, changes: Partial<TeamFields>, by = system(office), ifMatch?: string) =>
  inOne((trx) => editTeam(trx, { id, changes, ifMatch }, by, noon))
const groupId = async () => (await office.db.selectFrom('nas_group').select('id').executeTakeFirstOrThrow()).id

describe('a team', () => {
  it.each<[string, Partial<TeamFields>, string]>([
    ['a short name', { name: 'T' }, 'name'],
    ['two lines', { name: 'two\nlines' }, 'name'],
    ['an empty zone', { zones: [''] }, 'zones'],
    ['a long zone', { zones: ['x'.repeat(101)] }, 'zones'],
    ['501 zones', { zones: Array.from({ length: 501 }, (_, at) => `zone ${at}`) }, 'zones'],
    ['501 groups', { nasGroupIds: Array.from({ length: 501 }, (_, at) => BigInt(at + 1)) }, 'nas_group_ids'],
  ])('refuses %s and names the field', async (_name, changes, field) => {
    await expect(add({ name: 'Refused', ...changes })).rejects.toMatchObject({ field })
    const id = await add({ name: `Kept ${made()}` })
    await expect(edit(id, changes)).rejects.toMatchObject({ field })
  })

  it('of no zone at all sees nobody, which is not the same as all', async () => {
    const id = await add({ name: 'Nowhere', zones: [] })
    expect((await readTeam(office.db, id, everything)).zones).toEqual([])
    const { id: operatorId } = await hire(office, 'support', { teamId: id })
    const peer = { address: null, userAgent: null }
    const { bearer } = await openPanelSession(office.db, { operatorId, state: 'full', peer }, noon)
    expect((await callerOfSession(office.db, bearer, noon))!.scope).toEqual({ ...everything, zones: [] })
    await edit(id, { zones: null })
    expect((await callerOfSession(office.db, bearer, noon))!.scope).toEqual(everything)
  })

  it('has its name alone, of ten who add it at once too', async () => {
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => add({ name: 'Crowded' })))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    const id = await add({ name: 'Other' })
    await expect(edit(id, { name: 'Crowded' })).rejects.toMatchObject({ field: 'name' })
  })

  it('is changed by who read its last version', async () => {
    const id = await add({ name: 'Versioned', zones: ['a'] })
    const version = teamVersion(await readTeam(office.db, id, everything))
    await edit(id, { zones: ['b'] }, system(office), version)
    await expect(edit(id, { zones: ['c'] }, system(office), version)).rejects.toThrow(ChangedMeanwhileError)
    await edit(id, { zones: ['b'] }, system(office), '*')
    const trail = await rowsOf(
      office,
      `select before, after from audit_entry where action = 'team.edit' and row_id = $1`,
      [id],
    )
    // What was changed to what it is was not written down.
    expect(trail).toEqual([{ before: { zones: ['a'] }, after: { zones: ['b'] } }])
  })

  it('stays while somebody is or was in it: without it they would see everything', async () => {
    const id = await add({ name: 'Peopled', zones: ['a'] })
    const { id: member } = await hire(office, 'support', { teamId: id })
    const remove = () => inOne((trx) => removeTeam(trx, id, system(office), noon))
    await expect(remove()).rejects.toMatchObject({ field: 'id' })
    const moved = { id: member, changes: { teamId: null }, ifMatch: undefined }
    await inOne((trx) => editOperator(trx, moved, system(office), noon))
    await remove()
    const other = await add({ name: 'Left behind', zones: ['a'] })
    const { id: gone } = await hire(office, 'support', { teamId: other })
    await inOne((trx) => deleteOperator(trx, gone, system(office), noon))
    expect((await readTeam(office.db, other, everything)).operators).toBe(0)
    await expect(inOne((trx) => removeTeam(trx, other, system(office), noon))).rejects.toMatchObject({ field: 'id' })
  })

  it('is not removed beneath somebody who joins it at that moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const id = await add({ name: `Raced ${round}`, zones: ['a'] })
      const [joined, removed] = await Promise.allSettled([
        hire(office, 'support', { teamId: id }),
        inOne((trx) => removeTeam(trx, id, system(office), noon)),
      ])
      expect([joined.status, removed.status].toSorted()).toEqual(['fulfilled', 'rejected'])
    }
  })

  it('is made of NAS groups that there are', async () => {
    await expect(add({ name: 'Lost groups', nasGroupIds: [await groupId(), 999_999n] })).rejects.toThrow(
      'there is no NAS group "999999"',
    )
    await expect(add({ name: 'Lost owner', organisationId: 999_999n })).rejects.toThrow('there is no organisation')
  })
})

describe('who sees a part', () => {
  const narrow = (zones: string[] | undefined, nasGroupIds?: bigint[]) =>
    authorWith(office, permissionNames, { zones, nasGroupIds })

  it('makes teams of that part, and no wider one', async () => {
    const by = narrow(['a', 'b'])
    await add({ name: 'Within', zones: ['b'] }, by)
    await expect(add({ name: 'Beyond', zones: ['b', 'c'] }, by)).rejects.toThrow(AboveError)
    await expect(add({ name: 'Beyond', zones: null }, by)).rejects.toThrow(AboveError)
    const group = await groupId()
    const ofGroup = narrow(undefined, [group])
    await add({ name: 'Within group', nasGroupIds: [group] }, ofGroup)
    await expect(add({ name: 'Beyond group' }, ofGroup)).rejects.toThrow(AboveError)
  })

  it('neither widens the own team nor touches a wider one', async () => {
    const own = await add({ name: 'Own part', zones: ['a', 'b'] })
    const wide = await add({ name: 'Wider part', zones: ['a', 'b', 'c'] })
    const by = narrow(['a', 'b'])
    for (const zones of [null, ['a', 'b', 'c']]) await expect(edit(own, { zones }, by)).rejects.toThrow(AboveError)
    await expect(edit(wide, { zones: ['a'] }, by)).rejects.toThrow(AboveError)
    await expect(edit(wide, { name: 'Mine' }, by)).rejects.toThrow(AboveError)
    await expect(inOne((trx) => removeTeam(trx, wide, by, noon))).rejects.toThrow(AboveError)
    await edit(own, { zones: ['a'] }, by)
    expect((await readTeam(office.db, own, everything)).zones).toEqual(['a'])
  })

  it('of one reseller sees the teams of that reseller and changes none', async () => {
    const { id: one } = await addReseller(office.db, { name: 'Team Reseller' }, noon)
    const { id: two } = await addReseller(office.db, { name: 'Other Reseller' }, noon)
    const mine = await add({ name: 'Of reseller', organisationId: one })
    const theirs = await add({ name: 'Of other', organisationId: two })
    const by = authorWith(office, permissionNames, { ownerId: one })
    expect((await listTeams(office.db, by.scope)).map((team) => team.id)).toEqual([mine])
    await expect(readTeam(office.db, theirs, by.scope)).rejects.toThrow('there is no team')
    await expect(edit(theirs, { zones: [] }, by)).rejects.toThrow('there is no team')
    await expect(edit(mine, { zones: [] }, by)).rejects.toThrow(AboveError)
    await expect(add({ name: 'Slipped in', organisationId: one }, by)).rejects.toThrow(AboveError)
  })
})

let count = 0
function made(): number {
  count += 1
  return count
}
