// A new password: every other session ends.
import { Button, Group, Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useState } from 'react'
import { ApiError } from '../api/client.ts'
import { postMePassword } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { Card } from './card.tsx'
import { PasswordChange, isTypedAlike, noPasswords, type Passwords } from '../shell/password-change.tsx'

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
  const { values, field } = useFields(noPasswords, change.error)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (isTypedAlike(values)) change.mutate(values)
      }}
    >
      <Stack gap="sm" maw={360}>
        <PasswordChange values={values} field={field} hasFocus />
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
