import { describe, expect, it } from 'vitest'
import { createSecret, verifyReply } from '../../src/radius/authenticator.ts'
import { attribute, bng, packetOf, secret, typesOf } from '../support/radius.ts'
import { answersTo, gate, request, testNas, testServer } from '../support/radius-server.ts'

const header = (code: number, length: number, rest = 0) =>
  Buffer.concat([Buffer.from([code, 9, length >> 8, length & 255]), Buffer.alloc(16 + rest, 1)])

describe('an authentic request', () => {
  it.each([
    ['Access-Request', 'authentication', 1, 2],
    ['Accounting-Request', 'accounting', 4, 5],
    ['Status-Server', 'authentication', 12, 2],
    ['Status-Server', 'accounting', 12, 5],
  ] as const)('%s on the %s port is handled and answered', async (_name, kind, code, answer) => {
    const { handled, counted, ...ports } = await testServer()
    const nas = await testNas()
    const sent = request({ code, identifier: 77, attributes: attribute(33, 'proxy') })
    nas.send(sent, ports[kind])
    const [reply] = await nas.replies(1)
    expect(reply?.code).toBe(answer)
    expect(reply?.identifier).toBe(77)
    expect(typesOf(reply!)).toEqual([80, 18, 33])
    expect(verifyReply(reply!, sent.subarray(4, 20), secret, 'require').kind).toBe('ok')
    expect(handled[0]).toMatchObject({
      client: bng,
      secret,
      messageAuthenticator: true,
      source: { address: '127.0.0.1', port: nas.port },
      local: { address: '127.0.0.1', port: ports[kind], kind },
    })
    expect(counted).toEqual([`received ${code} bng`, `sent ${answer} bng`])
  })

  it('R03: octets past Length are ignored', async () => {
    const { authentication, accounting } = await testServer()
    const nas = await testNas()
    nas.send(Buffer.concat([request(), Buffer.alloc(30, 0xff)]), authentication)
    nas.send(Buffer.concat([request({ code: 4 }), Buffer.alloc(30, 0xff)]), accounting)
    expect((await nas.replies(2)).map((reply) => reply.code).toSorted((a, b) => a - b)).toEqual([2, 5])
  })

  it('is answered under the secret that it was signed with, of two in rotation', async () => {
    const old = createSecret('the one before')
    const { authentication } = await testServer({ findClient: () => ({ ...bng, secrets: [secret, old] }) })
    const nas = await testNas()
    const sent = request({ with: old })
    nas.send(sent, authentication)
    const [reply] = await nas.replies(1)
    expect(verifyReply(reply!, sent.subarray(4, 20), old, 'require').kind).toBe('ok')
  })

  it('is answered under the secret that the handler found right where nothing was signed', async () => {
    const old = createSecret('the one before')
    const { authentication } = await testServer({
      findClient: () => ({ ...bng, secrets: [secret, old] }),
      handle: () => ({ code: 2, attributes: Buffer.alloc(0), secret: old }),
    })
    const nas = await testNas()
    const sent = request({ signed: false })
    nas.send(sent, authentication)
    const [reply] = await nas.replies(1)
    expect(verifyReply(reply!, sent.subarray(4, 20), old, 'require').kind).toBe('ok')
  })

  it('tells of the first Message-Authenticator of a client under auto, until it has latched', async () => {
    let client = bng
    const { authentication, latched } = await testServer({ findClient: () => client })
    const nas = await testNas()
    await answersTo(nas, authentication, [request({ signed: false, identifier: 1 })])
    expect(latched).toEqual([bng])
    client = { ...bng, messageAuthenticatorSeen: true }
    const dropped = await answersTo(await testNas(), authentication, [request({ signed: false, identifier: 2 })])
    expect(dropped).toEqual([])
    expect(latched.length).toBe(1)
  })
})

describe('silence', () => {
  it.each([
    ['R01 an empty datagram', Buffer.alloc(0), 'malformed'],
    ['R01 19 octets', Buffer.alloc(19, 1), 'malformed'],
    ['R02 Length beyond the datagram', header(1, 60), 'malformed'],
    ['R04 Length beyond 4096', header(1, 4097, 4077), 'malformed'],
    ['R04 a huge datagram', header(1, 65_000, 64_980), 'malformed'],
    ['R05 an attribute of length 0', Buffer.concat([header(1, 22), Buffer.of(1, 0)]), 'malformed'],
    ['R06 an attribute past the end', Buffer.concat([header(1, 22), Buffer.of(1, 9)]), 'malformed'],
    ['R07 an attribute bomb', Buffer.concat([header(1, 4096), Buffer.alloc(4076, Buffer.of(1, 2))]), 'malformed'],
    ['R10 code 0', header(0, 20), 'wrong-code'],
    ['R10 code 255', header(255, 20), 'wrong-code'],
    ['R10 a reply', header(2, 20), 'wrong-code'],
    ['R11 accounting on the authentication port', request({ code: 4 }), 'wrong-code'],
    ['R44 a CoA-Request', header(43, 20), 'wrong-code'],
    ['R13 a wrong secret', request({ with: createSecret('guessed') }), 'bad-message-authenticator'],
    ['R15 Proxy-State unsigned', request({ signed: false, attributes: attribute(33, 'x') }), 'proxy-state-unsigned'],
    [
      'R18 two Message-Authenticators',
      request({ attributes: attribute(80, Buffer.alloc(16)) }),
      'bad-message-authenticator',
    ],
    ['R26 EAP unsigned', request({ signed: false, attributes: attribute(79, 'eap') }), 'eap-unsigned'],
    ['R37 Status-Server unsigned', header(12, 20), 'missing-message-authenticator'],
  ])('%s', async (_name, datagram, reason) => {
    const { authentication, counted, handled } = await testServer()
    expect(await answersTo(await testNas(), authentication, [datagram])).toEqual([])
    expect(counted.filter((line) => line.startsWith('dropped'))).toEqual([`dropped ${reason} bng`])
    expect(handled.length).toBe(1)
  })

  it.each([
    ['R11 authentication on the accounting port', request(), 'wrong-code'],
    ['R13 a wrong secret', request({ code: 4, with: createSecret('guessed') }), 'bad-authenticator'],
  ])('%s', async (_name, datagram, reason) => {
    const { accounting, counted } = await testServer()
    expect(await answersTo(await testNas(), accounting, [datagram], 4)).toEqual([])
    expect(counted).toContain(`dropped ${reason} bng`)
  })

  it('R14: unsigned under require', async () => {
    const { authentication, counted } = await testServer({
      findClient: () => ({ ...bng, messageAuthenticator: 'require' }),
    })
    expect(await answersTo(await testNas(), authentication, [request({ signed: false })])).toEqual([])
    expect(counted).toContain('dropped unsigned bng')
  })

  it('R12: an unknown source gets nothing, and nothing of it is read', async () => {
    const { authentication, counted, handled, strangers } = await testServer({
      findClient: (address) => (address === '127.0.0.1' ? undefined : bng),
    })
    const nas = await testNas()
    for (let i = 0; i < 100; i++) nas.send(i % 2 === 0 ? request({ identifier: i }) : Buffer.alloc(i), authentication)
    while (strangers.length < 100) await new Promise(setImmediate)
    expect(new Set(counted)).toEqual(new Set(['dropped unknown-source -']))
    expect(new Set(strangers)).toEqual(new Set(['127.0.0.1']))
    expect(handled).toEqual([])
    expect(nas.arrived).toEqual([])
  })

  it('where the handler wants it; the same octets again are worked on again', async () => {
    let silent = true
    const { authentication, handled, counted } = await testServer({
      handle: () => (silent ? undefined : { code: 2, attributes: Buffer.alloc(0) }),
    })
    const nas = await testNas()
    const sent = request()
    nas.send(sent, authentication)
    while (handled.length < 1) await new Promise(setImmediate)
    silent = false
    nas.send(sent, authentication)
    expect((await nas.replies(1))[0]?.code).toBe(2)
    expect(counted).toEqual(['received 1 bng', 'received 1 bng', 'sent 2 bng'])
  })
})

describe('duplicates', () => {
  it('the same octets again get the same reply at once, without being handled', async () => {
    const { authentication, handled, counted } = await testServer()
    const nas = await testNas()
    const sent = request()
    nas.send(sent, authentication)
    await nas.replies(1)
    nas.send(sent, authentication)
    const [first, second] = await nas.replies(2)
    expect(second?.octets).toEqual(first?.octets)
    expect(handled.length).toBe(1)
    expect(counted).toContain('duplicate bng')
  })

  it('are dropped while the first is in work', async () => {
    const work = gate<{ code: 2; attributes: Buffer }>()
    const { authentication, handled, counted } = await testServer({ handle: () => work.opened })
    const nas = await testNas()
    for (let i = 0; i < 5; i++) nas.send(request(), authentication)
    const sent = request({ identifier: 3 })
    for (let i = 0; i < 5; i++) nas.send(sent, authentication)
    while (counted.filter((line) => line.startsWith('received')).length < 10) await new Promise(setImmediate)
    work.open({ code: 2, attributes: Buffer.alloc(0) })
    await nas.replies(2)
    // The first five are five different requests under one identifier: each supersedes the one before.
    expect(handled.length).toBe(6)
    expect(counted.filter((line) => line === 'duplicate bng').length).toBe(4)
    expect(counted.filter((line) => line === 'dropped superseded bng').length).toBe(4)
  })

  it('R21: the reply to a superseded request is never sent', async () => {
    const slow = gate<{ code: 2; attributes: Buffer }>()
    const { authentication, counted } = await testServer({
      handle: ({ packet }) =>
        typesOf(packet).includes(18) ? slow.opened : { code: 3, attributes: attribute(18, 'the newer one') },
    })
    const nas = await testNas()
    nas.send(request({ identifier: 5, attributes: attribute(18, 'slow') }), authentication)
    const newer = request({ identifier: 5 })
    nas.send(newer, authentication)
    const [reply] = await nas.replies(1)
    slow.open({ code: 2, attributes: Buffer.alloc(0) })
    expect(await answersTo(nas, authentication, [])).toEqual([reply])
    expect(reply?.code).toBe(3)
    expect(verifyReply(reply!, newer.subarray(4, 20), secret, 'require').kind).toBe('ok')
    expect(counted).toContain('dropped superseded bng')
  })

  it('P13: a packet that does not verify cannot push out the one in work', async () => {
    const work = gate<{ code: 2; attributes: Buffer }>()
    const { authentication, counted } = await testServer({ handle: () => work.opened })
    const nas = await testNas()
    const real = request({ identifier: 5 })
    nas.send(real, authentication)
    nas.send(request({ identifier: 5, with: createSecret('guessed') }), authentication)
    while (!counted.includes('dropped bad-message-authenticator bng')) await new Promise(setImmediate)
    work.open({ code: 2, attributes: Buffer.alloc(0) })
    const [reply] = await nas.replies(1)
    expect(verifyReply(reply!, real.subarray(4, 20), secret, 'require').kind).toBe('ok')
  })

  it('the two ports, and two sources, do not share identifiers', async () => {
    const { authentication, accounting, handled } = await testServer()
    const [one, two] = [await testNas(), await testNas()]
    const sent = request({ code: 12 })
    for (const nas of [one, two]) for (const port of [authentication, accounting]) nas.send(sent, port)
    await Promise.all([one.replies(2), two.replies(2)])
    expect(handled.length).toBe(4)
  })
})

describe('our own faults', () => {
  it('F06: a handler that throws or rejects costs its packet only', async () => {
    const { authentication, counted, errors } = await testServer({
      handle({ packet }) {
        if (packet.identifier === 1) throw new Error('thrown')
        if (packet.identifier === 2) return Promise.reject(new Error('rejected'))
        return { code: 2, attributes: Buffer.alloc(0) }
      },
    })
    const datagrams = [request({ identifier: 1 }), request({ identifier: 2 })]
    expect(await answersTo(await testNas(), authentication, datagrams)).toEqual([])
    expect(errors.map(String)).toEqual(['Error: thrown', 'Error: rejected'])
    expect(counted.filter((line) => line === 'dropped handler-error bng').length).toBe(2)
  })

  it('a look-up of clients that throws costs its packet only', async () => {
    let broken = true
    const { authentication, counted } = await testServer({
      findClient() {
        if (!broken) return bng
        broken = false
        throw new Error('no table')
      },
    })
    expect(await answersTo(await testNas(), authentication, [request()])).toEqual([])
    expect(counted[0]).toBe('dropped handler-error -')
  })

  it('R30: a reply beyond 4096 octets is not sent, and counted by its own name', async () => {
    const { authentication, counted } = await testServer({
      handle: ({ packet }) => ({ code: 2, attributes: Buffer.alloc(packet.identifier === 255 ? 0 : 4090) }),
    })
    expect(await answersTo(await testNas(), authentication, [request()])).toEqual([])
    expect(counted).toContain('dropped reply-too-long bng')
  })

  it('P15: beyond its limit of work it drops, and never rejects', async () => {
    const work = gate<{ code: 2; attributes: Buffer }>()
    const { authentication, counted, server } = await testServer({ maximumInWork: 3, handle: () => work.opened })
    const nas = await testNas()
    for (let identifier = 0; identifier < 10; identifier++) nas.send(request({ identifier }), authentication)
    while (counted.filter((line) => line === 'dropped overload bng').length < 7) await new Promise(setImmediate)
    expect(server.inWork).toBe(3)
    work.open({ code: 2, attributes: Buffer.alloc(0) })
    expect((await nas.replies(3)).every((reply) => reply.code === 2)).toBe(true)
  })

  it('a datagram of any octets never stops it', async () => {
    const { authentication } = await testServer()
    const nas = await testNas()
    const good = request()
    const datagrams = Array.from({ length: 300 }, (_, i) => {
      const octets = Buffer.from(good)
      octets[(i * 7) % octets.length] = (i * 37) & 255
      return octets.subarray(0, octets.length - (i % 5))
    })
    const answers = await answersTo(nas, authentication, datagrams)
    for (const answer of answers) expect(packetOf(answer.octets).code).toBe(2)
  })
})
