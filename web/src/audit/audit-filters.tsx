// What of the trail is shown: kind of row, action, author, days; and as chips what a link brought: one row, one request.
import { CloseButton, Group, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getOperators } from '../api/generated/sdk.gen.ts'
import { DayInput } from '../list/day-input.tsx'
import { useMay } from '../sign-in/me.ts'
import classes from './audit.module.css'
import { nouns, nounWords } from './audit-words.ts'

/** Undefined takes a filter away. */
export type AuditSearch = {
  q?: string | undefined
  noun?: string | undefined
  action?: string | undefined
  row?: number | undefined
  author?: number | undefined
  request?: string | undefined
  address?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

const waitMs = 250
type Props = { search: AuditSearch; onChange(change: AuditSearch): void }

export function AuditFilters({ search, onChange }: Props) {
  const { t } = useTranslation()
  const { noun, row, author, request, from, to } = search
  const mayOperators = useMay('operator.read')
  const data = nouns.map((value) => ({ value, label: nounWords(value, t) }))
  return (
    <Group gap="xs" align="end">
      <Select
        size="xs"
        w={{ base: 'calc(50% - 5px)', sm: 150 }}
        label={t('audit.noun')}
        placeholder={t('audit.anyNoun')}
        searchable
        clearable
        data={noun === undefined || data.some(({ value }) => value === noun) ? data : [...data, noun]}
        value={noun ?? null}
        onChange={(next) => onChange({ noun: next ?? undefined, row: undefined })}
      />
      <TypedInput
        label={t('audit.action')}
        hint={t('audit.actionHint')}
        width={225}
        value={search.action ?? ''}
        onChange={(action) => onChange({ action: action || undefined })}
      />
      {mayOperators && <AuthorSelect value={author} onChange={(next) => onChange({ author: next })} />}
      <TypedInput
        label={t('audit.address')}
        hint={t('audit.addressHint')}
        width={130}
        value={search.address ?? ''}
        isRight={isAddress}
        onChange={(address) => onChange({ address: address || undefined })}
      />
      <DayInput label={t('audit.from')} value={from} onChange={(day) => onChange({ from: day })} />
      <DayInput label={t('audit.to')} value={to} onChange={(day) => onChange({ to: day })} />
      {row !== undefined && (
        <Chip
          words={t('audit.rowFilter', { noun: noun === undefined ? '' : nounWords(noun, t), id: row })}
          onRemove={() => onChange({ row: undefined })}
        />
      )}
      {author !== undefined && !mayOperators && (
        <Chip words={t('audit.authorFilter', { id: author })} onRemove={() => onChange({ author: undefined })} />
      )}
      {request !== undefined && (
        <Chip
          words={t('audit.requestFilter', { id: request.slice(0, 8) })}
          onRemove={() => onChange({ request: undefined })}
        />
      )}
    </Group>
  )
}

function Chip({ words, onRemove }: { words: string; onRemove(): void }) {
  const { t } = useTranslation()
  return (
    <span className={classes.chip}>
      <bdi>{words}</bdi>
      <CloseButton size="sm" aria-label={t('audit.removeFilter', { name: words })} onClick={onRemove} />
    </span>
  )
}

const address = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+)$/i

/** Nothing is asked while it is half typed. */
function isAddress(text: string): boolean {
  return text === '' || address.test(text)
}

type TypedProps = {
  label: string
  hint: string
  width: number
  value: string
  isRight?(text: string): boolean
  onChange(text: string): void
}

/** What is typed is asked a moment after the typing stops. */
function TypedInput({ label, hint, width, value, isRight = () => true, onChange }: TypedProps) {
  const [typed, setTyped] = useState(value)
  const send = useDebouncedCallback((text: string) => {
    if (isRight(text)) onChange(text)
  }, waitMs)
  useEffect(() => setTyped(value), [value])
  return (
    <TextInput
      size="xs"
      w={{ base: 'calc(50% - 5px)', sm: width }}
      label={label}
      placeholder={hint}
      value={typed}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value)
        send(currentTarget.value.trim())
      }}
    />
  )
}

function AuthorSelect({ value, onChange }: { value: number | undefined; onChange(id: number | undefined): void }) {
  const { t } = useTranslation()
  const { data } = useQuery({
    queryKey: ['choices', 'operator'],
    queryFn: async () =>
      (await getOperators({ query: { limit: '200', sort: 'email' }, throwOnError: true })).data.items,
    staleTime: 60_000,
  })
  return (
    <Select
      size="xs"
      w={{ base: '100%', sm: 200 }}
      label={t('audit.author')}
      placeholder={t('audit.anyAuthor')}
      searchable
      clearable
      data={(data ?? []).map(({ id, email, name }) => ({ value: String(id), label: email ?? name ?? String(id) }))}
      value={value === undefined ? null : String(value)}
      onChange={(next) => onChange(next === null ? undefined : Number(next))}
    />
  )
}
