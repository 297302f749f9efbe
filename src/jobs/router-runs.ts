// Carries out runs on routers: a few at once, each by the function of its kind. What fails is told in the run, in a sentence; a run
// that is under way when the process ends is given back.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import type { Keyring } from '../domain/data-key.ts'
import { RouterAccessError } from '../domain/nas-router.ts'
import { claimRuns, finishRun, keepRuns, releaseRun, routerRunChannel } from '../domain/router-run.ts'
import type { ClaimedRun, RouterRunOutcome } from '../domain/router-run.ts'
import { RouterError } from '../nas/routeros/router-error.ts'
import { routerRunKinds } from './router-run-kinds.ts'
import { CannotRunError, type CarryOutRun, type RouterRunContext } from './router-run.ts'
import type { WorkerDefinition } from './workers.ts'

/** Of one process, on different routers as a rule. */
const mostAtOnce = 8
const leaseMs = 60_000
/** While something is under way: new runs are looked for, and the leases of old ones kept. */
const lookMs = 500
const everyMs = 5_000

type Parts = {
  pool: Pool
  db: Db
  keyring: Keyring
  clock: Clock
  log: RouterRunContext['log']
  radiusPorts?: RouterRunContext['radiusPorts']
  instance: string
}

/** The worker; `kinds` replaces the functions there are. */
export function routerRunWorker(kinds: ReadonlyMap<string, CarryOutRun> = routerRunKinds): WorkerDefinition {
  return {
    name: 'router-runs',
    channel: routerRunChannel,
    everyMs,
    work: async (context, signal) => {
      await runAll(context, kinds, signal)
      return false
    },
  }
}

/** Until nothing is due. While one router is slow, what is asked of others is begun all the same. */
async function runAll(parts: Parts, kinds: ReadonlyMap<string, CarryOutRun>, signal: AbortSignal): Promise<void> {
  const { pool, clock, log, instance } = parts
  const running = new Map<ClaimedRun, Promise<void>>()
  const leaseEnd = (): Date => new Date(clock.now().getTime() + leaseMs)
  let keptAtMs = clock.monotonicMs()
  for (;;) {
    const most = signal.aborted ? 0 : mostAtOnce - running.size
    const claimed = most === 0 ? [] : await claimRuns(pool, { most, instance, until: leaseEnd() }, clock.now())
    for (const run of claimed) {
      const work = runOne(parts, kinds, run, signal)
        .catch((error: unknown) =>
          log.error({ error, run: String(run.id) }, 'the end of a run on a router was not written'),
        )
        .finally(() => running.delete(run))
      running.set(run, work)
    }
    if (running.size === 0) return
    if (clock.monotonicMs() - keptAtMs > leaseMs / 4) {
      await keepRuns(pool, [...running.keys()], leaseEnd())
      keptAtMs = clock.monotonicMs()
    }
    const waiting = new AbortController()
    await Promise.race([
      ...running.values(),
      sleep(lookMs, undefined, { signal: waiting.signal }).catch(() => undefined),
    ])
    waiting.abort()
  }
}

/** Throws only what the database throws when the end of the run is written. */
async function runOne(
  parts: Parts,
  kinds: ReadonlyMap<string, CarryOutRun>,
  run: ClaimedRun,
  signal: AbortSignal,
): Promise<void> {
  const { pool, clock } = parts
  const outcome = await outcomeOf(parts, kinds, run, signal)
  // What was broken off is nobody's failure.
  if (outcome.kind === 'failed' && signal.aborted) await releaseRun(pool, run)
  else await finishRun(pool, run, outcome, clock.now())
}

async function outcomeOf(
  { clock, ...parts }: Parts,
  kinds: ReadonlyMap<string, CarryOutRun>,
  run: ClaimedRun,
  signal: AbortSignal,
): Promise<RouterRunOutcome> {
  const carryOut = kinds.get(run.kind)
  if (carryOut === undefined) return { kind: 'failed', error: `nobody here knows how to carry out ${run.kind}` }
  try {
    const { result, personIds = [] } = await carryOut({ ...parts, now: clock.now(), signal }, run)
    return { kind: 'done', result, personIds }
  } catch (error) {
    const isTold = error instanceof RouterError || error instanceof RouterAccessError || error instanceof CannotRunError
    if (isTold) return { kind: 'failed', error: error.message }
    parts.log.error(
      { error, run: String(run.id), kind: run.kind },
      'a run on a router met an error that nobody foresaw',
    )
    return { kind: 'failed', error: 'something went wrong on our side' }
  }
}
