import { createSocket } from 'node:dgram'
import type { RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { createSecret, hashPacket, verifyRequest } from '../../src/radius/authenticator.ts'
import { AddressFamilyError, ClientClosedError, createRadiusClient } from '../../src/radius/client.ts'
import type { ClientOptions, ExchangeRequest } from '../../src/radius/client.ts'
import type { Code } from '../../src/radius/codes.ts'
import { encodeReply } from '../../src/radius/encode-packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { attribute, bng, packetOf, typesOf, valueOf } from '../support/radius.ts'
import { testServer } from '../support/radius-server.ts'

const secret = createSecret('a shared secret')
const none = Buffer.alloc(0)
const open: { close(): unknown }[] = []

afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

function client(options: Partial<ClientOptions> = {}) {
  const made = createRadiusClient({ localAddress: '127.0.0.1', now: () => performance.now(), ...options })
  open.push(made)
  return made
}

type Arrived = { packet: Packet; from: RemoteInfo; answer(octets: Buffer): void; reply(code: Code): Buffer }

/** A peer that does as told with each datagram, and keeps them. */
async function peer(onRequest: (arrived: Arrived, count: number) => void) {
  const socket = createSocket('udp4')
  const requests: Arrived[] = []
  socket.on('message', (octets, from) => {
    const packet = packetOf(octets)
    const arrived = {
      packet,
      from,
      answer: (reply: Buffer) => socket.send(reply, from.port, from.address),
      reply: (code: Code) => encodeReply({ code, request: packet, attributes: none, secret }),
    }
    requests.push(arrived)
    onRequest(arrived, requests.length)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  open.push(socket)
  return { port: socket.address().port, requests }
}

function ask(port: number, overrides: Partial<ExchangeRequest> = {}): ExchangeRequest {
  const base = { address: '127.0.0.1', port, secret, code: 43, attributes: attribute(1, 'alice') } as const
  return { ...base, timeoutMs: 5000, tries: 1, jitter: 0, ...overrides }
}

describe('exchange', () => {
  it.each([
    [1, 2],
    [12, 2],
  ] as const)('code %i with a server of ours gets %i', async (code, answer) => {
    const { authentication } = await testServer()
    const outcome = await client().exchange(ask(authentication, { code }))
    expect(outcome).toMatchObject({ kind: 'reply', tries: 1, badReplies: 0, packet: { code: answer } })
  })

  it('accounting and Status-Server on the accounting port', async () => {
    const { accounting, handled } = await testServer()
    const radius = client()
    for (const code of [4, 12] as const) {
      expect(await radius.exchange(ask(accounting, { code }))).toMatchObject({ kind: 'reply', packet: { code: 5 } })
    }
    expect(handled.length).toBe(2)
  })

  it.each([
    [43, 44],
    [43, 45],
    [40, 41],
    [40, 42],
  ] as const)('RFC 5176: code %i answered by %i', async (code, answer) => {
    const nas = await peer(({ answer: send, reply }) => send(reply(answer)))
    const outcome = await client().exchange(ask(nas.port, { code }))
    expect(outcome).toMatchObject({ kind: 'reply', packet: { code: answer } })
    expect(verifyRequest(nas.requests[0]!.packet, secret)).toEqual({ kind: 'ok', messageAuthenticator: true })
    expect(typesOf(nas.requests[0]!.packet)).toEqual([80, 1])
  })

  it('builds attributes with the authenticator that they are hidden with, and gives it back', async () => {
    const nas = await peer(({ packet, answer, reply }) => answer(reply(packet.code === 1 ? 2 : 44)))
    const seen: Buffer[] = []
    const build = (authenticator: Buffer) => {
      seen.push(Buffer.from(authenticator))
      return attribute(32, authenticator)
    }
    const radius = client()
    const access = await radius.exchange(ask(nas.port, { code: 1, attributes: build }))
    const sent = nas.requests[0]!.packet
    expect(seen[0]).toEqual(sent.authenticator)
    expect(valueOf(sent, 32)).toEqual(sent.authenticator)
    expect(access.kind === 'reply' && access.requestAuthenticator).toEqual(sent.authenticator)
    await radius.exchange(ask(nas.port, { attributes: build }))
    expect(seen[1]).toEqual(Buffer.alloc(16))
  })

  it('measures the round trip from the first send by its own clock', async () => {
    let now = 1000
    const nas = await peer(({ answer, reply }) => {
      now += 250
      answer(reply(44))
    })
    expect(await client({ now: () => now }).exchange(ask(nas.port))).toMatchObject({ roundTripMs: 250 })
  })
})

describe('RFC 5080 §2.2.1: retransmission', () => {
  it('sends the same octets from the same port until answered', async () => {
    const nas = await peer(({ answer, reply }, count) => {
      if (count === 3) answer(reply(44))
    })
    const outcome = await client().exchange(ask(nas.port, { timeoutMs: 10, tries: 5, backoff: 1 }))
    expect(outcome).toMatchObject({ kind: 'reply', tries: 3 })
    const [first, ...others] = nas.requests
    for (const other of others) {
      expect(other.packet.octets).toEqual(first!.packet.octets)
      expect(other.from.port).toBe(first!.from.port)
    }
  })

  it('gives up after its tries', async () => {
    const nas = await peer(() => undefined)
    const outcome = await client().exchange(ask(nas.port, { timeoutMs: 5, tries: 3, backoff: 2, maximumTimeoutMs: 8 }))
    expect(outcome).toEqual({ kind: 'timeout', tries: 3, badReplies: 0 })
    expect(nas.requests.length).toBe(3)
  })

  it('a reply after the end finds nobody and is counted', async () => {
    const nas = await peer(() => undefined)
    const radius = client()
    await radius.exchange(ask(nas.port, { timeoutMs: 5 }))
    nas.requests[0]!.answer(nas.requests[0]!.reply(44))
    while (radius.strayReplies === 0) await new Promise(setImmediate)
    expect(radius.inFlight).toBe(0)
  })
})

describe('R16: replies that are not right are ignored until the time is over', () => {
  const wrong = createSecret('another secret')
  it.each([
    [
      'another secret',
      ({ packet }: Arrived) => encodeReply({ code: 44, request: packet, attributes: none, secret: wrong }),
    ],
    ['a code that does not answer it', ({ reply }: Arrived) => reply(2)],
    ['malformed', ({ reply }: Arrived) => reply(44).subarray(0, 25)],
    ['a bit changed', ({ reply }: Arrived) => changed(reply(44))],
  ])('%s', async (_name, forge) => {
    const nas = await peer((arrived) => arrived.answer(forge(arrived)))
    const outcome = await client().exchange(ask(nas.port, { timeoutMs: 15, tries: 2, backoff: 1 }))
    expect(outcome).toEqual({ kind: 'timeout', tries: 2, badReplies: 2 })
  })

  it('the right one after them counts', async () => {
    const nas = await peer((arrived) => {
      arrived.answer(changed(arrived.reply(44)))
      arrived.answer(arrived.reply(44))
    })
    expect(await client().exchange(ask(nas.port))).toMatchObject({ kind: 'reply', badReplies: 1 })
  })

  it('another identifier, or another source, finds nobody', async () => {
    const elsewhere = createSocket('udp4')
    open.push(elsewhere)
    const nas = await peer((arrived) => {
      const other = arrived.reply(44)
      other[1] = (other[1]! + 1) & 255
      arrived.answer(other)
      elsewhere.send(arrived.reply(44), arrived.from.port, '127.0.0.1', () => arrived.answer(arrived.reply(45)))
    })
    const radius = client()
    const outcome = await radius.exchange(ask(nas.port))
    expect(outcome).toMatchObject({ kind: 'reply', badReplies: 0, packet: { code: 45 } })
    expect(radius.strayReplies).toBe(2)
  })

  it('unsigned: accepted from a NAS, refused from a RADIUS server', async () => {
    const nas = await peer(({ packet, answer, reply }) => answer(unsigned(packet, reply(packet.code === 1 ? 2 : 44))))
    const radius = client()
    expect(await radius.exchange(ask(nas.port))).toMatchObject({ kind: 'reply' })
    expect(await radius.exchange(ask(nas.port, { code: 1, timeoutMs: 15 }))).toMatchObject({
      kind: 'timeout',
      badReplies: 1,
    })
    const lenient = ask(nas.port, { code: 1, replyMessageAuthenticator: 'if-present' })
    expect(await radius.exchange(lenient)).toMatchObject({ kind: 'reply' })
    const strict = ask(nas.port, { timeoutMs: 15, replyMessageAuthenticator: 'require' })
    expect(await radius.exchange(strict)).toMatchObject({ kind: 'timeout', badReplies: 1 })
  })
})

describe('D10: identifiers', () => {
  it('256 in flight on one port have 256 identifiers, and more take another port', async () => {
    const waiting: (() => void)[] = []
    const nas = await peer(({ answer, reply }, count) => {
      waiting.push(() => answer(reply(44)))
      if (count === 600) for (const one of waiting) one()
    })
    const radius = client()
    const asked = []
    // In waves that a receive buffer of the default size holds.
    while (asked.length < 600) {
      for (let i = 0; i < 100; i++) asked.push(radius.exchange(ask(nas.port)))
      while (nas.requests.length < asked.length) await new Promise(setImmediate)
    }
    const outcomes = await Promise.all(asked)
    expect(outcomes.every((outcome) => outcome.kind === 'reply')).toBe(true)
    const keys = nas.requests.map(({ packet, from }) => `${from.port} ${packet.identifier}`)
    expect(new Set(keys).size).toBe(600)
    expect(new Set(nas.requests.map(({ from }) => from.port)).size).toBe(3)
  })

  it('beyond its sockets requests wait their turn; all are served from the one port', async () => {
    const nas = await peer(({ answer, reply }) => answer(reply(44)))
    const radius = client({ maximumSockets: 1 })
    const asked = Array.from({ length: 1000 }, () => radius.exchange(ask(nas.port, { timeoutMs: 200, tries: 10 })))
    const outcomes = await Promise.all(asked)
    expect(outcomes.every((outcome) => outcome.kind === 'reply')).toBe(true)
    expect(new Set(nas.requests.map(({ from }) => from.port)).size).toBe(1)
    expect(radius.inFlight).toBe(0)
  })

  it('an identifier rests as long as it can before it is used again', async () => {
    const nas = await peer(({ answer, reply }) => answer(reply(44)))
    const radius = client()
    for (let i = 0; i < 300; i++) await radius.exchange(ask(nas.port))
    const used = nas.requests.map(({ packet }) => packet.identifier)
    expect(used).toEqual(Array.from({ length: 300 }, (_, i) => i & 255))
  })

  it('the same port serves several peers, each with all identifiers', async () => {
    const peers = await Promise.all([1, 2, 3].map(() => peer(({ answer, reply }) => answer(reply(44)))))
    const radius = client({ maximumSockets: 1 })
    const asked = peers.flatMap(({ port }) =>
      Array.from({ length: 200 }, () => radius.exchange(ask(port, { timeoutMs: 200, tries: 10 }))),
    )
    expect((await Promise.all(asked)).every((outcome) => outcome.kind === 'reply')).toBe(true)
    expect(new Set(peers.flatMap(({ requests }) => requests.map(({ from }) => from.port))).size).toBe(1)
  })
})

describe('where it sends from', () => {
  it('the address the peer knows us by, and a fixed port where asked', async () => {
    const nas = await peer(({ answer, reply }) => answer(reply(44)))
    const probe = createSocket('udp4').bind(0, '127.0.0.9')
    await once(probe, 'listening')
    const { port: localPort } = probe.address()
    probe.close()
    await client({ localAddress: '127.0.0.9', localPort }).exchange(ask(nas.port))
    expect(nas.requests[0]?.from).toMatchObject({ address: '127.0.0.9', port: localPort })
  })

  it('an address that is not ours, or of the other family, is an error', async () => {
    const foreign = await client({ localAddress: '192.0.2.1' }).exchange(ask(1812))
    expect(foreign).toMatchObject({ kind: 'error', error: { code: 'EADDRNOTAVAIL' } })
    const mixed = await client({ localAddress: '::1' }).exchange(ask(1812))
    expect(mixed.kind === 'error' && mixed.error).toBeInstanceOf(AddressFamilyError)
  })
})

describe('ends before a reply', () => {
  it('aborted: in flight, waiting for an identifier, or before it began', async () => {
    const nas = await peer(() => undefined)
    const radius = client({ maximumSockets: 1 })
    const abort = new AbortController()
    const outcomes = Array.from({ length: 300 }, () => radius.exchange(ask(nas.port), abort.signal))
    abort.abort(new Error('enough'))
    for (const outcome of await Promise.all(outcomes))
      expect(outcome).toMatchObject({ kind: 'error', error: abort.signal.reason })
    expect(await radius.exchange(ask(nas.port), abort.signal)).toMatchObject({ kind: 'error' })
    expect(radius.inFlight).toBe(0)
  })

  it('closed', async () => {
    const nas = await peer(() => undefined)
    const radius = client({ maximumSockets: 1 })
    const outcomes = Array.from({ length: 300 }, () => radius.exchange(ask(nas.port)))
    radius.close()
    for (const outcome of await Promise.all(outcomes)) {
      expect(outcome.kind === 'error' && outcome.error).toBeInstanceOf(ClientClosedError)
    }
  })

  it('attributes that cannot be built or sent are an error of this request alone', async () => {
    const { authentication } = await testServer({ findClient: () => bng })
    const radius = client()
    const thrown = await radius.exchange(ask(authentication, { code: 1, attributes: () => fail() }))
    expect(thrown).toMatchObject({ kind: 'error', error: { message: 'no attributes' } })
    const long = await radius.exchange(ask(authentication, { code: 1, attributes: Buffer.alloc(5000) }))
    expect(long).toMatchObject({ kind: 'error', error: { name: 'PacketTooLongError' } })
    expect(await radius.exchange(ask(authentication, { code: 1 }))).toMatchObject({ kind: 'reply' })
  })
})

function fail(): never {
  throw new Error('no attributes')
}

function changed(octets: Buffer): Buffer {
  octets[octets.length - 1]! ^= 1
  return octets
}

// The reply without its Message-Authenticator, as many NASes send it: another digest over what is left.
function unsigned(request: Packet, reply: Buffer): Buffer {
  const octets = Buffer.concat([reply.subarray(0, 20), reply.subarray(38)])
  octets.writeUInt16BE(octets.length, 2)
  hashPacket(octets, request.authenticator, secret, octets, 4)
  return octets
}
