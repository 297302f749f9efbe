// The pages and their addresses. Each page is a piece of its own that is loaded when it is first opened. Whoever is not signed in
// sees the sign-in in place of any page, and then the page that was asked for.
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router'
import { z } from 'zod/mini'
import { HomePage } from './dashboard/home-page.tsx'
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
  component: HomePage,
})

export const dashboardRoute = createRoute({
  getParentRoute: () => root,
  path: '/dashboard',
  component: lazyRouteComponent(() => import('./dashboard/dashboard-page.tsx'), 'DashboardPage'),
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
    z
      .object({
        q: z.optional(z.coerce.string()),
        state: z.optional(z.enum(['online', 'zombie', 'open', 'ended'])),
        nas: z.optional(z.number()),
        interface: z.optional(z.coerce.string()),
        sVlan: z.optional(z.number()),
        cVlan: z.optional(z.number()),
        acct: z.optional(z.coerce.string()),
        since: z.optional(z.string()),
        until: z.optional(z.string()),
        anomalies: z.optional(z.boolean()),
        /** Whose sheet is open. */
        open: z.optional(z.number()),
        /** The session that is open. */
        session: z.optional(z.number()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./sessions/sessions-page.tsx'), 'SessionsPage'),
})

export const holdersRoute = createRoute({
  getParentRoute: () => root,
  path: '/online/holders',
  validateSearch: (search) => z.object({ tab: z.optional(z.enum(['ask', 'log'])) }).parse(search),
  component: lazyRouteComponent(() => import('./sessions/holders-page.tsx'), 'HoldersPage'),
})

export const unmatchedRoute = createRoute({
  getParentRoute: () => root,
  path: '/unmatched',
  validateSearch: (search) =>
    z
      .object({
        nas: z.optional(z.number()),
        reason: z.optional(z.string()),
        /** The request that is open. */
        open: z.optional(z.number()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./unmatched/unmatched-page.tsx'), 'UnmatchedPage'),
})

/** What a list of few rows says: searched here, and which one is open. */
const fewSearch = z.object({
  q: z.optional(z.coerce.string()),
  sort: z.optional(z.string()),
  open: z.optional(z.coerce.string()),
})

export const nasesRoute = createRoute({
  getParentRoute: () => root,
  path: '/nases',
  validateSearch: (search) => fewSearch.parse(search),
  component: lazyRouteComponent(() => import('./nases/nases-page.tsx'), 'NasesPage'),
})

export const clientsRoute = createRoute({
  getParentRoute: () => root,
  path: '/nases/clients',
  validateSearch: (search) => fewSearch.parse(search),
  component: lazyRouteComponent(() => import('./nases/clients-page.tsx'), 'ClientsPage'),
})

export const nasGroupsRoute = createRoute({
  getParentRoute: () => root,
  path: '/nases/groups',
  validateSearch: (search) => fewSearch.parse(search),
  component: lazyRouteComponent(() => import('./nases/nas-groups-page.tsx'), 'NasGroupsPage'),
})

export const realmsRoute = createRoute({
  getParentRoute: () => root,
  path: '/nases/realms',
  component: lazyRouteComponent(() => import('./nases/realms-page.tsx'), 'RealmsPage'),
})

export const nasRoute = createRoute({
  getParentRoute: () => root,
  path: '/nases/$id',
  validateSearch: (search) =>
    z
      .object({
        tab: z.optional(z.enum(['state', 'doctor', 'script', 'sessions', 'pools', 'router', 'settings'])),
        /** The run that is open. */
        run: z.optional(z.number()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./nases/nas-page.tsx'), 'NasPage'),
})

export const notEnforcedRoute = createRoute({
  getParentRoute: () => root,
  path: '/not-enforced',
  validateSearch: (search) =>
    z
      .object({
        show: z.optional(z.enum(['all'])),
        nas: z.optional(z.number()),
        state: z.optional(z.string()),
        /** The order that is open. */
        open: z.optional(z.number()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./enforcement/enforcement-page.tsx'), 'EnforcementPage'),
})

export const poolsRoute = createRoute({
  getParentRoute: () => root,
  path: '/pools',
  validateSearch: (search) => fewSearch.parse(search),
  component: lazyRouteComponent(() => import('./pools/pools-page.tsx'), 'PoolsPage'),
})

export const poolRoute = createRoute({
  getParentRoute: () => root,
  path: '/pools/$id',
  validateSearch: (search) =>
    z.object({ state: z.optional(z.enum(['used', 'held', 'static', 'free'])) }).parse(search),
  component: lazyRouteComponent(() => import('./pools/pool-page.tsx'), 'PoolPage'),
})

export const auditRoute = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search) =>
    z
      .object({
        q: z.optional(z.coerce.string()),
        noun: z.optional(z.string()),
        action: z.optional(z.string()),
        row: z.optional(z.number()),
        author: z.optional(z.number()),
        request: z.optional(z.coerce.string()),
        /** First and last day. */
        from: z.optional(z.iso.date()),
        to: z.optional(z.iso.date()),
        /** The entry that is open. */
        open: z.optional(z.number()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./audit/audit-page.tsx'), 'AuditPage'),
})

export const reportsRoute = createRoute({
  getParentRoute: () => root,
  path: '/reports',
  validateSearch: (search) =>
    z
      .object({
        report: z.optional(z.string()),
        from: z.optional(z.iso.date()),
        to: z.optional(z.iso.date()),
        by: z.optional(z.enum(['day', 'plan', 'owner', 'zone', 'group'])),
        days: z.optional(z.number()),
        sort: z.optional(z.string()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./reports/reports-page.tsx'), 'ReportsPage'),
})

export const schedulesRoute = createRoute({
  getParentRoute: () => root,
  path: '/report-schedules',
  component: lazyRouteComponent(() => import('./reports/schedules-page.tsx'), 'SchedulesPage'),
})

export const jobsRoute = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: (search) =>
    z
      .object({
        tab: z.optional(z.enum(['all', 'tonight', 'failures'])),
        /** The job whose runs are open. */
        open: z.optional(z.string()),
        /** Hours that are looked ahead. */
        ahead: z.optional(z.number()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./jobs/jobs-page.tsx'), 'JobsPage'),
})

export const bulkRunsRoute = createRoute({
  getParentRoute: () => root,
  path: '/bulk-runs',
  validateSearch: (search) =>
    z
      .object({
        state: z.optional(z.enum(['waiting', 'running', 'stopping', 'done', 'stopped', 'failed'])),
        own: z.optional(z.boolean()),
        open: z.optional(z.number()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./bulk-runs/bulk-runs-page.tsx'), 'BulkRunsPage'),
})

const tree = root.addChildren([
  home,
  subscribersRoute,
  sessionsRoute,
  holdersRoute,
  unmatchedRoute,
  nasesRoute,
  clientsRoute,
  nasGroupsRoute,
  realmsRoute,
  nasRoute,
  notEnforcedRoute,
  poolsRoute,
  poolRoute,
  auditRoute,
  dashboardRoute,
  reportsRoute,
  schedulesRoute,
  jobsRoute,
  bulkRunsRoute,
])

export function createPanelRouter(queries: QueryClient) {
  return createRouter({ routeTree: tree, context: { queries }, defaultPreload: 'intent', scrollRestoration: true })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPanelRouter>
  }
}
