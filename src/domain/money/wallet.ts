// Wallets of resellers: prepaid at the ISP, charged for what the reseller's subscribers renew where the ISP set it so.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { changesOf, writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { FieldError, NotFoundError } from '../field.ts'
import { formatMoney, isCurrency } from '../money.ts'
import { ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { readSettings } from '../setting.ts'
import { requireIsp } from './account.ts'
import { parseLimit } from './amount.ts'
import { forgetFailures } from './posting.ts'

export type WalletRow = {
  organisation_id: bigint
  organisation: string
  currency: string
  balance_minor: bigint
  credit_limit_minor: bigint
  pays_renewals: boolean
}

/** Wallets in reach, by name of their organisation; `organisationId`: one of them. */
export async function listWallets(db: Db, scope: Scope, organisationId?: bigint): Promise<WalletRow[]> {
  const { rows } = await sql<WalletRow>`
    select wallet.organisation_id, organisation.name as organisation, wallet.currency, wallet.balance_minor,
      wallet.credit_limit_minor, wallet.pays_renewals
    from wallet join organisation on organisation.id = wallet.organisation_id
    where ${ownedInScope(scope, 'wallet.organisation_id')}
      and ${organisationId === undefined ? sql`true` : sql`wallet.organisation_id = ${organisationId}`}
    order by organisation.name, organisation.id`.execute(db)
  return rows
}

/** The wallet of an organisation. Throws NotFoundError, also for one out of reach. */
export async function readWallet(db: Db, organisationId: bigint, scope: Scope): Promise<WalletRow> {
  const [wallet] = await listWallets(db, scope, organisationId)
  if (wallet === undefined) throw new NotFoundError('wallet', String(organisationId))
  return wallet
}

/**
 * Makes or changes the wallet of a reseller. The currency is the ISP's where none is named, and stays. Throws FieldError,
 * NotFoundError (no such reseller), ForbiddenError.
 */
export function setWallet(
  db: Db,
  input: {
    organisationId: bigint
    currency?: string | undefined
    creditLimit?: string | undefined
    paysRenewals?: boolean | undefined
  },
  by: Author,
  now: Date,
): Promise<WalletRow> {
  return inTransaction(db, async (trx) => {
    requireIsp(by, input.organisationId)
    const { organisationId, creditLimit, paysRenewals } = input
    const reseller = await trx
      .selectFrom('organisation')
      .select('id')
      .where('id', '=', organisationId)
      .where('kind', '=', 'reseller')
      .forUpdate()
      .executeTakeFirst()
    if (reseller === undefined) throw new NotFoundError('reseller', String(organisationId))
    const [before] = await listWallets(trx, by.scope, organisationId)
    const currency = input.currency ?? before?.currency ?? (await readSettings(trx)).currency
    if (!isCurrency(currency)) throw new FieldError('currency', 'is not a currency such as EUR')
    if (before !== undefined && before.currency !== currency) {
      throw new FieldError('currency', `is ${before.currency} and stays so`)
    }
    const values = {
      ...(creditLimit === undefined ? {} : { credit_limit_minor: parseLimit('credit-limit', creditLimit, currency) }),
      ...(paysRenewals === undefined ? {} : { pays_renewals: paysRenewals }),
      updated_at: now,
    }
    await trx
      .insertInto('wallet')
      .values({ organisation_id: organisationId, currency, created_at: now, ...values })
      .onConflict((conflict) => conflict.column('organisation_id').doUpdateSet(values))
      .execute()
    await forgetFailures(trx, { kind: 'wallet', id: organisationId })
    const after = await readWallet(trx, organisationId, by.scope)
    const changes = changesOf(before === undefined ? {} : shown(before), shown(after))
    if (changes !== undefined) {
      await writeAudit(
        trx,
        { action: 'wallet.set', noun: 'wallet', rowId: organisationId, ownerId: organisationId, ...changes },
        by,
        now,
      )
    }
    return after
  })
}

function shown(wallet: WalletRow) {
  return {
    currency: wallet.currency,
    credit_limit: formatMoney(wallet.credit_limit_minor, wallet.currency),
    pays_renewals: wallet.pays_renewals,
  }
}

/** The name that stands on a receipt. */
export async function organisationName(db: Db, id: bigint): Promise<string> {
  const { name } = await db.selectFrom('organisation').select('name').where('id', '=', id).executeTakeFirstOrThrow()
  return name
}
