// The straight line of an Access-Request, from packet to answer: read, decide (load, prove, decide, claim: access-decide.ts),
// authorize, encode, remember. Whatever fails by our own fault is silence and a count, never a reject: a reject looks like a
// wrong password, silence makes the NAS ask its next server.

import type { Pool } from '../db/pool.ts'
import type { ProtocolReason, RejectReason } from '../domain/access-decision.ts'
import { authorize } from '../domain/authorization.ts'
import type { Authorization } from '../domain/authorization.ts'
import { chargeableIdentity } from '../domain/chargeable-identity.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Nas } from '../domain/nas.ts'
import { issueClass } from '../domain/session-class.ts'
import type { UnknownGarden } from '../domain/unknown-garden.ts'
import { createLimiter } from '../log.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Client } from '../nas/registry.ts'
import type { Secret } from '../radius/authenticator.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { RadiusRequest, RadiusResponse } from '../radius/server.ts'
import { createDecider } from './access-decide.ts'
import type { Decider, DeciderOptions } from './access-decide.ts'
import { AnsweredError, createHedge } from './access-hedge.ts'
import type { Asking } from './access-hedge.ts'
import type { Accepted, Rejected } from './access-judge.ts'
import { createLastKnownDecider } from './access-last-known.ts'
import type { Fallback, LastKnownDecider } from './access-last-known.ts'
import { createAccessMemory } from './access-memory.ts'
import { withoutNames } from './access-lease.ts'
import type { AccessMemory, LoginToRemember } from './access-memory.ts'
import { createAccessReader } from './access-packet.ts'
import type { Credentials, ReadAccess } from './access-packet.ts'
import { BatchRefusedError } from './batch.ts'
import { BatchStaleError } from './batch-stale.ts'
import { createReplyMaker } from './access-reply.ts'
import { authorizationOfUnknown, unknownGardenOf } from './access-unknown.ts'
import { createGuessBrake } from './guess-brake.ts'
import type { Guessed } from './guess-brake.ts'
import { answerCodes, rejectDelayMs, rejectOutcomes } from './outcomes.ts'
import { createProver } from './password-proof.ts'
import type { MsChapMatch, Proving } from './password-proof.ts'
import type { Forwarded } from './proxy.ts'

export type AccessOptions = Omit<DeciderOptions, 'hedge'> & {
  readonly dictionary: Dictionary
  readonly keyring: Keyring
  readonly log: Logger
  readonly metrics: Metrics
  /** Writes the access log. */
  readonly logPool: Pool
  /** What there is to fall back upon where Postgres does not answer in time; absent: silence. */
  readonly fallback?: Fallback | undefined
  /** Of the guess brake; tests only: with one made up two keys may share a place by chance. */
  readonly guessSeed?: number
  /** Asked before a reject to whom no subscriber was found: whether others answer it. Undefined: nobody else. */
  elsewhere?(unknown: UnknownLogin): Promise<Elsewhere | undefined>
}

/** A request for which no subscriber was found, or looked for: `reason` says which. */
export type UnknownLogin = {
  readonly request: RadiusRequest<Client>
  readonly nas: Nas
  readonly username: string
  readonly reason: RejectReason
}

/** What somebody else answered; an undefined response is silence. */
export type Elsewhere = { readonly response: Forwarded | undefined }

/** What its realm says of a username: what to look for, or that it is refused. */
export type LocalName = { readonly username: string; readonly refused?: string }

export type AccessHandler = {
  /** Answers a request of a known device; undefined is silence. Never rejects. */
  handle(request: RadiusRequest<Client>, nas: Nas, name?: LocalName): Promise<RadiusResponse | undefined>
  /** Notes in the access log what a home server said of a login that never came by here; undefined is silence. Never throws. */
  noteForwarded(
    request: RadiusRequest<Client>,
    nas: Nas,
    outcome: { readonly username: string; readonly answer: Forwarded | undefined },
  ): void
  /** Requests that wait for a statement. */
  waiting(): number
  /** Writes what the access log still holds. */
  flush(): Promise<void>
  /** Finishes what was taken, then writes the log. */
  close(): Promise<void>
}

/** A login on its way. */
type Login = LoginToRemember & { readonly refusedRealm: string | undefined }

/** The secret under which the answer goes, and what MS-CHAP proved. */
type Proved = { readonly secret: Secret; readonly msChap: MsChapMatch | undefined }

/** Makes the handler. Throws `MissingDefinitionError` where the dictionary lacks what it reads. */
export function createAccessHandler(options: AccessOptions): AccessHandler {
  const { settings, metrics } = options
  const warn = createWarner(options)
  const begin = createBeginning(options)
  const decider = createDeciding(options, warn)
  const memory = createAccessMemory(options, warn)
  const { reject, accept, admitUnknown } = createAnswers(options, memory)

  /** By what was last known nothing can be said of it: another server may know. */
  const silence = ({ request }: Login): undefined => {
    metrics.dropped.labels(request.client.name, 'unknown-while-away').inc()
  }

  const answer = async (login: Login): Promise<RadiusResponse | undefined> => {
    const outcome = await decider.decide(login)
    if (outcome === undefined) return silence(login)
    if (outcome.kind === 'accept') return accept(login, outcome)
    const { request, nas, read: shown } = login
    const unknown = { request, nas, username: shown.request.username, reason: outcome.reason }
    const elsewhere = outcome.subject === undefined ? await options.elsewhere?.(unknown) : undefined
    if (elsewhere === undefined) {
      if (outcome.lastKnown === true && outcome.subject === undefined) return silence(login)
      const garden = unknownGardenOf(login, outcome, settings())
      return garden === undefined ? reject(login, outcome) : admitUnknown(login, garden, outcome)
    }
    memory.rememberForwarded(login, elsewhere.response)
    return elsewhere.response
  }

  return {
    async handle(request, nas, name) {
      try {
        return await answer(begin(request, nas, name))
      } catch (error) {
        const shed = shedReason(error)
        metrics.dropped.labels(request.client.name, shed ?? 'access-fault').inc()
        if (shed === undefined) warn('a login could not be decided by a fault of ours: no answer', error)
        return undefined
      }
    },
    noteForwarded(request, nas, { username, answer: answered }) {
      memory.rememberForwarded(begin(request, nas, { username }), answered)
    },
    waiting: decider.waiting,
    flush: memory.flush,
    async close() {
      await decider.close()
      await memory.close()
    },
  }
}

/** Why a request was not worked on though nothing failed: too old, or too many before it. Undefined: something failed. */
function shedReason(error: unknown): string | undefined {
  if (error instanceof BatchStaleError) return 'too-late'
  return error instanceof BatchRefusedError ? 'overload' : undefined
}

/** What is sent for an outcome, and remembered of it. */
function createAnswers(options: AccessOptions, memory: AccessMemory) {
  const { keyring, settings, log, clock } = options
  const replies = createReplyMaker(options.dictionary, (attribute, error) =>
    log.warn({ attribute, error }, 'an extra attribute cannot be sent and is left out'),
  )
  const brake = createGuessBrake(options.guessSeed)
  const brakeOf = (login: Login, { reason }: Rejected): number =>
    reason === 'unknown' || reason === 'wrong-password' ? brake.failed(guessOf(login), clock.monotonicMs()) : 0
  const reject = (login: Login, rejected: Rejected): RadiusResponse => {
    const outcome = rejectOutcomes[rejected.reason]
    memory.remember(login, rejected)
    const delayMs = outcome.delayed ? rejectDelayMs(login.nas.patienceMs, Math.random(), brakeOf(login, rejected)) : 0
    return { code: outcome.code, attributes: replies.reject(outcome, login.read, settings()), delayMs }
  }
  const encode = (login: Login, authorization: Authorization, { secret, msChap }: Proved) => {
    const { request, nas } = login
    const hiding = { secret, authenticator: request.packet.authenticator }
    return replies.accept({ authorization, nas, msChap, request: request.packet, hiding })
  }
  const accept = (login: Login, accepted: Accepted): RadiusResponse => {
    const { secret = secretOf(login), msChap } = accepted
    const reply = encode(login, authorizationOf(options, login, accepted), { secret, msChap })
    memory.remember(login, accepted, reply)
    return { code: answerCodes.accepted, attributes: reply.attributes, secret }
  }
  const admitUnknown = (login: Login, garden: UnknownGarden, rejected: Rejected): RadiusResponse => {
    const secret = secretOf(login)
    const reply = encode(login, authorizationOfUnknown({ keyring, settings: settings() }, login.nas, garden), {
      secret,
      msChap: undefined,
    })
    memory.rememberUnknown(login, rejected, reply)
    return { code: answerCodes.accepted, attributes: reply.attributes, secret }
  }
  return { reject, accept, admitUnknown }
}

/** Reads a request, under the name that its realm says. */
function createBeginning({ dictionary, settings, clock }: AccessOptions) {
  const read = createAccessReader(dictionary)
  return (request: RadiusRequest<Client>, nas: Nas, name: LocalName | undefined): Login => {
    // The NAS has asked its next server, or given up, by then.
    const untilMs = request.receivedAt + nas.patienceMs
    const sent = read(request.packet, nas, { mschapV1: settings().mschap_v1, secrets: secretsOf(request), untilMs })
    return { request, nas, now: clock.now(), read: named(sent, name), refusedRealm: name?.refused }
  }
}

/** The two deciders: from the database, and from what was last known where there is a fallback. */
function createDeciding(options: AccessOptions, warn: (message: string, error: unknown) => void) {
  const { fallback, clock } = options
  const hedge = fallback && createHedge({ ...fallback, clock })
  const prover = createProver(options.keyring)
  const decider = createDecider({ ...options, hedge }, prover, warn)
  const shared = { waiting: decider.waiting, close: decider.close }
  if (fallback === undefined || hedge === undefined)
    return { ...shared, decide: (login: Login) => decide(decider, login) }
  const lastKnown = createLastKnownDecider({ ...options, fallback, prover, poolsFor: decider.poolsFor })
  /** Ended sessions whose Stop is still in the journal count in the books: a session too many for a while harms less (I8). */
  const decideTruly = async (login: Login, asking: Asking): Promise<Accepted | Rejected | undefined> => {
    const outcome = await decide(decider, login, asking)
    if (outcome.kind === 'accept' || outcome.reason !== 'too-many-sessions') return outcome
    const caughtUp = await fallback.catchUp?.()
    if (asking.isOver) throw new AnsweredError('the login was answered meanwhile')
    if (caughtUp === 'done') return decide(decider, login, asking)
    return caughtUp === 'behind' ? decideLastKnown(lastKnown, login, true) : outcome
  }
  return {
    ...shared,
    decide: (login: Login): Promise<Accepted | Rejected | undefined> =>
      hedge.decide(
        (asking) => decideTruly(login, asking),
        (mayStillCome) => {
          const outcome = decideLastKnown(lastKnown, login, mayStillCome)
          return mayStillCome && outcome?.kind === 'reject' && outcome.subject === undefined ? undefined : outcome
        },
      ),
  }
}

async function decide(decider: Decider, login: Login, asking?: Asking): Promise<Accepted | Rejected> {
  const { credentials, request } = login.read
  if (login.refusedRealm !== undefined) return refusedByRealm(login.refusedRealm)
  const ofLine = request.access === 'ipoe' ? await decider.admitLine(request, asking) : undefined
  if (ofLine !== undefined && !isUnknown(ofLine)) return ofLine
  if ('refused' in credentials) return ofLine ?? refusedByProtocol(credentials.refused)
  // Somebody whose password is its name looks like a line, and is none.
  const ofPerson = await decider.logIn(request, provingOf(login.request, credentials), asking)
  return ofLine !== undefined && isUnknown(ofPerson) ? ofLine : ofPerson
}

/** The same in the same order by what was last known. Undefined: it is not known well enough for an answer. */
function decideLastKnown(
  decider: LastKnownDecider,
  login: Login,
  mayStillCome: boolean,
): Accepted | Rejected | undefined {
  const { credentials, request } = login.read
  if (login.refusedRealm !== undefined) return refusedByRealm(login.refusedRealm)
  const isLine = request.access === 'ipoe'
  const ofLine = isLine ? decider.admitLine(request) : undefined
  if (isLine && (ofLine === undefined || !isUnknown(ofLine))) return ofLine
  if ('refused' in credentials) return ofLine ?? refusedByProtocol(credentials.refused)
  const ofPerson = decider.logIn(request, provingOf(login.request, credentials), mayStillCome)
  return ofLine !== undefined && ofPerson !== undefined && isUnknown(ofPerson) ? ofLine : ofPerson
}

/** The request with the username that its realm or its NAS says; octets that are no text are shown as they came. */
function named(sent: ReadAccess, name: LocalName | undefined): ReadAccess {
  if (name === undefined || name.username === sent.request.username) return sent
  const { username } = name
  return { ...sent, shownUsername: username || sent.shownUsername, request: { ...sent.request, username } }
}

function isUnknown(outcome: Accepted | Rejected): boolean {
  return outcome.kind === 'reject' && outcome.reason === 'unknown'
}

/** Where nothing in the request is signed, the password tells which of two secrets the NAS has. */
function secretsOf({ client, secret, messageAuthenticator }: RadiusRequest<Client>): readonly Secret[] {
  return messageAuthenticator ? [secret] : client.secrets
}

function provingOf(request: RadiusRequest<Client>, credentials: Credentials): Proving {
  return { credentials, secrets: secretsOf(request), authenticator: request.packet.authenticator }
}

function authorizationOf({ keyring, settings }: AccessOptions, { nas, read, now }: Login, accepted: Accepted) {
  const { subject, garden, classId, renewed, assigned, withoutPools } = accepted
  const context = {
    garden,
    classId,
    lease: renewed,
    assigned,
    nasAttributes: nas.attributes,
    nasGroupId: nas.nasGroupId,
    nasIntervalS: nas.settings.interim_interval_s,
    class: (intervalS: number) => issueClass(keyring, { classId, subscriberId: subject.id, intervalS }),
    cui: read.wantsCui ? chargeableIdentity(keyring, subject.id) : undefined,
    settings: settings(),
  }
  const given = authorize(subject, context, now)
  return withoutPools === undefined || withoutPools.length === 0 ? given : withoutNames(given, withoutPools)
}

function guessOf({ read: { request, shownUsername }, nas }: Login): Guessed {
  const { facts, line, username } = request
  const port = facts.interface === undefined ? undefined : `${nas.id} ${facts.interface.raw}`
  return { username: username || shownUsername, line, port }
}

/** Where no password told which of two secrets the NAS has. */
function secretOf({ read, request }: Login): Secret {
  return read.lineSecret ?? request.secret
}

const protocolDetails: Record<ProtocolReason, string> = {
  'no-credentials': 'the request carries no password, CHAP, MS-CHAP or EAP attribute',
  'several-credentials': 'the request carries more than one kind of credentials (RFC 3579 §3.3)',
  'eap-not-supported': 'EAP is not supported: set the NAS to PAP, CHAP or MS-CHAPv2',
  'mschapv1-off': 'MS-CHAP version 1 is off (setting mschap_v1): set the NAS to MS-CHAPv2',
  'bad-credentials-form': 'the credentials have a length that they cannot have',
}

function refusedByRealm(realm: string): Rejected {
  return { kind: 'reject', reason: 'realm-refused', detail: `the realm "${realm}" is refused`, subject: undefined }
}

function refusedByProtocol(reason: ProtocolReason): Rejected {
  return { kind: 'reject', reason, detail: protocolDetails[reason], subject: undefined }
}

/** The same trouble in the log once in ten seconds: a database that is away must not flood it. */
function createWarner({ log, clock }: AccessOptions): (message: string, error: unknown) => void {
  const limited = createLimiter({ perMs: 10_000, clock })
  return (message, error) => {
    const suppressed = limited(message)
    if (suppressed !== undefined) log.warn({ error, suppressed }, message)
  }
}
