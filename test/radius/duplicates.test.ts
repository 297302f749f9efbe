import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Duplicates } from '../../src/radius/duplicates.ts'
import type { DuplicateEntry } from '../../src/radius/duplicates.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { attribute, packetOf } from '../support/radius.ts'

const address = '192.0.2.1'
const reply = Buffer.from('a reply')

function packet(identifier = 1, seed = 0, code = 1, attributes = attribute(1, 'alice')): Packet {
  const header = Buffer.from([code, identifier, 0, 20 + attributes.length])
  return packetOf(Buffer.concat([header, Buffer.alloc(16, seed), attributes]))
}

/** The same octets in another buffer, as a retransmission arrives. */
function again(one: Packet): Packet {
  return packetOf(Buffer.from(one.octets))
}

function remembering(seconds = 10, limit = 1000): Duplicates {
  return new Duplicates({ seconds, limit })
}

describe('RFC 5080 §2.2.2', () => {
  it('the same octets are in work until answered, then get the same reply', () => {
    const duplicates = remembering()
    expect(duplicates.look(address, 1000, packet(), 0)).toEqual({ kind: 'new' })
    const entry = duplicates.begin(address, 1000, packet(), 0)
    expect(duplicates.look(address, 1000, again(packet()), 5)).toEqual({ kind: 'in-work' })
    expect(duplicates.finish(entry, reply)).toBe(true)
    expect(duplicates.look(address, 1000, again(packet()), 10)).toEqual({ kind: 'answered', reply })
    expect(duplicates.look(address, 1000, again(packet()), 9999)).toEqual({ kind: 'answered', reply })
  })

  it('F43, R21: the same identifier with another authenticator supersedes, and the old reply is never sent', () => {
    const duplicates = remembering()
    const first = duplicates.begin(address, 1000, packet(1, 0xaa), 0)
    expect(duplicates.look(address, 1000, packet(1, 0xbb), 1)).toEqual({ kind: 'new' })
    const second = duplicates.begin(address, 1000, packet(1, 0xbb), 1)
    expect(duplicates.finish(first, reply)).toBe(false)
    expect(duplicates.look(address, 1000, packet(1, 0xaa), 2)).toEqual({ kind: 'new' })
    expect(duplicates.finish(second, reply)).toBe(true)
    expect(duplicates.look(address, 1000, packet(1, 0xbb), 3)).toEqual({ kind: 'answered', reply })
  })

  it('an answered request is purged by the next one under its key', () => {
    const duplicates = remembering()
    duplicates.finish(duplicates.begin(address, 1000, packet(1, 0xaa), 0), reply)
    duplicates.begin(address, 1000, packet(1, 0xbb), 1)
    expect(duplicates.look(address, 1000, packet(1, 0xaa), 2)).toEqual({ kind: 'new' })
  })

  it('the same authenticator with other octets is another request', () => {
    const duplicates = remembering()
    duplicates.finish(duplicates.begin(address, 1000, packet(), 0), reply)
    expect(duplicates.look(address, 1000, packet(1, 0, 1, attribute(1, 'alicf')), 1)).toEqual({ kind: 'new' })
    expect(duplicates.look(address, 1000, packet(1, 0, 1, attribute(1, 'alices')), 1)).toEqual({ kind: 'new' })
  })

  it('looking changes nothing: a forged packet cannot push the real one out', () => {
    const duplicates = remembering()
    const entry = duplicates.begin(address, 1000, packet(1, 0xaa), 0)
    for (let seed = 0; seed < 100; seed++) duplicates.look(address, 1000, packet(1, seed), 1)
    expect(duplicates.finish(entry, reply)).toBe(true)
    expect(duplicates.look(address, 1000, packet(1, 0xaa), 2).kind).toBe('answered')
  })
})

describe('the key', () => {
  it.each([
    ['address', '192.0.2.2', 1000, packet()],
    ['port', address, 1001, packet()],
    ['high port', address, 1000 + 32768, packet()],
    ['identifier', address, 1000, packet(2)],
    ['code', address, 1000, packet(1, 0, 12)],
  ])('another %s is another request and supersedes nothing', (_what, from, port, other) => {
    const duplicates = remembering()
    const entry = duplicates.begin(address, 1000, packet(), 0)
    duplicates.begin(from, port, other, 0)
    expect(duplicates.finish(entry, reply)).toBe(true)
    expect(duplicates.look(address, 1000, packet(), 0).kind).toBe('answered')
    expect(duplicates.look(from, port, other, 0).kind).toBe('in-work')
  })

  it('tells every port, identifier and request code apart', () => {
    const duplicates = remembering(10, 10_000)
    const keys = [0, 1, 255, 256, 32767, 65535].flatMap((port) =>
      [0, 1, 128, 255].flatMap((identifier) => [1, 4, 12, 40, 43].map((code) => ({ port, identifier, code }))),
    )
    for (const { port, identifier, code } of keys) duplicates.begin(address, port, packet(identifier, 0, code), 0)
    for (const { port, identifier, code } of keys) {
      expect(duplicates.look(address, port, packet(identifier, 0, code), 0).kind).toBe('in-work')
    }
  })
})

describe('forgetting', () => {
  it('a request that got no reply is worked on afresh when it comes again', () => {
    const duplicates = remembering()
    duplicates.forget(duplicates.begin(address, 1000, packet(), 0))
    expect(duplicates.look(address, 1000, packet(), 1)).toEqual({ kind: 'new' })
  })

  it('forgetting a superseded request leaves the one that superseded it', () => {
    const duplicates = remembering()
    const first = duplicates.begin(address, 1000, packet(1, 0xaa), 0)
    duplicates.begin(address, 1000, packet(1, 0xbb), 0)
    duplicates.forget(first)
    expect(duplicates.look(address, 1000, packet(1, 0xbb), 1).kind).toBe('in-work')
  })

  it.each([5, 10, 30])('entries live at least %i s and at most one more', (seconds) => {
    for (const start of [0, 1, 999, 1500, 7_654_321]) {
      const duplicates = remembering(seconds)
      duplicates.finish(duplicates.begin(address, 1000, packet(), start), reply)
      expect(duplicates.look(address, 1000, packet(), start + seconds * 1000).kind).toBe('answered')
      expect(duplicates.look(address, 1000, packet(), start + (seconds + 1) * 1000).kind).toBe('new')
      expect(duplicates.size).toBe(0)
    }
  })

  it('a reply that comes after its request has expired is not sent', () => {
    const duplicates = remembering(5)
    const entry = duplicates.begin(address, 1000, packet(), 0)
    duplicates.look(address, 1000, packet(2), 60_000)
    expect(duplicates.finish(entry, reply)).toBe(false)
  })

  it('time that steps back, or leaps ahead, does no harm', () => {
    const duplicates = remembering()
    duplicates.finish(duplicates.begin(address, 1000, packet(), 1_000_000), reply)
    expect(duplicates.look(address, 1000, packet(), 10).kind).toBe('answered')
    expect(duplicates.look(address, 1000, packet(), 1e15).kind).toBe('new')
    duplicates.begin(address, 1000, packet(), 1e15)
    expect(duplicates.look(address, 1000, packet(), 1e15 + 1).kind).toBe('in-work')
  })

  it('holds no more than its limit, and what is in work may still be answered', () => {
    const duplicates = remembering(10, 100)
    const entries: DuplicateEntry[] = []
    for (let i = 0; i < 1000; i++) entries.push(duplicates.begin(address, i, packet(), i * 10))
    expect(duplicates.size).toBeLessThanOrEqual(100)
    expect(duplicates.look(address, 999, packet(), 10_000).kind).toBe('in-work')
    expect(duplicates.look(address, 0, packet(), 10_000).kind).toBe('new')
    expect(entries.every((entry) => duplicates.finish(entry, reply))).toBe(true)
  })

  it('holds no more than its limit when one NAS reuses one identifier for ever', () => {
    const duplicates = remembering(10, 100)
    for (let i = 0; i < 1000; i++) duplicates.begin(address, 1, packet(1, i & 255, 1, attribute(1, String(i))), 0)
    expect(duplicates.size).toBeLessThanOrEqual(100)
  })
})

describe('any history', () => {
  type Step = { identifier: number; seed: number; deed: 'arrive' | 'answer' | 'wait'; waitMs: number }
  const steps = fc.array(
    fc.record<Step>({
      identifier: fc.nat(2),
      seed: fc.nat(2),
      deed: fc.constantFrom('arrive', 'arrive', 'answer', 'wait'),
      waitMs: fc.nat(4000),
    }),
    { maxLength: 80 },
  )

  // The rule said naively: per identifier the last request authenticated, when, and its reply.
  it('agrees with the rule said naively', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const duplicates = remembering(5)
        const last = new Map<number, { seed: number; at: number; reply?: Buffer; entry: DuplicateEntry }>()
        const older: DuplicateEntry[] = []
        let now = 0
        for (const { identifier, seed, deed, waitMs } of history) {
          const known = last.get(identifier)
          if (deed === 'wait') now += waitMs
          else if (deed === 'answer' && known !== undefined) {
            const made = Buffer.from(`${identifier} ${known.seed}`)
            const mayBeSent = duplicates.finish(known.entry, made)
            if (now - known.at <= 5000) expect(mayBeSent).toBe(true)
            if (mayBeSent) known.reply = made
          } else if (deed === 'arrive') {
            const found = duplicates.look(address, 1, packet(identifier, seed), now)
            if (known?.seed === seed && now - known.at <= 5000) {
              expect(found).toEqual(
                known.reply === undefined ? { kind: 'in-work' } : { kind: 'answered', reply: known.reply },
              )
            } else if (known?.seed !== seed || now - known.at >= 6000) {
              expect(found).toEqual({ kind: 'new' })
            }
            if (found.kind === 'new') {
              if (known !== undefined) older.push(known.entry)
              last.set(identifier, {
                seed,
                at: now,
                entry: duplicates.begin(address, 1, packet(identifier, seed), now),
              })
            }
          }
          for (const entry of older) expect(duplicates.finish(entry, reply)).toBe(false)
        }
      }),
    )
  })
})
