// Who asked who had an address, and why; newest first.
import { useTranslation } from 'react-i18next'
import { getDisclosures } from '../api/generated/sdk.gen.ts'
import type { Disclosure } from '../api/generated/types.gen.ts'
import { formatInstant } from '../i18n/format.ts'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { ProblemNote } from '../shell/problem-note.tsx'

export function Disclosures() {
  const { t } = useTranslation()
  const pages = usePages<Disclosure>(['disclosures'], async (cursor, signal) => {
    const query = { limit: '100', ...(cursor && { cursor }) }
    return (await getDisclosures({ query, signal, throwOnError: true })).data
  })
  const { widths, setWidth } = useColumns('disclosures')
  const columns: ListColumn<Disclosure>[] = [
    { name: 'at', title: t('audit.at'), width: 170, cell: ({ at }) => formatInstant(at) },
    { name: 'author', title: t('audit.author'), width: 170, cell: ({ author_name: name }) => <bdi>{name}</bdi> },
    { name: 'sought', title: t('holders.sought'), width: 180, cell: ({ sought }) => <bdi>{sought}</bdi> },
    { name: 'then', title: t('holders.at'), width: 170, cell: ({ sought_at: at }) => at && formatInstant(at) },
    { name: 'reason', title: t('actionFields.reason'), width: 280, cell: ({ reason }) => <bdi>{reason}</bdi> },
    { name: 'case', title: t('holders.case'), width: 130, cell: (row) => <bdi>{row.case_number}</bdi> },
    { name: 'answers', title: t('holders.answers'), width: 100, isNumber: true, cell: ({ answers }) => answers },
    { name: 'id', title: t('holders.number'), width: 90, isNumber: true, cell: ({ id }) => id },
  ]
  return (
    <>
      <ProblemNote error={pages.error} />
      <ListTable
        label={t('holders.log')}
        columns={columns}
        pages={pages}
        nameOf={({ sought }) => sought}
        widths={widths}
        onWidth={setWidth}
        empty={t('holders.noLog')}
      />
    </>
  )
}
