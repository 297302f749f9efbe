// What the books hold of a person: money, periods of service, what bulk runs did. The ledger and the periods stay as they are, by
// the time that the law gives them; their rows name the subscriber by its id only.

import { sql } from 'kysely'
import { personIds } from './personal-place.ts'
import type { PersonalPlace } from './personal-place.ts'

/** Money, periods and bulk runs. */
export const personalBooks: readonly PersonalPlace[] = [
  {
    table: 'ledger_transaction',
    tell: async (db, person) =>
      (
        await sql`
          select ledger_transaction.id, ledger_transaction.at, ledger_transaction.kind, ledger_transaction.amount_minor,
            ledger_transaction.currency, ledger_transaction.external_reference, ledger_transaction.note,
            ledger_transaction.reason
          from ledger_transaction
          where ledger_transaction.subscriber_id = ${person.id} or ledger_transaction.payer_id = ${person.payerId}
          order by ledger_transaction.id`.execute(db)
      ).rows,
  },
  {
    table: 'renewal',
    tell: async (db, person) =>
      (
        await sql`
          select renewal.at, renewal.kind, renewal.periods, renewal.amount_minor, renewal.currency, renewal.reverted_at
          from renewal where renewal.subscriber_id = ${person.id} order by renewal.id`.execute(db)
      ).rows,
  },
  {
    table: 'service_period',
    tell: async (db, person) =>
      (
        await sql`
          select service_period.number, service_period.starts_at, service_period.ends_at, service_period.void_at,
            plan.name as plan
          from service_period join plan on plan.id = service_period.plan_id
          where service_period.subscriber_id = ${person.id} order by service_period.id`.execute(db)
      ).rows,
  },
  // Why a line did not renew, in our words.
  { table: 'renewal_failure' },
  // Likewise of the other jobs.
  { table: 'job_failure' },
  {
    // What an undo would bring back: a block's reason, MACs, addresses.
    table: 'bulk_item',
    forget: async (db, persons) => {
      await sql`
        update bulk_item set reason = null, detail = null, revealed = null, undo = null, call = null
        where subscriber_id = any(${personIds(persons)}::bigint[])`.execute(db)
    },
  },
]
