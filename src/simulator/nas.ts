// An emulated NAS on a loopback address: dials in for its subscribers, accounts for their sessions, reboots, and obeys CoA and
// Disconnect. All that it means and hears goes into the ledger. It keeps no clock of its own for sessions: whoever drives it
// says how much time has passed, so an hour of accounting can be played in a second.

import type { Clock } from '../clock.ts'
import { decodeAttributes } from '../radius/attributes.ts'
import { createSecret } from '../radius/authenticator.ts'
import { codes } from '../radius/codes.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { Packet } from '../radius/packet.ts'
import { listenForCoa } from './coa.ts'
import type { CoaBehaviour, CoaListener, CoaOrder } from './coa.ts'
import { makeCredentials } from './credentials.ts'
import type { Ledger } from './ledger.ts'
import { encodeAccess, encodeAccounting, textOf } from './nas-packets.ts'
import type { PacketKeys } from './nas-packets.ts'
import { beginSession, isNasChosen, poolAddress, readGrant } from './nas-session.ts'
import type { Dial, NasSession } from './nas-session.ts'
import { perfectNetwork } from './network.ts'
import type { NetworkFaults } from './network.ts'
import { createRandom } from './random.ts'
import type { Random, Seed } from './random.ts'
import { Requester } from './requester.ts'
import type { RequesterCounts } from './requester.ts'
import { accelPpp } from './shape-accel-ppp.ts'
import { mikrotik } from './shape-mikrotik.ts'
import type { NasFacts, NasShape, RecordFacts, RecordStatus, SimulatedVendor, TerminateCause } from './shape.ts'
import { drawTraffic, growCounters, noTraffic } from './traffic.ts'

export type NasOptions = {
  vendor: SimulatedVendor
  /** NAS-Identifier. */
  identifier: string
  /** Of 127/8: where packets leave from, and NAS-IP-Address. */
  localAddress: string
  server: { address: string; authPort: number; acctPort: number }
  secret: string
  dictionary: Dictionary
  seed: Seed
  clock: Clock
  ledger: Ledger
  /** Default: a network that loses nothing. */
  faults?: NetworkFaults
  /** Default: those of the vendor. */
  timers?: { timeoutMs: number; tries: number }
  /** Where orders are taken; 0: any free port. Without it the NAS takes none. */
  coaPort?: number
  /** What to do with an order. Default: obey. */
  onOrder?: (order: CoaOrder) => CoaBehaviour
  /** A session was ended by a Disconnect-Request, so that its subscriber may dial again. */
  onDisconnected?: (session: NasSession) => void
  /** False: octets wrap at 2^32. Default true. */
  gigawords?: boolean
  /** The interface of the PPPoE server. Default `vlan100`. */
  interface?: string
}

export type DialOutcome =
  /** `started` tells whether the Start was answered. */
  | { kind: 'online'; session: NasSession; started: Promise<boolean> }
  | { kind: 'rejected'; message: string | undefined; msChapError: string | undefined }
  /** The server accepted, but its MS-CHAP2-Success is missing or wrong: the modem hangs up (RFC 2759 §5). */
  | { kind: 'wrong-proof' }
  | { kind: 'timeout' }

/** The account that a NAS gives of itself. */
export type NasCounts = RequesterCounts & { online: number; accepted: number; rejected: number; badOrders: number }

const defaultDownBps = 50_000_000
const defaultUpBps = 20_000_000

/** Starts a NAS; binds its port for orders if it takes any. Rejects with the system's error where it cannot. */
export async function createNas(options: NasOptions): Promise<SimulatedNas> {
  const nas = new SimulatedNas(options)
  if (options.coaPort !== undefined) await nas.listen(options.coaPort)
  return nas
}

/** Owns the sockets of one NAS and its sessions. */
export class SimulatedNas {
  readonly facts: NasFacts
  readonly shape: NasShape
  readonly #options: NasOptions
  readonly #keys: PacketKeys
  readonly #random: Random
  readonly #requester: Requester
  /** By Acct-Session-Id: those online. */
  readonly #sessions = new Map<string, NasSession>()
  #orders: CoaListener | undefined
  #ordinal = 0
  #dials = 0
  #boots = 0
  #accepted = 0
  #rejected = 0

  constructor(options: NasOptions) {
    const { identifier, localAddress, ledger, seed, vendor, clock } = options
    this.#options = options
    this.shape = vendor === 'mikrotik' ? mikrotik : accelPpp
    this.facts = { identifier, address: localAddress, interface: options.interface ?? 'vlan100' }
    this.#keys = { dictionary: options.dictionary, secret: createSecret(options.secret) }
    this.#random = createRandom(`${seed}/${identifier}`)
    this.#requester = new Requester({
      localAddress,
      server: options.server.address,
      timeoutMs: options.timers?.timeoutMs ?? this.shape.timeoutMs,
      tries: options.timers?.tries ?? this.shape.tries,
      faults: options.faults ?? perfectNetwork,
      random: this.#random.fork('network'),
    })
    const at = clock.now().getTime()
    ledger.add({ kind: 'nas', nas: identifier, at, vendor, address: localAddress, seed: String(seed) })
  }

  /** The sessions that are online. */
  sessions(): NasSession[] {
    return [...this.#sessions.values()]
  }

  counts(): NasCounts {
    return {
      ...this.#requester.counts,
      online: this.#sessions.size,
      accepted: this.#accepted,
      rejected: this.#rejected,
      badOrders: this.#orders?.badRequests ?? 0,
    }
  }

  /** The port on which orders are taken. */
  get coaPort(): number | undefined {
    return this.#orders?.port
  }

  /** Begins to take orders. */
  async listen(port: number): Promise<void> {
    this.#orders = await listenForCoa({
      localAddress: this.facts.address,
      port,
      ...this.#keys,
      facts: this.facts,
      signs: this.shape.signsCoaReplies,
      checksNas: this.shape.vendor === 'accel-ppp',
      sessions: () => this.#sessions.values(),
      behaviour: (order) => this.#options.onOrder?.(order) ?? 'obey',
      obey: (order) => this.#obey(order),
      onOrder: (request, session, answer) => {
        const about = { nas: this.facts.identifier, at: this.#now(), session: session?.number }
        this.#options.ledger.add({ kind: 'coa', ...about, request, answer })
      },
    })
  }

  /** One dial-in: Access-Request, and where it is accepted a session and its Start. */
  async dial(dial: Dial): Promise<DialOutcome> {
    // Numbered now and not when it is accepted, so that a seed gives the same numbers whatever the timing.
    const attempt = this.#dials++
    const boot = this.#boots
    const ordinal = this.#ordinal++
    const random = this.#random.fork(`dial/${attempt}`)
    const credentials = makeCredentials({ ...dial, chapChallenge: this.shape.chapChallenge }, random)
    const acctSessionId = this.shape.formatSessionId(ordinal)
    const session = { acctSessionId, username: dial.username, mac: dial.mac, ordinal, framedIp: undefined, classes: [] }
    const attributes = this.shape.accessAttributes(this.facts, session, credentials.attributes)
    const { authenticator } = credentials
    const access = { attributes, authenticator, sign: this.shape.signsAccess }
    const reply = await this.#requester.request({
      code: codes.accessRequest,
      port: this.#options.server.authPort,
      secret: this.#keys.secret,
      label: `access/${attempt}`,
      resend: 'same',
      replyMessageAuthenticator: this.shape.requiresSignedReplies ? 'require' : 'if-present',
      encode: (identifier) => encodeAccess(this.#keys, identifier, access),
    })
    // What a reboot interrupted has never been.
    const heard = boot === this.#boots ? reply : undefined
    const outcome = this.#concludeDial(dial, { number: attempt, ordinal, acctSessionId }, heard, credentials.success)
    const { ledger } = this.#options
    const about = { nas: this.facts.identifier, at: this.#now(), username: dial.username, method: dial.method }
    ledger.add({ kind: 'access', ...about, outcome: outcome.kind })
    return outcome.kind === 'accepted' ? this.#begin(outcome.session) : outcome
  }

  /** Lets time pass for a session. True where its Session-Timeout has come: then it stands exactly there. */
  pass(session: NasSession, seconds: number): boolean {
    const limit = session.grant.sessionTimeout ?? Infinity
    const passed = Math.max(0, Math.min(seconds, limit - session.sessionTime))
    const random = this.#random.fork(`traffic/${session.number}/${session.sessionTime}/${session.records}`)
    session.sessionTime += passed
    if (passed > 0) session.counters = growCounters(session.counters, session.traffic, passed, random)
    return session.sessionTime >= limit
  }

  /** Sends an Interim-Update; whether it was answered. */
  interim(session: NasSession): Promise<boolean> {
    return session.endedBy === undefined ? this.#account(session, 'interim', 'User-Request') : Promise.resolve(false)
  }

  /** Ends a session and sends its Stop; whether that was answered. A session that has ended already is left alone. */
  stop(session: NasSession, cause: TerminateCause): Promise<boolean> {
    if (session.endedBy !== undefined) return Promise.resolve(false)
    session.endedBy = cause
    this.#sessions.delete(session.acctSessionId)
    return this.#account(session, 'stop', cause)
  }

  /**
   * Sets the octets of a session back to zero, as some devices do. Call it only when all its records were answered, and let
   * less traffic pass before the next record than the last one said: otherwise no server can see it.
   */
  resetCounters(session: NasSession): void {
    session.counters = noTraffic
    session.segment++
  }

  /** Loses power: no Stop, all sessions gone, session ids from the beginning. With `tell` an Accounting-On follows. */
  async reboot(options: { tell: boolean }): Promise<void> {
    this.#requester.abandon()
    for (const session of this.#sessions.values()) session.endedBy = 'NAS-Reboot'
    this.#sessions.clear()
    this.#ordinal = 0
    this.#boots++
    this.#options.ledger.add({ kind: 'reboot', nas: this.facts.identifier, at: this.#now() })
    // A boot takes longer than the network holds anything back.
    await this.#requester.landed()
    if (options.tell) await this.tell('Accounting-On')
  }

  /** Sends Accounting-On or -Off; whether it was answered. RFC 2866 §5.1. */
  async tell(status: 'Accounting-On' | 'Accounting-Off'): Promise<boolean> {
    const { ledger, server } = this.#options
    const eventAt = Math.floor(this.#now() / 1000)
    const nas = this.facts.identifier
    const attributes = this.shape.deviceAttributes(this.facts, status, eventAt)
    const reply = await this.#requester.request({
      code: codes.accountingRequest,
      port: server.acctPort,
      secret: this.#keys.secret,
      label: `device/${status}/${this.#dials}`,
      resend: this.shape.resendsAccounting,
      replyMessageAuthenticator: 'if-present',
      encode: (identifier) => encodeAccounting(this.#keys, identifier, attributes),
      onSent: (_octets, _attempt, copies) => {
        if (copies > 0) ledger.add({ kind: 'device', nas, at: this.#now(), status, outcome: 'sent' })
      },
      onReply: () => ledger.add({ kind: 'device', nas, at: this.#now(), status, outcome: 'answered' }),
    })
    return reply !== undefined
  }

  /** Waits until every request has its answer or has been given up, and nothing is held back by the network. */
  quiet(): Promise<void> {
    return this.#requester.quiet()
  }

  /** Ends at once, without a Stop for anybody, and closes all sockets. */
  close(): void {
    this.#requester.close()
    this.#orders?.close()
    this.#orders = undefined
  }

  #concludeDial(
    dial: Dial,
    place: { number: number; ordinal: number; acctSessionId: string },
    reply: Packet | undefined,
    success: Buffer | undefined,
  ): { kind: 'accepted'; session: NasSession } | Exclude<DialOutcome, { kind: 'online' }> {
    if (reply === undefined) return { kind: 'timeout' }
    const attributes = decodeAttributes(this.#options.dictionary, reply)
    if (reply.code !== codes.accessAccept) {
      this.#rejected++
      return {
        kind: 'rejected',
        message: textOf(attributes, 'Reply-Message'),
        msChapError: textOf(attributes, 'MS-CHAP-Error'),
      }
    }
    const grant = readGrant(attributes)
    if (success !== undefined && (grant.success === undefined || !success.equals(grant.success))) {
      return { kind: 'wrong-proof' }
    }
    this.#accepted++
    const framedIp = isNasChosen(grant.framedIp) ? poolAddress(this.facts.address, place.ordinal) : grant.framedIp
    const random = this.#random.fork(`habits/${place.number}`)
    const traffic = drawTraffic(random, dial.downBps ?? defaultDownBps, dial.upBps ?? defaultUpBps)
    return { kind: 'accepted', session: beginSession({ ...place, framedIp }, dial, grant, traffic) }
  }

  #begin(session: NasSession): DialOutcome {
    this.#sessions.set(session.acctSessionId, session)
    const { number, acctSessionId, username, mac, framedIp } = session
    const classes = session.classes.map((value) => Buffer.from(value).toString('hex'))
    const about = { nas: this.facts.identifier, at: this.#now(), session: number }
    this.#options.ledger.add({ kind: 'session', ...about, acctSessionId, username, mac, framedIp, classes })
    return { kind: 'online', session, started: this.#account(session, 'start', 'User-Request') }
  }

  // One record: what it says is fixed now, however often it has to be sent.
  async #account(session: NasSession, status: RecordStatus, cause: TerminateCause): Promise<boolean> {
    const { ledger, server } = this.#options
    const record = session.records++
    const madeAt = this.#now()
    const { sessionTime, counters, segment } = session
    const said: Omit<RecordFacts, 'delay'> = {
      status,
      sessionTime,
      counters,
      cause,
      eventAt: Math.floor(madeAt / 1000),
      gigawords: this.#options.gigawords ?? true,
    }
    const about = { nas: this.facts.identifier, session: session.number, record }
    const reply = await this.#requester.request({
      code: codes.accountingRequest,
      port: server.acctPort,
      secret: this.#keys.secret,
      label: `accounting/${session.number}/${record}`,
      resend: this.shape.resendsAccounting,
      replyMessageAuthenticator: 'if-present',
      encode: (identifier) => {
        const delay = Math.floor((this.#now() - madeAt) / 1000)
        const attributes = this.shape.accountingAttributes(this.facts, session, { ...said, delay })
        return encodeAccounting(this.#keys, identifier, attributes)
      },
      onSent: (octets, attempt, copies) => {
        const digest = octets.toString('hex', 4, 20)
        const sent = { status, segment, sessionTime, counters, attempt, digest, copies }
        ledger.add({ kind: 'sent', ...about, at: this.#now(), ...sent })
      },
      onReply: (_reply, heard) => ledger.add({ kind: 'answered', ...about, at: this.#now(), heard }),
    })
    return reply !== undefined
  }

  #obey(order: CoaOrder): void {
    const { session } = order
    if (order.kind === 'disconnect') {
      if (session.endedBy !== undefined) return
      void this.stop(session, 'Admin-Reset')
      this.#options.onDisconnected?.(session)
      return
    }
    const change = readGrant(order.attributes)
    // accel-ppp acknowledges a Mikrotik-Rate-Limit and changes nothing; it knows Filter-Id.
    const rate = this.shape.vendor === 'mikrotik' ? 'Mikrotik-Rate-Limit' : 'Filter-Id'
    const rateLimit = textOf(order.attributes, rate) ?? session.grant.rateLimit
    session.grant = {
      ...session.grant,
      rateLimit,
      sessionTimeout: change.sessionTimeout ?? session.grant.sessionTimeout,
    }
  }

  #now(): number {
    return this.#options.clock.now().getTime()
  }
}
