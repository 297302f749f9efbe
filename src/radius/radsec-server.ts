// The RADIUS/TLS server (RadSec, RFC 6614): TLS 1.2 or later where both sides show a certificate, one port for authentication
// and accounting. Who a client is says its certificate, never its address. What costs us before that is known is bounded by
// handshakes.ts, and each has its time.

import { constants } from 'node:crypto'
import type { AddressInfo, ListenOptions, Server as TcpServer, Socket } from 'node:net'
import * as tls from 'node:tls'
import type { RadiusClient } from './admission.ts'
import type { RadiusCounters } from './counters.ts'
import { FairShare } from './fair-share.ts'
import { Handshakes } from './handshakes.ts'
import type { HandshakeLimits } from './handshakes.ts'
import { InWork } from './in-work.ts'
import { RadsecConnection } from './radsec-connection.ts'
import { isInTime, readRadsecIdentity } from './radsec-identity.ts'
import type { RadsecIdentity } from './radsec-identity.ts'
import type { RadiusRequest, RadiusResponse } from './server.ts'
import { plainAddress } from './sockets.ts'
import { watchStandstill } from './standstill.ts'
import type { Standstill } from './standstill.ts'

/** In PEM. `ca`: whose word on DNS names counts; without it clients are known by fingerprint only. */
export type RadsecKeys = { readonly certificate: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined }

export type RadsecLimits = HandshakeLimits & {
  /** Requests of all connections in work at most. */
  readonly maximumInWork: number
  /** Of one connection: there it is read no further… */
  readonly pauseAt: number
  /** …and there requests that were read already are dropped. */
  readonly inWorkOfOne: number
  /** Connections of one client at most: a further one is closed. */
  readonly connectionsOfClient: number
  /** How long a handshake may take. */
  readonly handshakeMs: number
  /** A connection that says nothing for so long is ended: whoever is there has a watchdog (RFC 3539 §3.4). */
  readonly idleMs: number
  /** How long a packet that has begun may take to arrive. */
  readonly packetMs: number
  /** How long a peer may leave its answers untaken. */
  readonly stuckMs: number
  readonly sweepMs: number
}

export const radsecLimits: RadsecLimits = {
  maximumInWork: 20_000,
  pauseAt: 256,
  inWorkOfOne: 2_048,
  connectionsOfClient: 64,
  strangers: 512,
  strangersOfAddress: 32,
  // A tenth of a core in the long run, a quarter of a second of it at once.
  handshakesPerSecond: 100,
  handshakesAtOnce: 250,
  handshakesOfAddressPerSecond: 10,
  handshakesOfAddressAtOnce: 64,
  handshakeMs: 5_000,
  idleMs: 600_000,
  packetMs: 10_000,
  stuckMs: 30_000,
  sweepMs: 1_000,
}

/** How long a peer has to take what was written when the server ends. */
const farewellMs = 500

export type RadsecServerOptions<C extends RadiusClient> = {
  /** Undefined: every local address. A TCP connection leaves from the address that was asked anyway. */
  readonly addresses: readonly string[] | undefined
  readonly port: number
  readonly reusePort?: boolean
  readonly keys: RadsecKeys
  readonly limits?: Partial<RadsecLimits>
  /** Milliseconds of a clock that does not go back. */
  now(): number
  /** The same of the event loop itself, which tests that move `now` do not move. Default: `now`. */
  loopNow?(): number
  /** What the dates in a certificate are compared with. */
  today(): Date
  /** Whose certificate this is; asked for each packet, so that who is taken away is heard no more. Its secret is `radsec`. */
  findClient(identity: RadsecIdentity): C | undefined
  /** As in server.ts. */
  handle(request: RadiusRequest<C>): Promise<RadiusResponse | undefined> | RadiusResponse | undefined
  readonly counters: RadiusCounters<C>
  /** A client has a new connection: it is among `peers`. */
  onConnected?(): void
  /** Somebody whose certificate nobody here has, or who is not to be talked to for the reason said. */
  onStranger?(stranger: RadsecStranger): void
  onError(error: unknown): void
}

export type RadsecPeer = { readonly client: string; readonly until: Date }

export type RadsecStranger = {
  readonly address: string
  readonly reason: 'no-certificate' | 'unknown-certificate' | 'out-of-time' | 'too-many' | 'handshake'
  readonly identity: RadsecIdentity | undefined
  /** In the words of OpenSSL, where no CA of ours vouches for it or the handshake failed. */
  readonly detail: string | undefined
}

/** Listens on every address. Throws the system's error, or OpenSSL's about the keys; then nothing is left open. */
export async function startRadsecServer<C extends RadiusClient>(
  options: RadsecServerOptions<C>,
): Promise<RadsecServer<C>> {
  const server = new RadsecServer(options)
  try {
    await server.listen()
  } catch (error) {
    await server.close({ drainMs: 0 })
    throw error
  }
  return server
}

/** A running server: owns its listening sockets and connections. */
export class RadsecServer<C extends RadiusClient> {
  readonly #options: RadsecServerOptions<C>
  readonly #limits: RadsecLimits
  readonly #fair: FairShare<C>
  readonly #servers: tls.Server[] = []
  readonly #connections = new Set<RadsecConnection<C>>()
  readonly #handshakes: Handshakes
  /** Sockets that have not shown who they are, by their four ends. */
  readonly #strangers = new Map<string, Socket>()
  readonly #standstill: Standstill
  readonly #sweep: NodeJS.Timeout
  readonly #inWork = new InWork()

  constructor(options: RadsecServerOptions<C>) {
    this.#options = options
    this.#limits = { ...radsecLimits, ...options.limits }
    this.#handshakes = new Handshakes(this.#limits, options.now())
    this.#standstill = watchStandstill({ now: options.loopNow ?? options.now })
    // A connection that has its fill is paused, and nothing of it is dropped by a share: who repeats nothing would lose it.
    this.#fair = new FairShare({ maximumInWork: this.#limits.maximumInWork, busyAt: this.#limits.maximumInWork })
    this.#sweep = setInterval(() => {
      for (const connection of this.#connections) connection.sweep()
    }, this.#limits.sweepMs)
  }

  /** The port as bound. */
  get port(): number {
    return (this.#servers[0]!.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Who is connected, each connection by itself, and when its certificate ends. */
  peers(): RadsecPeer[] {
    return [...this.#connections].flatMap(({ identity, until }) => {
      const client = this.#options.findClient(identity)?.name
      return client === undefined ? [] : [{ client, until }]
    })
  }

  async listen(): Promise<void> {
    const { addresses = [undefined], port, reusePort = false } = this.#options
    for (const host of addresses) {
      const server = this.#createServer()
      this.#servers.push(server)
      // Where any port will do, all addresses have the same one.
      const wanted = port === 0 && this.#servers.length > 1 ? this.port : port
      // An IPv6 address that stands for all would otherwise take those of IPv4 with it.
      const where = host === undefined ? {} : { host, ipv6Only: host.includes(':') }
      await listening(server, { ...where, port: wanted, reusePort })
      server.on('error', (error) => this.#options.onError(error))
    }
  }

  /** New connections are made with these keys; those that are there go on. Throws what OpenSSL says of bad ones, and keeps the old. */
  setKeys(keys: RadsecKeys): void {
    // Made first apart: a server that was given half of a new pair would serve nobody.
    tls.createSecureContext(secureOptions(keys))
    for (const server of this.#servers) server.setSecureContext(secureOptions(keys))
  }

  /** Takes no new connection or request, waits for those in work at most `drainMs`, then ends all. */
  async close(how: { drainMs: number }): Promise<void> {
    clearInterval(this.#sweep)
    const closed = this.#servers.filter((server) => server.listening).map(ended)
    for (const socket of this.#strangers.values()) socket.destroy()
    for (const connection of this.#connections) connection.stop()
    if (how.drainMs > 0) await this.#inWork.noneWithin(how.drainMs)
    for (const connection of this.#connections) connection.close()
    // Whoever does not take the end of its stream is not waited for.
    const impatient = setTimeout(() => {
      for (const connection of this.#connections) connection.close()
    }, farewellMs)
    await Promise.all(closed)
    clearTimeout(impatient)
    this.#standstill.close()
  }

  #createServer(): tls.Server {
    const server = tls.createServer({
      ...secureOptions(this.#options.keys),
      requestCert: true,
      // Whom no CA vouches for may be known by its fingerprint; what counts is decided in `#secured`.
      rejectUnauthorized: false,
      handshakeTimeout: this.#limits.handshakeMs,
    })
    server.on('connection', (socket) => this.#connected(socket))
    server.on('secureConnection', (socket) => this.#secured(socket))
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      // Whoever leaves in the middle of it, or was told to go in `#connected`.
      if (error.code === 'ECONNRESET') return
      const address = plainAddress(socket.remoteAddress ?? '')
      socket.destroy()
      this.#refuse({ address, reason: 'handshake', identity: undefined, detail: error.message })
    })
    return server
  }

  #connected(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '')
    const ends = endsOf(socket)
    if (!this.#handshakes.begin(ends, address, this.#options.now())) {
      socket.destroy()
      return this.#refuse({ address, reason: 'too-many', identity: undefined, detail: undefined })
    }
    socket.on('error', () => socket.destroy())
    this.#strangers.set(ends, socket)
    socket.once('close', () => this.#noStranger(ends))
    // A peer that is gone without a word (NAT, power) is found by the kernel.
    socket.setKeepAlive(true, 30_000)
    socket.setNoDelay(true)
  }

  #noStranger(ends: string): void {
    this.#strangers.delete(ends)
    this.#handshakes.done(ends)
  }

  #secured(socket: tls.TLSSocket): void {
    socket.on('error', () => socket.destroy())
    const address = plainAddress(socket.remoteAddress ?? '')
    this.#noStranger(endsOf(socket))
    const certificate = socket.getPeerX509Certificate()
    const identity = certificate && readRadsecIdentity(certificate, socket.authorized)
    const client = identity && this.#options.findClient(identity)
    const reason = this.#refusal(certificate, client)
    if (reason !== undefined || identity === undefined || certificate === undefined) {
      socket.destroy()
      const detail = socket.authorized ? undefined : String(socket.authorizationError)
      return this.#refuse({ address, reason: reason ?? 'no-certificate', identity, detail })
    }
    this.#open(socket, identity, address, new Date(certificate.validTo))
  }

  #refusal(
    certificate: ReturnType<tls.TLSSocket['getPeerX509Certificate']>,
    client: C | undefined,
  ): RadsecStranger['reason'] | undefined {
    if (certificate === undefined) return 'no-certificate'
    if (client === undefined) return 'unknown-certificate'
    if (!isInTime(certificate, this.#options.today())) return 'out-of-time'
    const { findClient } = this.#options
    const own = [...this.#connections].filter((one) => findClient(one.identity)?.name === client.name).length
    return own >= this.#limits.connectionsOfClient ? 'too-many' : undefined
  }

  #open(socket: tls.TLSSocket, identity: RadsecIdentity, address: string, until: Date): void {
    socket.disableRenegotiation()
    const connection = new RadsecConnection<C>(socket, {
      ...this.#options,
      limits: this.#limits,
      fair: this.#fair,
      standstill: this.#standstill,
      identity,
      until,
      source: { address, port: socket.remotePort ?? 0 },
      local: { address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 },
      inWork: this.#inWork,
    })
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
    this.#options.onConnected?.()
  }

  #refuse(stranger: RadsecStranger): void {
    this.#options.counters.dropped('unknown-source', undefined)
    this.#options.onStranger?.(stranger)
  }
}

function secureOptions({ certificate, key, ca }: RadsecKeys): tls.SecureContextOptions {
  // RFC 9325 §3.1: older versions are not spoken. Without a CA nobody is vouched for: not by the system's.
  // No tickets: a session taken up again would bring the verdict on its certificate with it.
  const secureFlags = constants.SSL_OP_NO_TICKET
  return { cert: certificate, key, ca: ca === undefined ? [] : [ca], minVersion: 'TLSv1.2', secureOptions: secureFlags }
}

/** A TLS socket and the one below it have the same. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}

function listening(server: TcpServer, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function ended(server: TcpServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
