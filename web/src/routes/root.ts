// Where all pages hang: nothing is shown before it is known who is there.
import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext } from '@tanstack/react-router'
import { RootPage } from '../shell/root-page.tsx'
import { whoIsThere } from '../sign-in/me.ts'

export type RouterContext = { queries: QueryClient }

export const rootRoute = createRootRouteWithContext<RouterContext>()({
  // Asked before any page is loaded: the shell shows what this person may do.
  beforeLoad: async ({ context }) => {
    await context.queries.ensureQueryData(whoIsThere)
  },
  component: RootPage,
})
