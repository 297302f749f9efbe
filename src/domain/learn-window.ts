// "Accept the next MAC on this line": the first unknown MAC inside the window is bound to the subscriber and closes it.

import type { Pool } from '../db/pool.ts'

/**
 * Binds a MAC to a subscriber whose window is open, and closes the window. False where it is not open: it is over, or another
 * MAC was quicker.
 */
export async function takeLearnWindow(
  pool: Pool,
  { subscriberId, mac }: { subscriberId: bigint; mac: string },
  now: Date,
): Promise<boolean> {
  // The update waits for a quicker one and then sees the window closed: of two only one gets the row.
  const { rowCount } = await pool.query({
    name: 'take-learn-window',
    text: `
with closed as (
  update subscriber set learn_mac_until = null, updated_at = $3
  where subscriber.id = $1 and subscriber.learn_mac_until > $3 returning subscriber.id
)
insert into device (subscriber_id, mac, bound, learnt_at) select closed.id, $2::macaddr, true, $3 from closed
on conflict (subscriber_id, mac) do update set bound = true`,
    values: [subscriberId, mac, now],
  })
  return rowCount === 1
}
