import { describe, expect, it } from 'vitest'
import { answerCodes, rejectDelayMs, rejectOutcomes } from '../../src/aaa/outcomes.ts'
import { accessRules } from '../../src/domain/access-decision.ts'

describe('rejectOutcomes', () => {
  it('answers every reason with an Access-Reject', () => {
    expect(Object.values(rejectOutcomes).every((outcome) => outcome.code === 3)).toBe(true)
    expect(Object.keys(rejectOutcomes)).toHaveLength(20)
  })

  it('R33: does not tell an unknown name from a wrong password, by text, code or delay', () => {
    for (const reason of ['wrong-password', 'credential-cannot', 'no-credentials', 'bad-credentials-form'] as const)
      expect(rejectOutcomes[reason]).toBe(rejectOutcomes.unknown)
    expect(rejectOutcomes.unknown).toEqual({ code: 3, delayed: true, text: 'reject_text', msChapError: 691 })
  })

  it('delays no business reason', () => {
    for (const { reason } of accessRules) expect(rejectOutcomes[reason].delayed).toBe(false)
  })

  it('delays what nobody who redials could mend', () => {
    expect(rejectOutcomes['pool-exhausted']).toEqual({ code: 3, delayed: true, text: 'reject_text', msChapError: 649 })
  })

  it('RFC 2759 §6: has the error code of each', () => {
    const codes = Object.fromEntries(accessRules.map(({ reason }) => [reason, rejectOutcomes[reason].msChapError]))
    expect(codes).toEqual({
      archived: 647,
      disabled: 647,
      blocked: 647,
      expired: 648,
      'nas-not-allowed': 649,
      'mac-not-bound': 649,
      'wrong-interface': 649,
      'quota-exhausted': 649,
      'too-many-sessions': 649,
    })
  })
})

describe('answerCodes', () => {
  it('answers no fault of ours', () => {
    expect(answerCodes).toEqual({
      accepted: 2,
      'access-fault': undefined,
      recorded: 5,
      kept: 5,
      'accounting-ignored': 5,
      'accounting-fault': undefined,
    })
  })
})

describe('rejectDelayMs', () => {
  it.each([
    // RouterOS as it comes: 300 ms, three tries.
    [900, 0, 540],
    [900, 1, 486],
    [100, 0, 60],
    [9_000, 0, 1_000],
    [9_000, 1, 900],
  ])('of a NAS that waits %i ms, at chance %d, is %i ms', (patience, random, delay) => {
    expect(rejectDelayMs(patience, random)).toBe(delay)
  })

  it.each([
    [900, 1, 720],
    [900, 0.5, 630],
    [30_000, 1, 8_000],
    [5_000, 1, 4_000],
    [30_000, 0.5, 4_500],
  ])('R31: of a NAS that waits %i ms, braked by %d, is %i ms', (patience, brake, delay) => {
    expect(rejectDelayMs(patience, 0, brake)).toBe(delay)
  })
})
