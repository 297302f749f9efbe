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
import { ledgerSearch } from './money/ledger-search.ts'
import { whoIsThere } from './sign-in/me.ts'
import { ErrorPage, NotFoundPage } from './shell/problem-pages.tsx'
import { RootPage } from './shell/root-page.tsx'
import { subscriberTabs } from './subscriber/tabs.ts'

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

/** What is shown of one subscriber, in the sheet and on the page. */
const subscriberSearch = {
  tab: z.optional(z.enum(subscriberTabs)),
  /** Of the usage. */
  span: z.optional(z.string()),
  /** Of the timeline. */
  kinds: z.optional(z.string()),
}

/** What the address of the list says: everything that is not the usual, so that it can be sent to somebody. */
const listSearch = z.object({
  q: z.optional(z.coerce.string()),
  sort: z.optional(z.string()),
  filter: z.optional(z.record(z.string(), z.coerce.string())),
  /** The saved view. */
  view: z.optional(z.number()),
  /** Whose sheet is open. */
  open: z.optional(z.number()),
  ...subscriberSearch,
  /** The bulk run that is open. */
  run: z.optional(z.number()),
})

export const subscribersRoute = createRoute({
  getParentRoute: () => root,
  path: '/subscribers',
  validateSearch: (search) => listSearch.parse(search),
  search: {
    // What the sheet showed goes with it.
    middlewares: [
      ({ search, next }) => {
        const { tab, span, kinds, ...list } = next(search)
        return list.open === undefined ? list : { ...list, tab, span, kinds }
      },
    ],
  },
  component: lazyRouteComponent(() => import('./subscribers/subscribers-page.tsx'), 'SubscribersPage'),
})

export const subscriberRoute = createRoute({
  getParentRoute: () => root,
  path: '/subscribers/$id',
  validateSearch: (search) => z.object(subscriberSearch).parse(search),
  component: lazyRouteComponent(() => import('./subscriber/subscriber-page.tsx'), 'SubscriberPage'),
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
        address: z.optional(z.coerce.string()),
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
  validateSearch: (search) =>
    z.object({ open: z.optional(z.union([z.number(), z.literal('new')])) }).parse(search),
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

export const subscriberNewRoute = createRoute({
  getParentRoute: () => root,
  path: '/subscribers/new',
  component: lazyRouteComponent(() => import('./subscribers/edit/add-page.tsx'), 'SubscriberAddPage'),
})

export const subscriberEditRoute = createRoute({
  getParentRoute: () => root,
  path: '/subscribers/$id/edit',
  component: lazyRouteComponent(() => import('./subscribers/edit/edit-page.tsx'), 'SubscriberEditPage'),
})

export const importNewRoute = createRoute({
  getParentRoute: () => root,
  path: '/subscribers/import',
  component: lazyRouteComponent(() => import('./imports/import-page.tsx'), 'ImportPage'),
})

export const importsRoute = createRoute({
  getParentRoute: () => root,
  path: '/imports',
  component: lazyRouteComponent(() => import('./imports/imports-page.tsx'), 'ImportsPage'),
})

export const importRoute = createRoute({
  getParentRoute: () => root,
  path: '/imports/$id',
  /** Just this file was imported before. */
  validateSearch: (search) => z.object({ before: z.optional(z.boolean()) }).parse(search),
  component: lazyRouteComponent(() => import('./imports/run-page.tsx'), 'ImportRunPage'),
})

export const exportsRoute = createRoute({
  getParentRoute: () => root,
  path: '/exports',
  component: lazyRouteComponent(() => import('./exports/exports-page.tsx'), 'ExportsPage'),
})

export const groupsRoute = createRoute({
  getParentRoute: () => root,
  path: '/groups',
  validateSearch: (search) => z.object({ q: z.optional(z.string()) }).parse(search),
  component: lazyRouteComponent(() => import('./groups/groups-page.tsx'), 'GroupsPage'),
})

export const operatorsRoute = createRoute({
  getParentRoute: () => root,
  path: '/operators',
  validateSearch: (search) =>
    z
      .object({
        q: z.optional(z.coerce.string()),
        role: z.optional(z.number()),
        team: z.optional(z.number()),
        organisation: z.optional(z.number()),
        enabled: z.optional(z.boolean()),
        second_factor: z.optional(z.boolean()),
        signed_in: z.optional(z.boolean()),
        archived: z.optional(z.boolean()),
        sort: z.optional(z.enum(['name', 'email', 'role', 'team', 'organisation', 'created_at', 'last_login_at'])),
        order: z.optional(z.enum(['asc', 'desc'])),
        /** Whose sheet is open. */
        open: z.optional(z.number()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./operators/operators-page.tsx'), 'OperatorsPage'),
})

const rolesRoute = createRoute({
  getParentRoute: () => root,
  path: '/operators/roles',
  component: lazyRouteComponent(() => import('./operators/roles-page.tsx'), 'RolesPage'),
})

export const teamsRoute = createRoute({
  getParentRoute: () => root,
  path: '/operators/teams',
  component: lazyRouteComponent(() => import('./operators/teams-page.tsx'), 'TeamsPage'),
})

export const organisationsRoute = createRoute({
  getParentRoute: () => root,
  path: '/operators/organisations',
  component: lazyRouteComponent(() => import('./operators/organisations-page.tsx'), 'OrganisationsPage'),
})

export const tokensRoute = createRoute({
  getParentRoute: () => root,
  path: '/operators/tokens',
  validateSearch: (search) => z.object({ whose: z.optional(z.enum(['own', 'all'])) }).parse(search),
  component: lazyRouteComponent(() => import('./operators/tokens-page.tsx'), 'TokensPage'),
})

export const plansRoute = createRoute({
  getParentRoute: () => root,
  path: '/plans',
  validateSearch: (search) =>
    z.object({ q: z.optional(z.coerce.string()), archived: z.optional(z.boolean()) }).parse(search),
  component: lazyRouteComponent(() => import('./plans/plans-page.tsx'), 'PlansPage'),
})

export const planNewRoute = createRoute({
  getParentRoute: () => root,
  path: '/plans/new',
  component: lazyRouteComponent(() => import('./plans/new-plan-page.tsx'), 'NewPlanPage'),
})

export const planRoute = createRoute({
  getParentRoute: () => root,
  path: '/plans/$id',
  component: lazyRouteComponent(() => import('./plans/plan-page.tsx'), 'PlanPage'),
})

export const moneyRoute = createRoute({
  getParentRoute: () => root,
  path: '/money',
  validateSearch: (search) =>
    z
      .object({
        tab: z.optional(z.enum(['payers', 'ledger', 'wallets'])),
        q: z.optional(z.coerce.string()),
        kind: z.optional(z.enum(['own', 'company'])),
        debt: z.optional(z.boolean()),
        ...ledgerSearch,
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./money/money-page.tsx'), 'MoneyPage'),
})

export const payerRoute = createRoute({
  getParentRoute: () => root,
  path: '/money/payers/$id',
  validateSearch: (search) => z.object(ledgerSearch).parse(search),
  component: lazyRouteComponent(() => import('./money/payer-page.tsx'), 'PayerPage'),
})

export const walletRoute = createRoute({
  getParentRoute: () => root,
  path: '/money/wallets/$id',
  validateSearch: (search) => z.object(ledgerSearch).parse(search),
  component: lazyRouteComponent(() => import('./money/wallet-page.tsx'), 'WalletPage'),
})

export const messagesRoute = createRoute({
  getParentRoute: () => root,
  path: '/messages',
  validateSearch: (search) =>
    z
      .object({
        tab: z.optional(z.enum(['outbox', 'templates', 'webhooks', 'server'])),
        state: z.optional(z.enum(['waiting', 'sending', 'sent', 'failed'])),
        kind: z.optional(z.string()),
        subscriber: z.optional(z.number()),
        /** The message or the webhook that is open. */
        open: z.optional(z.number()),
        /** The text that is open: its kind and language. */
        template: z.optional(z.string()),
        language: z.optional(z.string()),
      })
      .parse(search),
  component: lazyRouteComponent(() => import('./messages/messages-page.tsx'), 'MessagesPage'),
})

export const settingsRoute = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: (search) => z.object({ q: z.optional(z.coerce.string()) }).parse(search),
  component: lazyRouteComponent(() => import('./settings/settings-page.tsx'), 'SettingsPage'),
})

const profileRoute = createRoute({
  getParentRoute: () => root,
  path: '/profile',
  component: lazyRouteComponent(() => import('./profile/profile-page.tsx'), 'ProfilePage'),
})

const tree = root.addChildren([
  plansRoute,
  planNewRoute,
  planRoute,
  moneyRoute,
  payerRoute,
  walletRoute,
  messagesRoute,
  home,
  settingsRoute,
  profileRoute,
  subscribersRoute,
  subscriberNewRoute,
  subscriberRoute,
  subscriberEditRoute,
  importNewRoute,
  importsRoute,
  importRoute,
  exportsRoute,
  groupsRoute,
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
  operatorsRoute,
  rolesRoute,
  teamsRoute,
  organisationsRoute,
  tokensRoute,
])

export function createPanelRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: ErrorPage,
    defaultNotFoundComponent: NotFoundPage,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPanelRouter>
  }
}
