// The operators: found, filtered, added, and what can be done to one or to many of them.
import { Button, Group, Menu, Text } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconChevronDown, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getOperators } from '../api/generated/sdk.gen.ts'
import { ColumnPicker } from '../list/column-picker.tsx'
import { ListPage } from '../list/list-page.tsx'
import { ListTable } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { useSelection } from '../list/use-selection.ts'
import { operatorsRoute } from '../routes/house.ts'
import { useMay } from '../sign-in/me.ts'
import { bulkActions, type BulkAction } from './bulk-dialog.tsx'
import { OperatorState, useOperatorColumns, type OperatorRow } from './operator-columns.tsx'
import { OperatorFilters, type OperatorSearch } from './operator-filters.tsx'
import { OperatorSheet } from './operator-sheet.tsx'
import { useRoleName } from './operator-words.ts'
import { AboveOperators, type Above } from './operators-above.tsx'
import { OperatorPlaces } from './places.tsx'

const usualColumns = [
  'name',
  'email',
  'state',
  'role',
  'team',
  'second_factor',
  'sessions',
  'last_login_at',
  'created_at',
]

function useOperatorPages() {
  const { q, sort = 'name', order = 'asc', ...search } = operatorsRoute.useSearch()
  const { open: _open, ...filter } = search
  const text = (value: number | boolean | undefined) => (value === undefined ? undefined : String(value))
  return usePages<OperatorRow>(['operators', 'list', { q, sort, order, ...filter }], async (cursor, signal) => {
    const query = {
      limit: '100',
      sort,
      order,
      ...(q && { search: q }),
      ...(Object.fromEntries(
        Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, text(value)]])),
      ) as { enabled?: 'true' | 'false' }),
      ...(cursor && { cursor }),
    }
    const { data } = await getOperators({ query, signal, throwOnError: true })
    // Without `columns` every field of a row is there.
    return data as { items: OperatorRow[]; next_cursor: string | null }
  })
}

export function OperatorsPage() {
  const { t } = useTranslation()
  const search = operatorsRoute.useSearch()
  const navigate = operatorsRoute.useNavigate()
  const change = (part: OperatorSearch & { q?: string | undefined; open?: number | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: !('open' in part) })
  const mayEdit = useMay('operator.edit')
  const pages = useOperatorPages()
  const selection = useSelection(pages.rows)
  const columns = useOperatorColumns()
  const { names = usualColumns, widths, setNames, setWidth } = useColumns('operators')
  const [above, setAbove] = useState<Above>()
  useHotkeys([['n', () => mayEdit && setAbove({ kind: 'add' })]])
  const count = pages.rows.length
  return (
    <>
      <OperatorPlaces />
      <ListPage
        title={t('nav.operators')}
        status={pages.isLoading ? undefined : t(pages.hasMore ? 'operators.countMore' : 'operators.count', { count })}
        error={pages.error}
        tools={
          <>
            <SearchBox
              value={search.q ?? ''}
              hint={t('operators.searchHint')}
              onSearch={(text) => change({ q: text || undefined })}
            />
            <ColumnPicker all={columns} shown={names} onChange={setNames} />
            {mayEdit && <BulkMenu onChoose={(action) => setAbove({ kind: 'bulk', action })} />}
            {mayEdit && (
              <Button
                leftSection={<IconPlus size={16} aria-hidden />}
                onClick={() => setAbove({ kind: 'add' })}
                aria-keyshortcuts="n"
              >
                {t('operators.add')}
              </Button>
            )}
          </>
        }
        filters={<OperatorFilters search={search} onChange={change} />}
      >
        {selection.size > 0 && <Selected count={selection.size} onClear={selection.clear} />}
        <ListTable
          label={t('nav.operators')}
          columns={names.flatMap((name) => columns.filter((column) => column.name === name))}
          pages={pages}
          nameOf={({ name }) => name}
          sort={{ by: search.sort ?? 'name', descending: search.order === 'desc' }}
          onSort={({ by, descending }) =>
            void navigate({
              search: (before) => ({ ...before, sort: by as typeof before.sort, order: descending ? 'desc' : 'asc' }),
              replace: true,
            })
          }
          {...(mayEdit && { selection })}
          onOpen={({ id }) => change({ open: id })}
          onMenu={(operator, at) => setAbove({ kind: 'menu', operator, at })}
          card={(row) => <Card operator={row} />}
          widths={widths}
          onWidth={setWidth}
          empty={t(search.q === undefined ? 'operators.none' : 'list.emptyFiltered')}
        />
      </ListPage>
      {search.open !== undefined && (
        <OperatorSheet
          id={search.open}
          onClose={() => change({ open: undefined })}
          onEdit={(id) => setAbove({ kind: 'edit', id })}
          onAsk={(operator, asked) => setAbove({ kind: 'asked', operator, asked })}
        />
      )}
      <AboveOperators
        above={above}
        onChange={setAbove}
        onOpen={(id) => change({ open: id })}
        bulk={{ ids: selection.ids, onDone: selection.clear }}
      />
    </>
  )
}

function Selected({ count, onClear }: { count: number; onClear(): void }) {
  const { t } = useTranslation()
  return (
    <Group gap="sm" px="sm" pb="xs">
      <Text size="sm" role="status">
        {t('operators.bulk.selected', { count })}
      </Text>
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        {t('operators.bulk.clear')}
      </Button>
    </Group>
  )
}

/** On a phone. */
function Card({ operator }: { operator: OperatorRow }) {
  const roleName = useRoleName()
  return (
    <Group justify="space-between" wrap="nowrap" w="100%">
      <div style={{ minInlineSize: 0 }}>
        <Text size="sm" fw={600} truncate>
          <bdi>{operator.name}</bdi>
        </Text>
        <Text size="xs" c="dimmed" truncate>
          <bdi>{operator.email}</bdi> · {roleName(operator.role)}
        </Text>
      </div>
      <OperatorState operator={operator} />
    </Group>
  )
}

function BulkMenu({ onChoose }: { onChoose(action: BulkAction): void }) {
  const { t } = useTranslation()
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={16} aria-hidden />}>
          {t('operators.menu')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {bulkActions.map((action) => (
          <Menu.Item key={action} onClick={() => onChoose(action)} color={action === 'delete' ? 'red' : undefined}>
            {t(`operators.bulk.actions.${action}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
