// What is wrong with rows of the file, by line, however many they are; also as a file.
import { Anchor, Group, Title } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getImportsIdErrors } from '../api/generated/sdk.gen.ts'
import { formatNumber } from '../i18n/format.ts'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { usePages } from '../list/use-pages.ts'
import { isOpen, type ImportRun } from './run-state.ts'

type RowError = { line: number; field: string; reason: string }

export function ErrorList({ run }: { run: ImportRun }) {
  const { t } = useTranslation()
  // Read anew when it is over: until then there are more with every look.
  const pages = usePages<RowError>(['imports', run.id, 'errors', isOpen(run)], async (cursor, signal) => {
    const query = { limit: '200', ...(cursor && { cursor }) }
    return (await getImportsIdErrors({ path: { id: String(run.id) }, query, signal, throwOnError: true })).data
  })
  const rows = useMemo(() => pages.rows.map((error, id) => ({ ...error, id })), [pages.rows])
  const columns = useMemo<ListColumn<RowError & { id: number }>[]>(
    () => [
      { name: 'line', title: t('imports.line'), width: 80, isNumber: true, cell: ({ line }) => formatNumber(line) },
      { name: 'field', title: t('imports.field'), width: 150, cell: ({ field }) => <bdi>{field}</bdi> },
      {
        name: 'reason',
        title: t('imports.reason'),
        width: 620,
        cell: ({ reason }) => <bdi title={reason}>{reason}</bdi>,
      },
    ],
    [t],
  )
  return (
    <>
      <Group justify="space-between" px={12} pb={6}>
        <Title order={2} size="h5">
          {t('imports.errorList')}
        </Title>
        <Anchor size="sm" href={`/api/v1/imports/${run.id}/errors/file`} download>
          <Group gap={4} component="span">
            <IconDownload size={15} aria-hidden />
            {t('imports.download')}
          </Group>
        </Anchor>
      </Group>
      <ListTable
        label={t('imports.errorList')}
        columns={columns}
        pages={{ ...pages, window: undefined, rows }}
        nameOf={({ line }) => String(line)}
        empty={t('list.empty')}
      />
    </>
  )
}
