// Whether a login is let in, and why: an ordered list of rules, the first that fails gives the reason. Pure: the same
// subject, request and instant give the same decision. Some failures may be an accept into the walled garden, by plan.

import type { AccessPlan, AccessRequest, AccessSubject } from './access-subject.ts'
import type { Identified, Identity } from './identify.ts'
import { showLineId } from './line-id.ts'
import type { IdentityKind, LineFacts } from './line.ts'
import { exhausted } from './plan/quota.ts'
import { serviceEnd } from './subscriber-label.ts'

/** Why a request is rejected before a subscriber is looked at: what it carries cannot prove anything. */
export type ProtocolReason =
  | 'no-credentials'
  | 'several-credentials'
  | 'eap-not-supported'
  | 'mschapv1-off'
  | 'bad-credentials-form'

/** What a failed password proof gives; `credential-cannot`: this method can never prove this kind of credential. */
export type ProofReason = 'wrong-password' | 'credential-cannot' | 'bad-credentials-form'

/** Why the ISP's own rules refuse; these are told at once and in words. */
export type BusinessReason =
  | 'archived'
  | 'disabled'
  | 'blocked'
  | 'expired'
  | 'nas-not-allowed'
  | 'mac-not-bound'
  | 'wrong-interface'
  | 'quota-exhausted'
  | 'too-many-sessions'

/** `pool-exhausted`: a pool of ours that refuses then has no address left. `ambiguous-identity`: several subscribers have the fact that tells this IPoE line. */
export type RejectReason =
  | 'unknown'
  | 'realm-refused'
  | 'ambiguous-identity'
  | ProtocolReason
  | ProofReason
  | BusinessReason
  | 'pool-exhausted'

/** Failures that a plan may turn into an accept into the walled garden. */
export type GardenReason = 'expired' | 'blocked' | 'quota-exhausted'

/** What an accept still has to write (access-claim.ts). */
export type Claim = {
  /** Lines that may be live at once; undefined: no slot is needed. */
  readonly sessionLimit: number | undefined
  /** A MAC to be bound to the subscriber, within its device limit. */
  readonly learn: { readonly mac: string; readonly deviceLimit: number } | undefined
  /** The first login of a new subscriber starts its service period. */
  readonly activate: boolean
}

/** `detail` says in plain words what the rule saw, for the access log. */
export type AccessDecision =
  | {
      readonly kind: 'accept'
      readonly garden: GardenReason | undefined
      readonly claim: Claim | undefined
      /** A MAC that takes the open window of the subscriber (learn-window.ts), whatever the device limit is. */
      readonly learnInWindow: string | undefined
    }
  | { readonly kind: 'reject'; readonly reason: RejectReason; readonly detail: string }

type Login = {
  readonly subject: AccessSubject
  readonly request: AccessRequest
  /** Of an IPoE line. */
  readonly identified: Identified | undefined
  readonly now: Date
}

type Rule = {
  readonly reason: BusinessReason
  /** What is wrong, in words; undefined when nothing is. */
  readonly failure: (login: Login) => string | undefined
  readonly garden?: { readonly reason: GardenReason; readonly of: (plan: AccessPlan) => 'reject' | 'garden' | 'slower' }
}

/** The rules in their order. A proof of the password came before all of them: who has none learns nothing from them. */
export const accessRules: readonly Rule[] = [
  {
    reason: 'archived',
    failure: ({ subject }) =>
      subject.archivedAt === null ? undefined : `the subscriber was archived at ${subject.archivedAt.toISOString()}`,
  },
  {
    reason: 'disabled',
    failure: ({ subject }) => (subject.enabled ? undefined : 'the subscriber is disabled'),
  },
  {
    reason: 'blocked',
    failure: ({ subject }) =>
      subject.blockedAt === null ? undefined : blockText(subject.blockedAt, subject.blockReason),
    garden: { reason: 'blocked', of: (plan) => plan.on_block },
  },
  {
    reason: 'expired',
    failure: ({ subject, now }) => {
      const end = serviceEnd(subject)
      return end !== null && end <= now ? `the service period with its grace ended at ${end.toISOString()}` : undefined
    },
    garden: { reason: 'expired', of: (plan) => plan.on_expiry },
  },
  {
    reason: 'nas-not-allowed',
    failure: ({ subject: { binding, plan }, request: { nas } }) => {
      if (binding.nasGroupId !== null && binding.nasGroupId !== nas.nasGroupId) {
        return `the subscriber is bound to another NAS group than that of ${nas.name}`
      }
      return isAllowedOn(plan, nas.nasGroupId)
        ? undefined
        : `the plan ${plan.name} is not for the NAS group of ${nas.name}`
    },
  },
  { reason: 'mac-not-bound', failure: deviceFailure },
  { reason: 'wrong-interface', failure: interfaceFailure },
  {
    reason: 'quota-exhausted',
    // A slower plan that follows is no refusal: authorization.ts gives its rates.
    failure: ({ subject }) => (subject.plan.on_quota === 'slower' ? undefined : exhausted(subject.plan, subject.used)),
    garden: { reason: 'quota-exhausted', of: (plan) => plan.on_quota },
  },
  {
    reason: 'too-many-sessions',
    failure: ({ subject, identified }) =>
      // A renewal takes no place of anybody.
      identified?.live !== undefined || subject.sessionLimit === undefined || subject.otherLines < subject.sessionLimit
        ? undefined
        : tooManyText(subject.otherLines, subject.sessionLimit),
  },
]

/**
 * Decides a login whose password was proved (`proof` is 'match') or was not. An undefined subject is an unknown username.
 */
export function decideAccess(
  subject: AccessSubject | undefined,
  request: AccessRequest,
  proof: 'match' | ProofReason,
  now: Date,
): AccessDecision {
  if (subject === undefined) return { kind: 'reject', reason: 'unknown', detail: 'no subscriber has this username' }
  if (subject.accountType === 'ipoe') {
    return {
      kind: 'reject',
      reason: 'wrong-password',
      detail: 'an IPoE subscriber is told by its line: no password is right',
    }
  }
  if (proof !== 'match') return { kind: 'reject', reason: proof, detail: proofDetails[proof] }
  return decideByRules({ subject, request, identified: undefined, now })
}

/** Decides a request of an IPoE line that was identified as this subscriber's. */
export function decideLine(
  subject: AccessSubject,
  request: AccessRequest,
  identified: Identified,
  now: Date,
): AccessDecision {
  return decideByRules({ subject, request, identified, now })
}

/** What an IPoE line gets that is not one subscriber's. */
export function unidentified(request: AccessRequest, identity: Exclude<Identity, Identified>): Rejection {
  if (identity.kind === 'nobody') {
    const facts = request.nas.identityOrder.flatMap((kind) => factText(request.facts, kind) ?? [])
    const shown = facts.length === 0 ? 'nothing that tells a line' : facts.join(', ')
    return { kind: 'reject', reason: 'unknown', detail: `no IPoE subscriber has this line; it sent ${shown}` }
  }
  const { by, holders } = identity
  const fact = by === 'learning' ? 'line, with its window for a new MAC open' : by
  const shown = by === 'learning' ? undefined : factText(request.facts, by)
  const detail = `${holders} IPoE subscribers have the same ${fact}${shown === undefined ? '' : ` (${shown})`}`
  return { kind: 'reject', reason: 'ambiguous-identity', detail }
}

type Rejection = Extract<AccessDecision, { kind: 'reject' }>

/** One fact for a person to read; undefined where the request lacks it. */
function factText(facts: LineFacts, kind: IdentityKind): string | undefined {
  if (kind === 'mac') return facts.mac && `MAC ${facts.mac}`
  if (kind === 'interface') return facts.interface && `interface ${facts.interface.raw}`
  const octets = { 'circuit-id': facts.circuitId, 'remote-id': facts.remoteId, duid: facts.duid }[kind]
  return octets && `${kind} ${showLineId(octets)}`
}

function decideByRules(login: Login): AccessDecision {
  const { subject } = login
  let garden: GardenReason | undefined
  for (const rule of accessRules) {
    const failure = rule.failure(login)
    if (failure === undefined) continue
    if (rule.garden?.of(subject.plan) !== 'garden') return { kind: 'reject', reason: rule.reason, detail: failure }
    garden ??= rule.garden.reason
  }
  const learnInWindow = garden === undefined ? macInWindow(login) : undefined
  return { kind: 'accept', garden, claim: claimOf(login, garden), learnInWindow }
}

/** What a login gets whose claim was lost again and again: others took the last free place meanwhile. */
export function lostClaim(claim: Claim, lost: 'slot' | 'device'): Rejection {
  if (lost === 'slot') {
    const limit = claim.sessionLimit ?? 0
    return { kind: 'reject', reason: 'too-many-sessions', detail: tooManyText(limit, limit) }
  }
  const limit = claim.learn?.deviceLimit ?? 0
  return { kind: 'reject', reason: 'mac-not-bound', detail: `no more than ${limit} devices may be learnt` }
}

const proofDetails: Record<ProofReason, string> = {
  'wrong-password': 'the password is wrong, or the shared secret of the NAS differs from ours',
  'credential-cannot': 'the stored credential cannot be proved by the method that the NAS used',
  'bad-credentials-form': 'the credentials in the request have a form that no password can have',
}

function claimOf(login: Login, garden: GardenReason | undefined): Claim | undefined {
  const { subject } = login
  const sessionLimit = login.identified?.live === undefined ? subject.sessionLimit : undefined
  // The walled garden is no service: nothing is learnt in it, and no service period starts.
  const learn = garden === undefined ? deviceToLearn(login) : undefined
  const activate = garden === undefined && subject.activatedAt === null
  return sessionLimit === undefined && learn === undefined && !activate ? undefined : { sessionLimit, learn, activate }
}

function boundDevices(subject: AccessSubject): string[] {
  return subject.devices.filter((device) => device.bound).map((device) => device.mac)
}

/** The unknown MAC of this request, where the subscriber's window for one is open. */
function macInWindow({ subject, request, now }: Login): string | undefined {
  const { mac } = request.facts
  const open = subject.learnMacUntil !== null && subject.learnMacUntil > now
  return open && mac !== undefined && !boundDevices(subject).includes(mac) ? mac : undefined
}

function deviceFailure(login: Login): string | undefined {
  const { subject, request } = login
  const { mac } = request.facts
  if (macInWindow(login) !== undefined) return undefined
  if (differs(login, 'duid')) return 'the DUID is not the one that is bound'
  const bound = boundDevices(subject)
  const rule = subject.plan.mac_rule
  const limit = learningLimit(subject)
  if (bound.length === 0 && limit === undefined && rule !== 'bound') return undefined
  if (mac === undefined) return 'devices are bound, and the request names no MAC address'
  if (bound.includes(mac)) return undefined
  if (bound.length === 0 && rule === 'bound') return `${mac} is not bound, and the plan takes none that is not`
  if (limit === undefined) return `${mac} is none of the bound devices: ${bound.join(', ')}`
  if (bound.length < limit) return undefined
  return `${mac} is none of the bound devices and no more than ${limit} may be learnt: ${bound.join(', ')}`
}

/** How many devices may be learnt; undefined: the plan's rule or the lack of a limit says none. */
function learningLimit(subject: AccessSubject): number | undefined {
  return subject.plan.mac_rule === 'learn' ? subject.deviceLimit : undefined
}

/** Whether a plan may be used on the NASes of a group. */
export function isAllowedOn(plan: Pick<AccessPlan, 'allowed_nas_group_ids'>, nasGroupId: bigint): boolean {
  return plan.allowed_nas_group_ids.length === 0 || plan.allowed_nas_group_ids.includes(Number(nasGroupId))
}

/** Octets that are bound contradict others, and say nothing where a request lacks them: not every leg of a line sends all. */
function differs({ request, identified }: Login, fact: 'circuitId' | 'remoteId' | 'duid'): boolean {
  const bound = identified?.bound[fact]
  // Read from the packet only now: where nothing is bound nobody looks.
  const sent = bound && request.facts[fact]
  return sent !== undefined && !bound!.equals(sent)
}

function deviceToLearn(login: Login): Claim['learn'] {
  const { subject, request } = login
  const { mac } = request.facts
  const deviceLimit = learningLimit(subject)
  if (deviceLimit === undefined || mac === undefined || boundDevices(subject).includes(mac)) return undefined
  if (macInWindow(login) !== undefined) return undefined
  return { mac, deviceLimit }
}

function interfaceFailure(login: Login): string | undefined {
  const { binding } = login.subject
  const { facts } = login.request
  if (differs(login, 'circuitId')) {
    return `the subscriber is bound to another circuit id than ${showLineId(facts.circuitId!)}`
  }
  if (differs(login, 'remoteId')) {
    return `the subscriber is bound to another remote id than ${showLineId(facts.remoteId!)}`
  }
  if (binding.interface === null && binding.port === null && binding.sVlan === null && binding.cVlan === null)
    return undefined
  const parts = facts.interface
  const checks: [string, string | number | null, string | number | undefined][] = [
    ['interface', binding.interface, parts?.raw],
    ['port', binding.port, parts?.port],
    ['S-VLAN', binding.sVlan, parts?.sVlan],
    ['C-VLAN', binding.cVlan, parts?.cVlan],
  ]
  const wrong = checks.find(([, wanted, found]) => wanted !== null && wanted !== found)
  if (wrong === undefined) return undefined
  const [name, wanted, found] = wrong
  return `the subscriber is bound to ${name} ${wanted}, the request came from ${found ?? 'none that we can read'}`
}

function blockText(at: Date, reason: string | null): string {
  return `the subscriber is blocked since ${at.toISOString()}${reason === null ? '' : `: ${reason}`}`
}

function tooManyText(lines: number, limit: number): string {
  return `${lines} other ${lines === 1 ? 'line is' : 'lines are'} live, the limit is ${limit}`
}
