import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { grantedBy, judgeRate, type CounterPoint, type Granted } from '../../src/domain/coa-evidence.ts'

const rates = (downBps: number, upBps: number) => ({ downBps, upBps, burst: undefined, priority: undefined })
const granted = (change: Partial<Granted> = {}): Granted => ({
  garden: null,
  down_bps: 10_000_000,
  up_bps: 2_000_000,
  peak_down_bps: 10_000_000,
  peak_up_bps: 2_000_000,
  address_list: null,
  service: null,
  before: { down_bps: 50_000_000, up_bps: 1_000_000 },
  ...change,
})
const start: CounterPoint = { sessionTime: 1_000n, input: 5_000_000n, output: 900_000_000n }

/** The counters after so many seconds at these rates. */
function after(seconds: number, downBps: number, upBps: number, from = start): CounterPoint {
  const octets = (bps: number) => BigInt(Math.round((bps * seconds) / 8))
  return {
    sessionTime: from.sessionTime + BigInt(seconds),
    input: from.input + octets(upBps),
    output: from.output + octets(downBps),
  }
}

const judge = (to: CounterPoint, strikes = 0, of = granted()) => judgeRate(of, { from: start, to, strikes })

describe('what was granted', () => {
  it('is kept with the peak of a burst and how fast the session was before', () => {
    const burst = { downBps: 20_000_000, upBps: 3_000_000, thresholdDownBps: 1, thresholdUpBps: 1, seconds: 8 }
    const authorization = { garden: 'blocked', rates: { ...rates(10, 5), burst }, addressList: 'pay' } as const
    expect(grantedBy(authorization, 'internet(5,10)', { downBps: 7, upBps: 8 })).toEqual({
      garden: 'blocked',
      down_bps: 10,
      up_bps: 5,
      peak_down_bps: 20_000_000,
      peak_up_bps: 3_000_000,
      address_list: 'pay',
      service: 'internet(5,10)',
      before: { down_bps: 7, up_bps: 8 },
    })
    expect(grantedBy({ garden: undefined, rates: rates(10, 5), addressList: undefined }, undefined, undefined)).toEqual(
      granted({ down_bps: 10, up_bps: 5, peak_down_bps: 10, peak_up_bps: 5, before: null }),
    )
  })

  it('has nothing of a direction that was not told, and nobody is ended for it', () => {
    const authorization = { garden: undefined, rates: rates(10_000_000, 2_000_000), addressList: undefined }
    const told = grantedBy(authorization, undefined, { downBps: 1, upBps: 50_000_000 }, false)
    expect(told).toMatchObject({ down_bps: 10_000_000, peak_down_bps: 10_000_000, up_bps: null, peak_up_bps: null })
    const uploading = after(120, 1_000_000, 40_000_000)
    expect(judge(uploading, 1, told)).toEqual({ kind: 'none', strikes: 0 })
    expect(judge(uploading, 1, grantedBy(authorization, undefined, undefined))).toEqual({ kind: 'ignored' })
    expect(judge(after(120, 20_000_000, 0), 1, told)).toEqual({ kind: 'ignored' })
  })
})

describe('the rate since a change', () => {
  it('shows that it took effect where the line was faster before and presses against what was granted', () => {
    expect(judge(after(300, 9_800_000, 100_000))).toEqual({ kind: 'inferred' })
    expect(judge(after(300, 11_400_000, 100_000))).toEqual({ kind: 'inferred' })
  })

  it('shows nothing of a line that was no faster before, that nobody uses now, or that is a little too fast', () => {
    const none = { kind: 'none', strikes: 0 }
    expect(judge(after(300, 9_800_000, 100_000), 0, granted({ before: null }))).toEqual(none)
    const slowBefore = granted({ before: { down_bps: 9_000_000, up_bps: 0 } })
    expect(judge(after(300, 9_800_000, 100_000), 0, slowBefore)).toEqual(none)
    expect(judge(after(300, 100_000, 1_900_000))).toEqual(none)
    expect(judge(after(300, 12_000_000, 100_000), 1)).toEqual(none)
  })

  it('shows at the second time in a row that nothing was changed, in either direction', () => {
    expect(judge(after(300, 49_000_000, 100_000))).toEqual({ kind: 'none', strikes: 1 })
    expect(judge(after(300, 49_000_000, 100_000), 1)).toEqual({ kind: 'ignored' })
    expect(judge(after(300, 100_000, 3_000_000), 1)).toEqual({ kind: 'ignored' })
  })

  it('is not judged within a minute, nor where the counters were set back', () => {
    expect(judge(after(59, 49_000_000, 0), 1)).toEqual({ kind: 'early' })
    expect(judge(after(60, 49_000_000, 0), 1)).toEqual({ kind: 'ignored' })
    expect(judge({ ...after(300, 49_000_000, 0), output: 5n }, 1)).toEqual({ kind: 'none', strikes: 0 })
    expect(judge({ ...after(300, 49_000_000, 0), sessionTime: 900n }, 1)).toEqual({ kind: 'none', strikes: 0 })
  })

  it('never accuses a NAS that holds every line to what was granted, nor clears one that holds none', () => {
    const rate = fc.integer({ min: 64_000, max: 1_000_000_000 })
    const seconds = fc.integer({ min: 60, max: 86_400 })
    fc.assert(
      fc.property(
        rate,
        rate,
        seconds,
        fc.double({ min: 0, max: 1.1, noNaN: true }),
        fc.nat(1),
        (down, up, s, use, n) => {
          const of = granted({ down_bps: down, up_bps: up, peak_down_bps: down, peak_up_bps: up })
          const judged = judge(after(s, down * use, up * use), n, of)
          expect(judged.kind).not.toBe('ignored')
          expect(judged).not.toEqual({ kind: 'none', strikes: 1 })
        },
      ),
    )
    fc.assert(
      fc.property(
        rate,
        rate,
        seconds,
        fc.double({ min: 1.4, max: 50, noNaN: true }),
        fc.nat(1),
        (down, up, s, times, n) => {
          const of = granted({ down_bps: down, up_bps: up, peak_down_bps: down, peak_up_bps: up })
          const expected = n === 0 ? { kind: 'none', strikes: 1 } : { kind: 'ignored' }
          expect(judge(after(s, down * times, 0), n, of)).toEqual(expected)
          expect(judge(after(s, 0, up * times), n, of)).toEqual(expected)
        },
      ),
    )
  })

  it('infers only of lines that were faster before than they may be now', () => {
    const rate = fc.integer({ min: 64_000, max: 1_000_000_000 })
    fc.assert(
      fc.property(rate, rate, rate, fc.double({ min: 0, max: 2, noNaN: true }), (limit, before, up, use) => {
        const of = granted({
          peak_down_bps: limit,
          peak_up_bps: up,
          before: { down_bps: before, up_bps: 0 },
        })
        const judged = judge(after(600, limit * use, 0), 0, of)
        const says = judged.kind === 'inferred'
        expect({ says, wrongly: says && (before <= limit || use < 0.4) }).toEqual({ says, wrongly: false })
      }),
    )
  })
})
