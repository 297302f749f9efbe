// From credentials to a decision: load (batched), prove, decide, and claim what an accept has to write (batched). Two logins
// that want the last place meet in the claim; who loses looks again.

import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import { loadAccess } from '../domain/access.ts'
import type { AccessKey } from '../domain/access.ts'
import { claimAccess } from '../domain/access-claim.ts'
import type { ClaimInput } from '../domain/access-claim.ts'
import { decideAccess, lostClaim } from '../domain/access-decision.ts'
import type { GardenReason, RejectReason } from '../domain/access-decision.ts'
import type { AccessRequest, AccessSubject } from '../domain/access-subject.ts'
import type { Keyring } from '../domain/data-key.ts'
import { newClassId } from '../domain/session-class.ts'
import type { Settings } from '../domain/setting.ts'
import type { Secret } from '../radius/authenticator.ts'
import { createBatcher, createLanes } from './batch.ts'
import type { Batcher } from './batch.ts'
import { createProver } from './password-proof.ts'
import type { MsChapMatch, ProofResult, Proving } from './password-proof.ts'

export type Accepted = {
  readonly kind: 'accept'
  readonly subject: AccessSubject
  readonly garden: GardenReason | undefined
  readonly classId: bigint
  /** The secret under which the password came out right, where that told it. */
  readonly secret: Secret | undefined
  readonly msChap: MsChapMatch | undefined
}

export type Rejected = {
  readonly kind: 'reject'
  readonly reason: RejectReason
  readonly detail: string
  readonly subject: AccessSubject | undefined
}

export type Decider = {
  /** Rejects (throws) where the database or a stored secret fails: a fault, never a decision. */
  decide(request: AccessRequest, proving: Proving): Promise<Accepted | Rejected>
  /** Requests that wait for a statement. */
  waiting(): number
  close(): Promise<void>
}

export type DeciderOptions = {
  readonly keyring: Keyring
  settings(): Settings
  readonly clock: Clock
  /** Statements in flight at once. */
  readonly lanes: number
  /** Reads logins. */
  readonly loadPool: Pool
  /** Writes claims; with relaxed durability. */
  readonly claimPool: Pool
}

/** Who loses a place so often, each time to another login, is refused. */
const maximumAttempts = 4

/** Makes the decider of a process. */
export function createDecider({ keyring, settings, clock, lanes, loadPool, claimPool }: DeciderOptions): Decider {
  const prover = createProver(keyring)
  // Reading and claiming take turns: while one is on its way the other gathers.
  const shared = createLanes(lanes)
  const intervalS = (): number => settings().default_interim_interval_s
  const loader = (counting: boolean): Batcher<AccessKey, AccessSubject | undefined> =>
    createBatcher({
      lanes: shared,
      run: (keys) => loadAccess(loadPool, keys, counting ? { intervalS: intervalS(), now: clock.now() } : undefined),
    })
  const loads = loader(false)
  const countingLoads = loader(true)
  const claims = createBatcher({
    lanes: shared,
    // A statement cannot touch the row of a subscriber twice.
    keyOf: (input: ClaimInput) => String(input.subscriberId),
    run: (inputs: ClaimInput[]) =>
      claimAccess(claimPool, inputs, { intervalS: intervalS(), zone: settings().zone }, clock.now()),
  })
  const prove = (proving: Proving, subject: AccessSubject | undefined): ProofResult => {
    if (subject?.credential !== undefined) return prover.prove(proving, subject.id, subject.credential)
    // The same work for a name that nobody has.
    prover.pretend(proving)
    return { kind: 'credential-cannot' }
  }

  const decide: Decider['decide'] = async (request, proving) => {
    const { username, line, nas } = request
    const { nasGroupId, addressSpaceId } = nas
    for (let attempt = 1; ; attempt++) {
      // Live lines are counted by the claim; who loses it learns here by how many.
      const load = attempt === 1 ? loads : countingLoads
      const subject = await load.submit({ username, line, nasGroupId, addressSpaceId })
      const proof = prove(proving, subject)
      const decision = decideAccess(subject, request, proof.kind, clock.now())
      if (decision.kind === 'reject') return { ...decision, subject }
      if (subject === undefined || proof.kind !== 'match')
        throw new TypeError('an accept without a subject and a proof')
      const { secret, msChap } = proof
      const accepted: Accepted = {
        kind: 'accept',
        subject,
        garden: decision.garden,
        classId: newClassId(),
        secret,
        msChap,
      }
      if (decision.claim === undefined) return accepted
      const { classId } = accepted
      const claimed = await claims.submit({ ...decision.claim, subscriberId: subject.id, line, nasGroupId, classId })
      if (claimed.kind === 'won') return { ...accepted, subject: { ...subject, ...claimed.activation } }
      // Somebody else was quicker: what is true now decides.
      if (attempt === maximumAttempts) return { ...lostClaim(decision.claim, claimed.what), subject }
    }
  }
  return {
    decide,
    waiting: () => loads.waiting() + countingLoads.waiting() + claims.waiting(),
    async close() {
      await loads.close()
      await countingLoads.close()
      await claims.close()
    },
  }
}
