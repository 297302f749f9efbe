// One setting: what it is, its value, what the API says of it, and the way back to the default.
import { Button, Group, Text } from '@mantine/core'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { putSettingsName } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useMay } from '../sign-in/me.ts'
import classes from './settings.module.css'
import { SettingInput } from './setting-input.tsx'
import { isKnownChoice, wrongWith, type Setting, type Value } from './setting.ts'

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

export function SettingRow({ setting, label, hint }: { setting: Setting; label: string; hint: string }) {
  const { t } = useTranslation()
  const id = useId()
  const mayEdit = useMay('setting.edit')
  const before = setting.value as Value
  const usual = setting.default as Value
  const [typed, setTyped] = useState<Value>()
  const value = typed ?? before
  const write = async (next: Value) => {
    await putSettingsName({ path: { name: setting.name }, body: { value: next }, throwOnError: true })
  }
  const save = useAct({
    run: write,
    done: () => t('settings.saved', { name: label }),
    undo: () => () => write(before),
    touches: [['settings'], ['me']],
    isForm: true,
    onDone: () => setTyped(undefined),
  })
  const wrong = typed === undefined ? undefined : wrongWith(typed, setting.shape)
  const refused =
    save.error instanceof ApiError ? (save.error.fields[setting.name] ?? save.error.problem.detail) : save.error
  const error = wrong
    ? t(`settings.${wrong.word}`, { ...wrong })
    : refused && (typeof refused === 'string' ? refused : t('problem.noAnswer'))
  const isTyped = typed !== undefined && !same(typed, before)
  return (
    <form
      className={classes.row}
      onSubmit={(event) => {
        event.preventDefault()
        if (wrong === undefined && isTyped) save.mutate(value)
      }}
    >
      <div>
        <Text size="sm" fw={500} id={`${id}-name`}>
          {label}
        </Text>
        <Text size="xs" c="dimmed" id={`${id}-hint`}>
          {hint}
        </Text>
      </div>
      <div>
        <SettingInput
          setting={setting}
          value={value}
          error={error ?? undefined}
          disabled={!mayEdit}
          aria-labelledby={`${id}-name`}
          aria-describedby={`${id}-hint`}
          onChange={(next) => {
            save.reset()
            setTyped(next)
          }}
        />
        <Group gap="xs" className={classes.below}>
          {isTyped ? (
            <>
              <Button type="submit" size="compact-xs" loading={save.isPending} disabled={wrong !== undefined}>
                {t('act.save')}
              </Button>
              <Button size="compact-xs" variant="default" onClick={() => setTyped(undefined)}>
                {t('act.cancel')}
              </Button>
            </>
          ) : (
            <Usual setting={setting} label={label} isBusy={save.isPending} onUse={() => save.mutate(usual)} />
          )}
        </Group>
      </div>
    </form>
  )
}

type UsualProps = { setting: Setting; label: string; isBusy: boolean; onUse(): void }

function Usual({ setting, label, isBusy, onUse }: UsualProps) {
  const { t } = useTranslation()
  const mayEdit = useMay('setting.edit')
  const usual = setting.default as Value
  if (same(setting.value, usual)) return null
  const wordOf = (value: Value): string => {
    if (typeof value === 'boolean') return value ? t('settings.yes') : t('settings.no')
    if (Array.isArray(value)) return value.map((one) => wordOf(one)).join(', ') || t('settings.nothing')
    const text = String(value)
    return isKnownChoice(text) ? t(`settings.choices.${text}`) : text || t('settings.nothing')
  }
  return (
    <>
      <Text size="xs" c="dimmed">
        {t('settings.usual', { value: wordOf(usual) })}
      </Text>
      {mayEdit && (
        <Button
          size="compact-xs"
          variant="subtle"
          loading={isBusy}
          onClick={onUse}
          aria-label={t('settings.toUsualOf', { name: label })}
        >
          {t('settings.toUsual')}
        </Button>
      )}
    </>
  )
}
