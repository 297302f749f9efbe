// How each column of the list is shown: by its kind, and a few in their own way.
import { Badge } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { SubscriberRow } from '../api/generated/types.gen.ts'
import { formatInstant, formatNumber, formatOctets } from '../i18n/format.ts'
import type { ListColumn } from '../list/list-table.tsx'

type Known = { name: string; title: string; kind: string; sortable: boolean }
type Cell = (row: SubscriberRow, t: TFunction) => React.ReactNode

/** Colours of the one definition of a subscriber's state. */
export const labelColours: Record<string, string> = {
  new: 'blue',
  active: 'green',
  grace: 'yellow',
  expired: 'orange',
  blocked: 'red',
  disabled: 'gray',
  archived: 'gray',
}

const own: Record<string, Cell> = {
  label: ({ label }, t) =>
    label && (
      <Badge size="sm" variant="light" color={labelColours[label] ?? 'gray'} tt="none">
        {t(`words.${label}` as 'words.new')}
      </Badge>
    ),
  online: ({ online }, t) => (
    <span>
      <span aria-hidden style={{ color: online ? 'var(--mantine-color-green-6)' : 'var(--mantine-color-gray-5)' }}>
        ●
      </span>{' '}
      {t(online ? 'subscribers.online' : 'subscribers.offline')}
    </span>
  ),
}

const byKind: Record<string, (value: unknown) => React.ReactNode> = {
  instant: (value) => formatInstant(String(value), undefined),
  octets: (value) => formatOctets(String(value)),
  integer: (value) => formatNumber(Number(value)),
  number: (value) => formatNumber(Number(value)),
  list: (value) => (value as string[]).join(', '),
}

const widths: Record<string, number> = {
  label: 92,
  online: 84,
  username: 150,
  plan: 130,
  full_name: 170,
  address: 200,
  phone: 130,
}
const numbers = new Set(['octets', 'integer', 'number', 'money'])

export function columnsOf(known: readonly Known[], t: TFunction): ListColumn<SubscriberRow>[] {
  return known.map(({ name, title, kind, sortable }) => ({
    name,
    title,
    sortable,
    width: widths[name] ?? (kind === 'instant' ? 160 : 120),
    isNumber: numbers.has(kind),
    cell: (row) => {
      const value = (row as Record<string, unknown>)[name]
      if (own[name] !== undefined) return own[name](row, t)
      if (value == null) return null
      return byKind[kind]?.(value) ?? String(value)
    },
  }))
}
