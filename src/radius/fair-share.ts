// What one client may cost the others (attack rows R13, R35, R37): how many of its requests may be in work, how many packets
// that do not verify are looked at, and how many Status-Servers are answered. Pure: numbers and the given time; nothing is
// queued, and while the server is not busy every question is a comparison or two.

export type FairShareOptions = {
  /** Requests in work at most, of all clients together. */
  readonly maximumInWork: number
  /** Below this many in work nobody is asked for a share. Default: a tenth of the maximum. */
  readonly busyAt?: number
  /** Packets of one client that do not verify and are looked at, a second. Default 5,000: about 3 % of a core. */
  readonly forgedPerSecond?: number
  /** Status-Servers of one client that are answered, a second. Default 100: a prefix may hold that many NASes. */
  readonly statusPerSecond?: number
}

/** What is counted of one client; only `FairShare` looks into it. */
export type Account = {
  inWork: number
  /** The second in which it last had a request admitted. */
  activeAt: number
  forged: number
  forgedAt: number
  status: number
  statusAt: number
  /** Source ports that right packets came from lately; whoever forges has to guess one. */
  readonly ports: Uint16Array
  nextPort: number
}

/** So many may always be in work while there is room: a client that was quiet must find a place in any crowd. */
const smallestShare = 16
const rememberedPorts = 8
const defaults = { busyShare: 0.1, forgedPerSecond: 5_000, statusPerSecond: 100 }

/** The accounts of a server's clients, by the client's own object; what is no longer a client is forgotten by itself. */
export class FairShare<C extends object> {
  readonly #accounts = new WeakMap<C, Account>()
  readonly #maximum: number
  readonly #busyAt: number
  readonly #forgedPerSecond: number
  readonly #statusPerSecond: number
  #inWork = 0
  // Clients with admitted requests in this second and the one before: who has nothing in work at this instant counts as well.
  #second = 0
  #active = 0
  #activeBefore = 0

  constructor(options: FairShareOptions) {
    this.#maximum = options.maximumInWork
    this.#busyAt = options.busyAt ?? options.maximumInWork * defaults.busyShare
    this.#forgedPerSecond = options.forgedPerSecond ?? defaults.forgedPerSecond
    this.#statusPerSecond = options.statusPerSecond ?? defaults.statusPerSecond
  }

  /** The account of a client, made at its first packet. */
  of(client: C): Account {
    let account = this.#accounts.get(client)
    if (account === undefined) this.#accounts.set(client, (account = newAccount()))
    return account
  }

  /**
   * Takes a place in work for a request of this client, to be given back by `done`; false where it must be dropped. While the
   * server is busy a client may hold as much as its equal part of `busyAt`; one that is alone half of the room that is left,
   * so that a second one always finds some. Time is in milliseconds everywhere and may step back without harm.
   */
  take(account: Account, now: number): boolean {
    this.#noteActive(account, now)
    if (this.#inWork >= this.#busyAt && !this.#hasShare(account)) return false
    account.inWork += 1
    this.#inWork += 1
    return true
  }

  /** A request that had a place in work needs it no more. */
  done(account: Account): void {
    account.inWork -= 1
    this.#inWork -= 1
  }

  /**
   * Whether a packet of this client may still be looked at: false once too many of it did not verify in this second, unless
   * it comes from a port that right ones came from.
   */
  mayVerify(account: Account, port: number, now: number): boolean {
    if (account.forged < this.#forgedPerSecond) return true
    if (now - account.forgedAt >= 0 && now - account.forgedAt < 1_000) return isRemembered(account, port)
    account.forged = 0
    return true
  }

  /** A packet of this client did not verify. */
  forged(account: Account, now: number): void {
    if (account.forged === 0) account.forgedAt = now
    account.forged += 1
  }

  /** A packet of this client verified. Its port is of interest only where forged ones come too. */
  verified(account: Account, port: number): void {
    if (account.forged === 0 || isRemembered(account, port)) return
    account.ports[account.nextPort] = port
    account.nextPort = (account.nextPort + 1) % rememberedPorts
  }

  /** Whether a Status-Server of this client is answered (RFC 5997 §4.2 asks for at most one in some seconds of each). */
  mayAskStatus(account: Account, now: number): boolean {
    if (now - account.statusAt >= 1_000 || now < account.statusAt) {
      account.status = 0
      account.statusAt = now
    }
    account.status += 1
    return account.status <= this.#statusPerSecond
  }

  #hasShare(account: Account): boolean {
    const room = this.#maximum - this.#inWork
    if (room <= 0) return false
    const active = Math.max(this.#active, this.#activeBefore)
    if (account.inWork < Math.max(smallestShare, this.#busyAt / active)) return true
    return active === 1 && account.inWork < room
  }

  #noteActive(account: Account, now: number): void {
    const second = Math.floor(now / 1_000)
    if (second !== this.#second) {
      this.#activeBefore = second === this.#second + 1 ? this.#active : 0
      this.#active = 0
      this.#second = second
    }
    if (account.activeAt === second) return
    account.activeAt = second
    this.#active += 1
  }
}

// Port 0 is nobody's, and what an unused place holds.
function isRemembered(account: Account, port: number): boolean {
  return port !== 0 && account.ports.includes(port)
}

function newAccount(): Account {
  return {
    inWork: 0,
    activeAt: -1,
    forged: 0,
    forgedAt: 0,
    status: 0,
    statusAt: 0,
    ports: new Uint16Array(rememberedPorts),
    nextPort: 0,
  }
}
