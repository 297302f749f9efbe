// Who did what, newest first.
import { Code, Drawer, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getAudit } from '../api/generated/sdk.gen.ts'
import type { AuditEntry } from '../api/generated/types.gen.ts'
import { formatInstant } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { auditRoute } from '../router.tsx'

export function AuditPage() {
  const { t } = useTranslation()
  const { q } = auditRoute.useSearch()
  const navigate = auditRoute.useNavigate()
  const [shown, setShown] = useState<AuditEntry>()
  const pages = usePages<AuditEntry>(['audit', q], async (cursor, signal) => {
    const query = { limit: '100', ...(q && { text: q }), ...(cursor && { cursor }) }
    return (await getAudit({ query, signal, throwOnError: true })).data
  })
  const { widths, setWidth } = useColumns('audit')
  const columns = useMemo<ListColumn<AuditEntry>[]>(
    () => [
      { name: 'at', title: t('audit.at'), width: 180, cell: ({ at }) => formatInstant(at, undefined) },
      { name: 'author', title: t('audit.author'), width: 180, cell: ({ author_name }) => <bdi>{author_name}</bdi> },
      { name: 'action', title: t('audit.action'), width: 200, cell: ({ action }) => action },
      { name: 'of', title: t('audit.of'), width: 160, cell: ({ noun, row_id }) => `${noun} ${row_id ?? ''}` },
      { name: 'address', title: t('audit.address'), width: 140, cell: ({ address }) => address },
    ],
    [t],
  )
  const search = useDebouncedCallback(
    (text: string) => void navigate({ search: { q: text || undefined }, replace: true }),
    200,
  )
  return (
    <ListPage
      title={t('nav.audit')}
      error={pages.error}
      tools={
        <TextInput
          type="search"
          w={260}
          leftSection={<IconSearch size={16} aria-hidden />}
          aria-label={t('list.search')}
          placeholder={t('audit.searchHint')}
          defaultValue={q}
          onChange={(event) => search(event.currentTarget.value)}
        />
      }
    >
      <ListTable
        label={t('nav.audit')}
        columns={columns}
        pages={pages}
        nameOf={({ action }) => action}
        widths={widths}
        onWidth={setWidth}
        onOpen={setShown}
        empty={t('list.empty')}
      />
      {shown && (
        <Drawer opened onClose={() => setShown(undefined)} position="right" title={shown.action} size="lg">
          <Text size="sm">
            {formatInstant(shown.at, undefined)} · <bdi>{shown.author_name}</bdi> · {shown.address}
          </Text>
          {(['before', 'after'] as const).map(
            (side) =>
              shown[side] && (
                <div key={side}>
                  <Text fw={600} mt="md">
                    {t(`audit.${side}`)}
                  </Text>
                  <Code block>{JSON.stringify(shown[side], null, 2)}</Code>
                </div>
              ),
          )}
        </Drawer>
      )}
    </ListPage>
  )
}
