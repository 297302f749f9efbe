import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FieldError } from '../../../src/domain/field.ts'
import { parsePoolRange, seedsOf, showRange } from '../../../src/domain/ip-pool/range.ts'

const v4 = { kind: 'ipv4', prefixLength: 32 } as const
const range4 = (text: string) => parsePoolRange('ranges', text, 'ipv4', 32)
const delegated = (text: string, length = 56) => parsePoolRange('ranges', text, 'delegated-ipv6-prefix', length)

describe('parsePoolRange', () => {
  it.each([
    ['10.0.0.0/24', { first: '10.0.0.0', last: '10.0.0.255' }],
    ['10.0.0.5-10.0.0.9', { first: '10.0.0.5', last: '10.0.0.9' }],
    [' 10.0.0.5 - 10.0.0.9 ', { first: '10.0.0.5', last: '10.0.0.9' }],
    ['10.0.0.7', { first: '10.0.0.7', last: '10.0.0.7' }],
    ['10.0.0.0/31-10.0.1.0/24', { first: '10.0.0.0', last: '10.0.1.255' }],
  ])('reads %s', (text, range) => {
    expect(range4(text)).toEqual(range)
  })

  it('reads prefixes of IPv6 to their last address', () => {
    expect(delegated('2001:db8::/40')).toEqual({ first: '2001:db8::', last: '2001:db8:ff:ffff:ffff:ffff:ffff:ffff' })
    expect(delegated('2001:db8:0:100::/56')).toEqual({
      first: '2001:db8:0:100::',
      last: '2001:db8:0:1ff:ffff:ffff:ffff:ffff',
    })
  })

  it.each([
    ['10.0.0.1/24', /bits set behind its mask/],
    ['10.0.0.9-10.0.0.5', /ends before it begins/],
    ['10.0.0.1-2001:db8::', /begins in one family/],
    ['10.0.0.1-10.0.0.2-10.0.0.3', /more than two ends/],
    ['2001:db8::/64', /is not IPv4/],
    ['224.0.0.0/24', /cannot be given to anybody/],
    ['0.0.0.0/8', /cannot be given to anybody/],
    ['lan', /is not an address or prefix/],
    ['', /is not an address or prefix/],
  ])('refuses %s', (text, reason) => {
    expect(() => range4(text)).toThrow(FieldError)
    expect(() => range4(text)).toThrow(reason)
  })

  it('refuses prefixes that do not lie on the boundary of what is handed out', () => {
    expect(() => delegated('2001:db8::/60')).toThrow(/begin and end at a \/56/)
    expect(() => delegated('2001:db8:0:10::-2001:db8:0:2ff:ffff:ffff:ffff:ffff')).toThrow(/begin and end at a \/56/)
    expect(() => delegated('10.0.0.0/24')).toThrow(/is not IPv6/)
  })
})

describe('seedsOf', () => {
  const total = (seeds: { count: number }[]) => seeds.reduce((sum, { count }) => sum + count, 0)

  it('leaves out what is excluded, at the ends and in between', () => {
    const seeds = seedsOf(
      [range4('10.0.0.0/29')],
      [range4('10.0.0.0'), range4('10.0.0.3-10.0.0.4'), range4('10.0.0.7')],
      v4,
    )
    expect(seeds).toEqual([
      { first: '10.0.0.1', count: 2 },
      { first: '10.0.0.5', count: 2 },
    ])
  })

  it('cuts what is large into pieces that follow each other', () => {
    const seeds = seedsOf([range4('10.0.0.0/20')], [], v4)
    expect(seeds.map(({ first, count }) => [first, count])).toEqual([
      ['10.0.0.0', 1000],
      ['10.0.3.232', 1000],
      ['10.0.7.208', 1000],
      ['10.0.11.184', 1000],
      ['10.0.15.160', 96],
    ])
  })

  it('counts prefixes, not addresses', () => {
    const of = { kind: 'delegated-ipv6-prefix', prefixLength: 56 } as const
    expect(total(seedsOf([delegated('2001:db8::/40')], [], of))).toBe(65_536)
    expect(total(seedsOf([delegated('2001:db8::/40')], [delegated('2001:db8::/48')], of))).toBe(65_280)
  })

  it('names the field where there is nothing left, too much, or twice the same', () => {
    expect(() => seedsOf([range4('10.0.0.1')], [range4('10.0.0.0/24')], v4)).toThrow(/ranges: have no address/)
    expect(() => seedsOf([range4('10.0.0.0/8')], [], v4)).toThrow(
      'ranges: have 16777216 addresses, a pool may have 1000000',
    )
    expect(() => seedsOf([range4('10.0.0.0/24'), range4('10.0.0.255')], [], v4)).toThrow(/ranges: overlap/)
    const of = { kind: 'delegated-ipv6-prefix', prefixLength: 64 } as const
    expect(() => seedsOf([delegated('2001:db8::/32', 64)], [], of)).toThrow(/4294967296 addresses/)
  })

  it('has exactly the addresses that are in a range and in no exclusion', () => {
    const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    const text = (value: number) => [24, 16, 8, 0].map((shift) => (value >> shift) & 255).join('.')
    const base = number('10.20.0.0')
    const span = fc.tuple(fc.nat(4_000), fc.nat(1_500)).map(([from, size]) => ({ from, to: from + size }))
    fc.assert(
      fc.property(fc.array(span, { maxLength: 4 }), fc.array(span, { maxLength: 4 }), (given, holes) => {
        const apart = (spans: typeof given) =>
          spans.filter((one, at) => spans.slice(0, at).every((other) => one.to < other.from || one.from > other.to))
        const [ranges, excluded] = [apart(given), apart(holes)]
        const wanted = new Set<number>()
        for (const { from, to } of ranges) for (let n = from; n <= to; n++) wanted.add(n)
        for (const { from, to } of excluded) for (let n = from; n <= to; n++) wanted.delete(n)
        const rangeOf = ({ from, to }: { from: number; to: number }) => ({
          first: text(base + from),
          last: text(base + to),
        })
        const read = () => seedsOf(ranges.map(rangeOf), excluded.map(rangeOf), v4)
        if (wanted.size === 0) {
          expect(read).toThrow(FieldError)
          return
        }
        const found = read().flatMap(({ first, count }) =>
          Array.from({ length: count }, (_, i) => number(first) - base + i),
        )
        expect(found.toSorted((one, other) => one - other)).toEqual([...wanted].toSorted((one, other) => one - other))
      }),
      { numRuns: 100 },
    )
  })
})

describe('showRange', () => {
  it.each(['10.0.0.0/24', '10.0.0.5-10.0.0.9', '10.0.0.7', '10.0.0.2-10.0.0.5'])(
    'shows %s as it was written',
    (text) => {
      expect(showRange(range4(text))).toBe(text)
    },
  )

  it('shows a prefix of IPv6 as one', () => {
    expect(showRange(delegated('2001:db8::/40'))).toBe('2001:db8::/40')
  })
})
