// The subscribers' portal: how they sign in, and what support does for that: open it in their place, make up a password, reset a
// lost second factor.

import { toString as drawQrCode } from 'qrcode'
import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../../domain/audit/audit.ts'
import { hashPassword } from '../../domain/operator/password-hash.ts'
import {
  changePortalPassword,
  resetPortalSecondFactor,
  setPortalPassword,
  signInToPortal,
} from '../../domain/portal/portal-login.ts'
import { confirmPortal, enrolPortal, hasPortalSecondFactor } from '../../domain/portal/portal-second-factor.ts'
import { endPortalSession, impersonateSubscriber } from '../../domain/portal/portal-session.ts'
import { runInScope } from '../../domain/scope.ts'
import { makePassword } from '../../domain/secret.ts'
import { dateFormats, readSettings } from '../../domain/setting.ts'
import { requireOwnPage } from '../auth.ts'
import { Problem } from '../errors.ts'
import { portalRoute } from '../portal-route.ts'
import { route } from '../route.ts'
import { byId, idOut, instantOut, nothing, text } from '../schemas.ts'
import { givePortal, peerOf, requireRight, takePortal } from '../sign-in-cookies.ts'

const tag = 'Portal'
const password = z.string().min(1).max(1_000)
const opened = z.strictObject({ state: z.enum(['change', 'full']), ends_at: instantOut })

async function writingOf(db: Db) {
  const { zone, date_format } = await readSettings(db)
  return { zone, date_format }
}

export const portalRoutes = [
  route({
    method: 'post',
    path: '/portal/sign-in',
    summary: 'Sign in to the portal with username and its password, and a code where an app is enrolled',
    tag,
    access: 'anybody',
    body: z.strictObject({ username: text(253), password, code: z.string().min(6).max(10).optional() }),
    answer: opened,
    transaction: 'none',
    run: async ({ db, by, body, request, response, now }) => {
      requireOwnPage(request)
      const { username, password: typed, code } = body
      const result = await signInToPortal(db, { username, password: typed, code, peer: peerOf(request) }, by, now)
      if (result.kind === 'code-needed') throw new Problem('second-factor-needed')
      const { session } = requireRight(result)
      givePortal(response, session)
      return { state: session.state, ends_at: session.endsAt.toISOString() }
    },
  }),
  portalRoute({
    method: 'delete',
    path: '/portal/sign-in',
    summary: 'Leave the portal',
    halfSignedIn: true,
    impersonated: true,
    answer: nothing,
    run: async ({ db, portal, by, response, now }) => {
      await endPortalSession(db, portal.id, now)
      takePortal(response)
      const deed = {
        action: 'portal.sign-out',
        noun: 'subscriber',
        rowId: portal.subscriberId,
        ownerId: portal.ownerId,
      }
      await writeAudit(db, deed, by, now)
      return undefined
    },
  }),
  portalRoute({
    method: 'get',
    path: '/portal/me',
    summary: 'Whose portal this is, and whether an operator looks in the subscriber’s place',
    halfSignedIn: true,
    answer: z.strictObject({
      subscriber_id: idOut,
      username: z.string(),
      full_name: z.string().nullable(),
      language: z.string().nullable(),
      state: z.enum(['change', 'full']),
      second_factor: z.boolean(),
      opened_by: z.string().nullable(),
      ends_at: instantOut,
      /** How the ISP writes instants. */
      zone: z.string(),
      date_format: z.enum(dateFormats),
    }),
    run: async ({ db, portal }) => ({
      ...(await writingOf(db)),
      subscriber_id: Number(portal.subscriberId),
      username: portal.username,
      full_name: portal.fullName,
      language: portal.language,
      state: portal.state,
      second_factor: await hasPortalSecondFactor(db, portal.subscriberId),
      opened_by: portal.openedBy,
      ends_at: portal.endsAt.toISOString(),
    }),
  }),
  portalRoute({
    method: 'post',
    path: '/portal/password',
    summary: 'Change the password of the portal; other sessions end',
    halfSignedIn: true,
    body: z.strictObject({ old_password: password, new_password: password }),
    answer: z.strictObject({ state: z.literal('full') }),
    transaction: 'none',
    run: async ({ services, portal, by, body, response, now }) => {
      const input = { caller: portal, oldPassword: body.old_password, newPassword: body.new_password }
      const { session } = requireRight(await changePortalPassword(services.db, input, by, now))
      givePortal(response, session)
      return { state: 'full' as const }
    },
  }),
  portalRoute({
    method: 'post',
    path: '/portal/second-factor',
    summary: 'Enrol an app as second factor of the portal',
    reveals: true,
    answer: z.strictObject({ uri: z.string(), secret: z.string(), qr_svg: z.string() }),
    status: 201,
    run: async ({ db, portal, by, now }) => {
      const { uri, secret } = await enrolPortal(db, portal, by, now)
      return { uri, secret, qr_svg: await drawQrCode(uri, { type: 'svg' }) }
    },
  }),
  portalRoute({
    method: 'post',
    path: '/portal/second-factor/confirm',
    summary: 'Confirm the enrolled app by its first code',
    body: z.strictObject({ code: z.string().min(6).max(10) }),
    answer: nothing,
    run: async ({ db, portal, by, body, now }) => {
      await confirmPortal(db, { caller: portal, code: body.code }, by, now)
      return undefined
    },
  }),
]

export const portalSupportRoutes = [
  route({
    method: 'post',
    path: '/subscribers/:id/portal-session',
    summary: "Open a subscriber's portal in its place for a quarter of an hour",
    tag,
    access: 'portal.impersonate',
    personal: true,
    grave: true,
    params: byId,
    answer: z.strictObject({ ends_at: instantOut }),
    status: 201,
    run: async ({ db, by, params, request, response, now }) => {
      const session = await impersonateSubscriber(db, { subscriberId: params.id, peer: peerOf(request) }, by, now)
      givePortal(response, session)
      return { ends_at: session.endsAt.toISOString() }
    },
  }),
  route({
    method: 'post',
    path: '/subscribers/:id/portal-password',
    summary: 'Make up a password of the portal, shown once; to be changed at the next sign-in',
    tag,
    access: 'subscriber.credential',
    reveals: true,
    params: byId,
    answer: z.strictObject({ password: z.string() }),
    transaction: 'none',
    run: async ({ services, by, params, now }) => {
      const made = makePassword()
      const passwordHash = await hashPassword(made)
      await runInScope(services.db, by.scope, true, (db) =>
        setPortalPassword(db, { subscriberId: params.id, passwordHash }, by, now),
      )
      return { password: made }
    },
  }),
  route({
    method: 'delete',
    path: '/subscribers/:id/portal-second-factor',
    summary: 'Free a subscriber of a lost second factor of its portal',
    tag,
    access: 'subscriber.credential',
    params: byId,
    answer: nothing,
    run: async ({ db, by, params, now }) => {
      await resetPortalSecondFactor(db, params.id, by, now)
      return undefined
    },
  }),
]
