// The straight line of an Access-Request, from packet to answer: read, decide (load, prove, decide, claim: access-decide.ts),
// authorize, encode, remember. Whatever fails by our own fault is silence and a count, never a reject: a reject looks like a
// wrong password, silence makes the NAS ask its next server.

import type { Pool } from '../db/pool.ts'
import type { ProtocolReason } from '../domain/access-decision.ts'
import { authorize } from '../domain/authorization.ts'
import { chargeableIdentity } from '../domain/chargeable-identity.ts'
import type { Nas } from '../domain/nas.ts'
import { issueClass } from '../domain/session-class.ts'
import { createLimiter } from '../log.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Client } from '../nas/registry.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { RadiusRequest, RadiusResponse } from '../radius/server.ts'
import { createDecider } from './access-decide.ts'
import type { Accepted, DeciderOptions, Rejected } from './access-decide.ts'
import { createAccessLog } from './access-log.ts'
import { createAccessReader } from './access-packet.ts'
import type { Credentials, ReadAccess } from './access-packet.ts'
import { createReplyMaker } from './access-reply.ts'
import type { AcceptReply } from './access-reply.ts'
import { answerCodes, rejectDelayMs, rejectOutcomes } from './outcomes.ts'
import type { Proving } from './password-proof.ts'
import { replyAsJson } from './reply-json.ts'

export type AccessOptions = DeciderOptions & {
  readonly dictionary: Dictionary
  readonly log: Logger
  readonly metrics: Metrics
  /** Writes the access log. */
  readonly logPool: Pool
}

export type AccessHandler = {
  /** Answers a request of a known device; undefined is silence. Never rejects. */
  handle(request: RadiusRequest<Client>, nas: Nas): Promise<RadiusResponse | undefined>
  /** Requests that wait for a statement. */
  waiting(): number
  /** Writes what the access log still holds. */
  flush(): Promise<void>
  /** Finishes what was taken, then writes the log. */
  close(): Promise<void>
}

/** A login on its way. */
type Login = {
  readonly request: RadiusRequest<Client>
  readonly nas: Nas
  readonly read: ReadAccess
  readonly now: Date
}

/** Makes the handler. Throws `MissingDefinitionError` where the dictionary lacks what it reads. */
export function createAccessHandler(options: AccessOptions): AccessHandler {
  const { clock, settings, log, metrics } = options
  const warn = createWarner(options)
  const read = createAccessReader(options.dictionary)
  const decider = createDecider(options)
  const replies = createReplyMaker(options.dictionary, (attribute, error) =>
    log.warn({ attribute, error }, 'an extra attribute cannot be sent and is left out'),
  )
  const accessLog = createAccessLog({
    pool: options.logPool,
    zone: () => settings().zone,
    onError: (error) => warn('the access log could not be written', error),
  })
  const count = createDecisionCounter(metrics)

  const remember = (login: Login, outcome: Accepted | Rejected, reply?: AcceptReply): void => {
    count(login.nas.name, outcome.kind === 'accept' ? 'accepted' : outcome.reason)
    accessLog.add(logEntry(login, outcome, reply), login.now)
  }
  const reject = (login: Login, rejected: Rejected): RadiusResponse => {
    const outcome = rejectOutcomes[rejected.reason]
    remember(login, rejected)
    const attributes = replies.reject(outcome, login.read, settings())
    const delayMs = outcome.delayed ? rejectDelayMs(login.nas.patienceMs, Math.random()) : 0
    return { code: outcome.code, attributes, delayMs }
  }
  const accept = (login: Login, accepted: Accepted): RadiusResponse => {
    const { request, nas } = login
    const { secret = request.secret, msChap } = accepted
    const hiding = { secret, authenticator: request.packet.authenticator }
    const authorization = authorizationOf(options, login, accepted)
    const reply = replies.accept({ authorization, vendor: nas.vendor, msChap, request: request.packet, hiding })
    remember(login, accepted, reply)
    return { code: answerCodes.accepted, attributes: reply.attributes, secret }
  }
  const answer = async (login: Login): Promise<RadiusResponse> => {
    const { credentials, request } = login.read
    if ('refused' in credentials) return reject(login, refusedByProtocol(credentials.refused))
    const outcome = await decider.decide(request, provingOf(login.request, credentials))
    return outcome.kind === 'accept' ? accept(login, outcome) : reject(login, outcome)
  }

  return {
    async handle(request, nas) {
      try {
        const { mschap_v1: mschapV1 } = settings()
        return await answer({ request, nas, now: clock.now(), read: read(request.packet, nas, { mschapV1 }) })
      } catch (error) {
        metrics.dropped.labels(request.client.name, 'access-fault').inc()
        warn('a login could not be decided by a fault of ours: no answer', error)
        return undefined
      }
    },
    waiting: decider.waiting,
    flush: accessLog.flush,
    async close() {
      await decider.close()
      await accessLog.close()
    },
  }
}

/** Where nothing in the request is signed, the password tells which of two secrets the NAS has. */
function provingOf(
  { packet, client, secret, messageAuthenticator }: RadiusRequest<Client>,
  credentials: Credentials,
): Proving {
  return { credentials, secrets: messageAuthenticator ? [secret] : client.secrets, authenticator: packet.authenticator }
}

function authorizationOf({ keyring, settings }: AccessOptions, { nas, read, now }: Login, accepted: Accepted) {
  const { subject, garden, classId } = accepted
  const context = {
    garden,
    classId,
    nasAttributes: nas.attributes,
    class: issueClass(keyring, { classId, subscriberId: subject.id }),
    cui: read.wantsCui ? chargeableIdentity(keyring, subject.id) : undefined,
    settings: settings(),
  }
  return authorize(subject, context, now)
}

function logEntry({ nas, read }: Login, outcome: Accepted | Rejected, reply: AcceptReply | undefined) {
  const accepted = outcome.kind === 'accept'
  const left = reply?.left.length ? `left out for lack of room: ${reply.left.join(', ')}` : undefined
  return {
    accepted,
    subscriberId: outcome.subject?.id,
    username: read.shownUsername,
    nasId: nas.id,
    line: read.request.line,
    interface: read.request.interface?.raw,
    method: read.method,
    reason: accepted ? (outcome.garden ?? 'accepted') : outcome.reason,
    detail: accepted ? left : outcome.detail,
    reply: reply === undefined ? undefined : replyAsJson(reply.shown),
  }
}

const protocolDetails: Record<ProtocolReason, string> = {
  'no-credentials': 'the request carries no password, CHAP, MS-CHAP or EAP attribute',
  'several-credentials': 'the request carries more than one kind of credentials (RFC 3579 §3.3)',
  'eap-not-supported': 'EAP is not supported: set the NAS to PAP, CHAP or MS-CHAPv2',
  'mschapv1-off': 'MS-CHAP version 1 is off (setting mschap_v1): set the NAS to MS-CHAPv2',
  'bad-credentials-form': 'the credentials have a length that they cannot have',
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

/** A labelled child is looked up by one short string: prom-client would hash an object for every login. */
function createDecisionCounter(metrics: Metrics): (nas: string, reason: string) => void {
  const children = new Map<string, { inc(): void }>()
  return (nas, reason) => {
    const key = `${reason}/${nas}`
    let child = children.get(key)
    if (child === undefined) children.set(key, (child = metrics.decisions.labels(nas, reason)))
    child.inc()
  }
}
