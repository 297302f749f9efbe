// What a NAS refused to do live, as its NAKs said: it is spared further CoA for a day, then one order tries again. An ACK forgets it.

import type { Pool } from '../db/pool.ts'

export type CannotChange = { readonly since: Date; readonly errorCause: number; readonly learntAt: Date }

const sparedMs = 24 * 60 * 60_000

/**
 * Error-Causes of a CoA-NAK that may hold for every change (RFC 5176 §3.5): Unsupported Attribute, which speaks of one that we
 * sent, Unsupported Service, Unsupported Extension, and Administratively Prohibited, which speaks of this session. A NAS that
 * acknowledges other changes means only the one that it refused.
 */
const lasting: ReadonlySet<number> = new Set([401, 405, 406, 501])

/** Whether this NAK of a CoA-Request says that the NAS changes nothing live, unless it changes others. */
export function isLastingRefusal(errorCause: number | undefined): errorCause is number {
  return errorCause !== undefined && lasting.has(errorCause)
}

/** Whether a refusal that was learnt then still counts. */
export function stillSpared({ learntAt }: CannotChange, now: Date): boolean {
  return now.getTime() - learntAt.getTime() < sparedMs
}

/** Remembers the refusal; `since` stays that of the first. */
export async function learnRefusal(
  pool: Pool,
  { nasId, errorCause }: { nasId: bigint; errorCause: number },
  now: Date,
): Promise<void> {
  await pool.query({
    name: 'learn-refusal',
    text: `insert into nas_capability as known (nas_id, cannot_change_since, error_cause, learnt_at)
      select nas.id, $3, $2, $3 from nas where nas.id = $1
      on conflict (nas_id) do update set error_cause = excluded.error_cause,
        learnt_at = greatest(known.learnt_at, excluded.learnt_at)`,
    values: [nasId, errorCause, now],
  })
}

/** A NAS that has changed a session live can. */
export async function forgetRefusal(pool: Pool, nasId: bigint): Promise<void> {
  await pool.query('delete from nas_capability where nas_id = $1', [nasId])
}

/** Takes the one try that is due after a day; false where somebody else has taken it. */
export async function takeTrial(pool: Pool, nasId: bigint, now: Date): Promise<boolean> {
  const { rowCount } = await pool.query(
    'update nas_capability set learnt_at = $2 where nas_id = $1 and learnt_at <= $3',
    [nasId, now, new Date(now.getTime() - sparedMs)],
  )
  return rowCount === 1
}
