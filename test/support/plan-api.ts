// Plans by the API: one with every field, and a maker of others.

import { expect } from 'vitest'
import type { Client } from './api.ts'

/** A plan with all that it may have, as the API takes and answers it. */
export const everyField = {
  down_bps: 50_000_000,
  up_bps: 20_000_000,
  burst_down_bps: 100_000_000,
  burst_up_bps: 40_000_000,
  burst_threshold_down_bps: 30_000_000,
  burst_threshold_up_bps: 10_000_000,
  burst_seconds: 16,
  priority: 3,
  min_down_bps: 5_000_000,
  min_up_bps: 2_000_000,
  validity: 1,
  validity_unit: 'calendar-month',
  price: '20.50',
  setup_price: '49.00',
  auto_renew: true,
  grace_hours: 48,
  expiry_rule: 'local-hour',
  expiry_hour: 6,
  no_cut_days: [6, 7],
  session_limit: 2,
  device_limit: 3,
  mac_rule: 'learn',
  pool: 'home',
  ipv6_pool: 'home6',
  delegated_ipv6_pool: 'home-pd',
  group_pools: [{ nas_group_id: 1, pool: 'north', ipv6_pool: null, delegated_ipv6_pool: null }],
  allowed_nas_group_ids: [1],
  address_list: 'paid',
  idle_timeout_s: 600,
  interim_interval_s: 120,
  quota_octets: '100000000000',
  quota_down_octets: '90000000000',
  quota_up_octets: '50000000000',
  quota_period: 'month',
  on_quota: 'garden',
  quota_plan_id: null,
  fup_steps: [{ after_octets: '50000000000', down_bps: 10_000_000, up_bps: 5_000_000 }],
  schedule: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], from: '22:00', to: '06:00', percent: 200 }],
  on_expiry: 'garden',
  on_block: 'garden',
  garden_address_list: 'garden',
  garden_pool: 'garden-pool',
  gardens: { expired: { address_list: 'pay', pool: null }, quota: { address_list: 'more', pool: 'quota-pool' } },
  attributes: ['Filter-Id = "x"'],
}

/** What a plan needs at least, beside its name. */
export const leastPlan = { down_bps: 50_000_000, up_bps: '20M', validity: 30 }

export type MadePlan = Record<string, unknown> & { id: number }

let made = 0

/** Makes a plan with a name of its own. */
export async function makePlanBy(client: Client, fields: Record<string, unknown> = {}): Promise<MadePlan> {
  made += 1
  const answer = await client.post('/plans', { name: `Plan ${String(made).padStart(3, '0')}`, ...leastPlan, ...fields })
  expect(answer).toMatchObject({ status: 201 })
  return answer.body as MadePlan
}
