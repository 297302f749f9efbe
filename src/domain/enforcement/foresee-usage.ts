// Foresees when plans that count will give something else, from what a look at entitlements has read, and asks for the counters of
// the sessions on their routers when that moment has come. Only of sessions on routers that we may enter; others wait for their interim.

import { sql } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { arrayLiteral } from '../../db/array-literal.ts'
import { nextThreshold } from '../plan/next-change.ts'
import { unknownIntervalS } from '../session.ts'
import { askReadings, type Reading } from './ask-readings.ts'
import type { Watched } from './entitlement-state.ts'
import * as foresight from './foresight.ts'

/** `remembered`: by the last look; null: nothing. */
export type Foreseeable = Watched & { readonly remembered: foresight.Remembered | null }

/** What is not asked because its router has enough to do is tried again so much later. */
const againMs = 10_000

type Row = {
  sessionId: bigint
  subscriberId: bigint
  nasId: bigint
  sessionTime: bigint
  down: bigint
  up: bigint
  heardAt: Date
  intervalS: number
}

/** Of one subscriber. `at`: when routers are to be asked; `asks`: which, now. */
type Outlook = {
  readonly subscriberId: bigint
  readonly remembered: foresight.Remembered | null
  readonly at: Date | undefined
  readonly asks: readonly Reading[]
}

/** Writes what is foreseen of these subscribers beside their watch, and asks where it is time. Returns how many readings were asked for. */
export async function foreseeUsage(
  trx: Db,
  watched: readonly Foreseeable[],
  { pool, zone }: { pool: Pool; zone: string },
  now: Date,
): Promise<number> {
  const counting = watched.filter((one) => one.isInService && nextThreshold(one.plan, one.used) !== undefined)
  // Only of those that count: others have no session here.
  const sessions = await loadCounted(pool, counting)
  const outlooks = watched.flatMap((one): Outlook[] => {
    const counted = sessions.get(one.subscriberId) ?? []
    if (counted.length > 0) return [lookAhead(one, counted, { zone, now })]
    const nothing = { subscriberId: one.subscriberId, remembered: null, at: undefined, asks: [] }
    return one.remembered === null ? [] : [nothing]
  })
  const wanted = outlooks.flatMap(({ asks }) => asks)
  const asked = await askReadings(trx, wanted, now)
  await write(trx, outlooks, asked, now)
  return asked.size
}

/** The sessions whose counters a router would tell: those with an interface or a row of their own. */
async function loadCounted(
  pool: Pool,
  watched: readonly Watched[],
): Promise<ReadonlyMap<bigint, readonly foresight.Counted[]>> {
  if (watched.length === 0) return new Map()
  const { rows } = await pool.query<Row>({
    name: 'load-counted',
    text: `select session.id as "sessionId", session.subscriber_id as "subscriberId", session.nas_id as "nasId",
        session.session_time as "sessionTime", session.output_octets as down, session.input_octets as up,
        session.event_at as "heardAt",
        coalesce(session.interim_interval_s, nas.observed_interval_s, ${unknownIntervalS}) as "intervalS"
      from session join nas_router on nas_router.nas_id = session.nas_id join nas on nas.id = session.nas_id
        join subscriber on subscriber.id = session.subscriber_id
      where session.subscriber_id = any($1::bigint[]) and session.ended_at is null and session.service is null
        and nas.vendor = 'mikrotik' and subscriber.account_type <> 'ipoe'
      order by session.id`,
    values: [arrayLiteral(watched.map(({ subscriberId }) => subscriberId))],
  })
  const counted = rows.map((row) => ({ ...row, sessionTime: Number(row.sessionTime) }))
  return Map.groupBy(counted, ({ subscriberId }) => subscriberId)
}

function lookAhead(
  one: Foreseeable,
  counted: readonly foresight.Counted[],
  { zone, now }: { zone: string; now: Date },
): Outlook {
  const { asks, paceBefore } = foresight.recall(one.remembered)
  const lines = counted.map((session) => ({
    counted: session,
    pace: foresight.paceOf(paceBefore(session.sessionId), session),
  }))
  const intervalS = Math.min(...counted.map((session) => session.intervalS))
  const seen = foresight.foresee(one.plan, one.used, lines, { zone, now })
  const soonest = foresight.notBefore(asks, intervalS, now)
  const { subscriberId } = one
  const kept = { subscriberId, remembered: foresight.remember(asks, lines), asks: [] }
  if (seen === undefined || soonest === undefined) return { ...kept, at: undefined }
  const at = seen.at > soonest ? seen.at : soonest
  if (at > now) return { ...kept, at }
  return {
    subscriberId,
    remembered: foresight.remember(foresight.countAsk(asks, intervalS, now), lines),
    at: undefined,
    asks: lines
      .filter(({ pace }) => pace[seen.way].perS > 0)
      .map((line) => ({ sessionId: line.counted.sessionId, nasId: line.counted.nasId, way: seen.way })),
  }
}

async function write(trx: Db, outlooks: readonly Outlook[], asked: ReadonlySet<bigint>, now: Date): Promise<void> {
  if (outlooks.length === 0) return
  const again = new Date(now.getTime() + againMs)
  const at = ({ asks, at: planned }: Outlook): Date | undefined =>
    asks.some(({ sessionId }) => !asked.has(sessionId)) ? again : planned
  await sql`
    update entitlement_watch watch set foresight = seen.foresight, foreseen_at = seen.foreseen_at
    from unnest(${outlooks.map(({ subscriberId }) => subscriberId)}::bigint[],
      ${outlooks.map(({ remembered }) => (remembered === null ? null : JSON.stringify(remembered)))}::jsonb[],
      ${outlooks.map((outlook) => at(outlook)?.toISOString() ?? null)}::timestamptz[])
      as seen (subscriber_id, foresight, foreseen_at)
    where watch.subscriber_id = seen.subscriber_id`.execute(trx)
}
