// One setting of a NAS as an input, with the way back to its default.
import { Anchor, Checkbox, NumberInput, PasswordInput, Select, Text, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './nases.module.css'
import type { Setting } from './setting-list.ts'

export type SettingValue = string | number | boolean

type Props = {
  setting: Setting
  /** Undefined: as the vendor, the client or the plan says. */
  value: SettingValue | undefined
  isReset: boolean
  isWritten: boolean
  isDisabled: boolean
  error: string | undefined
  /** Null: the default again. */
  onChange(value: SettingValue | null): void
}

export function SettingField(props: Props) {
  const { setting, isWritten, isReset, isDisabled, onChange } = props
  const { t } = useTranslation()
  return (
    <div className={setting.kind === 'flag' ? classes.flag : undefined}>
      <Field {...props} />
      {isReset ? (
        <Text size="xs" c="dimmed" mt={2}>
          {t('nasSettings.willReset')}
        </Text>
      ) : (
        isWritten &&
        !isDisabled && (
          <Anchor component="button" type="button" size="xs" mt={2} onClick={() => onChange(null)}>
            {t('nasSettings.reset')}
          </Anchor>
        )
      )}
    </div>
  )
}

function Field({ setting, value, isDisabled, isReset, error, onChange }: Props): ReactNode {
  const { t } = useTranslation()
  const label = t(`nasSettings.names.${setting.name}`)
  const shown = isReset ? undefined : value
  const shared = { label, error, disabled: isDisabled, placeholder: t('nasSettings.default') }
  switch (setting.kind) {
    case 'flag':
      return (
        <Checkbox
          label={label}
          error={error}
          disabled={isDisabled}
          checked={shown === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )
    case 'number':
      return (
        <NumberInput
          {...shared}
          min={setting.least}
          max={setting.most}
          allowDecimal={setting.isDecimal === true}
          suffix={setting.unit === '' ? undefined : ` ${setting.unit}`}
          value={typeof shown === 'number' ? shown : ''}
          onChange={(next) => onChange(next === '' ? null : Number(next))}
        />
      )
    case 'choice':
      return (
        <Select
          {...shared}
          data={setting.choices.map((choice) => ({
            value: choice,
            label: t(`nasSettings.choices.${choice as 'off'}`, { defaultValue: choice }),
          }))}
          value={typeof shown === 'string' ? shown : null}
          onChange={onChange}
        />
      )
    case 'text': {
      const Input = setting.isSecret === true ? PasswordInput : TextInput
      return (
        <Input
          {...shared}
          autoComplete="off"
          value={typeof shown === 'string' ? shown : ''}
          onChange={(event) => onChange(event.currentTarget.value === '' ? null : event.currentTarget.value)}
        />
      )
    }
  }
}
