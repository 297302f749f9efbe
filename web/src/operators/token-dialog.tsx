// A token for a program: no more than it needs, no longer, from nowhere else; shown once.
import { Button, Group, Modal, MultiSelect, Stack, TagsInput, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postMeApiTokens } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { fromLocalInput, toLocalInput } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMe } from '../sign-in/me.ts'
import { usePermissionName } from './operator-words.ts'
import { RevealDialog } from './reveal-dialog.tsx'

type Values = { name: string; permissions: string[]; expires_at: string; allowed: string[] }
const usualDays = 90

export function TokenDialog({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const { permissions: own } = useMe()
  const permissionName = usePermissionName()
  const [made, setMade] = useState<{ name: string; token: string }>()
  const make = useAct({
    run: async ({ name, permissions, expires_at: expires, allowed }: Values) => {
      const body = { name: name.trim(), permissions, allowed, expires_at: fromLocalInput(expires) ?? expires }
      return { name: body.name, token: (await postMeApiTokens({ body, throwOnError: true })).data.token }
    },
    touches: [['api-tokens'], ['operators']],
    isForm: true,
    onDone: setMade,
  })
  const [end] = useState(() => toLocalInput(new Date(Date.now() + usualDays * 86_400_000).toISOString()))
  const initial: Values = { name: '', permissions: [], expires_at: end, allowed: [] }
  const { values, set, field, errorOf } = useFields(initial, make.error)
  if (made !== undefined) {
    return (
      <RevealDialog
        title={t('tokens.made', { name: made.name })}
        hint={t('tokens.madeHint')}
        label={t('tokens.token')}
        value={made.token}
        onClose={onClose}
      />
    )
  }
  const send = (event: FormEvent) => {
    event.preventDefault()
    make.mutate(values)
  }
  return (
    <Modal opened onClose={onClose} title={t('tokens.add')} closeOnClickOutside={false}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput
            label={t('tokens.name')}
            description={t('tokens.nameHint')}
            required
            maxLength={100}
            data-autofocus
            {...field('name')}
          />
          <MultiSelect
            label={t('tokens.permissions')}
            description={t('tokens.permissionsHint')}
            required
            searchable
            data={own.map((value) => ({ value, label: permissionName(value) }))}
            value={values.permissions}
            error={errorOf('permissions')}
            onChange={(permissions) => set({ permissions })}
          />
          <TextInput label={t('tokens.expires')} type="datetime-local" required {...field('expires_at')} />
          <TagsInput
            label={t('tokens.allowed')}
            description={t('tokens.allowedHint')}
            value={values.allowed}
            error={errorOf('allowed')}
            onChange={(allowed) => set({ allowed })}
          />
          <ProblemNote error={make.error instanceof ApiError && make.error.isOfFields ? null : make.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button
              type="submit"
              loading={make.isPending}
              disabled={values.name.trim() === '' || values.permissions.length === 0 || values.expires_at === ''}
            >
              {t('tokens.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
