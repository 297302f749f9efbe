// The pages and their addresses. Each page is a piece of its own that is loaded when it is first opened. Whoever is not signed in
// sees the sign-in in place of any page, and then the page that was asked for.
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { z } from 'zod/mini'
import { whoIsThere } from './sign-in/me.ts'
import { RootPage } from './shell/root-page.tsx'

type Context = { queries: QueryClient }

const root = createRootRouteWithContext<Context>()({
  // Asked before any page is loaded: the shell shows what this person may do.
  beforeLoad: async ({ context }) => {
    await context.queries.ensureQueryData(whoIsThere)
  },
  component: RootPage,
})

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/subscribers' })
  },
})

/** What the address of the list says: everything that is not the usual, so that it can be sent to somebody. */
const listSearch = z.object({
  q: z.optional(z.string()),
  sort: z.optional(z.string()),
  filter: z.optional(z.record(z.string(), z.string())),
  /** Whose sheet is open. */
  open: z.optional(z.number()),
})

export const subscribersRoute = createRoute({
  getParentRoute: () => root,
  path: '/subscribers',
  validateSearch: (search) => listSearch.parse(search),
  component: lazyRouteComponent(() => import('./subscribers/subscribers-page.tsx'), 'SubscribersPage'),
})

export const sessionsRoute = createRoute({
  getParentRoute: () => root,
  path: '/online',
  validateSearch: (search) =>
    z.object({ q: z.optional(z.string()), state: z.optional(z.enum(['online', 'open', 'ended'])) }).parse(search),
  component: lazyRouteComponent(() => import('./sessions/sessions-page.tsx'), 'SessionsPage'),
})

export const auditRoute = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search) => z.object({ q: z.optional(z.string()) }).parse(search),
  component: lazyRouteComponent(() => import('./audit/audit-page.tsx'), 'AuditPage'),
})

const tree = root.addChildren([home, subscribersRoute, sessionsRoute, auditRoute])

export function createPanelRouter(queries: QueryClient) {
  return createRouter({ routeTree: tree, context: { queries }, defaultPreload: 'intent', scrollRestoration: true })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPanelRouter>
  }
}
