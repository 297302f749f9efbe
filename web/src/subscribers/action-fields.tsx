// What an action is told, as inputs.
import { Checkbox, Input, NumberInput, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf, type Choices } from '../api/choices.ts'
import { getPayers } from '../api/generated/sdk.gen.ts'
import { useMe } from '../sign-in/me.ts'
import type { ActionField } from './action-kinds.ts'
import type { PanelAction } from './action-list.ts'
import { textOf } from './action-params.ts'

type Props = {
  action: PanelAction
  params: Record<string, unknown>
  onChange(params: Record<string, unknown>): void
  errors: Readonly<Record<string, string>>
}

export function ActionFields({ action, params, onChange, errors }: Props) {
  const { permissions } = useMe()
  return action.fields
    .filter(
      (field) => field.kind !== 'flag' || field.permission === undefined || permissions.includes(field.permission),
    )
    .map((field) => (
      <Field
        key={field.name}
        field={field}
        value={params[field.name]}
        error={errors[`params.${field.name}`] ?? errors[field.name]}
        onChange={(value) => onChange({ ...params, [field.name]: value })}
      />
    ))
}

type FieldProps = { field: ActionField; value: unknown; error: string | undefined; onChange(value: unknown): void }

function Field({ field, value, error, onChange }: FieldProps) {
  const { t } = useTranslation()
  const label = t(`actionFields.${field.name}`)
  const text = { label, error, value: textOf(value) }
  switch (field.kind) {
    case 'text':
      return (
        <TextInput
          {...text}
          required={field.required}
          autoComplete="off"
          onChange={(event) => onChange(event.currentTarget.value)}
          {...(field.required && { 'data-autofocus': true })}
        />
      )
    case 'lines':
      return (
        <Textarea
          {...text}
          required={field.required}
          description={t('actionFields.lines')}
          autosize
          minRows={2}
          onChange={(event) => onChange(event.currentTarget.value)}
          data-autofocus
        />
      )
    case 'number':
    case 'vlan':
      return <Count field={field} label={label} value={value} error={error} onChange={onChange} />
    case 'choice':
      return (
        <Input.Wrapper label={label} labelElement="div">
          <SegmentedControl
            fullWidth
            aria-label={label}
            value={textOf(value)}
            onChange={onChange}
            data={field.choices.map((choice) => ({ value: choice, label: t(`actionFields.${choice}`) }))}
          />
        </Input.Wrapper>
      )
    case 'flag':
      return (
        <Checkbox
          label={label}
          checked={value === true}
          error={error}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )
    case 'payer':
      return <Payer label={label} value={value} error={error} onChange={onChange} />
    default: {
      const isOptional = 'optional' in field
      return (
        <Chosen
          label={label}
          choices={choicesOf[field.kind]}
          isOptional={isOptional}
          value={value}
          error={error}
          onChange={onChange}
        />
      )
    }
  }
}

type OneProps = Omit<FieldProps, 'field'> & { label: string }
type Numeric = Extract<ActionField, { kind: 'number' | 'vlan' }>

function Count({ field, label, value, error, onChange }: OneProps & { field: Numeric }) {
  const [least, most] = field.kind === 'vlan' ? [1, 4_094] : [field.least, field.most]
  return (
    <NumberInput
      label={label}
      error={error}
      min={least}
      max={most}
      clampBehavior="strict"
      allowDecimal={false}
      value={(value as number | undefined) ?? ''}
      onChange={(next) => onChange(next === '' ? undefined : Number(next))}
    />
  )
}

function Chosen({
  label,
  choices,
  isOptional,
  value,
  error,
  onChange,
}: OneProps & { choices: Choices; isOptional: boolean }) {
  const { t } = useTranslation()
  const known = useQuery(choices)
  return (
    <Select
      label={label}
      required={!isOptional}
      clearable={isOptional}
      searchable
      error={error}
      data={known.data?.map(({ id, name }) => ({ value: String(id), label: name })) ?? []}
      nothingFoundMessage={t('list.emptyFiltered')}
      value={textOf(value) || null}
      onChange={(next) => onChange(next === null ? undefined : Number(next))}
      {...(!isOptional && { 'data-autofocus': true })}
    />
  )
}

const waitMs = 200

/** A company that pays; nobody: each pays for itself. */
function Payer({ label, value, error, onChange }: OneProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed.trim(), waitMs)
  const { data = [] } = useQuery({
    queryKey: ['payers', 'company', search],
    queryFn: async ({ signal }) => {
      const query = { kind: 'company', limit: '50', ...(search && { search }) } as const
      return (await getPayers({ query, signal, throwOnError: true })).data.items
    },
    placeholderData: keepPreviousData,
  })
  return (
    <Select
      label={label}
      description={t('actionFields.ownPayer')}
      searchable
      clearable
      error={error}
      data={data.map(({ id, name }) => ({ value: String(id), label: name }))}
      filter={({ options }) => options}
      onSearchChange={setTyped}
      nothingFoundMessage={t('list.emptyFiltered')}
      value={textOf(value) || null}
      onChange={(next) => onChange(next === null ? null : Number(next))}
      data-autofocus
    />
  )
}
