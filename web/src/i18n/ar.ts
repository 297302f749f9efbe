// Arabic, loaded when it is chosen.
import { shell } from './ar/shell.ts'
import { signIn } from './ar/sign-in.ts'
import { list } from './ar/list.ts'
import { subscribers } from './ar/subscribers.ts'
import { subscriber } from './ar/subscriber.ts'
import { sessions } from './ar/sessions.ts'
import { audit } from './ar/audit.ts'
import { chart } from './ar/chart.ts'
import { dashboard } from './ar/dashboard.ts'
import { reports } from './ar/reports.ts'
import { jobs } from './ar/jobs.ts'
import { bulkRuns } from './ar/bulk-runs.ts'

export const ar = {
  ...shell,
  ...signIn,
  ...list,
  ...subscribers,
  ...subscriber,
  ...sessions,
  ...audit,
  ...chart,
  ...dashboard,
  ...reports,
  ...jobs,
  ...bulkRuns,
}
