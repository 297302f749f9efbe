// Thousands of IPoE lines and their leases, put into the database by a few statements, and work on them in a closed loop.
import type { Pool } from '../../src/db/pool.ts'
import type { Dial } from '../../src/simulator/nas-session.ts'

/** The MAC of the line with this number, as `addLines` gives it. */
export function lineMac(index: number): string {
  const hex = index.toString(16).padStart(8, '0')
  return `02:5a:${hex.match(/../g)!.join(':')}`
}

/** How the line with this number asks for its lease. */
export function lineDial(index: number): Dial {
  return { username: `line${index}`, password: '', method: 'pap', mac: lineMac(index) }
}

/** Adds subscribers `line0` and on, active, each with the MAC of its number, all of one payer. */
export async function addLines(pool: Pool, count: number, plan = 'Home50'): Promise<void> {
  await pool.query(
    `with payer as (
       insert into payer (owner_id, name) select id, 'many lines' from organisation order by id limit 1 returning id, owner_id
     ), line as (
       insert into subscriber (owner_id, payer_id, plan_id, username, account_type, activated_at)
       select payer.owner_id, payer.id, plan.id, 'line' || n, 'ipoe', now()
       from payer, plan, generate_series(0, $1::integer - 1) as n where plan.name = $2
       returning id, username
     )
     insert into device (subscriber_id, mac, bound)
     select id, ('025a' || lpad(to_hex(substr(username, 5)::integer), 8, '0'))::macaddr, true from line`,
    [count, plan],
  )
  await pool.query('analyze subscriber, device')
}

/**
 * Opens a session for each of these lines, as if all had come online an hour ago through this NAS: the numbers of the lines
 * are those of its sessions, and `firstAddress` is what the first one has. Their last sign of life is some minutes old.
 */
export async function addLeases(
  pool: Pool,
  input: { nas: string; count: number; firstAddress: string },
): Promise<void> {
  await pool.query(
    `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, class_id, nas_group_id, address_space_id,
       line, leg, mac, interface, framed_ip, started_at, start_seen, event_at, updated_at)
     select nas.id, to_hex(2177892352 + n), 0, s.id, device.mac::text, 1000000 + n, g.id, g.address_space_id,
       'mac:' || device.mac, 'v4', device.mac, 'vlan100', $3::inet + n, now() - interval '1 hour', true, now(), now() - interval '250 seconds'
     from nas join nas_group g on g.id = nas.nas_group_id, generate_series(0, $2::integer - 1) as n
     join subscriber s on s.username = 'line' || n join device on device.subscriber_id = s.id
     where nas.name = $1`,
    [input.nas, input.count, input.firstAddress],
  )
  await pool.query('analyze session')
}

/** Runs `work` for every item, at most `width` at once, in order; the results in the order of the items. */
export async function inWindow<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const run = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index]!, index)
    }
  }
  await Promise.all(Array.from({ length: width }, run))
  return results
}

/** How often each value is there. */
export function tally<Value extends string>(values: readonly Value[]): Partial<Record<Value, number>> {
  const counts: Partial<Record<Value, number>> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}
