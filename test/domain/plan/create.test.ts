// Making, copying, changing and putting away plans below the API: owners, names, references, races and reach.
import { beforeAll, describe, expect, it } from 'vitest'
import { orderForSession } from '../../../src/domain/coa-order.ts'
import { ConflictError, FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { archivePlan } from '../../../src/domain/plan/archive.ts'
import { changePlan, planVersion, reachOf } from '../../../src/domain/plan/change.ts'
import { createPlan, duplicatePlan } from '../../../src/domain/plan/create.ts'
import type { PlanFields } from '../../../src/domain/plan/fields.ts'
import { countSubscribers, fieldsOf, listPlanPage, readPlan } from '../../../src/domain/plan/read.ts'
import { everything } from '../../../src/domain/scope.ts'
import { addSubscriber } from '../../../src/domain/subscriber.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { line, testAuthor } from '../../support/money.ts'
import { hours, noon, openSession, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith } from '../../support/staff.ts'

const office = useOffice()
const by = () => testAuthor(office)
const anyAttribute = () => undefined
const fieldsFor = (name: string, more: Partial<PlanFields> = {}): PlanFields => ({
  name,
  down_bps: '50M',
  up_bps: '20M',
  validity: 30,
  ...more,
})
const make = (name: string, more: Partial<PlanFields> = {}, ownerId?: bigint, author = by()) =>
  createPlan(office.db, { fields: fieldsFor(name, more), ownerId }, anyAttribute, author, noon)
const change = (id: bigint, fields: Partial<PlanFields>, more: { ifMatch?: string; dryRun?: boolean } = {}) =>
  changePlan(office.db, { id, fields, ...more }, anyAttribute, by(), hours(1))
const archive = (id: bigint, moveTo?: bigint, author = by()) => archivePlan(office.db, { id, moveTo }, author, hours(1))
let resellerId: bigint
let otherId: bigint
const reseller = (ownerId = resellerId) => authorWith(office, ['plan.edit'], { ownerId })

beforeAll(async () => {
  const ids = []
  for (const name of ['R1', 'R2']) {
    const { id } = await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name, parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
    ids.push(id)
  }
  ;[resellerId, otherId] = ids as [bigint, bigint]
})

describe('a new plan', () => {
  it('of the ISP is shared, of a reseller its own, and a reseller makes none for others', async () => {
    expect((await make('Shared')).owner_id).toBeNull()
    expect((await make('Own', {}, undefined, reseller())).owner_id).toBe(resellerId)
    expect((await make('For R2', {}, otherId)).owner_id).toBe(otherId)
    await expect(make('Not so', {}, otherId, reseller())).rejects.toThrow(FieldError)
    await expect(make('Nobody', {}, 999_999n)).rejects.toThrow('owner-id: there is no organisation 999999')
  })

  it('by 20 at once under one name is one', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => make('Race')))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ConflictError)
    }
  })

  it('may be named like an archived one, or like one of another organisation', async () => {
    const old = await make('Again')
    await archive(old.id)
    expect((await make('Again')).id).not.toBe(old.id)
    expect((await make('Again', {}, resellerId)).owner_id).toBe(resellerId)
  })

  it('that is refused leaves nothing behind', async () => {
    await expect(make('Half', { group_pools: [{ nas_group_id: 999n, pool: 'x' }] })).rejects.toThrow(
      'group-pools: there is no NAS group 999',
    )
    expect(await rowsOf(office, `select 1 from plan where name = 'Half'`)).toEqual([])
  })

  it('is followed by a slower one of its own owner or of all, that is not archived', async () => {
    const [shared, ofOther, gone] = [await make('Slow'), await make('Slow R2', {}, otherId), await make('Gone')]
    await archive(gone.id)
    const follow = (id: bigint) => make(`Follows ${id}`, { on_quota: 'slower', quota_plan_id: id }, resellerId)
    expect((await follow(shared.id)).quota_plan).toBe('Slow')
    await expect(follow(ofOther.id)).rejects.toThrow('quota-plan-id: there is no plan')
    await expect(follow(gone.id)).rejects.toThrow('the plan Gone is archived')
  })
})

describe('a copy', () => {
  it('has all fields and pools of the other, and a life of its own', async () => {
    const like = await make('Original', {
      price: '19.99',
      group_pools: [{ nas_group_id: 1n, pool: 'north' }],
      no_cut_days: [6],
      auto_renew: true,
    })
    const copy = await duplicatePlan(office.db, { id: like.id, name: 'Copy' }, anyAttribute, by(), noon)
    expect(fieldsOf(copy)).toEqual({ ...fieldsOf(like), name: 'Copy' })
    await change(copy.id, { price: '1', group_pools: [] })
    expect(fieldsOf(await readPlan(office.db, like.id, everything))).toEqual(fieldsOf(like))
  })

  it('of a shared plan by a reseller is its own; of a plan of another it finds none', async () => {
    const [shared, ofOther] = [await make('To copy'), await make('Secret', {}, otherId)]
    const copy = (id: bigint) => duplicatePlan(office.db, { id, name: 'Mine now' }, anyAttribute, reseller(), noon)
    expect((await copy(shared.id)).owner_id).toBe(resellerId)
    await expect(copy(ofOther.id)).rejects.toThrow(NotFoundError)
    await expect(copy(shared.id)).rejects.toThrow('there is a plan Mine now already')
  })

  it('of a plan with prices in what was the currency before is refused', async () => {
    const like = await make('In euro', { price: '5' })
    await writeSetting(office.db, { name: 'currency', value: 'USD' }, noon)
    const copying = duplicatePlan(office.db, { id: like.id, name: 'In dollars' }, anyAttribute, by(), noon)
    await expect(copying).rejects.toThrow('price: is in EUR, new plans are in USD')
    // It can still be changed, and keeps its currency.
    expect((await change(like.id, { price: '6' })).plan).toMatchObject({ currency: 'EUR', price_minor: 600n })
    await writeSetting(office.db, { name: 'currency', value: 'EUR' }, noon)
  })
})

describe('a change', () => {
  it('by 10 at once who all saw the same version is done by one', async () => {
    const plan = await make('Versions')
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_none, at) =>
        change(plan.id, { price: `${at + 1}` }, { ifMatch: planVersion(plan) }),
      ),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await readPlan(office.db, plan.id, everything)).version).toBe(plan.version + 1)
  })

  it('leaves it at a Disconnect for whom somebody has thrown out, and counts the session', async () => {
    const plan = await make('Thrown out')
    const { id } = await addSubscriber(office.db, { username: 'thrown-out', plan: 'Thrown out' }, office.author, noon)
    const sessionId = await openSession(office, id, 'thrown-out')
    const order = { sessionId, subscriberId: id, nasId: 1n, wish: 'disconnect', reason: 'password reset' } as const
    await orderForSession(office.db, order, noon)
    expect(await change(plan.id, { down_bps: '60M' })).toMatchObject({ orders: 1 })
    expect(
      await rowsOf(office, 'select wish, reason, state from coa_order where session_id = $1 order by id', [sessionId]),
    ).toEqual([
      { wish: 'disconnect', reason: 'password reset', state: 'replaced' },
      { wish: 'disconnect', reason: 'password reset', state: 'waiting' },
    ])
    await rowsOf(office, 'delete from coa_order')
  })

  it('that changes nothing keeps the version and writes nothing', async () => {
    const plan = await make('Idle', { price: '5' })
    expect(await change(plan.id, { price: '5.00', down_bps: 50_000_000 })).toMatchObject({ changed: [], orders: 0 })
    expect((await readPlan(office.db, plan.id, everything)).version).toBe(plan.version)
    expect(
      await rowsOf(office, `select 1 from audit_entry where action = 'plan.edit' and row_id = $1`, [plan.id]),
    ).toEqual([])
  })

  it('names what differs as the API calls it', async () => {
    const plan = await make('Named')
    const { changed } = await change(
      plan.id,
      { price: '1', setup_price: '2', group_pools: [{ nas_group_id: 1n, pool: 'x' }], down_bps: '60M' },
      { dryRun: true },
    )
    expect(changed.toSorted()).toEqual(['down_bps', 'group_pools', 'price', 'setup_price'])
  })

  it('to null takes away, and what contradicts what is there is refused', async () => {
    const plan = await make('Nulls', { expiry_rule: 'local-hour', expiry_hour: 6, quota_octets: '5G' })
    await expect(change(plan.id, { expiry_rule: 'instant' })).rejects.toThrow('expiry-hour')
    const { plan: after } = await change(plan.id, { expiry_rule: 'instant', expiry_hour: null, quota_octets: null })
    expect(after).toMatchObject({ expiry_hour: null, quota_octets: null })
  })

  it('cannot close a circle of three', async () => {
    const first = await make('C1')
    const second = await make('C2', { on_quota: 'slower', quota_plan_id: first.id })
    const third = await make('C3', { on_quota: 'slower', quota_plan_id: second.id })
    await expect(change(first.id, { on_quota: 'slower', quota_plan_id: third.id })).rejects.toThrow('goes in a circle')
    await expect(change(first.id, { on_quota: 'slower', quota_plan_id: first.id })).rejects.toThrow(
      'its own slower one',
    )
  })

  it('of an archived plan, or of a shared one by a reseller, is refused', async () => {
    const [plan, shared] = [await make('Put away'), await make('Of all')]
    await archive(plan.id)
    await expect(change(plan.id, { price: '1' })).rejects.toThrow('the plan is archived')
    const edit = changePlan(office.db, { id: shared.id, fields: { price: '1' } }, anyAttribute, reseller(), noon)
    await expect(edit).rejects.toThrow('a shared plan is changed by the ISP only')
  })

  it('reaches those who have it or are slowed to it, and orders for open sessions of theirs alone', async () => {
    const slow = await make('Reach slow')
    const fast = await make('Reach fast', { on_quota: 'slower', quota_plan_id: slow.id, quota_octets: '5G' })
    const [one, two, gone] = [
      await line(office, { planId: slow.id }),
      await line(office, { planId: fast.id }),
      await line(office, { planId: slow.id }),
    ]
    await office.db.updateTable('subscriber').set({ archived_at: noon }).where('id', '=', gone.id).execute()
    const parentId = await openSession(office, one.id, 'reach-1')
    await openSession(office, one.id, 'reach-service', { parentId })
    await openSession(office, one.id, 'reach-ended', { endedAt: noon })
    await openSession(office, two.id, 'reach-2')
    await openSession(office, gone.id, 'reach-3')
    expect(await reachOf(office.db, slow.id)).toEqual({ subscribers: 2, sessions: 2 })
    expect(await change(slow.id, { down_bps: '2M' })).toMatchObject({ orders: 2 })
    const orders = await rowsOf(office, `select subscriber_id from coa_order where reason = 'plan-changed'`)
    expect(new Set(orders.map((row) => row.subscriber_id))).toEqual(new Set([one.id, two.id]))
    // The newest wish stands alone.
    await change(slow.id, { down_bps: '3M' })
    expect(await rowsOf(office, `select 1 from coa_order where state = 'waiting'`)).toHaveLength(2)
  })
})

describe('putting away', () => {
  it.each(['having', 'waiting'] as const)('is refused for those %s it', async (how) => {
    const [plan, other] = [await make(`Used ${how}`), await make(`Other ${how}`)]
    const made = await line(office, { planId: how === 'having' ? plan.id : other.id })
    if (how === 'waiting') {
      await office.db.updateTable('subscriber').set({ next_plan_id: plan.id }).where('id', '=', made.id).execute()
    }
    await expect(archive(plan.id)).rejects.toThrow(how === 'having' ? '1 subscribers have' : 'and 1 wait for it')
    await archive(plan.id, other.id)
    const [row] = await rowsOf(office, 'select plan_id, next_plan_id from subscriber where id = $1', [made.id])
    expect(row).toEqual({ plan_id: other.id, next_plan_id: null })
  })

  it.each<[string, () => Promise<bigint>]>([
    ['is the plan itself', async () => (await make('Self')).id],
    ['there is no plan', () => Promise.resolve(999_999n)],
    [
      'the plan is archived itself',
      async () => {
        const gone = await make('Target gone')
        await archive(gone.id)
        return gone.id
      },
    ],
    ['belongs to another organisation', async () => (await make('Target R2', {}, otherId)).id],
    [
      'has prices in USD',
      async () => {
        await writeSetting(office.db, { name: 'currency', value: 'USD' }, noon)
        const target = await make('Target USD')
        await writeSetting(office.db, { name: 'currency', value: 'EUR' }, noon)
        return target.id
      },
    ],
  ])('refuses a target that %s, and then nothing has happened', async (reason, targetOf) => {
    const target = await targetOf()
    const plan = reason === 'is the plan itself' ? { id: target } : await make(`Moved ${reason}`)
    const { id } = await line(office, { planId: plan.id })
    await expect(archive(plan.id, target)).rejects.toThrow(`move-to: ${reason}`)
    expect((await readPlan(office.db, plan.id, everything)).archived_at).toBeNull()
    expect((await rowsOf(office, 'select plan_id from subscriber where id = $1', [id]))[0]!.plan_id).toBe(plan.id)
  })

  it('twice is refused, and by another than its owner', async () => {
    const [plan, ofOther] = [await make('Twice'), await make('Of R2', {}, otherId)]
    await archive(plan.id)
    await expect(archive(plan.id)).rejects.toThrow(ConflictError)
    await expect(archive(ofOther.id, undefined, reseller())).rejects.toThrow(NotFoundError)
    await expect(archive((await make('All')).id, undefined, reseller())).rejects.toThrow('changed by the ISP only')
  })
})

describe('pages of plans', () => {
  it('show everyone once in the order of names, equal names of several owners too', async () => {
    for (const owner of [undefined, resellerId, otherId]) await make('Page same', {}, owner)
    for (const name of ['Page a', 'Page b', 'Page z']) await make(name)
    const seen: string[] = []
    let after: { name: string; id: bigint } | undefined
    for (;;) {
      const rows = await listPlanPage(office.db, { search: 'page', archived: false, limit: 2, after }, everything)
      const page = rows.slice(0, 2)
      seen.push(...page.map(({ name, id }) => `${name} ${id}`))
      if (rows.length <= 2) break
      after = page.at(-1)
    }
    expect(seen).toHaveLength(6)
    expect(new Set(seen).size).toBe(6)
    expect(seen.map((text) => text.slice(0, 6))).toEqual(['Page a', 'Page b', 'Page s', 'Page s', 'Page s', 'Page z'])
  })

  it('count for a reseller its own lines, without deleted ones, and for a team those of its zones', async () => {
    const { id: planId } = await make('Counted')
    const made = [
      await line(office, { planId }),
      await line(office, { planId, ownerId: resellerId }),
      await line(office, { planId, ownerId: otherId }),
    ]
    await office.db.updateTable('subscriber').set({ zone: 'hill' }).where('id', '=', made[0]!.id).execute()
    await office.db.updateTable('subscriber').set({ archived_at: noon }).where('id', '=', made[2]!.id).execute()
    const count = async (scope: Partial<typeof everything>) =>
      (await countSubscribers(office.db, [planId], { ...everything, ...scope })).get(planId) ?? 0
    expect(await count({})).toBe(2)
    expect(await count({ ownerId: resellerId })).toBe(1)
    expect(await count({ ownerId: otherId })).toBe(0)
    expect(await count({ zones: ['hill'] })).toBe(1)
  })
})
