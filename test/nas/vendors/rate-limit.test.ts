import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Rates } from '../../../src/domain/authorization.ts'
import { formatRateLimit } from '../../../src/nas/vendors/rate-limit.ts'

const plain = { downBps: 50_000_000, upBps: 20_000_000, burst: undefined, priority: undefined }
const burst = {
  downBps: 100_000_000,
  upBps: 40_000_000,
  thresholdDownBps: 37_500_000,
  thresholdUpBps: 15_000_000,
  seconds: 8,
}

describe('Mikrotik-Rate-Limit', () => {
  it.each<[string, Partial<Rates>]>([
    ['20M/50M', {}],
    ['512k/1536k', { upBps: 512_000, downBps: 1_536_000 }],
    ['64001/1', { upBps: 64_001, downBps: 1 }],
    ['1000M/2500M', { upBps: 1_000_000_000, downBps: 2_500_000_000 }],
    ['20M/50M 40M/100M 15M/37500k 8/8', { burst }],
    ['20M/50M 40M/100M 15M/37500k 8/8 5', { burst, priority: 5 }],
    ['20M/50M 0/0 0/0 0/0 1', { priority: 1 }],
  ])('%s', (text, changes) => {
    expect(formatRateLimit({ ...plain, ...changes })).toBe(text)
  })

  it('says exactly the numbers it was made from, as RouterOS reads them', () => {
    const rate = fc.oneof(
      fc.integer({ min: 1, max: 2 ** 40 }),
      fc.integer({ min: 1, max: 10_000 }).map((k) => k * 1_000),
    )
    const rates: fc.Arbitrary<Rates> = fc.record({
      downBps: rate,
      upBps: rate,
      burst: fc.option(
        fc.record({
          downBps: rate,
          upBps: rate,
          thresholdDownBps: rate,
          thresholdUpBps: rate,
          seconds: fc.integer({ min: 1, max: 3_600 }),
        }),
        { nil: undefined },
      ),
      priority: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(rates, (given) => {
        const text = formatRateLimit(given)
        expect(text).toMatch(/^[0-9kM/ ]{3,120}$/)
        expect(readRateLimit(text)).toEqual(given)
      }),
      { numRuns: 2_000 },
    )
  })
})

/** The grammar as the manual has it: rx[/tx] [burst [threshold [time [priority]]]]; rx is the subscriber's upload. */
function readRateLimit(text: string): Rates {
  const parts = text.split(' ')
  const pair = (at: number): [number, number] => {
    const [rx, tx] = parts[at]!.split('/')
    return [readRate(rx!), readRate(tx ?? rx!)]
  }
  const [upBps, downBps] = pair(0)
  const priority = parts[4] === undefined ? undefined : Number(parts[4])
  if (parts.length === 1 || pair(1)[0] === 0) return { upBps, downBps, burst: undefined, priority }
  const [burstUp, burstDown] = pair(1)
  const [thresholdUpBps, thresholdDownBps] = pair(2)
  const seconds = pair(3)[0]
  return {
    upBps,
    downBps,
    burst: { upBps: burstUp, downBps: burstDown, thresholdUpBps, thresholdDownBps, seconds },
    priority,
  }
}

function readRate(text: string): number {
  const factor = text.endsWith('M') ? 1_000_000 : text.endsWith('k') ? 1_000 : 1
  return Number(text.replace(/[kM]$/, '')) * factor
}
