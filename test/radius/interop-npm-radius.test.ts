// The npm package `radius` 1.1.4 as an independent peer, on the happy path only: it compares digests as text, computes
// Message-Authenticator of accounting and CoA by another rule, knows no IPv6 types and cannot hide with a salt.
import { join } from 'node:path'
import radius from 'radius'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeAttributes, encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret, randomAuthenticator, verifyRequest } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import { encodeReply, encodeRequest } from '../../src/radius/encode-packet.ts'
import { dictionary, dictionaryDirectory } from '../support/dictionary.ts'
import { packetOf } from '../support/radius.ts'

const secretText = 'a shared secret'
const secret = createSecret(secretText)

beforeAll(() => {
  // It brings the dictionaries of the RFCs; the vendor's is ours, read by its reader.
  radius.add_dictionary(join(dictionaryDirectory, 'dictionary.mikrotik'))
  // It keeps what it has read for the whole process, in which another file may have used it before.
  radius.unload_dictionaries()
})

const access: NamedAttribute[] = [
  { name: 'User-Name', value: 'žofie@example.net' },
  { name: 'User-Password', value: 'correct horse battery staple' },
  { name: 'NAS-IP-Address', value: '192.0.2.1' },
  { name: 'NAS-Port', value: 4294967295 },
  { name: 'Service-Type', value: 2 },
  { name: 'Framed-Protocol', value: 1 },
  { name: 'NAS-Port-Type', value: 15 },
  { name: 'Calling-Station-Id', value: 'AA:BB:CC:DD:EE:FF' },
  { name: 'NAS-Port-Id', value: 'vlan4071' },
  { name: 'Mikrotik-Realm', value: 'example' },
  { name: 'ADSL-Agent-Circuit-Id', value: Buffer.from('eth 1/2') },
]

/** The same in its words: value names, attributes of a vendor under their vendor. */
const accessOfPeer = {
  'User-Name': 'žofie@example.net',
  'User-Password': 'correct horse battery staple',
  'NAS-IP-Address': '192.0.2.1',
  'NAS-Port': 4294967295,
  'Service-Type': 'Framed-User',
  'Framed-Protocol': 'PPP',
  'NAS-Port-Type': 'Ethernet',
  'Calling-Station-Id': 'AA:BB:CC:DD:EE:FF',
  'NAS-Port-Id': 'vlan4071',
  'Vendor-Specific': { 'Mikrotik-Realm': 'example', 'ADSL-Agent-Circuit-Id': 'eth 1/2' },
}

const accounting: NamedAttribute[] = [
  { name: 'Acct-Status-Type', value: 3 },
  { name: 'Acct-Session-Id', value: '81000007' },
  { name: 'User-Name', value: 'alice' },
  { name: 'Framed-IP-Address', value: '100.64.0.9' },
  { name: 'Acct-Input-Octets', value: 4000000000 },
  { name: 'Acct-Input-Gigawords', value: 3 },
  { name: 'Event-Timestamp', value: 1893456000 },
  { name: 'Tunnel-Type', value: 3, tag: 2 },
  { name: 'Tunnel-Client-Endpoint', value: '192.0.2.9', tag: 2 },
]

const accountingOfPeer = {
  'Acct-Status-Type': 'Interim-Update',
  'Acct-Session-Id': '81000007',
  'User-Name': 'alice',
  'Framed-IP-Address': '100.64.0.9',
  'Acct-Input-Octets': 4000000000,
  'Acct-Input-Gigawords': 3,
  'Event-Timestamp': new Date('2030-01-01T00:00:00Z'),
  'Tunnel-Type': [2, 'L2TP'],
  'Tunnel-Client-Endpoint': [2, '192.0.2.9'],
}

describe('what we encode, the peer decodes', () => {
  it('Access-Request with a hidden password and Message-Authenticator', () => {
    const authenticator = randomAuthenticator()
    const attributes = encodeAttributes(dictionary, access, { secret, authenticator })
    const code = codes.accessRequest
    const packet = encodeRequest({ code, identifier: 5, attributes, secret, authenticator, messageAuthenticator: true })
    const decoded = radius.decode({ packet, secret: secretText })
    expect(decoded).toMatchObject({ code: 'Access-Request', identifier: 5, attributes: accessOfPeer })
  })

  it('Accounting-Request with counters, a date and tags', () => {
    const attributes = encodeAttributes(dictionary, accounting)
    const code = codes.accountingRequest
    const packet = encodeRequest({ code, identifier: 6, attributes, secret, messageAuthenticator: false })
    expect(radius.decode({ packet, secret: secretText })).toMatchObject({
      code: 'Accounting-Request',
      attributes: accountingOfPeer,
    })
  })

  it('Access-Accept, which it verifies against its own request', () => {
    const request = radius.encode({ code: 'Access-Request', secret: secretText, attributes: [['User-Name', 'alice']] })
    const list = [
      { name: 'Framed-IP-Address', value: '100.64.0.9' },
      { name: 'Session-Timeout', value: 86400 },
      { name: 'Mikrotik-Rate-Limit', value: '20M/50M' },
    ]
    const attributes = encodeAttributes(dictionary, list)
    const response = encodeReply({ code: codes.accessAccept, request: packetOf(request), attributes, secret })
    expect(radius.verify_response({ request, response, secret: secretText })).toBe(true)
    expect(radius.decode({ packet: response, secret: secretText }).attributes).toMatchObject({
      'Framed-IP-Address': '100.64.0.9',
      'Session-Timeout': 86400,
      'Vendor-Specific': { 'Mikrotik-Rate-Limit': '20M/50M' },
    })
  })
})

describe('what the peer encodes, we decode', () => {
  it('Access-Request', () => {
    const { 'Vendor-Specific': _vendors, ...standard } = accessOfPeer
    const packet = packetOf(
      radius.encode({
        code: 'Access-Request',
        secret: secretText,
        identifier: 9,
        attributes: [
          ...Object.entries(standard),
          ['Vendor-Specific', 14988, [['Mikrotik-Realm', 'example']]],
          ['Vendor-Specific', 3561, [['ADSL-Agent-Circuit-Id', 'eth 1/2']]],
        ],
      }),
    )
    expect(packet.identifier).toBe(9)
    expect(decodeAttributes(dictionary, packet, { secret, authenticator: packet.authenticator })).toEqual(access)
  })

  it('Accounting-Request', () => {
    const attributes = Object.entries(accountingOfPeer).map(([name, value]) =>
      Array.isArray(value) ? [name, ...value] : [name, value],
    )
    const packet = packetOf(radius.encode({ code: 'Accounting-Request', secret: secretText, attributes }))
    expect(verifyRequest(packet, secret).kind).toBe('ok')
    expect(decodeAttributes(dictionary, packet)).toEqual(accounting)
  })

  it('Access-Accept and Access-Reject', () => {
    const authenticator = randomAuthenticator()
    const code = codes.accessRequest
    const request = encodeRequest({
      code,
      identifier: 3,
      attributes: encodeAttributes(dictionary, [{ name: 'User-Name', value: 'alice' }]),
      secret,
      authenticator,
      messageAuthenticator: false,
    })
    const reply = radius.encode_response({
      packet: radius.decode({ packet: request, secret: secretText }),
      code: 'Access-Reject',
      secret: secretText,
      attributes: [
        ['Reply-Message', 'no'],
        ['Vendor-Specific', 14988, [['Mikrotik-Recv-Limit', 5]]],
      ],
    })
    expect(decodeAttributes(dictionary, packetOf(reply))).toEqual([
      { name: 'Reply-Message', value: 'no' },
      { name: 'Mikrotik-Recv-Limit', value: 5 },
    ])
  })
})
