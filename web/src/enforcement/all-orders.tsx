// Every order that live sessions were given, newest first, and how it was proved.
import { Badge } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { getCoaOrders } from '../api/generated/sdk.gen.ts'
import type { CoaOrder } from '../api/generated/types.gen.ts'
import { formatInstant, formatSpan } from '../i18n/format.ts'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { orderColours } from './words.ts'

type Props = { nas: number | undefined; state: string | undefined; onOpen(orderId: number): void }

export function AllOrders({ nas, state, onOpen }: Props) {
  const { t } = useTranslation()
  const pages = usePages<CoaOrder>(['enforcement', 'all', nas, state], async (cursor, signal) => {
    const query = {
      limit: '100',
      ...(nas !== undefined && { nas_id: String(nas) }),
      ...(state !== undefined && { state }),
      ...(cursor && { cursor }),
    }
    return (await getCoaOrders({ query, signal, throwOnError: true })).data
  })
  const { widths, setWidth } = useColumns('coa-orders')
  return (
    <>
      <ProblemNote error={pages.error} />
      <ListTable
        label={t('enforcement.all')}
        columns={useOrderColumns()}
        pages={pages}
        nameOf={({ username, id }) => username ?? String(id)}
        card={(row) => (
          <ListCard
            title={row.username}
            note={`${t(`enforcement.wishes.${row.wish}`)} · ${formatInstant(row.created_at)}`}
            end={
              <Badge variant="light" color={orderColours[row.state]} tt="none">
                {t(`enforcement.states.${row.state}`)}
              </Badge>
            }
          />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => onOpen(id)}
        empty={t('enforcement.noOrders')}
      />
    </>
  )
}

function useOrderColumns(): ListColumn<CoaOrder>[] {
  const { t } = useTranslation()
  return [
    { name: 'created', title: t('enforcement.ordered'), width: 170, cell: (row) => formatInstant(row.created_at) },
    { name: 'username', title: t('sessions.username'), width: 150, cell: ({ username }) => <bdi>{username}</bdi> },
    { name: 'wish', title: t('enforcement.wish'), width: 150, cell: ({ wish }) => t(`enforcement.wishes.${wish}`) },
    { name: 'reason', title: t('enforcement.why'), width: 130, cell: ({ reason }) => <bdi>{reason}</bdi> },
    {
      name: 'state',
      title: t('enforcement.state'),
      width: 150,
      cell: ({ state }) => (
        <Badge variant="light" color={orderColours[state]} tt="none">
          {t(`enforcement.states.${state}`)}
        </Badge>
      ),
    },
    {
      name: 'evidence',
      title: t('enforcement.evidence'),
      width: 170,
      cell: ({ evidence }) => evidence && t(`enforcement.proofs.${evidence}`),
    },
    { name: 'attempts', title: t('enforcement.attempts'), width: 90, isNumber: true, cell: (row) => row.attempts },
    {
      name: 'trip',
      title: t('enforcement.trip'),
      width: 100,
      isNumber: true,
      cell: ({ round_trip_ms: ms }) => ms !== null && formatSpan(ms),
    },
    { name: 'nas', title: t('sessions.nas'), width: 130, cell: ({ nas }) => <bdi>{nas}</bdi> },
    { name: 'detail', title: t('enforcement.last'), width: 320, cell: ({ detail }) => <bdi>{detail}</bdi> },
  ]
}
