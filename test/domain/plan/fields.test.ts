// Every refusal of a plan's fields, by the name of the field, and what the row is where nothing is said.
import { describe, expect, it } from 'vitest'
import { FieldError } from '../../../src/domain/field.ts'
import { checkPlan } from '../../../src/domain/plan/fields.ts'
import type { PlanFields } from '../../../src/domain/plan/fields.ts'
import { checkPools } from '../../../src/domain/plan/pools.ts'
import { checkSpeeds } from '../../../src/domain/plan/speed-fields.ts'

const least: PlanFields = { name: 'P', down_bps: '50M', up_bps: '20M', validity: 30 }
const check = (fields: Partial<PlanFields>, currency = 'EUR') =>
  checkPlan({ ...least, ...fields }, currency, ([first]) => (first?.startsWith('Bad') ? 'is unknown' : undefined))
const step = { weekdays: [1], from: '20:00', to: '21:00', percent: 50 }
const fup = { after_octets: '1G', down_bps: '1M', up_bps: '1M' }
const long = 'x'.repeat(101)

describe('a plan', () => {
  it('of which little is said is an ordinary one', () => {
    expect(check({})).toMatchObject({
      validity_unit: 'days',
      expiry_rule: 'instant',
      expiry_hour: null,
      no_cut_days: [],
      grace_hours: 0,
      price_minor: 0n,
      setup_price_minor: 0n,
      auto_renew: false,
      mac_rule: 'learn',
      session_limit: null,
      device_limit: null,
      quota_octets: null,
      quota_period: 'period',
      on_quota: 'reject',
      on_expiry: 'reject',
      on_block: 'reject',
      gardens: '{}',
      fup_steps: '[]',
      schedule: '[]',
      attributes: [],
    })
  })

  it('of which everything is null is the same', () => {
    const optional = Object.keys(check({})).filter((key) => !(key in least) && !/_minor$|currency/.test(key))
    const nulls = Object.fromEntries(optional.map((key) => [key, null]))
    expect(check({ ...nulls, price: null, setup_price: null })).toEqual(check({}))
  })

  it('keeps each weekday and NAS group once, and weekdays in their order', () => {
    expect(check({ no_cut_days: [7, 1, 7, '6'], allowed_nas_group_ids: [2n, 2n, 1n] })).toMatchObject({
      no_cut_days: [1, 6, 7],
      allowed_nas_group_ids: [2n, 1n],
    })
  })

  it('leaves out gardens that name no place', () => {
    const gardens = { expired: { address_list: ' pay ', pool: null }, blocked: {}, quota: null }
    expect(JSON.parse(String(check({ gardens }).gardens))).toEqual({ expired: { address_list: 'pay', pool: null } })
  })

  it('may never end, and may be as long as a hundred years', () => {
    expect(check({ validity: 0 }).validity).toBe(0)
    expect(check({ validity: 876_000, validity_unit: 'hours' }).validity).toBe(876_000)
    expect(check({ validity: '1200', validity_unit: 'months' }).validity).toBe(1_200)
  })

  it('has prices in the minor units of its currency', () => {
    expect(check({ price: '1980', setup_price: '500' }, 'JPY')).toMatchObject({ price_minor: 1_980n })
    expect(check({ price: '1.234' }, 'KWD')).toMatchObject({ price_minor: 1_234n })
  })
})

describe('a refusal', () => {
  it.each<[string, Partial<PlanFields>]>([
    ['name', { name: ' ' }],
    ['name', { name: long }],
    ['name', { name: 'a\nb' }],
    ['validity', { validity: -1 }],
    ['validity', { validity: 1.5 }],
    ['validity', { validity: '30 days' }],
    ['validity', { validity: 36_501 }],
    ['validity', { validity: 1_201, validity_unit: 'months' }],
    ['validity', { validity: 1_201, validity_unit: 'calendar-month' }],
    ['validity', { validity: 876_001, validity_unit: 'hours' }],
    ['validity-unit', { validity_unit: 'weeks' }],
    ['price', { price: '' }],
    ['price', { price: '1,50' }],
    ['price', { price: '-1' }],
    ['price', { price: '1000000000000.01' }],
    ['setup-price', { setup_price: '0.001' }],
    ['setup-price', { setup_price: '999999999999999' }],
    ['grace-hours', { grace_hours: 8_761 }],
    ['grace-hours', { grace_hours: -1 }],
    ['expiry-rule', { expiry_rule: 'never' }],
    ['expiry-hour', { expiry_rule: 'local-hour' }],
    ['expiry-hour', { expiry_hour: 6 }],
    ['expiry-hour', { expiry_rule: 'local-hour', expiry_hour: 24 }],
    ['no-cut-days', { no_cut_days: [0] }],
    ['no-cut-days', { no_cut_days: [8] }],
    ['no-cut-days', { no_cut_days: [1, 2, 3, 4, 5, 6, 7] }],
    ['session-limit', { session_limit: 0 }],
    ['session-limit', { session_limit: 1_001 }],
    ['device-limit', { device_limit: 0 }],
    ['mac-rule', { mac_rule: 'any' }],
    ['pool', { pool: long }],
    ['pool', { pool: '' }],
    ['ipv6-pool', { ipv6_pool: 'a\u0000' }],
    ['delegated-ipv6-pool', { delegated_ipv6_pool: long }],
    ['address-list', { address_list: ' ' }],
    ['idle-timeout-s', { idle_timeout_s: 0 }],
    ['idle-timeout-s', { idle_timeout_s: 2_147_483_648 }],
    ['interim-interval-s', { interim_interval_s: 59 }],
    ['interim-interval-s', { interim_interval_s: 86_401 }],
    ['quota-octets', { quota_octets: '0' }],
    ['quota-octets', { quota_octets: '100 apples' }],
    ['quota-down-octets', { quota_down_octets: '-1' }],
    ['quota-up-octets', { quota_up_octets: '1.5' }],
    ['quota-period', { quota_period: 'year' }],
    ['on-quota', { on_quota: 'ignore' }],
    ['quota-plan-id', { on_quota: 'slower' }],
    ['quota-plan-id', { on_quota: 'garden', quota_plan_id: 1n }],
    ['fup-steps.1.after-octets', { fup_steps: [{ ...fup, after_octets: 'much' }] }],
    ['fup-steps.2.down-bps', { fup_steps: [fup, { ...fup, after_octets: '2G', down_bps: 'slow' }] }],
    ['fup-steps.1.up-bps', { fup_steps: [{ ...fup, up_bps: -5 }] }],
    ['fup-steps', { fup_steps: [fup, fup] }],
    ['fup-steps', { fup_steps: Array.from({ length: 21 }, (_none, at) => ({ ...fup, after_octets: `${at + 1}G` })) }],
    ['schedule.1.down-bps', { schedule: [{ weekdays: [1], from: '20:00', to: '21:00', down_bps: 'x', up_bps: '1M' }] }],
    ['schedule', { schedule: [{ ...step, weekdays: [] }] }],
    ['schedule', { schedule: [{ ...step, weekdays: [8] }] }],
    ['schedule', { schedule: [{ ...step, from: '24:00' }] }],
    ['schedule', { schedule: [{ ...step, to: '25:00' }] }],
    ['schedule', { schedule: [{ ...step, percent: 0 }] }],
    ['schedule', { schedule: [{ ...step, percent: 1_001 }] }],
    ['schedule', { schedule: [{ ...step, down_bps: '1M', up_bps: '1M' }] }],
    ['schedule', { schedule: [step, { ...step, from: '20:59', to: '22:00' }] }],
    ['on-expiry', { on_expiry: 'slower' }],
    ['on-block', { on_block: '' }],
    ['garden-address-list', { garden_address_list: long }],
    ['garden-pool', { garden_pool: '' }],
    ['gardens.expired.address-list', { gardens: { expired: { address_list: '' } } }],
    ['gardens.quota.pool', { gardens: { quota: { pool: long } } }],
    ['attribute', { attributes: ['Bad = 1'] }],
  ])('names %s (%#)', (field, fields) => {
    expect(() => check(fields)).toThrow(FieldError)
    expect(() => check(fields)).toThrow(new RegExp(`^${field.replaceAll('.', String.raw`\.`)}: `))
  })

  it('comes for a price that could never be charged, in whatever currency', () => {
    for (const currency of ['CLF', 'KWD', 'JPY']) {
      expect(() => check({ price: '999999999999999' }, currency)).toThrow('price: must not be more than')
    }
  })
})

describe('rates', () => {
  const rates = { down_bps: '50M', up_bps: '20M' }
  it.each<[string, Record<string, unknown>]>([
    ['down-bps', { down_bps: 0 }],
    ['down-bps', { down_bps: 1.5 }],
    ['down-bps', { down_bps: Number.NaN }],
    ['up-bps', { up_bps: '9007199254740992' }],
    ['up-bps', { up_bps: '10 Mbit' }],
    ['burst-down-bps', { burst_down_bps: '60M' }],
    ['burst-down-bps', { burst_up_bps: '60M' }],
    ['burst-down-bps', { burst_seconds: 8 }],
    ['burst-down-bps', { burst_threshold_up_bps: '10M' }],
    ['burst-down-bps', { burst_down_bps: '49M', burst_up_bps: '20M' }],
    ['burst-up-bps', { burst_down_bps: '50M', burst_up_bps: '19M' }],
    ['burst-seconds', { burst_down_bps: '60M', burst_up_bps: '30M', burst_seconds: 0 }],
    ['burst-seconds', { burst_down_bps: '60M', burst_up_bps: '30M', burst_seconds: 3_601 }],
    ['burst-threshold-down-bps', { burst_down_bps: '60M', burst_up_bps: '30M', burst_threshold_down_bps: 'half' }],
    ['priority', { priority: 0 }],
    ['priority', { priority: 9 }],
    ['min-down-bps', { min_down_bps: '1M' }],
    ['min-down-bps', { min_up_bps: '1M' }],
    ['min-down-bps', { min_down_bps: '51M', min_up_bps: '1M' }],
    ['min-up-bps', { min_down_bps: '1M', min_up_bps: '21M' }],
  ])('name %s (%#)', (field, wrong) => {
    expect(() => checkSpeeds({ ...rates, ...wrong })).toThrow(new RegExp(`^${field}: `))
  })

  it('may burst at the rate itself, and keep the rate itself as minimum', () => {
    const whole = { burst_down_bps: '50M', burst_up_bps: '20M', min_down_bps: '50M', min_up_bps: '20M' }
    expect(checkSpeeds({ ...rates, ...whole })).toMatchObject({ burst_down_bps: 50_000_000n, min_up_bps: 20_000_000n })
  })

  it('are the same as numbers and as text', () => {
    expect(checkSpeeds({ down_bps: 50_000_000, up_bps: '20000k' })).toEqual(checkSpeeds(rates))
  })
})

describe('pools of NAS groups', () => {
  it('are kept in the order of the groups, without those that name none', () => {
    const none = { pool: null, ipv6_pool: null, delegated_ipv6_pool: null }
    expect(
      checkPools([{ nas_group_id: 3n, pool: ' c ' }, { nas_group_id: 2n }, { nas_group_id: 1n, ipv6_pool: 'six' }]),
    ).toEqual([
      { nas_group_id: 1n, ...none, ipv6_pool: 'six' },
      { nas_group_id: 3n, ...none, pool: 'c' },
    ])
  })

  it('name a group once, and a pool by a name', () => {
    const twice = [
      { nas_group_id: 1n, pool: 'a' },
      { nas_group_id: 1n, pool: 'b' },
    ]
    expect(() => checkPools(twice)).toThrow('group-pools: names a NAS group twice')
    expect(() => checkPools([{ nas_group_id: 1n, pool: '' }])).toThrow(/^group-pools: /)
    expect(() => checkPools([{ nas_group_id: 1n, delegated_ipv6_pool: long }])).toThrow(/^group-pools: /)
  })
})
