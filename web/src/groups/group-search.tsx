// Finds a group as one types.
import { TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

export function GroupSearch({ value, onSearch }: { value: string; onSearch(text: string): void }) {
  const { t } = useTranslation()
  return (
    <TextInput
      type="search"
      w={200}
      maw="100%"
      leftSection={<IconSearch size={16} aria-hidden />}
      aria-label={t('list.search')}
      placeholder={t('groups.search')}
      defaultValue={value}
      onChange={(event) => onSearch(event.currentTarget.value)}
    />
  )
}
