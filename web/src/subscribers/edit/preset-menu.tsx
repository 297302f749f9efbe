// Presets: fill the form with one, keep what stands in it as one, remove one.
import { Button, Group, Menu, Modal, Stack, Text, TextInput } from '@mantine/core'
import { IconBookmarks, IconChevronDown, IconDeviceFloppy, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client.ts'
import { deleteSubscriberPresetsId, postSubscriberPresets } from '../../api/generated/sdk.gen.ts'
import { useAct } from '../../api/use-act.ts'
import { useFields } from '../../api/use-fields.ts'
import { ProblemNote } from '../../shell/problem-note.tsx'
import { useMay } from '../../sign-in/me.ts'
import { presetList, type Preset } from './preset-list.ts'
import { presetBody, type FormValues, type PresetFields } from './values.ts'

type Props = { values: FormValues; onChoose(fields: Preset['fields']): void }

export function PresetMenu({ values, onChoose }: Props) {
  const { t } = useTranslation()
  const known = useQuery(presetList)
  const mayEdit = useMay('group.edit')
  const [isNaming, setNaming] = useState(false)
  const presets = known.data ?? []
  const remove = useRemovePreset()
  if (presets.length === 0 && !mayEdit) return null
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<IconBookmarks size={16} aria-hidden />}
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            {t('presets.title')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {presets.length === 0 && <Menu.Label>{t('presets.none')}</Menu.Label>}
          {presets.map((preset) => (
            <Menu.Item key={preset.id} onClick={() => onChoose(preset.fields)}>
              <bdi>{preset.name}</bdi>
            </Menu.Item>
          ))}
          {mayEdit && (
            <>
              <Menu.Divider />
              <Menu.Item leftSection={<IconDeviceFloppy size={15} aria-hidden />} onClick={() => setNaming(true)}>
                {t('presets.keep')}
              </Menu.Item>
              {presets.length > 0 && (
                <Menu.Sub>
                  <Menu.Sub.Target>
                    <Menu.Sub.Item leftSection={<IconTrash size={15} aria-hidden />}>
                      {t('presets.remove')}
                    </Menu.Sub.Item>
                  </Menu.Sub.Target>
                  <Menu.Sub.Dropdown>
                    {presets.map((preset) => (
                      <Menu.Item key={preset.id} onClick={() => remove.mutate(preset)}>
                        <bdi>{preset.name}</bdi>
                      </Menu.Item>
                    ))}
                  </Menu.Sub.Dropdown>
                </Menu.Sub>
              )}
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {isNaming && <KeepPreset fields={presetBody(values)} onClose={() => setNaming(false)} />}
    </>
  )
}

const touches = [presetList.queryKey]

function useRemovePreset() {
  const { t } = useTranslation()
  return useAct({
    run: async ({ id }: Preset) => {
      await deleteSubscriberPresetsId({ path: { id: String(id) }, throwOnError: true })
    },
    touches,
    done: (_nothing, { name }) => t('presets.removed', { name }),
    undo:
      (_nothing, { name, fields }) =>
      () =>
        postSubscriberPresets({ body: { name, fields: fields }, throwOnError: true }),
  })
}

function KeepPreset({ fields, onClose }: { fields: PresetFields; onClose(): void }) {
  const { t } = useTranslation()
  const keep = useAct({
    run: async (name: string) => (await postSubscriberPresets({ body: { name, fields }, throwOnError: true })).data,
    touches,
    isForm: true,
    done: ({ name }) => t('presets.kept', { name }),
    undo:
      ({ id }) =>
      () =>
        deleteSubscriberPresetsId({ path: { id: String(id) }, throwOnError: true }),
    onDone: onClose,
  })
  const { values, field } = useFields({ name: '' }, keep.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    event.stopPropagation()
    keep.mutate(values.name)
  }
  const names = Object.keys(fields) as (keyof PresetFields)[]
  return (
    <Modal opened onClose={onClose} title={t('presets.keep')}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput label={t('presets.name')} required data-autofocus {...field('name')} />
          <Text size="sm">
            {t('presets.holds', {
              fields: names.map((name) => t(`subscriberForm.fields.${name as 'plan'}`)).join(', '),
            })}
          </Text>
          <ProblemNote error={keep.error instanceof ApiError && keep.error.isOfFields ? null : keep.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={keep.isPending} disabled={values.name.trim() === ''}>
              {t('act.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
