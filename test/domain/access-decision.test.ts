import { describe, expect, it } from 'vitest'
import { accessRules, decideAccess, lostClaim } from '../../src/domain/access-decision.ts'
import type { AccessSubject } from '../../src/domain/access-subject.ts'
import { after, macA, macB, noon, testNas, testRequest, testSubject } from '../support/access.ts'

const request = testRequest()
const bound = (mac: string) => ({ mac, bound: true })

function reasonOf(subject: AccessSubject | undefined, asked = request): string {
  const decision = decideAccess(subject, asked, 'match', noon)
  return decision.kind === 'reject' ? decision.reason : (decision.garden ?? 'accept')
}

describe('decideAccess', () => {
  it('accepts who fulfils every rule, and nothing has to be written', () => {
    expect(decideAccess(testSubject(), request, 'match', noon)).toEqual({
      kind: 'accept',
      garden: undefined,
      claim: undefined,
    })
  })

  it('rejects a name that nobody has, whatever the proof says', () => {
    expect(reasonOf(undefined)).toBe('unknown')
    expect(decideAccess(undefined, request, 'credential-cannot', noon)).toMatchObject({ reason: 'unknown' })
  })

  it.each(['wrong-password', 'credential-cannot', 'bad-credentials-form'] as const)(
    'gives %s before anything else is told of the subscriber',
    (proof) => {
      const subject = testSubject({ archivedAt: noon, enabled: false, blockedAt: noon, expiresAt: after(-1) })
      expect(decideAccess(subject, request, proof, noon)).toMatchObject({ kind: 'reject', reason: proof })
    },
  )

  it('has the rules in their order: of several failures the first is the reason', () => {
    const everything: Parameters<typeof testSubject>[0][] = [
      { archivedAt: after(-1) },
      { enabled: false },
      { blockedAt: after(-1) },
      { expiresAt: after(-1) },
      { binding: { nasGroupId: 2n } },
      { devices: [bound(macB)] },
      { binding: { nasGroupId: null, cVlan: 12 } },
      { plan: { quota_octets: '10' }, used: { down: 4n, up: 6n } },
      { sessionLimit: 1, otherLines: 1 },
    ]
    const reasons = everything.map((_, from) =>
      reasonOf(testSubject(Object.assign({}, ...everything.slice(from).toReversed()))),
    )
    expect(reasons).toEqual(accessRules.map((rule) => rule.reason))
  })

  describe('service period', () => {
    it('ends at its instant', () => {
      expect(reasonOf(testSubject({ expiresAt: after(1) }))).toBe('accept')
      expect(reasonOf(testSubject({ expiresAt: noon }))).toBe('expired')
    })

    it('goes on in its grace', () => {
      expect(reasonOf(testSubject({ expiresAt: after(-10), graceUntil: after(1) }))).toBe('accept')
      expect(reasonOf(testSubject({ expiresAt: after(-10), graceUntil: noon }))).toBe('expired')
    })

    it('begins with the first login', () => {
      const decision = decideAccess(testSubject({ activatedAt: null }), request, 'match', noon)
      expect(decision).toMatchObject({ kind: 'accept', claim: { activate: true } })
    })
  })

  describe('NAS groups', () => {
    it('are all allowed, or those that the plan names', () => {
      const at = (nasGroupId: bigint) => testRequest({ nas: testNas({ nasGroupId }) })
      expect(reasonOf(testSubject(), at(9n))).toBe('accept')
      const subject = testSubject({ plan: { allowed_nas_group_ids: [1, 2] } })
      expect([reasonOf(subject, at(2n)), reasonOf(subject, at(3n))]).toEqual(['accept', 'nas-not-allowed'])
      expect(decideAccess(subject, at(3n), 'match', noon)).toMatchObject({
        detail: 'the plan Home50 is not for the NAS group of bng-1',
      })
    })
  })

  describe('quota', () => {
    const used = { down: 100n, up: 0n }

    it('that a slower plan follows refuses nobody', () => {
      const plan = { quota_octets: '100', on_quota: 'slower' } as const
      expect(reasonOf(testSubject({ plan, used }))).toBe('accept')
    })

    it('counts the directions together or each for itself', () => {
      expect(reasonOf(testSubject({ plan: { quota_down_octets: '100' }, used }))).toBe('quota-exhausted')
      expect(reasonOf(testSubject({ plan: { quota_up_octets: '100' }, used }))).toBe('accept')
      expect(reasonOf(testSubject({ plan: { quota_octets: '101' }, used: { down: 100n, up: 1n } }))).toBe(
        'quota-exhausted',
      )
    })
  })

  describe('the rule for devices', () => {
    const asked = testRequest({ mac: macA })
    const learnt = (subject: AccessSubject) => {
      const decision = decideAccess(subject, asked, 'match', noon)
      return decision.kind === 'accept' ? decision.claim?.learn?.mac : decision.reason
    }

    it('learn: as many as the limit says', () => {
      expect(learnt(testSubject({ deviceLimit: 1 }))).toBe(macA)
      expect(learnt(testSubject({ deviceLimit: 1, devices: [bound(macB)] }))).toBe('mac-not-bound')
      expect(learnt(testSubject())).toBeUndefined()
    })

    it('free: every device, and none is learnt; what an operator bound still holds', () => {
      const plan = { mac_rule: 'free' } as const
      expect(learnt(testSubject({ plan, deviceLimit: 1 }))).toBeUndefined()
      expect(learnt(testSubject({ plan, devices: [bound(macB)] }))).toBe('mac-not-bound')
    })

    it('bound: only those that are bound', () => {
      const plan = { mac_rule: 'bound' } as const
      expect(learnt(testSubject({ plan }))).toBe('mac-not-bound')
      expect(learnt(testSubject({ plan, deviceLimit: 5, devices: [bound(macB)] }))).toBe('mac-not-bound')
      expect(learnt(testSubject({ plan, devices: [bound(macA)] }))).toBeUndefined()
      // An open window is how one is bound from afar.
      expect(decideAccess(testSubject({ plan, learnMacUntil: after(60) }), asked, 'match', noon)).toMatchObject({
        kind: 'accept',
        learnInWindow: macA,
      })
    })
  })

  describe('walled garden', () => {
    it.each([
      ['expired', { expiresAt: after(-1) }, { on_expiry: 'garden' }],
      ['blocked', { blockedAt: after(-1) }, { on_block: 'garden' }],
      ['quota-exhausted', { used: { down: 5n, up: 0n } }, { on_quota: 'garden', quota_octets: '5' }],
    ] as const)('takes a login that is %s where the plan says so', (reason, facts, plan) => {
      expect(decideAccess(testSubject({ ...facts, plan }), request, 'match', noon)).toMatchObject({
        kind: 'accept',
        garden: reason,
      })
    })

    it('is no way around the other rules', () => {
      const plan = { on_expiry: 'garden' } as const
      const expired = { expiresAt: after(-1), plan }
      expect(reasonOf(testSubject({ ...expired, devices: [bound(macB)] }))).toBe('mac-not-bound')
      expect(reasonOf(testSubject({ ...expired, sessionLimit: 1, otherLines: 1 }))).toBe('too-many-sessions')
      expect(reasonOf(testSubject({ ...expired, blockedAt: after(-1) }))).toBe('blocked')
      expect(reasonOf(testSubject({ ...expired, enabled: false }))).toBe('disabled')
    })

    it('takes a slot, but learns nothing and starts no service period', () => {
      const subject = testSubject({
        blockedAt: after(-1),
        activatedAt: null,
        deviceLimit: 2,
        sessionLimit: 1,
        plan: { on_block: 'garden' },
      })
      expect(decideAccess(subject, request, 'match', noon)).toMatchObject({
        claim: { sessionLimit: 1, learn: undefined, activate: false },
      })
    })
  })

  describe('NAS group', () => {
    it('lets a bound subscriber in through its own group only', () => {
      const subject = testSubject({ binding: { nasGroupId: 1n } })
      expect(reasonOf(subject)).toBe('accept')
      expect(reasonOf(subject, testRequest({ nas: testNas({ nasGroupId: 2n }) }))).toBe('nas-not-allowed')
    })
  })

  describe('devices', () => {
    it('do not restrict while none is bound', () => {
      expect(reasonOf(testSubject({ devices: [{ mac: macB, bound: false }] }))).toBe('accept')
    })

    it('let in a bound one and no other', () => {
      expect(reasonOf(testSubject({ devices: [bound(macA), bound(macB)] }))).toBe('accept')
      expect(reasonOf(testSubject({ devices: [bound(macB)] }))).toBe('mac-not-bound')
    })

    it('let in none where the request names no MAC', () => {
      const nameless = testRequest({ mac: undefined, line: undefined })
      expect(reasonOf(testSubject({ devices: [bound(macB)] }), nameless)).toBe('mac-not-bound')
      expect(reasonOf(testSubject({ deviceLimit: 1 }), nameless)).toBe('mac-not-bound')
      expect(reasonOf(testSubject(), nameless)).toBe('accept')
    })

    it('are learnt up to the limit', () => {
      const one = testSubject({ deviceLimit: 2, devices: [bound(macB)] })
      expect(decideAccess(one, request, 'match', noon)).toMatchObject({
        claim: { learn: { mac: macA, deviceLimit: 2 } },
      })
      expect(reasonOf(testSubject({ deviceLimit: 1, devices: [bound(macB)] }))).toBe('mac-not-bound')
    })

    it('are learnt once: a known one has nothing to write', () => {
      const known = testSubject({ deviceLimit: 1, devices: [bound(macA)] })
      expect(decideAccess(known, request, 'match', noon)).toMatchObject({ kind: 'accept', claim: undefined })
    })
  })

  describe('interface', () => {
    const place = { raw: 'ether1.100.200', port: '1', sVlan: 100, cVlan: 200 }
    const asked = testRequest({ interface: place })

    it.each([
      [{ interface: 'ether1.100.200' }, 'accept'],
      [{ interface: 'ether2' }, 'wrong-interface'],
      [{ port: '1', sVlan: 100, cVlan: 200 }, 'accept'],
      [{ sVlan: 101 }, 'wrong-interface'],
      [{ sVlan: 100, cVlan: 201 }, 'wrong-interface'],
      [{ port: '2' }, 'wrong-interface'],
    ])('bound by %j gives %s', (binding, expected) => {
      expect(reasonOf(testSubject({ binding }), asked)).toBe(expected)
    })

    it('that cannot be read is not the bound one', () => {
      expect(reasonOf(testSubject({ binding: { cVlan: 200 } }))).toBe('wrong-interface')
    })
  })

  describe('quota', () => {
    const plan = { quota_octets: '9007199254740993' }
    it('is used up when it is reached, exact above 2^53', () => {
      expect(reasonOf(testSubject({ plan, used: { down: 9007199254740992n, up: 0n } }))).toBe('accept')
      expect(reasonOf(testSubject({ plan, used: { down: 9007199254740992n, up: 1n } }))).toBe('quota-exhausted')
    })
  })

  describe('session limit', () => {
    it('counts other lines only, and needs a slot', () => {
      expect(reasonOf(testSubject({ sessionLimit: 2, otherLines: 2 }))).toBe('too-many-sessions')
      const decision = decideAccess(testSubject({ sessionLimit: 2, otherLines: 1 }), request, 'match', noon)
      expect(decision).toMatchObject({ kind: 'accept', claim: { sessionLimit: 2, activate: false } })
    })
  })

  it('says in plain words what it saw', () => {
    const detailOf = (subject: AccessSubject): string => {
      const decision = decideAccess(subject, request, 'match', noon)
      return decision.kind === 'reject' ? decision.detail : ''
    }
    expect(detailOf(testSubject({ blockedAt: noon, blockReason: 'unpaid' }))).toBe(
      'the subscriber is blocked since 2026-03-10T12:00:00.000Z: unpaid',
    )
    expect(detailOf(testSubject({ sessionLimit: 1, otherLines: 1 }))).toBe('1 other line is live, the limit is 1')
    expect(detailOf(testSubject({ binding: { cVlan: 7 } }))).toBe(
      'the subscriber is bound to C-VLAN 7, the request came from none that we can read',
    )
  })
})

describe('lostClaim', () => {
  it('refuses who lost the last slot or the last device', () => {
    const claim = { sessionLimit: 1, learn: { mac: macA, deviceLimit: 3 }, activate: false }
    expect(lostClaim(claim, 'slot')).toMatchObject({ kind: 'reject', reason: 'too-many-sessions' })
    expect(lostClaim(claim, 'device')).toMatchObject({ kind: 'reject', reason: 'mac-not-bound' })
  })
})
