// Payers and the wallets of resellers: who pays, how much they have, and what is posted for them.

import { z } from 'zod'
import { requireIsp } from '../../domain/money/account.ts'
import { postAdjustment, postCharge, postIncome, postRefund } from '../../domain/money/posting.ts'
import type { PostingInput, PostingResult } from '../../domain/money/posting.ts'
import { addPayer, editPayer, listPayers, readPayer } from '../../domain/money/payer.ts'
import { listWallets, readWallet, setWallet } from '../../domain/money/wallet.ts'
import type { Context } from '../context.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import {
  payerOut,
  presentPayer,
  presentTransaction,
  presentWallet,
  transactionOut,
  walletOut,
} from '../present/ledger.ts'
import { route } from '../route.ts'
import type { Route } from '../route.ts'
import { byId, flag, id, idText, money, pageOf, pageQuery, text } from '../schemas.ts'

const contact = {
  email: text(254).nullable().optional(),
  phone: text(40).nullable().optional(),
  address: text(200).nullable().optional(),
  credit_limit: money.optional(),
}
const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'is not a currency such as EUR')
  .optional()

const payerRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/payers',
    summary: 'Who pays, with balances',
    tag: 'Money',
    access: 'money.read',
    query: z.strictObject({
      ...pageQuery,
      search: text(100).optional(),
      owner_id: idText.optional(),
      kind: z.enum(['own', 'company']).optional(),
      in_debt: flag.optional(),
    }),
    answer: pageOf(payerOut),
    run: async ({ db, by, query }) => {
      const { cursor, limit, search, kind } = query
      const filter = { search, kind, ownerId: query.owner_id, inDebt: query.in_debt }
      const rows = await listPayers(db, filter, { after: readCursor(cursor, idKey), limit }, by.scope)
      return { items: rows.map(presentPayer), next_cursor: nextCursor(rows, limit, (row) => [String(row.id)]) }
    },
  }),
  route({
    method: 'post',
    path: '/payers',
    summary: 'Add a company that pays for several services',
    tag: 'Money',
    access: 'money.post',
    body: z.strictObject({ name: text(100), owner_id: id.optional(), currency, ...contact }),
    answer: payerOut,
    status: 201,
    run: async ({ db, by, body, now }) => {
      const { owner_id: ownerId, credit_limit: creditLimit, ...texts } = body
      return presentPayer(await addPayer(db, { ...texts, ownerId, creditLimit }, by, now))
    },
  }),
  route({
    method: 'get',
    path: '/payers/:id',
    summary: 'One payer',
    tag: 'Money',
    access: 'money.read',
    params: byId,
    answer: payerOut,
    run: async ({ db, by, params }) => presentPayer(await readPayer(db, params.id, by.scope)),
  }),
  route({
    method: 'patch',
    path: '/payers/:id',
    summary: 'Change name, contact or credit limit of a payer',
    tag: 'Money',
    access: 'money.post',
    params: byId,
    body: z.strictObject({ name: text(100).optional(), ...contact }),
    answer: payerOut,
    run: async ({ db, by, params, body, now }) => {
      const { credit_limit: creditLimit, ...texts } = body
      return presentPayer(await editPayer(db, { ...texts, id: params.id, creditLimit }, by, now))
    },
  }),
]

const postingBody = {
  amount: money,
  currency,
  source: text(50).optional().meta({ description: 'The system that the reference is of' }),
  external_reference: text(100).optional().meta({ description: 'The same one again is answered again and done once' }),
  note: text(200).optional(),
}
const reason = text(200)
const income = z.strictObject(postingBody)
const outgo = z.strictObject({ ...postingBody, reason, subscriber_id: id.optional() })

type Told = z.output<typeof income> & Partial<Pick<z.output<typeof outgo>, 'reason' | 'subscriber_id'>>

function toldOf(kind: 'payer' | 'wallet', { params, body }: Context<{ id: bigint }, unknown, Told>): PostingInput {
  const { external_reference: externalReference, subscriber_id: subscriberId, ...rest } = body
  return { ...rest, account: { kind, id: params.id }, externalReference, subscriberId }
}

function answered({ transaction }: PostingResult) {
  return presentTransaction(transaction)
}

const posting = { method: 'post', tag: 'Money', params: byId, answer: transactionOut, status: 201 } as const

const postingRoutes: readonly Route[] = [
  route({
    ...posting,
    path: '/payers/:id/top-ups',
    summary: 'Top up the balance of a payer',
    access: 'money.post',
    body: income,
    run: async (context) =>
      answered(await postIncome(context.db, { ...toldOf('payer', context), kind: 'top-up' }, context.by, context.now)),
  }),
  route({
    ...posting,
    path: '/payers/:id/payments',
    summary: 'Take a payment that another system tells of',
    access: 'money.post',
    body: income,
    run: async (context) =>
      answered(await postIncome(context.db, { ...toldOf('payer', context), kind: 'payment' }, context.by, context.now)),
  }),
  route({
    ...posting,
    path: '/payers/:id/charges',
    summary: 'Charge something beside the plan',
    access: 'money.adjust',
    body: outgo,
    run: async (context) => answered(await postCharge(context.db, toldOf('payer', context), context.by, context.now)),
  }),
  route({
    ...posting,
    path: '/payers/:id/refunds',
    summary: 'Pay money back, of a payment or of the balance',
    access: 'money.adjust',
    grave: true,
    body: outgo.extend({ transaction_id: id.optional().meta({ description: 'The payment that is paid back' }) }),
    run: async (context) => {
      const { transaction_id: refundsId, ...body } = context.body
      return answered(
        await postRefund(context.db, { ...toldOf('payer', { ...context, body }), refundsId }, context.by, context.now),
      )
    },
  }),
  route({
    ...posting,
    path: '/payers/:id/adjustments',
    summary: 'Put a balance right, with a sign and a reason',
    access: 'money.adjust',
    grave: true,
    body: outgo,
    run: async (context) =>
      answered(await postAdjustment(context.db, toldOf('payer', context), context.by, context.now)),
  }),
]

const walletRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/wallets',
    summary: 'The wallets of resellers',
    tag: 'Money',
    access: 'money.read',
    answer: z.strictObject({ items: z.array(walletOut) }),
    run: async ({ db, by }) => ({ items: (await listWallets(db, by.scope)).map(presentWallet) }),
  }),
  route({
    method: 'get',
    path: '/organisations/:id/wallet',
    summary: 'The wallet of a reseller',
    tag: 'Money',
    access: 'money.read',
    params: byId,
    answer: walletOut,
    run: async ({ db, by, params }) => presentWallet(await readWallet(db, params.id, by.scope)),
  }),
  route({
    method: 'put',
    path: '/organisations/:id/wallet',
    summary: 'Give a reseller a wallet, or change its credit and whether it pays for renewals',
    tag: 'Money',
    access: 'money.adjust',
    params: byId,
    body: z.strictObject({ currency, credit_limit: money.optional(), pays_renewals: z.boolean().optional() }),
    answer: walletOut,
    run: async ({ db, by, params, body, now }) =>
      presentWallet(
        await setWallet(
          db,
          {
            organisationId: params.id,
            currency: body.currency,
            creditLimit: body.credit_limit,
            paysRenewals: body.pays_renewals,
          },
          by,
          now,
        ),
      ),
  }),
  route({
    ...posting,
    path: '/organisations/:id/wallet/top-ups',
    summary: 'Top up the wallet of a reseller',
    access: 'money.post',
    body: income,
    run: async (context) => {
      requireIsp(context.by, context.params.id)
      const input = { ...toldOf('wallet', context), kind: 'top-up' } as const
      return answered(await postIncome(context.db, input, context.by, context.now))
    },
  }),
  route({
    ...posting,
    path: '/organisations/:id/wallet/adjustments',
    summary: 'Put the balance of a wallet right, with a sign and a reason',
    access: 'money.adjust',
    grave: true,
    body: z.strictObject({ ...postingBody, reason }),
    run: async (context) => {
      requireIsp(context.by, context.params.id)
      return answered(await postAdjustment(context.db, toldOf('wallet', context), context.by, context.now))
    },
  }),
]

export const moneyRoutes: readonly Route[] = [...payerRoutes, ...postingRoutes, ...walletRoutes]
