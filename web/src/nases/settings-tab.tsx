// What differs on this NAS from others of its vendor: what an operator wrote is marked, and can go back to its default.
import { Button, Group, Loader, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { patchNasesName } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import classes from './nases.module.css'
import { SettingField, type SettingValue } from './setting-field.tsx'
import { settingGroups, type Setting, type SettingGroup, type SettingName } from './setting-list.ts'
import { nasKeys, oneNas, type NasDevice, type NasWhole } from './use-nases.ts'

export function SettingsTab({ nas }: { nas: NasDevice }) {
  const { t } = useTranslation()
  const { data, error } = useQuery(oneNas(nas.name))
  if (data === undefined) {
    return error === null ? <Loader size="sm" aria-label={t('list.loading')} /> : <ProblemNote error={error} />
  }
  return <Form whole={data} />
}

type Changes = Partial<Record<SettingName, SettingValue | null>>

function Form({ whole }: { whole: NasWhole }) {
  const { t } = useTranslation()
  const mayEdit = useMay('nas.edit')
  const [changes, setChanges] = useState<Changes>({})
  const { name, settings, written } = whole
  const write = (to: Changes) => patchNasesName({ path: { name }, body: { settings: to }, throwOnError: true })
  const save = useAct({
    run: write,
    touches: [...nasKeys],
    isForm: true,
    done: () => t('nases.changed', { name }),
    undo: (_, to) => (to.ipoe_password === undefined ? () => write(before(whole, to)) : undefined),
    onDone: () => setChanges({}),
  })
  const errors = save.error instanceof ApiError ? save.error.fields : {}
  const hasChanges = Object.keys(changes).length > 0
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(changes)
  }
  return (
    <form onSubmit={send}>
      <Stack gap="lg" className={classes.narrow}>
        <Text size="sm" c="dimmed">
          {t('nasSettings.hint')}
        </Text>
        {(Object.keys(settingGroups) as SettingGroup[]).map((group) => (
          <section key={group}>
            <Title order={2} size="h5" mb="xs">
              {t(`nasSettings.groups.${group}`)}
            </Title>
            <div className={classes.fields}>
              {settingGroups[group].map((setting: Setting) => (
                <SettingField
                  key={setting.name}
                  setting={setting}
                  value={changes[setting.name] ?? (settings[setting.name] as SettingValue | undefined)}
                  isReset={changes[setting.name] === null}
                  isWritten={written.includes(setting.name)}
                  isDisabled={!mayEdit}
                  error={errors[setting.name]}
                  onChange={(value) => setChanges((old) => ({ ...old, [setting.name]: value }))}
                />
              ))}
            </div>
          </section>
        ))}
        <ProblemNote error={save.error} />
        {mayEdit && (
          <Group>
            <Button type="submit" loading={save.isPending} disabled={!hasChanges}>
              {t('act.save')}
            </Button>
            <Button variant="default" disabled={!hasChanges} onClick={() => setChanges({})}>
              {t('act.cancel')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}

/** What brings back what was: what nobody had written goes back to its default. */
function before({ settings, written }: NasWhole, to: Changes): Changes {
  return Object.fromEntries(
    Object.keys(to).map((name) => [name, written.includes(name) ? (settings[name] as SettingValue) : null]),
  )
}
