// English: what comes with the first piece that is loaded later.
import { audit } from './en/audit.ts'
import { bulkRuns } from './en/bulk-runs.ts'
import { chart } from './en/chart.ts'
import { dashboard } from './en/dashboard.ts'
import { enforcement } from './en/enforcement.ts'
import { exportRuns } from './en/exports.ts'
import { groups } from './en/groups.ts'
import { imports } from './en/imports.ts'
import { jobs } from './en/jobs.ts'
import { messages } from './en/messages.ts'
import { money } from './en/money.ts'
import { nases } from './en/nases.ts'
import { operators } from './en/operators.ts'
import { plans } from './en/plans.ts'
import { pools } from './en/pools.ts'
import { profile } from './en/profile.ts'
import { reports } from './en/reports.ts'
import { sessions } from './en/sessions.ts'
import { settings } from './en/settings.ts'
import { subscriberForm } from './en/subscriber-form.ts'
import { subscriber } from './en/subscriber.ts'
import { unmatched } from './en/unmatched.ts'

export const enMore = {
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
