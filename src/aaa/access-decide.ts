// From a request to a decision: load (batched), prove, decide, and claim what an accept has to write (batched). Two logins
// that want the last place meet in the claim; who loses looks again. An IPoE line is identified first (access-identify.ts)
// and proves nothing.

import type { Pool } from '../db/pool.ts'
import type { AccessKey } from '../domain/access.ts'
import { claimAccess } from '../domain/access-claim.ts'
import type { ClaimInput, ClaimResult } from '../domain/access-claim.ts'
import { lostClaim, unidentified } from '../domain/access-decision.ts'
import type { AccessRequest, AccessSubject } from '../domain/access-subject.ts'
import type { LivePool } from '../domain/ip-pool/live.ts'
import { takeLearnWindow } from '../domain/learn-window.ts'
import { newClassId } from '../domain/session-class.ts'
import { askThrough, createStage, goOn } from './access-hedge.ts'
import type { Asking } from './access-hedge.ts'
import { createIdentifier } from './access-identify.ts'
import { judgeLine, judgeLogin, marksOf } from './access-judge.ts'
import type { Accepted, Judge, Rejected } from './access-judge.ts'
import { createLeases } from './access-lease.ts'
import type { Leased, LeaseOptions, Leases } from './access-lease.ts'
import { createSubjectLoader } from './access-load.ts'
import type { LoaderOptions } from './access-load.ts'
import { createBatcher, createLanes } from './batch.ts'
import type { Batcher, Lanes } from './batch.ts'
import { BatchStaleError, staleBy } from './batch-stale.ts'
import type { Patient } from './batch-stale.ts'
import type { Prover, Proving } from './password-proof.ts'

export type Decider = {
  /**
   * Rejects (throws) where the database or a stored secret fails: a fault, never a decision. `asking`: what it waits for, and
   * whether the login was answered meanwhile; it then rejects, and begins nothing more.
   */
  logIn(request: AccessRequest, proving: Proving, asking?: Asking): Promise<Accepted | Rejected>
  /** The same for an IPoE line. */
  admitLine(request: AccessRequest, asking?: Asking): Promise<Accepted | Rejected>
  /** The pools of ours that an accepted login needs addresses of. */
  poolsFor: Leases['needed']
  /** Requests that wait for a statement. */
  waiting(): number
  close(): Promise<void>
}

/** `claimPool` writes claims; with relaxed durability. */
export type DeciderOptions = LeaseOptions & {
  /** Statements in flight at once. */
  readonly lanes: number
  /** Reads logins. */
  readonly loadPool: Pool
  readonly metrics: LoaderOptions['metrics']
  /** Has what was last known, where that is held. */
  readonly fallback?: { readonly snapshot: NonNullable<LoaderOptions['memory']> } | undefined
}

/** Who loses a place so often, each time to another login, is refused. */
const maximumAttempts = 4

/** Makes the decider of a process. `warn` is told of what could not be done beside the logins. */
export function createDecider(
  options: DeciderOptions,
  prover: Prover,
  warn: (message: string, error: unknown) => void,
): Decider {
  const { clock } = options
  // Reading and claiming take turns: while one is on its way the other gathers.
  const shared = createLanes(options.lanes)
  const identifier = createIdentifier(options, shared, (error) =>
    warn('a renewal could not be noted as a sign of life', error),
  )
  const statements = createStatements(options, shared)
  const leases = createLeases(options, shared, warn)

  const settle = createSettling(statements, leases)

  return {
    logIn: (request, proving, asking) =>
      settle(
        request,
        request.username,
        (subject) => judgeLogin(prover, proving, subject, request, clock.now()),
        asking,
      ),
    async admitLine(request, asking) {
      goOn(asking, identifier.stage)
      const identity = await identifier.identify(request, asking)
      if (identity.kind !== 'found') return { ...unidentified(request, identity), subject: undefined }
      const { username, live } = identity
      const judge: Judge = (subject) => judgeLine(subject, request, identity, clock.now())
      const outcome = await settle(request, username, judge, asking)
      if (outcome.kind === 'accept' && asking?.isOver !== true) identifier.noteSignOfLife(live)
      return { ...outcome, username }
    },
    poolsFor: leases.needed,
    waiting: () => identifier.waiting() + statements.waiting() + leases.waiting(),
    async close() {
      await identifier.close()
      await statements.close()
      await leases.close()
    },
  }
}

/** Loads, judges and claims until a decision stands. Before each statement it is asked whether the login still waits for it. */
function createSettling(statements: Statements, leases: Leases) {
  return async (
    request: AccessRequest,
    username: string,
    judge: Judge,
    asking: Asking | undefined,
  ): Promise<Accepted | Rejected> => {
    for (let attempt = 1; ; attempt++) {
      goOn(asking, statements.stages.load)
      const subject = await statements.load(request, username, attempt > 1, asking)
      const { decision, ...found } = judge(subject)
      if (decision.kind === 'reject') return { ...decision, subject }
      if (subject === undefined) throw new TypeError('an accept without a subject')
      const { garden, claim, learnInWindow } = decision
      const classId = found.renewed?.classId ?? newClassId(marksOf(subject, garden))
      const asker = { subject, garden, renewed: found.renewed, classId }
      const pools = leases.needed(request, asker)
      // A first login takes its address before its service period begins, every other one when it has its place among the lines:
      // so neither a period nor an address is spent on a login that is refused.
      const early = claim?.activate === true ? await leases.take(request, asker, pools, asking) : undefined
      if (early?.kind === 'exhausted') return refusedByPool(early.pool, subject)
      goOn(asking, statements.stages.claim)
      const claimed =
        claim === undefined
          ? nothingToClaim
          : await statements.claim(request, { ...claim, subjectId: subject.id, classId }, asking)
      // Somebody else was quicker: what is true now decides.
      if (claim !== undefined && claimed.kind === 'lost') {
        if (attempt === maximumAttempts) return { ...lostClaim(claim, claimed.what), subject }
        continue
      }
      if (learnInWindow !== undefined && !(await statements.learn(request, subject.id, learnInWindow, asking))) {
        if (attempt < maximumAttempts) continue
        return { kind: 'reject', reason: 'mac-not-bound', detail: 'another MAC took the open window', subject }
      }
      const leased = early ?? (pools.length === 0 ? nothingLeased : await leases.take(request, asker, pools, asking))
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

const nothingLeased: Leased = { kind: 'given', assigned: undefined }
const nothingToClaim: ClaimResult = { kind: 'won', activation: undefined }

type ClaimOf = Omit<ClaimInput, 'subscriberId' | 'line' | 'nasGroupId'> & { readonly subjectId: bigint }

type Statements = ReturnType<typeof createStatements>

function createStatements(options: DeciderOptions, lanes: Lanes) {
  const { settings, clock, loadPool, claimPool, hedge, metrics } = options
  const load = createSubjectLoader({ pool: loadPool, memory: options.fallback?.snapshot, metrics })
  const intervalS = (): number => settings().default_interim_interval_s
  const stages = { load: createStage(), claim: createStage() }
  const isStale = staleBy(clock)
  const loader = (counting: boolean): Batcher<AccessKey & Patient, AccessSubject | undefined> =>
    createBatcher<AccessKey & Patient, AccessSubject | undefined>({
      lanes,
      isStale,
      run: (keys) =>
        askThrough(hedge, stages.load, () =>
          load(keys, {
            zone: settings().zone,
            now: clock.now(),
            intervalS: counting ? intervalS() : undefined,
          }),
        ),
    })
  const loads = loader(false)
  const countingLoads = loader(true)
  const claims = createBatcher<ClaimInput & Patient, ClaimResult>({
    lanes,
    // A statement cannot touch the row of a subscriber twice.
    keyOf: (input) => String(input.subscriberId),
    isStale,
    run: (inputs) =>
      askThrough(hedge, stages.claim, () =>
        claimAccess(claimPool, inputs, { intervalS: intervalS(), zone: settings().zone }, clock.now()),
      ),
  })
  return {
    stages,
    /** Live lines are counted by the claim; who loses it learns here by how many. */
    load: ({ line, nas, untilMs }: AccessRequest, username: string, counting: boolean, asking?: Asking) =>
      (counting ? countingLoads : loads).submit({
        username,
        line,
        nasGroupId: nas.nasGroupId,
        addressSpaceId: nas.addressSpaceId,
        untilMs,
        asking,
      }),
    claim: ({ line, nas: { nasGroupId }, untilMs }: AccessRequest, { subjectId, ...claim }: ClaimOf, asking?: Asking) =>
      claims.submit({ ...claim, subscriberId: subjectId, line, nasGroupId, untilMs, asking }),
    learn({ untilMs }: AccessRequest, subscriberId: bigint, mac: string, asking?: Asking): Promise<boolean> {
      if (isStale({ untilMs, asking })) throw new BatchStaleError('nobody waits for it any more')
      return takeLearnWindow(claimPool, { subscriberId, mac }, clock.now())
    },
    waiting: () => loads.waiting() + countingLoads.waiting() + claims.waiting(),
    async close() {
      await loads.close()
      await countingLoads.close()
      await claims.close()
    },
  }
}
