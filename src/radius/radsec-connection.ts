// One RADIUS/TLS connection: packets out of the stream, each through the checks of the UDP server, replies on the same
// connection in the order they are ready (RFC 6614 §2.1, RFC 6613 §2.6). Nothing is retransmitted over TCP, so nothing is
// remembered but what is in work: identifiers belong to the connection. What cannot be framed or does not verify ends it.

import type { TLSSocket } from 'node:tls'
import { admit } from './admission.ts'
import type { RadiusClient } from './admission.ts'
import { codes } from './codes.ts'
import { encodeReply, PacketTooLongError } from './encode-packet.ts'
import type { FairShare } from './fair-share.ts'
import { HeldReplies } from './held-replies.ts'
import type { InWork } from './in-work.ts'
import { parsePacket } from './packet.ts'
import type { Packet } from './packet.ts'
import type { RadsecIdentity } from './radsec-identity.ts'
import type { RadsecLimits, RadsecServerOptions } from './radsec-server.ts'
import type { RadiusRequest } from './server.ts'
import type { PortKind, RadiusAddress } from './sockets.ts'
import type { Reading, Standstill } from './standstill.ts'
import { StreamFraming } from './stream-framing.ts'

type Options<C extends RadiusClient> = Pick<
  RadsecServerOptions<C>,
  'now' | 'findClient' | 'handle' | 'counters' | 'onError'
> & {
  readonly limits: RadsecLimits
  readonly fair: FairShare<C>
  readonly standstill: Standstill
  readonly identity: RadsecIdentity
  /** When its certificate ends. */
  readonly until: Date
  readonly source: { readonly address: string; readonly port: number }
  readonly local: { readonly address: string; readonly port: number }
  /** Of all connections. */
  readonly inWork: InWork
}

type Work = { readonly octets: Buffer; mayReply: boolean }

/** Owns the socket after its handshake, and the replies that are held back. */
export class RadsecConnection<C extends RadiusClient> {
  readonly #socket: TLSSocket
  readonly #options: Options<C>
  readonly #framing = new StreamFraming()
  readonly #work = new Map<number, Work>()
  readonly #held: HeldReplies
  readonly #reading: Reading = { datagrams: 0 }
  #inWork = 0
  #heardAt: number
  /** How old what is read now may be. */
  #age = 0
  #begunAt: number | undefined
  #stuckAt: number | undefined
  #closing = false
  #ended = false

  constructor(socket: TLSSocket, options: Options<C>) {
    this.#socket = socket
    this.#options = options
    // They are part of what is in work: were they all of it, no request could be taken any more.
    this.#held = new HeldReplies(options.limits.inWorkOfOne / 2)
    this.#heardAt = options.now()
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
  }

  get identity(): RadsecIdentity {
    return this.#options.identity
  }

  get until(): Date {
    return this.#options.until
  }

  /** Ends the connection where its time is over: silent, in the middle of a packet, not reading, or of nobody any more. */
  sweep(): void {
    const { limits, now, findClient, identity } = this.#options
    const at = now()
    const isOver = (since: number | undefined, after: number): boolean => since !== undefined && at - since > after
    const isIdle = this.#inWork === 0 && isOver(this.#heardAt, limits.idleMs)
    // While it is us who do not read, the rest of a packet cannot come.
    const isSlow = !this.#socket.isPaused() && isOver(this.#begunAt, limits.packetMs)
    const isLate = isSlow || isOver(this.#stuckAt, limits.stuckMs)
    if (this.#ended || isIdle || isLate || findClient(identity) === undefined) this.close()
  }

  /** Reads no more: what is in work may still be answered; what is held back leaves. */
  stop(): void {
    this.#closing = true
    this.#held.letGo()
  }

  /** At once; what is in work is not answered. */
  close(): void {
    this.#closing = true
    for (const work of this.#work.values()) work.mayReply = false
    this.#held.letGo()
    // What was written already leaves with the end of the stream; whoever has not taken it by the next look gets no more.
    if (this.#ended || this.#socket.writableNeedDrain) this.#socket.destroy()
    else this.#socket.destroySoon()
    this.#ended = true
  }

  #read(chunk: Buffer): void {
    if (this.#closing) return
    const { now, counters, findClient, identity, source, standstill } = this.#options
    this.#heardAt = now()
    this.#reading.datagrams += 1
    this.#age = standstill.ageOf(this.#reading)
    const { packets, broken } = this.#framing.push(chunk)
    for (const octets of packets) {
      this.#receiveSafely(octets)
      if (this.#closing) return
    }
    if (broken) {
      // RFC 6613 §2.6.4: where the next packet would begin nobody can tell.
      counters.dropped('malformed', findClient(identity), source.address)
      return this.close()
    }
    if (this.#framing.held === 0) this.#begunAt = undefined
    else if (packets.length > 0 || this.#begunAt === undefined) this.#begunAt = now()
    this.#hold()
  }

  #receiveSafely(octets: Buffer): void {
    try {
      this.#receive(octets)
    } catch (error) {
      this.#failed(error, undefined)
    }
  }

  // The checks of the UDP server in its order. The client is looked up for each packet: who is taken away is heard no more.
  #receive(octets: Buffer): void {
    const { counters, findClient, identity, source } = this.#options
    const client = findClient(identity)
    if (client === undefined) {
      counters.dropped('unknown-source', undefined)
      return this.close()
    }
    const parsed = parsePacket(octets)
    if (!parsed.ok) {
      counters.dropped('malformed', client, source.address)
      return this.close()
    }
    const { packet } = parsed
    counters.received(packet.code, client)
    const kind = kindOf(packet.code)
    if (kind === undefined) return counters.dropped('wrong-code', client, source.address)
    const key = (packet.code << 8) | packet.identifier
    const before = this.#work.get(key)
    if (before?.octets.equals(octets) === true) return counters.duplicate(client, source.address)
    this.#admit(packet, client, kind, key)
  }

  #admit(packet: Packet, client: C, kind: PortKind, key: number): void {
    const { counters, source, fair, limits, now } = this.#options
    const admission = admit(packet, client)
    if (admission.kind === 'dropped') {
      counters.dropped(admission.reason, client, source.address)
      // RFC 3579 §3.2: that packet alone. Whoever has another secret, or signs wrongly, will do so again (RFC 6613 §2.6.4).
      return admission.reason === 'eap-unsigned' ? undefined : this.close()
    }
    const receivedAt = now()
    const account = fair.of(client)
    if (packet.code === codes.statusServer && !fair.mayAskStatus(account, receivedAt)) {
      return counters.dropped('status-flood', client, source.address)
    }
    if (this.#inWork >= limits.inWorkOfOne || !fair.take(account, receivedAt)) {
      return counters.dropped('overload', client, source.address)
    }
    // RFC 5080 §2.2.2: who takes an identifier again before it is answered waits for the new request only.
    const before = this.#work.get(key)
    if (before !== undefined) before.mayReply = false
    const work = { octets: packet.octets, mayReply: true }
    this.#work.set(key, work)
    const local: RadiusAddress = { ...this.#options.local, kind }
    // TLS proves the sender whether the packet is signed or not.
    // How long it waited because this connection was paused is not known, and not counted: a router that is busy without a
    // break would have all of it taken for older than it is.
    const arrivedAt = receivedAt - this.#age
    const { secret } = admission
    const request = { client, packet, secret, messageAuthenticator: true, source, local, receivedAt: arrivedAt }
    void this.#answer(request, work, key, () => fair.done(account))
  }

  // Never rejects: whatever goes wrong with one request is counted and told, and the connection lives.
  async #answer(request: RadiusRequest<C>, work: Work, key: number, handled: () => void): Promise<void> {
    const { client, packet } = request
    this.#inWork += 1
    this.#options.inWork.begin()
    try {
      const response = await this.#handled(request, handled)
      if (response === undefined) return
      const { code, attributes, delayMs = 0 } = response
      const reply = encodeReply({ code, request: packet, attributes, secret: request.secret })
      if (delayMs > 0) await this.#held.hold(delayMs)
      if (!work.mayReply) return this.#options.counters.dropped(this.#closing ? 'closing' : 'superseded', client)
      this.#send(reply, client)
    } catch (error) {
      this.#failed(error, client)
    } finally {
      this.#inWork -= 1
      if (this.#work.get(key) === work) this.#work.delete(key)
      this.#resume()
      this.#options.inWork.done()
    }
  }

  async #handled(request: RadiusRequest<C>, handled: () => void) {
    try {
      return await this.#options.handle(request)
    } finally {
      handled()
    }
  }

  #send(reply: Buffer, client: C): void {
    const { counters, now } = this.#options
    if (!this.#socket.writable) return counters.dropped('send-error', client)
    if (!this.#socket.write(reply)) this.#stuckAt ??= now()
    counters.sent(reply[0]!, client)
    this.#hold()
  }

  // Whoever does not take its answers, or has asked as much as it may, is read no further: TCP tells it to wait.
  #hold(): void {
    if (this.#isFull()) this.#socket.pause()
  }

  #drained(): void {
    this.#stuckAt = undefined
    this.#resume()
  }

  #resume(): void {
    if (this.#isFull() || !this.#socket.isPaused()) return
    if (this.#begunAt !== undefined) this.#begunAt = this.#options.now()
    this.#socket.resume()
  }

  #isFull(): boolean {
    // What is only held back takes no work: whoever guesses passwords must not hold up the others behind its router.
    return this.#socket.writableNeedDrain || this.#inWork - this.#held.size >= this.#options.limits.pauseAt
  }

  #failed(error: unknown, client: C | undefined): void {
    this.#options.counters.dropped(error instanceof PacketTooLongError ? 'reply-too-long' : 'handler-error', client)
    this.#options.onError(error)
  }
}

// RFC 6614 §2.1: one port for all of them. Status-Server is answered as on the authentication port (RFC 5997 §3).
function kindOf(code: number): PortKind | undefined {
  if (code === codes.accountingRequest) return 'accounting'
  return code === codes.accessRequest || code === codes.statusServer ? 'authentication' : undefined
}
