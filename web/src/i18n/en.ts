// English: the catalogue that all others follow, a file a room. Plurals by the rules of each language (`_one`, `_other`, …).
import { shell } from './en/shell.ts'
import { signIn } from './en/sign-in.ts'
import { profile } from './en/profile.ts'
import { settings } from './en/settings.ts'
import { list } from './en/list.ts'
import { subscribers } from './en/subscribers.ts'
import { subscriberFilters } from './en/subscriber-filters.ts'
import { subscriber } from './en/subscriber.ts'
import { sessions } from './en/sessions.ts'
import { pools } from './en/pools.ts'
import { nases } from './en/nases.ts'
import { unmatched } from './en/unmatched.ts'
import { enforcement } from './en/enforcement.ts'
import { audit } from './en/audit.ts'
import { chart } from './en/chart.ts'
import { dashboard } from './en/dashboard.ts'
import { reports } from './en/reports.ts'
import { jobs } from './en/jobs.ts'
import { bulkRuns } from './en/bulk-runs.ts'
import { subscriberForm } from './en/subscriber-form.ts'
import { groups } from './en/groups.ts'
import { imports } from './en/imports.ts'
import { exportRuns } from './en/exports.ts'
import { operators } from './en/operators.ts'
import { plans } from './en/plans.ts'
import { money } from './en/money.ts'
import { messages } from './en/messages.ts'

export const en = {
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
  ...operators,
  ...plans,
  ...money,
  ...messages,
}
