// Remembers the requests of one socket for some seconds, so that a retransmission is answered with the same octets or
// dropped while the first is in work, and a request that reuses an identifier supersedes the one before it (RFC 5080 §2.2.2).
// A packet that was not yet authenticated may only be looked up, and only exactly the same octets are found: entries are made
// and purged by `begin`, after authentication, so a forged packet cannot touch them. Entries are chained from the oldest to
// the newest, so that nothing outlives its time or its successor: what a busy socket remembers is what the collector copies.

import type { Packet } from './packet.ts'

export type DuplicatesOptions = {
  /** How long an entry is kept, 5 to 30 s. RFC 5080 §2.2.2. */
  seconds: number
  /** At most this many entries, about 1 KiB each; the oldest go when there would be more. */
  limit: number
}

export type DuplicateEntry = {
  readonly address: string
  readonly key: number
  readonly madeAt: number
  /** The request, kept whole: only the same octets are a duplicate. */
  readonly request: Buffer
  reply: Buffer | undefined
  /** False once superseded or expired: a reply that comes now must not be sent any more. */
  mayReply: boolean
  older: DuplicateEntry | undefined
  newer: DuplicateEntry | undefined
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
  // The key inside one source address is a small integer: a string for each packet would cost more than the look-up.
  readonly #sources = new Map<string, Map<number, DuplicateEntry>>()
  readonly #keptMs: number
  readonly #limit: number
  #oldest: DuplicateEntry | undefined
  #newest: DuplicateEntry | undefined
  #size = 0

  constructor(options: DuplicatesOptions) {
    this.#limit = options.limit
    this.#keptMs = options.seconds * 1000
  }

  /** How many requests are held. */
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
    // Too many: only the memory of the oldest goes. If it is still in work it may be answered.
    if (this.#size >= this.#limit && this.#oldest !== undefined) this.forget(this.#oldest)
    let requests = this.#sources.get(address)
    if (requests === undefined) this.#sources.set(address, (requests = new Map<number, DuplicateEntry>()))
    const key = keyOf(port, packet)
    const before = requests.get(key)
    if (before !== undefined) {
      before.mayReply = false
      this.#unchain(before)
    }
    const entry: DuplicateEntry = {
      address,
      key,
      madeAt: now,
      // A copy from Buffer's pool: a datagram kept for seconds costs the collector an object and an allocation of its own.
      request: Buffer.from(packet.octets),
      reply: undefined,
      mayReply: true,
      older: this.#newest,
      newer: undefined,
    }
    requests.set(key, entry)
    if (this.#newest === undefined) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
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
    this.#unchain(entry)
  }

  #expire(now: number): void {
    for (let entry = this.#oldest; entry !== undefined && now - entry.madeAt > this.#keptMs; entry = this.#oldest) {
      entry.mayReply = false
      this.forget(entry)
    }
  }

  #unchain(entry: DuplicateEntry): void {
    if (entry.older === undefined) this.#oldest = entry.newer
    else entry.older.newer = entry.newer
    if (entry.newer === undefined) this.#newest = entry.older
    else entry.newer.older = entry.older
    entry.older = undefined
    entry.newer = undefined
    this.#size--
  }
}

// Source port, identifier and the low bits of the code, in 28 bits: the codes that requests have (1, 4, 12, 40, 43) differ
// in their low four.
function keyOf(port: number, packet: Packet): number {
  return (port << 12) | (packet.identifier << 4) | (packet.code & 15)
}
