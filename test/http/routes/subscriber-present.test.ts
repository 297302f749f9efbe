import { describe, expect, it } from 'vitest'
import { ownAuthor } from '../../../src/domain/author.ts'
import type { SubscriberPage, SubscriberShown } from '../../../src/domain/subscriber/show.ts'
import {
  outcomeOut,
  presentOutcome,
  presentSubscriber,
  subscriberOut,
} from '../../../src/http/routes/subscriber-present.ts'
import { hours, noon } from '../../support/operator.ts'

const row: SubscriberShown = {
  id: 7n,
  username: 'anna',
  username_reserved: true,
  account_type: 'ipoe',
  full_name: 'Ada Lovelace',
  email: null,
  phone: '+4930123456',
  phone_extension: null,
  address: null,
  latitude: 1.5,
  longitude: 2.5,
  zone: 'north',
  language: 'de',
  plan_id: 1n,
  plan: 'Home',
  next_plan_id: null,
  next_plan: null,
  owner_id: 1n,
  owner: 'ISP',
  group_id: 3n,
  group: 'Lake',
  payer_id: 9n,
  payer: 'Ada Lovelace',
  balance_minor: -1_250n,
  currency: 'EUR',
  enabled: true,
  block_reason: null,
  blocked_at: null,
  activated_at: noon,
  period_started_at: noon,
  expires_at: hours(24),
  grace_until: hours(48),
  auto_renew: false,
  session_limit: null,
  device_limit: 2,
  credential: null,
  bound_interface: null,
  bound_port: '1/0/1',
  bound_s_vlan: null,
  bound_c_vlan: 7,
  bound_nas_group_id: 1n,
  bound_nas_group: 'default',
  circuit_id: Buffer.from('olt/1'),
  remote_id: Buffer.from([0, 4]),
  duid: null,
  learn_mac_until: null,
  attributes: [],
  routes: [],
  comments: 2,
  usage_up: 5_000_000_000_000_000_000n,
  usage_down: 1n,
  last_seen_at: hours(-1),
  last_nas: 'bng1',
  last_interface: 'vlan7',
  last_mac: 'aa:00:00:00:00:01',
  last_framed_ip: '10.0.0.1',
  created_at: noon,
  updated_at: noon,
  archived_at: null,
  purged_at: null,
  version: '1',
}
const session = {
  id: 5n,
  acct_session_id: 'a1',
  nas: 'bng2',
  started_at: noon,
  updated_at: hours(1),
  framed_ip: '10.0.0.2',
  framed_ipv6_prefix: null,
  delegated_ipv6_prefix: null,
  framed_ipv6_address: null,
  mac: 'aa:00:00:00:00:02',
  interface: 'vlan8',
  usage_up: 1n,
  usage_down: 2n,
}
const by = ownAuthor('system', 'test', { currentId: 1, firstId: 1, keys: new Map(), rows: [] })
const page = (more: Partial<SubscriberShown> = {}, rest: Partial<SubscriberPage> = {}): SubscriberPage => ({
  row: { ...row, ...more },
  devices: [],
  addresses: [],
  sessions: [],
  ...rest,
})
const show = (more: Partial<SubscriberShown> = {}, rest: Partial<SubscriberPage> = {}, now = noon) =>
  subscriberOut.parse(presentSubscriber(page(more, rest), by, now))

describe('a subscriber as it is shown', () => {
  it('has ids as numbers, octets as decimal text, money in major units, relay ids as people write them', () => {
    expect(show()).toMatchObject({
      id: 7,
      plan: { id: 1, name: 'Home' },
      next_plan: null,
      group: { id: 3, name: 'Lake' },
      balance: '-12.50',
      currency: 'EUR',
      usage_up: '5000000000000000000',
      circuit_id: 'olt/1',
      remote_id: '0x0004',
      expires_at: hours(24).toISOString(),
      bound_nas_group: { id: 1, name: 'default' },
      comments: 2,
    })
  })

  it('tells the service period whether or not it is blocked, disabled or deleted', () => {
    const facts = { enabled: false, blocked_at: noon, block_reason: 'unpaid', archived_at: noon }
    expect(show(facts)).toMatchObject({ label: 'archived', service_period: 'active' })
    expect(show({ ...facts, archived_at: null })).toMatchObject({ label: 'disabled', service_period: 'active' })
    expect(show({ blocked_at: noon, block_reason: 'unpaid' }, {}, hours(30))).toMatchObject({
      label: 'blocked',
      service_period: 'grace',
    })
    expect(show({}, {}, hours(50))).toMatchObject({ label: 'expired', service_period: 'expired' })
    expect(show({ activated_at: null, expires_at: null, grace_until: null })).toMatchObject({ service_period: 'new' })
  })

  it('was last seen where it is live, else where it was last', () => {
    expect(show()).toMatchObject({
      online: false,
      last_seen: { at: hours(-1).toISOString(), nas: 'bng1', interface: 'vlan7', framed_ip: '10.0.0.1' },
    })
    expect(show({}, { sessions: [session] })).toMatchObject({
      online: true,
      sessions: [{ id: 5, usage_up: '1', usage_down: '2' }],
      last_seen: { at: hours(1).toISOString(), nas: 'bng2', interface: 'vlan8', framed_ip: '10.0.0.2' },
    })
    const never = { last_seen_at: null, last_nas: null, last_interface: null, last_mac: null, last_framed_ip: null }
    expect(show(never).last_seen).toEqual({ at: null, nas: null, interface: null, mac: null, framed_ip: null })
  })

  it('shows no balance to who may not see money', () => {
    const nobody = { ...by, permissions: new Set<never>() }
    expect(presentSubscriber(page(), nobody, noon).balance).toBeNull()
  })
})

describe('an outcome as it is shown', () => {
  it('is of JSON values only', () => {
    const outcome = {
      subscriberId: 7n,
      kind: 'done' as const,
      detail: { at: noon, ids: [1n, 2n], nested: { id: 3n }, nothing: null },
      revealed: { password: 'x' },
      undo: { action: 'set-zone', params: { zone: null, group: 5n } },
    }
    const shown = outcomeOut.parse(presentOutcome(outcome))
    expect(JSON.parse(JSON.stringify(shown))).toEqual({
      subscriber_id: 7,
      outcome: 'done',
      detail: { at: noon.toISOString(), ids: [1, 2], nested: { id: 3 }, nothing: null },
      revealed: { password: 'x' },
      undo: { action: 'set-zone', params: { zone: null, group: 5 } },
    })
    expect(presentOutcome({ subscriberId: 7n, kind: 'unchanged' })).toEqual({ subscriber_id: 7, outcome: 'unchanged' })
  })
})
