// A key for a program: with a name, an end and no more permissions than one has oneself. It is shown once.
import { Button, Code, CopyButton, Group, Modal, MultiSelect, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postMeApiTokens } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { fromLocalInput, toLocalInput } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMe } from '../sign-in/me.ts'

const usualDays = 90
const inUsualDays = (): string => toLocalInput(new Date(Date.now() + usualDays * 86_400_000).toISOString())

type Typed = { name: string; permissions: string[]; until: string; allowed: string[] }

export function NewToken({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const me = useMe()
  const add = useAct({
    run: async ({ until, ...rest }: Typed) => {
      const body = { ...rest, expires_at: fromLocalInput(until) ?? until }
      return (await postMeApiTokens({ body, throwOnError: true })).data.token
    },
    touches: [['api-tokens']],
    isForm: true,
  })
  const first: Typed = { name: '', permissions: [], until: inUsualDays(), allowed: [] }
  const { values, field, set, errorOf } = useFields(first, add.error)
  const untilError = add.error instanceof ApiError ? add.error.fields.expires_at : undefined
  if (add.data !== undefined) return <Made token={add.data} onClose={onClose} />
  return (
    <Modal opened onClose={onClose} title={t('profile.addToken')}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          add.mutate(values)
        }}
      >
        <Stack gap="sm">
          <TextInput label={t('profile.tokenName')} required data-autofocus {...field('name')} />
          <MultiSelect
            label={t('profile.permissions')}
            description={t('profile.permissionsHint')}
            data={me.permissions}
            value={values.permissions}
            error={errorOf('permissions')}
            onChange={(permissions) => set({ permissions })}
            searchable
            required
          />
          <TextInput
            type="datetime-local"
            label={t('profile.tokenEnd')}
            required
            {...field('until')}
            error={untilError}
          />
          <TagsInput
            label={t('profile.allowed')}
            description={t('profile.allowedHint')}
            value={values.allowed}
            error={errorOf('allowed')}
            onChange={(allowed) => set({ allowed })}
          />
          <ProblemNote error={add.error instanceof ApiError && add.error.isOfFields ? null : add.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={add.isPending} disabled={values.permissions.length === 0}>
              {t('profile.addToken')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function Made({ token, onClose }: { token: string; onClose(): void }) {
  const { t } = useTranslation()
  return (
    <Modal opened onClose={onClose} title={t('profile.tokenMade')} closeOnClickOutside={false}>
      <Stack gap="md">
        <Text size="sm">{t('profile.tokenOnce')}</Text>
        <Code block>{token}</Code>
        <Group justify="space-between">
          <CopyButton value={token}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? t('act.copied') : t('act.copy')}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>{t('profile.kept')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
