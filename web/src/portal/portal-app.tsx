// What the portal stands in, and what is shown of it: the sign-in, the step that is owed, or the pages.
import { Center, DirectionProvider, Loader } from '@mantine/core'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { I18nextProvider, useTranslation } from 'react-i18next'
import { ApiError, whenSignedOut } from '../api/client.ts'
import { i18n } from '../i18n/i18n.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { Look } from '../look.tsx'
import { callerQuery } from './caller.ts'
import { ChangePage } from './change-page.tsx'
import { PortalFrame } from './portal-frame.tsx'
import { EntryPage } from './entry-page.tsx'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (failures, error) => !(error instanceof ApiError) && failures < 2,
    },
  },
})
whenSignedOut(() => queries.setQueryData(callerQuery.queryKey, null))

export function PortalApp() {
  return (
    <I18nextProvider i18n={i18n}>
      <DirectionProvider>
        <Look>
          <QueryClientProvider client={queries}>
            <Inside />
          </QueryClientProvider>
        </Look>
      </DirectionProvider>
    </I18nextProvider>
  )
}

function Inside() {
  const { t } = useTranslation()
  const caller = useQuery(callerQuery)
  if (caller.isPending) {
    return (
      <Center h="100%" component="main">
        <Loader aria-label={t('portal.loading')} />
      </Center>
    )
  }
  if (caller.data === undefined) {
    return (
      <Center h="100%" p="md" component="main">
        <ProblemNote error={caller.error} />
      </Center>
    )
  }
  if (caller.data === null) return <EntryPage />
  if (caller.data.state === 'change') return <ChangePage />
  return <PortalFrame caller={caller.data} />
}
