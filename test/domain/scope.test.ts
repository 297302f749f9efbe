// How far an author reaches: the conditions that every query is made with, and the fence of the database behind them.

import { sql } from 'kysely'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { addReseller, ispId } from '../../src/domain/organisation.ts'
import { makeOwnPayer } from '../../src/domain/payer.ts'
import { everything, nasGroupInScope, ownedInScope, reachableSubscribers, runInScope } from '../../src/domain/scope.ts'
import type { Scope } from '../../src/domain/scope.ts'
import { makePlan, noon, useOffice } from '../support/operator.ts'

const office = useOffice()
type Line = { id: bigint; ownerId: bigint; zone: string | null }
const lines: Line[] = []
let owners: bigint[]
let groups: bigint[]

beforeAll(async () => {
  const isp = await ispId(office.db)
  const one = await addReseller(office.db, { name: 'Scope One' }, noon)
  const two = await addReseller(office.db, { name: 'Scope Two' }, noon)
  owners = [isp, one.id, two.id]
  const { id: planId } = await makePlan(office, { name: 'Scope' })
  for (const ownerId of owners) {
    for (const zone of [null, '', 'a', 'A', 'b']) {
      const username = `scope-${lines.length}`
      const payerId = await makeOwnPayer(office.db, { ownerId, name: username, currency: 'EUR' }, noon)
      const values = { owner_id: ownerId, payer_id: payerId, plan_id: planId, username, zone }
      const { id } = await office.db.insertInto('subscriber').values(values).returning('id').executeTakeFirstOrThrow()
      lines.push({ id, ownerId, zone })
    }
  }
  const { rows } = await sql<{ id: bigint }>`
    insert into nas_group (name, address_space_id)
    select 'scope ' || at, (select min(id) from address_space) from generate_series(1, 3) as at returning id`.execute(
    office.db,
  )
  groups = rows.map((row) => row.id)
  await sql`insert into nas_group_owner (nas_group_id, owner_id) values (${groups[0]}, ${one.id}), (${groups[1]}, ${one.id}),
    (${groups[1]}, ${two.id})`.execute(office.db)
})

const scopes = () =>
  fc.record({
    ownerId: fc.constantFrom(undefined, ...owners, 999_999n),
    zones: fc.option(fc.subarray(['a', 'A', 'b', 'c', '']), { nil: undefined }),
    nasGroupIds: fc.option(fc.subarray(groups), { nil: undefined }),
  })

const byId = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

describe('the reach of an author', () => {
  it('is the owner and the zones, for any of them and any ids that are asked for', async () => {
    const ids = fc.subarray(lines.map((line) => line.id))
    await fc.assert(
      fc.asyncProperty(scopes(), ids, async (scope: Scope, asked) => {
        const found = await reachableSubscribers(office.db, scope, [...asked, 999_999n])
        const wanted = lines.filter(
          (line) =>
            asked.includes(line.id) &&
            (scope.ownerId === undefined || scope.ownerId === line.ownerId) &&
            (scope.zones === undefined || (line.zone !== null && scope.zones.includes(line.zone))),
        )
        expect(found.toSorted(byId)).toEqual(wanted.map((line) => line.id).toSorted(byId))
      }),
      { numRuns: 60 },
    )
  })

  it('of no zone is nobody, and of a zone nobody without one', async () => {
    const all = lines.map((line) => line.id)
    expect(await reachableSubscribers(office.db, { ...everything, zones: [] }, all)).toEqual([])
    expect(await reachableSubscribers(office.db, { ...everything, zones: ['a'] }, all)).toHaveLength(3)
    expect(await reachableSubscribers(office.db, everything, all)).toHaveLength(lines.length)
    expect(await reachableSubscribers(office.db, everything, [])).toEqual([])
  })

  it('over NAS groups is what the team and the reseller both have', async () => {
    const found = async (scope: Partial<Scope>): Promise<bigint[]> => {
      const { rows } = await sql<{ id: bigint }>`select nas_group.id from nas_group
        where ${nasGroupInScope({ ...everything, ...scope }, 'nas_group.id')} and nas_group.id = any(${groups}::bigint[])
        order by 1`.execute(office.db)
      return rows.map((row) => row.id)
    }
    const [first, second, third] = groups as [bigint, bigint, bigint]
    const [, one, two] = owners as [bigint, bigint, bigint]
    expect(await found({})).toEqual([first, second, third])
    expect(await found({ ownerId: one })).toEqual([first, second])
    expect(await found({ ownerId: two })).toEqual([second])
    expect(await found({ nasGroupIds: [first, third] })).toEqual([first, third])
    expect(await found({ ownerId: one, nasGroupIds: [second, third] })).toEqual([second])
    expect(await found({ ownerId: two, nasGroupIds: [first] })).toEqual([])
    expect(await found({ nasGroupIds: [] })).toEqual([])
  })

  it('over what is shared is one’s own and nobody’s, and never another reseller’s', async () => {
    const names = async (scope: Scope, shared: boolean): Promise<string[]> => {
      const { rows } = await sql<{ name: string }>`select plan.name from plan
        where ${ownedInScope(scope, 'plan.owner_id', { shared })} order by 1`.execute(office.db)
      return rows.map((row) => row.name)
    }
    await makePlan(office, { name: 'Shared plan' })
    await office.pool.query(
      `insert into plan (name, owner_id, down_bps, up_bps, validity)
       values ('Plan of one', $1, 1000000, 1000000, 30), ('Plan of two', $2, 1000000, 1000000, 30)`,
      [owners[1], owners[2]],
    )
    const scope = { ...everything, ownerId: owners[1] }
    expect(await names(scope, true)).toEqual(['Plan of one', 'Scope', 'Shared plan'])
    expect(await names(scope, false)).toEqual(['Plan of one'])
    expect(await names(everything, false)).toHaveLength(4)
  })
})

describe('work in a reseller’s scope', () => {
  const inside = () => ({ ...everything, ownerId: owners[1] })
  const count = (scope: Scope) =>
    runInScope(office.db, scope, false, async (db) => {
      const rows = await db.selectFrom('subscriber').select('owner_id').execute()
      return rows.map((row) => row.owner_id)
    })

  it('sees its own also where a condition was forgotten', async () => {
    expect(new Set(await count(inside()))).toEqual(new Set([owners[1]]))
    expect(await count(everything)).toHaveLength(lines.length)
  })

  it('writes nothing into another organisation', async () => {
    const steal = runInScope(office.db, inside(), true, (db) =>
      db.updateTable('subscriber').set({ owner_id: owners[2]! }).where('id', '=', lines[5]!.id).execute(),
    )
    await expect(steal).rejects.toThrow('row-level security')
    const touched = await runInScope(office.db, inside(), true, (db) =>
      db.updateTable('subscriber').set({ full_name: 'Taken' }).where('owner_id', '<>', owners[1]!).executeTakeFirst(),
    )
    expect(touched.numUpdatedRows).toBe(0n)
  })

  it('leaves the connection as it was, after success and after failure', async () => {
    const who = async () =>
      (
        await sql<{ role: string; owner: string | null }>`select current_user as role,
      nullif(current_setting('gatehouse.owner_id', true), '') as owner`.execute(office.db)
      ).rows[0]!
    const before = await who()
    // As often as the pool has connections, and more.
    for (let at = 0; at < 12; at += 1) {
      await count(inside())
      await expect(
        runInScope(office.db, inside(), true, () => Promise.reject(new Error('the power went'))),
      ).rejects.toThrow('the power went')
    }
    const all = await Promise.all(Array.from({ length: 12 }, who))
    expect(new Set(all.map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify({ ...before, owner: null })]),
    )
    expect(await count(everything)).toHaveLength(lines.length)
  })

  it('is one transaction, whether it writes or not; without a fence reading needs none', async () => {
    const modes = await Promise.all(
      [
        [everything, false],
        [everything, true],
        [inside(), false],
        [inside(), true],
      ].map(([scope, writes]) =>
        runInScope(office.db, scope as Scope, writes as boolean, (db) => Promise.resolve(db.isTransaction)),
      ),
    )
    expect(modes).toEqual([false, true, true, true])
  })
})
