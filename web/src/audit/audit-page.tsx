// Who did what to which row, newest first: by author, kind, action, row, request and days; a row opens what it changed.
import { Button, Menu } from '@mantine/core'
import { useThrottledCallback } from '@mantine/hooks'
import { IconDownload } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getAudit } from '../api/generated/sdk.gen.ts'
import type { AuditEntry } from '../api/generated/types.gen.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ListCard } from '../list/list-card.tsx'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { useLive } from '../live/use-live.ts'
import { auditRoute } from '../routes/house.ts'
import { useMay } from '../sign-in/me.ts'
import { AuditDrawer } from './audit-drawer.tsx'
import { AuditFilters, type AuditSearch } from './audit-filters.tsx'
import { fieldWords, nounWords } from './audit-words.ts'
import { instantsOf } from '../i18n/days.ts'
import { differenceOf } from './difference.ts'

/** The API wants so much of a text at least. */
const leastText = 2
const size = 100
/** What is done meanwhile is read together. */
const waitMs = 1_000

function questionOf({ q, noun, action, row, author, request, address, from, to }: AuditSearch) {
  return {
    ...(q !== undefined && q.length >= leastText && { text: q }),
    ...(noun && { noun }),
    ...(action && { action }),
    ...(row !== undefined && { row_id: String(row) }),
    ...(author !== undefined && { operator_id: String(author) }),
    ...(request && { request_id: request }),
    ...(address && { address }),
    ...instantsOf(from, to),
  }
}

export function AuditPage() {
  const { t } = useTranslation()
  const { open, ...search } = auditRoute.useSearch()
  const navigate = auditRoute.useNavigate()
  const asked = questionOf(search)
  const pages = usePages<AuditEntry>(['audit', asked], async (cursor, signal) => {
    const query = { limit: String(size), ...asked, ...(cursor && { cursor }) }
    return (await getAudit({ query, signal, throwOnError: true })).data
  })
  // Whoever reads on further down is left in peace.
  const readAgain = useThrottledCallback(() => pages.rows.length <= size && pages.again(), waitMs)
  useLive(['audit', 'gap'], readAgain)
  const { widths, setWidth } = useColumns('audit')
  const instant = useInstant()
  const columns = useAuditColumns()
  const change = (next: AuditSearch) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true })
  return (
    <ListPage
      title={t('nav.audit')}
      error={pages.error}
      tools={
        <>
          <SearchBox
            value={search.q ?? ''}
            hint={t('audit.searchHint')}
            onSearch={(text) => change({ q: text === '' ? undefined : text })}
          />
          <ExportMenu from={search.from} to={search.to} />
        </>
      }
      filters={<AuditFilters search={search} onChange={change} />}
    >
      <ListTable<AuditEntry>
        label={t('nav.audit')}
        columns={columns}
        pages={pages}
        nameOf={({ action }) => action}
        widths={widths}
        onWidth={setWidth}
        card={({ action, at, author_name: author, noun, row_id: row }) => (
          <ListCard title={action} note={`${nounWords(noun, t)} ${row ?? ''} · ${author} · ${instant(at)}`} />
        )}
        onOpen={({ id }) => void navigate({ search: (before) => ({ ...before, open: id }) })}
        empty={t('audit.none')}
      />
      {open !== undefined && (
        <AuditDrawer
          id={open}
          known={pages.rows.find(({ id }) => id === open)}
          onClose={() => void navigate({ search: (before) => ({ ...before, open: undefined }) })}
          onOnly={(only) => void navigate({ search: only })}
        />
      )}
    </ListPage>
  )
}

function useAuditColumns(): ListColumn<AuditEntry>[] {
  const { t } = useTranslation()
  const instant = useInstant()
  return useMemo(
    () => [
      { name: 'at', title: t('audit.at'), width: 180, cell: ({ at }) => instant(at) },
      {
        name: 'author',
        title: t('audit.author'),
        width: 200,
        cell: ({ author_name: name, viewed_by: viewer }) => (
          <bdi>{viewer === null ? name : `${name} (${t('audit.viewedBy', { name: viewer })})`}</bdi>
        ),
      },
      { name: 'action', title: t('audit.action'), width: 200, cell: ({ action }) => <bdi>{action}</bdi> },
      {
        name: 'of',
        title: t('audit.of'),
        width: 170,
        cell: ({ noun, row_id: id }) => `${nounWords(noun, t)} ${id ?? ''}`,
      },
      {
        name: 'changed',
        title: t('audit.changed'),
        width: 260,
        cell: ({ before, after }) => (
          <bdi>
            {differenceOf(before, after)
              .map(({ path }) => fieldWords(path))
              .join(', ')}
          </bdi>
        ),
      },
      { name: 'address', title: t('audit.address'), width: 150, cell: ({ address }) => <bdi>{address}</bdi> },
    ],
    [t, instant],
  )
}

/** The file has whole days and no other filter. */
function ExportMenu({ from, to }: Pick<AuditSearch, 'from' | 'to'>) {
  const { t } = useTranslation()
  if (!useMay('export.run')) return null
  const { since, until } = instantsOf(from, to)
  const file = (format: 'csv' | 'xlsx') =>
    `/api/v1/exports/audit?${new URLSearchParams({
      format,
      bom: 'true',
      ...(since !== undefined && { from: since }),
      ...(until !== undefined && { to: until }),
    })}`
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
          {t('audit.export')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('audit.exportHint')}</Menu.Label>
        <Menu.Item component="a" href={file('csv')} download>
          {t('reports.asCsv')}
        </Menu.Item>
        <Menu.Item component="a" href={file('xlsx')} download>
          {t('reports.asXlsx')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
