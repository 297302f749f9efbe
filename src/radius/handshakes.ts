// What may be in a TLS handshake, and how often one may begin: both in all and of one address, or of the /64 of an IPv6 address,
// since a line has that many for itself. A handshake costs about 1 ms of a core, before anybody knows who it is. One look costs
// the same however many there are. Pure: names and the given time.
import { writeIpv6 } from './addresses.ts'

export type HandshakeLimits = {
  /** Connections that have not shown who they are, in all and of one address. */
  readonly strangers: number
  readonly strangersOfAddress: number
  /** Handshakes that may begin in a second in the long run, in all and of one address… */
  readonly handshakesPerSecond: number
  readonly handshakesOfAddressPerSecond: number
  /** …and so many at once after a quiet time: NASes come back together after a restart of ours. */
  readonly handshakesAtOnce: number
  readonly handshakesOfAddressAtOnce: number
}

type Rate = { readonly perSecond: number; readonly atOnce: number }
type Bucket = { tokens: number; at: number }

/** The connections that are in a handshake, by a name of the caller's, and the token buckets of those that began. */
export class Handshakes {
  readonly #limits: HandshakeLimits
  readonly #ofAll: Rate
  readonly #ofOne: Rate
  readonly #inAll: Bucket
  /** The network of each that is in its handshake, and how many each network has. */
  readonly #unfinished = new Map<string, string>()
  readonly #ofNetwork = new Map<string, number>()
  // A bucket that nobody touched for as long as it takes to fill is as good as none. Those touched since the last turn are in
  // the first map, those of the turn before in the second, older ones are forgotten.
  #buckets = new Map<string, Bucket>()
  #bucketsBefore = new Map<string, Bucket>()
  #turnedAt: number

  /** `now` here and below: milliseconds of a clock that does not go back. */
  constructor(limits: HandshakeLimits, now: number) {
    this.#limits = limits
    this.#ofAll = { perSecond: limits.handshakesPerSecond, atOnce: limits.handshakesAtOnce }
    this.#ofOne = { perSecond: limits.handshakesOfAddressPerSecond, atOnce: limits.handshakesOfAddressAtOnce }
    this.#inAll = { tokens: this.#ofAll.atOnce, at: now }
    this.#turnedAt = now
  }

  /** How many are in a handshake. */
  get unfinished(): number {
    return this.#unfinished.size
  }

  /** How many networks something is remembered of; never more than there may be handshakes in the time a bucket fills, twice. */
  get remembered(): number {
    return this.#buckets.size + this.#bucketsBefore.size
  }

  /** Whether a connection may begin its handshake; if so it counts until `done`. What is refused uses up nothing. */
  begin(name: string, address: string, now: number): boolean {
    const network = networkOf(address)
    const unfinished = this.#ofNetwork.get(network) ?? 0
    if (this.#unfinished.size >= this.#limits.strangers || unfinished >= this.#limits.strangersOfAddress) return false
    const bucket = this.#bucketOf(network, now)
    fill(bucket, this.#ofOne, now)
    fill(this.#inAll, this.#ofAll, now)
    if (bucket.tokens < 1 || this.#inAll.tokens < 1) return false
    bucket.tokens -= 1
    this.#inAll.tokens -= 1
    // Only now: networks that get nothing must not fill the memory.
    this.#buckets.set(network, bucket)
    this.#unfinished.set(name, network)
    this.#ofNetwork.set(network, unfinished + 1)
    return true
  }

  /** The handshake of this connection is over, one way or the other. A name that is not there is no fault. */
  done(name: string): void {
    const network = this.#unfinished.get(name)
    if (network === undefined) return
    this.#unfinished.delete(name)
    const left = this.#ofNetwork.get(network)! - 1
    if (left === 0) this.#ofNetwork.delete(network)
    else this.#ofNetwork.set(network, left)
  }

  #bucketOf(network: string, now: number): Bucket {
    const { perSecond, atOnce } = this.#ofOne
    if (now - this.#turnedAt >= (atOnce / perSecond) * 1_000) {
      this.#bucketsBefore = this.#buckets
      this.#buckets = new Map()
      this.#turnedAt = now
    }
    const known = this.#buckets.get(network) ?? this.#bucketsBefore.get(network)
    return known ?? { tokens: atOnce, at: now }
  }
}

function fill(bucket: Bucket, { perSecond, atOnce }: Rate, now: number): void {
  bucket.tokens = Math.min(atOnce, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond)
  bucket.at = now
}

const octets = new Uint8Array(16)

/** An IPv4 address itself; of an IPv6 address its first 64 bits. */
function networkOf(address: string): string {
  const zone = address.indexOf('%')
  const bare = zone === -1 ? address : address.slice(0, zone)
  return writeIpv6(octets, 0, bare) ? Buffer.from(octets.subarray(0, 8)).toString('hex') : address
}
