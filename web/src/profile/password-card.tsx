// A new password: every other session ends.
import { Button, Group, PasswordInput, Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useState } from 'react'
import { ApiError } from '../api/client.ts'
import { postMePassword } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { Card } from './card.tsx'

export function PasswordCard() {
  const { t } = useTranslation()
  const [isOpen, setIsOpen] = useState(false)
  return (
    <Card
      title={t('signIn.password')}
      hint={t('profile.passwordHint')}
      tools={
        !isOpen && (
          <Button variant="default" onClick={() => setIsOpen(true)}>
            {t('act.edit')}
          </Button>
        )
      }
    >
      {isOpen && <PasswordForm onEnd={() => setIsOpen(false)} />}
    </Card>
  )
}

type Passwords = { old_password: string; new_password: string }

function PasswordForm({ onEnd }: { onEnd(): void }) {
  const { t } = useTranslation()
  const change = useAct({
    run: async ({ old_password, new_password }: Passwords) => {
      await postMePassword({ body: { old_password, new_password }, throwOnError: true })
    },
    done: () => t('profile.passwordChanged'),
    touches: [['me']],
    isForm: true,
    onDone: onEnd,
  })
  const { values, field } = useFields({ old_password: '', new_password: '', again: '' }, change.error)
  const differ = values.again !== '' && values.again !== values.new_password
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (!differ) change.mutate(values)
      }}
    >
      <Stack gap="sm" maw={360}>
        <PasswordInput
          label={t('signIn.old')}
          autoComplete="current-password"
          required
          autoFocus
          {...field('old_password')}
        />
        <PasswordInput label={t('signIn.new')} autoComplete="new-password" required {...field('new_password')} />
        <PasswordInput
          label={t('signIn.again')}
          autoComplete="new-password"
          required
          {...field('again')}
          error={differ ? t('signIn.differ') : undefined}
        />
        <ProblemNote error={change.error instanceof ApiError && change.error.isOfFields ? null : change.error} />
        <Group>
          <Button type="submit" loading={change.isPending}>
            {t('act.save')}
          </Button>
          <Button variant="default" onClick={onEnd}>
            {t('act.cancel')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
