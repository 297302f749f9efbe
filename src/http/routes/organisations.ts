// Organisations: the ISP and its resellers, with their limits and what they have.

import { z } from 'zod'
import {
  createReseller,
  editOrganisation,
  listOrganisations,
  organisationVersion,
  readOrganisation,
} from '../../domain/organisation.ts'
import type { OrganisationListed } from '../../domain/organisation.ts'
import { formatMoney, parseMoney } from '../../domain/money.ts'
import { readSettings } from '../../domain/setting.ts'
import type { Context } from '../context.ts'
import { route } from '../route.ts'
import { byId, idOut, instantOut, money, moneyOut, text } from '../schemas.ts'

const tag = 'Organisations'

const organisationOut = z.strictObject({
  id: idOut,
  kind: z.enum(['isp', 'reseller']),
  name: z.string(),
  /** How many subscribers it may have; null: without limit. */
  subscriber_limit: z.int().nullable(),
  /** How far its balance may fall below nothing. */
  credit_limit: moneyOut,
  currency: z.string(),
  subscribers: z.int(),
  operators: z.int(),
  created_at: instantOut,
})

const limits = {
  subscriber_limit: z.int().min(0).max(100_000_000).nullable(),
  credit_limit: money,
}

function presentOrganisation(row: OrganisationListed, currency: string) {
  return {
    id: Number(row.id),
    kind: row.kind,
    name: row.name,
    subscriber_limit: row.subscriberLimit,
    credit_limit: formatMoney(row.creditLimitMinor, currency),
    currency,
    subscribers: row.subscribers,
    operators: row.operators,
    created_at: row.createdAt.toISOString(),
  }
}

async function answerOrganisation({ db, by, setVersion }: Context, organisationId: bigint) {
  const row = await readOrganisation(db, organisationId, by.scope)
  setVersion(organisationVersion(row))
  return presentOrganisation(row, (await readSettings(db)).currency)
}

export const organisationRoutes = [
  route({
    method: 'get',
    path: '/organisations',
    summary: 'The ISP and its resellers',
    tag,
    access: 'organisation.read',
    answer: z.strictObject({ items: z.array(organisationOut) }),
    run: async ({ db, by }) => {
      const { currency } = await readSettings(db)
      return { items: (await listOrganisations(db, by.scope)).map((row) => presentOrganisation(row, currency)) }
    },
  }),
  route({
    method: 'get',
    path: '/organisations/:id',
    summary: 'One organisation',
    tag,
    access: 'organisation.read',
    params: byId,
    answer: organisationOut,
    run: (context) => answerOrganisation(context, context.params.id),
  }),
  route({
    method: 'post',
    path: '/organisations',
    summary: 'Add a reseller',
    tag,
    access: 'organisation.edit',
    body: z.strictObject({
      name: text(50),
      subscriber_limit: limits.subscriber_limit.default(null),
      credit_limit: limits.credit_limit.default('0'),
    }),
    answer: organisationOut,
    status: 201,
    run: async (context) => {
      const { db, by, body, now } = context
      const creditLimitMinor = parseMoney('credit_limit', body.credit_limit, (await readSettings(db)).currency)
      const input = { name: body.name, subscriberLimit: body.subscriber_limit, creditLimitMinor }
      return answerOrganisation(context, (await createReseller(db, input, by, now)).id)
    },
  }),
  route({
    method: 'patch',
    path: '/organisations/:id',
    summary: 'Rename an organisation or change its limits',
    tag,
    access: 'organisation.edit',
    params: byId,
    body: z.strictObject({
      name: text(50).optional(),
      subscriber_limit: limits.subscriber_limit.optional(),
      credit_limit: limits.credit_limit.optional(),
    }),
    answer: organisationOut,
    run: async (context) => {
      const { db, by, body, params, ifMatch, now } = context
      const { currency } = await readSettings(db)
      const { name, subscriber_limit: limit, credit_limit: credit } = body
      const changes = {
        ...(name !== undefined && { name }),
        ...(limit !== undefined && { subscriberLimit: limit }),
        ...(credit !== undefined && { creditLimitMinor: parseMoney('credit_limit', credit, currency) }),
      }
      await editOrganisation(db, { id: params.id, changes, ifMatch }, by, now)
      return answerOrganisation(context, params.id)
    },
  }),
]
