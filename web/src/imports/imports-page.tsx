// The imports and checks that there were, newest first.
import { Badge, Button } from '@mantine/core'
import { IconFileImport } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getImports } from '../api/generated/sdk.gen.ts'
import { formatNumber, formatOctets } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { importsRoute } from '../routes/customers.ts'
import { isOpen, stateColours, stateWords, type ImportRun } from './run-state.ts'

const lookMs = 1_000

export function ImportsPage() {
  const { t } = useTranslation()
  const navigate = importsRoute.useNavigate()
  const queries = useQueryClient()
  const pages = usePages<ImportRun>(['imports', 'list'], async (cursor, signal) => {
    const query = { limit: '100', ...(cursor && { cursor }) }
    return (await getImports({ query, signal, throwOnError: true })).data
  })
  const isBusy = pages.rows.some(isOpen)
  useEffect(() => {
    if (!isBusy) return
    const timer = setInterval(() => void queries.invalidateQueries({ queryKey: ['imports', 'list'] }), lookMs)
    return () => clearInterval(timer)
  }, [isBusy, queries])
  const { widths, setWidth } = useColumns('imports')
  return (
    <ListPage
      title={t('imports.history')}
      error={pages.error}
      tools={
        <Button component={Link} to="/subscribers/import" leftSection={<IconFileImport size={16} aria-hidden />}>
          {t('imports.title')}
        </Button>
      }
    >
      <ListTable
        label={t('imports.history')}
        columns={useImportColumns()}
        pages={pages}
        nameOf={({ id }) => String(id)}
        onOpen={({ id }) => void navigate({ to: '/imports/$id', params: { id: String(id) } })}
        widths={widths}
        onWidth={setWidth}
        empty={t('imports.empty')}
      />
    </ListPage>
  )
}

function useImportColumns(): ListColumn<ImportRun>[] {
  const { t } = useTranslation()
  const instant = useInstant()
  return useMemo(() => {
    const count = (name: 'rows' | 'created' | 'updated' | 'errors', title: string): ListColumn<ImportRun> => ({
      name,
      title,
      width: 90,
      isNumber: true,
      cell: (run) => (run[name] === 0 ? null : formatNumber(run[name])),
    })
    return [
      { name: 'id', title: '#', width: 70, isNumber: true, cell: ({ id }) => formatNumber(id) },
      {
        name: 'kind',
        title: t('imports.kind'),
        width: 100,
        cell: (run) => t(run.dry_run ? 'imports.kinds.check' : 'imports.kinds.import'),
      },
      {
        name: 'state',
        title: t('imports.stateTitle'),
        width: 110,
        cell: (run) => (
          <Badge size="sm" variant="light" tt="none" color={stateColours[run.state]}>
            {stateWords(run, t)}
          </Badge>
        ),
      },
      { name: 'when', title: t('imports.when'), width: 170, cell: (run) => instant(run.created_at) },
      { name: 'author', title: t('imports.who'), width: 180, cell: ({ author }) => <bdi>{author}</bdi> },
      { name: 'octets', title: t('imports.size'), width: 90, isNumber: true, cell: (run) => formatOctets(run.octets) },
      count('rows', t('imports.counts.rows')),
      count('created', t('imports.counts.created')),
      count('updated', t('imports.counts.updated')),
      count('errors', t('imports.counts.errors')),
    ]
  }, [t, instant])
}
