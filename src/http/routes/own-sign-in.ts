// What an operator has for signing in: password, second factor, recovery codes, sessions, and keys for programs.

import { toString as drawQrCode } from 'qrcode'
import { z } from 'zod'
import { addApiToken, listApiTokens, revokeApiToken } from '../../domain/operator/api-token.ts'
import { changeOwnPassword } from '../../domain/operator/own-password.ts'
import { endPanelSessionById, endPanelSessions, listPanelSessions } from '../../domain/operator/panel-session.ts'
import {
  confirmSecondFactor,
  dropSecondFactor,
  enrolSecondFactor,
  readSecondFactor,
  renewRecoveryCodes,
} from '../../domain/operator/second-factor.ts'
import { writeAudit } from '../../domain/audit/audit.ts'
import { Problem } from '../errors.ts'
import { apiTokenOut, newApiToken, panelSessionOut, presentApiToken, presentPanelSession } from '../present/operator.ts'
import { route } from '../route.ts'
import { byId, idOut, instantOut, isoOrNull, nothing, pageOf, pageQuery } from '../schemas.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { giveSession, requireOwnEyes, requireRight, takeSession } from '../sign-in-cookies.ts'

const tag = 'Signing in'
const password = z.string().min(1).max(1_000)
const recoveryCodes = z.strictObject({ recovery_codes: z.array(z.string()) })

export const ownSignInRoutes = [
  route({
    method: 'post',
    path: '/me/password',
    summary: 'Change the own password; every other session ends',
    tag,
    access: 'half-signed-in',
    body: z.strictObject({ old_password: password, new_password: password }),
    answer: z.strictObject({ state: z.literal('full') }),
    transaction: 'none',
    run: async ({ services, caller, by, body, response, now }) => {
      const own = requireOwnEyes(caller)
      if (own.kind === 'token') throw new Problem('forbidden', 'this is not for API tokens')
      if (own.state === 'password') throw new Problem('second-factor-needed')
      const input = { caller: own, oldPassword: body.old_password, newPassword: body.new_password }
      const { session } = requireRight(await changeOwnPassword(services.db, input, by, now))
      giveSession(response, session)
      return { state: 'full' as const }
    },
  }),
  route({
    method: 'get',
    path: '/me/second-factor',
    summary: 'Whether there is a second factor, and how many recovery codes are left',
    tag,
    access: 'signed-in',
    personal: true,
    answer: z.strictObject({
      enabled_at: instantOut.nullable(),
      recovery_codes_left: z.int(),
      password_changed_at: instantOut.nullable(),
    }),
    run: async ({ db, caller }) => {
      const factor = await readSecondFactor(db, caller!.operatorId)
      return {
        enabled_at: isoOrNull(factor.enabledAt),
        recovery_codes_left: factor.recoveryCodesLeft,
        password_changed_at: isoOrNull(factor.passwordChangedAt),
      }
    },
  }),
  route({
    method: 'post',
    path: '/me/second-factor',
    summary: 'Enrol an app: a secret to scan, in force once a first code confirms it',
    tag,
    access: 'signed-in',
    personal: true,
    grave: true,
    reveals: true,
    answer: z.strictObject({ uri: z.string(), secret: z.string(), qr_svg: z.string() }),
    status: 201,
    run: async ({ db, caller, by, now }) => {
      const { uri, secret } = await enrolSecondFactor(db, requireOwnEyes(caller), by, now)
      return { uri, secret, qr_svg: await drawQrCode(uri, { type: 'svg' }) }
    },
  }),
  route({
    method: 'post',
    path: '/me/second-factor/confirm',
    summary: 'Confirm the enrolled app by its first code; recovery codes are shown once',
    tag,
    access: 'signed-in',
    personal: true,
    grave: true,
    reveals: true,
    body: z.strictObject({ code: z.string().min(6).max(10) }),
    answer: recoveryCodes,
    run: async ({ db, caller, by, body, response, now }) => {
      const input = { caller: requireOwnEyes(caller), code: body.code }
      const confirmed = await confirmSecondFactor(db, input, by, now)
      if (confirmed.session !== undefined) giveSession(response, confirmed.session)
      return { recovery_codes: confirmed.recoveryCodes }
    },
  }),
  route({
    method: 'delete',
    path: '/me/second-factor',
    summary: 'Give the second factor up',
    tag,
    access: 'signed-in',
    personal: true,
    grave: true,
    answer: nothing,
    run: async ({ db, caller, by, response, now }) => {
      const session = await dropSecondFactor(db, requireOwnEyes(caller), by, now)
      if (session !== undefined) giveSession(response, session)
      return undefined
    },
  }),
  route({
    method: 'post',
    path: '/me/recovery-codes',
    summary: 'New recovery codes in place of the old ones, shown once',
    tag,
    access: 'signed-in',
    personal: true,
    grave: true,
    reveals: true,
    answer: recoveryCodes,
    run: async ({ db, caller, by, now }) => ({
      recovery_codes: await renewRecoveryCodes(db, requireOwnEyes(caller), by, now),
    }),
  }),
  route({
    method: 'get',
    path: '/me/panel-sessions',
    summary: 'Where one is signed in',
    tag,
    access: 'signed-in',
    answer: z.strictObject({ items: z.array(panelSessionOut.extend({ current: z.boolean() })) }),
    run: async ({ db, caller, now }) => ({
      items: (await listPanelSessions(db, caller!.operatorId, now)).map((session) => ({
        ...presentPanelSession(session),
        current: caller!.kind === 'session' && session.id === caller!.id,
      })),
    }),
  }),
  route({
    method: 'delete',
    path: '/me/panel-sessions/:id',
    summary: 'End one of the own sessions',
    tag,
    access: 'signed-in',
    personal: true,
    params: byId,
    answer: nothing,
    run: async ({ db, caller, by, params, response, now }) => {
      const { operatorId, organisationId: ownerId, id } = requireOwnEyes(caller)
      await endPanelSessionById(db, { operatorId, id: params.id }, now)
      if (params.id === id) takeSession(response)
      const deed = { action: 'operator.end-session', noun: 'operator', rowId: operatorId, ownerId }
      await writeAudit(db, { ...deed, after: { panel_session_id: params.id } }, by, now)
      return undefined
    },
  }),
  route({
    method: 'delete',
    path: '/me/panel-sessions',
    summary: 'End every own session but this one',
    tag,
    access: 'signed-in',
    personal: true,
    answer: z.strictObject({ ended: z.int() }),
    run: async ({ db, caller, by, now }) => {
      const { operatorId, organisationId: ownerId, id } = requireOwnEyes(caller)
      const ended = await endPanelSessions(db, { operatorIds: [operatorId], exceptId: id }, now)
      const deed = { action: 'operator.end-sessions', noun: 'operator', rowId: operatorId, ownerId }
      await writeAudit(db, { ...deed, after: { sessions: ended } }, by, now)
      return { ended }
    },
  }),
  route({
    method: 'get',
    path: '/me/api-tokens',
    summary: 'The own API tokens',
    tag: 'API tokens',
    access: 'signed-in',
    query: z.strictObject(pageQuery),
    answer: pageOf(apiTokenOut),
    run: async ({ db, by, caller, query, now }) => {
      const before = readCursor(query.cursor, idKey)
      const input = { operatorId: caller!.operatorId, before, limit: query.limit }
      const rows = await listApiTokens(db, input, by.scope)
      return {
        items: rows.map((token) => presentApiToken(token, now)),
        next_cursor: nextCursor(rows, query.limit, (row) => [String(row.id)]),
      }
    },
  }),
  route({
    method: 'post',
    path: '/me/api-tokens',
    summary: 'Make an API token; it is shown once',
    tag: 'API tokens',
    access: 'signed-in',
    personal: true,
    grave: true,
    reveals: true,
    body: newApiToken,
    answer: z.strictObject({ id: idOut, token: z.string() }),
    status: 201,
    run: async ({ db, caller, by, body, now }) => {
      const { expires_at: expiresAt, ...rest } = body
      const made = await addApiToken(db, { ...rest, expiresAt, caller: requireOwnEyes(caller) }, by, now)
      return { id: Number(made.id), token: made.token }
    },
  }),
  route({
    method: 'delete',
    path: '/me/api-tokens/:id',
    summary: 'Revoke one of the own API tokens',
    tag: 'API tokens',
    access: 'signed-in',
    params: byId,
    answer: nothing,
    run: async ({ db, caller, by, params, now }) => {
      const { operatorId } = requireOwnEyes(caller)
      await revokeApiToken(db, { id: params.id, operatorId }, by, now)
      return undefined
    },
  }),
]
