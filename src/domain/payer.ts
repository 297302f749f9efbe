// Payers: who pays for one or more subscribers. Until somebody else pays, every subscriber has one of its own, made with it
// and not shown (decision 14).

import type { Db } from '../db/schema.ts'

/** Makes the payer of one subscriber and returns its id. */
export async function makeOwnPayer(
  db: Db,
  input: { ownerId: bigint; name: string; currency: string },
  now: Date,
): Promise<bigint> {
  const row = await db
    .insertInto('payer')
    .values({ owner_id: input.ownerId, name: input.name, currency: input.currency, created_at: now })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}
