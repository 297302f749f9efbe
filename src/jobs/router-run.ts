// What carries out a run on a router: a function for each kind (router-run-kinds.ts), what it is given and what it gives.

import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import { findCoaTarget } from '../domain/coa-target.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Nas } from '../domain/nas.ts'
import type { RouterRunParams } from '../domain/router-run.ts'
import type { Logger } from '../log.ts'
import type { RouterControl } from '../nas/routeros/control.ts'
import { withRouter } from './router-access.ts'

/** What a run works with. `signal`: the process ends. */
export type RouterRunContext = {
  readonly pool: Pool
  readonly db: Db
  readonly keyring: Keyring
  readonly now: Date
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly signal: AbortSignal
  /** Where RADIUS listens; absent: at the usual ports. */
  readonly radiusPorts?: RadiusPorts | undefined
}

export type RadiusPorts = { readonly auth: number; readonly acct: number }

/** `result` is JSON; `personIds`: the subscribers of whom it says something. */
export type RouterRunResult = { readonly result: unknown; readonly personIds?: readonly bigint[] }

/** Carries out one run. What it throws fails the run: the sentence of a CannotRunError and of the errors of routers is told. */
export type CarryOutRun = (
  context: RouterRunContext,
  run: { readonly nasId: bigint; readonly params: RouterRunParams },
) => Promise<RouterRunResult>

/** A run that cannot be carried out as things are, and why. */
export class CannotRunError extends Error {
  override readonly name = 'CannotRunError'
}

/** The NAS of a run. Throws CannotRunError where it is not there any more, or is no MikroTik. */
export async function nasOf({ pool, keyring, now }: RouterRunContext, nasId: bigint): Promise<Nas> {
  const nas = (await findCoaTarget(pool, keyring, nasId, now))?.nas
  if (nas === undefined) throw new CannotRunError('there is no such NAS any more')
  if (nas.vendor !== 'mikrotik') throw new CannotRunError(`${nas.name} is no MikroTik: there is no way into others`)
  return nas
}

/** As withRouter. Throws CannotRunError where there is no access. */
export async function onRouter<T>(
  context: RouterRunContext,
  nasId: bigint,
  use: (control: RouterControl) => Promise<T>,
): Promise<T> {
  const used = await withRouter(context, nasId, context.now, use)
  if (used.kind === 'none') throw new CannotRunError('nobody gives us access to this router any more')
  return used.value
}
