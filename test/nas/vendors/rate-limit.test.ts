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
    ['20M/50M 0/0 0/0 0/0 8 2M/5M', { minimum: { downBps: 5_000_000, upBps: 2_000_000 } }],
    [
      '20M/50M 40M/100M 15M/37500k 8/8 5 64k/128k',
      { burst, priority: 5, minimum: { downBps: 128_000, upBps: 64_000 } },
    ],
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
      minimum: fc.option(fc.record({ downBps: rate, upBps: rate }), { nil: undefined }),
    })
    fc.assert(
      fc.property(rates, (given) => {
        const text = formatRateLimit(given)
        expect(text).toMatch(/^[0-9kM/ ]{3,150}$/)
        // A minimum is only there behind a priority: 8 is what the router takes for none.
        const priority = given.priority ?? (given.minimum && 8)
        expect(readRateLimit(text)).toEqual({ ...given, priority })
      }),
      { numRuns: 2_000 },
    )
  })
})

/** The grammar as the manual has it: rx[/tx] [burst [threshold [time [priority [minimum]]]]]; rx is the subscriber's upload. */
function readRateLimit(text: string): Rates {
  const parts = text.split(' ')
  const pair = (at: number): [number, number] => {
    const [rx, tx] = parts[at]!.split('/')
    return [readRate(rx!), readRate(tx ?? rx!)]
  }
  const [upBps, downBps] = pair(0)
  const priority = parts[4] === undefined ? undefined : Number(parts[4])
  const least = parts[5] === undefined ? undefined : pair(5)
  const minimum = least && { upBps: least[0], downBps: least[1] }
  if (parts.length === 1 || pair(1)[0] === 0) return { upBps, downBps, burst: undefined, priority, minimum }
  const [burstUp, burstDown] = pair(1)
  const [thresholdUpBps, thresholdDownBps] = pair(2)
  const seconds = pair(3)[0]
  return {
    upBps,
    downBps,
    burst: { upBps: burstUp, downBps: burstDown, thresholdUpBps, thresholdDownBps, seconds },
    priority,
    minimum,
  }
}

function readRate(text: string): number {
  const factor = text.endsWith('M') ? 1_000_000 : text.endsWith('k') ? 1_000 : 1
  return Number(text.replace(/[kM]$/, '')) * factor
}
