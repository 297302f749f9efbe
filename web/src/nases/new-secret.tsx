// A secret that is shown once.
import { Alert, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Copied } from '../shell/copied.tsx'

export type Revealed = { secret: string; warning: string | null }

export function NewSecret({ made }: { made: Revealed }) {
  const { t } = useTranslation()
  return (
    <Stack gap="sm">
      <Copied label={t('nases.secret')} value={made.secret} />
      <Text size="sm">{t('nases.shownOnce')}</Text>
      {made.warning !== null && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} aria-hidden />}>
          {made.warning}
        </Alert>
      )}
    </Stack>
  )
}
