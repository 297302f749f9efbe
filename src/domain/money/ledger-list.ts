// Reading the ledger: of a payer, a subscriber, a wallet or all in reach, newest first, page by page; one transaction; sums of
// a span for statements.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { LedgerTransactionTable } from '../../db/schema-money.ts'
import type { Db } from '../../db/schema.ts'
import { NotFoundError } from '../field.ts'
import { reachableSubscribers } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { payerInScope } from './account.ts'

/** A transaction as it lies in the ledger, with names to show. Amounts in minor units. */
export type LedgerRow = Omit<LedgerTransactionTable, 'id' | 'source'> & {
  id: bigint
  source: string
  /** Of the payer, or of the organisation whose wallet it is. */
  account_name: string
  username: string | null
  reversed_by_id: bigint | null
}

export type LedgerFilter = {
  payerId?: bigint | undefined
  subscriberId?: bigint | undefined
  /** Of the wallet. */
  organisationId?: bigint | undefined
  kinds?: readonly LedgerTransactionTable['kind'][] | undefined
  from?: Date | undefined
  to?: Date | undefined
  externalReference?: string | undefined
}

const columns = sql`ledger_transaction.id, ledger_transaction.at, ledger_transaction.kind, ledger_transaction.owner_id,
  ledger_transaction.payer_id, ledger_transaction.organisation_id, ledger_transaction.subscriber_id,
  ledger_transaction.currency, ledger_transaction.amount_minor, ledger_transaction.balance_after_minor,
  ledger_transaction.source, ledger_transaction.external_reference, ledger_transaction.note, ledger_transaction.reason,
  ledger_transaction.reverses_id, ledger_transaction.refunds_id, ledger_transaction.period_starts_at,
  ledger_transaction.period_ends_at, ledger_transaction.author_kind, ledger_transaction.operator_id,
  ledger_transaction.author_name, coalesce(payer.name, organisation.name) as account_name, subscriber.username,
  (select reversal.id from ledger_transaction reversal where reversal.reverses_id = ledger_transaction.id) as reversed_by_id`
const joins = sql`left join payer on payer.id = ledger_transaction.payer_id
  left join organisation on organisation.id = ledger_transaction.organisation_id
  left join subscriber on subscriber.id = ledger_transaction.subscriber_id`

/** Whether a row of `ledger_transaction` is in reach, with `payer` joined: where its payer is, or its wallet. */
function inScope(scope: Scope): RawBuilder<boolean> {
  if (scope.ownerId === undefined && scope.zones === undefined) return sql<boolean>`true`
  const wallets = scope.ownerId === undefined ? sql`true` : sql`ledger_transaction.organisation_id = ${scope.ownerId}`
  return sql<boolean>`case when ledger_transaction.payer_id is null then ${wallets} else ${payerInScope(scope)} end`
}

/**
 * The transactions of a filter, newest first; `before` is the id where the last page ended. Throws NotFoundError for a payer,
 * subscriber or wallet that is not there or out of reach.
 */
export async function listLedger(
  db: Db,
  filter: LedgerFilter,
  page: { before?: bigint | undefined; limit: number },
  scope: Scope,
): Promise<LedgerRow[]> {
  const whose = await conditionOf(db, filter, scope)
  const { rows } = await sql<LedgerRow>`
    select ${columns} from ledger_transaction ${joins}
    where ${whose} and ${inScope(scope)} and ${spanOf(filter)}
      and ${page.before === undefined ? sql`true` : sql`ledger_transaction.id < ${page.before}`}
    order by ledger_transaction.id desc limit ${page.limit}`.execute(db)
  return rows
}

function spanOf({ from, to, kinds, externalReference }: LedgerFilter): RawBuilder<boolean> {
  const parts = [
    from === undefined ? sql`true` : sql`ledger_transaction.at >= ${from}`,
    to === undefined ? sql`true` : sql`ledger_transaction.at < ${to}`,
    kinds === undefined ? sql`true` : sql`ledger_transaction.kind = any(${kinds}::text[])`,
    externalReference === undefined ? sql`true` : sql`ledger_transaction.external_reference = ${externalReference}`,
  ]
  return sql<boolean>`${sql.join(parts, sql` and `)}`
}

async function conditionOf(db: Db, filter: LedgerFilter, scope: Scope): Promise<RawBuilder<boolean>> {
  const parts: RawBuilder<unknown>[] = [sql`true`]
  if (filter.payerId !== undefined) {
    const { rows } = await sql`
      select from payer where payer.id = ${filter.payerId} and ${payerInScope(scope)}`.execute(db)
    if (rows.length === 0) throw new NotFoundError('payer', String(filter.payerId))
    parts.push(sql`ledger_transaction.payer_id = ${filter.payerId}`)
  }
  if (filter.organisationId !== undefined) {
    if (scope.ownerId !== undefined && scope.ownerId !== filter.organisationId)
      throw new NotFoundError('wallet', String(filter.organisationId))
    parts.push(sql`ledger_transaction.organisation_id = ${filter.organisationId}`)
  }
  if (filter.subscriberId !== undefined) parts.push(await ofSubscriber(db, filter.subscriberId, scope))
  return sql<boolean>`${sql.join(parts, sql` and `)}`
}

/** What concerns a subscriber: also what went in and out of its own payer, which is for nothing else. */
async function ofSubscriber(db: Db, id: bigint, scope: Scope): Promise<RawBuilder<unknown>> {
  if ((await reachableSubscribers(db, scope, [id])).length === 0) throw new NotFoundError('subscriber', String(id))
  return sql`(ledger_transaction.subscriber_id = ${id} or ledger_transaction.payer_id = (
    select payer.id from payer join subscriber on subscriber.payer_id = payer.id
    where subscriber.id = ${id} and payer.kind = 'own'))`
}

/** One transaction. Throws NotFoundError, also for what is out of reach. */
export async function readTransaction(db: Db, id: bigint, scope: Scope): Promise<LedgerRow> {
  const { rows } = await sql<LedgerRow>`
    select ${columns} from ledger_transaction ${joins}
    where ledger_transaction.id = ${id} and ${inScope(scope)}`.execute(db)
  if (rows[0] === undefined) throw new NotFoundError('transaction', String(id))
  return rows[0]
}

/** The two sides of a transaction; amounts in minor units. */
export async function readEntries(db: Db, id: bigint): Promise<{ account: string; amountMinor: bigint }[]> {
  return db
    .selectFrom('ledger_entry')
    .select(['account', 'amount_minor as amountMinor'])
    .where('transaction_id', '=', id)
    .orderBy('account', 'desc')
    .execute()
}

export type Statement = {
  payer: { id: bigint; name: string; address: string | null; currency: string }
  issuer: string
  from: Date
  to: Date
  openingMinor: bigint
  closingMinor: bigint
  /** In the order they were written. */
  rows: LedgerRow[]
  /** There are more than are shown; the closing balance counts them all. */
  isCut: boolean
}

/** Rows of one statement at most. */
const longestStatement = 5_000

/** The statement of a payer over a span, `to` excluded. Throws NotFoundError. */
export async function readStatement(
  db: Db,
  input: { payerId: bigint; from: Date; to: Date },
  scope: Scope,
): Promise<Statement> {
  const { payerId, from, to } = input
  const { rows: found } = await sql<{
    id: bigint
    name: string
    address: string | null
    currency: string
    issuer: string
    opening: bigint
    closing: bigint
  }>`
    select payer.id, payer.name, payer.address, payer.currency, organisation.name as issuer,
      coalesce(sum(moved.amount_minor) filter (where moved.at < ${from}), 0)::bigint as opening,
      coalesce(sum(moved.amount_minor) filter (where moved.at < ${to}), 0)::bigint as closing
    from payer join organisation on organisation.id = payer.owner_id
      left join ledger_transaction moved on moved.payer_id = payer.id
    where payer.id = ${payerId} and ${payerInScope(scope)}
    group by payer.id, organisation.name`.execute(db)
  const head = found[0]
  if (head === undefined) throw new NotFoundError('payer', String(payerId))
  const { rows } = await sql<LedgerRow>`
    select ${columns} from ledger_transaction ${joins}
    where ledger_transaction.payer_id = ${payerId} and ledger_transaction.at >= ${from} and ledger_transaction.at < ${to}
    order by ledger_transaction.at, ledger_transaction.id limit ${longestStatement + 1}`.execute(db)
  const { id, name, address, currency, issuer } = head
  return {
    payer: { id, name, address, currency },
    issuer,
    from,
    to,
    openingMinor: head.opening,
    closingMinor: head.closing,
    rows: rows.slice(0, longestStatement),
    isCut: rows.length > longestStatement,
  }
}
