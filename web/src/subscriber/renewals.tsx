// What service a subscriber was given and for how much; the last one can be taken back, with its money.
import { Alert, Badge, Button, Skeleton, Table, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { getSubscribersIdRenewals } from '../api/generated/sdk.gen.ts'
import type { GetSubscribersIdRenewalsResponse } from '../api/generated/types.gen.ts'
import { formatMoney, formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { MoreButton } from './more-button.tsx'
import type { PartProps } from './subscriber-parts.tsx'
import { WideTable } from './wide-table.tsx'

type Renewal = GetSubscribersIdRenewalsResponse['items'][number]

export function Renewals({ subscriber: { id }, choose }: PartProps) {
  const { t } = useTranslation()
  const mayRevert = useMay('service.free')
  const pages = useInfiniteQuery({
    queryKey: ['subscriber', id, 'renewals'],
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: '12', ...(pageParam && { cursor: pageParam }) }
      return (await getSubscribersIdRenewals({ path: { id: String(id) }, query, signal, throwOnError: true })).data
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
  if (pages.isPending) return <Skeleton height={100} />
  const rows = pages.data?.pages.flatMap(({ items }) => items) ?? []
  const failure = pages.data?.pages[0]?.failure
  const last = rows.find(({ reverted_at: at, kind }) => at === null && kind !== 'plan-change')
  const heads = [
    { title: t('money.at') },
    { title: t('money.what') },
    { title: t('facts.plan') },
    { title: t('money.amount'), isNumber: true },
    { title: t('money.period') },
    { title: t('money.author') },
    { title: t('subscriber.devices.do') },
  ]
  return (
    <>
      <ProblemNote error={pages.error} />
      {failure && (
        <Alert variant="light" color="yellow" title={t('subscriber.money.failing')} mb="xs">
          {failure.reason} ·{' '}
          {t('subscriber.money.tries', { count: failure.tries, next: formatRelative(failure.next_at, Date.now()) })}
        </Alert>
      )}
      {rows.length === 0 && pages.error === null && <Text size="sm">{t('subscriber.money.noRenewal')}</Text>}
      {rows.length > 0 && (
        <WideTable label={t('subscriber.money.renewals')} heads={heads}>
          {rows.map((row) => (
            <Row
              key={row.id}
              row={row}
              revert={mayRevert && row === last ? () => choose('revert-renewal') : undefined}
            />
          ))}
        </WideTable>
      )}
      <MoreButton pages={{ hasMore: pages.hasNextPage, loadMore: () => void pages.fetchNextPage() }} />
    </>
  )
}

function Row({ row, revert }: { row: Renewal; revert: (() => void) | undefined }) {
  const { t } = useTranslation()
  const instant = useInstant()
  return (
    <Table.Tr>
      <Table.Td>{instant(row.at)}</Table.Td>
      <Table.Td>
        <Text span inherit td={row.reverted_at === null ? undefined : 'line-through'}>
          {t(`money.kinds.${row.kind}`)}
          {row.periods > 1 && ` × ${row.periods}`}
        </Text>{' '}
        {row.free && (
          <Badge size="sm" variant="light" tt="none">
            {t('subscriber.money.free')}
          </Badge>
        )}
      </Table.Td>
      <Table.Td>
        <bdi>{row.plan}</bdi>
      </Table.Td>
      <Table.Td ta="end">{formatMoney(row.amount, row.currency)}</Table.Td>
      <Table.Td>
        {instant(row.starts_at)} – {instant(row.ends_at)}
      </Table.Td>
      <Table.Td>
        <bdi>{row.author_name}</bdi>
      </Table.Td>
      <Table.Td>
        {row.reverted_at !== null &&
          t('subscriber.money.reverted', { when: instant(row.reverted_at), name: row.reverted_by })}
        {revert && (
          <Button size="compact-xs" variant="default" onClick={revert}>
            {t('subscriber.money.revert')}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  )
}
