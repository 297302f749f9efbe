// The list of operators: every order in both directions, page by page without gap or repetition, whatever there is.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Db } from '../../../src/db/schema.ts'
import { deleteOperator } from '../../../src/domain/operator/operator-deed.ts'
import {
  findOperatorId,
  findOperatorIds,
  listOperators,
  operatorSorts,
  readOperator,
} from '../../../src/domain/operator/operator-list.ts'
import type { ListPlace, OperatorFilter, OperatorSort } from '../../../src/domain/operator/operator-list.ts'
import { openPanelSession } from '../../../src/domain/operator/panel-session.ts'
import { addReseller } from '../../../src/domain/organisation.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { hours, noon, useOffice } from '../../support/operator.ts'
import { hire, system } from '../../support/staff.ts'

const office = useOffice()
const inOne = <T>(work: (trx: Db) => Promise<T>): Promise<T> => office.db.transaction().execute(work)
const peer = { address: null, userAgent: null }
let reseller: bigint
let team: bigint
const gone: bigint[] = []

const names = [
  'Zoë Zander',
  'anna Anders',
  'Anna Anders',
  'ANNA ANDERS',
  'Ömer Özil',
  'Łukasz Nowak',
  '王 小明',
  "O'Brien, Pat",
]

beforeAll(async () => {
  ;({ id: reseller } = await addReseller(office.db, { name: 'List Net' }, noon))
  const values = { name: 'List team', zones: ['a'], nas_group_ids: null, organisation_id: null, created_at: noon }
  ;({ id: team } = await office.db.insertInto('team').values(values).returning('id').executeTakeFirstOrThrow())
  for (let at = 0; at < 24; at += 1) {
    const organisation = at % 4 === 3 ? { organisationId: reseller } : { teamId: at % 4 === 1 ? team : null }
    const role = ['viewer', 'support', 'billing'][at % 3]!
    const { id } = await hire(office, role, { name: names[at % names.length]!, ...organisation, enabled: at % 5 !== 0 })
    // Some at the same instant, to the microsecond, and some never.
    const last = [null, '2026-11-20 10:00:00.123456+00', '2026-11-20 10:00:00.123457+00', '2026-11-21 00:00:00+00'][
      at % 4
    ]
    await office.pool.query('update operator set last_login_at = $2 where id = $1', [id, last])
    if (at % 6 === 0 && at % 5 !== 0) await openPanelSession(office.db, { operatorId: id, state: 'full', peer }, noon)
    if (at % 8 === 7) gone.push(id)
  }
  for (const id of gone) await inOne((trx) => deleteOperator(trx, id, system(office), noon))
})

async function pages(
  sort: OperatorSort,
  descending: boolean,
  limit: number,
  filter: OperatorFilter = {},
  scope: Scope = everything,
) {
  const found: bigint[] = []
  let after: ListPlace | undefined
  for (;;) {
    const input = { filter, sort, descending, after, limit }
    const { items, next } = await listOperators(office.db, input, scope, noon)
    expect(items.length).toBeLessThanOrEqual(limit)
    found.push(...items.map((item) => item.id))
    if (next === undefined) return found
    after = next
  }
}

describe('a page of operators', () => {
  it.each(operatorSorts)('by %s goes on where the last one ended, in both directions and any size', async (sort) => {
    const whole = await pages(sort, false, 500)
    expect(new Set(whole).size).toBe(whole.length)
    expect(whole).toHaveLength(24 - gone.length)
    for (const limit of [1, 7, whole.length]) expect(await pages(sort, false, limit)).toEqual(whole)
    // One after the other by id where the key is the same: backwards is the exact reverse.
    expect(await pages(sort, true, 5)).toEqual(whole.toReversed())
  })

  it('shows who comes between two pages, and nobody twice', async () => {
    const first = await listOperators(
      office.db,
      { filter: {}, sort: 'name', descending: false, after: undefined, limit: 5 },
      everything,
      noon,
    )
    const { id: early } = await hire(office, 'viewer', { name: 'Aaron First' })
    const { id: late } = await hire(office, 'viewer', { name: 'Zzz Last' })
    const rest = await listOperators(
      office.db,
      { filter: {}, sort: 'name', descending: false, after: first.next, limit: 500 },
      everything,
      noon,
    )
    const ids = [...first.items, ...rest.items].map((item) => item.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect([ids.includes(early), ids.includes(late)]).toEqual([false, true])
    for (const id of [early, late]) await office.pool.query('delete from operator where id = $1', [id])
  })
})

describe('a filter', () => {
  it('finds for the list and for a bulk deed the same, whatever is asked together', async () => {
    const roles = await office.db.selectFrom('role').select('id').execute()
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
    const filter = fc.record({
      search: maybe(fc.constantFrom('', 'anna', 'ANNA', ' ö', 'example.net', '%', '_', "'", '王', 'nobody at all')),
      roleIds: maybe(fc.subarray(roles.map((role) => role.id))),
      teamIds: maybe(fc.constantFrom([], [team], [999_999n])),
      organisationIds: maybe(fc.constantFrom([reseller], [1n], [1n, reseller])),
      enabled: maybe(fc.boolean()),
      secondFactor: maybe(fc.boolean()),
      signedIn: maybe(fc.boolean()),
      archived: maybe(fc.boolean()),
    })
    await fc.assert(
      fc.asyncProperty(filter, fc.constantFrom(...operatorSorts), fc.boolean(), async (asked, sort, isReseller) => {
        const scope = isReseller ? { ...everything, ownerId: reseller } : everything
        const ids = await findOperatorIds(office.db, asked, scope, noon)
        const listed = await pages(sort, false, 6, asked, scope)
        expect(new Set(listed)).toEqual(new Set(ids))
        expect(listed).toHaveLength(ids.length)
        for (const id of ids) {
          const one = await readOperator(office.db, id, scope, noon)
          if (asked.enabled !== undefined) expect(one.enabled).toBe(asked.enabled)
          if (asked.signedIn !== undefined) expect(one.sessions > 0).toBe(asked.signedIn)
          if (asked.roleIds !== undefined) expect(asked.roleIds).toContain(one.roleId)
          expect(one.archivedAt !== null).toBe(asked.archived ?? false)
          if (isReseller) expect(one.organisationId).toBe(reseller)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('takes a list of nothing for nobody, not for everybody', async () => {
    for (const none of [{ roleIds: [] }, { teamIds: [] }, { organisationIds: [] }]) {
      expect(await findOperatorIds(office.db, none, everything, noon)).toEqual([])
    }
  })

  it.each(['%', '_', '\\', "'", '"', '$1', '(', 'e'.repeat(100)])('looks for %j as it is typed', async (search) => {
    const found = await findOperatorIds(office.db, { search }, everything, noon)
    for (const id of found) {
      const { name, email, phone } = await readOperator(office.db, id, everything, noon)
      expect(`${name} ${email} ${phone ?? ''}`.toLowerCase()).toContain(search)
    }
    if (search !== "'") expect(found).toEqual([])
  })

  it('counts who is signed in until an hour without a request', async () => {
    const signedIn = (now: Date) => findOperatorIds(office.db, { signedIn: true }, everything, now)
    expect((await signedIn(noon)).length).toBeGreaterThan(0)
    expect(await signedIn(hours(1))).toEqual([])
    expect((await signedIn(new Date(hours(1).getTime() - 1))).length).toBeGreaterThan(0)
  })
})

describe('one operator', () => {
  it('is found by their address in any letters until they are deleted', async () => {
    const { id, email } = await hire(office, 'viewer', { email: 'Single.One@Example.net' })
    expect(await findOperatorId(office.db, ' SINGLE.ONE@example.NET ')).toBe(id)
    await inOne((trx) => deleteOperator(trx, id, system(office), noon))
    await expect(findOperatorId(office.db, email)).rejects.toThrow('there is no operator')
    expect((await readOperator(office.db, id, everything, noon)).archivedAt).toEqual(noon)
    await expect(readOperator(office.db, id, { ...everything, ownerId: reseller }, noon)).rejects.toThrow('no operator')
  })
})
