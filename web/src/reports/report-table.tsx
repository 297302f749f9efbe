// The rows of a report, each value by its kind, in the one table; sorted by a click on a head.
import { Text } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { TFunction } from 'i18next'
import { formatDay, formatInstant, formatMoney, formatNumber, formatOctets, formatShare } from '../i18n/format.ts'
import { ListTable, type ListColumn, type Sort } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { columnTitle, reasonWords } from './report-words.ts'
import type { ReportAnswer, ReportColumn, ReportRow } from './use-report.ts'

type Row = { id: number; of: ReportRow }
type Props = {
  label: string
  answer: ReportAnswer | undefined
  isLoading: boolean
  sort: Sort | undefined
  onSort(sort: Sort): void
  onSubscriber(id: number): void
}

const numbers = new Set(['integer', 'octets', 'money', 'percent'])
const widths: Record<string, number> = { username: 170, full_name: 180, email: 200, reason: 240, plan: 150, nas: 180 }

function valueOf({ name, kind }: ReportColumn, row: ReportRow, t: TFunction) {
  const value = row[name]
  if (value == null)
    return numbers.has(kind) || kind === 'instant' ? null : (
      <Text span size="sm" c="dimmed">
        {t('reports.withoutKey')}
      </Text>
    )
  switch (kind) {
    case 'integer':
      return formatNumber(Number(value))
    case 'octets':
      return formatOctets(String(value))
    case 'money':
      return formatMoney(String(value), String(row.currency))
    case 'percent':
      return formatShare(Number(value) / 100)
    case 'day':
      return formatDay(String(value))
    case 'instant':
      return formatInstant(String(value), undefined)
    default:
      return name === 'reason' ? reasonWords(String(value), t) : <bdi>{value}</bdi>
  }
}

function sorted(rows: readonly Row[], { by, descending }: Sort, kind: string | undefined): Row[] {
  const sign = descending ? -1 : 1
  return rows.toSorted(({ of: one }, { of: other }) => {
    const [a, b] = [one[by], other[by]]
    if (a == null || b == null) return Number(a == null) - Number(b == null)
    if (kind !== undefined && numbers.has(kind)) return sign * (Number(a) - Number(b))
    return sign * String(a).localeCompare(String(b), undefined, { numeric: true })
  })
}

export function ReportTable({ label, answer, isLoading, sort, onSort, onSubscriber }: Props) {
  const { t } = useTranslation()
  const { widths: dragged, setWidth } = useColumns(`report.${answer?.name ?? ''}`)
  const hasSubscribers = answer?.columns.some(({ name }) => name === 'id') ?? false
  const columns = useMemo<ListColumn<Row>[]>(
    () =>
      (answer?.columns ?? [])
        .filter(({ name }) => name !== 'id')
        .map((column) => ({
          name: column.name,
          title: columnTitle(column.name, t),
          width: widths[column.name] ?? (column.kind === 'instant' ? 170 : 120),
          isNumber: numbers.has(column.kind),
          sortable: true,
          cell: ({ of }) => valueOf(column, of, t),
        })),
    [answer, t],
  )
  const rows = useMemo(() => {
    const all = (answer?.rows ?? []).map((of, id) => ({ id, of }))
    return sort === undefined ? all : sorted(all, sort, answer?.columns.find(({ name }) => name === sort.by)?.kind)
  }, [answer, sort])
  return (
    <ListTable<Row>
      label={label}
      columns={columns}
      pages={{
        rows,
        hasMore: false,
        isLoading,
        isStale: false,
        error: null,
        loadMore: () => undefined,
        again: () => undefined,
      }}
      nameOf={({ of }) => String(of[columns[0]?.name ?? ''])}
      onSort={onSort}
      {...(sort && { sort })}
      {...(hasSubscribers && { onOpen: ({ of }: Row) => onSubscriber(Number(of.id)) })}
      widths={dragged}
      onWidth={setWidth}
      empty={t('reports.none')}
    />
  )
}
