// Operators: the list, one of them, and what is done to them from outside.

import { z } from 'zod'
import { ispId } from '../../domain/organisation.ts'
import { addOperator, editOperator, operatorVersion } from '../../domain/operator/operator.ts'
import type { OperatorChanges } from '../../domain/operator/operator.ts'
import {
  changeOperators,
  deleteOperator,
  operatorBulkActions,
  resetOperatorPassword,
  resetSecondFactor,
  signOutOperator,
} from '../../domain/operator/operator-deed.ts'
import { findOperatorIds, listOperators, operatorSorts, readOperator } from '../../domain/operator/operator-list.ts'
import type { OperatorFilter, OperatorSort } from '../../domain/operator/operator-list.ts'
import { hashPassword } from '../../domain/operator/password-hash.ts'
import { inviteOperator, sendResetMessage } from '../../domain/operator/password-reset.ts'
import { findOperator, requireNotAbove } from '../../domain/operator/rank.ts'
import { endPanelSessionById, listPanelSessions } from '../../domain/operator/panel-session.ts'
import { viewAs } from '../../domain/operator/view-as.ts'
import { ConflictError, FieldError } from '../../domain/field.ts'
import { runInScope } from '../../domain/scope.ts'
import { makePassword } from '../../domain/secret.ts'
import { writeAudit } from '../../domain/audit/audit.ts'
import type { Context } from '../context.ts'
import { makeCursor, readCursor } from '../cursor.ts'
import {
  operatorColumns,
  operatorOut,
  panelSessionOut,
  presentOperator,
  presentPanelSession,
} from '../present/operator.ts'
import { route } from '../route.ts'
import {
  byId,
  flag,
  id,
  idList,
  idOut,
  idText,
  instantOut,
  nothing,
  pageOf,
  pageQuery,
  text,
  words,
} from '../schemas.ts'
import { giveSession, peerOf, requireOwnEyes } from '../sign-in-cookies.ts'

const tag = 'Operators'

const filterQuery = {
  search: text(100).optional(),
  role: idList.optional(),
  team: idList.optional(),
  organisation: idList.optional(),
  enabled: flag.optional(),
  second_factor: flag.optional(),
  signed_in: flag.optional(),
  archived: flag.optional(),
}
/** The same in a body, for bulk deeds. */
const filterBody = z.strictObject({
  search: text(100).optional(),
  role: z.array(id).max(100).optional(),
  team: z.array(id).max(100).optional(),
  organisation: z.array(id).max(100).optional(),
  enabled: z.boolean().optional(),
  second_factor: z.boolean().optional(),
  signed_in: z.boolean().optional(),
})

function filterOf(query: z.output<typeof filterBody> & { archived?: boolean | undefined }): OperatorFilter {
  return {
    search: query.search,
    roleIds: query.role,
    teamIds: query.team,
    organisationIds: query.organisation,
    enabled: query.enabled,
    secondFactor: query.second_factor,
    signedIn: query.signed_in,
    archived: query.archived,
  }
}

/** An instant as the database writes it; a page sorted by a name gives none, and its cursor is no good here. */
const instantKey = z
  .string()
  .regex(/^(-infinity|[1-9]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-](0\d|1[0-4])(:[0-5]\d)?)$/)
  .refine((key) => key === '-infinity' || isInstant(key.slice(0, 19)))

const isInstant = (written: string): boolean => {
  const iso = written.replace(' ', 'T')
  const at = new Date(`${iso}Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(iso)
}

const listKey = (sort: OperatorSort) =>
  z
    .tuple([sort.endsWith('_at') ? instantKey : z.string().max(300), z.string().regex(/^[1-9]\d{0,15}$/)])
    .transform(([key, last]) => ({ key, id: BigInt(last) }))

const person = {
  name: text(200),
  email: text(254),
  phone: text(40).nullable().optional(),
  phone_extension: text(10).nullable().optional(),
  language: text(35).nullable().optional(),
  organisation_id: id.optional(),
  role_id: id,
  team_id: id.nullable().optional(),
  enabled: z.boolean().optional(),
}

/** Shown this once; null where an invitation was sent. */
const revealed = { password: z.string().nullable() }

async function answerOperator({ db, by, now, setVersion }: Context, operatorId: bigint) {
  const operator = await readOperator(db, operatorId, by.scope, now)
  if (operator.archivedAt === null) setVersion(operatorVersion(await findOperator(db, by, operatorId)))
  return presentOperator(operator)
}

export const operatorRoutes = [
  route({
    method: 'get',
    path: '/operators',
    summary: 'Operators, searched, filtered and sorted',
    tag,
    access: 'operator.read',
    query: z.strictObject({
      ...pageQuery,
      ...filterQuery,
      sort: z.enum(operatorSorts).default('name'),
      order: z.enum(['asc', 'desc']).default('asc'),
      /** Only these, and the id. */
      columns: words(operatorColumns).optional(),
    }),
    answer: pageOf(operatorOut.partial().extend({ id: idOut })),
    run: async ({ db, by, query, now }) => {
      const { sort, order, limit, cursor, columns } = query
      const after = readCursor(cursor, listKey(sort))
      const input = { filter: filterOf(query), sort, descending: order === 'desc', after, limit }
      const { items, next } = await listOperators(db, input, by.scope, now)
      const shown = columns === undefined ? undefined : new Set<string>(['id', ...columns])
      return {
        items: items.map((row) => {
          const all = presentOperator(row)
          const kept = Object.entries(all).filter(([name]) => shown === undefined || shown.has(name))
          return { ...(Object.fromEntries(kept) as Partial<typeof all>), id: all.id }
        }),
        next_cursor: next === undefined ? null : makeCursor([next.key, String(next.id)]),
      }
    },
  }),
  route({
    method: 'post',
    path: '/operators',
    summary: 'Add an operator, with a made-up password that is shown once or an invitation by e-mail',
    tag,
    access: 'operator.edit',
    grave: true,
    reveals: true,
    body: z.strictObject({ ...person, invite: z.boolean().default(false) }),
    answer: operatorOut.extend(revealed),
    status: 201,
    transaction: 'none',
    run: async (context) => {
      const { services, by, body, now } = context
      const password = body.invite ? null : makePassword()
      const passwordHash = password === null ? null : await hashPassword(password)
      return runInScope(services.db, by.scope, true, async (db) => {
        const organisationId = body.organisation_id ?? by.scope.ownerId ?? (await ispId(db))
        const { phone_extension: phoneExtension, role_id: roleId, team_id: teamId, name, email, phone, language } = body
        const fields = { name, email, phone, phoneExtension, language, organisationId, roleId, teamId }
        const made = await addOperator(db, { ...fields, enabled: body.enabled, passwordHash }, by, now)
        if (body.invite) {
          const message = await inviteOperator(db, made.id, now)
          const isQueued = await sendResetMessage(db, services.keyring, message, now)
          if (!isQueued) throw new ConflictError('invite', 'the setting panel_url must say where the panel is first')
        }
        return { ...(await answerOperator({ ...context, db }, made.id)), password }
      })
    },
  }),
  route({
    method: 'get',
    path: '/operators/:id',
    summary: 'One operator',
    tag,
    access: 'operator.read',
    params: byId,
    answer: operatorOut,
    run: (context) => answerOperator(context, context.params.id),
  }),
  route({
    method: 'patch',
    path: '/operators/:id',
    summary: 'Change an operator; who may less or something else is signed out',
    tag,
    access: 'operator.edit',
    grave: true,
    params: byId,
    body: z.strictObject({
      ...person,
      name: person.name.optional(),
      email: person.email.optional(),
      role_id: id.optional(),
      must_change_password: z.boolean().optional(),
    }),
    answer: operatorOut,
    run: async (context) => {
      const { db, by, body, params, ifMatch, now } = context
      const changes: OperatorChanges = {
        ...(body.name !== undefined && { name: body.name }),
        ...(body.email !== undefined && { email: body.email }),
        ...(body.organisation_id !== undefined && { organisationId: body.organisation_id }),
        ...(body.role_id !== undefined && { roleId: body.role_id }),
        phone: body.phone,
        phoneExtension: body.phone_extension,
        language: body.language,
        teamId: body.team_id,
        enabled: body.enabled,
        mustChangePassword: body.must_change_password,
      }
      await editOperator(db, { id: params.id, changes, ifMatch }, by, now)
      return answerOperator(context, params.id)
    },
  }),
  route({
    method: 'delete',
    path: '/operators/:id',
    summary: 'Delete an operator: signed out, tokens revoked, what it did and wrote stays',
    tag,
    access: 'operator.edit',
    grave: true,
    params: byId,
    answer: nothing,
    run: async ({ db, by, params, now }) => {
      await deleteOperator(db, params.id, by, now)
      return undefined
    },
  }),
  route({
    method: 'post',
    path: '/operators/:id/reset-password',
    summary: 'Make up a new password, shown once; to be changed at the next sign-in',
    tag,
    access: 'operator.edit',
    grave: true,
    reveals: true,
    params: byId,
    answer: z.strictObject({ password: z.string() }),
    transaction: 'none',
    run: async ({ services, by, params, now }) => {
      const password = makePassword()
      const passwordHash = await hashPassword(password)
      await runInScope(services.db, by.scope, true, (db) =>
        resetOperatorPassword(db, { id: params.id, passwordHash }, by, now),
      )
      return { password }
    },
  }),
  route({
    method: 'delete',
    path: '/operators/:id/second-factor',
    summary: 'Free an operator of a lost second factor',
    tag,
    access: 'operator.edit',
    grave: true,
    params: byId,
    answer: nothing,
    run: async ({ db, by, params, now }) => {
      await resetSecondFactor(db, params.id, by, now)
      return undefined
    },
  }),
  route({
    method: 'get',
    path: '/operators/:id/panel-sessions',
    summary: 'Where an operator is signed in',
    tag,
    access: 'operator.read',
    params: byId,
    answer: z.strictObject({ items: z.array(panelSessionOut) }),
    run: async ({ db, by, params, now }) => {
      await findOperator(db, by, params.id)
      return { items: (await listPanelSessions(db, params.id, now)).map(presentPanelSession) }
    },
  }),
  route({
    method: 'delete',
    path: '/operators/:id/panel-sessions',
    summary: 'Sign an operator out everywhere',
    tag,
    access: 'operator.edit',
    params: byId,
    answer: z.strictObject({ ended: z.int() }),
    run: async ({ db, by, params, now }) => ({ ended: await signOutOperator(db, params.id, by, now) }),
  }),
  route({
    method: 'delete',
    path: '/operators/:id/panel-sessions/:session_id',
    summary: 'End one session of an operator',
    tag,
    access: 'operator.edit',
    params: byId.extend({ session_id: idText }),
    answer: nothing,
    run: async ({ db, by, params, now }) => {
      const row = await findOperator(db, by, params.id)
      await requireNotAbove(db, by, row)
      await endPanelSessionById(db, { operatorId: row.id, id: params.session_id }, now)
      const deed = { action: 'operator.end-session', noun: 'operator', rowId: row.id, ownerId: row.organisationId }
      await writeAudit(db, { ...deed, after: { panel_session_id: params.session_id } }, by, now)
      return undefined
    },
  }),
  route({
    method: 'post',
    path: '/operators/:id/view-as',
    summary: "See the panel through this operator's eyes for half an hour; nothing can be changed",
    tag,
    access: 'operator.view-as',
    personal: true,
    grave: true,
    params: byId,
    answer: z.strictObject({ ends_at: instantOut }),
    run: async ({ db, caller, by, params, request, response, now }) => {
      const input = { caller: requireOwnEyes(caller), operatorId: params.id, peer: peerOf(request) }
      const session = await viewAs(db, input, by, now)
      giveSession(response, session)
      return { ends_at: session.endsAt.toISOString() }
    },
  }),
  route({
    method: 'post',
    path: '/operators/bulk',
    summary: 'Enable, disable, delete or move many operators; each has its own result',
    tag,
    access: 'operator.edit',
    grave: true,
    body: z.strictObject({
      action: z.enum(operatorBulkActions),
      target: z.union([
        z.strictObject({ ids: z.array(id).min(1).max(1_000) }),
        z.strictObject({ filter: filterBody }),
        z.strictObject({ all: z.literal(true) }),
      ]),
      /** The id of the role or team to assign; null: no team. */
      value: id.nullable().optional(),
      dry_run: z.boolean().default(false),
    }),
    answer: z.strictObject({
      dry_run: z.boolean(),
      done: z.int(),
      unchanged: z.int(),
      refused: z.int(),
      results: z.array(
        z.strictObject({
          operator_id: idOut,
          email: z.string().nullable(),
          kind: z.enum(['done', 'unchanged', 'refused']),
          reason: z.string().nullable(),
        }),
      ),
    }),
    run: async ({ db, by, body, now }) => {
      const { target, action, value, dry_run: dryRun } = body
      // Without a team an operator sees everything: that is said, not left out.
      if (action === 'assign-team' && value === undefined)
        throw new FieldError('value', 'must be the id of a team, or null')
      const filter = 'filter' in target ? filterOf(target.filter) : {}
      const ids = 'ids' in target ? target.ids : await findOperatorIds(db, filter, by.scope, now)
      const input = { ids: [...new Set(ids)], action, value: value ?? null, dryRun }
      const results = await changeOperators(db, input, by, now)
      const count = (kind: string): number => results.filter((result) => result.kind === kind).length
      return {
        dry_run: dryRun,
        done: count('done'),
        unchanged: count('unchanged'),
        refused: count('refused'),
        results: results.map((result) => ({
          operator_id: Number(result.id),
          email: result.email,
          kind: result.kind,
          reason: result.reason,
        })),
      }
    },
  }),
]
