import { describe, expect, it } from 'vitest'
import { createSecret } from '../../src/radius/authenticator.ts'
import type { Code } from '../../src/radius/codes.ts'
import { encodeReply, encodeRequest } from '../../src/radius/encode-packet.ts'
import { hasRandomAuthenticator, rightReply } from '../../src/radius/reply-match.ts'
import { attribute, packetOf } from '../support/radius.ts'

const secret = createSecret('a shared secret')
const requests = [1, 4, 12, 40, 43] as const
const replies = [2, 3, 5, 11, 41, 42, 44, 45] as const
const answers: Record<(typeof requests)[number], readonly number[]> = {
  1: [2, 3, 11],
  4: [5],
  12: [2, 5],
  40: [41, 42],
  43: [44, 45],
}

function asked(code: Code) {
  return packetOf(
    encodeRequest({ code, identifier: 3, attributes: attribute(1, 'alice'), secret, messageAuthenticator: true }),
  )
}

describe('which codes answer which', () => {
  it.each(requests)('code %i', (code) => {
    const request = asked(code)
    const right = replies.filter((answer) => {
      const reply = encodeReply({ code: answer, request, attributes: Buffer.alloc(0), secret })
      return rightReply(reply, { code, secret }, request.authenticator) !== undefined
    })
    expect(right).toEqual(answers[code])
  })

  it('nothing answers a code that is no request', () => {
    const request = asked(1)
    const reply = encodeReply({ code: 2, request, attributes: Buffer.alloc(0), secret })
    expect(rightReply(reply, { code: 2, secret }, request.authenticator)).toBeUndefined()
  })
})

describe('rightReply', () => {
  const request = asked(1)
  const reply = encodeReply({ code: 2, request, attributes: attribute(18, 'hello'), secret })

  it('gives the packet, padding cut off', () => {
    const padded = Buffer.concat([reply, Buffer.alloc(9)])
    expect(rightReply(padded, { code: 1, secret }, request.authenticator)?.octets).toEqual(reply)
  })

  it('refuses every truncation and every changed octet', () => {
    for (let at = 0; at < reply.length; at++) {
      expect(rightReply(reply.subarray(0, at), { code: 1, secret }, request.authenticator)).toBeUndefined()
      const changed = Buffer.from(reply)
      changed[at]! ^= 0x40
      expect(rightReply(changed, { code: 1, secret }, request.authenticator)).toBeUndefined()
    }
  })
})

describe('RFC 2865 §3: hasRandomAuthenticator', () => {
  it.each(requests)('code %i', (code) => {
    expect(hasRandomAuthenticator(code)).toBe(code === 1 || code === 12)
  })
})
