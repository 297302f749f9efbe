import { describe, expect, it } from 'vitest'
import type { RadiusClient } from '../../src/radius/admission.ts'
import { verifyReply } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import type { RadiusResponse } from '../../src/radius/server.ts'
import { fingerprintOf, makeAuthority, makeCertificate } from '../support/certificate.ts'
import { attribute } from '../support/radius.ts'
import { gate, request as requestOf } from '../support/radius-server.ts'
import { authority, radsec, radsecNas, serverKeys } from '../support/radsec.ts'
import { accept, known, named, nasOf, pinned, request, serve } from '../support/radsec-server.ts'

describe('RFC 6614: RADIUS over TLS', () => {
  it('answers authentication, accounting and Status-Server on one connection, signed with the secret radsec', async () => {
    const { port, handled, server } = await serve()
    const nas = await nasOf(port)
    const sent = [1, 4, 12].map((code, at) => request({ code: code as 1 | 4 | 12, identifier: at }))
    nas.send(...sent)
    const replies = await nas.replies(3)
    expect(replies.map(({ code, identifier }) => [code, identifier])).toEqual([
      [2, 0],
      [5, 1],
      [2, 2],
    ])
    for (const [at, reply] of replies.entries()) {
      expect(verifyReply(reply, sent[at]!.subarray(4, 20), radsec, 'require')).toMatchObject({ kind: 'ok' })
    }
    expect(handled.map(({ local }) => local.kind)).toEqual(['authentication', 'accounting', 'authentication'])
    expect(handled[0]).toMatchObject({
      client: known,
      messageAuthenticator: true,
      source: { address: '127.0.0.1', port: nas.socket.localPort },
      local: { address: '127.0.0.1', port },
    })
    expect(server.connections).toBe(1)
  })

  it('takes packets cut anywhere, and several at once', async () => {
    const { port } = await serve()
    const nas = await nasOf(port)
    const stream = Buffer.concat([request({ identifier: 1 }), request({ identifier: 2 }), request({ identifier: 3 })])
    for (const octet of stream.subarray(0, 70)) nas.send(Buffer.from([octet]))
    nas.send(stream.subarray(70))
    expect((await nas.replies(3)).map(({ identifier }) => identifier)).toEqual([1, 2, 3])
  })

  it('needs no Message-Authenticator: TLS proves who asks', async () => {
    const { port, handled } = await serve()
    const nas = await nasOf(port)
    nas.send(request({ signed: false, attributes: attribute(33, 'state') }))
    await nas.replies(1)
    expect(handled[0]!.messageAuthenticator).toBe(true)
  })

  it('knows a client by a name that our authority vouches for, over TLS 1.2 as well', async () => {
    const { port } = await serve()
    const nas = await nasOf(port, named, { maxVersion: 'TLSv1.2' })
    nas.send(request())
    expect(await nas.replies(1)).toMatchObject([{ code: 2 }])
    expect(nas.socket.getProtocol()).toBe('TLSv1.2')
  })

  it('speaks nothing older than TLS 1.2', async () => {
    const { port, strangers } = await serve()
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(radsecNas(port, pinned, old)).rejects.toThrow(/alert protocol version/)
    expect(strangers).toMatchObject([{ reason: 'handshake', address: '127.0.0.1' }])
  })
})

describe('who is not known', () => {
  it.each([
    ['no certificate', undefined, 'no-certificate'],
    ['a certificate of nobody', makeCertificate('bng'), 'unknown-certificate'],
    [
      'a name that another authority vouches for',
      makeCertificate('bng', { issuer: makeAuthority('another'), dnsNames: ['bng.example.net'] }),
      'unknown-certificate',
    ],
    [
      'an authority that only has the name of ours',
      makeCertificate('bng', { issuer: makeAuthority('our authority'), dnsNames: ['bng.example.net'] }),
      'unknown-certificate',
    ],
    [
      'a name that nobody vouches for',
      makeCertificate('bng', { dnsNames: ['bng.example.net'] }),
      'unknown-certificate',
    ],
    [
      'a certificate of ours that is out of time',
      makeCertificate('bng', { issuer: authority, dnsNames: ['bng.example.net'], until: '210101' }),
      'unknown-certificate',
    ],
  ])('is not talked to: %s', async (_what, certificate, reason) => {
    const { port, handled, strangers, counted } = await serve()
    const nas = await nasOf(port, certificate)
    nas.send(request())
    await nas.ended
    expect(handled).toEqual([])
    expect(strangers).toMatchObject([{ reason, address: '127.0.0.1' }])
    expect(strangers[0]!.identity?.fingerprint).toBe(certificate && fingerprintOf(certificate))
    expect(counted).toEqual(['dropped unknown-source -'])
  })

  it('is not talked to: a known fingerprint whose certificate is out of time', async () => {
    const { port, strangers } = await serve({ today: () => new Date('2050-01-01T00:00:00Z') })
    const nas = await nasOf(port)
    await nas.ended
    expect(strangers).toMatchObject([{ reason: 'out-of-time' }])
  })

  it('knows nobody by name without an authority, and still who is pinned', async () => {
    const { port } = await serve({ keys: { ...serverKeys, ca: undefined } })
    await (
      await nasOf(port, named)
    ).ended
    const nas = await nasOf(port)
    nas.send(request())
    expect(await nas.replies(1)).toHaveLength(1)
  })

  it('is heard no more on a connection that is there, from the packet after it was taken away', async () => {
    let client: RadiusClient | undefined = known
    const { port, handled } = await serve({ findClient: () => client })
    const nas = await nasOf(port)
    nas.send(request())
    await nas.replies(1)
    client = undefined
    nas.send(request({ identifier: 2 }))
    await nas.ended
    expect(handled).toHaveLength(1)
  })

  it('is told to go also when it says nothing', async () => {
    let client: RadiusClient | undefined = known
    const { port } = await serve({ findClient: () => client, limits: { sweepMs: 20 } })
    const nas = await nasOf(port)
    nas.send(request())
    await nas.replies(1)
    client = undefined
    await nas.ended
    expect(await nas.replies(1)).toHaveLength(1)
  })
})

describe('what ends a connection', () => {
  const badLength = request()
  badLength.writeUInt16BE(19, 2)
  const wrongAuthenticator = request({ code: 4, signed: false })
  wrongAuthenticator[4]! ^= 1
  const wrongSignature = request()
  wrongSignature[22]! ^= 1
  const badAttribute = request({ attributes: Buffer.from([1, 1]) })

  it.each([
    ['a Length that cannot be', badLength, 'malformed'],
    ['an attribute that cannot be', badAttribute, 'malformed'],
    ['a wrong Request Authenticator', wrongAuthenticator, 'bad-authenticator'],
    ['a wrong Message-Authenticator', wrongSignature, 'bad-message-authenticator'],
    ['another secret', requestOf({ code: 4 }), 'bad-authenticator'],
    ['an unsigned Status-Server', unsignedStatus(), 'missing-message-authenticator'],
  ])('is %s, after what came before it was heard', async (_what, octets, reason) => {
    const { port, handled, counted } = await serve()
    const nas = await nasOf(port)
    nas.send(request({ identifier: 1 }))
    await nas.replies(1)
    nas.send(octets, request({ identifier: 2 }))
    await nas.ended
    expect(handled).toHaveLength(1)
    expect(counted).toContain(`dropped ${reason} bng`)
  })

  it('is not a code that does not come to a server: that packet alone is dropped', async () => {
    const { port, counted } = await serve()
    const nas = await nasOf(port)
    const reply = request({ identifier: 9 })
    reply[0] = codes.accessAccept
    nas.send(reply, request({ identifier: 1 }))
    expect(await nas.replies(1)).toMatchObject([{ identifier: 1 }])
    expect(counted).toContain('dropped wrong-code bng')
  })

  it.each([
    ['CoA-Request', codes.coaRequest],
    ['Disconnect-Request', codes.disconnectRequest],
  ])('R44: is not a %s either, which is for NASes: it is dropped unanswered', async (_name, code) => {
    const { port, handled, counted } = await serve()
    const nas = await nasOf(port)
    const order = request({ identifier: 9 })
    order[0] = code
    nas.send(order, request({ identifier: 1 }))
    expect(await nas.replies(1)).toMatchObject([{ identifier: 1 }])
    expect([handled.length, nas.count()]).toEqual([1, 1])
    expect(counted).toContain('dropped wrong-code bng')
  })

  it('is not a handler that throws: that packet alone gets no answer', async () => {
    const { port, errors, counted } = await serve({
      handle(one) {
        if (one.packet.identifier === 1) throw new Error('ours')
        return accept(one)
      },
    })
    const nas = await nasOf(port)
    nas.send(request({ identifier: 1 }), request({ identifier: 2 }))
    expect(await nas.replies(1)).toMatchObject([{ identifier: 2 }])
    expect(errors).toHaveLength(1)
    expect(counted).toContain('dropped handler-error bng')
  })

  it('is a packet that begins and does not go on', async () => {
    const { port } = await serve({ limits: { packetMs: 50, sweepMs: 20 } })
    const nas = await nasOf(port)
    nas.send(request().subarray(0, 10))
    await nas.ended
    expect(nas.socket.destroyed).toBe(true)
  })

  it('is silence', async () => {
    const { port, server } = await serve({ limits: { idleMs: 50, sweepMs: 20 } })
    const nas = await nasOf(port)
    await nas.ended
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve))
    expect(nas.socket.destroyed).toBe(true)
  })

  it('is not silence while an answer is in work', async () => {
    const { opened, open: answer } = gate<RadiusResponse>()
    let looks = 0
    const { port } = await serve({
      limits: { idleMs: 50, sweepMs: 20 },
      handle: () => opened,
      findClient() {
        // The third look of the sweep after the idle time: it has let the connection live.
        if ((looks += 1) === 8) answer({ code: 2, attributes: Buffer.alloc(0) })
        return known
      },
    })
    const nas = await nasOf(port)
    nas.send(request())
    expect(await nas.replies(1)).toHaveLength(1)
  })
})

function unsignedStatus(): Buffer {
  const octets = Buffer.alloc(20, 3)
  octets[0] = codes.statusServer
  octets.writeUInt16BE(20, 2)
  return octets
}
