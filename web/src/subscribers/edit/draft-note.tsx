// Says that a form holds what was typed before and not saved, and offers to begin anew.
import { Alert, Button, Group, Text } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

export function DraftNote({ onAnew }: { onAnew(): void }) {
  const { t } = useTranslation()
  return (
    <Alert variant="light" mb="sm" py={6} icon={<IconHistory size={18} aria-hidden />} role="status">
      <Group gap="sm">
        <Text size="sm">{t('subscriberForm.restored')}</Text>
        <Button size="compact-sm" variant="subtle" onClick={onAnew}>
          {t('subscriberForm.anew')}
        </Button>
      </Group>
    </Alert>
  )
}
