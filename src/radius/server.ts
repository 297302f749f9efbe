// The UDP server: a datagram comes in, passes the cheap checks first (known source, code, structure), then duplicates,
// authenticity and policy, and is handed to one handler; what the handler returns is encoded, remembered and sent from the
// socket that was asked. Whatever is wrong with a packet is silence and a counter (RFC 2865 §3, RFC 5080 §2.2, RFC 5997 §3).

import type { RemoteInfo } from 'node:dgram'
import { admit } from './admission.ts'
import type { Admission, RadiusClient } from './admission.ts'
import type { Secret } from './authenticator.ts'
import { codes } from './codes.ts'
import type { Code } from './codes.ts'
import type { DropReason, RadiusCounters } from './counters.ts'
import { Duplicates } from './duplicates.ts'
import type { DuplicateEntry, DuplicatesOptions } from './duplicates.ts'
import { encodeReply, PacketTooLongError } from './encode-packet.ts'
import { FairShare } from './fair-share.ts'
import type { Account, FairShareOptions } from './fair-share.ts'
import { HeldReplies } from './held-replies.ts'
import { InWork } from './in-work.ts'
import { headerLength, parsePacket } from './packet.ts'
import type { Packet } from './packet.ts'
import { watchStandstill } from './standstill.ts'
import type { Reading, Standstill } from './standstill.ts'
import { BindError, bindSocket, closeSocket, plainAddress } from './sockets.ts'
import type { BoundSocket, PortKind, RadiusAddress, SocketOptions } from './sockets.ts'

/** An authentic request that the client's policy admits. */
export type RadiusRequest<C> = {
  readonly client: C
  readonly packet: Packet
  /** The one that verified; the first where the packet is unsigned (see `RadiusResponse.secret`). */
  readonly secret: Secret
  /** Whether a right Message-Authenticator was there, or TLS proved the sender. */
  readonly messageAuthenticator: boolean
  readonly source: { readonly address: string; readonly port: number }
  readonly local: RadiusAddress
  /** By the server's `now`, in milliseconds; earlier where the datagram may have waited while this process stood still. */
  readonly receivedAt: number
}

/** Message-Authenticator and Proxy-State are not the handler's work: the server adds both. */
export type RadiusResponse = {
  readonly code: Code
  readonly attributes: Uint8Array
  /** How long to hold the reply back (rejects). Retransmissions meanwhile are dropped. */
  readonly delayMs?: number
  /** Where the request was unsigned and another of the client's secrets proved right: the one to sign with. */
  readonly secret?: Secret
}

export type ServerOptions<C extends RadiusClient> = {
  readonly addresses: readonly RadiusAddress[]
  readonly reusePort?: boolean
  /** Default 4 MiB: the kernel's own default holds 256 packets, less than one storm of a BNG. */
  readonly receiveBufferBytes?: number
  /** Default: 10 s and 32,768 requests for each socket. */
  readonly duplicates?: DuplicatesOptions
  /** Default 20,000: beyond it requests are dropped, never rejected. RFC 5080 §2.2.3. */
  readonly maximumInWork?: number
  /** What one client may cost the others; see there for the defaults. */
  readonly fairShare?: Omit<FairShareOptions, 'maximumInWork'>
  /** Milliseconds of a clock that does not go back; the time of everything in here. */
  now(): number
  /** The same of the event loop itself, which tests that move `now` do not move. Default: `now`. */
  loopNow?(): number
  /** The client of a source address (longest prefix); called for every datagram, so it must be cheap. */
  findClient(address: string): C | undefined
  /** Undefined is silence, its reason counted by the handler. A throw drops this one packet. */
  handle(request: RadiusRequest<C>): Promise<RadiusResponse | undefined> | RadiusResponse | undefined
  readonly counters: RadiusCounters<C>
  /** A datagram of nobody we know; called for each, so it must only count. */
  onUnknownSource?(address: string): void
  /** A right Message-Authenticator from a client whose policy `auto` has not latched yet; until it says so itself. */
  onMessageAuthenticatorSeen?(client: C): void
  /** A fault of ours: a handler that threw, a socket that failed. */
  onError(error: unknown): void
}

const defaults = { receiveBufferBytes: 4 * 1024 * 1024, seconds: 10, limit: 32_768, maximumInWork: 20_000 }

type Asked<C> = { readonly request: RadiusRequest<C>; readonly account: Account }

const forgedFlood: Admission = { kind: 'dropped', reason: 'forged-flood' }
const statusFlood: Admission = { kind: 'dropped', reason: 'status-flood' }

type Listener = BoundSocket & { readonly duplicates: Duplicates; readonly reading: Reading }

/** Binds every address and starts to answer. Throws `BindError` (and holds no socket then) if one cannot be bound. */
export async function startRadiusServer<C extends RadiusClient>(options: ServerOptions<C>): Promise<RadiusServer<C>> {
  const server = new RadiusServer(options)
  const { failures } = await server.setAddresses(options.addresses)
  if (failures[0] === undefined) return server
  await server.close({ drainMs: 0 })
  throw failures[0]
}

/** A running server: owns its sockets and the timers of delayed replies. */
export class RadiusServer<C extends RadiusClient> {
  readonly #options: ServerOptions<C>
  readonly #socketOptions: SocketOptions
  readonly #maximumInWork: number
  readonly #fair: FairShare<C>
  readonly #standstill: Standstill
  readonly #held: HeldReplies
  readonly #inWork = new InWork()
  #listeners: Listener[] = []
  #closing = false

  constructor(options: ServerOptions<C>) {
    this.#options = options
    this.#maximumInWork = options.maximumInWork ?? defaults.maximumInWork
    // They are part of what is in work: were they all of it, no request could be taken any more.
    this.#held = new HeldReplies(this.#maximumInWork / 2)
    this.#standstill = watchStandstill({ now: options.loopNow ?? options.now })
    this.#fair = new FairShare({ ...options.fairShare, maximumInWork: this.#maximumInWork })
    this.#socketOptions = {
      reusePort: options.reusePort ?? false,
      receiveBufferBytes: options.receiveBufferBytes ?? defaults.receiveBufferBytes,
    }
  }

  /** Requests handed to the handler and not yet answered or dropped. */
  get inWork(): number {
    return this.#inWork.count
  }

  /** The sockets as bound, with the receive buffer that the kernel granted each. */
  sockets(): (RadiusAddress & { receiveBufferBytes: number })[] {
    return this.#listeners.map(({ local, receiveBufferBytes }) => ({ ...local, receiveBufferBytes }))
  }

  /**
   * Listens on exactly these addresses from now on: binds what is new, closes what is gone, keeps the others untouched. An
   * address that cannot be bound is among `failures`; the caller tries again when interfaces change.
   */
  async setAddresses(addresses: readonly RadiusAddress[]): Promise<{ failures: BindError[] }> {
    const wanted = (listener: Listener) => addresses.some((address) => sameAddress(address, listener.asked))
    for (const listener of this.#listeners) if (!wanted(listener)) closeSocket(listener)
    this.#listeners = this.#listeners.filter((listener) => listener.open)
    const missing = addresses.filter((address) => !this.#listeners.some((l) => sameAddress(address, l.asked)))
    const failures: BindError[] = []
    for (const address of missing) {
      try {
        this.#listen(await bindSocket(address, this.#socketOptions))
      } catch (error) {
        if (!(error instanceof BindError)) throw error
        failures.push(error)
      }
    }
    return { failures }
  }

  /** Takes no new request, waits for those in work at most `drainMs`, then closes the sockets. Delayed replies leave at once. */
  async close(how: { drainMs: number }): Promise<void> {
    this.#closing = true
    this.#held.letGo()
    if (how.drainMs > 0) await this.#inWork.noneWithin(how.drainMs)
    for (const listener of this.#listeners) closeSocket(listener)
    this.#listeners = []
    this.#standstill.close()
  }

  #listen(socket: BoundSocket): void {
    const { seconds, limit } = this.#options.duplicates ?? defaults
    const about = { duplicates: new Duplicates({ seconds, limit }), reading: { datagrams: 0 } }
    const listener: Listener = Object.assign(socket, about)
    listener.socket.on('error', (error) => this.#options.onError(error))
    listener.socket.on('message', (datagram, from) => {
      listener.reading.datagrams += 1
      try {
        this.#receive(listener, datagram, from)
      } catch (error) {
        this.#failed(error, undefined)
      }
    })
    this.#listeners.push(listener)
    // The server was closed while this socket was being bound.
    if (this.#closing) closeSocket(listener)
  }

  // The checks in order of cost, so that a flood costs least.
  #receive(listener: Listener, datagram: Buffer, from: RemoteInfo): void {
    const { counters } = this.#options
    if (this.#closing) return counters.dropped('closing', undefined)
    const address = plainAddress(from.address)
    const client = this.#options.findClient(address)
    if (client === undefined) {
      counters.dropped('unknown-source', undefined)
      return this.#options.onUnknownSource?.(address)
    }
    if (datagram.length < headerLength) return counters.dropped('malformed', client, address)
    const code = datagram[0]!
    counters.received(code, client)
    if (!isCodeOf(listener.asked.kind, code)) return counters.dropped('wrong-code', client, address)
    const parsed = parsePacket(datagram)
    if (!parsed.ok) return counters.dropped('malformed', client, address)
    const { packet } = parsed

    const receivedAt = this.#options.now()
    const known = listener.duplicates.look(from.address, from.port, packet, receivedAt)
    if (known.kind !== 'new') {
      counters.duplicate(client, address)
      if (known.kind === 'answered') this.#send(listener, known.reply, from, client)
      return
    }
    const account = this.#fair.of(client)
    const admission = this.#admit(packet, client, account, from.port, receivedAt)
    if (admission.kind === 'dropped') return counters.dropped(admission.reason, client, address)
    if (this.#inWork.count >= this.#maximumInWork || !this.#fair.take(account, receivedAt)) {
      return counters.dropped('overload', client, address)
    }
    const { secret, messageAuthenticator } = admission
    if (messageAuthenticator && code === codes.accessRequest) this.#seen(client)
    const entry = listener.duplicates.begin(from.address, from.port, packet, receivedAt)
    const source = { address, port: from.port }
    const { local } = listener
    const arrivedAt = receivedAt - this.#standstill.ageOf(listener.reading)
    const request = { client, packet, secret, messageAuthenticator, source, local, receivedAt: arrivedAt }
    void this.#answer(listener, entry, { request, account }, from)
  }

  // Authenticity and policy, and how much of both a client may ask for.
  #admit(packet: Packet, client: C, account: Account, port: number, now: number): Admission {
    if (!this.#fair.mayVerify(account, port, now)) return forgedFlood
    const admission = admit(packet, client)
    if (admission.kind === 'dropped') {
      if (isForged(admission.reason)) this.#fair.forged(account, now)
      return admission
    }
    this.#fair.verified(account, port)
    return packet.code === codes.statusServer && !this.#fair.mayAskStatus(account, now) ? statusFlood : admission
  }

  // Never rejects: whatever goes wrong with one request is counted and told, and the server lives.
  async #answer(listener: Listener, entry: DuplicateEntry, asked: Asked<C>, to: RemoteInfo): Promise<void> {
    const { request } = asked
    const { client, packet } = request
    this.#inWork.begin()
    try {
      const response = await this.#handled(asked)
      if (response === undefined) return listener.duplicates.forget(entry)
      const { code, attributes, delayMs = 0, secret = request.secret } = response
      const reply = encodeReply({ code, request: packet, attributes, secret })
      if (delayMs > 0) await this.#held.hold(delayMs)
      if (!listener.duplicates.finish(entry, reply)) return this.#options.counters.dropped('superseded', client)
      this.#send(listener, reply, to, client)
    } catch (error) {
      listener.duplicates.forget(entry)
      this.#failed(error, client)
    } finally {
      this.#inWork.done()
    }
  }

  // A reply that is only held back takes no work, and no share of it.
  async #handled({ request, account }: Asked<C>): Promise<RadiusResponse | undefined> {
    try {
      return await this.#options.handle(request)
    } finally {
      this.#fair.done(account)
    }
  }

  #send(listener: Listener, reply: Buffer, to: RemoteInfo, client: C): void {
    if (!listener.open) return this.#options.counters.dropped('send-error', client)
    listener.socket.send(reply, to.port, to.address, this.#sent)
    this.#options.counters.sent(reply[0]!, client)
  }

  // One function for all sends, not one for each.
  readonly #sent = (error: Error | null): void => {
    if (error === null) return
    this.#options.counters.dropped('send-error', undefined)
    this.#options.onError(error)
  }

  #seen(client: C): void {
    if (client.messageAuthenticator === 'auto' && !client.messageAuthenticatorSeen) {
      this.#options.onMessageAuthenticatorSeen?.(client)
    }
  }

  #failed(error: unknown, client: C | undefined): void {
    const reason: DropReason = error instanceof PacketTooLongError ? 'reply-too-long' : 'handler-error'
    this.#options.counters.dropped(reason, client)
    this.#options.onError(error)
  }
}

// RFC 2866 §2, RFC 5997 §3: each port its own requests, Status-Server on both; a reply code never comes to a server.
function isCodeOf(kind: PortKind, code: number): boolean {
  return (
    code === (kind === 'authentication' ? codes.accessRequest : codes.accountingRequest) || code === codes.statusServer
  )
}

// What anybody can send in the name of a client. What is unsigned or badly set up is its own, and dropped cheaply besides.
function isForged(reason: DropReason): boolean {
  return reason === 'bad-authenticator' || reason === 'bad-message-authenticator'
}

function sameAddress(a: RadiusAddress, b: RadiusAddress): boolean {
  return a.address === b.address && a.port === b.port && a.kind === b.kind
}
