import { describe, expect, it } from 'vitest'
import { loadAccess } from '../../../src/domain/access.ts'
import { ownAuthor } from '../../../src/domain/author.ts'
import { createPlan } from '../../../src/domain/plan/create.ts'
import type { PlanFields } from '../../../src/domain/plan/fields.ts'
import { accessPlanOf, authorizationAt } from '../../../src/domain/plan/preview.ts'
import { fieldsOf } from '../../../src/domain/plan/read.ts'
import { planWarnings } from '../../../src/domain/plan/warnings.ts'
import { everything } from '../../../src/domain/scope.ts'
import { defaultSettings } from '../../../src/domain/setting.ts'
import { insertSubscriber, testPlan } from '../../support/access.ts'
import { noon, useOffice } from '../../support/operator.ts'

const office = useOffice()
const by = () => ownAuthor('system', 'test', office.keyring)
const make = (fields: Partial<PlanFields> & { name: string }) =>
  createPlan(
    office.db,
    { fields: { down_bps: '50M', up_bps: '20M', validity: 30, ...fields } },
    () => undefined,
    by(),
    noon,
  )
const night = { weekdays: [1, 2, 3, 4, 5, 6, 7], from: '22:00', to: '06:00' }

describe('a plan as access sees it', () => {
  it('is the same from its fields and as a login loads it', async () => {
    const slower = await make({
      name: 'Slow',
      down_bps: '2M',
      address_list: 'slow',
      schedule: [{ ...night, percent: 50 }],
    })
    const plans: (Partial<PlanFields> & { name: string })[] = [
      { name: 'Least' },
      {
        name: 'Most',
        burst_down_bps: '100M',
        burst_up_bps: '40M',
        burst_seconds: 8,
        priority: 2,
        min_down_bps: '1M',
        min_up_bps: '1M',
        mac_rule: 'bound',
        pool: 'home',
        group_pools: [{ nas_group_id: 1n, ipv6_pool: 'six' }],
        allowed_nas_group_ids: [1n],
        quota_octets: '9007199254740993',
        quota_up_octets: '5G',
        quota_period: 'week',
        on_quota: 'slower',
        quota_plan_id: slower.id,
        fup_steps: [{ after_octets: '1G', down_bps: '10M', up_bps: '5M' }],
        schedule: [{ ...night, down_bps: '80M', up_bps: '40M' }],
        on_expiry: 'garden',
        gardens: { expired: { address_list: 'pay' } },
        attributes: ['Filter-Id = x'],
      },
    ]
    for (const fields of plans) {
      const plan = await make(fields)
      const username = fields.name.toLowerCase()
      await insertSubscriber(office.pool, { username, plan_id: plan.id })
      const key = { username, line: undefined, nasGroupId: 1n, addressSpaceId: 1n }
      const [subject] = await loadAccess(office.pool, [key], { zone: 'UTC', now: noon })
      const made = await accessPlanOf(office.db, { id: plan.id, fields: fieldsOf(plan) }, everything)
      // `slower` has its address list in either; a login's plan has no more than that.
      expect(subject!.plan).toEqual(made)
    }
  })
})

describe('what a plan gives', () => {
  const settings = { ...defaultSettings, zone: 'Europe/Berlin' }
  const at = new Date('2026-11-22T20:00:00Z')

  it('is what a login would get', () => {
    const plan = testPlan({ schedule: [{ ...night, from: '21:00', percent: 200 }], pool: 'home', mac_rule: 'bound' })
    expect(authorizationAt(plan, { at, settings })).toMatchObject({
      decision: { kind: 'accept', garden: undefined },
      authorization: { rates: { downBps: 100_000_000 }, pool: 'home', interimIntervalS: 300 },
      source: { kind: 'schedule', step: 0 },
    })
  })

  it('may be a garden, or nothing', () => {
    const plan = testPlan({ quota_octets: '100', on_quota: 'garden', on_expiry: 'reject' })
    const usage = { down: 100n, up: 0n }
    expect(authorizationAt(plan, { at, settings, usage })).toMatchObject({
      authorization: { garden: 'quota-exhausted', addressList: 'garden' },
      source: undefined,
    })
    expect(authorizationAt(plan, { at, settings, usage, reason: 'expired' })).toMatchObject({
      decision: { kind: 'reject', reason: 'expired' },
      authorization: undefined,
    })
  })
})

describe('warnings', () => {
  const settings = { ...defaultSettings, garden_address_list: '' }
  const of = async (fields: Partial<PlanFields>) => {
    const whole = { name: 'Perhaps', down_bps: '50M', up_bps: '20M', validity: 30, ...fields }
    const plan = await accessPlanOf(office.db, { id: 0n, fields: whole }, everything)
    return planWarnings(whole, plan, settings).map(({ field, reason }) => `${field}: ${reason}`)
  }

  it.each<[string[], Partial<PlanFields>]>([
    [[], {}],
    [['on_expiry: leads into a garden that neither an address list nor a pool fences'], { on_expiry: 'garden' }],
    [[], { on_expiry: 'garden', garden_pool: 'garden' }],
    [[], { on_block: 'garden', gardens: { blocked: { address_list: 'blocked' } } }],
    [
      ['gardens.quota: says nothing while on_quota is reject'],
      { quota_octets: '1G', gardens: { quota: { pool: 'x' } } },
    ],
    [
      ['fup_steps: step 1 never comes: the quota is used up before it'],
      { quota_octets: '1G', fup_steps: [{ after_octets: '1G', down_bps: '1M', up_bps: '1M' }] },
    ],
    [
      ['quota_up_octets: never comes: the quota of both directions is used up before it'],
      { quota_octets: '1G', quota_up_octets: '2G' },
    ],
    [['auto_renew: says nothing: service never ends'], { validity: 0, auto_renew: true }],
    [['grace_hours: says nothing: service never ends'], { validity: 0, grace_hours: 1 }],
    [
      ['quota_period: the service period never ends, so the quota never comes back'],
      { validity: 0, quota_octets: '1G' },
    ],
    [
      ['expiry_rule: makes more of a validity in hours than it says'],
      { validity_unit: 'hours', expiry_rule: 'end-of-day' },
    ],
    [['device_limit: says nothing: no device is learnt with the rule free'], { device_limit: 1, mac_rule: 'free' }],
    [
      ['group_pools: the plan is not allowed in NAS group 1'],
      { allowed_nas_group_ids: [2n], group_pools: [{ nas_group_id: 1n, pool: 'x' }] },
    ],
  ])('%j', async (expected, fields) => {
    expect(await of(fields)).toEqual(expected)
  })

  it('tell of a slower plan that is not slower', async () => {
    const fast = await make({ name: 'Fast', down_bps: '1G', up_bps: '1G' })
    const found = await of({ quota_octets: '1G', on_quota: 'slower', quota_plan_id: fast.id })
    expect(found).toEqual(['quota_plan_id: the plan Fast is not slower'])
  })
})
