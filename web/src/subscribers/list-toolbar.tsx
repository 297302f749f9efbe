// The head of the list: what it is and how many, the search box, what can be done; below it the views, the filters, the actions.
import { Button, Drawer, Group, Stack, Text, Title, Tooltip, ActionIcon } from '@mantine/core'
import { IconDownload, IconFilter } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { SearchBox } from '../list/search-box.tsx'
import { usePhone } from '../list/use-phone.ts'
import { useMay } from '../sign-in/me.ts'
import type { PanelAction } from './action-list.ts'
import { ActionsMenu } from './actions-menu.tsx'
import { ListDoors } from './edit/list-doors.tsx'
import { FilterBar } from './filter-bar.tsx'
import type { Filters } from './filter.ts'
import { RunIndicator } from './run-indicator.tsx'
import classes from './subscribers.module.css'

type Props = {
  count: { count: number; exact: boolean } | undefined
  q: string
  filters: Filters
  views: ReactNode
  columns: ReactNode
  onSearch(text: string): void
  onFilters(filters: Filters): void
  onChoose(action: PanelAction): void
  /** There is somebody whom an action could be meant for. */
  canChoose: boolean
  onExport(): void
  onRun(runId: number): void
  onRunEnd(): void
}

export function ListToolbar(props: Props) {
  const { t } = useTranslation()
  const isPhone = usePhone()
  const { count, q, onSearch } = props
  return (
    <>
      <Group className={classes.toolbar} justify="space-between" gap="xs">
        <Group gap="sm">
          <Title order={1} size="h4">
            {t('subscribers.title')}
          </Title>
          {count && (
            <Text size="sm" c="dimmed" role="status">
              {t(count.exact ? 'subscribers.count' : 'subscribers.about', { count: count.count })}
            </Text>
          )}
          <RunIndicator onOpen={props.onRun} onEnd={props.onRunEnd} />
        </Group>
        <Group gap="xs" className={classes.doors}>
          <SearchBox width={340} value={q} hint={t('subscribers.searchHint')} onSearch={onSearch} />
          <ListDoors />
        </Group>
      </Group>
      <Group
        className={classes.filters}
        justify="space-between"
        align="start"
        gap="xs"
        wrap={isPhone ? 'wrap' : 'nowrap'}
      >
        {isPhone ? (
          <PhoneFilters {...props} />
        ) : (
          <FilterBar filters={props.filters} onChange={props.onFilters} before={props.views} />
        )}
        <Tools {...props} isPhone={isPhone} />
      </Group>
    </>
  )
}

function Tools({ columns, onChoose, canChoose, onExport, isPhone }: Props & { isPhone: boolean }) {
  const { t } = useTranslation()
  const mayExport = useMay('export.run')
  return (
    <Group gap={6} wrap="nowrap">
      <ActionsMenu onChoose={onChoose} disabled={!canChoose} isQuiet />
      {mayExport && (
        <Tooltip label={t('subscribers.export')}>
          <ActionIcon variant="default" size={30} aria-label={t('subscribers.export')} onClick={onExport}>
            <IconDownload size={17} stroke={1.6} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
      {!isPhone && columns}
    </Group>
  )
}

/** On a phone the filters stand in a drawer of their own. */
function PhoneFilters({ filters, onFilters, views }: Props) {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  const taken = Object.keys(filters).length
  return (
    <>
      <Button
        variant={taken > 0 ? 'light' : 'default'}
        size="compact-md"
        leftSection={<IconFilter size={15} aria-hidden />}
        onClick={() => setOpen(true)}
      >
        {taken > 0 ? t('subscribers.filtersOn', { count: taken }) : t('list.filters')}
      </Button>
      <Drawer opened={isOpen} onClose={() => setOpen(false)} position="bottom" size="75%" title={t('list.filters')}>
        <Stack gap="md">
          <Group>{views}</Group>
          <FilterBar filters={filters} onChange={onFilters} />
          <Button onClick={() => setOpen(false)}>{t('filters.done')}</Button>
        </Stack>
      </Drawer>
    </>
  )
}
