// Where nothing could be read: once more.
import { Button } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

export function AgainButton({ onAgain }: { onAgain(): void }) {
  const { t } = useTranslation()
  return (
    <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={onAgain}>
      {t('problem.again')}
    </Button>
  )
}
