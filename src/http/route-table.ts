// Every route there is. The router, the reference, and the tests over all routes read this list.

import type { Route } from './route.ts'
import { timelineRoutes } from './routes/timeline.ts'
import { unmatchedRoutes } from './routes/unmatched.ts'
import { addressRoutes } from './routes/addresses.ts'
import { whyRoutes } from './routes/why.ts'
import { eventRoutes } from './routes/events.ts'
import { bulkRoutes } from './routes/bulk-runs.ts'
import { coaOrderRoutes } from './routes/coa-orders.ts'
import { enforcementRoutes } from './routes/enforcement.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { auditRoutes } from './routes/audit.ts'
import { clientRoutes } from './routes/clients.ts'
import { apiTokenRoutes } from './routes/api-tokens.ts'
import { organisationRoutes } from './routes/organisations.ts'
import { operatorRoutes } from './routes/operators.ts'
import { ownSignInRoutes } from './routes/own-sign-in.ts'
import { portalServiceRoutes } from './routes/portal-service.ts'
import { portalRoutes, portalSupportRoutes } from './routes/portal.ts'
import { roleRoutes, teamRoutes } from './routes/roles.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { ipPoolRoutes } from './routes/ip-pools.ts'
import { jobRoutes } from './routes/jobs.ts'
import { ledgerRoutes } from './routes/ledger.ts'
import { meRoutes } from './routes/me.ts'
import { mailServerRoutes, messageRoutes, templateRoutes } from './routes/messages.ts'
import { nasRouterRoutes } from './routes/nas-routers.ts'
import { routerRunRoutes } from './routes/router-runs.ts'
import { nasGroupRoutes, nasRoutes } from './routes/nases.ts'
import { nasStateRoutes } from './routes/nas-states.ts'
import { moneyRoutes } from './routes/payers.ts'
import { planRoutes } from './routes/plans.ts'
import { homeServerRoutes, realmRoutes } from './routes/realms.ts'
import { reportRoutes, scheduleRoutes } from './routes/reports.ts'
import { alarmRoutes, settingRoutes } from './routes/settings.ts'
import { exportRoutes, subscriberExportRoutes } from './routes/exports.ts'
import { groupRoutes } from './routes/groups.ts'
import { importRoutes } from './routes/imports.ts'
import { subscriberActionRoutes } from './routes/subscriber-actions.ts'
import { subscriberCommentRoutes } from './routes/subscriber-comments.ts'
import { subscriberListRoutes } from './routes/subscriber-list.ts'
import { subscriberPresetRoutes } from './routes/subscriber-presets.ts'
import { subscriberRoutes } from './routes/subscribers.ts'
import { viewRoutes } from './routes/views.ts'
import { webhookRoutes } from './routes/webhooks.ts'

export const routes: readonly Route[] = [
  // Before those of one subscriber: `export` is no id.
  ...subscriberExportRoutes,
  ...subscriberListRoutes,
  ...viewRoutes,
  ...exportRoutes,
  ...importRoutes,
  ...signInRoutes,
  ...ownSignInRoutes,
  ...operatorRoutes,
  ...roleRoutes,
  ...teamRoutes,
  ...organisationRoutes,
  ...apiTokenRoutes,
  ...portalRoutes,
  ...portalServiceRoutes,
  ...portalSupportRoutes,
  ...meRoutes,
  ...planRoutes,
  ...moneyRoutes,
  ...ledgerRoutes,
  ...nasRoutes,
  ...nasStateRoutes,
  ...nasRouterRoutes,
  ...routerRunRoutes,
  ...nasGroupRoutes,
  ...clientRoutes,
  ...realmRoutes,
  ...homeServerRoutes,
  ...settingRoutes,
  ...alarmRoutes,
  ...jobRoutes,
  ...messageRoutes,
  ...templateRoutes,
  ...mailServerRoutes,
  ...webhookRoutes,
  ...reportRoutes,
  ...scheduleRoutes,
  ...auditRoutes,
  ...bulkRoutes,
  ...sessionRoutes,
  ...coaOrderRoutes,
  ...enforcementRoutes,
  ...eventRoutes,
  ...subscriberRoutes,
  ...subscriberActionRoutes,
  ...subscriberCommentRoutes,
  ...subscriberPresetRoutes,
  ...groupRoutes,
  ...whyRoutes,
  ...addressRoutes,
  ...ipPoolRoutes,
  ...unmatchedRoutes,
  ...timelineRoutes,
]
