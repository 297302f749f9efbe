import { describe, expect, it } from 'vitest'
import type { Authorization } from '../../src/domain/authorization.ts'
import type { ClaimedOrder } from '../../src/domain/coa-delivery.ts'
import { grantedBy } from '../../src/domain/coa-evidence.ts'
import type { CoaTarget } from '../../src/domain/coa-target.ts'
import type { Entitlement, GardenPools, LiveSession } from '../../src/domain/live-session.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { stepOf } from '../../src/jobs/order-step.ts'
import { leastAuthorization } from '../support/authorization.ts'
import { noon } from '../support/operator.ts'

const order = {
  id: 1n,
  sessionId: 7n,
  subscriberId: 5n,
  nasId: 3n,
  wish: 'reapply',
  reason: 'a test',
  attempts: 1,
  deadline: new Date(noon.getTime() + 60_000),
  isOvertaken: false,
  acknowledged: 0,
  acknowledgedAt: null,
  isTried: false,
  isRemoved: false,
} satisfies ClaimedOrder
const full: Authorization = { ...leastAuthorization, pool: 'home' }
const inGarden: Authorization = { ...full, garden: 'blocked', addressList: 'pay-first' }
const noPools: GardenPools = { expired: undefined, blocked: undefined, quota: undefined }
const listless = { garden: false, listed: false }
const session = {
  id: 7n,
  framedIp: '10.0.0.1',
  framedIpv6Prefix: undefined,
  delegatedIpv6Prefix: undefined,
  framedIpv6Address: undefined,
  leg: undefined,
  services: [],
  marks: listless,
  granted: undefined,
  garden: false,
  endedAt: undefined,
  isReplaced: false,
  isReused: false,
} as Partial<LiveSession> as LiveSession
const moved = (authorization: Authorization): Partial<LiveSession> => ({
  granted: grantedBy(authorization, undefined, undefined),
  garden: authorization.garden !== undefined,
})

type Case = {
  session?: Partial<LiveSession>
  authorization?: Partial<Authorization>
  pools?: Partial<GardenPools>
  plan?: object
  vendor?: Nas['vendor']
  settings?: object
  order?: Partial<ClaimedOrder>
  canChange?: boolean
  unreadable?: Error
}

function step(what: Case = {}) {
  const plan = { on_block: 'garden', on_expiry: 'reject', on_quota: 'reject', ...what.plan }
  const nas = { vendor: what.vendor ?? 'mikrotik', settings: { ...defaultNasSettings, ...what.settings } }
  const entitlement = {
    kind: 'service',
    authorization: { ...full, ...what.authorization },
    subject: { plan },
    gardenPools: { ...noPools, ...what.pools },
  } as unknown as Entitlement
  return stepOf(
    {
      order: { ...order, ...what.order },
      target: { nas } as CoaTarget,
      session: { ...session, ...what.session },
      entitlement,
      canChange: what.canChange ?? true,
      ...(what.unreadable === undefined ? {} : { unreadable: what.unreadable }),
    },
    noon,
  )
}
/** `change`, or why it is a Disconnect, or why nothing is sent. */
function outcome(what: Case = {}): string | undefined {
  const taken = step(what)
  if (taken.kind === 'over') return `over: ${taken.result.detail}`
  if (taken.kind === 'gone') return `gone: ${taken.detail}`
  return taken.kind === 'change' ? 'change' : taken.why
}

describe('full service', () => {
  it('is a plain change of a session that is not in the garden, although its plan has one', () => {
    expect(outcome()).toBe('change')
    expect(outcome({ session: { ...moved(full) } })).toBe('change')
  })

  it('is a redial for a session that is in the garden, or may be, where its list cannot be overwritten', () => {
    const out = 'only a new login leads out of the walled garden'
    expect(outcome({ session: { ...moved(inGarden) } })).toBe(out)
    expect(outcome({ session: { garden: undefined, marks: undefined } })).toBe(out)
    expect(outcome({ session: { garden: undefined, marks: undefined }, plan: { on_block: 'reject' } })).toBe('change')
    // Also where the plan of now has no garden any more.
    expect(outcome({ session: { ...moved(inGarden) }, plan: { on_block: 'reject' } })).toBe(out)
  })

  it('is a change where a list of its own takes the place of that of the garden, unless the Accept led there', () => {
    const authorization = { addressList: 'home' }
    expect(outcome({ session: { ...moved(inGarden) }, authorization })).toBe('change')
    const born = { garden: true, marks: { garden: true, listed: true } }
    expect(outcome({ session: born, authorization })).toBe('only a new login leads out of the walled garden')
  })

  it('is a redial where a list that was given is to go, at a NAS that knows lists', () => {
    const kept = 'an address list is not taken back by a change'
    const marks = { garden: false, listed: true }
    expect(outcome({ session: { marks } })).toBe(kept)
    expect(outcome({ session: { ...moved({ ...full, addressList: 'home' }) } })).toBe(kept)
    expect(outcome({ session: { marks }, authorization: { addressList: 'other' } })).toBe('change')
    expect(outcome({ session: { marks }, vendor: 'accel-ppp' })).toBe('change')
  })
})

describe('the walled garden', () => {
  it('is entered by a change that gives its list', () => {
    expect(outcome({ authorization: inGarden })).toBe('change')
    expect(outcome({ authorization: { ...inGarden, addressList: undefined } })).toBe(
      'the NAS cannot change this in a live session',
    )
  })

  it('is entered by a redial where it has a pool of its own, or the session has IPv6, which the list does not fence', () => {
    expect(outcome({ authorization: inGarden, pools: { blocked: 'penned' } })).toBe(
      'the walled garden has a pool of its own',
    )
    expect(outcome({ authorization: inGarden, pools: { expired: 'penned' } })).toBe('change')
    for (const address of ['framedIpv6Prefix', 'delegatedIpv6Prefix', 'framedIpv6Address']) {
      expect(outcome({ authorization: inGarden, session: { [address]: '2001:db8::/56' } })).toBe(
        'its IPv6 would go around the walled garden',
      )
    }
  })

  it('is not entered twice: what is in it is changed where it is, or left alone', () => {
    const born = { garden: true, marks: { garden: true, listed: true }, framedIpv6Prefix: '2001:db8::/64' }
    expect(outcome({ authorization: inGarden, session: born })).toBe('change')
    const pools = { expired: 'penned', blocked: 'penned', quota: 'penned' }
    expect(outcome({ authorization: inGarden, session: born, pools })).toBe('change')
    expect(outcome({ authorization: inGarden, session: born, vendor: 'accel-ppp' })).toBe(
      'over: it is in the walled garden already',
    )
  })

  it('is entered anew for another reason that has another pool', () => {
    const pools = { expired: 'later', blocked: 'penned', quota: undefined }
    const born = { garden: true, marks: { garden: true, listed: true } }
    expect(outcome({ authorization: inGarden, session: born, pools })).toBe(
      'the walled garden for this reason has another pool',
    )
    expect(outcome({ authorization: inGarden, session: { ...born, ...moved(inGarden) }, pools })).toBe('change')
  })
})

describe('an address of its own', () => {
  const other = 'it should have another address'
  it('is a redial where the session has another one, and nothing where it is not told yet or not of that leg', () => {
    expect(outcome({ authorization: { address: '10.0.0.1' } })).toBe('change')
    expect(outcome({ authorization: { address: '10.0.0.2' } })).toBe(other)
    const wanted = { address: '10.0.0.2' }
    // A Start may come before IPCP has settled the address.
    expect(outcome({ authorization: wanted, session: { framedIp: undefined } })).toBe('change')
    expect(outcome({ authorization: wanted, session: { leg: 'v4' } })).toBe(other)
    expect(outcome({ authorization: wanted, session: { leg: 'v6' } })).toBe('change')
  })

  it.each([
    ['ipv6Prefix', 'framedIpv6Prefix'],
    ['delegatedIpv6Prefix', 'delegatedIpv6Prefix'],
    ['ipv6Address', 'framedIpv6Address'],
  ])('of IPv6 (%s) is a redial where the session is known to have another one', (wanted, has) => {
    const authorization = { [wanted]: '2001:db8:1::/64' }
    expect(outcome({ authorization, session: { [has]: '2001:db8:1::/64' } })).toBe('change')
    expect(outcome({ authorization, session: { [has]: '2001:db8:2::/64' } })).toBe(other)
    expect(outcome({ authorization })).toBe('change')
  })
})

describe('an order', () => {
  it('is a Disconnect at a NAS that refuses changes, unless there is nothing to be changed', () => {
    expect(outcome({ canChange: false })).toBe('the NAS has refused to change sessions live')
    expect(outcome({ settings: { coa: false } })).toBe('the NAS takes no CoA-Request (its setting coa is off)')
    const running = { services: ['internet(20m,50m)'] }
    expect(outcome({ canChange: false, vendor: 'juniper', session: running })).toBe('over: it has what it should have')
  })

  it('is over where a newer one is there, where its time is over, and where the session is', () => {
    expect(step({ order: { isOvertaken: true } })).toMatchObject({ result: { state: 'replaced' } })
    expect(step({ order: { deadline: noon, isTried: true } })).toMatchObject({ result: { state: 'expired' } })
    expect(step({ session: { endedAt: noon } })).toMatchObject({ result: { state: 'done', evidence: 'observed' } })
    const replaced = { endedAt: noon, isReplaced: true }
    expect(step({ session: replaced, order: { reason: 'replaced', wish: 'disconnect' } }).kind).toBe('disconnect')
  })

  it('that was never tried is carried out however late, whoever has claimed it before', () => {
    expect(outcome({ order: { deadline: noon, attempts: 3 } })).toBe('change')
    expect(step({ order: { deadline: noon, wish: 'disconnect' } }).kind).toBe('disconnect')
  })

  it('about a session whose id a later one has is over without a word to the NAS, unless it has ended', () => {
    const gone = 'gone: its NAS has given its Acct-Session-Id to a later session'
    for (const wish of ['reapply', 'disconnect'] as const) {
      expect(outcome({ session: { isReused: true }, order: { wish } })).toBe(gone)
    }
    expect(outcome({ session: { isReused: true, endedAt: noon } })).toBe('over: the session has ended')
    expect(outcome({ session: { isReused: true }, order: { isTried: true, deadline: noon } })).toBe(gone)
  })

  it('of a subscriber who cannot be read is not made, but for a Disconnect', () => {
    const unreadable = new Error('its plan is broken')
    expect(() => step({ unreadable })).toThrow('its plan is broken')
    expect(step({ unreadable, order: { wish: 'disconnect' } }).kind).toBe('disconnect')
  })
})
