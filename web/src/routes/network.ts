// NASes, address pools, and orders that are not yet enforced.
import { createRoute } from '@tanstack/react-router'
import { z } from 'zod/mini'
import { page } from '../i18n/later.ts'
import { rootRoute } from './root.ts'

/** What a list of few rows says: searched here, and which one is open. */
const fewSearch = z.object({
  q: z.optional(z.coerce.string()),
  sort: z.optional(z.string()),
  open: z.optional(z.coerce.string()),
})

export const nasesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/nases',
  validateSearch: (search) => fewSearch.parse(search),
  component: page(() => import('../nases/nases-page.tsx'), 'NasesPage'),
})

export const clientsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/nases/clients',
  validateSearch: (search) => fewSearch.parse(search),
  component: page(() => import('../nases/clients-page.tsx'), 'ClientsPage'),
})

export const nasGroupsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/nases/groups',
  validateSearch: (search) => fewSearch.parse(search),
  component: page(() => import('../nases/nas-groups-page.tsx'), 'NasGroupsPage'),
})

export const realmsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/nases/realms',
  component: page(() => import('../nases/realms-page.tsx'), 'RealmsPage'),
})

export const nasRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/nases/$id',
  validateSearch: (search) =>
    z
      .object({
        tab: z.optional(z.enum(['state', 'doctor', 'script', 'sessions', 'pools', 'router', 'settings'])),
        /** The run that is open. */
        run: z.optional(z.number()),
      })
      .parse(search),
  component: page(() => import('../nases/nas-page.tsx'), 'NasPage'),
})

export const notEnforcedRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  component: page(() => import('../enforcement/enforcement-page.tsx'), 'EnforcementPage'),
})

export const poolsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/pools',
  validateSearch: (search) => fewSearch.parse(search),
  component: page(() => import('../pools/pools-page.tsx'), 'PoolsPage'),
})

export const poolRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/pools/$id',
  validateSearch: (search) => z.object({ state: z.optional(z.enum(['used', 'held', 'static', 'free'])) }).parse(search),
  component: page(() => import('../pools/pool-page.tsx'), 'PoolPage'),
})
