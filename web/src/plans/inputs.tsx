// The inputs of a plan's form: each knows its field by name alone.
import { Select, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { usePlan } from './use-plan-form.ts'
import { choiceValues, type ChoiceName, type TextName } from './values.ts'

const hinted = [
  'burst_down_bps',
  'priority',
  'validity',
  'grace_hours',
  'device_limit',
  'interim_interval_s',
  'address_list',
  'garden_address_list',
] as const
type Hinted = (typeof hinted)[number]
const isHinted = (name: TextName): name is Hinted => (hinted as readonly TextName[]).includes(name)

type TextProps = { name: TextName; placeholder?: string; end?: ReactNode; required?: boolean }

export function PlanText({ name, placeholder, end, required = false }: TextProps) {
  const { t } = useTranslation()
  const { values, set, errorOf, isReadOnly } = usePlan()
  return (
    <TextInput
      name={name}
      label={t(`plan.fields.${name}`)}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      description={isHinted(name) ? t(`plan.hints.${name}`) : undefined}
      placeholder={placeholder}
      rightSection={end}
      rightSectionWidth={end === undefined ? undefined : 52}
      autoComplete="off"
      readOnly={isReadOnly}
      required={required}
      error={errorOf(name)}
      value={values[name]}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
    />
  )
}

type ChoiceWord = { [Name in ChoiceName]: `${Name}.${(typeof choiceValues)[Name][number]}` }[ChoiceName]

export function PlanChoice({ name }: { name: ChoiceName }) {
  const { t } = useTranslation()
  const { values, set, errorOf, isReadOnly } = usePlan()
  return (
    <Select
      name={name}
      label={t(`plan.fields.${name}`)}
      allowDeselect={false}
      readOnly={isReadOnly}
      error={errorOf(name)}
      data={choiceValues[name].map((value) => ({
        value: value as string,
        label: t(`plan.choices.${`${name}.${value}` as ChoiceWord}`),
      }))}
      value={values[name]}
      onChange={(value) => value !== null && set({ [name]: value })}
    />
  )
}

/** An input of a list's row: no room for its label, which is read all the same. */
export function RowText(props: {
  label: string
  path: string
  value: string
  width?: number | string
  placeholder?: string
  end?: ReactNode
  onChange(value: string): void
}) {
  const { errorOf, isReadOnly } = usePlan()
  const { label, path, value, width, placeholder, end, onChange } = props
  return (
    <TextInput
      size="xs"
      w={width}
      aria-label={label}
      placeholder={placeholder ?? label}
      rightSection={end}
      autoComplete="off"
      readOnly={isReadOnly}
      error={errorOf(path)}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
