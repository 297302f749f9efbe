// Sessions that began as nobody's, in the walled garden for the unknown (unknown-garden.ts), and whose subscriber is there by now:
// made, renamed, or its line attached. They are disconnected, so that the redial gets what it is entitled to.

import { arrayLiteral } from '../db/array-literal.ts'
import { createKysely } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'
import type { Database } from '../db/schema.ts'
import { orderSessions } from './enforcement/order-sessions.ts'
import { identifyLines } from './identify.ts'
import type { IdentityKind } from './line.ts'
import { loadLiveSessions } from './live-session.ts'

const reason = 'known now'
/** Looked at in one go. */
const chunk = 500
/**
 * A subscriber's garden sessions are ended so often at most: a line that is nobody's may use a name that is somebody's, and
 * would come back into the garden each time.
 */
const oncePer = `interval '1 hour'`

type Row = { id: bigint; nas_group_id: bigint; identity_order: IdentityKind[]; subscriber_id: bigint | null }
type Found = { sessionId: bigint; subscriberId: bigint }

/**
 * Orders a Disconnect for each open garden session whose username or line is a subscriber's now, and gives how many. `intervalS`
 * is the interim interval of sessions that have none of their own. Twice is as once.
 */
export async function disconnectKnown(pool: Pool, intervalS: number, now: Date): Promise<number> {
  let ordered = 0
  for (let after = 0n; ;) {
    const rows = await gardenSessions(pool, after)
    const last = rows.at(-1)
    if (last === undefined) return ordered
    const named = rows.flatMap(({ id, subscriber_id: subscriberId }) =>
      subscriberId === null ? [] : [{ sessionId: id, subscriberId }],
    )
    const lines = rows.filter((row) => row.subscriber_id === null)
    ordered += await order(pool, [...named, ...(await ownersOf(pool, lines, intervalS, now))], now)
    after = last.id
  }
}

/** Open sessions of our Class that are nobody's, with the PPPoE subscriber of their name where there is one. */
async function gardenSessions(pool: Pool, after: bigint): Promise<Row[]> {
  const { rows } = await pool.query<Row>({
    name: 'garden-sessions',
    text: `select session.id, session.nas_group_id, nas_group.identity_order, subscriber.id as subscriber_id
      from session join nas_group on nas_group.id = session.nas_group_id
      left join subscriber on subscriber.username = session.username and subscriber.username_reserved
        and subscriber.account_type = 'pppoe' and subscriber.archived_at is null
      where session.subscriber_id is null and session.ended_at is null and session.service is null
        and session.class_id is not null and session.id > $1
      order by session.id limit ${chunk}`,
    values: [after],
  })
  return rows
}

async function ownersOf(pool: Pool, rows: readonly Row[], intervalS: number, now: Date): Promise<Found[]> {
  if (rows.length === 0) return []
  const sessions = await loadLiveSessions(
    pool,
    rows.map(({ id }) => id),
  )
  const open = rows.filter(({ id }) => sessions.has(id))
  const keys = open.map(({ id, nas_group_id: nasGroupId, identity_order: identityOrder }) => {
    const { facts, line } = sessions.get(id)!
    return { facts, line, order: identityOrder, nasGroupId }
  })
  const owners = await identifyLines(pool, keys, intervalS, now)
  return owners.flatMap((owner, at) =>
    owner.kind === 'found' ? [{ sessionId: open[at]!.id, subscriberId: owner.subscriberId }] : [],
  )
}

async function order(pool: Pool, found: readonly Found[], now: Date): Promise<number> {
  if (found.length === 0) return 0
  const { rows } = await pool.query<Found>(
    `select found.session_id as "sessionId", found.subscriber_id as "subscriberId"
     from unnest($1::bigint[], $2::bigint[]) as found (session_id, subscriber_id)
     where not exists (select from coa_order past where past.subscriber_id = found.subscriber_id and past.reason = $3
       and past.created_at > $4::timestamptz - ${oncePer})`,
    [
      arrayLiteral(found.map(({ sessionId }) => sessionId)),
      arrayLiteral(found.map(({ subscriberId }) => subscriberId)),
      reason,
      now,
    ],
  )
  const wishes = rows.map((row) => ({ ...row, wish: 'disconnect', reason }) as const)
  return orderSessions(createKysely<Database>(pool), wishes, now)
}
