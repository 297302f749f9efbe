// Whose balance money moves: a payer's, or the wallet of a reseller. Whoever moves it holds its row first.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { ForbiddenError } from '../author.ts'
import type { Author } from '../author.ts'
import { NotFoundError } from '../field.ts'
import { everything, ownedInScope, subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'

export type AccountName = { kind: 'payer'; id: bigint } | { kind: 'wallet'; id: bigint }

/** An account whose row is locked until the end of the transaction. `id` of a wallet: its organisation. Minor units. */
export type LockedAccount = AccountName & {
  ownerId: bigint
  currency: string
  balanceMinor: bigint
  creditLimitMinor: bigint
  /** The subscriber whose person the payer is; undefined for companies and wallets. */
  personId: bigint | undefined
}

/** Whether a row of `payer` is in reach: of the organisation, and for a team the payer of one of its subscribers. */
export function payerInScope(scope: Scope): RawBuilder<boolean> {
  const zoned =
    scope.zones === undefined
      ? sql`true`
      : sql`exists (select from subscriber where subscriber.payer_id = payer.id and ${subscriberInScope(scope)})`
  return sql<boolean>`(${ownedInScope(scope, 'payer.owner_id')} and ${zoned})`
}

type Row = {
  id: bigint
  owner_id: bigint
  currency: string
  balance_minor: bigint
  credit_limit_minor: bigint
  person_id: bigint | null
}

/** Locks an account. Subscribers are locked before accounts, always. Throws NotFoundError, also for what is out of reach. */
export async function lockAccount(db: Db, name: AccountName, scope: Scope = everything): Promise<LockedAccount> {
  const { rows } = await (name.kind === 'payer' ? payerRow(name.id, scope) : walletRow(name.id, scope)).execute(db)
  const row = rows[0]
  if (row === undefined) throw new NotFoundError(name.kind, String(name.id))
  return {
    kind: name.kind,
    id: row.id,
    ownerId: row.owner_id,
    currency: row.currency,
    balanceMinor: row.balance_minor,
    creditLimitMinor: row.credit_limit_minor,
    personId: row.person_id ?? undefined,
  }
}

function payerRow(id: bigint, scope: Scope): RawBuilder<Row> {
  return sql<Row>`
    select payer.id, payer.owner_id, payer.currency, payer.balance_minor, payer.credit_limit_minor,
      case when payer.kind = 'own' then (select min(subscriber.id) from subscriber where subscriber.payer_id = payer.id)
        end as person_id
    from payer where payer.id = ${id} and ${payerInScope(scope)} for no key update of payer`
}

function walletRow(id: bigint, scope: Scope): RawBuilder<Row> {
  return sql<Row>`
    select wallet.organisation_id as id, wallet.organisation_id as owner_id, wallet.currency, wallet.balance_minor,
      wallet.credit_limit_minor, null::bigint as person_id
    from wallet where wallet.organisation_id = ${id} and ${ownedInScope(scope, 'wallet.organisation_id')}
    for no key update of wallet`
}

/** A reseller moves no money into its own wallet, nor sets its credit. Throws ForbiddenError; NotFoundError for another's. */
export function requireIsp(by: Author, organisationId: bigint): void {
  const { ownerId } = by.scope
  if (ownerId === undefined) return
  if (ownerId !== organisationId) throw new NotFoundError('wallet', String(organisationId))
  throw new ForbiddenError('organisation.edit')
}

/** Who pays for what a subscriber renews: the wallet of its organisation where that says so, else its payer. */
export async function accountOfRenewals(
  db: Db,
  subscriber: { ownerId: bigint; payerId: bigint },
): Promise<LockedAccount> {
  const wallet = await db
    .selectFrom('wallet')
    .select('organisation_id')
    .where('organisation_id', '=', subscriber.ownerId)
    .where('pays_renewals', '=', true)
    .executeTakeFirst()
  return lockAccount(
    db,
    wallet === undefined ? { kind: 'payer', id: subscriber.payerId } : { kind: 'wallet', id: wallet.organisation_id },
  )
}
