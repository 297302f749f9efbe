// An emulated NAS on a loopback address: dials in for its subscribers, accounts for their sessions, reboots, and obeys CoA and
// Disconnect. All that it means and hears goes into the ledger. It keeps no clock of its own for sessions: whoever drives it
// says how much time has passed, so an hour of accounting can be played in a second.

import { setTimeout as sleep } from 'node:timers/promises'
import { createSecret } from '../radius/authenticator.ts'
import { codes } from '../radius/codes.ts'
import type { Packet } from '../radius/packet.ts'
import { askInTurn } from './ask-in-turn.ts'
import { listenForCoa } from './coa.ts'
import type { CoaListener, CoaOrder } from './coa.ts'
import { makeCredentials, makeLineCredentials } from './credentials.ts'
import { encodeAccess, encodeAccounting, readAnswer, textOf } from './nas-packets.ts'
import type { PacketKeys } from './nas-packets.ts'
import type { AccessAnswer, DialOutcome, NasCounts, NasOptions, Online, RenewOutcome } from './nas-options.ts'
import { assignAddresses, beginSession, noGrant, readGrant } from './nas-session.ts'
import type { Dial, Grant, NasSession } from './nas-session.ts'
import { perfectNetwork } from './network.ts'
import { createRandom } from './random.ts'
import type { Random } from './random.ts'
import { Requester } from './requester.ts'
import type { NasFacts, NasShape, RecordFacts, RecordStatus, SessionFacts, TerminateCause } from './shape.ts'
import { shapeOf } from './shapes.ts'
import { drawTraffic, growCounters, noTraffic } from './traffic.ts'

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
    this.shape = shapeOf(vendor, options.access)
    const address = options.nasAddress ?? localAddress
    this.facts = { identifier, address, interface: options.interface ?? 'vlan100' }
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
      localAddress: this.#options.localAddress,
      port,
      ...this.#keys,
      facts: this.facts,
      signs: this.shape.signsCoaReplies,
      onlyFrom: this.#options.coaFrom,
      checksNas: this.shape.vendor === 'accel-ppp',
      sessions: () => this.sessions().filter(({ service }) => service === undefined),
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
    const number = this.#dials++
    const ordinal = this.#ordinal++
    const asking = this.#facts(dial, ordinal)
    const answer = await this.#ask(dial, asking, `access/${number}`)
    this.#noteAccess(dial, answer.kind)
    if (answer.kind === 'rejected') this.#rejected++
    if (answer.kind !== 'accepted') return answer
    this.#accepted++
    return this.#begin(this.#grantTo(asking, dial, answer.grant, number))
  }

  /** Asks again for a session that goes on, as for a lease that is renewed. Its address and counters stay. */
  async renew(session: NasSession): Promise<RenewOutcome> {
    if (session.endedBy !== undefined) return { kind: 'timeout' }
    const answer = await this.#ask(session.dial, session, `renewal/${session.number}/${session.renewals++}`)
    this.#noteAccess(session.dial, answer.kind === 'accepted' ? 'renewed' : answer.kind)
    if (answer.kind !== 'accepted') return answer
    const { grant } = answer
    session.grant = grant
    // RFC 2865 §5.25: what accounting carries from here on.
    if (grant.classes.length > 0) session.classes = grant.classes
    return { kind: 'renewed', grant }
  }

  /** A session that began under another server, so many seconds ago: nothing is asked and no Start is sent. */
  inherit(dial: Dial, seconds: number): NasSession {
    const number = this.#dials++
    const session = this.#grantTo(this.#facts(dial, this.#ordinal++), dial, noGrant, number)
    this.pass(session, seconds)
    this.#enter(session, { inherited: true })
    return session
  }

  /** A service on a session, counted beside it under an Acct-Session-Id of its own. */
  startService(parent: NasSession, service: string): Online {
    const acctSessionId = `${parent.acctSessionId}:${parent.services.length + 1}`
    const { username, mac, ordinal, framedIp, classes, place, dial, grant, traffic } = parent
    const facts = { acctSessionId, username, mac, ordinal, framedIp, classes, place, service, number: this.#dials++ }
    const session = beginSession(facts, dial, grant, traffic)
    parent.services.push(session)
    return this.#begin(session)
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

  /**
   * Ends a session and sends its Stop, after those of its services; whether all were answered. A session that has ended
   * already is left alone.
   */
  async stop(session: NasSession, cause: TerminateCause): Promise<boolean> {
    if (session.endedBy !== undefined) return false
    const running = session.services.filter(({ endedBy }) => endedBy === undefined)
    const services = running.map((service) => this.stop(service, cause))
    session.endedBy = cause
    this.#sessions.delete(session.acctSessionId)
    const own = this.#account(session, 'stop', cause)
    return (await Promise.all([own, ...services])).every(Boolean)
  }

  /**
   * Sets the octets of a session back to zero, as some devices do. Call it only when all its records were answered, and let
   * less traffic pass before the next record than the last one said: otherwise no server can see it.
   */
  resetCounters(session: NasSession): void {
    session.counters = noTraffic
    session.segment++
  }

  /**
   * Loses power: no Stop, all sessions gone, session ids from the beginning. With `tell` an Accounting-On follows, after
   * `bootMs` where it is said; devices take tens of seconds, and a server may tell a reboot by that.
   */
  async reboot(options: { tell: boolean; bootMs?: number }): Promise<void> {
    this.#losePower()
    // A boot takes longer than the network holds anything back.
    await Promise.all([this.#requester.landed(), sleep(options.bootMs ?? 0)])
    if (options.tell) await this.tell('Accounting-On')
  }

  /** Dies: no Stop for anybody, and nothing is sent or heard from now on. */
  die(): void {
    this.#losePower()
    this.close()
  }

  /**
   * Sends Accounting-On or -Off; whether it was answered. RFC 2866 §5.1. Without a name it says neither NAS-Identifier nor
   * NAS-IP-Address (against RFC 2866 §5), as some devices do.
   */
  async tell(status: 'Accounting-On' | 'Accounting-Off', options: { unnamed?: true } = {}): Promise<boolean> {
    const { ledger } = this.#options
    const eventAt = Math.floor(this.#now() / 1000)
    const nas = this.facts.identifier
    const all = this.shape.deviceAttributes(this.facts, status, eventAt)
    const attributes = options.unnamed ? all.filter(({ name }) => !name.startsWith('NAS-')) : all
    const reply = await this.#request({
      code: codes.accountingRequest,
      port: 'acctPort',
      secret: this.#keys.secret,
      label: `device/${status}/${this.#dials}`,
      resend: this.shape.resendsAccounting,
      replyMessageAuthenticator: 'if-present',
      encode: (identifier) => encodeAccounting(this.#keys, identifier, attributes),
      onSent: (_octets, _attempt, copies) => {
        // Who is not named is not told of.
        if (copies > 0 && !options.unnamed)
          ledger.add({ kind: 'device', nas, at: this.#now(), status, outcome: 'sent' })
      },
      onReply: () => {
        if (!options.unnamed) ledger.add({ kind: 'device', nas, at: this.#now(), status, outcome: 'answered' })
      },
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

  /** One Access-Request. What a reboot interrupted has never been. */
  async #ask(dial: Dial, session: SessionFacts, label: string): Promise<AccessAnswer> {
    const boot = this.#boots
    const random = this.#random.fork(label.replace('access', 'dial'))
    const { identity, chapChallenge } = this.shape
    const credentials =
      identity === undefined
        ? makeCredentials({ ...dial, chapChallenge }, random)
        : makeLineCredentials(identity.password(session.username), random)
    const { authenticator, success } = credentials
    const attributes = this.shape.accessAttributes(this.facts, session, credentials.attributes)
    const access = { attributes, authenticator, sign: this.shape.signsAccess }
    const reply = await this.#request({
      code: codes.accessRequest,
      port: 'authPort',
      secret: this.#keys.secret,
      label,
      resend: 'same',
      replyMessageAuthenticator: this.shape.requiresSignedReplies ? 'require' : 'if-present',
      encode: (identifier) => encodeAccess(this.#keys, identifier, access),
    })
    return readAnswer(this.#keys.dictionary, boot === this.#boots ? reply : undefined, success)
  }

  /** The session as it is before anything is granted. */
  #facts(dial: Dial, ordinal: number): SessionFacts {
    const { mac, place, multiSessionId } = dial
    const acctSessionId = this.shape.formatSessionId(ordinal)
    const facts = { acctSessionId, mac, ordinal, framedIp: undefined, classes: [], place, multiSessionId }
    return { ...facts, username: this.shape.identity?.username(this.facts, facts) ?? dial.username }
  }

  #grantTo(facts: SessionFacts, dial: Dial, grant: Grant, number: number): NasSession {
    const { ordinal } = facts
    const addresses = assignAddresses(grant, dial.stack, { nasAddress: this.#options.localAddress, ordinal })
    const random = this.#random.fork(`habits/${number}`)
    const traffic = drawTraffic(random, dial.downBps ?? defaultDownBps, dial.upBps ?? defaultUpBps)
    return beginSession({ ...facts, ...addresses, classes: grant.classes, number }, dial, grant, traffic)
  }

  #noteAccess({ username, method }: Dial, outcome: string): void {
    const how = this.shape.identity === undefined ? method : 'line'
    const about = { nas: this.facts.identifier, at: this.#now(), username, method: how }
    this.#options.ledger.add({ kind: 'access', ...about, outcome })
  }

  #begin(session: NasSession): Online {
    this.#enter(session)
    return { kind: 'online', session, started: this.#account(session, 'start', 'User-Request') }
  }

  #enter(session: NasSession, how: { inherited?: true } = {}): void {
    this.#sessions.set(session.acctSessionId, session)
    const { number, acctSessionId, username, mac, framedIp, service, dial } = session
    const classes = session.classes.map((value) => Buffer.from(value).toString('hex'))
    const leg = dial.stack === 'dual' ? undefined : dial.stack
    const about = { nas: this.facts.identifier, at: this.#now(), session: number }
    const facts = { acctSessionId, username, mac, framedIp, classes, ...(leg && { leg }), ...(service && { service }) }
    this.#options.ledger.add({ kind: 'session', ...about, ...facts, ...how })
  }

  #losePower(): void {
    this.#requester.abandon()
    for (const session of this.#sessions.values()) session.endedBy = 'NAS-Reboot'
    this.#sessions.clear()
    this.#ordinal = 0
    this.#boots++
    this.#options.ledger.add({ kind: 'reboot', nas: this.facts.identifier, at: this.#now() })
  }

  // One record: what it says is fixed now, however often it has to be sent.
  async #account(session: NasSession, status: RecordStatus, cause: TerminateCause): Promise<boolean> {
    const { ledger } = this.#options
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
    const reply = await this.#request({
      code: codes.accountingRequest,
      port: 'acctPort',
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

  #request(request: Parameters<typeof askInTurn>[2]): Promise<Packet | undefined> {
    const { server, secondary } = this.#options
    const boot = this.#boots
    return askInTurn(this.#requester, secondary ? [server, secondary] : [server], request, () => boot === this.#boots)
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
