// What the API refused, in its own words, with the reference that support asks for.
import { Alert, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'

export function ProblemNote({ error }: { error: Error | null | undefined }) {
  const { t } = useTranslation()
  if (error == null) return null
  const isOurs = error instanceof ApiError && error.problem.status >= 500
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} role="alert" title={t('problem.title')}>
      {error instanceof ApiError ? error.problem.detail : t('problem.noAnswer')}
      {isOurs && (
        <Text size="xs" mt={4}>
          {t('problem.reference', { id: error.problem.request_id })}
        </Text>
      )}
    </Alert>
  )
}
