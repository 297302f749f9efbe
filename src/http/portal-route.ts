// Routes of the subscribers' portal: signed in by a cookie of their own, which no route of the panel reads, as these read none
// of the panel's (W48). Who may is asked here, first.

import type { z } from 'zod'
import type { Author } from '../domain/author.ts'
import { callerOfPortal, portalAuthor } from '../domain/portal/portal-session.ts'
import type { PortalCaller } from '../domain/portal/portal-session.ts'
import { addressOf, readCookie, requireOwnPage } from './auth.ts'
import type { Context } from './context.ts'
import { Problem } from './errors.ts'
import { route } from './route.ts'
import type { Route, RouteSpec } from './route.ts'
import { portalCookie } from './sign-in-cookies.ts'

/** What the handler of a portal route is given: the subscriber, as author and as caller. */
export type PortalContext<Params, Query, Body> = Omit<Context<Params, Query, Body>, 'caller' | 'by'> & {
  by: Author
  portal: PortalCaller
}

type PortalSpec<Params, Query, Body, Answer extends z.ZodType> = Omit<
  RouteSpec<Params, Query, Body, Answer>,
  'access' | 'tag' | 'run' | 'grave' | 'personal'
> & {
  /** Also for who must change the password first. */
  halfSignedIn?: boolean
  /** Also while an operator looks in the subscriber's place. */
  impersonated?: boolean
  run(context: PortalContext<Params, Query, Body>): Promise<z.input<Answer>>
}

/** One route of the portal, behind its own sign-in. */
export function portalRoute<
  Answer extends z.ZodType,
  Params = Record<string, never>,
  Query = Record<string, never>,
  Body = undefined,
>(spec: PortalSpec<Params, Query, Body, Answer>): Route {
  const { halfSignedIn, impersonated, run, ...rest } = spec
  return route<Answer, Params, Query, Body>({
    ...rest,
    tag: 'Portal',
    access: 'portal',
    run: async (context) => {
      const portal = await findPortalCaller(context)
      if (portal.state === 'change' && halfSignedIn !== true) throw new Problem('password-change-needed')
      if (portal.openedBy !== null && spec.method !== 'get' && impersonated !== true) {
        throw new Problem('forbidden', 'who looks in a subscriber’s place does not change how it signs in')
      }
      const { caller: _panel, ...others } = context
      const from = { address: addressOf(context.request), requestId: String(context.response.get('X-Request-Id')) }
      return run({ ...others, portal, by: portalAuthor(portal, from, context.services.keyring) })
    },
  })
}

async function findPortalCaller<Params, Query, Body>(context: Context<Params, Query, Body>): Promise<PortalCaller> {
  const { request, services, now } = context
  const cookie = readCookie(request, portalCookie)
  if (cookie === undefined || cookie === '') throw new Problem('not-signed-in')
  requireOwnPage(request)
  const portal = await callerOfPortal(services.db, cookie, now)
  if (portal === undefined) throw new Problem('not-signed-in')
  return portal
}
