// What became of each subscriber of a bulk run, those first with whom it did not go well.
import { Badge, SegmentedControl } from '@mantine/core'
import type { TFunction } from 'i18next'
import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getBulkRunsIdItems } from '../api/generated/sdk.gen.ts'
import type { BulkItem, BulkRun } from '../api/generated/types.gen.ts'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { usePageWindow } from '../list/use-page-window.ts'
import { outcomeColours } from './bulk-words.ts'

const size = 100
type Row = BulkItem & { id: number }
type Shown = 'troubles' | 'all'

export function BulkResults({ run }: { run: BulkRun }) {
  const { t } = useTranslation()
  const isOver = run.finished_at !== null
  const troubles = run.counts.refused + run.counts.failed
  const [chosen, setChosen] = useState<Shown>()
  const shown = chosen ?? (troubles > 0 ? 'troubles' : 'all')
  const pages = usePageWindow<Row>({
    key: ['bulk-runs', run.id, 'items', shown],
    size,
    ask: async (cursor, signal) => {
      const query = {
        limit: String(size),
        ...(shown === 'troubles' && { outcome: 'refused,failed' }),
        ...(cursor && { cursor }),
      }
      const { data } = await getBulkRunsIdItems({ path: { id: String(run.id) }, query, signal, throwOnError: true })
      return { ...data, items: data.items.map((item) => ({ ...item, id: item.position })) }
    },
    refetchInterval: isOver ? false : 1_000,
  })
  const { again } = pages
  // The last ones of it.
  useEffect(() => {
    if (isOver) again()
  }, [isOver, again])
  const columns = useMemo(() => columnsOf(t), [t])
  return (
    <>
      {troubles > 0 && (
        <SegmentedControl
          mx="md"
          mb="xs"
          size="xs"
          aria-label={t('bulk.results')}
          value={shown}
          onChange={(next) => setChosen(next)}
          data={[
            { value: 'troubles', label: t('bulk.troubles', { count: troubles }) },
            { value: 'all', label: t('bulk.everybody', { count: run.counts.total }) },
          ]}
        />
      )}
      <ListTable
        label={t('bulk.results')}
        columns={columns}
        pages={pages}
        nameOf={({ username, subscriber_id: id }) => username ?? String(id)}
        empty={t('list.empty')}
      />
    </>
  )
}

function columnsOf(t: TFunction): ListColumn<Row>[] {
  return [
    { name: 'username', title: t('bulk.who'), width: 150, cell: ({ username }) => <bdi>{username}</bdi> },
    {
      name: 'outcome',
      title: t('bulk.outcome'),
      width: 120,
      cell: ({ outcome }) => (
        <Badge size="sm" variant="light" color={outcomeColours[outcome]} tt="none">
          {t(`bulk.outcomes.${outcome}`)}
        </Badge>
      ),
    },
    {
      name: 'reason',
      title: t('bulk.reason'),
      width: 320,
      cell: ({ reason }) => reason !== null && <span title={reason}>{reason}</span>,
    },
  ]
}
