// What the ISP is run with: jobs, reports, the audit trail, operators, messages, settings.
import { createRoute } from '@tanstack/react-router'
import { z } from 'zod/mini'
import { page } from '../i18n/later.ts'
import { rootRoute } from './root.ts'

export const bulkRunsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/bulk-runs',
  validateSearch: (search) =>
    z
      .object({
        state: z.optional(z.enum(['waiting', 'running', 'stopping', 'done', 'stopped', 'failed'])),
        own: z.optional(z.boolean()),
        open: z.optional(z.number()),
      })
      .parse(search),
  component: page(() => import('../bulk-runs/bulk-runs-page.tsx'), 'BulkRunsPage'),
})

export const auditRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  component: page(() => import('../audit/audit-page.tsx'), 'AuditPage'),
})

export const reportsRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  component: page(() => import('../reports/reports-page.tsx'), 'ReportsPage'),
})

export const schedulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/report-schedules',
  validateSearch: (search) => z.object({ open: z.optional(z.union([z.number(), z.literal('new')])) }).parse(search),
  component: page(() => import('../reports/schedules-page.tsx'), 'SchedulesPage'),
})

export const jobsRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  component: page(() => import('../jobs/jobs-page.tsx'), 'JobsPage'),
})

export const messagesRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  component: page(() => import('../messages/messages-page.tsx'), 'MessagesPage'),
})

export const operatorsRoute = createRoute({
  getParentRoute: () => rootRoute,
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
  component: page(() => import('../operators/operators-page.tsx'), 'OperatorsPage'),
})

export const rolesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/operators/roles',
  component: page(() => import('../operators/roles-page.tsx'), 'RolesPage'),
})

export const teamsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/operators/teams',
  component: page(() => import('../operators/teams-page.tsx'), 'TeamsPage'),
})

export const organisationsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/operators/organisations',
  component: page(() => import('../operators/organisations-page.tsx'), 'OrganisationsPage'),
})

export const tokensRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/operators/tokens',
  validateSearch: (search) => z.object({ whose: z.optional(z.enum(['own', 'all'])) }).parse(search),
  component: page(() => import('../operators/tokens-page.tsx'), 'TokensPage'),
})

export const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/settings',
  validateSearch: (search) => z.object({ q: z.optional(z.coerce.string()) }).parse(search),
  component: page(() => import('../settings/settings-page.tsx'), 'SettingsPage'),
})

export const profileRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/profile',
  component: page(() => import('../profile/profile-page.tsx'), 'ProfilePage'),
})
