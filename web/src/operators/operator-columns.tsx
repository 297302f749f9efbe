// The columns of the list of operators.
import { Badge } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { GetOperatorsResponse } from '../api/generated/types.gen.ts'
import { formatNumber } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import type { ListColumn } from '../list/list-table.tsx'
import { useRoleName } from './operator-words.ts'

export type OperatorRow = Required<GetOperatorsResponse['items'][number]>

const colours = { enabled: 'green', disabled: 'gray', invited: 'blue', archived: 'red' } as const

function stateOf(row: OperatorRow): keyof typeof colours {
  if (row.archived_at !== null) return 'archived'
  if (!row.enabled) return 'disabled'
  return row.has_password ? 'enabled' : 'invited'
}

export function OperatorState({ operator }: { operator: OperatorRow }) {
  const { t } = useTranslation()
  const state = stateOf(operator)
  return (
    <Badge variant="light" tt="none" color={colours[state]} style={{ flexShrink: 0 }}>
      {t(`operators.states.${state}`)}
    </Badge>
  )
}

export function useOperatorColumns(): ListColumn<OperatorRow>[] {
  const { t } = useTranslation()
  const instant = useInstant()
  const roleName = useRoleName()
  return [
    { name: 'name', title: t('operators.name'), width: 160, sortable: true, cell: (row) => <bdi>{row.name}</bdi> },
    { name: 'email', title: t('operators.email'), width: 210, sortable: true, cell: (row) => <bdi>{row.email}</bdi> },
    { name: 'state', title: t('operators.state'), width: 100, cell: (row) => <OperatorState operator={row} /> },
    {
      name: 'role',
      title: t('operators.role'),
      width: 150,
      sortable: true,
      cell: (row) => <bdi>{roleName(row.role)}</bdi>,
    },
    { name: 'team', title: t('operators.team'), width: 110, sortable: true, cell: (row) => <bdi>{row.team}</bdi> },
    {
      name: 'organisation',
      title: t('operators.organisation'),
      width: 150,
      sortable: true,
      cell: (row) => <bdi>{row.organisation}</bdi>,
    },
    {
      name: 'second_factor',
      title: t('operators.secondFactor'),
      width: 130,
      cell: (row) => t(row.second_factor ? 'operators.yes' : 'operators.no'),
    },
    {
      name: 'sessions',
      title: t('operators.sessions'),
      width: 90,
      isNumber: true,
      cell: (row) => formatNumber(row.sessions),
    },
    { name: 'phone', title: t('operators.phone'), width: 150, cell: (row) => <bdi>{phoneOf(row)}</bdi> },
    {
      name: 'last_login_at',
      title: t('operators.lastLogin'),
      width: 180,
      sortable: true,
      cell: (row) => (row.last_login_at === null ? t('operators.never') : instant(row.last_login_at)),
    },
    {
      name: 'created_at',
      title: t('operators.created'),
      width: 180,
      sortable: true,
      cell: (row) => instant(row.created_at),
    },
    {
      name: 'api_tokens',
      title: t('operators.tokens'),
      width: 110,
      isNumber: true,
      cell: (row) => formatNumber(row.api_tokens),
    },
  ]
}

export function phoneOf({ phone, phone_extension: extension }: OperatorRow): string {
  return [phone, extension].filter((part) => part !== null).join(' – ')
}
