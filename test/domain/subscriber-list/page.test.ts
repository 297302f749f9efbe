import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from 'kysely'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { subscriberLabels } from '../../../src/domain/subscriber-label.ts'
import { subscriberFilter } from '../../../src/domain/subscriber-list/filter.ts'
import type { SubscriberFilter } from '../../../src/domain/subscriber-list/filter.ts'
import { servicePeriods } from '../../../src/domain/subscriber-list/label-condition.ts'
import { countSubscribers, listSubscribers } from '../../../src/domain/subscriber-list/list.ts'
import { refreshLive } from '../../../src/domain/subscriber-list/live.ts'
import { findPage } from '../../../src/domain/subscriber-list/page.ts'
import type { Bounds } from '../../../src/domain/subscriber-list/page.ts'
import { placeText, readPlace, subscriberSortNames } from '../../../src/domain/subscriber-list/sort.ts'
import type { Order, Place } from '../../../src/domain/subscriber-list/sort.ts'
import { expectedIds, isMeant } from '../../support/list-model.ts'
import { makeWorld } from '../../support/list-world.ts'
import type { World } from '../../support/list-world.ts'
import { hours, noon, useOffice } from '../../support/operator.ts'
import { settled } from '../../support/settled.ts'

const office = useOffice()
const size = 240
let world: World

beforeAll(async () => {
  world = await makeWorld(office.db, size, noon)
  await settled(office.pool)
  await refreshLive(office.pool, 'UTC', noon)
})

/** So narrow that every way is taken. */
const tight: Bounds = { shortWalk: 12, longWalk: 40, segments: 1, likely: 3, few: 5, some: 15 }
const roomy: Bounds = { shortWalk: 2_000, longWalk: 20_000, segments: 3, likely: 6, few: 15_000, some: 60_000 }
const noWalk: Bounds = { shortWalk: 1, longWalk: 1, segments: 1, likely: 99, few: 100_000, some: 100_000 }

async function idsOf(filter: SubscriberFilter, order: Order, limit: number, bounds: Bounds, scope: Scope = everything) {
  const ids: bigint[] = []
  let after: Place | undefined
  for (;;) {
    const page = await findPage(office.db, { filter, order, after, limit }, scope, noon, bounds)
    ids.push(...page.map((place) => place.id))
    if (page.length < limit) return ids
    // Through a cursor, as callers do.
    after = readPlace(order.by, placeText(page.at(-1)!))
    expect(after).toBeDefined()
  }
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>, others = 14) =>
  fc.oneof({ weight: others, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
const some = <T>(...values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 })
const instants = fc.integer({ min: -30, max: 12 }).map((days) => hours(days * 24 + 5).toISOString())
const amounts = fc.constantFrom('-20', '-1.005', '0', '3.5', '12.345', '100')
const searches = fc.constantFrom(
  'anna',
  'АННА',
  'ÉMILE',
  'ZOË a',
  '%',
  '_',
  'o_b',
  'e%l',
  '\\l',
  'x_',
  'line1',
  '5 100',
  '0% t',
  'm3',
  'example',
  'stra',
  '4',
  'a',
  '0151000',
  '(0)15 1000-1',
  '+4915',
  '02:00:00:00:01:0a',
  '02-00-00',
  '10.0.1.17',
  '10.0.1.',
  '10.0.0.*',
  '10.0.1.0/24',
  '100.64.0.0/10',
  'nobody at all',
)
const filters: fc.Arbitrary<SubscriberFilter> = fc
  .record({
    search: maybe(searches, 4),
    label: maybe(some(...subscriberLabels), 4),
    service_period: maybe(some(...servicePeriods)),
    enabled: maybe(fc.boolean()),
    blocked: maybe(fc.boolean()),
    block_reason: maybe(some('unpaid', 'abuse')),
    archived: maybe(fc.constantFrom(true, false, 'any' as const)),
    online: maybe(fc.boolean()),
    never_online: maybe(fc.boolean()),
    last_seen_from: maybe(instants),
    last_seen_to: maybe(instants),
    plan_id: maybe(some(1, 2, 3)),
    next_plan_id: maybe(some(1, 2)),
    has_next_plan: maybe(fc.boolean()),
    group_id: maybe(some(1, 2, 99)),
    has_group: maybe(fc.boolean()),
    owner_id: maybe(some(1, 2, 3)),
    auto_renew: maybe(fc.boolean()),
    account_type: maybe(fc.constantFrom('pppoe' as const, 'ipoe' as const)),
    zone: maybe(some('zone 0', 'zone 1', 'nowhere')),
    language: maybe(some('de', 'en')),
    has_phone: maybe(fc.boolean()),
    has_email: maybe(fc.boolean()),
    has_comment: maybe(fc.boolean()),
    has_static_address: maybe(fc.boolean()),
    expires_from: maybe(instants),
    expires_to: maybe(instants),
    expires_within_days: maybe(fc.integer({ min: 0, max: 10 })),
    never_expires: maybe(fc.boolean()),
    created_from: maybe(instants),
    created_to: maybe(instants),
    balance_from: maybe(amounts),
    balance_to: maybe(amounts),
    quota_used_from: maybe(fc.integer({ min: 0, max: 150 })),
    quota_used_to: maybe(fc.integer({ min: 0, max: 150 })),
    nas_id: maybe(some(1, 2, 3)),
    nas_group_id: maybe(some(1, 7)),
    interface: maybe(fc.constantFrom('ae1.1', 'ae2*', 'ae_*')),
    c_vlan: maybe(fc.integer({ min: 0, max: 5 })),
  })
  .map((given) =>
    subscriberFilter.parse(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))),
  )
const orders = fc.record({ by: fc.constantFrom(...subscriberSortNames), descending: fc.boolean() })

describe('a page of the list', () => {
  it('gives under any filter, order and page size what is computed over all rows', async () => {
    await fc.assert(
      fc.asyncProperty(
        filters,
        orders,
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom(tight, roomy, noWalk),
        async (filter, order, limit, bounds) => {
          expect(await idsOf(filter, order, limit, bounds)).toEqual(expectedIds(world, filter, order, noon))
        },
      ),
      { numRuns: 300 },
    )
  })

  it.each(subscriberSortNames)('sorted by %s visits every row once, both ways, however small the page', async (by) => {
    for (const descending of [false, true]) {
      for (const bounds of [tight, roomy, noWalk]) {
        const ids = await idsOf({ archived: 'any' }, { by, descending }, 17, bounds)
        expect(ids).toEqual(expectedIds(world, { archived: 'any' }, { by, descending }, noon))
      }
    }
  })

  it.each(subscriberLabels)(
    'of the label %s is the same in SQL and in TypeScript, and counted right',
    async (label) => {
      const filter: SubscriberFilter = { label: [label] }
      const expected = world.people.filter((person) => isMeant(person, filter, noon))
      expect(expected.length).toBeGreaterThan(0)
      expect(await countSubscribers(office.db, filter, everything, noon)).toEqual({
        count: expected.length,
        exact: true,
      })
    },
  )

  it('of a reseller holds its own alone, whatever the filter asks for', async () => {
    const scope: Scope = { ownerId: 2n, zones: undefined, nasGroupIds: undefined }
    const own = { ...world, people: world.people.filter((person) => person.ownerId === 2n) }
    await fc.assert(
      fc.asyncProperty(filters, orders, async (filter, order) => {
        expect(await idsOf(filter, order, 50, tight, scope)).toEqual(expectedIds(own, filter, order, noon))
      }),
      { numRuns: 120 },
    )
  })

  it('of a team holds its zones alone', async () => {
    const scope: Scope = { ownerId: undefined, zones: ['zone 1'], nasGroupIds: undefined }
    const own = { ...world, people: world.people.filter((person) => person.zone === 'zone 1') }
    const order: Order = { by: 'full_name', descending: true }
    expect(await idsOf({}, order, 9, tight, scope)).toEqual(expectedIds(own, {}, order, noon))
  })
})

describe('the list', () => {
  it('selects the columns asked for, live ones as they are at this moment', async () => {
    const person = world.people.find(({ session, archivedAt }) => session?.open === true && archivedAt === null)!
    const columns = [
      'username',
      'online',
      'ip_address',
      'interface',
      'plan',
      'owner',
      'balance',
      'currency',
      'device_count',
    ] as const
    const { rows, next } = await listSubscribers(
      office.db,
      {
        filter: { ids: [Number(person.id)] },
        order: { by: 'id', descending: false },
        after: undefined,
        limit: 5,
        columns,
      },
      everything,
      noon,
    )
    expect(next).toBeUndefined()
    const digits = { EUR: 2, JPY: 0, KWD: 3 }[person.currency]!
    expect(rows).toEqual([
      {
        id: person.id,
        username: person.username,
        online: true,
        ip_address: person.session!.ip,
        interface: person.session!.interface,
        plan: world.names.plan.get(person.planId),
        owner: world.names.owner.get(person.ownerId),
        balance: (Number(person.balanceMinor) / 10 ** digits).toFixed(digits),
        currency: person.currency,
        device_count: person.mac === null ? 0n : 1n,
      },
    ])
  })

  it('visits each row that stays once while others come, go and change', async () => {
    const order: Order = { by: 'username', descending: false }
    const seen: bigint[] = []
    let after: Place | undefined
    for (let turn = 0; ; turn += 1) {
      const page = await listSubscribers(
        office.db,
        { filter: { archived: 'any' }, order, after, limit: 20, columns: [] },
        everything,
        noon,
      )
      seen.push(...page.rows.map((row) => row.id))
      after = page.next
      if (after === undefined) break
      await sql`insert into payer (owner_id, name) values (1, 'q')`.execute(office.db)
      await sql`insert into subscriber (owner_id, payer_id, plan_id, username, created_at)
        select 1, max(payer.id), 1, ${`new${turn}`}, ${noon} from payer`.execute(office.db)
      await sql`update subscriber set expires_at = now(), full_name = 'Changed' where id % 3 = 0`.execute(office.db)
    }
    const stayed = world.people.map(({ id }) => id)
    expect(new Set(seen.filter((id) => stayed.includes(id)))).toEqual(new Set(stayed))
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('counts more than it can in time by the estimate of the planner, and says so', async () => {
    await sql`insert into payer (owner_id, name) select 1, 'many' from generate_series(1, 10500)`.execute(office.db)
    await sql`insert into subscriber (owner_id, payer_id, plan_id, username)
      select 1, payer.id, 1, 'many' || payer.id from payer where payer.name = 'many'`.execute(office.db)
    await sql`analyze subscriber`.execute(office.db)
    const all = await countSubscribers(office.db, {}, everything, noon)
    expect(all.exact).toBe(false)
    expect(all.count).toBeGreaterThan(10_000)
    const few = await countSubscribers(office.db, { search: 'many' }, everything, noon)
    expect(few.count).toBeGreaterThan(10_000)
    expect(await countSubscribers(office.db, { search: 'nobody at all' }, everything, noon)).toEqual({
      count: 0,
      exact: true,
    })
  })
})
