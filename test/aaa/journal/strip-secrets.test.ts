import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stripSecrets } from '../../../src/aaa/journal/strip-secrets.ts'
import { parsePacket } from '../../../src/radius/packet.ts'
import { attribute, packetOf, typesOf, valueOf } from '../../support/radius.ts'

const secret = 'the-secret-of-it'

/** An Accounting-Request with these attributes and an Authenticator that is not zero. */
function request(...attributes: Buffer[]) {
  const body = Buffer.concat(attributes)
  const head = Buffer.alloc(20, 0xab)
  head.writeUInt8(4, 0)
  head.writeUInt8(77, 1)
  head.writeUInt16BE(20 + body.length, 2)
  return packetOf(Buffer.concat([head, body]))
}

/** A Vendor-Specific with one attribute of the vendor (RFC 2865 §5.26). */
function vendorAttribute(vendor: number, ...inner: [number, string][]): Buffer {
  const id = Buffer.alloc(4)
  id.writeUInt32BE(vendor)
  return attribute(26, Buffer.concat([id, ...inner.map(([type, value]) => attribute(type, value))]))
}

describe('what the journal keeps of a packet', () => {
  it('is all of a usual Accounting-Request but its Authenticator', () => {
    const packet = request(
      attribute(1, 'anna'),
      attribute(40, Buffer.of(0, 0, 0, 3)),
      vendorAttribute(14988, [8, '10M/10M']),
    )
    const kept = packetOf(stripSecrets(packet))
    expect([kept.code, kept.identifier, kept.octets.length]).toEqual([4, 77, packet.octets.length])
    expect(kept.octets.subarray(20)).toEqual(packet.octets.subarray(20))
    expect(kept.authenticator).toEqual(Buffer.alloc(16))
  })

  it('is a copy: the packet that came stays as it is', () => {
    const packet = request(attribute(2, secret), attribute(1, 'anna'))
    const before = Buffer.from(packet.octets)
    stripSecrets(packet).fill(0)
    expect(packet.octets).toEqual(before)
  })

  it.each([
    ['User-Password', 2],
    ['CHAP-Password', 3],
    ['State', 24],
    ['CHAP-Challenge', 60],
    ['Tunnel-Password', 69],
    ['ARAP-Password', 70],
    ['EAP-Message', 79],
    ['Message-Authenticator', 80],
    ['Digest-Response', 103],
  ])('is without %s', (_, type) => {
    const kept = packetOf(stripSecrets(request(attribute(1, 'anna'), attribute(type, secret), attribute(44, 'id'))))
    expect(typesOf(kept)).toEqual([1, 44])
    expect(valueOf(kept, 44)).toEqual(Buffer.from('id'))
    expect(kept.octets.includes(secret)).toBe(false)
  })

  it.each([
    ['MS-CHAP-Response', 1],
    ['MS-CHAP-CPW-2', 4],
    ['MS-CHAP-Challenge', 11],
    ['MS-CHAP-MPPE-Keys', 12],
    ['MS-MPPE-Send-Key', 16],
    ['MS-CHAP2-Response', 25],
    ['MS-CHAP2-Success', 26],
  ])('is without %s of Microsoft, even behind another of the same Vendor-Specific', (_, type) => {
    const packet = request(vendorAttribute(311, [18, 'name'], [type, secret]), vendorAttribute(311, [18, 'other']))
    const kept = packetOf(stripSecrets(packet))
    expect(kept.offsets).toHaveLength(1)
    expect(kept.octets.includes(secret)).toBe(false)
    expect(kept.octets.includes('other')).toBe(true)
  })

  it('has the attributes of other vendors by the same number', () => {
    const packet = request(vendorAttribute(14988, [1, 'rate'], [25, 'x']))
    expect(stripSecrets(packet).length).toBe(packet.octets.length)
  })

  it('parses for every packet that parsed, and holds no secret attribute', () => {
    const attributes = fc.array(
      fc
        .tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 30 }))
        .map(([type, value]) => attribute(type, value)),
      { maxLength: 30 },
    )
    const microsoft = fc
      .uint8Array({ maxLength: 20 })
      .map((inner) => attribute(26, Buffer.concat([Buffer.of(0, 0, 1, 55), inner])))
    fc.assert(
      fc.property(attributes, fc.array(microsoft, { maxLength: 5 }), (some, vendors) => {
        const packet = request(...some, ...vendors)
        const parsed = parsePacket(stripSecrets(packet))
        expect(parsed.ok).toBe(true)
        if (!parsed.ok) return
        const types = typesOf(parsed.packet)
        expect(types.filter((type) => [2, 3, 24, 60, 69, 79, 80].includes(type))).toEqual([])
        const untouched = (type: number) => ![2, 3, 24, 26, 60, 69, 70, 71, 73, 79, 80, 84, 103].includes(type)
        expect(types.filter(untouched)).toEqual(typesOf(packet).filter(untouched))
      }),
    )
  })
})
