// Every route there is. The router, the reference, and the tests over all routes read this list.

import type { Route } from './route.ts'
import { meRoutes } from './routes/me.ts'

export const routes: readonly Route[] = [...meRoutes]
