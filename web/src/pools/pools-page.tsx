// The address pools that we hand out of, and how full each is.
import { Badge, Button } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { IpPool } from '../api/generated/types.gen.ts'
import { formatNumber } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn, type Sort } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { wholeList } from '../list/whole-list.ts'
import { poolsRoute } from '../routes/network.ts'
import { useMay } from '../sign-in/me.ts'
import { Fill, shareOf } from './fill.tsx'
import { PoolDialog } from './pool-dialog.tsx'
import { allPools } from './use-pools.ts'

const sorts: Readonly<Record<string, (a: IpPool, b: IpPool) => number>> = {
  name: (a, b) => a.name.localeCompare(b.name),
  fill: (a, b) => shareOf(a) - shareOf(b),
  free: (a, b) => a.free - b.free,
}

export function PoolsPage() {
  const { t } = useTranslation()
  const { q = '', sort = 'name' } = poolsRoute.useSearch()
  const navigate = poolsRoute.useNavigate()
  const mayEdit = useMay('nas.edit')
  const query = useQuery(allPools)
  const sought = q.toLowerCase()
  const found = (query.data ?? []).filter((pool) =>
    [pool.name, pool.nas_group ?? '', pool.address_space, ...pool.ranges].some((text) =>
      text.toLowerCase().includes(sought),
    ),
  )
  const sorted = found.toSorted(sorts[sort.replace(/^-/, '')] ?? sorts['name'])
  const rows = sort.startsWith('-') ? sorted.toReversed() : sorted
  const order: Sort = { by: sort.replace(/^-/, ''), descending: sort.startsWith('-') }
  const { widths, setWidth } = useColumns('pools')
  const [adding, setAdding] = useState(false)
  const go = (change: { q?: string | undefined; sort?: string }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <ListPage
      title={t('nav.pools')}
      status={query.data && t('list.count', { count: query.data.length })}
      error={query.error}
      tools={
        <>
          <SearchBox value={q} hint={t('pools.searchHint')} onSearch={(text) => go({ q: text || undefined })} />
          {mayEdit && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
              {t('pools.add')}
            </Button>
          )}
        </>
      }
    >
      <ListTable
        label={t('nav.pools')}
        columns={usePoolColumns()}
        pages={wholeList(query, rows)}
        nameOf={({ name }) => name}
        sort={order}
        onSort={({ by, descending }) => go({ sort: descending ? `-${by}` : by })}
        card={(pool) => <ListCard title={pool.name} note={pool.ranges.join(', ')} end={<Fill pool={pool} />} />}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => void navigate({ to: '/pools/$id', params: { id: String(id) } })}
        empty={q === '' ? t('pools.none') : t('list.emptyFiltered')}
      />
      {adding && <PoolDialog onClose={() => setAdding(false)} />}
    </ListPage>
  )
}

function usePoolColumns(): ListColumn<IpPool>[] {
  const { t } = useTranslation()
  const count = (name: 'total' | 'used' | 'held' | 'static' | 'free', isSortable = false): ListColumn<IpPool> => ({
    name,
    title: t(`pools.${name}`),
    width: 95,
    isNumber: true,
    ...(isSortable && { sortable: true }),
    cell: (pool) => formatNumber(pool[name]),
  })
  return [
    { name: 'name', title: t('pools.name'), width: 170, sortable: true, cell: ({ name }) => <bdi>{name}</bdi> },
    { name: 'fill', title: t('pools.fill'), width: 220, sortable: true, cell: (pool) => <Fill pool={pool} /> },
    count('free', true),
    count('used'),
    count('held'),
    count('static'),
    count('total'),
    { name: 'kind', title: t('pools.kind'), width: 150, cell: ({ kind }) => t(`pools.kinds.${kind}`) },
    {
      name: 'learns',
      title: t('pools.state'),
      width: 120,
      cell: ({ learn_until: until }) =>
        until !== null && (
          <Badge variant="light" color="orange" tt="none">
            {t('pools.learning')}
          </Badge>
        ),
    },
    {
      name: 'group',
      title: t('pools.group'),
      width: 140,
      cell: (row) => <bdi>{row.nas_group ?? t('pools.every')}</bdi>,
    },
    { name: 'space', title: t('nasGroups.space'), width: 130, cell: (row) => <bdi>{row.address_space}</bdi> },
    { name: 'ranges', title: t('pools.ranges'), width: 260, cell: ({ ranges }) => <bdi>{ranges.join(', ')}</bdi> },
  ]
}
