// The ledger, read by payer, subscriber or wallet; taking a transaction back; statements and receipts to print; renewals.

import { z } from 'zod'
import type { Response } from 'express'
import { listLedger, readEntries, readStatement, readTransaction } from '../../domain/money/ledger-list.ts'
import type { LedgerFilter } from '../../domain/money/ledger-list.ts'
import { reverseTransaction } from '../../domain/money/posting.ts'
import { listRenewals, readRenewalFailure } from '../../domain/money/renewal-list.ts'
import { organisationName } from '../../domain/money/wallet.ts'
import { runInScope } from '../../domain/scope.ts'
import { readSettings } from '../../domain/setting.ts'
import type { Context } from '../context.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { Problem } from '../errors.ts'
import { ledgerKinds, presentRenewal, presentTransaction, renewalOut, transactionOut } from '../present/ledger.ts'
import { receiptHtml, statementHtml } from '../present/statement-html.ts'
import { route } from '../route.ts'
import type { Route } from '../route.ts'
import { byId, instant, instantOut, moneyOut, nothing, pageOf, pageQuery, text, words } from '../schemas.ts'
import { formatMoney } from '../../domain/money.ts'

const ledgerQuery = z.strictObject({
  ...pageQuery,
  kinds: words(ledgerKinds).optional(),
  from: instant.optional(),
  to: instant.optional(),
  external_reference: text(100).optional(),
})

const reading = { method: 'get', tag: 'Money', access: 'money.read' } as const

async function ledgerPage(
  { db, by, query }: Context<unknown, z.output<typeof ledgerQuery>>,
  whose: Pick<LedgerFilter, 'payerId' | 'subscriberId' | 'organisationId'>,
) {
  const { cursor, limit, external_reference: externalReference, ...span } = query
  const page = { before: readCursor(cursor, idKey), limit }
  const rows = await listLedger(db, { ...span, ...whose, externalReference }, page, by.scope)
  return { items: rows.map(presentTransaction), next_cursor: nextCursor(rows, limit, (row) => [String(row.id)]) }
}

const listRoutes: readonly Route[] = [
  route({
    ...reading,
    path: '/ledger',
    summary: 'All transactions, newest first',
    query: ledgerQuery,
    answer: pageOf(transactionOut),
    run: (context) => ledgerPage(context, {}),
  }),
  route({
    ...reading,
    path: '/payers/:id/ledger',
    summary: 'The transactions of a payer, newest first',
    params: byId,
    query: ledgerQuery,
    answer: pageOf(transactionOut),
    run: (context) => ledgerPage(context, { payerId: context.params.id }),
  }),
  route({
    ...reading,
    path: '/subscribers/:id/ledger',
    summary: 'What was charged and paid for a subscriber, newest first',
    params: byId,
    query: ledgerQuery,
    answer: pageOf(transactionOut),
    run: (context) => ledgerPage(context, { subscriberId: context.params.id }),
  }),
  route({
    ...reading,
    path: '/organisations/:id/wallet/ledger',
    summary: 'The transactions of a wallet, newest first',
    params: byId,
    query: ledgerQuery,
    answer: pageOf(transactionOut),
    run: (context) => ledgerPage(context, { organisationId: context.params.id }),
  }),
]

const entryOut = z.strictObject({ account: z.string(), amount: moneyOut })

const transactionRoutes: readonly Route[] = [
  route({
    ...reading,
    path: '/ledger/:id',
    summary: 'One transaction with its two entries',
    params: byId,
    answer: transactionOut.extend({ entries: z.array(entryOut) }),
    run: async ({ db, by, params }) => {
      const row = await readTransaction(db, params.id, by.scope)
      const entries = await readEntries(db, row.id)
      return {
        ...presentTransaction(row),
        entries: entries.map(({ account, amountMinor }) => ({
          account,
          amount: formatMoney(amountMinor, row.currency),
        })),
      }
    },
  }),
  route({
    method: 'post',
    path: '/ledger/:id/reversal',
    summary: 'Take a transaction back, once',
    tag: 'Money',
    access: 'money.adjust',
    grave: true,
    params: byId,
    body: z.strictObject({ reason: text(200) }),
    answer: transactionOut,
    status: 201,
    run: async ({ db, by, params, body, now }) =>
      presentTransaction((await reverseTransaction(db, { id: params.id, reason: body.reason }, by, now)).transaction),
  }),
]

const renewalRoutes: readonly Route[] = [
  route({
    ...reading,
    path: '/subscribers/:id/renewals',
    summary: 'What service a subscriber was given, newest first, and why it does not renew by itself',
    params: byId,
    query: z.strictObject(pageQuery),
    answer: pageOf(renewalOut).extend({
      failure: z
        .strictObject({ reason: z.string(), tries: z.int(), tried_at: instantOut, next_at: instantOut })
        .nullable(),
    }),
    run: async ({ db, by, params, query: { cursor, limit } }) => {
      const rows = await listRenewals(db, params.id, { before: readCursor(cursor, idKey), limit }, by.scope)
      const failure = await readRenewalFailure(db, params.id, by.scope)
      return {
        items: rows.map(presentRenewal),
        next_cursor: nextCursor(rows, limit, (row) => [String(row.id)]),
        failure:
          failure === undefined
            ? null
            : {
                reason: failure.reason,
                tries: failure.tries,
                tried_at: failure.triedAt.toISOString(),
                next_at: failure.nextAt.toISOString(),
              },
      }
    },
  }),
]

const printed = { ...reading, answer: nothing, transaction: 'own', produces: ['text/html'], params: byId } as const
/** A statement over a longer span would be a book. */
const longestSpanMs = 3 * 366 * 86_400_000
const monthMs = 31 * 86_400_000

const printRoutes: readonly Route[] = [
  route({
    ...printed,
    path: '/payers/:id/statement',
    summary: 'The statement of a payer to print: `from`, a month back, to `to`, now, which is not included',
    query: z.strictObject({ from: instant.optional(), to: instant.optional() }),
    run: async ({ services, by, params, query, now, response }) => {
      const to = query.to ?? now
      const from = query.from ?? new Date(to.getTime() - monthMs)
      if (to <= from) throw new Problem('invalid-request', 'to: must be after from')
      if (to.getTime() - from.getTime() > longestSpanMs) {
        throw new Problem('invalid-request', 'to: at most three years after from')
      }
      const html = await runInScope(services.db, by.scope, false, async (db) => {
        const { zone } = await readSettings(db)
        return statementHtml(await readStatement(db, { payerId: params.id, from, to }, by.scope), zone)
      })
      sendHtml(response, html)
    },
  }),
  route({
    ...printed,
    path: '/receipts/:id',
    summary: 'The receipt of a transaction to print',
    run: async ({ services, by, params, response }) => {
      const html = await runInScope(services.db, by.scope, false, async (db) => {
        const row = await readTransaction(db, params.id, by.scope)
        const { zone } = await readSettings(db)
        return receiptHtml(row, await organisationName(db, row.owner_id), zone)
      })
      sendHtml(response, html)
    },
  }),
]

function sendHtml(response: Response, html: string): void {
  response.type('text/html').send(html)
}

export const ledgerRoutes: readonly Route[] = [...listRoutes, ...transactionRoutes, ...renewalRoutes, ...printRoutes]
