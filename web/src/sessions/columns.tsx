// What can be shown of a session in the list.
import { Badge, Tooltip } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { Session } from '../api/generated/types.gen.ts'
import { formatInstant, formatOctets, formatRate, formatRelative } from '../i18n/format.ts'
import type { ListColumn } from '../list/list-table.tsx'
import { ListCard } from '../list/list-card.tsx'
import type { Rate } from './use-rates.ts'

export const usualColumns = [
  'username',
  'state',
  'framed_ip',
  'rateDown',
  'rateUp',
  'nas',
  'interface',
  'mac',
  'started',
  'down',
  'up',
  'ipv6',
]

export const stateColours = { online: 'green', zombie: 'orange', ended: 'gray' } as const

export function sessionColumns(t: TFunction, rateOf: (row: Session) => Rate | undefined): ListColumn<Session>[] {
  const rate = (row: Session, way: 'down' | 'up') => {
    const one = row.state === 'ended' ? undefined : rateOf(row)
    if (one === undefined) return null
    const text = formatRate(one[way])
    return one.isAverage ? (
      <Tooltip label={t('sessions.average')}>
        <span>
          ⌀ <bdi>{text}</bdi>
        </span>
      </Tooltip>
    ) : (
      <bdi>{text}</bdi>
    )
  }
  return [
    { name: 'username', title: t('sessions.username'), width: 150, cell: ({ username }) => <bdi>{username}</bdi> },
    {
      name: 'state',
      title: t('sessions.stateTitle'),
      width: 90,
      cell: ({ state }) => (
        <Badge variant="light" color={stateColours[state]} tt="none">
          {t(`sessions.one.${state}`)}
        </Badge>
      ),
    },
    {
      name: 'framed_ip',
      title: t('sessions.address'),
      width: 115,
      cell: ({ framed_ip: address }) => <bdi>{address}</bdi>,
    },
    {
      name: 'ipv6',
      title: t('sessions.ipv6'),
      width: 180,
      cell: (row) => <bdi>{row.delegated_ipv6_prefix ?? row.framed_ipv6_prefix ?? row.framed_ipv6_address}</bdi>,
    },
    { name: 'mac', title: t('sessions.mac'), width: 140, cell: ({ mac }) => <bdi>{mac}</bdi> },
    { name: 'nas', title: t('sessions.nas'), width: 125, cell: ({ nas }) => <bdi>{nas}</bdi> },
    { name: 'interface', title: t('sessions.interface'), width: 90, cell: (row) => <bdi>{row.interface}</bdi> },
    { name: 'port', title: t('sessions.port'), width: 120, cell: ({ port }) => <bdi>{port}</bdi> },
    {
      name: 'vlan',
      title: t('sessions.vlan'),
      width: 90,
      cell: (row) => <bdi>{[row.s_vlan, row.c_vlan].filter((vlan) => vlan !== null).join('.')}</bdi>,
    },
    { name: 'started', title: t('sessions.started'), width: 176, cell: (row) => formatInstant(row.started_at) },
    {
      name: 'updated',
      title: t('sessions.heard'),
      width: 130,
      cell: (row) => formatRelative(row.updated_at, Date.now()),
    },
    {
      name: 'ended',
      title: t('sessions.ended'),
      width: 170,
      cell: (row) => row.ended_at && formatInstant(row.ended_at),
    },
    { name: 'ended_by', title: t('sessions.endedBy'), width: 130, cell: (row) => row.ended_by },
    { name: 'rateDown', title: t('sessions.rateDown'), width: 112, isNumber: true, cell: (row) => rate(row, 'down') },
    { name: 'rateUp', title: t('sessions.rateUp'), width: 112, isNumber: true, cell: (row) => rate(row, 'up') },
    {
      name: 'down',
      title: t('usage.down'),
      width: 100,
      isNumber: true,
      cell: (row) => <bdi>{formatOctets(row.output_octets)}</bdi>,
    },
    {
      name: 'up',
      title: t('usage.up'),
      width: 100,
      isNumber: true,
      cell: (row) => <bdi>{formatOctets(row.input_octets)}</bdi>,
    },
    { name: 'acct', title: t('sessions.acct'), width: 160, cell: (row) => <bdi>{row.acct_session_id}</bdi> },
    {
      name: 'anomalies',
      title: t('sessions.anomalies'),
      width: 110,
      isNumber: true,
      cell: ({ anomalies }) => (anomalies === 0 ? null : anomalies),
    },
  ]
}

/** A session on a phone. */
export function SessionCard({ row, rate }: { row: Session; rate: Rate | undefined }) {
  const below = [row.framed_ip ?? row.framed_ipv6_prefix, row.nas, row.interface].filter(Boolean).join(' · ')
  return (
    <ListCard
      title={row.username}
      note={below}
      end={row.state === 'online' && rate !== undefined && <bdi>↓ {formatRate(rate.down)}</bdi>}
    />
  )
}
