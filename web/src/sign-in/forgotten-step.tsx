// A forgotten password: a link is sent to the address. Whether somebody has it is never told.
import { Anchor, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { postSignInForgotten } from '../api/generated/sdk.gen.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { Step } from './step.tsx'

export function ForgottenStep({ email: typed, onBack }: { email: string; onBack(): void }) {
  const { t } = useTranslation()
  const [email, setEmail] = useState(typed)
  const ask = useMutation({ mutationFn: () => postSignInForgotten({ body: { email }, throwOnError: true }) })
  return (
    <Step
      title={t('signIn.forgottenTitle')}
      submit={ask.isSuccess ? t('signIn.toSignIn') : t('signIn.forgottenSend')}
      busy={ask.isPending}
      onSubmit={() => (ask.isSuccess ? onBack() : ask.mutate())}
    >
      {ask.isSuccess ? (
        <Text size="sm" role="status">
          {t('signIn.forgottenSent')}
        </Text>
      ) : (
        <>
          <Text size="sm">{t('signIn.forgottenHint')}</Text>
          <TextInput
            label={t('signIn.email')}
            type="email"
            name="email"
            autoComplete="username"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            required
            autoFocus
          />
          <ProblemNote error={ask.error} />
          <Anchor component="button" type="button" size="sm" onClick={onBack}>
            {t('signIn.toSignIn')}
          </Anchor>
        </>
      )}
    </Step>
  )
}
