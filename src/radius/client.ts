// The RADIUS client: one request, retransmitted with the same identifier and authenticator until a right reply comes or the
// tries are used up (RFC 2865 §2.5, RFC 5080 §2.2.1). For CoA and Disconnect orders, tests and the simulated NAS. A reply
// that does not verify is counted and ignored: a forged one must not end the wait for the real one.

import { isIPv6 } from 'node:net'
import { randomAuthenticator, zeroAuthenticator } from './authenticator.ts'
import type { Secret } from './authenticator.ts'
import { ClientSocket, identifiers, serverKey } from './client-socket.ts'
import type { Slot } from './client-socket.ts'
import type { Code } from './codes.ts'
import { encodeRequest } from './encode-packet.ts'
import type { Packet } from './packet.ts'
import { hasRandomAuthenticator, rightReply } from './reply-match.ts'

export type ExchangeRequest = {
  readonly address: string
  readonly port: number
  readonly secret: Secret
  readonly code: Code
  /** Encoded attributes, or how to encode them: hidden ones need the authenticator (16 zeros for accounting and CoA). */
  readonly attributes: Uint8Array | ((authenticator: Buffer) => Uint8Array)
  /** Whether to sign the request. Default true. */
  readonly messageAuthenticator?: boolean
  /** Default 'require' for Access-Request and Status-Server, 'if-present' for the others: many NASes do not sign. */
  readonly replyMessageAuthenticator?: 'require' | 'if-present'
  /** How long the first try waits for a reply. */
  readonly timeoutMs: number
  /** How often it is sent at most. */
  readonly tries: number
  /** By how much each wait is longer than the one before. Default 2. RFC 5080 §2.2.1. */
  readonly backoff?: number
  /** The longest wait of one try. RFC 5080 §2.2.1 MRT. */
  readonly maximumTimeoutMs?: number
  /** Each wait is longer or shorter by up to this part of itself. Default 0.1. RFC 5080 §2.2.1 RAND. */
  readonly jitter?: number
}

export type ExchangeOutcome =
  | {
      readonly kind: 'reply'
      readonly packet: Packet
      /** The request's, with which attributes of the reply are hidden. */
      readonly requestAuthenticator: Buffer
      /** From the first send. */
      readonly roundTripMs: number
      readonly tries: number
      readonly badReplies: number
    }
  /** `badReplies` above zero means that somebody answers with another secret, or forges. */
  | { readonly kind: 'timeout'; readonly tries: number; readonly badReplies: number }
  | { readonly kind: 'error'; readonly error: unknown }

export type ClientOptions = {
  /** Where requests leave from: the address that the peer knows us by. Default: any. */
  readonly localAddress?: string
  /** A fixed local port, as a NAS has; then there is one socket. Default: any port, sockets as needed. */
  readonly localPort?: number
  /** Default 16: 4096 requests in flight to one server; beyond it requests wait for an identifier. */
  readonly maximumSockets?: number
  readonly receiveBufferBytes?: number
  /** Milliseconds of a clock that does not go back. */
  now(): number
  /** For the jitter, from 0 to 1. Default Math.random. */
  random?(): number
}

const defaultSockets = 16
/** Requests in flight to one server and port at most, unless told otherwise; beyond it they wait for an identifier. */
export const identifiersInFlight: number = defaultSockets * identifiers

/** The outcome's error where the local address is of the other family than the server's. */
export class AddressFamilyError extends Error {
  override readonly name = 'AddressFamilyError'
}

/** The outcome's error where `close` was called while the request was waiting. */
export class ClientClosedError extends Error {
  override readonly name = 'ClientClosedError'
}

type Pending = {
  readonly request: ExchangeRequest
  resolve: (outcome: ExchangeOutcome) => void
  slot: Slot<Pending> | undefined
  octets: Buffer
  authenticator: Buffer
  timer: NodeJS.Timeout | undefined
  waitMs: number
  firstSentAt: number
  tries: number
  badReplies: number
  done: boolean
}

/** A client that owns its sockets. Close it to let the process end. */
export function createRadiusClient(options: ClientOptions): RadiusUdpClient {
  return new RadiusUdpClient(options)
}

/** The sockets of one client and what waits on them. */
export class RadiusUdpClient {
  readonly #options: ClientOptions
  readonly #maximumSockets: number
  readonly #sockets: ClientSocket<Pending>[] = []
  readonly #pending = new Set<Pending>()
  readonly #queue: Pending[] = []
  #strayReplies = 0

  constructor(options: ClientOptions) {
    this.#options = options
    this.#maximumSockets = options.localPort === undefined ? (options.maximumSockets ?? defaultSockets) : 1
  }

  /** Replies that nobody waited for: late ones, or forged. */
  get strayReplies(): number {
    return this.#strayReplies
  }

  /** Requests sent or waiting for an identifier. */
  get inFlight(): number {
    return this.#pending.size
  }

  /** Sends a request and waits for its reply, the last time-out, or the abort. Never rejects. */
  exchange(request: ExchangeRequest, signal?: AbortSignal): Promise<ExchangeOutcome> {
    return new Promise((resolve) => {
      const pending = newPending(request, resolve)
      this.#pending.add(pending)
      if (signal?.aborted === true) return this.#finish(pending, { kind: 'error', error: signal.reason })
      if (signal !== undefined) this.#abortable(pending, signal)
      const { localAddress } = this.#options
      if (localAddress !== undefined && isIPv6(localAddress) !== isIPv6(request.address)) {
        const error = new AddressFamilyError(`${request.address} cannot be reached from ${localAddress}`)
        return this.#finish(pending, { kind: 'error', error })
      }
      if (this.#queue.length > 0 || !this.#start(pending)) this.#queue.push(pending)
    })
  }

  /** Ends every wait with `ClientClosedError` and closes the sockets. */
  close(): void {
    const error = new ClientClosedError('the RADIUS client was closed')
    this.#queue.length = 0
    for (const pending of this.#pending) this.#finish(pending, { kind: 'error', error })
    for (const socket of this.#sockets.splice(0)) socket.close()
  }

  // False where no identifier is free and no further socket allowed.
  #start(pending: Pending): boolean {
    const { address, port } = pending.request
    const server = serverKey(address, port)
    const family = server.includes(':') ? 6 : 4
    const slot = this.#slot(server, family, pending)
    if (slot === undefined) return false
    pending.slot = slot
    void slot.socket.ready.then(
      () => this.#sendFirst(pending, slot),
      (error: unknown) => this.#bindFailed(slot.socket, error),
    )
    return true
  }

  #slot(server: string, family: 4 | 6, pending: Pending): Slot<Pending> | undefined {
    for (const socket of this.#sockets) {
      const slot = socket.family === family ? socket.take(server, pending) : undefined
      if (slot !== undefined) return slot
    }
    if (this.#sockets.filter((socket) => socket.family === family).length >= this.#maximumSockets) return undefined
    const local = {
      address: this.#options.localAddress ?? (family === 6 ? '::' : '0.0.0.0'),
      port: this.#options.localPort ?? 0,
    }
    const bytes = this.#options.receiveBufferBytes ?? 1024 * 1024
    const socket = new ClientSocket<Pending>(local, (found, datagram) => this.#received(found, datagram), bytes)
    this.#sockets.push(socket)
    return socket.take(server, pending)
  }

  #sendFirst(pending: Pending, slot: Slot<Pending>): void {
    if (pending.done) return
    const { request } = pending
    try {
      const hidingWith = hasRandomAuthenticator(request.code) ? randomAuthenticator() : zeroAuthenticator
      pending.octets = encodeRequest({
        code: request.code,
        identifier: slot.identifier,
        attributes: typeof request.attributes === 'function' ? request.attributes(hidingWith) : request.attributes,
        secret: request.secret,
        authenticator: hidingWith,
        messageAuthenticator: request.messageAuthenticator ?? true,
      })
    } catch (error) {
      return this.#finish(pending, { kind: 'error', error })
    }
    pending.authenticator = pending.octets.subarray(4, 20)
    pending.firstSentAt = this.#options.now()
    this.#transmit(pending, slot)
  }

  // RFC 5080 §2.2.1: a retransmission has the same identifier and the same authenticator: the same octets.
  #transmit(pending: Pending, slot: Slot<Pending>): void {
    const { request } = pending
    pending.tries++
    slot.socket.send(pending.octets, request.address, request.port, (error) =>
      this.#finish(pending, { kind: 'error', error }),
    )
    const { jitter = 0.1, backoff = 2, maximumTimeoutMs = Infinity } = request
    const random = this.#options.random?.() ?? Math.random()
    const wait = Math.min(pending.waitMs, maximumTimeoutMs) * (1 + jitter * (2 * random - 1))
    pending.waitMs *= backoff
    pending.timer = setTimeout(() => {
      if (pending.tries < request.tries) return this.#transmit(pending, slot)
      this.#finish(pending, { kind: 'timeout', tries: pending.tries, badReplies: pending.badReplies })
    }, wait)
  }

  #received(pending: Pending | undefined, datagram: Buffer): void {
    if (pending === undefined || pending.tries === 0) {
      this.#strayReplies++
      return
    }
    const packet = rightReply(datagram, pending.request, pending.authenticator)
    if (packet === undefined) {
      pending.badReplies++
      return
    }
    this.#finish(pending, {
      kind: 'reply',
      packet,
      requestAuthenticator: pending.authenticator,
      roundTripMs: this.#options.now() - pending.firstSentAt,
      tries: pending.tries,
      badReplies: pending.badReplies,
    })
  }

  #finish(pending: Pending, outcome: ExchangeOutcome): void {
    if (pending.done) return
    pending.done = true
    clearTimeout(pending.timer)
    this.#pending.delete(pending)
    pending.slot?.socket.release(pending.slot)
    pending.resolve(outcome)
    this.#startQueued()
  }

  // In order: the first in the queue takes what has become free; those done meanwhile (aborted) only leave it.
  #startQueued(): void {
    while (this.#queue[0] !== undefined && (this.#queue[0].done || this.#start(this.#queue[0]))) this.#queue.shift()
  }

  #bindFailed(socket: ClientSocket<Pending>, error: unknown): void {
    const at = this.#sockets.indexOf(socket)
    if (at !== -1) {
      this.#sockets.splice(at, 1)
      socket.close()
    }
    for (const pending of this.#pending) {
      if (pending.slot?.socket === socket) this.#finish(pending, { kind: 'error', error })
    }
  }

  #abortable(pending: Pending, signal: AbortSignal): void {
    const abort = (): void => this.#finish(pending, { kind: 'error', error: signal.reason })
    signal.addEventListener('abort', abort, { once: true })
    const { resolve } = pending
    pending.resolve = (outcome) => {
      signal.removeEventListener('abort', abort)
      resolve(outcome)
    }
  }
}

const none = Buffer.alloc(0)

function newPending(request: ExchangeRequest, resolve: (outcome: ExchangeOutcome) => void): Pending {
  return {
    request,
    resolve,
    slot: undefined,
    octets: none,
    authenticator: none,
    timer: undefined,
    waitMs: request.timeoutMs,
    firstSentAt: 0,
    tries: 0,
    badReplies: 0,
    done: false,
  }
}
