// RADIUS packets out of a TCP stream: each is as long as its Length says, and the next begins there (RFC 6613 §2.6.4). A Length that cannot be means that nobody knows where the next packet begins: the stream is of no use any more.

import { headerLength, maximumLength } from './packet.ts'

/** Where the Length field ends. RFC 2865 §3. */
const lengthKnownAt = 4

/** What a chunk completed, in order; `broken`: a Length under 20 or over 4096 came after these. */
export type Framed = { readonly packets: readonly Buffer[]; readonly broken: boolean }

/** The packets of one stream. Holds at most one packet that is not whole yet. */
export class StreamFraming {
  readonly #partial: Buffer = Buffer.allocUnsafe(maximumLength)
  #held = 0
  #broken = false

  /** Octets of a packet that has begun and is not whole. */
  get held(): number {
    return this.#held
  }

  /** Takes the next octets of the stream, cut anywhere. After a broken one there are no packets any more. */
  push(chunk: Buffer): Framed {
    const packets: Buffer[] = []
    for (let at = 0; at < chunk.length && !this.#broken;) {
      const taken = Math.min(this.#missing(), chunk.length - at)
      chunk.copy(this.#partial, this.#held, at, at + taken)
      this.#held += taken
      at += taken
      if (this.#held < lengthKnownAt) continue
      const length = this.#partial.readUInt16BE(2)
      if (length < headerLength || length > maximumLength) this.#broken = true
      else if (this.#held === length) {
        packets.push(Buffer.from(this.#partial.subarray(0, length)))
        this.#held = 0
      }
    }
    return { packets, broken: this.#broken }
  }

  #missing(): number {
    return (this.#held < lengthKnownAt ? lengthKnownAt : this.#partial.readUInt16BE(2)) - this.#held
  }
}
