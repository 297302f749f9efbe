// Every route there is. The router, the reference, and the tests over all routes read this list.

import type { Route } from './route.ts'
import { clientRoutes } from './routes/clients.ts'
import { meRoutes } from './routes/me.ts'
import { nasGroupRoutes, nasRoutes } from './routes/nases.ts'
import { homeServerRoutes, realmRoutes } from './routes/realms.ts'
import { alarmRoutes, settingRoutes } from './routes/settings.ts'

export const routes: readonly Route[] = [
  ...meRoutes,
  ...nasRoutes,
  ...nasGroupRoutes,
  ...clientRoutes,
  ...realmRoutes,
  ...homeServerRoutes,
  ...settingRoutes,
  ...alarmRoutes,
]
