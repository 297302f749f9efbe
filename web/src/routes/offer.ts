// Plans, groups and money.
import { createRoute } from '@tanstack/react-router'
import { z } from 'zod/mini'
import { ledgerSearch } from '../money/ledger-search.ts'
import { page } from '../i18n/later.ts'
import { rootRoute } from './root.ts'

export const plansRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/plans',
  validateSearch: (search) =>
    z.object({ q: z.optional(z.coerce.string()), archived: z.optional(z.boolean()) }).parse(search),
  component: page(() => import('../plans/plans-page.tsx'), 'PlansPage'),
})

export const planNewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/plans/new',
  component: page(() => import('../plans/new-plan-page.tsx'), 'NewPlanPage'),
})

export const planRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/plans/$id',
  component: page(() => import('../plans/plan-page.tsx'), 'PlanPage'),
})

export const groupsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/groups',
  validateSearch: (search) => z.object({ q: z.optional(z.string()) }).parse(search),
  component: page(() => import('../groups/groups-page.tsx'), 'GroupsPage'),
})

export const moneyRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  component: page(() => import('../money/money-page.tsx'), 'MoneyPage'),
})

export const payerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/money/payers/$id',
  validateSearch: (search) => z.object(ledgerSearch).parse(search),
  component: page(() => import('../money/payer-page.tsx'), 'PayerPage'),
})

export const walletRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/money/wallets/$id',
  validateSearch: (search) => z.object(ledgerSearch).parse(search),
  component: page(() => import('../money/wallet-page.tsx'), 'WalletPage'),
})
