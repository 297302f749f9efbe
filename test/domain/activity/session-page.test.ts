import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SessionFilter } from '../../../src/domain/activity/session-condition.ts'
import {
  countSessions,
  listSessionPage,
  listSubscriberSessions,
  showSession,
} from '../../../src/domain/activity/session-page.ts'
import type { SessionKey, SessionShown } from '../../../src/domain/activity/session-page.ts'
import { FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { insertPlan, insertRow, insertSubscriber } from '../../support/access.ts'
import { makeNas } from '../../support/accounting.ts'
import { hours, noon, useOffice } from '../../support/operator.ts'

const office = useOffice()

/** A session as the test knows it; what a filter looks at is here. */
type Known = {
  id: bigint
  subscriber: number | null
  nas: number
  startedAt: Date
  ended: boolean
  heard: boolean
  archived: boolean
  mac: string | null
  ip: string | null
  prefix: string | null
  port: string | null
  sVlan: number | null
  cVlan: number | null
  anomalies: number
  service: boolean
  acct: string
}

const people = ['anna', 'berta', 'carla'] as const
const zones = ['north', 'south', 'north']
const [subscribers, nases, groups]: [bigint[], bigint[], bigint[]] = [[], [], []]
let reseller = 0n
const known: Known[] = []

/** Numbers of a fixed row, so that a failure can be seen again. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

async function insert(one: Omit<Known, 'id'>, n: number): Promise<void> {
  const archived = one.archived ? { id: 1_000_000 + n } : {}
  const id = await insertRow(office.pool, one.archived ? 'session_archive' : 'session', {
    ...archived,
    nas_id: nases[one.nas],
    nas_group_id: groups[one.nas],
    address_space_id: 1,
    acct_session_id: one.acct,
    epoch: n,
    subscriber_id: one.subscriber === null ? null : subscribers[one.subscriber],
    username: one.subscriber === null ? 'stranger' : people[one.subscriber],
    started_at: one.startedAt,
    event_at: one.heard ? noon : hours(-9),
    updated_at: one.heard ? noon : hours(-9),
    ended_at: one.ended ? hours(1, one.startedAt) : null,
    ended_by: one.ended ? 'stop' : null,
    mac: one.mac,
    framed_ip: one.ip,
    delegated_ipv6_prefix: one.prefix,
    port: one.port,
    s_vlan: one.sVlan,
    c_vlan: one.cVlan,
    anomalies: one.anomalies,
    service: one.service ? 'voice' : null,
    parent_id: one.service ? 1 : null,
  })
  known.push({ ...one, id })
}

beforeAll(async () => {
  const { pool } = office
  const plan = await insertPlan(pool)
  reseller = await insertRow(pool, 'organisation', { kind: 'reseller', name: 'R', parent_id: 1 })
  groups.push(1n, await insertRow(pool, 'nas_group', { name: 'west', address_space_id: 1 }))
  for (const group of groups) nases.push((await makeNas(pool, { group })).id)
  for (const [at, username] of people.entries()) {
    const owner = at === 0 ? reseller : 1n
    subscribers.push(await insertSubscriber(pool, { username, plan_id: plan, zone: zones[at], owner_id: owner }))
  }
  const next = numbers(7)
  const maybe = <T>(value: T): T | null => (next(2) === 0 ? value : null)
  for (let n = 0; n < 120; n += 1) {
    const archived = next(4) === 0
    const service = !archived && next(8) === 0
    const person = next(4)
    await insert(
      {
        subscriber: person === 3 ? null : person,
        nas: next(2),
        // Many share an instant.
        startedAt: hours(-1 - next(6) * (archived ? 100 : 1)),
        ended: archived || next(2) === 0,
        heard: next(3) > 0,
        archived,
        mac: maybe(`aa:00:00:00:00:0${next(3)}`),
        ip: maybe(`10.0.${next(2)}.${next(3)}`),
        prefix: maybe(`2001:db8:${next(3)}::/48`),
        port: maybe(`ae${next(2)}`),
        sVlan: maybe(100 + next(2)),
        cVlan: maybe(next(3)),
        anomalies: next(5) === 0 ? 1 : 0,
        service,
        acct: `s${next(20)}`,
      },
      n,
    )
  }
})

const newest = (one: Known, two: Known) =>
  two.startedAt.getTime() - one.startedAt.getTime() || (one.id < two.id ? 1 : -1)

function fits(filter: SessionFilter, one: Known): boolean {
  const states = {
    open: !one.ended,
    ended: one.ended,
    online: !one.ended && one.heard,
    zombie: !one.ended && !one.heard,
  }
  const same = <T>(wanted: T | undefined, value: T | null): boolean => wanted === undefined || wanted === value
  return (
    (filter.state === undefined || states[filter.state]) &&
    same(filter.subscriberId, one.subscriber === null ? null : subscribers[one.subscriber]!) &&
    same(filter.username, one.subscriber === null ? 'stranger' : people[one.subscriber]!) &&
    same(filter.nasId, nases[one.nas]!) &&
    same(filter.nasGroupId, groups[one.nas]!) &&
    same(filter.port, one.port) &&
    same(filter.sVlan, one.sVlan) &&
    same(filter.cVlan, one.cVlan) &&
    same(filter.mac, one.mac) &&
    same(filter.acctSessionId, one.acct) &&
    (filter.since === undefined || one.startedAt >= filter.since) &&
    (filter.until === undefined || one.startedAt < filter.until) &&
    (filter.anomalies !== true || one.anomalies > 0) &&
    (filter.services === true || !one.service)
  )
}

function reaches({ ownerId, zones: seen, nasGroupIds }: Scope, one: Known): boolean {
  if (nasGroupIds !== undefined && !nasGroupIds.includes(groups[one.nas]!)) return false
  if (ownerId === undefined && seen === undefined) return true
  if (one.subscriber === null) return false
  const owner = one.subscriber === 0 ? reseller : 1n
  return (ownerId === undefined || ownerId === owner) && (seen === undefined || seen.includes(zones[one.subscriber]!))
}

const some = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined, freq: 1 })
const pick = <T>(read: () => readonly T[]) => fc.nat(9).map((n) => read()[n % read().length]!)
const filters: fc.Arbitrary<SessionFilter> = fc.record({
  state: some(fc.constantFrom('open', 'online', 'zombie', 'ended')),
  subscriberId: fc.option(
    pick(() => subscribers),
    { nil: undefined, freq: 2 },
  ),
  username: fc.option(fc.constantFrom('anna', 'stranger', 'nobody'), { nil: undefined, freq: 2 }),
  nasId: some(pick(() => nases)),
  nasGroupId: some(pick(() => groups)),
  port: fc.option(fc.constantFrom('ae0', 'ae1'), { nil: undefined, freq: 2 }),
  sVlan: fc.option(fc.constantFrom(100, 101, 102), { nil: undefined, freq: 2 }),
  cVlan: fc.option(fc.constantFrom(0, 1, 2), { nil: undefined, freq: 2 }),
  mac: fc.option(fc.constantFrom('aa:00:00:00:00:00', 'aa:00:00:00:00:01'), { nil: undefined, freq: 2 }),
  acctSessionId: fc.option(fc.constantFrom('s1', 's2'), { nil: undefined, freq: 1 }),
  since: some(fc.constantFrom(hours(-300), hours(-4), hours(-2))),
  until: some(fc.constantFrom(hours(-2), hours(-1), hours(0))),
  anomalies: some(fc.boolean()),
  services: some(fc.boolean()),
})
const scopes: fc.Arbitrary<() => Scope> = fc.constantFrom(
  () => everything,
  () => everything,
  () => ({ ...everything, ownerId: reseller }),
  () => ({ ...everything, zones: ['north'] }),
  () => ({ ...everything, zones: [] }),
  () => ({ ...everything, nasGroupIds: [groups[1]!] }),
  () => ({ ...everything, ownerId: 1n, zones: ['south'], nasGroupIds: [1n] }),
)

async function everyPage(filter: SessionFilter, scope: Scope, limit: number): Promise<SessionShown[]> {
  const rows: SessionShown[] = []
  let before: SessionKey | undefined
  for (;;) {
    const page = await listSessionPage(office.db, { filter, before, limit }, scope, noon)
    rows.push(...page)
    if (page.length < limit) return rows
    const { startedKey, id } = page.at(-1)!
    before = { startedKey, id }
  }
}

describe('a list of sessions', () => {
  it('has exactly those that fit all filters and are in reach, newest first, whatever the page size', async () => {
    await fc.assert(
      fc.asyncProperty(filters, scopes, fc.constantFrom(3, 7, 50, 200), async (filter, scopeOf, limit) => {
        const scope = scopeOf()
        const wanted = known.filter((one) => fits(filter, one) && reaches(scope, one)).toSorted(newest)
        const found = await everyPage(filter, scope, limit)
        expect(found.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id))
        for (const row of found) {
          const one = known.find(({ id }) => id === row.id)!
          expect(row.state).toBe(one.ended ? 'ended' : one.heard ? 'online' : 'zombie')
          expect(row.isArchived).toBe(one.archived)
        }
      }),
      { numRuns: 120 },
    )
  })

  it('is as long as its counts say', async () => {
    await fc.assert(
      fc.asyncProperty(filters, scopes, async ({ state: _state, ...filter }, scopeOf) => {
        const open = known.filter((one) => !one.ended && fits(filter, one) && reaches(scopeOf(), one))
        const online = open.filter(({ heard }) => heard).length
        expect(await countSessions(office.db, filter, scopeOf(), noon)).toEqual({ open: open.length, online })
      }),
      { numRuns: 60 },
    )
  })

  it('shows each session by its id to who reaches it and to nobody else', async () => {
    const scope = { ...everything, zones: ['north'] }
    for (const one of known.filter((_, n) => n % 6 === 0)) {
      const shown = showSession(office.db, one.id, scope, noon)
      if (reaches(scope, one)) expect(await shown).toMatchObject({ id: one.id, acctSessionId: one.acct })
      else await expect(shown).rejects.toBeInstanceOf(NotFoundError)
    }
  })

  it('of one subscriber is not there for who does not reach it', async () => {
    const ask = (scope: Scope) =>
      listSubscriberSessions(office.db, { filter: { subscriberId: subscribers[0]! }, limit: 500 }, scope, noon)
    const own = known.filter((one) => one.subscriber === 0 && !one.service)
    expect(await ask({ ...everything, ownerId: reseller })).toHaveLength(own.length)
    await expect(ask({ ...everything, ownerId: 1n })).rejects.toBeInstanceOf(NotFoundError)
    await expect(ask({ ...everything, zones: ['south'] })).rejects.toBeInstanceOf(NotFoundError)
  })
})

describe('a session sought by address', () => {
  const sought = async (address: string) =>
    (await everyPage({ address, services: true }, everything, 200)).map(({ id }) => id)
  const wanted = (has: (one: Known) => boolean) =>
    known
      .filter(has)
      .toSorted(newest)
      .map(({ id }) => id)

  it('is found by the address, by a prefix around it, by one inside its prefix, and not beside them', async () => {
    expect(await sought('10.0.1.2')).toEqual(wanted(({ ip }) => ip === '10.0.1.2'))
    expect(await sought('::ffff:10.0.1.2')).toEqual(wanted(({ ip }) => ip === '10.0.1.2'))
    expect(await sought('10.0.1.0/24')).toEqual(wanted(({ ip }) => ip?.startsWith('10.0.1.') === true))
    expect(await sought('10.0.1.7/24')).toEqual(await sought('10.0.1.0/24'))
    expect(await sought('10.0.0.0/23')).toEqual(wanted(({ ip }) => ip !== null))
    expect(await sought('2001:db8:1:ffff::1')).toEqual(wanted(({ prefix }) => prefix === '2001:db8:1::/48'))
    expect(await sought('2001:db8::/32')).toEqual(wanted(({ prefix }) => prefix !== null))
    expect(await sought('2001:db8:9::1')).toEqual([])
    expect(await sought('192.0.2.0/24')).toEqual([])
  })

  it.each(['10.0.0', '10.0.0.0/33', '2001:db8::/129', 'x', ''])('is refused as %j', async (address) => {
    await expect(sought(address)).rejects.toBeInstanceOf(FieldError)
  })
})
