// Signing in and out, the second factor, the proof that grave deeds ask for, forgotten passwords, and the first start.

import { z } from 'zod'
import { rememberDevice } from '../../domain/operator/known-device.ts'
import type { OpenedSession } from '../../domain/operator/panel-session.ts'
import { endPanelSessionOf } from '../../domain/operator/panel-session.ts'
import { forgetPassword, resetForgotten, sendResetMessage } from '../../domain/operator/password-reset.ts'
import { giveCode, prove } from '../../domain/operator/second-step.ts'
import { isSetupOpen, setUp } from '../../domain/operator/setup.ts'
import { signIn } from '../../domain/operator/sign-in.ts'
import { signOut } from '../../domain/operator/view-as.ts'
import { isKnownDevice } from '../../domain/operator/known-device.ts'
import { readCookie, requireOwnPage, sessionCookie } from '../auth.ts'
import type { Context } from '../context.ts'
import { Problem } from '../errors.ts'
import { route } from '../route.ts'
import { idOut, instantOut, nothing, text } from '../schemas.ts'
import {
  deviceOf,
  giveDevice,
  giveSession,
  peerOf,
  requireOwnEyes,
  requireRight,
  takeSession,
  waitProblem,
} from '../sign-in-cookies.ts'
import { me, presentMe } from './me.ts'

const tag = 'Signing in'
const password = z.string().min(1).max(1_000)
const code = z.string().min(6).max(40)
const token = z.string().min(1).max(200)

const opened = z.strictObject({
  /** `password`: a code is owed; `change`: the password must be changed; `full`: signed in. */
  state: z.enum(['password', 'change', 'full']),
  ends_at: instantOut,
})

const presentSession = (session: OpenedSession) => ({ state: session.state, ends_at: session.endsAt.toISOString() })

/** Who got so far that nothing is owed but perhaps a new password has shown that this browser is theirs. */
async function remember(context: Context, operatorId: bigint, email: string): Promise<void> {
  const { db, request, response, now } = context
  if (await isKnownDevice(db, { bearer: deviceOf(request), email }, now)) return
  giveDevice(response, await rememberDevice(db, operatorId, now))
}

export const signInRoutes = [
  route({
    method: 'post',
    path: '/sign-in',
    summary: 'Sign in with e-mail address and password',
    tag,
    access: 'anybody',
    body: z.strictObject({ email: text(254), password }),
    answer: opened,
    transaction: 'none',
    run: async (context) => {
      const { db, by, body, request, response, now } = context
      requireOwnPage(request)
      const input = { ...body, peer: peerOf(request), device: deviceOf(request) }
      const { session, operatorId } = requireRight(await signIn(db, input, by, now))
      const before = readCookie(request, sessionCookie)
      if (before !== undefined && before !== '') await endPanelSessionOf(db, before, now)
      if (session.state !== 'password') await remember(context, operatorId, body.email.trim().toLowerCase())
      giveSession(response, session)
      return presentSession(session)
    },
  }),
  route({
    method: 'post',
    path: '/sign-in/code',
    summary: 'Give the code of the second factor, or a recovery code',
    tag,
    access: 'half-signed-in',
    personal: true,
    body: z.strictObject({ code }),
    answer: opened.extend({ recovery_code_used: z.boolean() }),
    transaction: 'none',
    run: async (context) => {
      const { db, by, body, request, response, now } = context
      const caller = requireOwnEyes(context.caller)
      if (caller.state !== 'password') throw new Problem('conflict', 'no code is owed')
      const input = { caller, code: body.code, peer: peerOf(request), device: deviceOf(request) }
      const { session, recoveryCode } = requireRight(await giveCode(db, input, by, now))
      await remember(context, caller.operatorId, caller.email)
      giveSession(response, session)
      return { ...presentSession(session), recovery_code_used: recoveryCode }
    },
  }),
  route({
    method: 'post',
    path: '/sign-in/proof',
    summary: 'Prove once more who one is, by password or code',
    tag,
    access: 'signed-in',
    personal: true,
    body: z.union([z.strictObject({ password }), z.strictObject({ code })]),
    answer: opened,
    transaction: 'none',
    run: async ({ db, caller, by, body, response, now }) => {
      const { session } = requireRight(await prove(db, { caller: requireOwnEyes(caller), proof: body }, by, now))
      giveSession(response, session)
      return presentSession(session)
    },
  }),
  route({
    method: 'delete',
    path: '/sign-in',
    summary: 'Sign out; who viewed as another operator is back in their own session',
    tag,
    access: 'half-signed-in',
    answer: nothing,
    run: async ({ db, caller, by, response, now }) => {
      if (caller!.kind === 'token') throw new Problem('forbidden', 'this is not for API tokens')
      const own = await signOut(db, caller!, by, now)
      if (own === undefined) takeSession(response)
      else giveSession(response, own)
      return undefined
    },
  }),
  route({
    method: 'post',
    path: '/sign-in/forgotten',
    summary: 'Have a link sent by e-mail to set a new password with; the answer is always the same',
    tag,
    access: 'anybody',
    body: z.strictObject({ email: text(254) }),
    answer: z.strictObject({ asked: z.literal(true) }),
    status: 202,
    transaction: 'none',
    run: async ({ db, by, body, request, services, now, afterCommit }) => {
      requireOwnPage(request)
      const forgotten = await forgetPassword(db, { email: body.email, address: peerOf(request).address }, by, now)
      if (forgotten.kind === 'wait') throw waitProblem(forgotten.seconds)
      const { message } = forgotten
      if (message !== undefined) {
        // Behind the answer: how long it takes must not tell that there is somebody to write to.
        afterCommit(() => {
          sendResetMessage(db, services.keyring, message, now).catch((error: unknown) => {
            services.log.error({ error }, 'the mail for a forgotten password could not be queued')
          })
        })
      }
      return { asked: true as const }
    },
  }),
  route({
    method: 'post',
    path: '/sign-in/reset',
    summary: 'Set a new password with the token of a link; signing in comes next',
    tag,
    access: 'anybody',
    body: z.strictObject({ token, password }),
    answer: nothing,
    transaction: 'none',
    run: async ({ db, by, body, request, now }) => {
      requireOwnPage(request)
      const result = await resetForgotten(db, body, by, now)
      if (result.kind === 'void') throw new Problem('wrong-credentials', 'the link is no longer good: ask for another')
      return undefined
    },
  }),
  route({
    method: 'get',
    path: '/setup',
    summary: 'What the panel asks first: whether the first operator has still to be made, and who is signed in',
    tag,
    access: 'anybody',
    answer: z.strictObject({ open: z.boolean(), me: me.nullable() }),
    run: async ({ db, caller }) => ({
      open: await isSetupOpen(db),
      me: caller === undefined ? null : await presentMe({ db, caller }),
    }),
  }),
  route({
    method: 'post',
    path: '/setup',
    summary: 'Make the first super-administrator with the token from the console',
    tag,
    access: 'anybody',
    body: z.strictObject({ token, email: text(254), name: text(200), password }),
    answer: z.strictObject({ operator_id: idOut }),
    status: 201,
    transaction: 'none',
    run: async ({ db, by, body, request, now }) => {
      requireOwnPage(request)
      const made = await setUp(db, body, by, now)
      if (made.kind === 'closed') throw new Problem('wrong-credentials', 'the token is not the one on the console')
      return { operator_id: Number(made.id) }
    },
  }),
]
