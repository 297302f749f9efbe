// The sending side of an emulated NAS: identifiers, tries and timers as its kind has them, over a network that may be bad.
// Retransmission: RFC 2865 §2.5, RFC 5080 §2.2.1; accounting that is sent anew with a new Acct-Delay-Time: RFC 2866 §5.2.

import { ClientSocket, serverKey } from '../radius/client-socket.ts'
import type { Slot } from '../radius/client-socket.ts'
import type { Secret } from '../radius/authenticator.ts'
import type { Code } from '../radius/codes.ts'
import type { Packet } from '../radius/packet.ts'
import { rightReply } from '../radius/reply-match.ts'
import { isPerfect, planDelivery } from './network.ts'
import type { NetworkFaults } from './network.ts'
import type { Random } from './random.ts'

export type SimulatedRequest = {
  code: Code
  /** Default: the server of the options. */
  address?: string
  port: number
  secret: Secret
  /** Names the request for the network's random numbers, so that a seed loses the same packets in every run. */
  label: string
  /** 'anew': every try is built again under an identifier of its own. */
  resend: 'same' | 'anew'
  replyMessageAuthenticator: 'require' | 'if-present'
  /** Makes the packet of a try (from 0), complete. */
  encode(identifier: number, attempt: number): Buffer
  /** Told of every try: the octets, and how many copies left. */
  onSent?(octets: Buffer, attempt: number, copies: number): void
  /** Told of an authentic reply, and whether the network lets the NAS hear it. */
  onReply?(reply: Packet, heard: boolean): void
}

export type RequesterOptions = {
  localAddress: string
  server: string
  timeoutMs: number
  tries: number
  faults: NetworkFaults
  random: Random
}

/** What a NAS would show in its own statistics. */
export type RequesterCounts = {
  requests: number
  sent: number
  answered: number
  resent: number
  timeouts: number
  /** Datagrams that answer nothing, or wrongly. */
  badReplies: number
  /** Right replies whose Message-Authenticator does not stand first (CVE-2024-3596). */
  unsignedReplies: number
}

/** One packet of a request, under one identifier. */
type Attempt = { readonly pending: Pending; octets: Buffer }

type Pending = {
  readonly request: SimulatedRequest
  readonly resolve: (reply: Packet | undefined) => void
  readonly slots: Slot<Attempt>[]
  last: Attempt | undefined
  tries: number
  replies: number
  timer: NodeJS.Timeout | undefined
  done: boolean
}

const maximumSockets = 64
const messageAuthenticator = 80

/** Owns the source ports of one NAS and the timers of its requests. */
export class Requester {
  readonly counts: RequesterCounts = {
    requests: 0,
    sent: 0,
    answered: 0,
    resent: 0,
    timeouts: 0,
    badReplies: 0,
    unsignedReplies: 0,
  }
  readonly #options: RequesterOptions
  readonly #sockets: ClientSocket<Attempt>[] = []
  readonly #open = new Set<Pending>()
  readonly #waiting: Pending[] = []
  /** Copies on their way, held back by the network. */
  readonly #flying = new Set<NodeJS.Timeout>()
  readonly #whenLanded: (() => void)[] = []
  readonly #whenDone: (() => void)[] = []
  #closed = false

  constructor(options: RequesterOptions) {
    this.#options = options
  }

  /** Sends and sends again; the reply, or undefined where none was heard in time, the NAS rebooted or was closed. */
  request(request: SimulatedRequest): Promise<Packet | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    this.counts.requests++
    return new Promise((resolve) => {
      const pending: Pending = {
        request,
        resolve,
        slots: [],
        last: undefined,
        tries: 0,
        replies: 0,
        timer: undefined,
        done: false,
      }
      this.#open.add(pending)
      // In order: who waits for an identifier goes first.
      if (this.#waiting.length > 0 || !this.#try(pending)) this.#waiting.push(pending)
    })
  }

  /** Forgets all requests at once, as a NAS that loses power does. Copies on their way still arrive. */
  abandon(): void {
    this.#waiting.length = 0
    for (const pending of this.#open) this.#finish(pending, undefined)
  }

  /** Resolves when no copy is held back by the network any more. */
  landed(): Promise<void> {
    if (this.#flying.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenLanded.push(resolve))
  }

  /** Resolves when no request waits for its reply and no copy is on its way. */
  async quiet(): Promise<void> {
    while (this.#open.size > 0 || this.#flying.size > 0) {
      await new Promise<void>((resolve) => {
        if (this.#open.size === 0) this.#whenLanded.push(resolve)
        else this.#whenDone.push(resolve)
      })
    }
  }

  /** Ends everything and closes the ports. */
  close(): void {
    if (this.#closed) return
    this.abandon()
    this.#closed = true
    for (const timer of this.#flying) clearTimeout(timer)
    this.#flying.clear()
    this.#land()
    for (const socket of this.#sockets) socket.close()
  }

  // False where no identifier is free.
  #try(pending: Pending): boolean {
    const attempt = this.#attempt(pending)
    if (attempt === undefined) return false
    this.#transmit(attempt)
    pending.timer = setTimeout(() => this.#again(pending), this.#options.timeoutMs)
    return true
  }

  #again(pending: Pending): void {
    if (pending.tries < this.#options.tries) {
      if (this.#try(pending)) this.counts.resent++
      // No identifier is free for a packet made anew: a little later one is.
      else pending.timer = setTimeout(() => this.#again(pending), 20)
      return
    }
    this.counts.timeouts++
    this.#finish(pending, undefined)
  }

  #attempt(pending: Pending): Attempt | undefined {
    if (pending.last !== undefined && pending.request.resend === 'same') return pending.last
    const attempt: Attempt = { pending, octets: nothing }
    // The octets carry the identifier, so its place is taken before they are made.
    const slot = this.#slot(attempt)
    if (slot === undefined) return undefined
    pending.slots.push(slot)
    attempt.octets = pending.request.encode(slot.identifier, pending.tries)
    return attempt
  }

  #slot(attempt: Attempt): Slot<Attempt> | undefined {
    const { address = this.#options.server, port } = attempt.pending.request
    const server = serverKey(address, port)
    for (const socket of this.#sockets) {
      const slot = socket.take(server, attempt)
      if (slot !== undefined) return slot
    }
    if (this.#sockets.length >= maximumSockets) return undefined
    const local = { address: this.#options.localAddress, port: 0 }
    const socket = new ClientSocket<Attempt>(
      local,
      (found, datagram) => this.#received(found, datagram),
      4 * 1024 * 1024,
    )
    this.#sockets.push(socket)
    return socket.take(server, attempt)
  }

  #transmit(attempt: Attempt): void {
    const { pending, octets } = attempt
    const { request, tries } = pending
    const { address = this.#options.server } = request
    const delays = this.#plan(`${request.label}/${tries}`)
    pending.last = attempt
    pending.tries++
    this.counts.sent++
    request.onSent?.(octets, tries, delays.length)
    const { socket } = pending.slots.at(-1)!
    for (const delay of delays) {
      void socket.ready.then(
        () => this.#fly(delay, () => socket.send(octets, address, request.port, () => undefined)),
        // The address cannot be bound: to the NAS the same as a network that loses all.
        () => undefined,
      )
    }
  }

  // Numbers are drawn only where something can go wrong with a datagram.
  #plan(label: string): number[] {
    const { faults, random } = this.#options
    return isPerfect(faults) ? atOnce : planDelivery(faults, random.fork(label))
  }

  #fly(delay: number, arrive: () => void): void {
    if (this.#closed) return
    if (delay === 0) return arrive()
    const timer = setTimeout(() => {
      this.#flying.delete(timer)
      if (!this.#closed) arrive()
      if (this.#flying.size === 0) this.#land()
    }, delay)
    this.#flying.add(timer)
  }

  #received(attempt: Attempt | undefined, datagram: Buffer): void {
    const reply = attempt && rightReply(datagram, attempt.pending.request, attempt.octets.subarray(4, 20))
    if (attempt === undefined || reply === undefined) {
      this.counts.badReplies++
      return
    }
    if (reply.octets[20] !== messageAuthenticator) this.counts.unsignedReplies++
    const { pending } = attempt
    const label = `${pending.request.label}/reply/${pending.replies++}`
    const [delay] = this.#plan(label)
    pending.request.onReply?.(reply, delay !== undefined)
    if (delay !== undefined) this.#fly(delay, () => this.#finish(pending, reply))
  }

  #finish(pending: Pending, reply: Packet | undefined): void {
    if (pending.done) return
    pending.done = true
    clearTimeout(pending.timer)
    this.#open.delete(pending)
    for (const slot of pending.slots) slot.socket.release(slot)
    if (reply !== undefined) this.counts.answered++
    pending.resolve(reply)
    if (this.#open.size === 0) for (const resolve of this.#whenDone.splice(0)) resolve()
    while (this.#waiting[0] !== undefined && (this.#waiting[0].done || this.#try(this.#waiting[0])))
      this.#waiting.shift()
  }

  #land(): void {
    for (const resolve of this.#whenLanded.splice(0)) resolve()
  }
}

const nothing = Buffer.alloc(0)
const atOnce = [0]
