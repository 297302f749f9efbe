// The plans: what each gives, costs, and how many have it.
import { Button, SegmentedControl, Stack, Text } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getPlans } from '../api/generated/sdk.gen.ts'
import { formatMoney, formatRate } from '../i18n/format.ts'
import { ColumnPicker } from '../list/column-picker.tsx'
import { ListPage } from '../list/list-page.tsx'
import { ListTable } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { plansRoute } from '../routes/offer.ts'
import { useMay } from '../sign-in/me.ts'
import { planColumns, type PlanRow } from './columns.tsx'

export function PlansPage() {
  const { t } = useTranslation()
  const { q = '', archived = false } = plansRoute.useSearch()
  const navigate = plansRoute.useNavigate()
  const mayEdit = useMay('plan.edit')
  useHotkeys([['n', () => mayEdit && void navigate({ to: '/plans/new' })]])
  const pages = usePages<PlanRow>(['plans', q, archived], async (cursor, signal) => {
    const query = {
      limit: '100',
      archived: archived ? 'true' : 'false',
      ...(q && { search: q }),
      ...(cursor && { cursor }),
    } as const
    return (await getPlans({ query, signal, throwOnError: true })).data
  })
  const { names, widths, setNames, setWidth } = useColumns('plans')
  const all = useMemo(() => planColumns(t), [t])
  const columns = names?.flatMap((name) => all.filter((column) => column.name === name)) ?? all
  const add = mayEdit && (
    <Button
      renderRoot={(props) => <Link {...props} to="/plans/new" />}
      leftSection={<IconPlus size={16} aria-hidden />}
    >
      {t('plan.add')}
    </Button>
  )
  return (
    <ListPage
      title={t('nav.plans')}
      status={pages.isLoading || pages.hasMore ? undefined : t('plan.count', { count: pages.rows.length })}
      error={pages.error}
      tools={
        <>
          <SearchBox
            value={q}
            hint={t('plan.searchHint')}
            onSearch={(text) =>
              void navigate({ search: (before) => ({ ...before, q: text || undefined }), replace: true })
            }
          />
          <ColumnPicker all={all} shown={columns.map(({ name }) => name)} onChange={setNames} />
          {add}
        </>
      }
      filters={
        <SegmentedControl
          size="xs"
          aria-label={t('plan.which')}
          value={archived ? 'archived' : 'offered'}
          onChange={(next) =>
            void navigate({
              search: (before) => ({ ...before, archived: next === 'archived' || undefined }),
              replace: true,
            })
          }
          data={[
            { value: 'offered', label: t('plan.offered') },
            { value: 'archived', label: t('plan.archived') },
          ]}
        />
      }
    >
      <ListTable
        label={t('nav.plans')}
        columns={columns}
        pages={pages}
        nameOf={({ name }) => name}
        card={(row) => (
          <ListCard
            title={row.name}
            note={`${formatRate(row.down_bps)} / ${formatRate(row.up_bps)} · ${t('plan.subscribers', { count: row.subscribers })}`}
            end={formatMoney(row.price, row.currency)}
          />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => void navigate({ to: '/plans/$id', params: { id: String(id) } })}
        empty={
          q === '' && !archived ? (
            <Stack align="center" gap="xs">
              <Text size="sm">{t('plan.none')}</Text>
              {add}
            </Stack>
          ) : (
            t('list.emptyFiltered')
          )
        }
      />
    </ListPage>
  )
}
