// Signing in, step by step as the API asks: password, second factor, a new password where one is owed. The address stays, so that
// the page that was asked for is there afterwards.
import { Anchor, PasswordInput, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postSignIn, postSignInCode, postMePassword } from '../api/generated/sdk.gen.ts'
import { useFields } from '../api/use-fields.ts'
import { showDone } from '../shell/done-note.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useTitle } from '../shell/use-title.ts'
import { ForgottenStep } from './forgotten-step.tsx'
import { whoIsThere, type Me } from './me.ts'
import { Step } from './step.tsx'
import { useSignOut } from './use-sign-out.ts'
import { PasswordChange, isTypedAlike, noPasswords } from '../shell/password-change.tsx'

export function SignInPage({ state }: { state: Me['state'] | undefined }) {
  const { t } = useTranslation()
  const [forgotten, setForgotten] = useState<string>()
  useTitle(t('signIn.title'))
  if (state === 'password') return <CodeStep />
  if (state === 'change') return <ChangeStep />
  if (forgotten !== undefined) return <ForgottenStep email={forgotten} onBack={() => setForgotten(undefined)} />
  return <PasswordStep onForgotten={setForgotten} />
}

/** Asks again who is there: the step that is owed next is shown by what the API answers. */
function useStep<Result>(send: () => Promise<Result>, onDone?: (result: Result) => void) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: send,
    onSuccess: (result) => {
      onDone?.(result)
      return queries.fetchQuery({ ...whoIsThere, staleTime: 0 })
    },
  })
}

function PasswordStep({ onForgotten }: { onForgotten(email: string): void }) {
  const { t } = useTranslation()
  const signIn = useStep(() => postSignIn({ body: values, throwOnError: true }))
  const { values, field } = useFields({ email: '', password: '' }, null)
  return (
    <Step
      title={t('signIn.title')}
      submit={t('signIn.submit')}
      busy={signIn.isPending}
      onSubmit={() => signIn.mutate()}
    >
      <TextInput
        label={t('signIn.email')}
        type="email"
        autoComplete="username"
        required
        autoFocus
        {...field('email')}
      />
      <PasswordInput label={t('signIn.password')} autoComplete="current-password" required {...field('password')} />
      <ProblemNote error={signIn.error} />
      <Anchor component="button" type="button" size="sm" onClick={() => onForgotten(values.email)}>
        {t('signIn.forgotten')}
      </Anchor>
    </Step>
  )
}

function CodeStep() {
  const { t } = useTranslation()
  const [code, setCode] = useState('')
  const give = useStep(
    async () => (await postSignInCode({ body: { code: code.trim() }, throwOnError: true })).data,
    ({ recovery_code_used }) => {
      if (recovery_code_used) showDone({ message: t('signIn.recoveryUsed'), undoLabel: t('act.undo') })
    },
  )
  return (
    <Step
      title={t('signIn.codeTitle')}
      submit={t('signIn.continue')}
      busy={give.isPending}
      onSubmit={() => give.mutate()}
    >
      <Text size="sm">{t('signIn.codeHint')}</Text>
      <TextInput
        label={t('signIn.code')}
        name="code"
        autoComplete="one-time-code"
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
        required
        autoFocus
      />
      <ProblemNote error={give.error} />
      <Other />
    </Step>
  )
}

function ChangeStep() {
  const { t } = useTranslation()
  const change = useStep(async () => {
    const { old_password, new_password } = values
    await postMePassword({ body: { old_password, new_password }, throwOnError: true })
  })
  const { values, field } = useFields(noPasswords, change.error)
  return (
    <Step
      title={t('signIn.changeTitle')}
      submit={t('signIn.save')}
      busy={change.isPending}
      onSubmit={() => isTypedAlike(values) && change.mutate()}
    >
      <Text size="sm">{t('signIn.changeHint')}</Text>
      <PasswordChange values={values} field={field} hasFocus />
      <ProblemNote error={change.error instanceof ApiError && change.error.isOfFields ? null : change.error} />
      <Other />
    </Step>
  )
}

/** The way out of a step that one cannot take. */
function Other() {
  const { t } = useTranslation()
  const signOut = useSignOut()
  return (
    <Anchor component="button" type="button" size="sm" onClick={() => signOut.mutate()}>
      {t('signIn.other')}
    </Anchor>
  )
}
