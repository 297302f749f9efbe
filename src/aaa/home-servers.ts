// Which home servers may be asked, and what asking them taught: one that leaves its tries unanswered is dead, and nobody waits
// for it until it answers Status-Server (RFC 5997 §4; RFC 3539 §3.4 for the watchdog). One that has never answered
// Status-Server is tried with a single request after a pause. Each port has a life of its own.

import type { Clock } from '../clock.ts'
import type { HomeServer } from '../domain/home-server.ts'
import { createLimiter } from '../log.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { hasMessageAuthenticator } from '../radius/authenticator.ts'
import type { Secret } from '../radius/authenticator.ts'
import { createRadiusClient, identifiersInFlight } from '../radius/client.ts'
import type { ExchangeOutcome, ExchangeRequest } from '../radius/client.ts'
import { codeName, codes } from '../radius/codes.ts'
import type { PortKind } from '../radius/sockets.ts'

/** A home server ready to be spoken to. */
export type LiveHomeServer = Omit<HomeServer, 'secret'> & { readonly secret: Secret }
/** The servers of each pool in the order in which they are asked. */
export type LivePools = ReadonlyMap<bigint, readonly LiveHomeServer[]>

export type HomeServersOptions = {
  /** The pools of this moment. */
  pools(): LivePools
  /** Told of every signed answer of a server whose policy `auto` has not latched, until it has. */
  latch(server: LiveHomeServer): void
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** Between two Status-Server to a dead server. Default 3 s. */
  readonly probeMs?: number
  /** How long a dead server without Status-Server is left alone. Default 20 s. */
  readonly pauseMs?: number
}

type Asked = Pick<ExchangeRequest, 'code' | 'attributes' | 'messageAuthenticator'>

/** One port of one server. */
export type Target = { readonly server: LiveHomeServer; readonly kind: PortKind; readonly life: Life }

type Life = {
  /** When it last answered anything rightly, in ms of the monotonic clock. */
  heardAt: number
  dead: boolean
  /** It has answered Status-Server: only that revives it. */
  knowsStatus: boolean
  /** When a dead one may be tried with a request. */
  trialAt: number
  inFlight: number
  /** A signed answer was seen. */
  signed: boolean
  probing: boolean
  timer: NodeJS.Timeout | undefined
}

const defaults = { probeMs: 3_000, pauseMs: 20_000 }
const oncePerMs = 60_000
const nothing = Buffer.alloc(0)

/** Makes the book of home servers of a process, with the sockets on which it asks. */
export function createHomeServers(options: HomeServersOptions): HomeServers {
  return new HomeServers(options)
}

/** Owns the client's sockets and the timers of probes. */
export class HomeServers {
  readonly #options: HomeServersOptions
  readonly #client: ReturnType<typeof createRadiusClient>
  readonly #lives = new Map<string, Life>()
  readonly #limited: (key: string) => number | undefined
  #closed = false

  constructor(options: HomeServersOptions) {
    this.#options = options
    this.#client = createRadiusClient({ now: () => options.clock.monotonicMs() })
    this.#limited = createLimiter({ perMs: oncePerMs, clock: options.clock })
  }

  /** The servers of a pool that may be asked now, the best first. */
  usable(poolId: bigint, kind: PortKind): Target[] {
    const now = this.#options.clock.monotonicMs()
    const targets = (this.#options.pools().get(poolId) ?? []).map((server) => this.#target(server, kind))
    return targets.filter(
      ({ life }) => life.inFlight < identifiersInFlight && (!life.dead || (!life.knowsStatus && now >= life.trialAt)),
    )
  }

  /** Asks one server with all its tries. Never rejects. */
  async ask(target: Target, asked: Asked): Promise<ExchangeOutcome> {
    const { server, kind, life } = target
    const { metrics, clock } = this.#options
    const startedAt = clock.monotonicMs()
    life.trialAt = startedAt + (this.#options.pauseMs ?? defaults.pauseMs)
    life.inFlight++
    metrics.proxyRequests.labels(server.name, kind).inc()
    const outcome = await this.#exchange(target, asked, server.tries)
    life.inFlight--
    if (outcome.kind === 'reply') {
      metrics.proxyAnswers.labels(server.name, codeName(outcome.packet.code)).inc()
      this.#heard(target)
      if (kind === 'authentication') this.#seen(target, outcome)
    } else if (!this.#closed && (outcome.kind === 'timeout' || isSystemError(outcome.error))) {
      metrics.proxyTimeouts.labels(server.name, kind).inc()
      if (outcome.kind === 'timeout' && outcome.badReplies > 0) this.#tellBadReplies(server)
      // An answer to another request meanwhile: this one alone it does not want to answer (RFC 3539 §3.4.1).
      if (life.heardAt < startedAt) this.#dies(target)
    }
    return outcome
  }

  /** Ends every wait and closes the sockets. */
  close(): void {
    this.#closed = true
    for (const life of this.#lives.values()) clearTimeout(life.timer)
    this.#client.close()
  }

  #exchange({ server, kind, life }: Target, asked: Asked, tries: number): Promise<ExchangeOutcome> {
    const isAuth = kind === 'authentication'
    const { messageAuthenticator: policy, messageAuthenticatorSeen } = server
    const latched = policy === 'auto' && (messageAuthenticatorSeen || life.signed)
    return this.#client.exchange({
      ...asked,
      address: server.address,
      port: isAuth ? server.authPort : server.acctPort,
      secret: server.secret,
      // RFC 2866 knows none, and many servers do not sign there; the Response Authenticator is proof enough of accounting.
      replyMessageAuthenticator: isAuth && (policy === 'require' || latched) ? 'require' : 'if-present',
      timeoutMs: server.timeoutMs,
      tries,
      backoff: 1,
    })
  }

  #target(server: LiveHomeServer, kind: PortKind): Target {
    const key = keyOf(server, kind)
    let life = this.#lives.get(key)
    if (life === undefined) {
      life = {
        heardAt: -Infinity,
        dead: false,
        knowsStatus: false,
        trialAt: 0,
        inFlight: 0,
        signed: false,
        probing: false,
        timer: undefined,
      }
      this.#lives.set(key, life)
    }
    return { server, kind, life }
  }

  #heard(target: Target): void {
    const { server, kind, life } = target
    life.heardAt = this.#options.clock.monotonicMs()
    if (!life.dead) return
    life.dead = false
    clearTimeout(life.timer)
    this.#options.metrics.homeServersDead.labels(server.name, kind).set(0)
    this.#options.log.info({ home_server: server.name, kind }, 'a home server answers again')
  }

  #dies(target: Target): void {
    const { server, kind, life } = target
    if (life.dead) return
    life.dead = true
    this.#options.metrics.homeServersDead.labels(server.name, kind).set(1)
    this.#options.log.warn(
      { home_server: server.name, kind, address: server.address },
      'a home server does not answer: requests go to the others of its pool',
    )
    // One on its way goes on by itself.
    if (!life.probing) void this.#probe(target)
  }

  async #probe(target: Target): Promise<void> {
    const { server, kind, life } = target
    const current = this.#current(server, kind)
    if (current === undefined) {
      // Removed, or moved to another address: that one begins anew.
      this.#lives.delete(keyOf(server, kind))
      this.#options.metrics.homeServersDead.remove(server.name, kind)
      return
    }
    const asked = { code: codes.statusServer, attributes: nothing }
    life.probing = true
    const outcome = await this.#exchange({ server: current, kind, life }, asked, 1)
    life.probing = false
    if (outcome.kind === 'reply') {
      life.knowsStatus = true
      this.#heard(target)
    }
    if (this.#closed || !life.dead) return
    const again = { server: current, kind, life }
    life.timer = setTimeout(() => void this.#probe(again), this.#options.probeMs ?? defaults.probeMs)
  }

  #current(server: LiveHomeServer, kind: PortKind): LiveHomeServer | undefined {
    const key = keyOf(server, kind)
    return this.#options
      .pools()
      .get(server.poolId)
      ?.find((one) => keyOf(one, kind) === key)
  }

  #seen({ server, life }: Target, { packet }: Extract<ExchangeOutcome, { kind: 'reply' }>): void {
    if (server.messageAuthenticator !== 'auto' || !hasMessageAuthenticator(packet)) return
    life.signed = true
    if (!server.messageAuthenticatorSeen) this.#options.latch(server)
  }

  #tellBadReplies(server: LiveHomeServer): void {
    const suppressed = this.#limited(server.name)
    if (suppressed === undefined) return
    this.#options.log.warn(
      { home_server: server.name, suppressed },
      'answers of a home server do not verify: another shared secret, or unsigned where Message-Authenticator is required',
    )
  }
}

function keyOf(server: LiveHomeServer, kind: PortKind): string {
  return `${server.id}/${kind}/${server.address}/${kind === 'authentication' ? server.authPort : server.acctPort}`
}

/** No route, no such network: as good as silence. Our own faults (a packet too long) say nothing of the server. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}
