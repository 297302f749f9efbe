// The pages and their addresses. Each page is a piece of its own that is loaded when it is first opened. Whoever is not signed in
// sees the sign-in in place of any page, and then the page that was asked for.
import type { QueryClient } from '@tanstack/react-query'
import { createRoute, createRouter } from '@tanstack/react-router'
import { HomePage } from './dashboard/home-page.tsx'
import {
  dashboardRoute,
  subscribersRoute,
  subscriberRoute,
  subscriberNewRoute,
  subscriberEditRoute,
  importNewRoute,
  importsRoute,
  importRoute,
  exportsRoute,
  sessionsRoute,
  holdersRoute,
  unmatchedRoute,
} from './routes/customers.ts'
import {
  nasesRoute,
  clientsRoute,
  nasGroupsRoute,
  realmsRoute,
  nasRoute,
  notEnforcedRoute,
  poolsRoute,
  poolRoute,
} from './routes/network.ts'
import {
  plansRoute,
  planNewRoute,
  planRoute,
  groupsRoute,
  moneyRoute,
  payerRoute,
  walletRoute,
} from './routes/offer.ts'
import {
  bulkRunsRoute,
  auditRoute,
  reportsRoute,
  schedulesRoute,
  jobsRoute,
  messagesRoute,
  operatorsRoute,
  rolesRoute,
  teamsRoute,
  organisationsRoute,
  tokensRoute,
  settingsRoute,
  profileRoute,
} from './routes/house.ts'
import { rootRoute } from './routes/root.ts'
import { ErrorPage, NotFoundPage } from './shell/problem-pages.tsx'

const home = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: HomePage,
})

const tree = rootRoute.addChildren([
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
