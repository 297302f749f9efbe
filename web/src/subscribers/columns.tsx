// How each column of the list is shown: by its kind, and a few in their own way. On a phone a row is a card of the main ones.
import type { TFunction } from 'i18next'
import type { SubscriberRow } from '../api/generated/types.gen.ts'
import { formatMoney, formatNumber, formatOctets } from '../i18n/format.ts'
import type { ListColumn } from '../list/list-table.tsx'
import classes from './subscribers.module.css'

export type KnownColumn = { name: string; title: string; kind: string; sortable: boolean; usual: boolean }
type Instant = (iso: string | null | undefined) => string
type Word = (name: string) => string
type Cell = (row: SubscriberRow) => React.ReactNode

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

/** What a row needs whatever is shown: for its menu, its name, its card. */
export const neededColumns = ['label', 'online', 'username', 'full_name', 'plan', 'expires_at', 'ip_address'] as const

/** As a badge, in colour and word: a plain element, for there are many on screen. */
export function LabelBadge({ label, word }: { label: string; word: string }) {
  const colour = labelColours[label] ?? 'gray'
  return (
    <span
      className={classes.badge}
      style={{
        background: `var(--mantine-color-${colour}-light)`,
        color: `var(--mantine-color-${colour}-light-color)`,
      }}
    >
      {word}
    </span>
  )
}

/** Each word is looked up once, as those of the rows are (list-row.tsx). */
function wordsOf(t: TFunction): Word {
  const known = new Map<string, string>()
  return (name) => {
    const word = known.get(name) ?? t(`words.${name as 'new'}`)
    known.set(name, word)
    return word
  }
}

function ownCells(t: TFunction, word: Word): Record<string, Cell> {
  const [online, offline] = [t('subscribers.online'), t('subscribers.offline')]
  return {
    label: ({ label }) => label && <LabelBadge label={label} word={word(label)} />,
    online: ({ online: isOnline }) => (
      <span className={classes.online} data-online={isOnline || undefined}>
        {isOnline ? online : offline}
      </span>
    ),
    username: ({ username }) => <bdi className={classes.username}>{username}</bdi>,
    account_type: ({ account_type: type }) => type && word(type),
    balance: ({ balance, currency }) => {
      if (balance == null) return null
      const text = currency == null ? balance : formatMoney(balance, currency)
      return <bdi className={balance.startsWith('-') ? classes.debt : undefined}>{text}</bdi>
    },
  }
}

const widths: Record<string, number> = {
  id: 80,
  label: 88,
  online: 80,
  username: 150,
  plan: 110,
  full_name: 150,
  address: 200,
  phone: 130,
  email: 190,
}
const numbers = new Set(['octets', 'integer', 'number', 'money'])
/** Written as they are: a number that is a name. */
const plain = new Set(['id', 'plan_id', 'next_plan_id', 'payer_id', 'owner_id', 'group_id', 's_vlan', 'c_vlan'])

function valueOf(kind: string, name: string, value: unknown, word: Word, instant: Instant): React.ReactNode {
  switch (kind) {
    case 'instant':
      return instant(String(value))
    case 'octets':
      return formatOctets(String(value))
    case 'integer':
    case 'number':
      return plain.has(name) ? String(value) : formatNumber(Number(value))
    case 'list':
      return <bdi>{(value as string[]).join(', ')}</bdi>
    case 'boolean':
      return word(value === true ? 'yes' : 'no')
    default:
      return <bdi>{String(value)}</bdi>
  }
}

export function columnsOf(known: readonly KnownColumn[], t: TFunction, instant: Instant): ListColumn<SubscriberRow>[] {
  const word = wordsOf(t)
  const own = ownCells(t, word)
  return known.map(({ name, title, kind, sortable }) => ({
    name,
    title: columnTitle(name, title, t),
    sortable,
    width: widths[name] ?? (kind === 'instant' ? 182 : 120),
    isNumber: numbers.has(kind),
    cell:
      own[name] ??
      ((row) => {
        const value = (row as Record<string, unknown>)[name]
        return value == null ? null : valueOf(kind, name, value, word, instant)
      }),
  }))
}

/** In the language of the panel; a column that it does not know has the title of the API. */
export function columnTitle(name: string, title: string, t: TFunction): string {
  return t(`columns.${name as 'username'}`, { defaultValue: title })
}

export function cardOf(t: TFunction, instant: Instant): (row: SubscriberRow) => React.ReactNode {
  const word = wordsOf(t)
  const [isOnline, isOffline] = [t('subscribers.online'), t('subscribers.offline')]
  return function Card({ username, full_name: name, plan, label, online, expires_at: expires }) {
    return (
      <>
        <span className={classes.cardLine}>
          <span className={classes.online} data-online={online || undefined}>
            <span className="visually-hidden">{online ? isOnline : isOffline}</span>
          </span>
          <span className={classes.cardName}>
            <bdi>{username}</bdi>
          </span>
          {label && <LabelBadge label={label} word={word(label)} />}
        </span>
        <span className={classes.cardLine} data-second>
          <span className={classes.cardName}>
            <bdi>{[name, plan].filter(Boolean).join(' · ')}</bdi>
          </span>
          <span>{instant(expires)}</span>
        </span>
      </>
    )
  }
}
