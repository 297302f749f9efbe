// Status-Server (RFC 5997): the health signal of a RADIUS server. It answers only while the service can serve, so that a
// NAS prefers its other server when ours cannot; it authenticates nobody and records nothing.
import type { Pool } from '../db/pool.ts'
import { codes, type Code } from '../radius/codes.ts'

/** A verdict on health is kept this long: a flood of Status-Server must not become a flood of queries (R37). */
const keptMs = 250
/** Whoever asks waits no longer than a login would for Postgres. */
const deadlineMs = 250

type Kind = 'authentication' | 'accounting'

export type Health = {
  /** Whether this kind of request is served now, be it without Postgres. */
  canServe(kind: Kind): Promise<boolean>
}

/** What serves while Postgres does not answer. */
export type Spare = {
  /** Nobody asks Postgres at present. */
  isAway(): boolean
  /** Whether this kind of request is served, and Status-Server is to say so. */
  canServe(kind: Kind): boolean
}

/** Asks the database whether it answers, at most four times a second; concurrent callers share one question. */
export function createHealth(pool: Pool, monotonicMs: () => number, spare?: Spare): Health {
  let asked = -Infinity
  let answer: Promise<boolean> = Promise.resolve(false)
  const isThere = (): Promise<boolean> => {
    if (monotonicMs() - asked >= keptMs) {
      asked = monotonicMs()
      const answered = pool.query('select 1').then(
        () => true,
        () => false,
      )
      answer = spare === undefined ? answered : orLate(answered)
    }
    return answer
  }
  return {
    async canServe(kind) {
      if (spare === undefined) return isThere()
      return (!spare.isAway() && (await isThere())) || spare.canServe(kind)
    },
  }
}

/** False where there is no answer in time. */
async function orLate(answered: Promise<boolean>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), deadlineMs)
  const isThere = await Promise.race([answered, late])
  clearTimeout(timer)
  return isThere
}

/** The code that answers Status-Server on this kind of port; undefined = silence. RFC 5997 §3. */
export async function answerStatusServer(health: Health, kind: Kind): Promise<Code | undefined> {
  if (!(await health.canServe(kind))) return undefined
  return kind === 'authentication' ? codes.accessAccept : codes.accountingResponse
}
