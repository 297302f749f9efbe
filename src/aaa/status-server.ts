// Status-Server (RFC 5997): the health signal of a RADIUS server. It answers only while the service can serve, so that a
// NAS prefers its other server when ours cannot; it authenticates nobody and records nothing.
import type { Pool } from '../db/pool.ts'
import { codes, type Code } from '../radius/codes.ts'

/** A verdict on health is kept this long: a flood of Status-Server must not become a flood of queries (R37). */
const keptMs = 250

export type Health = { canServe(): Promise<boolean> }

/** Asks the database whether it answers, at most four times a second; concurrent callers share one question. */
export function createHealth(pool: Pool, monotonicMs: () => number): Health {
  let asked = -Infinity
  let answer: Promise<boolean> = Promise.resolve(false)
  return {
    canServe() {
      if (monotonicMs() - asked >= keptMs) {
        asked = monotonicMs()
        answer = pool.query('select 1').then(
          () => true,
          () => false,
        )
      }
      return answer
    },
  }
}

/** The code that answers Status-Server on this kind of port; undefined = silence. RFC 5997 §3. */
export async function answerStatusServer(
  health: Health,
  kind: 'authentication' | 'accounting',
): Promise<Code | undefined> {
  if (!(await health.canServe())) return undefined
  return kind === 'authentication' ? codes.accessAccept : codes.accountingResponse
}
