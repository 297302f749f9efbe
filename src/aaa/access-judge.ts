// What a decision about a login comes to, and how one is judged once its subscriber is found: by its password, or as an IPoE line.
// The same whether the subscriber was read from the database (access-decide.ts) or from memory (access-last-known.ts).

import { decideAccess, decideLine, unidentified } from '../domain/access-decision.ts'
import type { AccessDecision, GardenReason, RejectReason } from '../domain/access-decision.ts'
import type { AccessRequest, AccessSubject } from '../domain/access-subject.ts'
import type { Lease } from '../domain/authorization.ts'
import type { Identified, LiveLine } from '../domain/identify.ts'
import type { LivePool } from '../domain/ip-pool/live.ts'
import { isSlowed } from '../domain/plan/rates.ts'
import type { ClassMarks } from '../domain/session-class.ts'
import type { Secret } from '../radius/authenticator.ts'
import type { MsChapMatch, ProofResult, Prover, Proving } from './password-proof.ts'

export type Accepted = {
  readonly kind: 'accept'
  readonly subject: AccessSubject
  /** The subscriber's own username where a line was identified: the request names something else. */
  readonly username: string | undefined
  readonly garden: GardenReason | undefined
  readonly classId: bigint
  /** What a renewed line has already; undefined for a new login. */
  readonly renewed: LiveLine | undefined
  /** What pools of ours gave it; undefined: it needed none. */
  readonly assigned: Partial<Lease> | undefined
  /** Pools of ours that could not be asked, and whose names say nothing to the NAS: they are not sent. */
  readonly withoutPools?: readonly LivePool[]
  /** The secret under which the password came out right, where that told it. */
  readonly secret: Secret | undefined
  readonly msChap: MsChapMatch | undefined
  /** Let in by what was last known, while Postgres did not answer. */
  readonly lastKnown?: true
}

export type Rejected = {
  readonly kind: 'reject'
  readonly reason: RejectReason
  readonly detail: string
  readonly subject: AccessSubject | undefined
  readonly username?: string | undefined
  /** By what was last known. */
  readonly lastKnown?: true
}

export type Judged = {
  readonly decision: AccessDecision
  readonly renewed: LiveLine | undefined
  readonly secret: Secret | undefined
  readonly msChap: MsChapMatch | undefined
}

/** Undefined: nobody was found. */
export type Judge = (subject: AccessSubject | undefined) => Judged

const noProof = { secret: undefined, msChap: undefined }

/** Judges a login that proves a password. Throws `SealError` where what is stored cannot be opened. */
export function judgeLogin(
  prover: Prover,
  proving: Proving,
  subject: AccessSubject | undefined,
  request: AccessRequest,
  now: Date,
): Judged {
  const proof = prove(prover, proving, subject)
  const decision = decideAccess(subject, request, proof.kind, now)
  const { secret, msChap } = proof.kind === 'match' ? proof : noProof
  return { decision, renewed: undefined, secret, msChap }
}

function prove(prover: Prover, proving: Proving, subject: AccessSubject | undefined): ProofResult {
  if (subject?.credential !== undefined) return prover.prove(proving, subject.id, subject.credential)
  // The same work for a name that nobody has.
  prover.pretend(proving)
  return { kind: 'credential-cannot' }
}

/** Judges an IPoE line. Between being identified and being found the subscriber may have become another one. */
export function judgeLine(
  subject: AccessSubject | undefined,
  request: AccessRequest,
  identified: Identified,
  now: Date,
): Judged {
  const same = subject?.id === identified.subscriberId && subject.accountType === 'ipoe'
  const decision = same ? decideLine(subject, request, identified, now) : unidentified(request, { kind: 'nobody' })
  return { decision, renewed: identified.live, ...noProof }
}

/** As authorization.ts will give it. */
export function marksOf({ plan, used }: AccessSubject, garden: GardenReason | undefined): ClassMarks {
  if (garden !== undefined) return { garden: true, listed: true }
  const slower = isSlowed(plan, used) ? plan.slower : null
  return { garden: false, listed: (slower?.address_list ?? plan.address_list) !== null }
}
