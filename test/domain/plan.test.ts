import { describe, expect, it } from 'vitest'
import { addReseller, ispId } from '../../src/domain/organisation.ts'
import { addPlan, listPlans } from '../../src/domain/plan.ts'
import type { NewPlan } from '../../src/domain/plan.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { findPlanFor } from '../../src/domain/subscriber/names.ts'
import { noon, useOffice } from '../support/operator.ts'

const office = useOffice()
const add = (input: Partial<NewPlan>) =>
  addPlan(office.db, { name: 'Home', down: '50M', up: '20M', days: 30, ...input }, () => undefined, noon)

describe('adding a plan', () => {
  it('takes rates, volumes and prices as people write them', async () => {
    await add({
      name: 'Full',
      price: '20.50',
      burstDown: '100M',
      burstUp: '40M',
      burstThresholdDown: '30M',
      burstThresholdUp: '10M',
      burstSeconds: 16,
      priority: '1',
      sessionLimit: '2',
      deviceLimit: 3,
      quota: '100G',
      pool: 'home',
      addressList: 'paid',
      idleTimeoutS: 600,
      interimIntervalS: 120,
      graceHours: 48,
      expiryRule: 'local-hour',
      expiryHour: '6',
      noCutDays: ['7', '6', '6'],
      onExpiry: 'garden',
      attributes: [' Filter-Id = x '],
    })
    const [plan] = await listPlans(office.db)
    expect(plan).toMatchObject({
      name: 'Full',
      owner: null,
      down_bps: 50_000_000n,
      up_bps: 20_000_000n,
      burst_down_bps: 100_000_000n,
      burst_threshold_up_bps: 10_000_000n,
      burst_seconds: 16,
      priority: 1,
      validity: 30,
      price_minor: 2_050n,
      currency: 'EUR',
      session_limit: 2,
      quota_octets: 100_000_000_000n,
      expiry_rule: 'local-hour',
      expiry_hour: 6,
      no_cut_days: [6, 7],
      on_expiry: 'garden',
      on_block: 'reject',
      grace_hours: 48,
      attributes: ['Filter-Id = x'],
    })
  })

  it('prices in the currency of the ISP', async () => {
    await writeSetting(office.db, { name: 'currency', value: 'JPY' }, noon)
    await add({ name: 'Yen', price: '1500' })
    expect((await listPlans(office.db)).find((plan) => plan.name === 'Yen')).toMatchObject({
      price_minor: 1_500n,
      currency: 'JPY',
    })
    await expect(add({ name: 'Sen', price: '15.00' })).resolves.toBeDefined()
    await expect(add({ name: 'Rin', price: '15.5' })).rejects.toThrow('price: JPY has 0 digits')
    await writeSetting(office.db, { name: 'currency', value: 'EUR' }, noon)
  })

  it.each([
    ['name', { name: ' ' }],
    ['down-bps', { down: 'fast' }],
    ['up-bps', { up: '0' }],
    ['validity', { days: '-1' }],
    ['price', { price: '-1' }],
    ['burst-down-bps', { burstDown: '100M' }],
    ['burst-down-bps', { burstSeconds: 5 }],
    ['burst-down-bps', { burstDown: '40M', burstUp: '40M' }],
    ['burst-up-bps', { burstDown: '100M', burstUp: '10M' }],
    ['priority', { priority: 9 }],
    ['session-limit', { sessionLimit: 0 }],
    ['interim-interval-s', { interimIntervalS: 59 }],
    ['expiry-hour', { expiryHour: 6 }],
    ['expiry-hour', { expiryRule: 'local-hour' }],
    ['expiry-rule', { expiryRule: 'never' }],
    ['no-cut-days', { noCutDays: [1, 2, 3, 4, 5, 6, 7] }],
    ['no-cut-days', { noCutDays: ['monday'] }],
    ['on-expiry', { onExpiry: 'ignore' }],
    ['pool', { pool: '' }],
  ] satisfies [string, Partial<NewPlan>][])('names the field %s when it is wrong', async (field, input) => {
    await expect(add({ name: 'Wrong', ...input })).rejects.toThrow(`${field}: `)
  })

  it('checks extra attributes by who knows the dictionary', async () => {
    const plan = { name: 'Extra', down: '1M', up: '1M', days: 0, attributes: ['Foo = 1'] }
    await expect(addPlan(office.db, plan, () => 'there is no attribute Foo', noon)).rejects.toThrow(
      'attribute: there is no',
    )
  })
})

describe('finding a plan', () => {
  it("is by name, an organisation's own before the shared one", async () => {
    const isp = await ispId(office.db)
    const { id: reseller } = await addReseller(office.db, { name: 'Reseller' }, noon)
    const shared = await add({ name: 'Fibre' })
    await expect(add({ name: 'Fibre' })).rejects.toThrow('name: there is a plan Fibre already')
    const own = await add({ name: 'Fibre', ownerId: reseller, graceHours: 24 })
    expect(await findPlanFor(office.db, 'Fibre', isp)).toMatchObject({ id: shared.id, grace_hours: 0 })
    expect(await findPlanFor(office.db, 'Fibre', reseller)).toMatchObject({ id: own.id, grace_hours: 24 })
    await add({ name: 'Only theirs', ownerId: reseller })
    await expect(findPlanFor(office.db, 'Only theirs', isp)).rejects.toThrow('there is no plan "Only theirs"')
  })
})
