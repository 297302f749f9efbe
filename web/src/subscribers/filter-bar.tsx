// The filters as chips: what each says in words, a click changes it, its cross takes it away.
import { ActionIcon, Button, CloseButton, Group, Menu, Popover, Stack } from '@mantine/core'
import { IconFilter } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '../sign-in/me.ts'
import classes from './subscribers.module.css'
import { FilterEditor } from './filter-editor.tsx'
import { filterKinds, type FilterName } from './filter-kinds.ts'
import { useFilterWords } from './use-filter-words.ts'

type Filters = Readonly<Record<string, string>>
type Props = { filters: Filters; onChange(filters: Filters): void }

export function FilterBar({ filters, onChange }: Props) {
  const { t } = useTranslation()
  const me = useMe()
  const [editing, setEditing] = useState<FilterName>()
  const set = (name: FilterName, value: string | undefined) => {
    const { [name]: _, ...rest } = filters
    onChange(value === undefined ? rest : { ...rest, [name]: value })
  }
  const present = filterKinds.filter(({ name }) => filters[name] !== undefined || name === editing)
  const absent = filterKinds.filter(
    ({ name, permission }) =>
      filters[name] === undefined && (permission === undefined || me.permissions.includes(permission)),
  )
  return (
    <Group gap={6} role="group" aria-label={t('list.filters')}>
      {present.map(({ name }) => (
        <Chip
          key={name}
          name={name}
          value={filters[name]}
          isOpen={editing === name}
          onOpen={(isOpen) => setEditing(isOpen ? name : undefined)}
          onChange={(value) => set(name, value)}
        />
      ))}
      <Menu position="bottom-start" width={240}>
        <Menu.Target>
          {present.length === 0 ? (
            <Button variant="default" size="compact-md" leftSection={<IconFilter size={15} aria-hidden />}>
              {t('list.filters')}
            </Button>
          ) : (
            <ActionIcon variant="default" size="md" aria-label={t('list.addFilter')}>
              <IconFilter size={15} />
            </ActionIcon>
          )}
        </Menu.Target>
        <Menu.Dropdown className={classes.longMenu}>
          {absent.map(({ name }) => (
            <Menu.Item key={name} onClick={() => setEditing(name)}>
              {t(`filters.${name}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {present.length > 1 && (
        <Button variant="subtle" color="gray" size="compact-sm" onClick={() => onChange({})}>
          {t('list.clear')}
        </Button>
      )}
    </Group>
  )
}

type ChipProps = {
  name: FilterName
  value: string | undefined
  isOpen: boolean
  onOpen(isOpen: boolean): void
  onChange(value: string | undefined): void
}

function Chip({ name, value, isOpen, onOpen, onChange }: ChipProps) {
  const { t } = useTranslation()
  const say = useFilterWords()
  const title = t(`filters.${name}`)
  const said = value === undefined ? '…' : say(name, value)
  return (
    <Popover opened={isOpen} onChange={onOpen} position="bottom-start" withArrow trapFocus>
      <Popover.Target>
        <span className={classes.chip}>
          <button type="button" className={classes.chipText} aria-expanded={isOpen} onClick={() => onOpen(!isOpen)}>
            {title}: <bdi>{said}</bdi>
          </button>
          <CloseButton
            size="xs"
            aria-label={t('list.removeFilter', { name: title })}
            onClick={() => onChange(undefined)}
          />
        </span>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" miw={220}>
          <FilterEditor name={name} value={value} onChange={onChange} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
