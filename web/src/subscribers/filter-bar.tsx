// The filters as chips: what each says in words, a click changes it, its cross takes it away. Before them the one that is used most.
import { Button, CloseButton, Group, Popover, Stack } from '@mantine/core'
import { useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { FilterEditor } from './filter-editor.tsx'
import { filterKind, filterKinds, type FilterName } from './filter-kinds.ts'
import { FilterMenu } from './filter-menu.tsx'
import { onlyActive, type Filters } from './filter.ts'
import { useFilterWords } from './use-filter-words.ts'
import classes from './subscribers.module.css'

type Props = { filters: Filters; onChange(filters: Filters): void; before?: ReactNode }

export function FilterBar({ filters, onChange, before }: Props) {
  const { t } = useTranslation()
  const [editing, setEditing] = useState<FilterName>()
  const set = (name: FilterName, value: string | undefined) => {
    const { [name]: _, ...rest } = filters
    onChange(value === undefined ? rest : { ...rest, [name]: value })
  }
  const isOnlyActive = filters['label'] === onlyActive
  const present = filterKinds.filter(
    ({ name }) =>
      (filters[name] !== undefined || name === editing) && !(name === 'label' && isOnlyActive && name !== editing),
  )
  return (
    <Group gap={6} role="group" aria-label={t('list.filters')}>
      {before}
      <Button
        variant={isOnlyActive ? 'filled' : 'default'}
        size="compact-md"
        aria-pressed={isOnlyActive}
        onClick={() => set('label', isOnlyActive ? undefined : onlyActive)}
      >
        {t('filters.onlyActive')}
      </Button>
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
      <FilterMenu taken={present.map(({ name }) => name)} onChoose={setEditing} />
      {Object.keys(filters).length > 0 && (
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
  const said = useFilterWords(name, value ?? '')
  const title = t(`filters.${name}`)
  const isFixed = filterKind(name)?.kind === 'ids'
  const text = useRef<HTMLButtonElement>(null)
  // It may have been open from the beginning, when the menu made it.
  const close = () => {
    onOpen(false)
    text.current?.focus()
  }
  return (
    <Popover
      opened={isOpen && !isFixed}
      onChange={(isNowOpen) => (isNowOpen ? onOpen(true) : close())}
      position="bottom-start"
      withArrow
      trapFocus
      withRoles={false}
    >
      <Popover.Target>
        <span className={classes.chip}>
          <button
            ref={text}
            type="button"
            className={classes.chipText}
            aria-expanded={isFixed ? undefined : isOpen}
            onClick={() => onOpen(!isOpen)}
          >
            {title}: <bdi>{value === undefined ? '…' : said}</bdi>
          </button>
          <CloseButton
            size={24}
            iconSize={14}
            aria-label={t('list.removeFilter', { name: title })}
            onClick={() => {
              onOpen(false)
              onChange(undefined)
            }}
          />
        </span>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={title}>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            close()
          }}
        >
          <Stack gap="xs" w={250} maw="80vw" className={classes.editor}>
            <FilterEditor name={name} value={value} onChange={onChange} />
            <Button type="submit" size="compact-sm" variant="light">
              {t('filters.done')}
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}
