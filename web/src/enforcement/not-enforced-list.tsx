// The live sessions that have not become what was decided: since when, how often it was tried, what the NAS said last, what follows.
import { Badge, Button, Group, Text } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { getNotEnforced } from '../api/generated/sdk.gen.ts'
import type { NotEnforced } from '../api/generated/types.gen.ts'
import { formatRelative } from '../i18n/format.ts'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { useSelection } from '../list/use-selection.ts'
import type { Ending } from '../sessions/disconnect-dialog.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { orderColours } from './words.ts'

type Row = NotEnforced & { id: number }
type Props = { onOpen(orderId: number): void; onEnd(sessions: readonly Ending[]): void; onTotal(total: number): void }

export function NotEnforcedList({ onOpen, onEnd, onTotal }: Props) {
  const { t } = useTranslation()
  const mayEnd = useMay('subscriber.disconnect')
  const pages = usePages<Row>(['enforcement', 'open'], async (cursor, signal) => {
    const query = { limit: '100', ...(cursor && { cursor }) }
    const { data } = await getNotEnforced({ query, signal, throwOnError: true })
    return { ...data, items: data.items.map((item) => ({ ...item, id: item.coa_order_id, total: data.total })) }
  })
  const total = pages.isLoading ? undefined : ((pages.rows[0] as { total?: number } | undefined)?.total ?? 0)
  useEffect(() => {
    if (total !== undefined) onTotal(total)
  }, [total, onTotal])
  const selection = useSelection(pages.rows)
  const chosen = pages.rows.filter(({ id }) => selection.has(id))
  const { widths, setWidth } = useColumns('not-enforced')
  return (
    <>
      <ProblemNote error={pages.error} />
      {mayEnd && chosen.length > 0 && (
        <Group gap="sm" px={12} py={6} role="region" aria-label={t('list.actions')}>
          <Button
            color="red"
            variant="light"
            size="compact-md"
            onClick={() => onEnd(chosen.map(({ session_id: id, username }) => ({ id, username })))}
          >
            {t('enforcement.disconnectNow')}
          </Button>
          <Text size="sm" role="status">
            {t('list.selected', { count: chosen.length })}
          </Text>
        </Group>
      )}
      <ListTable
        label={t('nav.notEnforced')}
        columns={useNotEnforcedColumns()}
        pages={pages}
        nameOf={({ username }) => username}
        {...(mayEnd && { selection })}
        card={(row) => (
          <ListCard
            title={row.username}
            note={row.detail}
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
        empty={
          <>
            <IconCircleCheck size={32} stroke={1.4} aria-hidden />
            {t('enforcement.none')}
          </>
        }
      />
    </>
  )
}

function useNotEnforcedColumns(): ListColumn<Row>[] {
  const { t } = useTranslation()
  const now = Date.now()
  return [
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
    { name: 'since', title: t('enforcement.since'), width: 120, cell: ({ since }) => formatRelative(since, now) },
    { name: 'attempts', title: t('enforcement.attempts'), width: 90, isNumber: true, cell: (row) => row.attempts },
    { name: 'detail', title: t('enforcement.last'), width: 340, cell: ({ detail }) => <bdi>{detail}</bdi> },
    {
      name: 'next',
      title: t('enforcement.next'),
      width: 150,
      cell: ({ next_try_at: at }) => (at === null ? t('enforcement.atSign') : formatRelative(at, now)),
    },
    { name: 'nas', title: t('sessions.nas'), width: 130, cell: ({ nas }) => <bdi>{nas}</bdi> },
    { name: 'address', title: t('sessions.address'), width: 130, cell: (row) => <bdi>{row.framed_ip}</bdi> },
    { name: 'interface', title: t('sessions.interface'), width: 120, cell: (row) => <bdi>{row.interface}</bdi> },
  ]
}
