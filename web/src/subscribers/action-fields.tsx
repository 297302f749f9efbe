// What an action is told, as inputs.
import { Checkbox, NumberInput, SegmentedControl, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { choicesOf, type Choices } from '../api/choices.ts'
import type { ActionField, PanelAction } from './action-list.ts'

type Props = {
  action: PanelAction
  params: Record<string, unknown>
  onChange(params: Record<string, unknown>): void
  errors: Readonly<Record<string, string>>
}

export function ActionFields({ action, params, onChange, errors }: Props) {
  return action.fields.map((field) => (
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
  switch (field.kind) {
    case 'text':
      return (
        <TextInput
          label={label}
          required={field.required}
          error={error}
          value={String(value ?? '')}
          onChange={(event) => onChange(event.currentTarget.value)}
          data-autofocus
        />
      )
    case 'number':
      return (
        <NumberInput
          label={label}
          error={error}
          min={field.least}
          max={field.most}
          clampBehavior="strict"
          allowDecimal={false}
          value={value as number}
          onChange={(next) => onChange(next === '' ? undefined : Number(next))}
        />
      )
    case 'choice':
      return (
        <SegmentedControl
          aria-label={label}
          value={String(value)}
          onChange={onChange}
          data={field.choices.map((choice) => ({ value: choice, label: t(`actionFields.${choice}`) }))}
        />
      )
    case 'flag':
      return (
        <Checkbox label={label} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />
      )
    default:
      return <Chosen label={label} choices={choicesOf[field.kind]} value={value} error={error} onChange={onChange} />
  }
}

type ChosenProps = Omit<FieldProps, 'field'> & { label: string; choices: Choices }

function Chosen({ label, choices, value, error, onChange }: ChosenProps) {
  const known = useQuery(choices)
  return (
    <Select
      label={label}
      required
      searchable
      error={error}
      data={known.data?.map(({ id, name }) => ({ value: String(id), label: name })) ?? []}
      value={value == null ? null : String(value)}
      onChange={(next) => onChange(next === null ? undefined : Number(next))}
      data-autofocus
    />
  )
}
