// Payers as operators see them: found, listed, companies added, contact and credit changed. Balances only the ledger moves.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { changesOf, writeAudit } from '../audit/audit.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { checkEmail, checkPhone, checkText, FieldError, NotFoundError } from '../field.ts'
import { formatMoney, isCurrency } from '../money.ts'
import { ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { readSettings } from '../setting.ts'
import { ispId } from '../organisation.ts'
import { payerInScope } from './account.ts'
import { parseLimit } from './amount.ts'
import { forgetFailures } from './posting.ts'

export type PayerRow = {
  id: bigint
  owner_id: bigint
  owner: string
  kind: 'own' | 'company'
  name: string
  email: string | null
  phone: string | null
  address: string | null
  currency: string
  balance_minor: bigint
  credit_limit_minor: bigint
  created_at: Date
  /** Those it pays for; not counting deleted ones. */
  subscribers: number
}

export type PayerFilter = {
  /** Beginning of the name. */
  search?: string | undefined
  ownerId?: bigint | undefined
  kind?: 'own' | 'company' | undefined
  /** Only below zero. */
  inDebt?: boolean | undefined
}

const columns = sql`payer.id, payer.owner_id, organisation.name as owner, payer.kind, payer.name, payer.email, payer.phone,
  payer.address, payer.currency, payer.balance_minor, payer.credit_limit_minor, payer.created_at,
  (select count(*)::int from subscriber where subscriber.payer_id = payer.id and subscriber.archived_at is null)
    as subscribers`

/** Payers in reach by id, beginning after one. */
export async function listPayers(
  db: Db,
  filter: PayerFilter,
  page: { after?: bigint | undefined; limit: number },
  scope: Scope,
): Promise<PayerRow[]> {
  const { rows } = await sql<PayerRow>`
    select ${columns} from payer join organisation on organisation.id = payer.owner_id
    where ${payerInScope(scope)} and ${filterOf(filter)}
      and ${page.after === undefined ? sql`true` : sql`payer.id > ${page.after}`}
    order by payer.id limit ${page.limit}`.execute(db)
  return rows
}

function filterOf({ search, ownerId, kind, inDebt }: PayerFilter): RawBuilder<boolean> {
  const parts = [
    search === undefined ? sql`true` : sql`lower(payer.name) like ${prefixPattern(search)}`,
    ownerId === undefined ? sql`true` : sql`payer.owner_id = ${ownerId}`,
    kind === undefined ? sql`true` : sql`payer.kind = ${kind}`,
    inDebt === true ? sql`payer.balance_minor < 0` : sql`true`,
  ]
  return sql<boolean>`${sql.join(parts, sql` and `)}`
}

function prefixPattern(search: string): string {
  return `${search
    .trim()
    .toLowerCase()
    .replace(/[\\%_]/g, '\\$&')}%`
}

/** One payer. Throws NotFoundError, also for one out of reach. */
export async function readPayer(db: Db, id: bigint, scope: Scope): Promise<PayerRow> {
  const { rows } = await sql<PayerRow>`
    select ${columns} from payer join organisation on organisation.id = payer.owner_id
    where payer.id = ${id} and ${payerInScope(scope)}`.execute(db)
  if (rows[0] === undefined) throw new NotFoundError('payer', String(id))
  return rows[0]
}

/** As an operator writes it; null clears. The credit limit in major units. */
export type PayerTexts = {
  name?: string | undefined
  email?: string | null | undefined
  phone?: string | null | undefined
  address?: string | null | undefined
  creditLimit?: string | undefined
}

/**
 * Adds a company that pays for several services. Default currency: the ISP's. Credit needs the permission money.adjust. Throws
 * FieldError, NotFoundError (owner), ForbiddenError.
 */
export function addPayer(
  db: Db,
  input: PayerTexts & { name: string; ownerId?: bigint | undefined; currency?: string | undefined },
  by: Author,
  now: Date,
): Promise<PayerRow> {
  return inTransaction(db, async (trx) => {
    const settings = await readSettings(trx)
    const currency = input.currency ?? settings.currency
    if (!isCurrency(currency)) throw new FieldError('currency', 'is not a currency such as EUR')
    const ownerId = await ownerOf(trx, input.ownerId, by)
    const values = checkTexts(input, currency, settings.phone_country_code, by)
    const { id } = await trx
      .insertInto('payer')
      .values({ name: '', ...values, kind: 'company', owner_id: ownerId, currency, created_at: now })
      .returning('id')
      .executeTakeFirstOrThrow()
    const payer = await readPayer(trx, id, { ...by.scope, zones: undefined })
    await writeAudit(
      trx,
      { action: 'payer.create', noun: 'payer', rowId: id, ownerId, after: { ...shown(payer), currency } },
      by,
      now,
    )
    return payer
  })
}

/** Changes a payer's contact and credit; what is not named stays. Throws FieldError, NotFoundError, ForbiddenError. */
export function editPayer(db: Db, input: PayerTexts & { id: bigint }, by: Author, now: Date): Promise<PayerRow> {
  return inTransaction(db, async (trx) => {
    await sql`select from payer where payer.id = ${input.id} for no key update`.execute(trx)
    const before = await readPayer(trx, input.id, by.scope)
    const { phone_country_code: country } = await readSettings(trx)
    const values = checkTexts(input, before.currency, country, by)
    if (Object.keys(values).length === 0) return before
    await trx
      .updateTable('payer')
      .set({ ...values, updated_at: now })
      .where('id', '=', input.id)
      .execute()
    if (input.creditLimit !== undefined) await forgetFailures(trx, { kind: 'payer', id: input.id })
    const after = await readPayer(trx, input.id, by.scope)
    const changes = changesOf(shown(before), shown(after))
    if (changes === undefined) return after
    const personId = before.kind === 'own' ? await personOf(trx, input.id) : null
    await writeAudit(
      trx,
      { action: 'payer.edit', noun: 'payer', rowId: input.id, ownerId: before.owner_id, ...changes, personId },
      by,
      now,
    )
    return after
  })
}

async function ownerOf(db: Db, ownerId: bigint | undefined, by: Author): Promise<bigint> {
  if (ownerId === undefined) return by.scope.ownerId ?? ispId(db)
  const row = await db
    .selectFrom('organisation')
    .select('id')
    .where('id', '=', ownerId)
    .where(ownedInScope(by.scope, 'organisation.id'))
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('organisation', String(ownerId))
  return row.id
}

function checkTexts(input: PayerTexts, currency: string, countryCode: string, by: Author) {
  const { name, email, phone, address, creditLimit } = input
  if (creditLimit !== undefined) requirePermission(by, 'money.adjust')
  return {
    ...(name === undefined ? {} : { name: checkText('name', name, 2, 100) }),
    ...(email === undefined ? {} : { email: email === null ? null : checkEmail('email', email) }),
    ...(phone === undefined ? {} : { phone: phone === null ? null : checkPhone('phone', phone, countryCode) }),
    ...(address === undefined ? {} : { address: address === null ? null : checkText('address', address, 1, 200) }),
    ...(creditLimit === undefined ? {} : { credit_limit_minor: parseLimit('credit-limit', creditLimit, currency) }),
  }
}

/** What an audit entry shows; the name of a person is one of the personal values. */
function shown(payer: PayerRow) {
  const { kind, name, email, phone, address } = payer
  return {
    ...(kind === 'own' ? { full_name: name } : { name }),
    email,
    phone,
    address,
    credit_limit: formatMoney(payer.credit_limit_minor, payer.currency),
  }
}

async function personOf(db: Db, payerId: bigint): Promise<bigint | null> {
  const row = await db
    .selectFrom('subscriber')
    .select('id')
    .where('payer_id', '=', payerId)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row?.id ?? null
}
