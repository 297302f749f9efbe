// Plans: what subscribers are entitled to. Shared ones are seen by resellers and changed by the ISP.

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { withoutUndefined } from '../../domain/field.ts'
import { archivePlan } from '../../domain/plan/archive.ts'
import { changePlan, planVersion } from '../../domain/plan/change.ts'
import { createPlan, duplicatePlan } from '../../domain/plan/create.ts'
import { checkPlan } from '../../domain/plan/fields.ts'
import { accessPlanOf } from '../../domain/plan/preview.ts'
import { countSubscribers, fieldsOf, listPlanPage, readPlan } from '../../domain/plan/read.ts'
import type { Plan } from '../../domain/plan/read.ts'
import { planWarnings } from '../../domain/plan/warnings.ts'
import type { Scope } from '../../domain/scope.ts'
import { readSettings } from '../../domain/setting.ts'
import { makeCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, flag, id, idText, pageOf, pageQuery, text } from '../schemas.ts'
import { previewBody, previewOut, previewPlan, previewQuery } from './plan-preview.ts'
import { newPlan, planOut, planPatch, presentPlan, presentWarnings, warningOut } from './plan-schemas.ts'

const listed = planOut.extend({ subscribers: z.int() })
const withWarnings = planOut.extend({ warnings: z.array(warningOut) })
const plain = /^\P{Cc}*$/u
const cursorKey = z.tuple([z.string().regex(plain), idText])

async function present(db: Db, plan: Plan, scope: Scope): Promise<z.input<typeof withWarnings>> {
  const [settings, fields] = [await readSettings(db), fieldsOf(plan)]
  const access = await accessPlanOf(db, { id: plan.id, fields }, scope)
  return { ...presentPlan(plan), warnings: presentWarnings(planWarnings(fields, access, settings)) }
}

export const planRoutes = [
  route({
    method: 'get',
    path: '/plans',
    summary: 'Plans by name, with how many subscribers each has',
    tag: 'Plans',
    access: 'plan.read',
    query: z.strictObject({
      ...pageQuery,
      search: text(100).regex(plain, 'has a control character').optional().meta({ description: 'A part of the name' }),
      archived: flag.default(false).meta({ description: 'Archived ones in place of the others' }),
      owner_id: idText.optional().meta({ description: 'Of one organisation' }),
    }),
    answer: pageOf(listed),
    async run({ db, by, query }) {
      const { cursor, limit, owner_id: ownerId, ...asked } = query
      const key = readCursor(cursor, cursorKey)
      const after = key && { name: key[0], id: key[1] }
      const rows = await listPlanPage(db, { ...asked, ownerId, limit, after }, by.scope)
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items: items.map((plan) => ({ ...presentPlan(plan), subscribers: plan.subscribers })),
        next_cursor: rows.length > limit && last !== undefined ? makeCursor([last.name, String(last.id)]) : null,
      }
    },
  }),
  route({
    method: 'post',
    path: '/plans',
    summary: 'Add a plan',
    tag: 'Plans',
    access: 'plan.edit',
    status: 201,
    body: z.strictObject({
      ...newPlan,
      owner_id: id.optional().meta({ description: 'The organisation that it is for; none: shared by all' }),
    }),
    answer: withWarnings,
    async run({ db, by, body, services, now, setVersion }) {
      const { owner_id: ownerId, ...fields } = body
      const plan = await createPlan(db, { fields, ownerId }, services.checkAttribute, by, now)
      setVersion(planVersion(plan))
      return present(db, plan, by.scope)
    },
  }),
  route({
    method: 'post',
    path: '/plans/preview',
    summary: 'What a plan would give that is not stored yet: at an instant, after so much use, on a NAS',
    tag: 'Plans',
    access: 'plan.read',
    changesNothing: true,
    body: z.strictObject({ plan: z.strictObject(newPlan), ...previewBody }),
    answer: previewOut,
    async run({ db, by, body, services, now }) {
      const { plan: fields, ...asked } = body
      const { currency } = await readSettings(db)
      // All that would stand against storing it.
      checkPlan(fields, currency, services.checkAttribute)
      return previewPlan(db, { id: 0n, fields }, asked, by.scope, now)
    },
  }),
  route({
    method: 'get',
    path: '/plans/:id',
    summary: 'A plan',
    tag: 'Plans',
    access: 'plan.read',
    params: byId,
    answer: withWarnings.extend({ subscribers: z.int() }),
    async run({ db, by, params, setVersion }) {
      const plan = await readPlan(db, params.id, by.scope)
      const counts = await countSubscribers(db, [plan.id], by.scope)
      setVersion(planVersion(plan))
      return { ...(await present(db, plan, by.scope)), subscribers: counts.get(plan.id) ?? 0 }
    },
  }),
  route({
    method: 'get',
    path: '/plans/:id/preview',
    summary: 'What a plan gives: at an instant, after so much use, on a NAS',
    tag: 'Plans',
    access: 'plan.read',
    params: byId,
    query: z.strictObject(previewQuery),
    answer: previewOut,
    async run({ db, by, params, query, now }) {
      const plan = await readPlan(db, params.id, by.scope)
      return previewPlan(db, { id: plan.id, fields: fieldsOf(plan) }, query, by.scope, now)
    },
  }),
  route({
    method: 'patch',
    path: '/plans/:id',
    summary: 'Change a plan; live sessions are told where it concerns them',
    tag: 'Plans',
    access: 'plan.edit',
    params: byId,
    query: z.strictObject({ dry_run: flag.default(false).meta({ description: 'Only say whom it would touch' }) }),
    body: z.strictObject(planPatch),
    answer: z.strictObject({
      plan: withWarnings,
      /** Names of the fields that differ. */
      changed: z.array(z.string()),
      /** With this plan, or with one that this one follows. */
      subscribers: z.int(),
      sessions: z.int(),
      /** Live sessions that are told. */
      orders: z.int(),
      dry_run: z.boolean(),
    }),
    async run({ db, by, params, query, body, services, now, ifMatch, setVersion }) {
      const input = { id: params.id, fields: withoutUndefined(body), ifMatch, dryRun: query.dry_run }
      const { plan, changed, reach, orders } = await changePlan(db, input, services.checkAttribute, by, now)
      setVersion(planVersion(plan))
      return { plan: await present(db, plan, by.scope), changed, ...reach, orders, dry_run: query.dry_run }
    },
  }),
  route({
    method: 'post',
    path: '/plans/:id/archive',
    summary: 'Put a plan away; its subscribers are moved to another, at no charge',
    tag: 'Plans',
    access: 'plan.edit',
    params: byId,
    body: z.strictObject({ move_to: id.optional() }),
    answer: z.strictObject({ moved: z.int(), orders: z.int() }),
    run: ({ db, by, params, body, now, ifMatch }) =>
      archivePlan(db, { id: params.id, moveTo: body.move_to, ifMatch }, by, now),
  }),
  route({
    method: 'post',
    path: '/plans/:id/duplicate',
    summary: 'Make a plan like another under a new name',
    tag: 'Plans',
    access: 'plan.edit',
    status: 201,
    params: byId,
    body: z.strictObject({ name: text(100), owner_id: id.optional() }),
    answer: withWarnings,
    async run({ db, by, params, body, services, now, setVersion }) {
      const input = { id: params.id, name: body.name, ownerId: body.owner_id }
      const plan = await duplicatePlan(db, input, services.checkAttribute, by, now)
      setVersion(planVersion(plan))
      return present(db, plan, by.scope)
    },
  }),
]
