// Every session of a subscriber, newest first: when, where, with which addresses, how much, and why it ended.
import { Anchor, Badge, Group, SegmentedControl, Skeleton, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getSubscribersIdSessions } from '../api/generated/sdk.gen.ts'
import type { Session } from '../api/generated/types.gen.ts'
import { formatOctets, formatSpan } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { AgainButton } from '../list/again-button.tsx'
import { usePages } from '../list/use-pages.ts'
import { stateColours } from '../sessions/columns.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { MoreButton } from './more-button.tsx'
import { WideTable } from './wide-table.tsx'

const states = ['all', 'open', 'ended'] as const
const waitMs = 300
const looksLikeAddress = /^[\da-f:.]{3,45}(\/\d{1,3})?$/i

export function PastSessions({ id }: { id: number }) {
  const { t } = useTranslation()
  const [state, setState] = useState<(typeof states)[number]>('all')
  const [typed, setTyped] = useState('')
  const [address] = useDebouncedValue(typed.trim(), waitMs)
  const isAddress = looksLikeAddress.test(address)
  const pages = usePages(['subscriber', id, 'sessions', state, isAddress ? address : ''], async (cursor, signal) => {
    const query = {
      limit: '50',
      ...(state !== 'all' && { state }),
      ...(isAddress && { address }),
      ...(cursor && { cursor }),
    }
    return (await getSubscribersIdSessions({ path: { id: String(id) }, query, signal, throwOnError: true })).data
  })
  return (
    <>
      <Group gap="xs" mb="sm">
        <SegmentedControl
          size="xs"
          aria-label={t('sessions.state')}
          value={state}
          onChange={setState}
          data={states.map((value) => ({ value, label: t(`subscriber.sessions.${value}`) }))}
        />
        <TextInput
          size="xs"
          w={200}
          aria-label={t('subscriber.sessions.address')}
          placeholder={t('subscriber.sessions.address')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
        />
      </Group>
      <ProblemNote error={pages.error} />
      {pages.error !== null && <AgainButton onAgain={pages.again} />}
      {pages.isLoading && <Skeleton height={200} />}
      {!pages.isLoading && pages.rows.length === 0 && pages.error === null && (
        <Text size="sm">{t('subscriber.sessions.none')}</Text>
      )}
      {pages.rows.length > 0 && <Rows rows={pages.rows} />}
      <MoreButton pages={pages} />
    </>
  )
}

function Rows({ rows }: { rows: readonly Session[] }) {
  const { t } = useTranslation()
  const heads = [
    { title: t('sessions.started') },
    { title: t('sessions.duration'), isNumber: true },
    { title: t('sessions.address') },
    { title: t('sessions.ipv6') },
    { title: t('usage.down'), isNumber: true },
    { title: t('usage.up'), isNumber: true },
    { title: t('sessions.nas') },
    { title: t('sessions.mac') },
    { title: t('sessions.interface') },
    { title: t('sessions.ended') },
  ]
  return (
    <WideTable label={t('subscriber.tabs.sessions')} heads={heads}>
      {rows.map((row) => (
        <Row key={row.id} row={row} />
      ))}
    </WideTable>
  )
}

function Row({ row }: { row: Session }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { ended_by: by } = row
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link
              {...props}
              to="/online"
              search={{ session: row.id, state: row.ended_at === null ? 'open' : 'ended' }}
            />
          )}
        >
          {instant(row.started_at)}
        </Anchor>
      </Table.Td>
      <Table.Td ta="end">{formatSpan(row.session_time * 1_000)}</Table.Td>
      <Table.Td>
        <bdi>{row.framed_ip}</bdi>
      </Table.Td>
      <Table.Td>
        <bdi>{row.delegated_ipv6_prefix ?? row.framed_ipv6_prefix ?? row.framed_ipv6_address}</bdi>
      </Table.Td>
      <Table.Td ta="end">{formatOctets(row.output_octets)}</Table.Td>
      <Table.Td ta="end">{formatOctets(row.input_octets)}</Table.Td>
      <Table.Td>
        <bdi>{row.nas}</bdi>
      </Table.Td>
      <Table.Td>
        <bdi>{row.mac}</bdi>
      </Table.Td>
      <Table.Td>
        <bdi>{row.interface}</bdi>
      </Table.Td>
      <Table.Td>
        {row.ended_at === null ? (
          <Badge variant="light" color={stateColours[row.state]} tt="none">
            {t(`sessions.one.${row.state}`)}
          </Badge>
        ) : (
          <>
            {instant(row.ended_at)}
            {by !== null && ` · ${t(`subscriber.endedBy.${by as 'stop'}`, { defaultValue: by })}`}
          </>
        )}
      </Table.Td>
    </Table.Tr>
  )
}
