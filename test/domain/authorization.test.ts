import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attributeName, authorize, mergeAttributes } from '../../src/domain/authorization.ts'
import type { AuthorizationContext } from '../../src/domain/authorization.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { after, noon, testSubject } from '../support/access.ts'

const context: AuthorizationContext = {
  garden: undefined,
  nasAttributes: [],
  class: () => Buffer.from('class'),
  classId: 0x7fffn,
  cui: undefined,
  settings: { ...defaultSettings, interim_jitter: 0 },
}
const authorized = (changes: Parameters<typeof testSubject>[0] = {}, given: Partial<AuthorizationContext> = {}) =>
  authorize(testSubject(changes), { ...context, ...given }, noon)

describe('authorize', () => {
  it('gives the rates of the plan', () => {
    const plan = { down_bps: 50_000_000, up_bps: 20_000_000, priority: 3 }
    expect(authorized({ plan }).rates).toEqual({
      downBps: 50_000_000,
      upBps: 20_000_000,
      burst: undefined,
      priority: 3,
    })
  })

  it('gives a burst, its missing parts filled in', () => {
    const plan = { down_bps: 50, up_bps: 20, burst_down_bps: 100, burst_up_bps: 40 }
    expect(authorized({ plan }).rates.burst).toEqual({
      downBps: 100,
      upBps: 40,
      thresholdDownBps: 50,
      thresholdUpBps: 20,
      seconds: 1,
    })
    const whole = { ...plan, burst_threshold_down_bps: 40, burst_threshold_up_bps: 15, burst_seconds: 8 }
    expect(authorized({ plan: whole }).rates.burst).toMatchObject({
      thresholdDownBps: 40,
      thresholdUpBps: 15,
      seconds: 8,
    })
  })

  it('gives the pools of the plan, or the static addresses in their place', () => {
    const plan = { pool: 'home', ipv6_pool: 'home6', delegated_ipv6_pool: 'home-pd' }
    expect(authorized({ plan })).toMatchObject({
      address: undefined,
      pool: 'home',
      ipv6Pool: 'home6',
      delegatedIpv6Pool: 'home-pd',
    })
    const addresses = [
      { kind: 'framed-ip', prefix: '192.0.2.7' },
      { kind: 'framed-ipv6-prefix', prefix: '2001:db8:1::/64' },
      { kind: 'delegated-ipv6-prefix', prefix: '2001:db8:100::/56' },
      { kind: 'framed-ipv6-address', prefix: '2001:db8:1::7' },
    ] as const
    expect(authorized({ plan, addresses })).toMatchObject({
      address: '192.0.2.7',
      pool: undefined,
      ipv6Prefix: '2001:db8:1::/64',
      ipv6Pool: undefined,
      ipv6Address: '2001:db8:1::7',
      delegatedIpv6Prefix: '2001:db8:100::/56',
      delegatedIpv6Pool: undefined,
    })
  })

  it('hands on routes, address list, idle timeout, Class and CUI', () => {
    const given = authorized(
      { routes: ['192.0.2.0/29 0.0.0.0 1'], plan: { address_list: 'residential', idle_timeout_s: 900 } },
      { cui: 'token' },
    )
    expect(given).toMatchObject({
      routes: ['192.0.2.0/29 0.0.0.0 1'],
      addressList: 'residential',
      idleTimeoutS: 900,
      class: Buffer.from('class'),
      cui: 'token',
    })
  })

  describe('Session-Timeout (decision 19)', () => {
    it.each([
      ['never ends', { expiresAt: null }, undefined],
      ['renews by itself', { expiresAt: after(7_200), autoRenew: true }, undefined],
      ['ends', { expiresAt: after(7_200) }, 7_200],
      ['ends after a grace', { expiresAt: after(7_200), graceUntil: after(10_800) }, 10_800],
      ['is in its grace', { expiresAt: after(-100), graceUntil: after(600) }, 600],
      ['ends within the minute', { expiresAt: after(2) }, 60],
      ['ends in a hundred years', { expiresAt: after(100 * 365 * 86_400) }, 2 ** 31 - 1],
    ])('of a line that %s', (_, facts, expected) => {
      expect(authorized(facts).sessionTimeoutS).toBe(expected)
    })

    it('rounds up, so that the line is not cut before its end', () => {
      expect(authorized({ expiresAt: after(100.2) }).sessionTimeoutS).toBe(101)
    })
  })

  describe('Acct-Interim-Interval', () => {
    it('is the plan’s, else the setting', () => {
      expect(authorized().interimIntervalS).toBe(300)
      expect(authorized({ plan: { interim_interval_s: 900 } }).interimIntervalS).toBe(900)
    })

    it('varies by session within the jitter, the same for the same session, and never under 60 s (RFC 2869 §5.16)', () => {
      fc.assert(
        fc.property(
          fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
          fc.integer({ min: 60, max: 86_400 }),
          fc.double({ min: 0, max: 0.5, noNaN: true }),
          (classId, interval, jitter) => {
            const settings = { ...defaultSettings, interim_jitter: jitter }
            const given = { classId, settings }
            const { interimIntervalS } = authorized({ plan: { interim_interval_s: interval } }, given)
            expect(authorized({ plan: { interim_interval_s: interval } }, given).interimIntervalS).toBe(
              interimIntervalS,
            )
            expect(interimIntervalS).toBeGreaterThanOrEqual(Math.max(60, Math.floor(interval * (1 - jitter))))
            expect(interimIntervalS).toBeLessThanOrEqual(Math.max(60, Math.ceil(interval * (1 + jitter))))
          },
        ),
      )
    })

    it('spreads a crowd over the whole width', () => {
      const settings = { ...defaultSettings, interim_jitter: 0.1 }
      const intervals = Array.from(
        { length: 256 },
        (_, i) => authorized({}, { settings, classId: BigInt(i) << 8n }).interimIntervalS,
      )
      expect(Math.min(...intervals)).toBe(270)
      expect(Math.max(...intervals)).toBe(330)
    })
  })

  describe('walled garden', () => {
    const subject = {
      attributes: ['Mikrotik-Mark-Id = fast'],
      routes: ['192.0.2.0/29 0.0.0.0 1'],
      expiresAt: after(-10),
      addresses: [
        { kind: 'framed-ip', prefix: '192.0.2.7' },
        { kind: 'delegated-ipv6-prefix', prefix: '2001:db8:100::/56' },
      ],
    } as const
    const plan = { pool: 'home', ipv6_pool: 'home6', delegated_ipv6_pool: 'pd', address_list: 'residential' }

    it('gives a small rate, the garden’s list and pool, and nothing that leads around it', () => {
      const garden = { garden_pool: 'garden', garden_address_list: 'unpaid', attributes: ['Filter-Id = x'] }
      const given = authorized(
        { ...subject, plan: { ...plan, ...garden, burst_down_bps: 90_000_000, burst_up_bps: 90_000_000, priority: 1 } },
        { garden: 'expired', nasAttributes: ['Framed-MTU = 1492'] },
      )
      expect(given).toMatchObject({
        garden: 'expired',
        rates: { downBps: 1_000_000, upBps: 1_000_000, burst: undefined, priority: undefined },
        address: undefined,
        pool: 'garden',
        addressList: 'unpaid',
        ipv6Prefix: undefined,
        ipv6Pool: undefined,
        delegatedIpv6Prefix: undefined,
        delegatedIpv6Pool: undefined,
        routes: [],
        attributes: ['Framed-MTU = 1492'],
        sessionTimeoutS: defaultSettings.garden_session_timeout_s,
      })
    })

    it('uses the ISP’s own list where the plan names none, and the static address where there is no garden pool', () => {
      const given = authorized({ ...subject, plan: { ...plan, down_bps: 500_000 } }, { garden: 'blocked' })
      expect(given).toMatchObject({ addressList: 'garden', address: '192.0.2.7', pool: undefined })
      expect(given.rates.downBps).toBe(500_000)
      expect(authorized({ plan }, { garden: 'blocked' })).toMatchObject({ address: undefined, pool: 'home' })
    })

    it('may differ by its reason; what a reason does not name is the plan’s', () => {
      const gardens = {
        expired: { address_list: 'pay', pool: null },
        quota: { address_list: null, pool: 'more-volume' },
      }
      const fenced = { ...plan, garden_address_list: 'garden-of-plan', garden_pool: 'garden-pool', gardens }
      const given = (garden: 'expired' | 'blocked' | 'quota-exhausted') => authorized({ plan: fenced }, { garden })
      expect(given('expired')).toMatchObject({ addressList: 'pay', pool: 'garden-pool' })
      expect(given('blocked')).toMatchObject({ addressList: 'garden-of-plan', pool: 'garden-pool' })
      expect(given('quota-exhausted')).toMatchObject({ addressList: 'garden-of-plan', pool: 'more-volume' })
    })

    it('with a pool of its own for one reason gives no leased address again', () => {
      const lease = { framedIp: '192.0.2.99', framedIpv6Prefix: undefined, delegatedIpv6Prefix: undefined }
      const gardens = { quota: { address_list: null, pool: 'more-volume' } }
      expect(authorized({ plan }, { lease }).address).toBe('192.0.2.99')
      expect(authorized({ plan: { ...plan, gardens } }, { lease })).toMatchObject({ address: undefined, pool: 'home' })
    })
  })

  describe('pools of a NAS group', () => {
    const group_pools = [{ nas_group_id: 2, pool: 'north', ipv6_pool: null, delegated_ipv6_pool: 'north-pd' }]
    const plan = { pool: 'home', ipv6_pool: 'home6', group_pools }

    it('take the place of the plan’s there, where they are named', () => {
      expect(authorized({ plan }, { nasGroupId: 2n })).toMatchObject({
        pool: 'north',
        ipv6Pool: 'home6',
        delegatedIpv6Pool: 'north-pd',
      })
      for (const nasGroupId of [1n, undefined]) {
        expect(authorized({ plan }, { nasGroupId })).toMatchObject({ pool: 'home', delegatedIpv6Pool: undefined })
      }
      expect(authorized({ plan }, { nasGroupId: 2n, garden: 'expired' }).pool).toBe('north')
    })
  })

  describe('what was used', () => {
    const slower = { ...testSubject().plan, id: 2, down_bps: 2_000_000, up_bps: 1_000_000, address_list: 'slow' }
    const plan = { quota_down_octets: '100', on_quota: 'slower', slower, address_list: 'paid' } as const

    it('brings the rates and the list of the slower plan, and nothing else of it', () => {
      expect(authorized({ plan, used: { down: 99n, up: 999n } })).toMatchObject({ addressList: 'paid' })
      const slowed = authorized({ plan: { ...plan, pool: 'home' }, used: { down: 100n, up: 0n } })
      expect(slowed).toMatchObject({
        rates: { downBps: 2_000_000 },
        addressList: 'slow',
        pool: 'home',
        garden: undefined,
      })
      const listless = { ...plan, slower: { ...slower, address_list: null } }
      expect(authorized({ plan: listless, used: { down: 100n, up: 0n } }).addressList).toBe('paid')
    })

    it('brings the rates of a fair use step, by the clock of the ISP else those of the hour', () => {
      const schedule = [{ weekdays: [2], from: '13:00', to: '14:00', percent: 200 }]
      const fair = { schedule, fup_steps: [{ after_octets: '10', down_bps: 3, up_bps: 2 }] }
      const settings = { ...defaultSettings, zone: 'Europe/Berlin' }
      expect(authorized({ plan: fair }, { settings }).rates.downBps).toBe(100_000_000)
      expect(authorized({ plan: fair }).rates.downBps).toBe(50_000_000)
      expect(authorized({ plan: fair, used: { down: 10n, up: 0n } }, { settings }).rates).toMatchObject({
        downBps: 3,
        upBps: 2,
      })
    })
  })
})

describe('mergeAttributes', () => {
  it('takes all attributes of a name from the last level that has it', () => {
    const merged = mergeAttributes([
      ['Filter-Id = plan', 'Framed-MTU = 1400', 'Framed-Route = a', 'Framed-Route = b'],
      ['framed-mtu := 1492', 'Tunnel-Type:1 = VLAN'],
      ['Filter-Id=mine', 'Filter-Id=mine too'],
    ])
    expect(merged).toEqual([
      'Framed-Route = a',
      'Framed-Route = b',
      'framed-mtu := 1492',
      'Tunnel-Type:1 = VLAN',
      'Filter-Id=mine',
      'Filter-Id=mine too',
    ])
  })

  it('leaves a single level as it is', () => {
    const only = ['A = 1', 'A = 2']
    expect(mergeAttributes([[], only, []])).toBe(only)
    expect(mergeAttributes([])).toEqual([])
  })
})

describe('attributeName', () => {
  it.each(['Filter-Id = x', 'Filter-Id=x', 'filter-id := x', 'Filter-Id += x', 'Filter-Id:1 = x'])('of %j', (text) => {
    expect(attributeName(text)).toBe('filter-id')
  })
})
