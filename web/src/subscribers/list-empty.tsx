// A list without rows: nobody is there yet, or nobody matches.
import { Button, Group, Text } from '@mantine/core'
import { IconFilterOff } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { ListDoors } from './edit/list-doors.tsx'

export function ListEmpty({ isFiltered, onClear }: { isFiltered: boolean; onClear(): void }) {
  const { t } = useTranslation()
  if (!isFiltered) {
    return (
      <>
        <Text>{t('subscribers.none')}</Text>
        <Group justify="center">
          <ListDoors />
        </Group>
      </>
    )
  }
  return (
    <>
      <Text>{t('list.emptyFiltered')}</Text>
      <Button variant="default" leftSection={<IconFilterOff size={16} aria-hidden />} onClick={onClear}>
        {t('subscribers.clearAll')}
      </Button>
    </>
  )
}
