import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAccessReader } from '../../src/aaa/access-packet.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { macA, testFacts, testNas } from '../support/access.ts'
import { packetWith } from '../support/attributes.ts'
import { dictionary } from '../support/dictionary.ts'
import { attribute } from '../support/radius.ts'

const secret = createSecret('testing123')
const read = createAccessReader(dictionary)
const readOctets = (octets: Uint8Array, mschapV1 = false, nas = testNas()) =>
  read(packetWith(octets), nas, { mschapV1, secrets: [secret] })
const readNamed = (attributes: NamedAttribute[], nas = testNas()) =>
  readOctets(encodeAttributes(dictionary, attributes), false, nas)
const authenticator = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

/** Vendor-Specific of Microsoft. */
const microsoft = (type: number, value: Uint8Array) =>
  attribute(26, Buffer.concat([Buffer.from('00000137', 'hex'), Buffer.of(type, value.length + 2), value]))
const join = (...parts: Buffer[]) => Buffer.concat(parts)
const password = attribute(2, Buffer.alloc(16, 1))
const chapPassword = attribute(3, Buffer.alloc(17, 2))
const eap = attribute(79, Buffer.from('0263000901616e6e61', 'hex'))
const challenge8 = microsoft(11, Buffer.alloc(8, 3))
const challenge16 = microsoft(11, Buffer.alloc(16, 3))
const response1 = microsoft(1, Buffer.alloc(50, 4))
const response2 = microsoft(25, Buffer.alloc(50, 5))

describe('createAccessReader', () => {
  it('reads who asks and from where', () => {
    const found = readNamed([
      { name: 'User-Name', value: 'Anna' },
      { name: 'Calling-Station-Id', value: 'D4:CA:6D:00:00:0A' },
      { name: 'NAS-Port-Id', value: 'vlan12' },
    ])
    expect(found.request).toMatchObject({
      username: 'anna',
      line: `mac:${macA}`,
      facts: { mac: macA, interface: { raw: 'vlan12', cVlan: 12 } },
    })
    expect(found.shownUsername).toBe('anna')
    expect(found.wantsCui).toBe(false)
  })

  it('reads nothing out of nothing', () => {
    expect(readOctets(Buffer.alloc(0))).toEqual({
      request: {
        access: 'ipoe',
        username: '',
        facts: testFacts({ mac: undefined }),
        line: undefined,
        nas: testNas(),
      },
      shownUsername: '',
      method: 'line',
      credentials: { refused: 'no-credentials' },
      eapIdentifier: undefined,
      msChap: undefined,
      lineSecret: undefined,
      wantsCui: false,
    })
  })

  it('reads the interface by the vendor’s rules', () => {
    const octets = join(attribute(30, 'vlan7:d4:ca:6d:00:00:01'), attribute(87, 'ppp0'))
    expect(readOctets(octets, false, testNas({ vendor: 'accel-ppp' })).request.facts.interface).toEqual({
      raw: 'vlan7',
      cVlan: 7,
    })
    expect(readOctets(octets).request.facts.interface).toEqual({ raw: 'ppp0' })
  })

  describe('RFC 2865 §5.2 User-Password', () => {
    it.each([16, 32, 128])('of %i octets is one', (length) => {
      const hidden = Buffer.alloc(length, 1)
      expect(readOctets(attribute(2, hidden))).toMatchObject({ method: 'pap', credentials: { method: 'pap', hidden } })
    })

    it.each([0, 1, 15, 17, 130, 144])('R22: of %i octets is none', (length) => {
      expect(readOctets(attribute(2, Buffer.alloc(length)))).toMatchObject({
        method: 'pap',
        credentials: { refused: 'bad-credentials-form' },
      })
    })
  })

  describe('RFC 2865 §5.3 CHAP-Password', () => {
    it('has its challenge in CHAP-Challenge, else in the Request Authenticator', () => {
      expect(readOctets(chapPassword)).toMatchObject({ method: 'chap', credentials: { challenge: authenticator } })
      const challenge = Buffer.from('0123456789', 'hex')
      expect(readOctets(join(chapPassword, attribute(60, challenge)))).toMatchObject({ credentials: { challenge } })
    })

    it.each([0, 16, 18])('R23: of %i octets is none', (length) => {
      expect(readOctets(attribute(3, Buffer.alloc(length)))).toMatchObject({
        credentials: { refused: 'bad-credentials-form' },
      })
    })

    it('with an empty challenge is none', () => {
      expect(readOctets(join(chapPassword, attribute(60, '')))).toMatchObject({
        credentials: { refused: 'bad-credentials-form' },
      })
    })
  })

  describe('RFC 2548 §2 MS-CHAP', () => {
    it('version 2 takes the name as the peer typed it', () => {
      const found = readOctets(join(attribute(1, 'ISP\\Anna'), challenge16, response2))
      expect(found).toMatchObject({
        method: 'mschapv2',
        credentials: { userName: Buffer.from('ISP\\Anna'), challenge: Buffer.alloc(16, 3) },
        msChap: { version: 2, ident: 5 },
      })
    })

    it('version 1 is off unless it is allowed', () => {
      const octets = join(challenge8, response1)
      expect(readOctets(octets)).toMatchObject({
        method: 'mschapv1',
        credentials: { refused: 'mschapv1-off' },
        msChap: { version: 1, ident: 4 },
      })
      expect(readOctets(octets, true)).toMatchObject({ credentials: { method: 'mschapv1' } })
    })

    it.each([
      ['no challenge', response2],
      ['a challenge of 8 octets', join(challenge8, response2)],
      ['a response of 49 octets', join(challenge16, microsoft(25, Buffer.alloc(49)))],
    ])('R24: version 2 with %s is none', (_, octets) => {
      expect(readOctets(octets)).toMatchObject({ method: 'mschapv2', credentials: { refused: 'bad-credentials-form' } })
    })

    it.each([
      ['no challenge', response1],
      ['a challenge of 16 octets', join(challenge16, response1)],
      ['a response of 10 octets', join(challenge8, microsoft(1, Buffer.alloc(10)))],
    ])('R24: version 1 with %s is none', (_, octets) => {
      expect(readOctets(octets, true)).toMatchObject({ credentials: { refused: 'bad-credentials-form' } })
    })

    it('R24: both versions at once are too much', () => {
      expect(readOctets(join(challenge16, response1, response2), true)).toMatchObject({
        credentials: { refused: 'several-credentials' },
        msChap: { version: 2, ident: 5 },
      })
    })
  })

  it('R26: EAP is not supported; its identifier is kept for the failure', () => {
    expect(readOctets(eap)).toMatchObject({
      method: 'eap',
      credentials: { refused: 'eap-not-supported' },
      eapIdentifier: 0x63,
    })
    expect(readOctets(attribute(79, ''))).toMatchObject({ eapIdentifier: 0 })
  })

  it.each([
    ['PAP and CHAP', join(password, chapPassword)],
    ['PAP and EAP', join(password, eap)],
    ['PAP, CHAP and EAP', join(password, chapPassword, eap)],
    ['CHAP and MS-CHAPv2', join(chapPassword, challenge16, response2)],
  ])('R25, RFC 3579 §3.3: %s at once are too much', (_, octets) => {
    expect(readOctets(octets)).toMatchObject({ credentials: { refused: 'several-credentials' } })
  })

  it.each([
    ['00', true],
    ['0000', true],
    ['', true],
    ['41', false],
    ['4100', false],
  ])('RFC 4372 §2.1: a CUI of %j asks for one: %s', (octets, wants) => {
    expect(readOctets(attribute(89, Buffer.from(octets, 'hex'))).wantsCui).toBe(wants)
  })

  it('never throws, whatever the attributes hold', () => {
    const one = fc
      .tuple(fc.constantFrom(1, 2, 3, 26, 30, 31, 60, 79, 87, 89), fc.uint8Array({ maxLength: 60 }))
      .map(([type, value]) => attribute(type, value))
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 12 }),
        fc.constantFrom('mikrotik', 'accel-ppp', 'standard'),
        (parts, vendor) => {
          const found = readOctets(Buffer.concat(parts), true, testNas({ vendor }))
          expect(found.credentials).toBeDefined()
          expect(found.shownUsername).not.toMatch(/\p{Cc}/u)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
