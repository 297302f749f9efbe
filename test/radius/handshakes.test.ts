// How many TLS handshakes may be under way and begin: in all, of one address, of one /64; and that it costs a look-up each.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Handshakes, type HandshakeLimits } from '../../src/radius/handshakes.ts'

const roomy: HandshakeLimits = {
  strangers: 1_000_000,
  strangersOfAddress: 1_000_000,
  handshakesPerSecond: 1_000_000,
  handshakesOfAddressPerSecond: 1_000_000,
  handshakesAtOnce: 1_000_000,
  handshakesOfAddressAtOnce: 1_000_000,
}
let next = 0
function underTest(limits: Partial<HandshakeLimits>) {
  const handshakes = new Handshakes({ ...roomy, ...limits }, 0)
  const begin = (address: string, now = 0): boolean => handshakes.begin(`connection ${next++}`, address, now)
  /** How many of so many attempts may begin. */
  const begun = (attempts: number, address: string, now = 0): number =>
    Array.from({ length: attempts }, () => begin(address, now)).filter(Boolean).length
  return { handshakes, begin, begun }
}

describe('handshakes that are under way', () => {
  it('are so many of one address, and another one begins when one is done', () => {
    const { handshakes } = underTest({ strangersOfAddress: 2 })
    expect(['a', 'b', 'c'].map((name) => handshakes.begin(name, '192.0.2.1', 0))).toEqual([true, true, false])
    expect(handshakes.begin('d', '192.0.2.2', 0)).toBe(true)
    handshakes.done('a')
    handshakes.done('a')
    handshakes.done('nobody')
    expect(handshakes.unfinished).toBe(2)
    expect(['e', 'f'].map((name) => handshakes.begin(name, '192.0.2.1', 0))).toEqual([true, false])
  })

  it('are so many in all', () => {
    const { handshakes, begin } = underTest({ strangers: 3 })
    expect([1, 2, 3, 4].map((host) => begin(`192.0.2.${host}`))).toEqual([true, true, true, false])
    expect(handshakes.unfinished).toBe(3)
  })

  it('of one /64 count together, however they are written; those of two do not', () => {
    const { begin } = underTest({ strangersOfAddress: 2 })
    expect(begin('2001:db8:0:1::1')).toBe(true)
    expect(begin('2001:db8::1:ffff:0:0:2')).toBe(true)
    expect(begin('2001:db8:0:1:abcd::3')).toBe(false)
    expect(begin('2001:db8:0:2::1')).toBe(true)
  })

  it('of a link-local address with its zone count like those without', () => {
    const { begin } = underTest({ strangersOfAddress: 1 })
    expect([begin('fe80::1%eth0'), begin('fe80::2%eth0')]).toEqual([true, false])
  })
})

describe('handshakes that begin', () => {
  it('are so many at once of one address, then as many as its rate gives', () => {
    const { begun } = underTest({ handshakesOfAddressPerSecond: 10, handshakesOfAddressAtOnce: 5 })
    expect(begun(20, '192.0.2.1', 0)).toBe(5)
    expect(begun(20, '192.0.2.1', 99)).toBe(0)
    expect(begun(20, '192.0.2.1', 300)).toBe(3)
    expect(begun(20, '192.0.2.2', 300)).toBe(5)
    expect(begun(20, '192.0.2.1', 60_000)).toBe(5)
  })

  it('are so many in all, whoever they are', () => {
    const { begin } = underTest({ handshakesPerSecond: 10, handshakesAtOnce: 4 })
    const begun = (now: number) =>
      Array.from({ length: 50 }, (_, host) => begin(`192.0.2.${host}`, now)).filter(Boolean)
    expect(begun(0)).toHaveLength(4)
    expect(begun(300)).toHaveLength(3)
  })

  it('R34: an address beyond its rate takes nothing from the others', () => {
    const { begun } = underTest({
      handshakesPerSecond: 10,
      handshakesAtOnce: 10,
      handshakesOfAddressPerSecond: 1,
      handshakesOfAddressAtOnce: 2,
    })
    expect(begun(10_000, '192.0.2.1')).toBe(2)
    expect(begun(2, '192.0.2.2')).toBe(2)
  })

  it('in any order and at any time never exceed the burst and the rate, of one and in all', () => {
    const limits = {
      handshakesPerSecond: 7,
      handshakesAtOnce: 9,
      handshakesOfAddressPerSecond: 3,
      handshakesOfAddressAtOnce: 4,
    }
    const attempt = fc.record({ host: fc.integer({ min: 1, max: 4 }), after: fc.integer({ min: 0, max: 700 }) })
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 200 }), (attempts) => {
        const { begin } = underTest(limits)
        const admitted: { host: number; at: number }[] = []
        let at = 0
        for (const { host, after } of attempts) {
          at += after
          if (begin(`192.0.2.${host}`, at)) admitted.push({ host, at })
        }
        const within = (some: { at: number }[], perSecond: number, atOnce: number): void => {
          for (const [first, { at: from }] of some.entries()) {
            for (const [last, { at: to }] of some.entries()) {
              if (last < first) continue
              expect(last - first + 1).toBeLessThanOrEqual(atOnce + ((to - from) / 1_000) * perSecond + 1e-6)
            }
          }
        }
        within(admitted, limits.handshakesPerSecond, limits.handshakesAtOnce)
        for (const host of [1, 2, 3, 4]) {
          const own = admitted.filter((one) => one.host === host)
          within(own, limits.handshakesOfAddressPerSecond, limits.handshakesOfAddressAtOnce)
        }
      }),
    )
  })
})

describe('what is remembered', () => {
  it('is no more than began, however many addresses try', () => {
    const { handshakes, begin } = underTest({ handshakesPerSecond: 1, handshakesAtOnce: 10 })
    for (let at = 0; at < 5_000; at++) begin(`2001:db8:${(at >> 8).toString(16)}:${(at & 255).toString(16)}::1`)
    expect(handshakes.remembered).toBe(10)
  })

  it('is forgotten once it is as good as new, and not before', () => {
    const { handshakes, begin, begun } = underTest({ handshakesOfAddressPerSecond: 1, handshakesOfAddressAtOnce: 2 })
    expect(begun(3, '192.0.2.1', 1_900)).toBe(2)
    // The map is turned once meanwhile: the empty bucket is still known.
    expect(begun(3, '192.0.2.1', 2_100)).toBe(0)
    expect(begun(3, '192.0.2.1', 3_000)).toBe(1)
    for (const now of [6_000, 9_000]) begin('192.0.2.2', now)
    expect(handshakes.remembered).toBeLessThanOrEqual(2)
    expect(begun(3, '192.0.2.1', 9_000)).toBe(2)
  })

  it('costs the same with very many under way', () => {
    const { handshakes } = underTest({})
    const names = Array.from(
      { length: 100_000 },
      (_, at) => [`n${at}`, `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`] as const,
    )
    const began = performance.now()
    for (const [name, address] of names) handshakes.begin(name, address, 0)
    for (const [name] of names) handshakes.done(name)
    // A look at all of the others for each would take minutes.
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(handshakes.unfinished).toBe(0)
  })
})
