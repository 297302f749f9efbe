// A RADIUS server on loopback with one client, counters that remember, and a bare UDP socket that plays the NAS: it can send
// anything and sees every datagram that comes back.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach } from 'vitest'
import type { RadiusClient } from '../../src/radius/admission.ts'
import type { RadiusCounters } from '../../src/radius/counters.ts'
import { encodeRequest } from '../../src/radius/encode-packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { startRadiusServer } from '../../src/radius/server.ts'
import type { RadiusRequest, RadiusServer, ServerOptions } from '../../src/radius/server.ts'
import { attribute, bng, packetOf, secret } from './radius.ts'

export type TestServer = {
  server: RadiusServer<RadiusClient>
  authentication: number
  accounting: number
  /** What was counted, in order: `dropped unsigned bng`. */
  counted: string[]
  handled: RadiusRequest<RadiusClient>[]
  errors: unknown[]
  strangers: string[]
  latched: RadiusClient[]
}

const open: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/** Listens on both ports of 127.0.0.1; the handler accepts and answers everything unless told otherwise. */
export async function testServer(options: Partial<ServerOptions<RadiusClient>> = {}): Promise<TestServer> {
  const seen = {
    counted: [] as string[],
    handled: [] as RadiusRequest<RadiusClient>[],
    errors: [] as unknown[],
    strangers: [] as string[],
    latched: [] as RadiusClient[],
  }
  const handle = options.handle ?? accept
  const server = await startRadiusServer<RadiusClient>({
    addresses: [
      { address: '127.0.0.1', port: 0, kind: 'authentication' },
      { address: '127.0.0.1', port: 0, kind: 'accounting' },
    ],
    now: () => performance.now(),
    findClient: () => bng,
    counters: recordingCounters(seen.counted),
    onUnknownSource: (address) => seen.strangers.push(address),
    onMessageAuthenticatorSeen: (client) => seen.latched.push(client),
    onError: (error) => seen.errors.push(error),
    ...options,
    handle(one) {
      seen.handled.push(one)
      return handle(one)
    },
  })
  open.push({ close: () => server.close({ drainMs: 0 }) })
  const portOf = (kind: string) => server.sockets().find((socket) => socket.kind === kind)?.port ?? 0
  return { server, authentication: portOf('authentication'), accounting: portOf('accounting'), ...seen }
}

function accept({ packet, local }: RadiusRequest<RadiusClient>) {
  const code = packet.code === 4 || local.kind === 'accounting' ? 5 : 2
  return { code, attributes: attribute(18, 'welcome') } as const
}

export function recordingCounters(counted: string[]): RadiusCounters<RadiusClient> {
  return {
    received: (code, client) => counted.push(`received ${code} ${client.name}`),
    sent: (code, client) => counted.push(`sent ${code} ${client.name}`),
    dropped: (reason, client) => counted.push(`dropped ${reason} ${client?.name ?? '-'}`),
    duplicate: (client) => counted.push(`duplicate ${client.name}`),
  }
}

/** A UDP socket of 127.0.0.1, or of another address, that keeps what arrives. */
export async function testNas(address = '127.0.0.1') {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const arrived: Buffer[] = []
  socket.on('message', (datagram) => arrived.push(datagram))
  socket.bind(0, address)
  await once(socket, 'listening')
  open.push(socket)
  return {
    arrived,
    port: socket.address().port,
    send: (octets: Buffer, port: number, to = address) => socket.send(octets, port, to),
    /** Resolves once `count` datagrams have come in all. */
    async replies(count: number): Promise<Packet[]> {
      while (arrived.length < count) await once(socket, 'message')
      return arrived.map((octets) => packetOf(octets))
    },
  }
}

type TestNas = Awaited<ReturnType<typeof testNas>>

type Asked = { code?: 1 | 4 | 12; identifier?: number; signed?: boolean; attributes?: Buffer; with?: typeof secret }

/** A request as a NAS makes it: by default a signed Access-Request. */
export function request(asked: Asked = {}): Buffer {
  const { code = 1, identifier = 1, signed = true, attributes = attribute(1, 'alice') } = asked
  return encodeRequest({ code, identifier, attributes, secret: asked.with ?? secret, messageAuthenticator: signed })
}

/**
 * Sends the datagrams, then a good request, and gives back what came until that one was answered: datagrams of one socket
 * pair arrive in order, so what was answered before it would be there.
 */
export async function answersTo(nas: TestNas, port: number, datagrams: Buffer[], code: 1 | 4 = 1): Promise<Packet[]> {
  for (const datagram of datagrams) nas.send(datagram, port)
  nas.send(request({ code, identifier: 255 }), port)
  for (let count = 1; ; count++) {
    const replies = await nas.replies(count)
    const last = replies.findIndex((reply) => reply.identifier === 255)
    if (last !== -1) return replies.slice(0, last)
  }
}

/** A promise and the function that resolves it. */
export function gate<T>(): { opened: Promise<T>; open: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>()
  return { opened: promise, open: resolve }
}
