// What operators and billing systems post: top-ups, payments, charges, refunds, adjustments, and taking one of them back.

import type { Db } from '../../db/schema.ts'
import { sql } from 'kysely'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkText, ConflictError, FieldError, NotFoundError } from '../field.ts'
import { formatMoney } from '../money.ts'
import { lockAccount, requireIsp } from './account.ts'
import type { AccountName, LockedAccount } from './account.ts'
import { parseAmount, parseSignedAmount } from './amount.ts'
import { post } from './ledger.ts'
import type { LedgerKind, Posting } from './ledger.ts'
import { readTransaction } from './ledger-list.ts'
import type { LedgerRow } from './ledger-list.ts'

/** What every posting is told. Amounts as decimal text in major units. */
export type PostingInput = {
  account: AccountName
  amount: string
  /** Must be the account's, where it is named. */
  currency?: string | undefined
  source?: string | undefined
  externalReference?: string | undefined
  note?: string | undefined
  reason?: string | undefined
  /** Of the payer's. */
  subscriberId?: bigint | undefined
}

/** The transaction, and whether it was there before under the same external reference. */
export type PostingResult = { transaction: LedgerRow; wasKnown: boolean }

/** Money comes in: credit that was bought (`top-up`), or a payment that another system tells of. Throws FieldError … ConflictError. */
export function postIncome(
  db: Db,
  input: PostingInput & { kind: 'top-up' | 'payment' },
  by: Author,
  now: Date,
): Promise<PostingResult> {
  return inTransaction(db, async (trx) => {
    const account = await lockNamed(trx, input, by)
    const amountMinor = parseAmount('amount', input.amount, account.currency)
    return postInput(trx, { input, kind: input.kind, account, amountMinor, against: 'cash' }, by, now)
  })
}

/** Something is charged beside the plan: installation, a device. It may take the balance below zero. Throws FieldError. */
export function postCharge(db: Db, input: PostingInput, by: Author, now: Date): Promise<PostingResult> {
  return inTransaction(db, async (trx) => {
    const account = await lockNamed(trx, input, by)
    const amountMinor = -parseAmount('amount', input.amount, account.currency)
    requireReason(input.reason)
    return postInput(trx, { input, kind: 'charge', account, amountMinor, against: 'revenue' }, by, now)
  })
}

/** A balance is put right, either way, for a reason. Throws FieldError. */
export function postAdjustment(db: Db, input: PostingInput, by: Author, now: Date): Promise<PostingResult> {
  return inTransaction(db, async (trx) => {
    const account = await lockNamed(trx, input, by)
    const amountMinor = parseSignedAmount('amount', input.amount, account.currency)
    requireReason(input.reason)
    return postInput(trx, { input, kind: 'adjustment', account, amountMinor, against: 'adjustment' }, by, now)
  })
}

/**
 * Money is paid back, of one payment (`refundsId`, at most what is left of it) or of the balance (at most what it holds).
 * Throws FieldError, NotFoundError or ConflictError.
 */
export function postRefund(
  db: Db,
  input: PostingInput & { refundsId?: bigint | undefined },
  by: Author,
  now: Date,
): Promise<PostingResult> {
  return inTransaction(db, async (trx) => {
    const account = await lockNamed(trx, input, by)
    const amountMinor = parseAmount('amount', input.amount, account.currency)
    requireReason(input.reason)
    const known = await findKnown(trx, input, 'refund', account)
    if (known === undefined) {
      if (input.refundsId !== undefined) await checkRefundable(trx, account, input.refundsId, amountMinor, by)
      if (account.balanceMinor < amountMinor) {
        throw new ConflictError('amount', `the balance is ${formatMoney(account.balanceMinor, account.currency)}`)
      }
    }
    const { refundsId } = input
    return postInput(
      trx,
      { input, kind: 'refund', account, amountMinor: -amountMinor, against: 'cash', refundsId },
      by,
      now,
    )
  })
}

async function checkRefundable(
  db: Db,
  account: LockedAccount,
  paymentId: bigint,
  amountMinor: bigint,
  by: Author,
): Promise<void> {
  const payment = await readTransaction(db, paymentId, by.scope)
  if ((account.kind === 'payer' ? payment.payer_id : payment.organisation_id) !== account.id) {
    throw new NotFoundError('transaction', String(paymentId))
  }
  if (payment.kind !== 'payment' && payment.kind !== 'top-up')
    throw new ConflictError('transaction-id', 'is not a payment')
  if (payment.reversed_by_id !== null) throw new ConflictError('transaction-id', 'was taken back')
  const left = payment.amount_minor - (await refundedOf(db, paymentId))
  if (amountMinor > left) {
    throw new ConflictError('amount', `${formatMoney(left, account.currency)} of that payment are left`)
  }
}

/** What was paid back of a payment, less what of that was taken back. */
async function refundedOf(db: Db, paymentId: bigint): Promise<bigint> {
  const { rows } = await sql<{ refunded: bigint }>`
    select coalesce(-sum(refund.amount_minor), 0)::bigint as refunded from ledger_transaction refund
    where refund.refunds_id = ${paymentId}
      and not exists (select from ledger_transaction taken where taken.reverses_id = refund.id)`.execute(db)
  return rows[0]!.refunded
}

/**
 * Takes a transaction back, once: the same amount the other way. A renewal is taken back with its service (revert-renewal), a
 * payment only while nothing of it was paid back, what was posted to a wallet only by the ISP. Throws NotFoundError,
 * ConflictError or ForbiddenError.
 */
export function reverseTransaction(
  db: Db,
  input: { id: bigint; reason: string },
  by: Author,
  now: Date,
): Promise<PostingResult> {
  return inTransaction(db, async (trx) => {
    const reason = requireReason(input.reason)
    const found = await readTransaction(trx, input.id, by.scope)
    const account = await lockAccount(trx, accountOf(found), by.scope)
    if (account.kind === 'wallet') requireIsp(by, account.id)
    // Read again under the lock: somebody may have been faster.
    const taken = await readTransaction(trx, input.id, by.scope)
    if (taken.reversed_by_id !== null) throw new ConflictError('id', 'was taken back already')
    if (!reversible.includes(taken.kind)) throw new ConflictError('id', `a ${taken.kind} is not taken back by itself`)
    if ((await refundedOf(trx, taken.id)) !== 0n) throw new ConflictError('id', 'some of it was paid back')
    const posting = {
      account,
      kind: 'reversal',
      amountMinor: -taken.amount_minor,
      against: await otherSide(trx, taken.id),
      reason,
      reversesId: taken.id,
      subscriberId: taken.subscriber_id ?? undefined,
    } as const
    return finish(trx, posting, by, now)
  })
}

const reversible: readonly LedgerKind[] = ['top-up', 'payment', 'refund', 'charge', 'adjustment', 'opening']

/** The account of a transaction. */
export function accountOf(row: Pick<LedgerRow, 'payer_id' | 'organisation_id'>): AccountName {
  return row.payer_id === null ? { kind: 'wallet', id: row.organisation_id! } : { kind: 'payer', id: row.payer_id }
}

/** The account against which a transaction was posted. */
export async function otherSide(db: Db, transactionId: bigint): Promise<Posting['against']> {
  const { account } = await db
    .selectFrom('ledger_entry')
    .select('account')
    .where('transaction_id', '=', transactionId)
    .where('account', 'not in', ['payer', 'wallet'])
    .executeTakeFirstOrThrow()
  return account === 'payer' || account === 'wallet' ? 'adjustment' : account
}

async function lockNamed(trx: Db, input: PostingInput, by: Author): Promise<LockedAccount> {
  const account = await lockAccount(trx, input.account, by.scope)
  if (input.currency !== undefined && input.currency !== account.currency) {
    throw new FieldError('currency', `the currency here is ${account.currency}`)
  }
  return account
}

function requireReason(reason: string | undefined): string {
  return checkText('reason', reason ?? '', 1, 200)
}

type Told = Pick<Posting, 'account' | 'kind' | 'amountMinor' | 'against' | 'refundsId'> & { input: PostingInput }

async function postInput(trx: Db, told: Told, by: Author, now: Date): Promise<PostingResult> {
  const { input, ...posting } = told
  const optional = (field: string, text: string | undefined, most: number) =>
    text === undefined ? undefined : checkText(field, text, 1, most)
  if (input.subscriberId !== undefined) await checkSubscriber(trx, input.subscriberId, posting.account)
  return finish(
    trx,
    {
      ...posting,
      subscriberId: input.subscriberId,
      source: optional('source', input.source, 50),
      externalReference: optional('external-reference', input.externalReference, 100),
      note: optional('note', input.note, 200),
      reason: optional('reason', input.reason, 200),
    },
    by,
    now,
  )
}

async function finish(trx: Db, posting: Posting, by: Author, now: Date): Promise<PostingResult> {
  const posted = await post(trx, posting, by, now)
  const transaction = await readTransaction(trx, posted.id, by.scope)
  if (posted.kind === 'known') {
    checkSame(transaction, posting)
    return { transaction, wasKnown: true }
  }
  if (posting.amountMinor > 0n) await forgetFailures(trx, posting.account)
  const { account } = posting
  await writeAudit(
    trx,
    {
      action: `${account.kind}.${posting.kind}`,
      noun: account.kind,
      rowId: account.id,
      ownerId: account.ownerId,
      before: { balance: formatMoney(account.balanceMinor, account.currency) },
      after: {
        balance: formatMoney(posted.balanceMinor, account.currency),
        amount: formatMoney(posting.amountMinor, account.currency),
        currency: account.currency,
        transaction_id: posted.id,
        external_reference: posting.externalReference,
        reason: posting.reason,
      },
    },
    by,
    now,
  )
  return { transaction, wasKnown: false }
}

/** The same reference for something else is a mistake of the other system, and nothing is done. */
function checkSame(known: LedgerRow, posting: Posting): void {
  const { account } = posting
  const isSame =
    known.amount_minor === posting.amountMinor &&
    (account.kind === 'payer' ? known.payer_id : known.organisation_id) === account.id &&
    known.refunds_id === (posting.refundsId ?? null)
  if (!isSame) throw new ConflictError('external-reference', `was used for another ${posting.kind}`)
}

async function findKnown(
  trx: Db,
  input: PostingInput,
  kind: LedgerKind,
  account: LockedAccount,
): Promise<bigint | undefined> {
  if (input.externalReference === undefined) return undefined
  const row = await trx
    .selectFrom('ledger_transaction')
    .select('id')
    .where('owner_id', '=', account.ownerId)
    .where('kind', '=', kind)
    .where('source', '=', (input.source ?? '').trim().normalize('NFC'))
    .where('external_reference', '=', input.externalReference.trim().normalize('NFC'))
    .executeTakeFirst()
  return row?.id
}

async function checkSubscriber(trx: Db, id: bigint, account: LockedAccount): Promise<void> {
  const row = await trx
    .selectFrom('subscriber')
    .select('id')
    .where('id', '=', id)
    .where(account.kind === 'payer' ? 'payer_id' : 'owner_id', '=', account.id)
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('subscriber', String(id))
}

/** Lines that waited for money are tried again at the next run. */
export async function forgetFailures(trx: Db, account: AccountName): Promise<void> {
  const whose =
    account.kind === 'payer' ? sql`subscriber.payer_id = ${account.id}` : sql`subscriber.owner_id = ${account.id}`
  await sql`
    update renewal_failure set next_at = renewal_failure.tried_at from subscriber
    where subscriber.id = renewal_failure.subscriber_id and ${whose}`.execute(trx)
}
