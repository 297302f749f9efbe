import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createProxyPackets } from '../../src/aaa/proxy-packet.ts'
import { decodeAttributes, encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import { encodeReply, encodeRequest } from '../../src/radius/encode-packet.ts'
import { hideSalted, recoverSalted, rehideSalted } from '../../src/radius/hiding.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { makeChapPassword } from '../../src/radius/password.ts'
import { dictionary } from '../support/dictionary.ts'
import { attribute, packetOf, typesOf, valueOf } from '../support/radius.ts'

const packets = createProxyPackets(dictionary)
const nasSide = { secret: createSecret('the NAS knows this one'), authenticator: Buffer.alloc(16, 0xa1) }
const homeSide = { secret: createSecret('the home server this'), authenticator: Buffer.alloc(16, 0xb2) }
const own = Buffer.from('our own state')

/** A request of the NAS with these attributes. */
function requestOf(attributes: readonly NamedAttribute[] | Buffer): Packet {
  const encoded = Buffer.isBuffer(attributes) ? attributes : encodeAttributes(dictionary, attributes, nasSide)
  const { secret, authenticator } = nasSide
  const request = { code: codes.accessRequest, identifier: 3, attributes: encoded, secret, authenticator }
  return packetOf(encodeRequest({ ...request, messageAuthenticator: true }))
}

/** What the home server reads. */
function forwarded(attributes: readonly NamedAttribute[] | Buffer): Packet {
  const octets = packets.requestAttributes(requestOf(attributes), own, nasSide, homeSide)
  const { secret, authenticator } = homeSide
  const request = { code: codes.accessRequest, identifier: 4, attributes: octets, secret, authenticator }
  return packetOf(encodeRequest({ ...request, messageAuthenticator: true }))
}

const read = (packet: Packet, side: typeof homeSide) => decodeAttributes(dictionary, packet, side)
const valuesOf = (list: NamedAttribute[], name: string) =>
  list.filter((one) => one.name === name).map((one) => one.value)

describe('an Access-Request that is forwarded', () => {
  it('keeps its attributes and their order; Message-Authenticator comes first, our Proxy-State last (RFC 2865 §5.33)', () => {
    const packet = forwarded([
      { name: 'User-Name', value: 'Anna@Partner.Example' },
      { name: 'Proxy-State', value: Buffer.from('first') },
      { name: 'NAS-Port', value: 17 },
      { name: 'Proxy-State', value: Buffer.from('second') },
      { name: 'Mikrotik-Realm', value: 'x' },
    ])
    expect(typesOf(packet)).toEqual([80, 1, 33, 5, 33, 26, 33])
    const list = read(packet, homeSide)
    expect(valuesOf(list, 'User-Name')).toEqual(['Anna@Partner.Example'])
    expect(valuesOf(list, 'Proxy-State').map(String)).toEqual(['first', 'second', 'our own state'])
  })

  it('has User-Password hidden for the home server (RFC 2865 §5.2)', () => {
    for (const password of ['', 'x', 'exactly16octets!', 'longer than one block of sixteen']) {
      const packet = forwarded([{ name: 'User-Password', value: Buffer.from(password) }])
      expect(valuesOf(read(packet, homeSide), 'User-Password').map(String)).toEqual([password])
      expect(valueOf(packet, 2)).not.toEqual(valueOf(requestOf([{ name: 'User-Password', value: password }]), 2))
    }
  })

  it('has no User-Password that could not be read', () => {
    expect(typesOf(forwarded(Buffer.concat([attribute(2, 'odd length'), attribute(1, 'anna')])))).toEqual([80, 1, 33])
  })

  it('by CHAP gets the challenge that was the Request Authenticator (RFC 2865 §5.3)', () => {
    const response = makeChapPassword(7, nasSide.authenticator, Buffer.from('secret of anna'))
    const packet = forwarded([
      { name: 'CHAP-Password', value: response },
      { name: 'User-Name', value: 'anna' },
    ])
    expect(valueOf(packet, 60)).toEqual(nasSide.authenticator)
    expect(valueOf(packet, 3)).toEqual(response)
    const challenge = Buffer.from('a challenge of its own')
    const own60 = forwarded([
      { name: 'CHAP-Password', value: response },
      { name: 'CHAP-Challenge', value: challenge },
    ])
    expect(typesOf(own60)).toEqual([80, 3, 60, 33])
    expect(valueOf(own60, 60)).toEqual(challenge)
  })

  it('by MS-CHAPv2 or EAP goes as it is', () => {
    const raw = Buffer.concat([
      attribute(26, Buffer.concat([Buffer.from('00000137', 'hex'), attribute(25, Buffer.alloc(50, 1))])),
      attribute(79, Buffer.from('0201000501', 'hex')),
      attribute(24, 'state'),
    ])
    expect(forwarded(raw).octets.subarray(38, 38 + raw.length)).toEqual(raw)
  })

  it('tells whether it goes on with a conversation', () => {
    expect(packets.hasState(requestOf([{ name: 'State', value: Buffer.from('x') }]))).toBe(true)
    expect(packets.hasState(requestOf([]))).toBe(false)
    expect(packets.proxyStates(requestOf([{ name: 'Proxy-State', value: own }]))).toEqual([own])
  })

  it('is copied octet for octet where nothing is hidden, whatever it is', () => {
    const one = fc.record({
      type: fc.integer({ min: 1, max: 255 }).filter((type) => ![2, 3, 26, 69, 80, 214, 215].includes(type)),
      value: fc.uint8Array({ maxLength: 60 }),
    })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), (list) => {
        const raw = Buffer.concat(list.map(({ type, value }) => attribute(type, value)))
        const expected = Buffer.concat([raw, attribute(33, own)])
        expect(packets.requestAttributes(requestOf(raw), own, nasSide, homeSide)).toEqual(expected)
      }),
    )
  })

  it('of Accounting gets our Proxy-State and nothing else', () => {
    const raw = Buffer.concat([attribute(40, Buffer.from('00000001', 'hex')), attribute(44, 's1')])
    const { secret } = nasSide
    const request = { code: codes.accountingRequest, identifier: 3, attributes: raw, secret }
    const packet = packetOf(encodeRequest({ ...request, messageAuthenticator: true }))
    expect(packets.requestAttributes(packet, own, nasSide, homeSide)).toEqual(Buffer.concat([raw, attribute(33, own)]))
  })
})

describe('the reply that goes back', () => {
  const request = requestOf([{ name: 'Proxy-State', value: Buffer.from('of the NAS') }])

  function returned(attributes: readonly NamedAttribute[] | Buffer): NamedAttribute[] {
    const encoded = Buffer.isBuffer(attributes) ? attributes : encodeAttributes(dictionary, attributes, homeSide)
    const asked = forwarded([])
    const reply = encodeReply({
      code: codes.accessAccept,
      request: asked,
      attributes: encoded,
      secret: homeSide.secret,
    })
    const octets = packets.replyAttributes(packetOf(reply), homeSide, nasSide)
    const { secret } = nasSide
    return read(packetOf(encodeReply({ code: codes.accessAccept, request, attributes: octets, secret })), nasSide)
  }

  it('keeps its order, without our Proxy-State and with those of the request (RFC 2865 §5.33)', () => {
    const list = returned([
      { name: 'Class', value: Buffer.from('two') },
      { name: 'Framed-IP-Address', value: '10.0.0.7' },
      { name: 'Class', value: Buffer.from('one') },
      { name: 'State', value: Buffer.from('go on') },
    ])
    expect(list.map((one) => one.name)).toEqual([
      'Message-Authenticator',
      'Class',
      'Framed-IP-Address',
      'Class',
      'State',
      'Proxy-State',
    ])
    expect(valuesOf(list, 'Class').map(String)).toEqual(['two', 'one'])
    expect(valuesOf(list, 'Proxy-State').map(String)).toEqual(['of the NAS'])
  })

  it('has its keys hidden for the NAS (RFC 2548 §2.4, RFC 2868 §3.5)', () => {
    const send = Buffer.alloc(16, 5)
    const receive = Buffer.alloc(32, 6)
    const list = returned([
      { name: 'MS-MPPE-Send-Key', value: send },
      { name: 'Reply-Message', value: 'between' },
      { name: 'MS-MPPE-Recv-Key', value: receive },
      { name: 'Tunnel-Password', value: 'into the tunnel', tag: 3 },
      { name: 'Tunnel-Password', value: 'without a tag' },
      { name: 'MS-CHAP-MPPE-Keys', value: Buffer.concat([Buffer.alloc(8), Buffer.alloc(16, 9), Buffer.alloc(8)]) },
    ])
    expect(valuesOf(list, 'MS-MPPE-Send-Key')).toEqual([send])
    expect(valuesOf(list, 'MS-MPPE-Recv-Key')).toEqual([receive])
    expect(list.filter((one) => one.name === 'Tunnel-Password').map(({ value, tag }) => [value, tag])).toEqual([
      ['into the tunnel', 3],
      ['without a tag', undefined],
    ])
    expect(valuesOf(list, 'MS-CHAP-MPPE-Keys')).toEqual([
      Buffer.concat([Buffer.alloc(8), Buffer.alloc(16, 9), Buffer.alloc(8)]),
    ])
  })

  it('has Ascend secrets hidden for the NAS', () => {
    const list = returned([{ name: 'Ascend-Send-Secret', value: 'ascended' }])
    expect(valuesOf(list, 'Ascend-Send-Secret').map(String)).toEqual(['ascended'])
  })

  it('may have two attributes of a vendor in one, hidden or not', () => {
    const { secret, authenticator } = homeSide
    const hidden = attribute(17, hideSalted(Buffer.from('key'), 0x8123, secret.octets, authenticator))
    const policy = attribute(7, Buffer.from('00000001', 'hex'))
    const list = returned(attribute(26, Buffer.concat([Buffer.from('00000137', 'hex'), policy, hidden, policy])))
    expect(list.slice(1, 4).map((one) => one.name)).toEqual([
      'MS-MPPE-Encryption-Policy',
      'MS-MPPE-Recv-Key',
      'MS-MPPE-Encryption-Policy',
    ])
    expect(valuesOf(list, 'MS-MPPE-Recv-Key').map(String)).toEqual(['key'])
  })

  it('loses a hidden value that nobody could read, and nothing else', () => {
    const raw = Buffer.concat([attribute(69, 'short'), attribute(18, 'welcome'), attribute(26, 'no vendor')])
    expect(returned(raw).map((one) => one.name)).toEqual([
      'Message-Authenticator',
      'Reply-Message',
      'Attr-26',
      'Proxy-State',
    ])
  })
})

describe('a salted value under another secret (RFC 2868 §3.5)', () => {
  it('is the same value in as many octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 239 }), fc.integer({ min: 0, max: 0x7fff }), (plain, salt) => {
        const from = { secret: nasSide.secret.octets, authenticator: nasSide.authenticator }
        const to = { secret: homeSide.secret.octets, authenticator: homeSide.authenticator }
        const hidden = hideSalted(plain, salt, from.secret, from.authenticator)
        const again = rehideSalted(hidden, from, to)!
        expect(again).toHaveLength(hidden.length)
        expect(recoverSalted(again, to.secret, to.authenticator)).toEqual(Buffer.from(plain))
      }),
    )
  })
})
