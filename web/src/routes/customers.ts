// Subscribers: their list, one of them, their files; who is online, and who matched nobody.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod/mini'
import { subscriberTabs } from '../subscriber/tabs.ts'
import { page } from '../i18n/later.ts'
import { rootRoute } from './root.ts'

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

export const dashboardRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dashboard',
  component: page(() => import('../dashboard/dashboard-page.tsx'), 'DashboardPage'),
})

export const subscribersRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  // Its words are at hand.
  component: lazyRouteComponent(() => import('../subscribers/subscribers-page.tsx'), 'SubscribersPage'),
})

export const subscriberRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/subscribers/$id',
  validateSearch: (search) => z.object(subscriberSearch).parse(search),
  component: page(() => import('../subscriber/subscriber-page.tsx'), 'SubscriberPage'),
})

export const subscriberNewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/subscribers/new',
  component: page(() => import('../subscribers/edit/add-page.tsx'), 'SubscriberAddPage'),
})

export const subscriberEditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/subscribers/$id/edit',
  component: page(() => import('../subscribers/edit/edit-page.tsx'), 'SubscriberEditPage'),
})

export const importNewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/subscribers/import',
  component: page(() => import('../imports/import-page.tsx'), 'ImportPage'),
})

export const importsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/imports',
  component: page(() => import('../imports/imports-page.tsx'), 'ImportsPage'),
})

export const importRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/imports/$id',
  /** Just this file was imported before. */
  validateSearch: (search) => z.object({ before: z.optional(z.boolean()) }).parse(search),
  component: page(() => import('../imports/run-page.tsx'), 'ImportRunPage'),
})

export const exportsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/exports',
  component: page(() => import('../exports/exports-page.tsx'), 'ExportsPage'),
})

export const sessionsRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  component: page(() => import('../sessions/sessions-page.tsx'), 'SessionsPage'),
})

export const holdersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/online/holders',
  validateSearch: (search) => z.object({ tab: z.optional(z.enum(['ask', 'log'])) }).parse(search),
  component: page(() => import('../sessions/holders-page.tsx'), 'HoldersPage'),
})

export const unmatchedRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  component: page(() => import('../unmatched/unmatched-page.tsx'), 'UnmatchedPage'),
})
