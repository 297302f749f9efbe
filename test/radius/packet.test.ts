import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerLength, maximumAttributes, maximumLength, parsePacket } from '../../src/radius/packet.ts'
import { hex, packetOf, text, vectorCases } from '../support/radius.ts'

/** A datagram whose Length says what it is told; by default the truth. */
function datagram(attributes: readonly number[] | Buffer, length = headerLength + attributes.length): Buffer {
  const octets = Buffer.concat([Buffer.alloc(headerLength, 0xaa), Buffer.from(attributes)])
  octets[0] = 1
  octets[1] = 9
  octets.writeUInt16BE(length, 2)
  return octets
}

describe('RFC 2865 §3', () => {
  it('gives code, identifier, authenticator and where the attributes begin', () => {
    const packet = packetOf(datagram([1, 3, 0x61, 5, 6, 0, 0, 0, 1]))
    expect(packet).toMatchObject({ code: 1, identifier: 9, offsets: [20, 23] })
    expect(packet.authenticator).toEqual(Buffer.alloc(16, 0xaa))
  })

  it('leaves padding past Length out of the octets', () => {
    const padded = Buffer.concat([datagram([1, 3, 0x61]), Buffer.from([0, 0, 0, 1, 1])])
    expect(packetOf(padded).octets).toEqual(datagram([1, 3, 0x61]))
  })

  it('takes a packet without attributes and one of 4096 octets', () => {
    expect(parsePacket(datagram([])).ok).toBe(true)
    const full = Buffer.concat([...Array.from({ length: 15 }, () => full255()), full255(251)])
    expect(packetOf(datagram(full)).octets).toHaveLength(maximumLength)
  })

  it.each([
    ['fewer than 20 octets', Buffer.alloc(19), 'short'],
    ['no octets at all', Buffer.alloc(0), 'short'],
    ['a Length below 20', datagram([], 19), 'length-field'],
    ['a Length beyond the datagram', datagram([1, 3, 0x61], 24), 'length-field'],
    ['a Length above 4096', datagram(Buffer.alloc(4077, 1), 4097), 'too-long'],
  ])('drops %s', (_name, octets, reason) => {
    expect(parsePacket(octets)).toEqual({ ok: false, drop: 'malformed', reason })
  })
})

/** An attribute of 255 octets, or fewer. */
function full255(length = 255): Buffer {
  const octets = Buffer.alloc(length, 0x61)
  octets[0] = 18
  octets[1] = length
  return octets
}

describe('RFC 2865 §5', () => {
  it.each([
    ['an attribute of length 0', [1, 0], 'attribute-length'],
    ['an attribute of length 1', [1, 1], 'attribute-length'],
    ['an attribute that runs over the packet', [1, 4, 0x61], 'attribute-overrun'],
    ['one octet left over', [1, 3, 0x61, 5], 'attribute-overrun'],
    ['type 0, which is reserved', [0, 3, 0x61], 'attribute-type'],
  ])('drops %s', (_name, attributes, reason) => {
    expect(parsePacket(datagram(attributes))).toEqual({ ok: false, drop: 'malformed', reason })
  })

  it('takes an attribute without a value: what it means is for the reader', () => {
    expect(packetOf(datagram([1, 2])).offsets).toEqual([20])
  })

  it('drops more than 255 attributes', () => {
    const many = (count: number): Buffer => datagram(Buffer.from(Array.from({ length: count }, () => [1, 2]).flat()))
    expect(parsePacket(many(maximumAttributes)).ok).toBe(true)
    expect(parsePacket(many(maximumAttributes + 1))).toMatchObject({ reason: 'too-many' })
  })

  it('never throws and never reads past Length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        const result = parsePacket(Buffer.from(octets))
        if (!result.ok) return
        const { packet } = result
        const ends = packet.offsets.map((at) => at + packet.octets[at + 1]!)
        expect([headerLength, ...ends]).toEqual([...packet.offsets, packet.octets.length])
      }),
    )
  })
})

describe('RFC 2865 §7', () => {
  it.each(vectorCases('rfc2865-section7').map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const result = parsePacket(hex(one, 'request'))
    expect(result.ok).toBe(one['request_attribute_walk_malformed'] !== true)
    expect(parsePacket(hex(one, 'reply')).ok).toBe(true)
  })
})

describe('RFC 5997 §6', () => {
  it.each(vectorCases('rfc5997-status-server').map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const request = packetOf(hex(one, 'request'))
    expect(request.code).toBe(12)
    expect(request.octets.toString('hex')).toBe(text(one, 'request'))
    expect(packetOf(hex(one, 'reply_as_printed')).identifier).toBe(request.identifier)
  })
})
