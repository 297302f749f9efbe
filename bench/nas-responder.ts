// NASes that do as little as can be, on real sockets in a process of their own, so that what is measured is Gatehouse: they send a
// Start for each session, answer every Disconnect-Request at once and send the Stop. Started by enforce.ts; told `mark` they answer
// when each order was heard and when its Stop was stored, told `reset` they count anew.

import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { createSecret, hashPacket, verifyRequest } from '../src/radius/authenticator.ts'
import type { Secret } from '../src/radius/authenticator.ts'
import { codes } from '../src/radius/codes.ts'
import { headerLength, parsePacket } from '../src/radius/packet.ts'
import type { Packet } from '../src/radius/packet.ts'
import { packetSpace, statuses, writeRecord } from './packets.ts'

export type ResponderOrders = {
  /** One NAS each. */
  addresses: string[]
  acctPort: number
  secret: string
  /** The numbers of the subscribers whose sessions begin, dealt out to the NASes in turn. */
  first: number
  sessions: number
}

/** Times of one monotonic clock of the machine, in ms, by the number of the subscriber. */
export type Heard = { number: number; heardAt: number; goneAt: number | undefined }
export type FromResponder =
  | { kind: 'online'; ports: number[] }
  | { kind: 'heard'; orders: Heard[]; again: number; most: number }

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** How a session is named: its subscriber's number, in hex. */
export function sessionIdOf(number: number): string {
  return number.toString(16).padStart(8, '0')
}

/** The subscriber of a Disconnect-Request, by its Acct-Session-Id; undefined where the packet is none, or is not signed so. */
export function numberOf(packet: Packet, secret: Secret): number | undefined {
  if (packet.code !== codes.disconnectRequest || verifyRequest(packet, secret).kind !== 'ok') return undefined
  const at = packet.offsets.find((offset) => packet.octets[offset] === 44)
  if (at === undefined) return undefined
  return Number.parseInt(packet.octets.toString('latin1', at + 2, at + packet.octets[at + 1]!), 16)
}

/** The Disconnect-ACK to a request (RFC 5176 §2.1), without attributes. */
export function disconnectAck(request: Packet, secret: Secret): Buffer {
  const reply = Buffer.alloc(headerLength)
  reply[0] = codes.disconnectAck
  reply[1] = request.identifier
  reply.writeUInt16BE(headerLength, 2)
  hashPacket(reply, request.authenticator, secret, reply, 4)
  return reply
}

type Waiting = { number: number; status: number; sentAt: number }
/** Records that are not answered are sent again after so long. */
const againMs = 1_000
const mostOutstanding = 200

/** Owns the two sockets of one NAS: records leave from one, orders come in at the other. */
class Responder {
  readonly #orders: ResponderOrders
  readonly #secret: Secret
  readonly #records: Socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
  readonly #coa: Socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
  readonly #waiting = new Map<number, Waiting>()
  readonly #queue: { number: number; status: number }[] = []
  readonly heard = new Map<number, Heard>()
  #identifier = 0
  #inWork = 0
  /** Orders that came more than once, and the most that were heard and not yet followed by a stored Stop. */
  again = 0
  most = 0
  onIdle: () => void = () => undefined

  constructor(orders: ResponderOrders) {
    this.#orders = orders
    this.#secret = createSecret(orders.secret)
    this.#records.on('message', (reply) => this.#answered(reply[1]!))
    this.#coa.on('message', (datagram, from) => this.#receive(datagram, from))
    setInterval(() => this.#sendAgain(), againMs / 4).unref()
  }

  async bind(address: string): Promise<number> {
    for (const socket of [this.#records, this.#coa]) {
      socket.bind(0, address)
      await once(socket, 'listening')
    }
    return this.#coa.address().port
  }

  begin(number: number): void {
    this.#queue.push({ number, status: statuses.start })
  }

  /** Sends what waits, as much as may be outstanding. */
  flush(): void {
    while (this.#queue.length > 0 && this.#waiting.size < mostOutstanding) {
      const { number, status } = this.#queue.shift()!
      while (this.#waiting.has(this.#identifier)) this.#identifier = (this.#identifier + 1) & 0xff
      this.#send(this.#identifier, { number, status, sentAt: monotonicMs() })
    }
    if (this.#queue.length === 0 && this.#waiting.size === 0) this.onIdle()
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    const heardAt = monotonicMs()
    const parsed = parsePacket(datagram)
    const number = parsed.ok ? numberOf(parsed.packet, this.#secret) : undefined
    if (!parsed.ok || number === undefined) return
    this.#coa.send(disconnectAck(parsed.packet, this.#secret), from.port, from.address)
    if (this.heard.has(number)) {
      this.again += 1
      return
    }
    this.heard.set(number, { number, heardAt, goneAt: undefined })
    this.most = Math.max(this.most, (this.#inWork += 1))
    this.#queue.push({ number, status: statuses.stop })
    this.flush()
  }

  #answered(identifier: number): void {
    const waiting = this.#waiting.get(identifier)
    if (waiting === undefined) return
    this.#waiting.delete(identifier)
    const order = waiting.status === statuses.stop ? this.heard.get(waiting.number) : undefined
    if (order !== undefined) {
      order.goneAt = monotonicMs()
      this.#inWork -= 1
    }
    this.flush()
  }

  #send(identifier: number, waiting: Waiting): void {
    this.#waiting.set(identifier, waiting)
    const { number, status } = waiting
    const record = { status, subscriber: number, identifier, sessionId: sessionIdOf(number), step: 2, class: undefined }
    const packet = Buffer.alloc(packetSpace)
    const length = writeRecord(packet, record, Math.floor(Date.now() / 1_000), this.#secret)
    this.#records.send(packet.subarray(0, length), this.#orders.acctPort, '127.0.0.1')
  }

  #sendAgain(): void {
    const now = monotonicMs()
    for (const [identifier, waiting] of this.#waiting) {
      if (now - waiting.sentAt > againMs) this.#send(identifier, { ...waiting, sentAt: now })
    }
  }
}

async function run(orders: ResponderOrders): Promise<void> {
  const responders = orders.addresses.map(() => new Responder(orders))
  const ports = await Promise.all(responders.map((responder, at) => responder.bind(orders.addresses[at]!)))
  for (let at = 0; at < orders.sessions; at += 1) responders[at % responders.length]!.begin(orders.first + at)
  await Promise.all(
    responders.map((responder) => {
      const idle = new Promise<void>((resolve) => (responder.onIdle = resolve))
      responder.flush()
      return idle
    }),
  )
  const tell = (message: FromResponder): void => void process.send?.(message)
  process.on('message', (asked) => {
    if (asked === 'reset') {
      for (const responder of responders) responder.most = responder.again = 0
      return
    }
    const heard = responders.flatMap((responder) => [...responder.heard.values()])
    const again = responders.reduce((sum, responder) => sum + responder.again, 0)
    tell({ kind: 'heard', orders: heard, again, most: Math.max(...responders.map((responder) => responder.most)) })
  })
  tell({ kind: 'online', ports })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.on('disconnect', () => process.exit(0))
  await run(JSON.parse(process.argv[2]!) as ResponderOrders)
}
