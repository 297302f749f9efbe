import { describe, expect, it } from 'vitest'
import { admit } from '../../src/radius/admission.ts'
import type { RadiusClient } from '../../src/radius/admission.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { encodeRequest } from '../../src/radius/encode-packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { attribute, packetOf } from '../support/radius.ts'

const fresh = createSecret('the new secret')
const old = createSecret('the old secret')
const stranger = createSecret('nobody knows this')

function client(overrides: Partial<RadiusClient> = {}): RadiusClient {
  const base = { name: 'bng', secrets: [fresh], messageAuthenticator: 'auto', messageAuthenticatorSeen: false } as const
  return { ...base, limitProxyState: false, ...overrides }
}

function request(options: { code?: 1 | 4 | 12; signed?: boolean; secret?: typeof fresh; extra?: Buffer } = {}): Packet {
  const { code = 1, signed = true, secret = fresh, extra = Buffer.alloc(0) } = options
  const attributes = Buffer.concat([attribute(1, 'alice'), extra])
  return packetOf(encodeRequest({ code, identifier: 1, attributes, secret, messageAuthenticator: signed }))
}

const unsigned = request({ signed: false })
const proxied = request({ signed: false, extra: attribute(33, 'p') })
const signedProxied = request({ extra: attribute(33, 'p') })

describe('which secret', () => {
  it('the one that verifies, of two during a rotation', () => {
    const rotating = client({ secrets: [fresh, old] })
    for (const secret of [fresh, old]) {
      for (const code of [1, 4, 12] as const) {
        expect(admit(request({ code, secret }), rotating)).toEqual({
          kind: 'admitted',
          secret,
          messageAuthenticator: true,
        })
      }
    }
  })

  it('the first where nothing is signed, for none can be told from another', () => {
    const verdict = admit(request({ signed: false, secret: old }), client({ secrets: [fresh, old] }))
    expect(verdict).toEqual({ kind: 'admitted', secret: fresh, messageAuthenticator: false })
  })

  it('R13: a wrong secret is dropped with the reason of its code', () => {
    const rotating = client({ secrets: [fresh, old] })
    expect(admit(request({ secret: stranger }), rotating)).toEqual(dropped('bad-message-authenticator'))
    expect(admit(request({ secret: stranger, code: 4 }), rotating)).toEqual(dropped('bad-authenticator'))
    expect(admit(request({ secret: stranger, code: 12 }), rotating)).toEqual(dropped('bad-message-authenticator'))
  })

  it('a client without a valid secret is sent nothing', () => {
    expect(admit(request(), client({ secrets: [] })).kind).toBe('dropped')
  })
})

describe('R14, R15: Access-Request by the policy of its client', () => {
  const admitted = 'admitted'
  it.each([
    ['require', false, false, unsigned, 'unsigned'],
    ['require', false, false, request(), admitted],
    ['require', false, false, proxied, 'unsigned'],
    ['auto', false, false, unsigned, admitted],
    ['auto', true, false, unsigned, 'unsigned'],
    ['auto', true, false, request(), admitted],
    ['auto', false, false, proxied, 'proxy-state-unsigned'],
    ['auto', false, true, proxied, admitted],
    ['auto', true, true, proxied, 'unsigned'],
    ['auto', false, false, signedProxied, admitted],
    ['off', false, false, unsigned, admitted],
    ['off', true, false, unsigned, admitted],
    ['off', false, false, proxied, admitted],
  ] as const)('%s, seen %s, trusted proxy %s', (policy, messageAuthenticatorSeen, trustedProxy, packet, expected) => {
    const verdict = admit(packet, client({ messageAuthenticator: policy, messageAuthenticatorSeen, trustedProxy }))
    expect(verdict.kind === 'dropped' ? verdict.reason : verdict.kind).toBe(expected)
  })

  it('limit-proxy-state holds under off too, but for a declared proxy', () => {
    const off = { messageAuthenticator: 'off', limitProxyState: true } as const
    expect(admit(proxied, client(off))).toEqual(dropped('proxy-state-unsigned'))
    expect(admit(unsigned, client(off)).kind).toBe('admitted')
    expect(admit(proxied, client({ ...off, trustedProxy: true })).kind).toBe('admitted')
  })

  it('a wrong Message-Authenticator is refused under off as well', () => {
    const verdict = admit(request({ secret: stranger }), client({ messageAuthenticator: 'off' }))
    expect(verdict).toEqual(dropped('bad-message-authenticator'))
  })
})

describe('RFC 3579 §3.2, RFC 5997 §3', () => {
  it('R26: EAP-Message needs Message-Authenticator whatever the policy', () => {
    const eap = attribute(79, Buffer.of(2, 1, 0, 4))
    const off = client({ messageAuthenticator: 'off', trustedProxy: true })
    expect(admit(request({ signed: false, extra: eap }), off)).toEqual(dropped('eap-unsigned'))
    expect(admit(request({ extra: eap }), off).kind).toBe('admitted')
  })

  it('R37: so does Status-Server', () => {
    const bare = packetOf(Buffer.concat([Buffer.of(12, 1, 0, 20), Buffer.alloc(16, 9)]))
    const off = client({ messageAuthenticator: 'off' })
    expect(admit(bare, off)).toEqual(dropped('missing-message-authenticator'))
  })

  it('accounting is signed by its authenticator and needs none, with Proxy-State or without', () => {
    const accounting = request({ code: 4, signed: false, extra: attribute(33, 'p') })
    const verdict = admit(accounting, client({ messageAuthenticator: 'require', limitProxyState: true }))
    expect(verdict).toEqual({ kind: 'admitted', secret: fresh, messageAuthenticator: false })
  })
})

function dropped(reason: string) {
  return { kind: 'dropped', reason }
}
