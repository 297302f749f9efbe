// Arabic: as en-more.ts.
import { audit } from './ar/audit.ts'
import { bulkRuns } from './ar/bulk-runs.ts'
import { chart } from './ar/chart.ts'
import { dashboard } from './ar/dashboard.ts'
import { enforcement } from './ar/enforcement.ts'
import { exportRuns } from './ar/exports.ts'
import { groups } from './ar/groups.ts'
import { imports } from './ar/imports.ts'
import { jobs } from './ar/jobs.ts'
import { messages } from './ar/messages.ts'
import { money } from './ar/money.ts'
import { nases } from './ar/nases.ts'
import { operators } from './ar/operators.ts'
import { plans } from './ar/plans.ts'
import { pools } from './ar/pools.ts'
import { profile } from './ar/profile.ts'
import { reports } from './ar/reports.ts'
import { sessions } from './ar/sessions.ts'
import { settings } from './ar/settings.ts'
import { subscriberForm } from './ar/subscriber-form.ts'
import { subscriber } from './ar/subscriber.ts'
import { unmatched } from './ar/unmatched.ts'

export const arMore = {
  ...audit,
  ...bulkRuns,
  ...chart,
  ...dashboard,
  ...enforcement,
  ...exportRuns,
  ...groups,
  ...imports,
  ...jobs,
  ...messages,
  ...money,
  ...nases,
  ...operators,
  ...plans,
  ...pools,
  ...profile,
  ...reports,
  ...sessions,
  ...settings,
  ...subscriberForm,
  ...subscriber,
  ...unmatched,
}
