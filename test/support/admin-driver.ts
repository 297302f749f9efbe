// An office at work while faults happen: subscribers are added through the API one after another, and of each call it is kept
// whether it was done, refused, or nobody can know.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../src/db/pool.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { sessionCookie } from '../../src/http/auth.ts'
import { clientOf, signIn } from './api.ts'

export type AdminCall = {
  /** Of the subscriber that it was to make. */
  username: string
  /** unknown: no answer, or one that says only that something went wrong. */
  outcome: 'done' | 'refused' | 'unknown'
  /** HTTP status; undefined: no answer. */
  status: number | undefined
  ms: number
}

export type AdminDriver = {
  readonly calls: readonly AdminCall[]
  /** One call. */
  add(): Promise<AdminCall>
  /** Calls, each so long after the last one, until the function given back is called. */
  load(options?: { pauseMs?: number }): () => Promise<void>
}

/** An administrator, signed in on this service. */
export async function openAdminDriver(input: {
  pool: Pool
  url: string
  now: Date
  plan?: string
}): Promise<AdminDriver> {
  const { bearer } = await signIn(createKysely<Database>(input.pool), 'administrator', {}, input.now)
  const client = clientOf(() => input.url, { cookie: `${sessionCookie}=${bearer}` })
  const calls: AdminCall[] = []
  const add = async (): Promise<AdminCall> => {
    const username = `added.${calls.length}.${bearer
      .slice(-6)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, 'x')}`
    const call: AdminCall = { username, outcome: 'unknown', status: undefined, ms: 0 }
    calls.push(call)
    const begun = performance.now()
    try {
      const { status } = await client.post('/subscribers', { username, plan: input.plan ?? 'Home50' })
      call.status = status
      // Also of a 503: where the connection breaks at the commit nobody knows.
      call.outcome = status < 300 ? 'done' : status < 500 ? 'refused' : 'unknown'
    } catch {
      // The connection broke: it may have been done.
    }
    call.ms = performance.now() - begun
    return call
  }
  return {
    calls,
    add,
    load({ pauseMs = 50 } = {}) {
      const over = new AbortController()
      const loop = (async () => {
        while (!over.signal.aborted) {
          await add()
          await sleep(pauseMs)
        }
      })()
      return async () => {
        over.abort()
        await loop
      }
    },
  }
}
