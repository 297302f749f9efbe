import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findingOf } from '../../../src/domain/enforcement/degraded-finding.ts'
import type { LookedAt } from '../../../src/domain/enforcement/degraded-finding.ts'
import { newClassId } from '../../../src/domain/session-class.ts'
import { after, noon, testSubject } from '../../support/access.ts'

const served = newClassId({ garden: false, listed: false })
const gardened = newClassId({ garden: true, listed: true })
const accept = { kind: 'accept', garden: undefined, claim: undefined, learnInWindow: undefined } as const

function looked(changes: Partial<LookedAt> = {}, subject = testSubject()): LookedAt {
  return {
    classId: served,
    unchecked: [],
    writtenAt: noon,
    truth: { subject, decision: accept },
    sessionIds: [1n],
    otherLines: 0,
    isBehindAnother: false,
    ...changes,
  }
}
const find = (changes: Partial<LookedAt> = {}, subject = testSubject(), now = noon) =>
  findingOf(looked(changes, subject), 'UTC', now)
const refused = (reason: 'blocked' | 'expired') => ({
  truth: { subject: testSubject(), decision: { kind: 'reject', reason, detail: '' } as const },
})

describe('a login that was let in without the books', () => {
  it('and is entitled to what it has, is done with, also where nobody has heard of its session yet', () => {
    const done = { finding: 'entitled', wish: undefined, nextAt: null }
    expect(find()).toEqual(done)
    expect(find({ sessionIds: [] })).toEqual(done)
    expect(find({ unchecked: ['activation', 'device', 'end', 'address'] })).toEqual(done)
  })

  it('and is not entitled, is brought to what it should have', () => {
    expect(find(refused('blocked'))).toEqual({ finding: 'blocked', wish: 'reapply', nextAt: null })
    expect(find({ truth: undefined })).toEqual({ finding: 'gone', wish: 'reapply', nextAt: null })
  })

  it('is waited for where its session is still to come: soon, then seldom, for a day', () => {
    const wait = (seconds: number) => find({ ...refused('expired'), sessionIds: [] }, testSubject(), after(seconds))
    expect(wait(0)).toEqual({ finding: 'expired', wish: undefined, nextAt: after(2) })
    expect(wait(61).nextAt).toEqual(after(76))
    expect(wait(601).nextAt).toEqual(after(901))
    expect(wait(24 * 3_600).nextAt).toBeNull()
  })

  it('goes into the garden, or comes out of it', () => {
    const inGarden = { truth: { subject: testSubject(), decision: { ...accept, garden: 'expired' as const } } }
    expect(find(inGarden)).toMatchObject({ finding: 'expired', wish: 'reapply' })
    expect(find({ ...inGarden, classId: gardened })).toEqual({ finding: 'expired', wish: undefined, nextAt: null })
    expect(find({ classId: gardened })).toMatchObject({ finding: 'entitled', wish: 'reapply' })
  })
})

describe('use that was not known', () => {
  const used = { down: 10n, up: 0n }
  const slow = { quota_octets: '5', on_quota: 'slower' as const }
  const slower = testSubject({
    used,
    plan: { ...slow, slower: { ...testSubject().plan, down_bps: 1_000_000, up_bps: 1_000_000 } },
  })
  const fairUse = testSubject({ used, plan: { fup_steps: [{ after_octets: '5', down_bps: 1_000, up_bps: 1_000 }] } })

  it('is made good where it changes what the plan gives', () => {
    for (const subject of [slower, fairUse]) {
      expect(find({ unchecked: ['usage'], truth: { subject, decision: accept } })).toMatchObject({
        finding: 'slower',
        wish: 'reapply',
      })
    }
  })

  it('is nothing where it changes nothing', () => {
    const subject = testSubject({ used: { down: 1n, up: 0n }, plan: slow })
    expect(find({ unchecked: ['usage'], truth: { subject, decision: accept } })).toMatchObject({ wish: undefined })
  })
})

describe('other lines', () => {
  const one = testSubject({ sessionLimit: 1 })
  const limited = (changes: Partial<LookedAt>, now = noon) =>
    find({ unchecked: ['session-limit'], truth: { subject: one, decision: accept }, ...changes }, one, now)

  it('above the limit end this one', () => {
    expect(limited({ otherLines: 1 })).toEqual({ finding: 'too-many-sessions', wish: 'disconnect', nextAt: null })
    expect(limited({ otherLines: 0 })).toEqual({ finding: 'entitled', wish: undefined, nextAt: null })
  })

  it('are counted once its own session is in the books', () => {
    expect(limited({ otherLines: 1, sessionIds: [] })).toEqual({
      finding: 'entitled',
      wish: undefined,
      nextAt: after(2),
    })
  })

  it('that were there before it and are still to come are waited for, a moment only', () => {
    expect(limited({ isBehindAnother: true, otherLines: 1 })).toMatchObject({ wish: undefined, nextAt: after(2) })
    expect(limited({ isBehindAnother: true, otherLines: 1 }, after(41))).toMatchObject({ wish: 'disconnect' })
    expect(limited({ isBehindAnother: true }, after(41))).toEqual({
      finding: 'entitled',
      wish: undefined,
      nextAt: null,
    })
  })

  it('end nobody where no limit was passed over, or it was lifted', () => {
    expect(find({ otherLines: 9 }, one)).toMatchObject({ wish: undefined })
    expect(find({ otherLines: 9, unchecked: ['session-limit'] })).toMatchObject({ wish: undefined, nextAt: null })
  })
})

it('D7: whoever is refused by the truth and online is ordered about, whatever else is known', () => {
  fc.assert(
    fc.property(
      fc.record({
        sessionIds: fc.array(fc.bigInt(1n, 9n), { minLength: 1, maxLength: 3 }),
        otherLines: fc.nat(3),
        isBehindAnother: fc.boolean(),
        unchecked: fc.subarray(['session-limit', 'usage', 'device', 'activation', 'end', 'address'] as const),
        classId: fc.constantFrom(served, gardened),
        age: fc.nat(100_000),
      }),
      ({ age, ...changes }) => {
        const found = find({ ...changes, ...refused('blocked') }, testSubject(), after(age))
        expect(found).toEqual({ finding: 'blocked', wish: 'reapply', nextAt: null })
      },
    ),
  )
})
