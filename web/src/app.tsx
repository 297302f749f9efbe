// What everything stands in: look, words, questions to the API, and the router.
import { DirectionProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { I18nextProvider } from 'react-i18next'
import { ApiError, whenSignedOut } from './api/client.ts'
import { i18n } from './i18n/i18n.ts'
import { watchLine } from './live/line.ts'
import { forgetLive } from './live/stream.ts'
import { Look } from './look.tsx'
import { createPanelRouter } from './router.tsx'
import { Toasts } from './shell/toasts.tsx'
import { whoIsThere } from './sign-in/me.ts'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // What the API refused it refuses again; only silence is worth another try.
      retry: (failures, error) => !(error instanceof ApiError) && failures < 2,
      // What the browser thinks of the line is no reason to wait without a word.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})
const router = createPanelRouter(queries)
whenSignedOut(() => {
  queries.setQueryData(whoIsThere.queryKey, null)
  forgetLive()
})
watchLine(() => void queries.invalidateQueries())

/** Who is there, and the page that was asked for: what is drawn first is whole, for React lets nothing follow a gap within 300 ms. */
export const firstPage = router.load()

export function App() {
  return (
    <I18nextProvider i18n={i18n}>
      <DirectionProvider>
        <Look>
          <Toasts />
          <QueryClientProvider client={queries}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </Look>
      </DirectionProvider>
    </I18nextProvider>
  )
}
