// Who sends a request: a panel session by its cookie, or a program by its token; and whether a request that comes with a cookie
// was really meant by a page of ours (CSRF).

import type { Request } from 'express'
import type { Author } from '../domain/author.ts'
import { everything } from '../domain/scope.ts'
import { authorOf, callerOfSession, callerOfToken, proofMs } from '../domain/operator/caller.ts'
import type { Caller } from '../domain/operator/caller.ts'
import type { Services } from './context.ts'
import { Problem } from './errors.ts'
import type { Route } from './route.ts'

/** `__Host-`: only over TLS (or this machine), only this host, every path. */
export const sessionCookie = '__Host-gatehouse'
/** A page of another origin cannot send it without asking first, and we never say yes. */
export const ownHeader = 'x-gatehouse'

/** The value of a cookie; undefined where it is not there. */
export function readCookie(request: Request, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
}

/** Who calls; undefined where nobody is signed in. A cookie on a changing request without our header throws Problem. */
export async function findCaller(services: Services, request: Request, now: Date): Promise<Caller | undefined> {
  // The scheme's case does not count (RFC 9110 §11.1).
  const bearer = /^Bearer ([a-z0-9_-]{20,200})$/i.exec(request.headers.authorization ?? '')?.[1]
  if (bearer !== undefined) return callerOfToken(services.db, bearer, addressOf(request), now)
  const cookie = readCookie(request, sessionCookie)
  if (cookie === undefined || cookie === '') return undefined
  requireOwnPage(request)
  return callerOfSession(services.db, cookie, now)
}

/** Refuses what a page of another origin could make a browser send. GET and HEAD change nothing. */
export function requireOwnPage(request: Request): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const site = request.headers['sec-fetch-site']
  const { origin, host } = request.headers
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none'
  const foreignOrigin = origin !== undefined && hostOf(origin) !== host
  if (foreignSite || foreignOrigin || request.headers[ownHeader] === undefined) throw new Problem('foreign-origin')
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** The peer's address: that of the proxy's client only where the proxy is trusted (app.ts). */
export function addressOf(request: Request): string | undefined {
  return request.ip?.replace(/^::ffff:/, '')
}

/** The author of a request, if they may call this route. Throws Problem. */
export function admit(
  route: Route,
  caller: Caller | undefined,
  input: { request: Request; requestId: string; services: Services },
  now: Date,
): Author {
  const { request, requestId, services } = input
  // Who may into the portal is asked by the portal itself, of a cookie of its own.
  const isOpen = route.access === 'anybody' || route.access === 'portal'
  if (caller === undefined) {
    if (!isOpen) throw new Problem('not-signed-in')
    return nobody(request, requestId, services)
  }
  if (!isOpen && route.access !== 'half-signed-in') requireFull(route, caller, now)
  return authorOf(caller, { address: addressOf(request), requestId }, services.keyring)
}

function requireFull(route: Route, caller: Caller, now: Date): void {
  if (caller.state === 'password') throw new Problem('second-factor-needed')
  if (caller.state === 'change') throw new Problem('password-change-needed')
  const isPermitted =
    route.access === 'signed-in' || [...caller.permissions].some((permission) => permission === route.access)
  if (!isPermitted) throw new Problem('forbidden', `this needs the permission ${route.access}`)
  if (route.personal === true && caller.kind === 'token') throw new Problem('forbidden', 'this is not for API tokens')
  // Looking through another's eyes is looking: nothing is done in their name.
  if (caller.viewedBy !== undefined && route.method !== 'get' && route.access !== 'signed-in') {
    throw new Problem('forbidden', 'who views as another operator changes nothing')
  }
  if (route.grave === true) requireProof(caller, now)
}

/** Throws Problem where a person has not proved who they are lately. */
export function requireProof(caller: Caller | undefined, now: Date): void {
  if (caller === undefined || caller.kind === 'token') return
  if (caller.provedAt === undefined || now.getTime() - caller.provedAt.getTime() > proofMs) {
    throw new Problem('recent-proof-needed')
  }
}

function nobody(request: Request, requestId: string, services: Services): Author {
  return {
    kind: 'anonymous',
    operatorId: null,
    name: 'nobody',
    viewedBy: null,
    address: addressOf(request) ?? null,
    requestId,
    permissions: new Set(),
    scope: everything,
    keyring: services.keyring,
  }
}
