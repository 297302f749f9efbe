import { describe, expect, it } from 'vitest'
import { createSecret, verifyReply, verifyRequest } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import type { Code } from '../../src/radius/codes.ts'
import { encodeReply, encodeRequest, PacketTooLongError } from '../../src/radius/encode-packet.ts'
import { attribute, hex, packetOf, text, typesOf, valueOf, vectorCase } from '../support/radius.ts'

const secret = createSecret('xyzzy5461')
const replyCodes = [2, 3, 5, 11, 41, 42, 44, 45] as const

function requestWith(...attributes: Buffer[]) {
  const octets = Buffer.concat(attributes)
  const code = codes.accessRequest
  return packetOf(encodeRequest({ code, identifier: 200, attributes: octets, secret, messageAuthenticator: true }))
}

describe('encodeReply', () => {
  it.each(replyCodes)('R17: code %i carries Message-Authenticator first, whatever the request had', (code) => {
    for (const signed of [true, false]) {
      const attributes = attribute(1, 'nemo')
      const request = packetOf(
        encodeRequest({ code: codes.accessRequest, identifier: 9, attributes, secret, messageAuthenticator: signed }),
      )
      const reply = packetOf(encodeReply({ code, request, attributes: attribute(18, 'hello'), secret }))
      expect(typesOf(reply)).toEqual([80, 18])
      expect(reply.identifier).toBe(9)
      expect(reply.octets.readUInt16BE(2)).toBe(reply.octets.length)
      expect(verifyReply(reply, request.authenticator, secret, 'require')).toEqual({
        kind: 'ok',
        messageAuthenticator: true,
      })
    }
  })

  it.each(replyCodes)(
    'RFC 2865 §5.33: code %i echoes every Proxy-State, in order and unmodified, at the end',
    (code) => {
      const request = requestWith(attribute(33, 'one'), attribute(1, 'nemo'), attribute(33, ''), attribute(33, 'two'))
      const reply = packetOf(encodeReply({ code, request, attributes: attribute(18, 'hello'), secret }))
      expect(typesOf(reply)).toEqual([80, 18, 33, 33, 33])
      expect(reply.octets.subarray(reply.offsets[2])).toEqual(
        Buffer.concat([attribute(33, 'one'), attribute(33, ''), attribute(33, 'two')]),
      )
      expect(verifyReply(reply, request.authenticator, secret, 'require').kind).toBe('ok')
    },
  )

  it.each([true, false])('the reply to an Accounting-Request carries it as the request did (signed: %s)', (signed) => {
    const code = codes.accountingRequest
    const attributes = attribute(33, 'proxy')
    const request = packetOf(encodeRequest({ code, identifier: 9, attributes, secret, messageAuthenticator: signed }))
    const reply = packetOf(encodeReply({ code: 5, request, attributes: attribute(18, 'hello'), secret }))
    expect(typesOf(reply)).toEqual(signed ? [80, 18, 33] : [18, 33])
    expect(verifyReply(reply, request.authenticator, secret, 'if-present')).toEqual({
      kind: 'ok',
      messageAuthenticator: signed,
    })
  })

  it('R30: fits 4096 octets to the last one and throws beyond, never cuts', () => {
    const room = 4096 - 20 - 18
    const full = Buffer.concat([...Array.from({ length: 15 }, () => attribute(18, 'x'.repeat(253))), attribute(18, '')])
    const attributes = Buffer.concat([full, attribute(18, 'y'.repeat(room - full.length - 2))])
    const request = requestWith()
    expect(encodeReply({ code: 2, request, attributes, secret }).length).toBe(4096)
    const withProxyState = requestWith(attribute(33, ''))
    expect(() => encodeReply({ code: 2, request: withProxyState, attributes, secret })).toThrow(PacketTooLongError)
    expect(() => encodeReply({ code: 2, request: withProxyState, attributes, secret })).toThrow(
      'Access-Accept would take 4098 octets, 4096 are allowed',
    )
  })
})

describe('RFC 5997 §6: replies to Status-Server', () => {
  it.each([
    ['6.1 auth port', codes.accessAccept],
    ['6.2 acct port', codes.accountingResponse],
    ['6.3 verbose', codes.accessAccept],
  ])('%s: as printed but for Message-Authenticator', (name, code) => {
    const one = vectorCase('rfc5997-status-server', name)
    const printed = packetOf(hex(one, 'reply_as_printed'))
    const request = packetOf(hex(one, 'request'))
    const key = createSecret(text(one, 'secret'))
    const attributes = printed.octets.subarray(20)
    const reply = packetOf(encodeReply({ code, request, attributes, secret: key }))
    expect(reply.code).toBe(one['expect_code'])
    expect(reply.identifier).toBe(printed.identifier)
    expect(reply.octets.subarray(38)).toEqual(attributes)
    expect(verifyReply(reply, request.authenticator, key, 'require').kind).toBe('ok')
  })
})

describe('encodeRequest', () => {
  it.each([1, 4, 12, 40, 43] as const)('code %i: signed, Message-Authenticator first, verifies', (code) => {
    const packet = packetOf(
      encodeRequest({ code, identifier: 255, attributes: attribute(32, 'nas'), secret, messageAuthenticator: true }),
    )
    expect(typesOf(packet)).toEqual([80, 32])
    expect(packet.identifier).toBe(255)
    expect(verifyRequest(packet, secret)).toEqual({ kind: 'ok', messageAuthenticator: true })
  })

  it('uses the authenticator that attributes were hidden with', () => {
    const authenticator = Buffer.alloc(16, 0x5a)
    const octets = encode(codes.accessRequest, authenticator)
    expect(octets.subarray(4, 20)).toEqual(authenticator)
  })

  it('makes a new random one each time otherwise', () => {
    const made = Array.from({ length: 50 }, () => encode(codes.accessRequest).toString('hex', 4, 20))
    expect(new Set(made).size).toBe(50)
  })

  it('computes the one of accounting whatever was given', () => {
    const octets = encode(codes.accountingRequest, Buffer.alloc(16, 0x5a))
    expect(verifyRequest(packetOf(octets), secret).kind).toBe('ok')
  })

  it('RFC 5997 §3: signs Status-Server even when not asked to', () => {
    expect(valueOf(packetOf(encode(codes.statusServer)), 80)?.length).toBe(16)
    expect(typesOf(packetOf(encode(codes.accessRequest)))).toEqual([])
  })

  it('throws beyond 4096 octets', () => {
    const attributes = Buffer.alloc(4077)
    const request = { code: codes.coaRequest, identifier: 0, attributes, secret, messageAuthenticator: false }
    expect(() => encodeRequest(request)).toThrow(PacketTooLongError)
  })

  function encode(code: Code, authenticator?: Buffer): Buffer {
    const request = { code, identifier: 1, attributes: Buffer.alloc(0), secret, messageAuthenticator: false }
    return encodeRequest(authenticator === undefined ? request : { ...request, authenticator })
  }
})
