// From a request to a decision: load (batched), prove, decide, and claim what an accept has to write (batched). Two logins
// that want the last place meet in the claim; who loses looks again. An IPoE line is identified first (access-identify.ts)
// and proves nothing.

import type { Pool } from '../db/pool.ts'
import { loadAccess } from '../domain/access.ts'
import type { AccessKey } from '../domain/access.ts'
import { claimAccess } from '../domain/access-claim.ts'
import type { ClaimInput, ClaimResult } from '../domain/access-claim.ts'
import { decideAccess, decideLine, lostClaim, unidentified } from '../domain/access-decision.ts'
import type { AccessDecision, GardenReason, RejectReason } from '../domain/access-decision.ts'
import type { AccessRequest, AccessSubject } from '../domain/access-subject.ts'
import type { Lease } from '../domain/authorization.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Identified, LiveLine } from '../domain/identify.ts'
import type { LivePool } from '../domain/ip-pool/live.ts'
import { takeLearnWindow } from '../domain/learn-window.ts'
import { isSlowed } from '../domain/plan/rates.ts'
import { newClassId } from '../domain/session-class.ts'
import type { ClassMarks } from '../domain/session-class.ts'
import type { Secret } from '../radius/authenticator.ts'
import { createIdentifier } from './access-identify.ts'
import { createLeases } from './access-lease.ts'
import type { Leased, LeaseOptions, Leases } from './access-lease.ts'
import { createBatcher, createLanes } from './batch.ts'
import type { Batcher, Lanes } from './batch.ts'
import { createProver } from './password-proof.ts'
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
  /** The secret under which the password came out right, where that told it. */
  readonly secret: Secret | undefined
  readonly msChap: MsChapMatch | undefined
}

export type Rejected = {
  readonly kind: 'reject'
  readonly reason: RejectReason
  readonly detail: string
  readonly subject: AccessSubject | undefined
  readonly username?: string | undefined
}

export type Decider = {
  /** Rejects (throws) where the database or a stored secret fails: a fault, never a decision. */
  logIn(request: AccessRequest, proving: Proving): Promise<Accepted | Rejected>
  /** The same for an IPoE line. */
  admitLine(request: AccessRequest): Promise<Accepted | Rejected>
  /** Requests that wait for a statement. */
  waiting(): number
  close(): Promise<void>
}

/** `claimPool` writes claims; with relaxed durability. */
export type DeciderOptions = LeaseOptions & {
  readonly keyring: Keyring
  /** Statements in flight at once. */
  readonly lanes: number
  /** Reads logins. */
  readonly loadPool: Pool
}

/** Who loses a place so often, each time to another login, is refused. */
const maximumAttempts = 4

/** Makes the decider of a process. `warn` is told of what could not be done beside the logins. */
export function createDecider(options: DeciderOptions, warn: (message: string, error: unknown) => void): Decider {
  const { keyring, clock } = options
  const prover = createProver(keyring)
  // Reading and claiming take turns: while one is on its way the other gathers.
  const shared = createLanes(options.lanes)
  const identifier = createIdentifier(options, shared, (error) =>
    warn('a renewal could not be noted as a sign of life', error),
  )
  const statements = createStatements(options, shared)
  const leases = createLeases(options, shared, warn)

  const settle = createSettling(statements, leases)

  return {
    logIn: (request, proving) =>
      settle(request, request.username, (subject) => {
        const proof = prove(prover, proving, subject)
        const decision = decideAccess(subject, request, proof.kind, clock.now())
        const { secret, msChap } = proof.kind === 'match' ? proof : noProof
        return { decision, renewed: undefined, secret, msChap }
      }),
    async admitLine(request) {
      const identity = await identifier.identify(request)
      if (identity.kind !== 'found') return { ...unidentified(request, identity), subject: undefined }
      const { username, live } = identity
      const outcome = await settle(request, username, (subject) => ({
        decision: judgeLine(subject, request, identity, clock.now()),
        renewed: live,
        ...noProof,
      }))
      if (outcome.kind === 'accept') identifier.noteSignOfLife(live)
      return { ...outcome, username }
    },
    waiting: () => identifier.waiting() + statements.waiting() + leases.waiting(),
    async close() {
      await identifier.close()
      await statements.close()
      await leases.close()
    },
  }
}

/** Loads, judges and claims until a decision stands. */
function createSettling(statements: Statements, leases: Leases) {
  return async (request: AccessRequest, username: string, judge: Judge): Promise<Accepted | Rejected> => {
    for (let attempt = 1; ; attempt++) {
      const subject = await statements.load(request, username, attempt > 1)
      const { decision, ...found } = judge(subject)
      if (decision.kind === 'reject') return { ...decision, subject }
      if (subject === undefined) throw new TypeError('an accept without a subject')
      const { garden, claim, learnInWindow } = decision
      const classId = found.renewed?.classId ?? newClassId(marksOf(subject, garden))
      const asker = { subject, garden, renewed: found.renewed, classId }
      const pools = leases.needed(request, asker)
      // A first login takes its address before its service period begins, every other one when it has its place among the lines:
      // so neither a period nor an address is spent on a login that is refused.
      const early = claim?.activate === true ? await leases.take(request, asker, pools) : undefined
      if (early?.kind === 'exhausted') return refusedByPool(early.pool, subject)
      const claimed =
        claim === undefined
          ? nothingToClaim
          : await statements.claim(request, { ...claim, subjectId: subject.id, classId })
      // Somebody else was quicker: what is true now decides.
      if (claim !== undefined && claimed.kind === 'lost') {
        if (attempt === maximumAttempts) return { ...lostClaim(claim, claimed.what), subject }
        continue
      }
      if (learnInWindow !== undefined && !(await statements.learn(subject.id, learnInWindow))) {
        if (attempt < maximumAttempts) continue
        return { kind: 'reject', reason: 'mac-not-bound', detail: 'another MAC took the open window', subject }
      }
      const leased = early ?? (pools.length === 0 ? nothingLeased : await leases.take(request, asker, pools))
      if (leased.kind === 'exhausted') return refusedByPool(leased.pool, subject)
      const activation = claimed.kind === 'won' ? claimed.activation : undefined
      const activated = activation === undefined ? subject : { ...subject, ...activation }
      const { assigned } = leased
      return { kind: 'accept', subject: activated, username: undefined, garden, classId, assigned, ...found }
    }
  }
}

function refusedByPool({ name }: LivePool, subject: AccessSubject): Rejected {
  return { kind: 'reject', reason: 'pool-exhausted', detail: `the address pool ${name} has no address left`, subject }
}

/** As authorization.ts will give it. */
function marksOf({ plan, used }: AccessSubject, garden: GardenReason | undefined): ClassMarks {
  if (garden !== undefined) return { garden: true, listed: true }
  const slower = isSlowed(plan, used) ? plan.slower : null
  return { garden: false, listed: (slower?.address_list ?? plan.address_list) !== null }
}

type Judge = (subject: AccessSubject | undefined) => {
  readonly decision: AccessDecision
  readonly renewed: LiveLine | undefined
  readonly secret: Secret | undefined
  readonly msChap: MsChapMatch | undefined
}

const noProof = { secret: undefined, msChap: undefined }
const nothingLeased: Leased = { kind: 'given', assigned: undefined }
const nothingToClaim: ClaimResult = { kind: 'won', activation: undefined }

function prove(prover: Prover, proving: Proving, subject: AccessSubject | undefined): ProofResult {
  if (subject?.credential !== undefined) return prover.prove(proving, subject.id, subject.credential)
  // The same work for a name that nobody has.
  prover.pretend(proving)
  return { kind: 'credential-cannot' }
}

/** Between the two statements the subscriber may have become another one. */
function judgeLine(
  subject: AccessSubject | undefined,
  request: AccessRequest,
  identified: Identified,
  now: Date,
): AccessDecision {
  const same = subject?.id === identified.subscriberId && subject.accountType === 'ipoe'
  return same ? decideLine(subject, request, identified, now) : unidentified(request, { kind: 'nobody' })
}

type ClaimOf = Omit<ClaimInput, 'subscriberId' | 'line' | 'nasGroupId'> & { readonly subjectId: bigint }

type Statements = ReturnType<typeof createStatements>

function createStatements({ settings, clock, loadPool, claimPool }: DeciderOptions, lanes: Lanes) {
  const intervalS = (): number => settings().default_interim_interval_s
  const loader = (counting: boolean): Batcher<AccessKey, AccessSubject | undefined> =>
    createBatcher({
      lanes,
      run: (keys) =>
        loadAccess(loadPool, keys, {
          zone: settings().zone,
          now: clock.now(),
          intervalS: counting ? intervalS() : undefined,
        }),
    })
  const loads = loader(false)
  const countingLoads = loader(true)
  const claims = createBatcher({
    lanes,
    // A statement cannot touch the row of a subscriber twice.
    keyOf: (input: ClaimInput) => String(input.subscriberId),
    run: (inputs: ClaimInput[]) =>
      claimAccess(claimPool, inputs, { intervalS: intervalS(), zone: settings().zone }, clock.now()),
  })
  return {
    /** Live lines are counted by the claim; who loses it learns here by how many. */
    load: ({ line, nas }: AccessRequest, username: string, counting: boolean) =>
      (counting ? countingLoads : loads).submit({
        username,
        line,
        nasGroupId: nas.nasGroupId,
        addressSpaceId: nas.addressSpaceId,
      }),
    claim: ({ line, nas: { nasGroupId } }: AccessRequest, { subjectId, ...claim }: ClaimOf) =>
      claims.submit({ ...claim, subscriberId: subjectId, line, nasGroupId }),
    learn: (subscriberId: bigint, mac: string) => takeLearnWindow(claimPool, { subscriberId, mac }, clock.now()),
    waiting: () => loads.waiting() + countingLoads.waiting() + claims.waiting(),
    async close() {
      await loads.close()
      await countingLoads.close()
      await claims.close()
    },
  }
}
