// What a login would be answered now: the rules of a real one (access.ts, identify.ts, access-decision.ts, authorization.ts) upon
// what is true at this moment, without a packet, a claim or a line in any log.

import { timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { decideAccess, decideLine, unidentified } from '../access-decision.ts'
import type { AccessDecision, ProofReason } from '../access-decision.ts'
import { reasonMend } from '../access-mend.ts'
import type { AccessRequest, AccessSubject } from '../access-subject.ts'
import { loadAccess } from '../access.ts'
import { authorize } from '../authorization.ts'
import type { Authorization } from '../authorization.ts'
import { credentialPlace, ntHashOf, openCredential } from '../credential.ts'
import { matchesVerifier } from '../data-key.ts'
import type { Keyring } from '../data-key.ts'
import { FieldError, NotFoundError, quote } from '../field.ts'
import { identifyLines } from '../identify.ts'
import type { LiveLine } from '../identify.ts'
import { lineOf, macLine } from '../line.ts'
import type { IdentityKind, InterfaceParts, LineFacts } from '../line.ts'
import { normaliseMac } from '../mac.ts'
import type { Nas } from '../nas.ts'
import { previewNas } from '../plan/preview.ts'
import type { PreviewNas } from '../plan/preview.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { readSettings } from '../setting.ts'
import type { Settings } from '../setting.ts'
import { reasonSentence } from '../why.ts'

export type WhyNowInput = {
  subscriberId: bigint
  nasId: bigint
  /** What the login would come with; what is left out is as in the newest open session, else as the subscriber is bound. */
  mac?: string | undefined
  interface?: string | undefined
  /** Proved as PAP would; undefined: taken for right. */
  password?: string | undefined
}

export type WhyNow = {
  username: string
  ownerId: bigint
  nas: PreviewNas
  decision: AccessDecision
  sentence: string
  mend: string | null
  /** Undefined where none was told, and where there is none to prove: of a line, or of one whose username is another's. */
  passwordIsRight: boolean | undefined
  /** Undefined where it is refused. The interim interval comes without its jitter, Class is empty. */
  authorization: Authorization | undefined
  /** With what it was asked. */
  facts: LineFacts
}

export type WhyNowPlace = {
  db: Db
  pool: Pool
  keyring: Keyring
  /** Reads the parts of an interface as the vendor of the NAS does. */
  readInterface(nas: PreviewNas, text: string): InterfaceParts | undefined
}

/** Evaluates it. Throws NotFoundError (subscriber, NAS) or FieldError. */
export async function whatWouldHappen(
  place: WhyNowPlace,
  input: WhyNowInput,
  scope: Scope,
  now: Date,
): Promise<WhyNow> {
  const { db, pool } = place
  const known = await readKnown(db, input.subscriberId, scope)
  const preview = await previewNas(db, input.nasId, scope)
  const nas = await wholeNas(db, preview)
  const settings = { ...(await readSettings(db)), interim_jitter: 0 }
  const facts = factsOf(place, input, known, preview)
  const line = (known.accountType === 'pppoe' ? macLine(facts.mac) : undefined) ?? lineOf(facts, nas.identityOrder)
  const request: AccessRequest = { access: known.accountType, username: known.username, facts, line, nas }
  const key = { username: known.username, line, nasGroupId: nas.nasGroupId, addressSpaceId: nas.addressSpaceId }
  const context = { intervalS: settings.default_interim_interval_s, zone: settings.zone, now }
  const [found] = await loadAccess(pool, [key], context)
  // An archived one whose username is free again is found by no login.
  const subject = found?.id === input.subscriberId ? found : undefined
  const asked = { request, subject, password: input.password }
  const proof = known.accountType === 'ipoe' ? undefined : proofOf(place.keyring, asked)
  const { decision, live } =
    known.accountType === 'ipoe' && subject !== undefined
      ? await judgeLine(pool, asked, settings, now)
      : { decision: decideAccess(subject, request, proof ?? 'match', now), live: undefined }
  const reason = decision.kind === 'reject' ? decision.reason : (decision.garden ?? 'accepted')
  return {
    username: known.username,
    ownerId: known.ownerId,
    nas: preview,
    decision,
    sentence: reasonSentence(decision.kind === 'accept', reason),
    mend: reasonMend(reason) ?? null,
    passwordIsRight: proof && proof === 'match',
    authorization: authorizationOf({ decision, subject, nas, live, settings }, now),
    facts,
  }
}

type Asked = { request: AccessRequest; subject: AccessSubject | undefined; password: string | undefined }

function proofOf(keyring: Keyring, { subject, password }: Asked): 'match' | ProofReason | undefined {
  return password === undefined || subject === undefined ? undefined : prove(keyring, subject, password)
}

/** Whether PAP would prove this password. */
function prove(keyring: Keyring, { id, credential }: AccessSubject, password: string): 'match' | ProofReason {
  if (credential === undefined) return 'credential-cannot'
  const { kind, secret } = credential
  const octets = Buffer.from(password)
  if (kind === 'verifier') {
    return matchesVerifier(keyring, credentialPlace(id), secret, octets) ? 'match' : 'wrong-password'
  }
  const opened = openCredential(keyring, id, kind, secret)
  const brought = kind === 'nt-hash' ? ntHashOf(password) : octets
  return brought.length === opened.length && timingSafeEqual(brought, opened) ? 'match' : 'wrong-password'
}

async function judgeLine(
  pool: Pool,
  { request, subject }: Asked,
  settings: Settings,
  now: Date,
): Promise<{ decision: AccessDecision; live: LiveLine | undefined }> {
  const { facts, line, nas } = request
  const key = { facts, line, order: nas.identityOrder, nasGroupId: nas.nasGroupId }
  const [identity] = await identifyLines(pool, [key], settings.default_interim_interval_s, now)
  if (identity?.kind !== 'found') {
    return { decision: unidentified(request, identity ?? { kind: 'nobody' }), live: undefined }
  }
  if (subject === undefined || identity.subscriberId !== subject.id) {
    const detail = `this line is taken for that of another subscriber, by its ${identity.by}`
    return { decision: { kind: 'reject', reason: 'ambiguous-identity', detail }, live: undefined }
  }
  return { decision: decideLine(subject, request, identity, now), live: identity.live }
}

type Given = {
  decision: AccessDecision
  subject: AccessSubject | undefined
  nas: Nas
  live: LiveLine | undefined
  settings: Settings
}

function authorizationOf({ decision, subject, nas, live, settings }: Given, now: Date): Authorization | undefined {
  if (decision.kind === 'reject' || subject === undefined) return undefined
  const context = {
    garden: decision.garden,
    nasAttributes: nas.attributes,
    nasGroupId: nas.nasGroupId,
    nasIntervalS: nas.settings.interim_interval_s,
    lease: live,
    class: () => Buffer.alloc(0),
    classId: 0n,
    cui: undefined,
    settings,
  }
  return authorize(subject, context, now)
}

type Known = {
  username: string
  ownerId: bigint
  accountType: 'pppoe' | 'ipoe'
  mac: string | null
  interface: string | null
  circuitId: Buffer | null
  remoteId: Buffer | null
  duid: Buffer | null
}

async function readKnown(db: Db, subscriberId: bigint, scope: Scope): Promise<Known> {
  const { rows } = await sql<Known>`
    select subscriber.username, subscriber.owner_id as "ownerId", subscriber.account_type as "accountType",
      coalesce(newest.mac, (select device.mac from device where device.subscriber_id = subscriber.id
        order by device.bound desc, device.learnt_at desc limit 1))::text as mac,
      coalesce(newest.interface, subscriber.bound_interface) as interface,
      coalesce(newest.circuit_id, subscriber.circuit_id) as "circuitId",
      coalesce(newest.remote_id, subscriber.remote_id) as "remoteId", coalesce(newest.duid, subscriber.duid) as duid
    from subscriber left join lateral (
      select session.mac, session.interface, session.circuit_id, session.remote_id, session.duid from session
      where session.subscriber_id = subscriber.id and session.ended_at is null and session.service is null
      order by session.started_at desc limit 1
    ) as newest on true
    where subscriber.id = ${subscriberId} and ${subscriberInScope(scope)}`.execute(db)
  const known = rows[0]
  if (known === undefined) throw new NotFoundError('subscriber', String(subscriberId))
  return known
}

async function wholeNas(db: Db, preview: PreviewNas): Promise<Nas> {
  const group = await db
    .selectFrom('nas_group')
    .select(['address_space_id', 'identity_order'])
    .where('id', '=', preview.nasGroupId)
    .executeTakeFirstOrThrow()
  return {
    ...preview,
    clientId: 0n,
    identifier: undefined,
    address: undefined,
    addressSpaceId: group.address_space_id,
    identityOrder: group.identity_order as IdentityKind[],
    patienceMs: 0,
  }
}

function factsOf(place: WhyNowPlace, input: WhyNowInput, known: Known, nas: PreviewNas): LineFacts {
  const mac = input.mac === undefined ? (known.mac ?? undefined) : normaliseMac(input.mac)
  if (input.mac !== undefined && mac === undefined) {
    throw new FieldError('mac', `${quote(input.mac)} is not a MAC address`)
  }
  const text = input.interface ?? known.interface ?? undefined
  return {
    mac,
    circuitId: known.circuitId ?? undefined,
    remoteId: known.remoteId ?? undefined,
    duid: known.duid ?? undefined,
    interface: text === undefined ? undefined : (place.readInterface(nas, text) ?? { raw: text }),
  }
}
