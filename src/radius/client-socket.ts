// One local UDP port of the client and the identifiers in use on it: an identifier is 8 bits for each pair of local port and
// server, so 256 requests are in flight on one socket and a busy client opens more (RFC 2865 §2.5, RFC 5080 §2.2.1).

import type { RemoteInfo, Socket } from 'node:dgram'
import { isIPv6, SocketAddress } from 'node:net'
import { plainSocket } from './sockets.ts'

export const identifiers = 256

type ReplyListener<T> = (waiting: T | undefined, datagram: Buffer) => void

type Lane<T> = { waiting: (T | undefined)[]; inUse: number; next: number }

/** A place for one request: its identifier is taken until `release`. */
export type Slot<T> = { readonly socket: ClientSocket<T>; readonly server: string; readonly identifier: number }

/** Owns one socket; `T` is whatever waits for the reply to an identifier. */
export class ClientSocket<T> {
  readonly family: 4 | 6
  /** Resolves once bound; rejects with the system's error where it cannot be. */
  readonly ready: Promise<void>
  readonly #socket: Socket
  readonly #lanes = new Map<string, Lane<T>>()

  constructor(local: { address: string; port: number }, onReply: ReplyListener<T>, receiveBufferBytes: number) {
    this.family = isIPv6(local.address) ? 6 : 4
    this.#socket = plainSocket(local.address, { reusePort: false, receiveBufferBytes })
    this.#socket.on('message', (datagram, from) => onReply(this.#waitingFor(datagram, from), datagram))
    this.ready = new Promise((resolve, reject) => {
      // After binding, an error of the socket is an error of a send, which has its own callback.
      this.#socket.on('error', reject)
      this.#socket.bind({ ...local, exclusive: true }, resolve)
    })
    // Whoever waits for it hears of it; without a waiter it is not an unhandled rejection.
    this.ready.catch(() => undefined)
  }

  /** Takes the next free identifier towards a server, or undefined where all 256 wait for a reply. */
  take(server: string, waiting: T): Slot<T> | undefined {
    let lane = this.#lanes.get(server)
    if (lane === undefined) {
      lane = { waiting: Array.from({ length: identifiers }, () => undefined), inUse: 0, next: 0 }
      this.#lanes.set(server, lane)
    }
    if (lane.inUse === identifiers) return undefined
    // Going round makes an identifier rest as long as possible, so a late reply finds nobody instead of another request.
    while (lane.waiting[lane.next] !== undefined) lane.next = (lane.next + 1) % identifiers
    const identifier = lane.next
    lane.next = (identifier + 1) % identifiers
    lane.waiting[identifier] = waiting
    lane.inUse++
    return { socket: this, server, identifier }
  }

  /** Gives an identifier back. */
  release(slot: Slot<T>): void {
    const lane = this.#lanes.get(slot.server)
    if (lane?.waiting[slot.identifier] === undefined) return
    lane.waiting[slot.identifier] = undefined
    lane.inUse--
  }

  /** Sends one datagram; `failed` is told of an error only. */
  send(octets: Buffer, address: string, port: number, failed: (error: Error) => void): void {
    this.#socket.send(octets, port, address, (error) => {
      if (error !== null) failed(error)
    })
  }

  /** The local address and port, once ready. */
  address(): { address: string; port: number } {
    return this.#socket.address()
  }

  close(): void {
    this.#socket.close()
  }

  #waitingFor(datagram: Buffer, from: RemoteInfo): T | undefined {
    const identifier = datagram[1]
    if (identifier === undefined) return undefined
    return this.#lanes.get(serverKey(from.address, from.port))?.waiting[identifier]
  }
}

/** One name for a server however its address is written: `0:0::1` and `::1` are the same. RFC 5952. */
export function serverKey(address: string, port: number): string {
  const plain =
    isIPv6(address) && !address.includes('%') ? new SocketAddress({ address, family: 'ipv6' }).address : address
  return `${plain} ${port}`
}
