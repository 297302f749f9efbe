// The way into a router for whoever has something to read or end there: opened with what is stored for its NAS, at most two at
// once for each router, which has room for a few sessions only, and always closed.

import type { Pool } from '../db/pool.ts'
import type { Keyring } from '../domain/data-key.ts'
import { findRouterAccess } from '../domain/nas-router.ts'
import type { RouterAccess } from '../domain/nas-router.ts'
import { createApiTransport } from '../nas/routeros/api.ts'
import { createRouterControl } from '../nas/routeros/control.ts'
import type { RouterControl } from '../nas/routeros/control.ts'
import { createRestTransport } from '../nas/routeros/rest.ts'
import type { RouterTransport } from '../nas/routeros/transport.ts'

/** Of one router. */
const mostAtOnce = 2

export type RouterParts = {
  readonly pool: Pool
  readonly keyring: Keyring
  /** Lets go of the router: what still waits for it is rejected as closed. */
  readonly signal?: AbortSignal
}

/** `none`: nobody gave us access to the router of this NAS. */
export type RouterUse<T> = { readonly kind: 'none' } | { readonly kind: 'used'; readonly value: T }

/**
 * Lets `use` work on the router of a NAS, after those that wait for the same router. Throws what `use` throws (RouterError
 * among it), and RouterAccessError where the stored access cannot be used.
 */
export async function withRouter<T>(
  parts: RouterParts,
  nasId: bigint,
  now: Date,
  use: (control: RouterControl) => Promise<T>,
): Promise<RouterUse<T>> {
  const access = await findRouterAccess(parts.pool, parts.keyring, nasId, now)
  if (access === undefined) return { kind: 'none' }
  const release = await enter(queueOf(parts.pool, nasId))
  try {
    const control = createRouterControl(openTransport(access))
    return { kind: 'used', value: await useOpen(control, parts.signal, use) }
  } finally {
    release()
  }
}

async function useOpen<T>(
  control: RouterControl,
  signal: AbortSignal | undefined,
  use: (control: RouterControl) => Promise<T>,
): Promise<T> {
  const close = (): void => control.close()
  signal?.addEventListener('abort', close)
  if (signal?.aborted === true) close()
  try {
    return await use(control)
  } finally {
    signal?.removeEventListener('abort', close)
    close()
  }
}

function openTransport({ backend, trust, ...account }: RouterAccess): RouterTransport {
  if (backend === 'api') return createApiTransport({ ...account, trust })
  // The table has no such row; without a pin or a CA the password would go to anybody.
  if (trust === undefined) throw new RangeError('REST is spoken over TLS alone')
  return createRestTransport({ ...account, trust })
}

type Queue = { inside: number; readonly waiting: (() => void)[] }

/** By database and NAS: several databases may be open in one process. */
const queues = new WeakMap<Pool, Map<bigint, Queue>>()

function queueOf(pool: Pool, nasId: bigint): Queue {
  const ofPool = queues.get(pool) ?? new Map<bigint, Queue>()
  queues.set(pool, ofPool)
  const queue = ofPool.get(nasId) ?? { inside: 0, waiting: [] }
  ofPool.set(nasId, queue)
  return queue
}

/** Waits for a place; gives what leaves it again, to whoever has waited longest. */
async function enter(queue: Queue): Promise<() => void> {
  if (queue.inside < mostAtOnce) queue.inside += 1
  else await new Promise<void>((resolve) => queue.waiting.push(resolve))
  return () => {
    const next = queue.waiting.shift()
    if (next === undefined) queue.inside -= 1
    else next()
  }
}
