// Arabic, loaded when it is chosen.
import { shell } from './ar/shell.ts'
import { signIn } from './ar/sign-in.ts'
import { profile } from './ar/profile.ts'
import { settings } from './ar/settings.ts'
import { list } from './ar/list.ts'
import { subscribers } from './ar/subscribers.ts'
import { subscriberFilters } from './ar/subscriber-filters.ts'
import { subscriber } from './ar/subscriber.ts'
import { sessions } from './ar/sessions.ts'
import { pools } from './ar/pools.ts'
import { nases } from './ar/nases.ts'
import { unmatched } from './ar/unmatched.ts'
import { enforcement } from './ar/enforcement.ts'
import { audit } from './ar/audit.ts'
import { chart } from './ar/chart.ts'
import { dashboard } from './ar/dashboard.ts'
import { reports } from './ar/reports.ts'
import { jobs } from './ar/jobs.ts'
import { bulkRuns } from './ar/bulk-runs.ts'
import { subscriberForm } from './ar/subscriber-form.ts'
import { groups } from './ar/groups.ts'
import { imports } from './ar/imports.ts'
import { exportRuns } from './ar/exports.ts'
import { plans } from './ar/plans.ts'
import { money } from './ar/money.ts'
import { messages } from './ar/messages.ts'
import { operators } from './ar/operators.ts'

export const ar = {
  ...shell,
  ...signIn,
  ...profile,
  ...settings,
  ...list,
  ...subscribers,
  ...subscriberFilters,
  ...subscriber,
  ...sessions,
  ...pools,
  ...nases,
  ...unmatched,
  ...enforcement,
  ...audit,
  ...chart,
  ...dashboard,
  ...reports,
  ...jobs,
  ...bulkRuns,
  ...subscriberForm,
  ...groups,
  ...imports,
  ...exportRuns,
  ...plans,
  ...money,
  ...messages,
  ...operators,
}
