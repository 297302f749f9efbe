// A NAS that speaks RADIUS over TLS: a plain TLS client that can send any octets and keeps the packets that come back.
import { once } from 'node:events'
import * as tls from 'node:tls'
import { createSecret } from '../../src/radius/authenticator.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { radsecSecret } from '../../src/radius/radsec-identity.ts'
import { StreamFraming } from '../../src/radius/stream-framing.ts'
import { makeAuthority, makeCertificate, type MadeCertificate } from './certificate.ts'
import { packetOf } from './radius.ts'

export const radsec = createSecret(radsecSecret)
export const authority = makeAuthority('our authority')
export const serverCertificate = makeCertificate('radius.example.net', { issuer: authority, dnsNames: ['localhost'] })

/** What a server is started with. */
export const serverKeys = {
  certificate: Buffer.from(serverCertificate.certificate),
  key: Buffer.from(serverCertificate.key),
  ca: Buffer.from(authority.certificate),
}

export type RadsecNas = {
  readonly socket: tls.TLSSocket
  /** How many packets have come. */
  count(): number
  /** Resolves once so many packets have come in all. */
  replies(count: number): Promise<Packet[]>
  send(...octets: Uint8Array[]): void
  /** Resolves when the other side has ended the connection. */
  readonly ended: Promise<void>
  close(): void
}

/** Connects; `own` undefined: shows no certificate. Rejects where the handshake fails on this side. */
export async function radsecNas(
  port: number,
  own: MadeCertificate | undefined,
  options: tls.ConnectionOptions = {},
): Promise<RadsecNas> {
  const socket = tls.connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: authority.certificate,
    ...(own && { cert: own.certificate, key: own.key }),
    ...options,
  })
  const arrived: Buffer[] = []
  const framing = new StreamFraming()
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await once(socket, 'secureConnect')
  // A server that does not want us says so after our side of a TLS 1.3 handshake is over.
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    arrived.push(...framing.push(chunk).packets)
    socket.emit('packets')
  })
  return {
    socket,
    ended,
    count: () => arrived.length,
    async replies(count) {
      while (arrived.length < count) await once(socket, 'packets')
      return arrived.map((octets) => packetOf(octets))
    },
    send: (...octets) => void socket.write(Buffer.concat(octets)),
    close: () => void socket.destroy(),
  }
}
