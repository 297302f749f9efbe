import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createSecret,
  EmptySecretError,
  equalOctets,
  verifyReply,
  verifyRequest,
} from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import { encodeReply, encodeRequest } from '../../src/radius/encode-packet.ts'
import { attribute, hex, packetOf, text, vectorCases } from '../support/radius.ts'

const secret = createSecret('testing123')
const other = createSecret('testing124')
const userName = attribute(1, 'alice')

// The rules written down a second time, with node:crypto and whole copies, to check the ones that work in place.
function referenceHash(octets: Buffer, authenticator: Buffer): string {
  const copy = Buffer.from(octets)
  authenticator.copy(copy, 4)
  return createHash('md5').update(copy).update('testing123').digest('hex')
}

function referenceHmac(octets: Buffer, authenticator: Buffer, valueAt: number): string {
  const copy = Buffer.from(octets)
  authenticator.copy(copy, 4)
  copy.fill(0, valueAt, valueAt + 16)
  return createHmac('md5', 'testing123').update(copy).digest('hex')
}

function request(code: number, attributes = userName, messageAuthenticator = true): Buffer {
  return encodeRequest({ code: code as 1, identifier: 7, attributes, secret, messageAuthenticator })
}

describe('RFC 2865 §7: Response Authenticator', () => {
  const cases = vectorCases('rfc2865-section7').filter((one) => one['request_attribute_walk_malformed'] !== true)
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const asked = hex(one, 'request').subarray(4, 20)
    const verdict = verifyReply(packetOf(hex(one, 'reply')), asked, createSecret(text(one, 'secret')), 'if-present')
    expect(verdict.kind).toBe(one['reply_authenticator_valid'] === true ? 'ok' : 'bad-authenticator')
  })
})

describe('RFC 5997 §6: Status-Server', () => {
  it.each(vectorCases('rfc5997-status-server').map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const key = createSecret(text(one, 'secret'))
    expect(verifyRequest(packetOf(hex(one, 'request')), key)).toEqual({ kind: 'ok', messageAuthenticator: true })
    const reply = hex(one, 'reply_as_printed')
    reply[0] = Number(one['expect_code'])
    const verdict = verifyReply(packetOf(reply), hex(one, 'request').subarray(4, 20), key, 'if-present')
    expect(verdict.kind).toBe('ok')
  })

  it('§3: without Message-Authenticator it is refused', () => {
    const bare = Buffer.concat([Buffer.of(12, 1, 0, 20), Buffer.alloc(16, 9)])
    expect(verifyRequest(packetOf(bare), secret).kind).toBe('missing-message-authenticator')
  })
})

describe('RFC 3579 §3.2 and RFC 2869 §5.14: Message-Authenticator by the rule of each code', () => {
  it.each([codes.accessRequest, codes.statusServer])('code %i: over the random authenticator', (code) => {
    const octets = request(code)
    expect(octets.toString('hex', 22, 38)).toBe(referenceHmac(octets, octets.subarray(4, 20), 22))
    expect(verifyRequest(packetOf(octets), secret)).toEqual({ kind: 'ok', messageAuthenticator: true })
  })

  it.each([codes.accountingRequest, codes.coaRequest, codes.disconnectRequest])(
    'code %i: over 16 zero octets, then the Request Authenticator over all of it',
    (code) => {
      const octets = request(code)
      expect(octets.toString('hex', 22, 38)).toBe(referenceHmac(octets, Buffer.alloc(16), 22))
      expect(octets.toString('hex', 4, 20)).toBe(referenceHash(octets, Buffer.alloc(16)))
      expect(verifyRequest(packetOf(octets), secret)).toEqual({ kind: 'ok', messageAuthenticator: true })
    },
  )

  it.each([
    [codes.accessAccept, codes.accessRequest],
    [codes.accountingResponse, codes.statusServer],
    [codes.coaAck, codes.coaRequest],
    [codes.disconnectNak, codes.disconnectRequest],
  ])('reply code %i: over the authenticator of the request', (code, askedCode) => {
    const asked = packetOf(request(askedCode))
    const reply = encodeReply({ code, request: asked, attributes: userName, secret })
    expect(reply.toString('hex', 22, 38)).toBe(referenceHmac(reply, asked.authenticator, 22))
    expect(reply.toString('hex', 4, 20)).toBe(referenceHash(reply, asked.authenticator))
  })

  it('is found and verified wherever it stands in a request', () => {
    const octets = request(codes.accessRequest, userName, false)
    const last = Buffer.concat([octets, attribute(80, Buffer.alloc(16))])
    last.writeUInt16BE(last.length, 2)
    Buffer.from(referenceHmac(last, last.subarray(4, 20), octets.length + 2), 'hex').copy(last, octets.length + 2)
    expect(verifyRequest(packetOf(last), secret)).toEqual({ kind: 'ok', messageAuthenticator: true })
  })

  it('an Access-Request without one proves nothing and says so', () => {
    const packet = packetOf(request(codes.accessRequest, userName, false))
    expect(verifyRequest(packet, other)).toEqual({ kind: 'ok', messageAuthenticator: false })
  })

  it('R18: two of them or another length are refused, however right the first is', () => {
    const value = Buffer.alloc(16)
    for (const wrong of [
      Buffer.concat([attribute(80, value), attribute(80, value)]),
      attribute(80, value.subarray(1)),
      attribute(80, Buffer.alloc(17)),
      attribute(80, ''),
    ]) {
      const octets = Buffer.concat([
        Buffer.of(codes.accessRequest, 1, 0, 20 + wrong.length),
        Buffer.alloc(16, 5),
        wrong,
      ])
      // Of two, the first is right.
      if (octets.length >= 38) Buffer.from(referenceHmac(octets, octets.subarray(4, 20), 22), 'hex').copy(octets, 22)
      expect(verifyRequest(packetOf(octets), secret).kind).toBe('bad-message-authenticator')
    }
  })
})

describe('RFC 2866 §3, RFC 5176 §2.3: Request Authenticator', () => {
  it.each([codes.accountingRequest, codes.coaRequest, codes.disconnectRequest])('code %i: a wrong secret', (code) => {
    expect(verifyRequest(packetOf(request(code)), other).kind).toBe('bad-authenticator')
    expect(verifyRequest(packetOf(request(code, userName, false)), secret)).toEqual({
      kind: 'ok',
      messageAuthenticator: false,
    })
  })

  it('a right Request Authenticator with a wrong Message-Authenticator is refused', () => {
    const octets = request(codes.accountingRequest)
    octets[30]! ^= 1
    Buffer.from(referenceHash(octets, Buffer.alloc(16)), 'hex').copy(octets, 4)
    expect(verifyRequest(packetOf(octets), secret).kind).toBe('bad-message-authenticator')
  })

  it('octets past Length enter no digest', () => {
    for (const code of [codes.accessRequest, codes.accountingRequest]) {
      const padded = Buffer.concat([request(code), Buffer.alloc(20, 0xee)])
      expect(verifyRequest(packetOf(padded), secret).kind).toBe('ok')
    }
  })

  it('a code that is no request is refused', () => {
    for (const code of [0, 2, 3, 5, 11, 41, 255]) {
      const octets = Buffer.concat([Buffer.of(code, 1, 0, 20), Buffer.alloc(16)])
      expect(verifyRequest(packetOf(octets), secret).kind).toBe('bad-authenticator')
    }
  })
})

describe('digests are compared as octets', () => {
  // Read as UTF-8 text, every octet that cannot stand there becomes U+FFFD, so all of these are "equal" as strings.
  it('a forged authenticator whose text collapses to that of the right one does not pass', () => {
    let collapsed = 0
    for (let identifier = 0; identifier < 256 && collapsed < 5; identifier++) {
      const octets = encodeRequest({ code: 4, identifier, attributes: userName, secret, messageAuthenticator: false })
      const right = octets.subarray(4, 20)
      const forged = Buffer.from(right)
      // One octet that stands alone as invalid is replaced by another invalid one.
      const at = forged.findIndex((octet, i) => octet === 0xff || (octet >= 0xf8 && i > 0))
      if (at === -1) continue
      forged[at] = right[at] === 0xfe ? 0xff : 0xfe
      if (forged.toString() !== right.toString()) continue
      collapsed++
      forged.copy(octets, 4)
      expect(verifyRequest(packetOf(octets), secret).kind).toBe('bad-authenticator')
    }
    expect(collapsed).toBe(5)
  })

  it('the same for Message-Authenticator and for the authenticators of replies', () => {
    const octets = request(codes.accessRequest)
    octets.fill(0xff, 22, 38)
    expect(verifyRequest(packetOf(octets), secret).kind).toBe('bad-message-authenticator')
    const asked = packetOf(request(codes.accessRequest))
    const reply = encodeReply({ code: 2, request: asked, attributes: userName, secret })
    reply.fill(0xff, 4, 20)
    expect(verifyReply(packetOf(reply), asked.authenticator, secret, 'require').kind).toBe('bad-authenticator')
  })

  it('any change of a single bit of a signed packet is noticed', () => {
    const code = fc.constantFrom(1, 4, 12, 40, 43)
    fc.assert(
      fc.property(code, fc.nat(), fc.nat(7), (asked, where, bit) => {
        const octets = request(asked, Buffer.concat([userName, attribute(4, Buffer.alloc(4, 10))]))
        const original = Buffer.from(octets)
        // Not the length field or an attribute's type and length: then it is another packet, or none.
        const at = [1, ...range(4, 20), ...range(22, 38), ...range(40, 45), ...range(47, 51)][where % 42]!
        octets[at]! ^= 1 << bit
        expect(octets.equals(original)).toBe(false)
        expect(verifyRequest(packetOf(octets), secret).kind).not.toBe('ok')
      }),
    )
  })

  it('R49: equalOctets compares the ranges asked for', () => {
    const a = Buffer.from('xxabcdyy')
    expect(equalOctets(a, 2, Buffer.from('abcd'), 0, 4)).toBe(true)
    expect(equalOctets(a, 2, Buffer.from('abce'), 0, 4)).toBe(false)
    expect(equalOctets(a, 0, a, 4, 0)).toBe(true)
  })
})

describe('R16: replies', () => {
  const asked = packetOf(request(codes.accessRequest))
  const unsigned = (): Buffer => {
    const octets = Buffer.concat([Buffer.of(2, 7, 0, 27), asked.authenticator, userName])
    Buffer.from(referenceHash(octets, asked.authenticator), 'hex').copy(octets, 4)
    return octets
  }

  it('without Message-Authenticator passes only where the policy lets it', () => {
    expect(verifyReply(packetOf(unsigned()), asked.authenticator, secret, 'if-present').kind).toBe('ok')
    const verdict = verifyReply(packetOf(unsigned()), asked.authenticator, secret, 'require')
    expect(verdict.kind).toBe('missing-message-authenticator')
  })

  it('to another request, or under another secret, is refused', () => {
    const reply = packetOf(encodeReply({ code: 2, request: asked, attributes: userName, secret }))
    expect(verifyReply(reply, asked.authenticator, secret, 'require').kind).toBe('ok')
    expect(verifyReply(reply, Buffer.alloc(16, 1), secret, 'require').kind).toBe('bad-authenticator')
    expect(verifyReply(reply, asked.authenticator, other, 'require').kind).toBe('bad-authenticator')
  })
})

describe('createSecret', () => {
  it('takes text as UTF-8, or octets, which it copies', () => {
    const octets = Buffer.from('schlüssel')
    const made = createSecret(octets)
    octets.fill(0)
    expect(made.octets.toString()).toBe('schlüssel')
    expect(createSecret('schlüssel').octets.equals(made.octets)).toBe(true)
  })

  it('refuses an empty one', () => {
    expect(() => createSecret('')).toThrow(EmptySecretError)
  })
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}
