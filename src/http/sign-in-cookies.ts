// The cookies of signing in, of the panel and of the portal, and what handlers of both do with how a proof ended.

import type { CookieOptions, Request, Response } from 'express'
import type { Caller } from '../domain/operator/caller.ts'
import type { OpenedSession, Peer } from '../domain/operator/panel-session.ts'
import { addressOf, readCookie, sessionCookie } from './auth.ts'
import { Problem } from './errors.ts'

/** Tells a browser that was signed in before from a stranger's; opens nothing. */
export const deviceCookie = '__Host-gatehouse-device'
export const portalCookie = '__Host-gatehouse-portal'
const deviceMs = 180 * 86_400_000

/** What a `__Host-` cookie must be, and no script may read it. */
const flags: CookieOptions = { secure: true, httpOnly: true, sameSite: 'strict', path: '/' }

/** Hands the id of a panel session to the browser. It ends with the browser, and here when its time is over. */
export function giveSession(response: Response, session: Pick<OpenedSession, 'bearer'>): void {
  response.cookie(sessionCookie, session.bearer, flags)
}

/** Takes the cookie of a panel session back. */
export function takeSession(response: Response): void {
  response.clearCookie(sessionCookie, flags)
}

/** Marks the browser as one that has been signed in. */
export function giveDevice(response: Response, bearer: string): void {
  response.cookie(deviceCookie, bearer, { ...flags, maxAge: deviceMs })
}

/** The mark of a browser that has been signed in before. */
export function deviceOf(request: Request): string | undefined {
  return readCookie(request, deviceCookie)
}

/** Hands the id of a portal session to the browser. */
export function givePortal(response: Response, session: { bearer: string }): void {
  response.cookie(portalCookie, session.bearer, flags)
}

/** Takes the cookie of a portal session back. */
export function takePortal(response: Response): void {
  response.clearCookie(portalCookie, flags)
}

/** From where somebody signs in, for the list of sessions. */
export function peerOf(request: Request): Peer {
  return { address: addressOf(request) ?? null, userAgent: request.headers['user-agent'] ?? null }
}

/** The problem of who has guessed too often. */
export function waitProblem(seconds: number): Problem {
  return new Problem('too-many-requests', 'too many wrong tries: wait before the next', {
    headers: { 'Retry-After': String(seconds) },
  })
}

type Ended<Right> = Right | { kind: 'wrong' } | { kind: 'ended' } | { kind: 'wait'; seconds: number }

/** What was right. Throws Problem for what was wrong, once too often wrong, or too soon. */
export function requireRight<Right extends { kind: 'opened' | 'proved' | 'changed' }>(result: Ended<Right>): Right {
  if (result.kind === 'wait') throw waitProblem(result.seconds)
  if (result.kind === 'ended') throw new Problem('not-signed-in', 'wrong too often: sign in again')
  if (result.kind === 'wrong') throw new Problem('wrong-credentials')
  return result
}

/** Who looks through another's eyes changes nothing of that operator's own sign-in. Throws Problem. */
export function requireOwnEyes(caller: Caller | undefined): Caller {
  if (caller === undefined) throw new Problem('not-signed-in')
  if (caller.viewedBy !== undefined) throw new Problem('forbidden', 'who views as another operator changes nothing')
  return caller
}
