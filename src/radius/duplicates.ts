// Remembers the requests of one socket for some seconds, so that a retransmission is answered with the same octets or
// dropped while the first is in work, and a request that reuses an identifier supersedes the one before it (RFC 5080 §2.2.2).
// A packet that was not yet authenticated may only be looked up, and only exactly the same octets are found: entries are made
// and purged by `begin`, after authentication, so a forged packet cannot touch them. Entries expire by the second in which
// they were made: a ring of buckets, no scan and no timer. The key inside one source address is a small integer
// (port, identifier, code), because a string for each packet would cost more than the look-up.

import type { Packet } from './packet.ts'

export type DuplicatesOptions = {
  /** How long an entry is kept, 5 to 30 s. RFC 5080 §2.2.2. */
  seconds: number
  /** At most this many entries, about 1 KiB each; the oldest second goes when there would be more. */
  limit: number
}

export type DuplicateEntry = {
  readonly address: string
  readonly key: number
  /** The request, kept whole: only the same octets are a duplicate. */
  readonly request: Buffer
  reply: Buffer | undefined
  /** False once superseded or expired: a reply that comes now must not be sent any more. */
  mayReply: boolean
}

/** What a packet is to what we remember; with 'answered' the reply to send again. */
type Lookup =
  | { readonly kind: 'new' }
  | { readonly kind: 'in-work' }
  | { readonly kind: 'answered'; readonly reply: Buffer }

const isNew: Lookup = { kind: 'new' }
const isInWork: Lookup = { kind: 'in-work' }

/** The requests that one socket remembers. `now` is in milliseconds everywhere and may step back without harm. */
export class Duplicates {
  readonly #sources = new Map<string, Map<number, DuplicateEntry>>()
  readonly #ring: DuplicateEntry[][]
  readonly #limit: number
  #second = 0
  #size = 0

  constructor(options: DuplicatesOptions) {
    this.#limit = options.limit
    // One bucket more than seconds, so that an entry made late in a second still lives its whole time.
    this.#ring = Array.from({ length: Math.ceil(options.seconds) + 1 }, () => [])
  }

  /** How many requests are held, those superseded in the last seconds among them. */
  get size(): number {
    return this.#size
  }

  /** Whether these very octets are known from this source. Changes nothing but what has expired. */
  look(address: string, port: number, packet: Packet, now: number): Lookup {
    this.#expire(now)
    const entry = this.#sources.get(address)?.get(keyOf(port, packet))
    if (entry === undefined || !entry.request.equals(packet.octets)) return isNew
    return entry.reply === undefined ? isInWork : { kind: 'answered', reply: entry.reply }
  }

  /**
   * Remembers an authenticated request as in work. What stood under its key is purged: it was another request, and its
   * reply, if still to come, is refused by `finish`.
   */
  begin(address: string, port: number, packet: Packet, now: number): DuplicateEntry {
    this.#expire(now)
    if (this.#size >= this.#limit) this.#dropOldestSecond()
    const entry: DuplicateEntry = {
      address,
      key: keyOf(port, packet),
      // A copy from Buffer's pool: a datagram kept for seconds costs the collector an object and an allocation of its own.
      request: Buffer.from(packet.octets),
      reply: undefined,
      mayReply: true,
    }
    let requests = this.#sources.get(address)
    if (requests === undefined) this.#sources.set(address, (requests = new Map<number, DuplicateEntry>()))
    const before = requests.get(entry.key)
    if (before !== undefined) before.mayReply = false
    requests.set(entry.key, entry)
    this.#bucket(0).push(entry)
    this.#size++
    return entry
  }

  /** Keeps the reply for retransmissions. False: the request was superseded or has expired, do not send. */
  finish(entry: DuplicateEntry, reply: Buffer): boolean {
    if (!entry.mayReply) return false
    entry.reply = reply
    return true
  }

  /** Forgets a request that gets no reply, so that its retransmission is worked on afresh. */
  forget(entry: DuplicateEntry): void {
    const requests = this.#sources.get(entry.address)
    if (requests?.get(entry.key) !== entry) return
    requests.delete(entry.key)
    if (requests.size === 0) this.#sources.delete(entry.address)
  }

  #bucket(age: number): DuplicateEntry[] {
    return this.#ring[(this.#second + this.#ring.length - age) % this.#ring.length]!
  }

  #expire(now: number): void {
    const second = Math.floor(now / 1000)
    if (second <= this.#second) return
    // After a pause longer than the ring each bucket is emptied once, not once for each second that passed.
    this.#second = Math.max(this.#second, second - this.#ring.length)
    while (this.#second < second) {
      this.#second++
      const bucket = this.#bucket(0)
      for (let i = 0; i < bucket.length; i++) bucket[i]!.mayReply = false
      this.#empty(bucket)
    }
  }

  // Too many: only the memory of them goes. What is still in work among them may be answered.
  #dropOldestSecond(): void {
    for (let age = this.#ring.length - 1; age >= 0 && this.#size >= this.#limit; age--) this.#empty(this.#bucket(age))
  }

  #empty(bucket: DuplicateEntry[]): void {
    for (let i = 0; i < bucket.length; i++) this.forget(bucket[i]!)
    this.#size -= bucket.length
    bucket.length = 0
  }
}

// Source port, identifier and the low bits of the code, in 28 bits: the codes that requests have (1, 4, 12, 40, 43) differ
// in their low four.
function keyOf(port: number, packet: Packet): number {
  return (port << 12) | (packet.identifier << 4) | (packet.code & 15)
}
