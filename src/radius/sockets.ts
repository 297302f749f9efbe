// UDP sockets of the server: one for each address and port, because dgram cannot choose the source address of a datagram and
// a reply must leave from the address that was asked (RFC 5080 §2.2, RFC 2865 §3).

import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'

/** What may arrive: Access-Request on one, Accounting-Request on the other, Status-Server on both. */
export type PortKind = 'authentication' | 'accounting'

export type RadiusAddress = { readonly address: string; readonly port: number; readonly kind: PortKind }

export type SocketOptions = {
  /** Whether other processes of ours share the port. */
  reusePort: boolean
  /** Asked of the kernel, which grants at most `net.core.rmem_max`. */
  receiveBufferBytes: number
}

export type BoundSocket = {
  readonly asked: RadiusAddress
  /** As bound: with the real port where 0 was asked. */
  readonly local: RadiusAddress
  /** What the kernel granted; Linux says twice of it, its own book-keeping included. */
  readonly receiveBufferBytes: number
  readonly socket: Socket
  open: boolean
}

/** An address that could not be bound; `cause` has the system's error. */
export class BindError extends Error {
  override readonly name = 'BindError'
  readonly asked: RadiusAddress
  constructor(asked: RadiusAddress, cause: unknown) {
    super(`cannot bind ${asked.kind} to ${asked.address} port ${asked.port}: ${messageOf(cause)}`, { cause })
    this.asked = asked
  }
}

/** Binds one socket. Throws `BindError`; afterwards errors of the socket are the caller's to listen to. */
export async function bindSocket(asked: RadiusAddress, options: SocketOptions): Promise<BoundSocket> {
  const socket = plainSocket(asked.address, options)
  try {
    await bound(socket, asked)
  } catch (error) {
    socket.close()
    throw new BindError(asked, error)
  }
  const local = { address: asked.address, port: socket.address().port, kind: asked.kind }
  return { asked, local, receiveBufferBytes: socket.getRecvBufferSize(), socket, open: true }
}

/** Closes it once; what still wants to send finds `open` false. */
export function closeSocket(one: BoundSocket): void {
  if (!one.open) return
  one.open = false
  one.socket.close()
}

/**
 * A socket of the family of `address`. Destinations are always addresses, so the look-up that dgram makes for every
 * datagram answers at once instead of a turn of the event loop later.
 */
export function plainSocket(address: string, options: SocketOptions): Socket {
  const family = isIPv6(address) ? 6 : 4
  return createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    reusePort: options.reusePort,
    recvBufferSize: options.receiveBufferBytes,
    lookup: (host, _options, callback) => callback(null, host, family),
  })
}

/** An address without the prefix of an IPv4 one mapped into IPv6, as clients are looked up. RFC 4291 §2.5.5.2. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function bound(socket: Socket, asked: RadiusAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: asked.address, port: asked.port, exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
