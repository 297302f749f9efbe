// The double-entry ledger: every movement of money is one transaction whose entries sum to zero, appended and never changed,
// with the balance moved in the same statement. Nothing else writes balances.

import { sql } from 'kysely'
import type { LedgerEntryTable, LedgerTransactionTable } from '../../db/schema-money.ts'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { ConflictError } from '../field.ts'
import type { LockedAccount } from './account.ts'
import { largestBalance } from './amount.ts'

export type LedgerKind = LedgerTransactionTable['kind']

/** A movement upon an account that the caller has locked. Amounts in minor units, positive in favour of the account. */
export type Posting = {
  account: LockedAccount
  kind: LedgerKind
  amountMinor: bigint
  /** The other side. */
  against: Exclude<LedgerEntryTable['account'], 'payer' | 'wallet'>
  subscriberId?: bigint | undefined
  /** The system that the reference is of. */
  source?: string | undefined
  externalReference?: string | undefined
  note?: string | undefined
  reason?: string | undefined
  reversesId?: bigint | undefined
  refundsId?: bigint | undefined
  period?: { startsAt: Date; endsAt: Date | null } | undefined
}

/** `known`: there is a transaction of this kind with the same external reference already; nothing was done. */
export type Posted = { kind: 'posted'; id: bigint; balanceMinor: bigint } | { kind: 'known'; id: bigint }

/**
 * Appends one transaction with its two entries and moves the balance. Call it inside the deed's transaction. Throws
 * ConflictError where the balance would leave its bounds.
 */
export async function post(db: Db, posting: Posting, by: Author, now: Date): Promise<Posted> {
  const { account, amountMinor } = posting
  const balanceMinor = account.balanceMinor + amountMinor
  if (balanceMinor > largestBalance || balanceMinor < -largestBalance) {
    throw new ConflictError('amount', 'would take the balance out of its bounds')
  }
  const payerId = account.kind === 'payer' ? account.id : null
  const walletId = account.kind === 'wallet' ? account.id : null
  const moved =
    account.kind === 'payer'
      ? sql`update payer set balance_minor = payer.balance_minor + made.amount_minor from made where payer.id = ${payerId}`
      : sql`update wallet set balance_minor = wallet.balance_minor + made.amount_minor from made
          where wallet.organisation_id = ${walletId}`
  const { rows } = await sql<{ id: bigint }>`
    with made as (
      insert into ledger_transaction (at, kind, owner_id, payer_id, organisation_id, subscriber_id, currency, amount_minor,
        balance_after_minor, source, external_reference, note, reason, reverses_id, refunds_id, period_starts_at,
        period_ends_at, author_kind, operator_id, author_name)
      values (${now}, ${posting.kind}, ${account.ownerId}, ${payerId}, ${walletId}, ${posting.subscriberId ?? null},
        ${account.currency}, ${amountMinor}, ${balanceMinor}, ${posting.source ?? ''}, ${posting.externalReference ?? null},
        ${posting.note ?? null}, ${posting.reason ?? null}, ${posting.reversesId ?? null}, ${posting.refundsId ?? null},
        ${posting.period?.startsAt ?? null}, ${posting.period?.endsAt ?? null}, ${by.kind}, ${by.operatorId}, ${by.name})
      on conflict (owner_id, kind, source, external_reference) where external_reference is not null do nothing
      returning id, amount_minor
    ), entries as (
      insert into ledger_entry (transaction_id, account, payer_id, organisation_id, amount_minor)
      select made.id, ${account.kind}, ${payerId}::bigint, ${walletId}::bigint, made.amount_minor from made
      union all
      select made.id, ${posting.against}, null, null, -made.amount_minor from made
    ), moved as (${moved})
    select made.id from made`.execute(db)
  const made = rows[0]
  if (made !== undefined) return { kind: 'posted', id: made.id, balanceMinor }
  return { kind: 'known', id: await idOfReference(db, posting) }
}

async function idOfReference(db: Db, posting: Posting): Promise<bigint> {
  const { id } = await db
    .selectFrom('ledger_transaction')
    .select('id')
    .where('owner_id', '=', posting.account.ownerId)
    .where('kind', '=', posting.kind)
    .where('source', '=', posting.source ?? '')
    .where('external_reference', '=', posting.externalReference ?? '')
    .executeTakeFirstOrThrow()
  return id
}

export type OpeningBalance = { payerId: bigint; balanceMinor: bigint }

/**
 * Takes over balances from elsewhere, such as an import's: posts the difference to what each payer has. Payers must be in
 * reach of whoever asks. Returns how many had another balance.
 */
export async function openBalances(db: Db, wanted: readonly OpeningBalance[], by: Author, now: Date): Promise<number> {
  const { rows } = await sql<{ id: bigint }>`
    with payers as materialized (
      select payer.id, payer.owner_id, payer.currency, payer.balance_minor from payer
      where payer.id = any(${wanted.map((row) => row.payerId)}::bigint[])
      order by payer.id for no key update
    ), made as (
      insert into ledger_transaction (at, kind, owner_id, payer_id, currency, amount_minor, balance_after_minor, author_kind,
        operator_id, author_name)
      select ${now}, 'opening', payers.owner_id, payers.id, payers.currency, wanted.balance - payers.balance_minor,
        wanted.balance, ${by.kind}, ${by.operatorId}, ${by.name}
      from unnest(${wanted.map((row) => row.payerId)}::bigint[], ${wanted.map((row) => row.balanceMinor)}::bigint[])
        as wanted (payer_id, balance)
      join payers on payers.id = wanted.payer_id
      where wanted.balance <> payers.balance_minor
      returning id, payer_id, amount_minor, balance_after_minor
    ), entries as (
      insert into ledger_entry (transaction_id, account, payer_id, amount_minor)
      select made.id, 'payer', made.payer_id, made.amount_minor from made
      union all
      select made.id, 'opening', null, -made.amount_minor from made
    )
    update payer set balance_minor = made.balance_after_minor from made where payer.id = made.payer_id
    returning payer.id`.execute(db)
  return rows.length
}

/** Payers and wallets whose balance is not the sum of their entries: there should be none, ever. At most 100. */
export async function wrongBalances(db: Db): Promise<{ account: string; id: bigint; differenceMinor: bigint }[]> {
  const { rows } = await sql<{ account: string; id: bigint; difference: bigint }>`
    select 'payer' as account, payer.id, payer.balance_minor - coalesce(entries.amount, 0)::bigint as difference
    from payer left join (
      select ledger_entry.payer_id, sum(ledger_entry.amount_minor) as amount from ledger_entry
      where ledger_entry.payer_id is not null group by 1
    ) as entries on entries.payer_id = payer.id
    where payer.balance_minor <> coalesce(entries.amount, 0)
    union all
    select 'wallet', wallet.organisation_id, wallet.balance_minor - coalesce(entries.amount, 0)::bigint
    from wallet left join (
      select ledger_entry.organisation_id, sum(ledger_entry.amount_minor) as amount from ledger_entry
      where ledger_entry.organisation_id is not null group by 1
    ) as entries on entries.organisation_id = wallet.organisation_id
    where wallet.balance_minor <> coalesce(entries.amount, 0)
    limit 100`.execute(db)
  return rows.map(({ difference, ...row }) => ({ ...row, differenceMinor: difference }))
}
