// Devices of a subscriber: the MACs it may come online with (bound), and those that were learnt.

import type { Db } from '../db/schema.ts'
import { FieldError, quote } from './field.ts'
import { normaliseMac } from './mac.ts'

/** A MAC in canonical form. Throws FieldError. */
export function checkMac(field: string, text: string): string {
  const mac = normaliseMac(text)
  if (mac === undefined) throw new FieldError(field, `${quote(text)} is not a MAC such as aa:bb:cc:dd:ee:ff`)
  // The group bit: a multicast or broadcast address is never a sender (IEEE 802, 8.2.2).
  if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) throw new FieldError(field, `${quote(text)} is a group address`)
  if (mac === '00:00:00:00:00:00') throw new FieldError(field, 'is the empty MAC')
  return mac
}

/** Binds a MAC: from now on only bound ones may come online. A learnt one becomes bound. */
export async function bindDevice(db: Db, input: { subscriberId: bigint; mac: string }, now: Date): Promise<void> {
  await db
    .insertInto('device')
    .values({ subscriber_id: input.subscriberId, mac: input.mac, bound: true, learnt_at: now })
    .onConflict((conflict) => conflict.columns(['subscriber_id', 'mac']).doUpdateSet({ bound: true }))
    .execute()
}
