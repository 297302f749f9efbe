// The input that fits a setting, made from what the API says that its value may be.
import { MultiSelect, NumberInput, Select, Switch, TagsInput, TextInput } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { isKnownChoice, type Setting, type Shape, type Value } from './setting.ts'

type Props = {
  setting: Setting
  value: Value
  error: string | undefined
  disabled: boolean
  onChange(value: Value): void
  'aria-labelledby': string
  'aria-describedby': string
}

export function SettingInput({ setting, value, onChange, ...rest }: Props) {
  const { t } = useTranslation()
  const shape = setting.shape as Shape
  const known = useKnownValues(setting.name)
  const choices = (values: readonly string[]) =>
    values.map((one) => ({ value: one, label: isKnownChoice(one) ? t(`settings.choices.${one}`) : one }))
  if (typeof value === 'boolean') {
    return <Switch checked={value} onChange={(event) => onChange(event.currentTarget.checked)} {...rest} />
  }
  if (shape.type === 'integer' || shape.type === 'number') {
    return (
      <NumberInput
        value={value as number}
        onChange={(typed) => onChange(typed)}
        allowDecimal={shape.type === 'number'}
        step={shape.type === 'number' ? 0.05 : 1}
        thousandSeparator={false}
        {...rest}
      />
    )
  }
  if (Array.isArray(value)) {
    const texts = value.map(String)
    const set = (list: string[]) => onChange(shape.items?.type === 'integer' ? list.map(Number) : list)
    const { enum: allowed } = shape.items ?? {}
    return allowed === undefined ? (
      <TagsInput value={texts} onChange={set} {...rest} />
    ) : (
      <MultiSelect value={texts} onChange={set} data={choices(allowed)} {...rest} />
    )
  }
  const offered = shape.enum ?? known
  const text = String(value)
  if (offered === undefined) {
    return <TextInput value={text} onChange={(event) => onChange(event.currentTarget.value)} {...rest} />
  }
  return (
    <Select
      data={choices(offered.includes(text) ? offered : [text, ...offered])}
      value={text}
      onChange={(one) => one !== null && onChange(one)}
      allowDeselect={false}
      searchable={offered === known}
      limit={80}
      {...rest}
    />
  )
}

/** What the browser knows by name: zones and currencies. */
function useKnownValues(name: string): string[] | undefined {
  return useMemo(() => {
    if (name === 'zone') return ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')]
    return name === 'currency' ? Intl.supportedValuesOf('currency') : undefined
  }, [name])
}
