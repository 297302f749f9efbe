import { describe, expect, it } from 'vitest'
import { decideAccess, decideLine, unidentified } from '../../src/domain/access-decision.ts'
import type { AccessDecision } from '../../src/domain/access-decision.ts'
import type { Identified } from '../../src/domain/identify.ts'
import { after, macA, macB, noon, testNas, testRequest, testSubject } from '../support/access.ts'

const request = testRequest({ access: 'ipoe' })
const identified: Identified = {
  kind: 'found',
  by: 'mac',
  subscriberId: 7n,
  username: 'line7',
  bound: { circuitId: undefined, remoteId: undefined, duid: undefined },
  live: undefined,
}
const live: NonNullable<Identified['live']> = {
  classId: 5n,
  session: { id: 9n, updatedAt: noon, intervalS: 300 },
  framedIp: '10.0.0.7',
  framedIpv6Prefix: undefined,
  delegatedIpv6Prefix: undefined,
}

function decide(
  changes: Parameters<typeof testSubject>[0] = {},
  asked = request,
  found: Partial<Identified> = {},
): AccessDecision {
  return decideLine(testSubject({ accountType: 'ipoe', ...changes }), asked, { ...identified, ...found }, noon)
}

const reasonOf = (decision: AccessDecision) => (decision.kind === 'reject' ? decision.reason : 'accepted')

describe('an IPoE line', () => {
  it('needs no credential', () => {
    expect(decide()).toEqual({ kind: 'accept', garden: undefined, claim: undefined, learnInWindow: undefined })
  })

  it('is judged by the same rules as a login', () => {
    expect(reasonOf(decide({ blockedAt: noon }))).toBe('blocked')
    expect(reasonOf(decide({ enabled: false }))).toBe('disabled')
    expect(reasonOf(decide({ sessionLimit: 1, otherLines: 1 }))).toBe('too-many-sessions')
    expect(decide({ blockedAt: noon, plan: { on_block: 'garden' } })).toMatchObject({ garden: 'blocked' })
    expect(decide({ sessionLimit: 2 })).toMatchObject({ claim: { sessionLimit: 2 } })
  })

  it('that was told by one fact may not contradict another that is bound', () => {
    const octets = (text: string) => Buffer.from(text)
    const bound = { circuitId: octets('c'), remoteId: octets('r'), duid: octets('d') }
    const sent = (facts: object) => decide({}, testRequest({ access: 'ipoe', ...facts }), { bound })
    expect(reasonOf(sent({ circuitId: octets('c'), remoteId: octets('r'), duid: octets('d') }))).toBe('accepted')
    expect(reasonOf(sent({}))).toBe('accepted')
    expect(sent({ circuitId: octets('x') })).toMatchObject({
      reason: 'wrong-interface',
      detail: 'the subscriber is bound to another circuit id than x',
    })
    expect(reasonOf(sent({ remoteId: octets('x') }))).toBe('wrong-interface')
    expect(reasonOf(sent({ duid: octets('x') }))).toBe('mac-not-bound')
    const device = decide({ devices: [{ mac: macB, bound: true }] }, request, { by: 'circuit-id' })
    expect(reasonOf(device)).toBe('mac-not-bound')
  })
})

describe('a renewal', () => {
  it('takes no place and meets no limit of sessions', () => {
    const limited = { sessionLimit: 1, otherLines: 1 }
    expect(decide(limited, request, { live })).toMatchObject({ kind: 'accept', claim: undefined })
  })

  it('is refused or walled as everybody else', () => {
    expect(reasonOf(decide({ blockedAt: noon }, request, { live }))).toBe('blocked')
    const expired = { expiresAt: after(-1), plan: { on_expiry: 'garden' as const } }
    expect(decide(expired, request, { live })).toMatchObject({ kind: 'accept', garden: 'expired' })
  })

  it('still starts the service period of a session that began without us', () => {
    expect(decide({ activatedAt: null, sessionLimit: 1 }, request, { live })).toMatchObject({
      claim: { sessionLimit: undefined, activate: true },
    })
  })
})

describe('a line that is not one subscriber’s', () => {
  it('is unknown, and the log says what it sent', () => {
    const facts = { mac: macA, circuitId: Buffer.from('eth 0/1'), interface: { raw: 'vlan7' } }
    expect(unidentified(testRequest(facts), { kind: 'nobody' })).toEqual({
      kind: 'reject',
      reason: 'unknown',
      detail: `no IPoE subscriber has this line; it sent MAC ${macA}, circuit-id eth 0/1, interface vlan7`,
    })
    const nothing = unidentified(testRequest({ mac: undefined }), { kind: 'nobody' })
    expect(nothing.detail).toContain('nothing that tells a line')
  })

  it('is told by the fact that several have', () => {
    const ambiguous = unidentified(testRequest(), { kind: 'ambiguous', by: 'mac', holders: 2 })
    expect(ambiguous).toMatchObject({
      reason: 'ambiguous-identity',
      detail: `2 IPoE subscribers have the same mac (MAC ${macA})`,
    })
    const learning = unidentified(testRequest(), { kind: 'ambiguous', by: 'learning', holders: 3 })
    expect(learning.detail).toContain('window for a new MAC')
  })
})

describe('an IPoE subscriber', () => {
  it('never gets in by a password, and the answer is that of a wrong one', () => {
    const subject = testSubject({ accountType: 'ipoe' })
    for (const proof of ['match', 'wrong-password', 'credential-cannot'] as const) {
      expect(decideAccess(subject, testRequest(), proof, noon)).toMatchObject({ reason: 'wrong-password' })
    }
  })
})

describe('the window for a new MAC', () => {
  const open = { learnMacUntil: after(900), devices: [{ mac: macB, bound: true }] }

  it('accepts one unknown MAC, over PPPoE too, whatever the device limit', () => {
    expect(decide(open)).toMatchObject({ kind: 'accept', learnInWindow: macA, claim: undefined })
    const full = testSubject({ ...open, deviceLimit: 1 })
    const decision = decideAccess(full, testRequest(), 'match', noon)
    expect(decision).toMatchObject({ kind: 'accept', learnInWindow: macA, claim: undefined })
  })

  it('is not taken by a MAC that is bound already, nor in the walled garden', () => {
    expect(decide(open, testRequest({ access: 'ipoe', mac: macB }))).toMatchObject({ learnInWindow: undefined })
    const blocked = { ...open, blockedAt: noon, plan: { on_block: 'garden' as const } }
    expect(decide(blocked)).toMatchObject({ garden: 'blocked', learnInWindow: undefined })
  })

  it('is over at its end, and for nobody without a MAC', () => {
    expect(reasonOf(decide({ ...open, learnMacUntil: noon }))).toBe('mac-not-bound')
    expect(reasonOf(decide(open, testRequest({ access: 'ipoe', mac: undefined })))).toBe('mac-not-bound')
  })

  it('is no way to another place', () => {
    const elsewhere = { ...open, binding: { cVlan: 7 } }
    const asked = testRequest({ access: 'ipoe', interface: { raw: 'vlan8', cVlan: 8 }, nas: testNas() })
    expect(reasonOf(decide(elsewhere, asked))).toBe('wrong-interface')
  })
})
