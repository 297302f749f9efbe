// Devices and logins that nobody knows: found, attached to a subscriber, made one, or put away.
import { Badge, Button, Group, Select, Text } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { getUnmatched } from '../api/generated/sdk.gen.ts'
import type { UnmatchedRequest } from '../api/generated/types.gen.ts'
import { formatNumber, formatRelative } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { useSelection } from '../list/use-selection.ts'
import { unmatchedRoute } from '../routes/customers.ts'
import { useMay } from '../sign-in/me.ts'
import { PutAwayDialog } from './put-away-dialog.tsx'
import { RequestDrawer } from './request-drawer.tsx'

const reasons = ['unknown', 'ambiguous-identity', 'mac-not-bound', 'wrong-interface', 'nas-not-allowed'] as const

export function UnmatchedPage() {
  const { t } = useTranslation()
  const { nas, reason, open } = unmatchedRoute.useSearch()
  const navigate = unmatchedRoute.useNavigate()
  const mayAttach = useMay('unmatched.attach')
  const { data: nases } = useQuery(choicesOf.nas)
  const pages = usePages<UnmatchedRequest>(['unmatched', nas, reason], async (cursor, signal) => {
    const query = {
      limit: '100',
      ...(nas !== undefined && { nas_id: String(nas) }),
      ...(reason !== undefined && { reason }),
      ...(cursor && { cursor }),
    }
    return (await getUnmatched({ query, signal, throwOnError: true })).data
  })
  const selection = useSelection(pages.rows)
  const chosen = pages.rows.filter(({ id }) => selection.has(id))
  const [putting, setPutting] = useState(false)
  const { widths, setWidth } = useColumns('unmatched')
  const go = (change: Partial<ReturnType<typeof unmatchedRoute.useSearch>>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const isFiltered = nas !== undefined || reason !== undefined
  return (
    <ListPage
      title={t('unmatched.title')}
      status={pages.hasMore || pages.isLoading ? undefined : t('list.count', { count: pages.rows.length })}
      error={pages.error}
      tools={
        <>
          <Select
            aria-label={t('unmatched.reason')}
            placeholder={t('unmatched.anyReason')}
            clearable
            w={210}
            data={reasons.map((value) => ({ value, label: t(`unmatched.reasons.${value}`) }))}
            value={reason ?? null}
            onChange={(value) => go({ reason: value ?? undefined })}
          />
          <Select
            aria-label={t('sessions.nas')}
            placeholder={t('enforcement.anyNas')}
            clearable
            searchable
            w={180}
            data={nases?.map(({ id, name }) => ({ value: String(id), label: name })) ?? []}
            value={nas === undefined ? null : String(nas)}
            onChange={(value) => go({ nas: value === null ? undefined : Number(value) })}
          />
        </>
      }
      filters={
        <Text size="xs" c="dimmed">
          {t('unmatched.hint')}
        </Text>
      }
    >
      {mayAttach && chosen.length > 0 && (
        <Group gap="sm" px={12} py={6} role="region" aria-label={t('list.actions')}>
          <Button variant="light" size="compact-md" onClick={() => setPutting(true)}>
            {t('unmatched.putAway')}
          </Button>
          <Text size="sm" role="status">
            {t('list.selected', { count: chosen.length })}
          </Text>
        </Group>
      )}
      <ListTable
        label={t('unmatched.title')}
        columns={useUnmatchedColumns()}
        pages={pages}
        nameOf={({ username, mac }) => username || (mac ?? '')}
        {...(mayAttach && { selection })}
        card={(row) => (
          <ListCard
            title={row.username || row.mac}
            note={[t(`unmatched.reasons.${row.reason as 'unknown'}`, { defaultValue: row.reason }), row.nas]
              .filter(Boolean)
              .join(' · ')}
            end={formatRelative(row.last_at, Date.now())}
          />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => go({ open: id })}
        empty={
          isFiltered ? (
            t('list.emptyFiltered')
          ) : (
            <>
              <IconCircleCheck size={32} stroke={1.4} aria-hidden />
              {t('unmatched.none')}
            </>
          )
        }
      />
      {open !== undefined && (
        <RequestDrawer
          id={open}
          request={pages.rows.find(({ id }) => id === open)}
          isLoading={pages.isLoading || pages.hasMore}
          onClose={() => go({ open: undefined })}
        />
      )}
      {putting && (
        <PutAwayDialog
          requests={chosen}
          onClose={() => {
            setPutting(false)
            selection.clear()
          }}
        />
      )}
    </ListPage>
  )
}

function useUnmatchedColumns(): ListColumn<UnmatchedRequest>[] {
  const { t } = useTranslation()
  return [
    {
      name: 'username',
      title: t('sessions.username'),
      width: 170,
      cell: ({ username }) => (username === '' ? null : <bdi>{username}</bdi>),
    },
    {
      name: 'reason',
      title: t('unmatched.reason'),
      width: 190,
      cell: (row) => (
        <Badge variant="light" color={row.known ? 'orange' : 'blue'} tt="none">
          {t(`unmatched.reasons.${row.reason as 'unknown'}`, { defaultValue: row.reason })}
        </Badge>
      ),
    },
    { name: 'mac', title: t('sessions.mac'), width: 140, cell: ({ mac }) => <bdi>{mac}</bdi> },
    { name: 'nas', title: t('sessions.nas'), width: 130, cell: ({ nas }) => <bdi>{nas}</bdi> },
    { name: 'interface', title: t('sessions.interface'), width: 130, cell: (row) => <bdi>{row.interface}</bdi> },
    { name: 'circuit', title: t('sessions.circuit'), width: 170, cell: (row) => <bdi>{row.circuit_id}</bdi> },
    {
      name: 'count',
      title: t('unmatched.times'),
      width: 90,
      isNumber: true,
      cell: ({ count }) => formatNumber(count),
    },
    { name: 'last', title: t('unmatched.last'), width: 130, cell: (row) => formatRelative(row.last_at, Date.now()) },
    { name: 'first', title: t('unmatched.first'), width: 130, cell: (row) => formatRelative(row.first_at, Date.now()) },
  ]
}
