// What went wrong, in the reader's language where it is something that happens to subscribers.
import { Alert } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { ProblemNote } from '../shell/problem-note.tsx'

export function PortalProblem({ error }: { error: Error | null }) {
  const { t } = useTranslation()
  const words = { 'wrong-credentials': t('portal.wrong'), 'too-many-requests': t('portal.wait') }
  const known = error instanceof ApiError && error.code in words
  if (!known) return <ProblemNote error={error} />
  return (
    <Alert color="red" variant="light" role="alert">
      {words[error.code as keyof typeof words]}
    </Alert>
  )
}
