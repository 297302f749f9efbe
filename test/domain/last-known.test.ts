import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideAccess } from '../../src/domain/access-decision.ts'
import { jitterMs, longestJitterMs } from '../../src/domain/enforcement/jitter.ts'
import { asLastKnown, isStale, mayServe, uncheckedOf } from '../../src/domain/last-known.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { serviceEnd } from '../../src/domain/subscriber-label.ts'
import { after, noon, testPlan, testRequest, testSubject } from '../support/access.ts'

const hour = 3_600
const settings = { ...defaultSettings, outage_grace_hours: 24 }
const decide = (subject: Parameters<typeof asLastKnown>[0], seconds: number) =>
  decideAccess(asLastKnown(subject, noon, settings), testRequest(), 'match', after(seconds))
const noClaim = { claim: undefined, learns: false, needsPool: false }

describe('a service that ends while the books are away', () => {
  it('goes on until the grace of the outage is over', () => {
    const subject = testSubject({ expiresAt: after(hour) })
    expect(decide(subject, 2 * hour)).toMatchObject({ kind: 'accept', garden: undefined })
    expect(decide(subject, 24 * hour)).toMatchObject({ kind: 'accept' })
    expect(decide(subject, 24 * hour + longestJitterMs / 1_000)).toMatchObject({ kind: 'reject', reason: 'expired' })
  })

  it('had ended already when they were last seen: it stays so', () => {
    const subject = testSubject({ expiresAt: noon })
    expect(decide(subject, 1)).toMatchObject({ kind: 'reject', reason: 'expired' })
  })

  it('ends in the garden after the grace, where the plan says so', () => {
    const subject = testSubject({ expiresAt: after(hour), plan: { on_expiry: 'garden' } })
    expect(decide(subject, 2 * hour)).toMatchObject({ garden: undefined })
    expect(decide(subject, 25 * hour)).toMatchObject({ garden: 'expired' })
  })

  it('ends at its instant where there is no grace by setting', () => {
    const subject = testSubject({ expiresAt: after(hour) })
    expect(asLastKnown(subject, noon, { ...settings, outage_grace_hours: 0 })).toBe(subject)
  })

  it('never ends earlier than without an outage, and all do not end at one instant', () => {
    fc.assert(
      fc.property(
        fc.record({
          id: fc.bigInt(1n, 10_000n),
          expires: fc.option(fc.integer({ min: -100 * hour, max: 100 * hour })),
          grace: fc.option(fc.integer({ min: -100 * hour, max: 100 * hour })),
          hours: fc.integer({ min: 0, max: 168 }),
        }),
        ({ id, expires, grace, hours }) => {
          const subject = testSubject({
            id,
            expiresAt: expires === null ? null : after(expires),
            graceUntil: grace === null ? null : after(grace),
          })
          const before = serviceEnd(subject)
          const end = serviceEnd(asLastKnown(subject, noon, { ...settings, outage_grace_hours: hours }))
          if (before === null) {
            expect(end).toBeNull()
            return
          }
          expect(end!.getTime()).toBeGreaterThanOrEqual(before.getTime())
          const isHeld = before > noon && hours > 0
          const held = isHeld ? after(hours * hour).getTime() + jitterMs(id) : before.getTime()
          expect(end!.getTime()).toBe(Math.max(before.getTime(), held))
        },
      ),
    )
  })
})

describe('what holds whatever became of the books', () => {
  it('is a block, a disabled and an archived subscriber, and a wrong password', () => {
    expect(decide(testSubject({ blockedAt: after(-1) }), 1)).toMatchObject({ reason: 'blocked' })
    expect(decide(testSubject({ enabled: false }), 1)).toMatchObject({ reason: 'disabled' })
    expect(decide(testSubject({ archivedAt: after(-1) }), 1)).toMatchObject({ reason: 'archived' })
    const known = asLastKnown(testSubject(), noon, settings)
    expect(decideAccess(known, testRequest(), 'wrong-password', noon)).toMatchObject({ reason: 'wrong-password' })
  })
})

describe('use', () => {
  const used = { down: 10n, up: 0n }

  it('that would refuse waits for the books; what makes a line slower stays', () => {
    const refused = testSubject({ used, plan: { quota_octets: '5' } })
    expect(asLastKnown(refused, noon, settings).used).toBeUndefined()
    const slower = testSubject({ used, plan: { quota_octets: '5', on_quota: 'slower' } })
    expect(asLastKnown(slower, noon, settings).used).toEqual(used)
    const enough = testSubject({ used, plan: { quota_octets: '50' } })
    expect(asLastKnown(enough, noon, settings)).toBe(enough)
  })
})

describe('what of an accept was not looked at', () => {
  it('is nothing where no rule needs the books', () => {
    expect(uncheckedOf(testSubject({ expiresAt: after(1) }), noClaim, noon)).toEqual([])
  })

  it('is named', () => {
    const plan = testPlan({ quota_octets: '5' })
    const subject = testSubject({ sessionLimit: 1, expiresAt: noon, plan })
    const claim = { sessionLimit: 1, learn: { mac: 'x', deviceLimit: 1 }, activate: true }
    expect(uncheckedOf(subject, { claim, learns: false, needsPool: true }, noon)).toEqual([
      'session-limit',
      'usage',
      'device',
      'activation',
      'end',
      'address',
    ])
    expect(uncheckedOf(testSubject(), { ...noClaim, learns: true }, noon)).toEqual(['device'])
  })
})

describe('F13: what was last known', () => {
  it('is stale after so many hours, and serves on or not as the setting says', () => {
    const stale = after(24 * hour + 1)
    expect([isStale(noon, settings, after(24 * hour)), isStale(noon, settings, stale)]).toEqual([false, true])
    expect(mayServe(noon, settings, stale)).toBe(true)
    const silent = { ...settings, outage_after_staleness: 'silence' as const }
    expect([mayServe(noon, silent, after(24 * hour)), mayServe(noon, silent, stale)]).toEqual([true, false])
    expect(mayServe(undefined, settings, noon)).toBe(false)
  })
})
