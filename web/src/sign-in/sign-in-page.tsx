// Signing in, step by step as the API asks: password, second factor, a new password where one is owed.
import { Anchor, PasswordInput, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postSignIn, postSignInCode, postSignInForgotten, postMePassword } from '../api/generated/sdk.gen.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { whoIsThere, type Me } from './me.ts'
import { Step } from './step.tsx'

export function SignInPage({ state }: { state: Me['state'] | undefined }) {
  if (state === 'password') return <CodeStep />
  if (state === 'change') return <ChangeStep />
  return <PasswordStep />
}

/** Asks again who is there: the step that is owed next is shown by what the API answers. */
function useStep<Input>(send: (input: Input) => Promise<unknown>) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: send,
    onSuccess: () => queries.fetchQuery({ ...whoIsThere, staleTime: 0 }),
  })
}

function PasswordStep() {
  const { t } = useTranslation()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useStep(() => postSignIn({ body: { email, password }, throwOnError: true }))
  const forgotten = useMutation({
    mutationFn: () => postSignInForgotten({ body: { email }, throwOnError: true }),
  })
  return (
    <Step
      title={t('signIn.title')}
      submit={t('signIn.submit')}
      busy={signIn.isPending}
      onSubmit={() => signIn.mutate(undefined)}
    >
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
      <PasswordInput
        label={t('signIn.password')}
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        required
      />
      <ProblemNote error={signIn.error ?? forgotten.error} />
      {forgotten.isSuccess ? (
        <Text size="sm" role="status">
          {t('signIn.forgottenSent')}
        </Text>
      ) : (
        <Anchor component="button" type="button" size="sm" onClick={() => email !== '' && forgotten.mutate()}>
          {t('signIn.forgotten')}
        </Anchor>
      )}
    </Step>
  )
}

function CodeStep() {
  const { t } = useTranslation()
  const [code, setCode] = useState('')
  const give = useStep(() => postSignInCode({ body: { code }, throwOnError: true }))
  return (
    <Step
      title={t('signIn.codeTitle')}
      submit={t('signIn.continue')}
      busy={give.isPending}
      onSubmit={() => give.mutate(undefined)}
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
    </Step>
  )
}

function ChangeStep() {
  const { t } = useTranslation()
  const [values, setValues] = useState({ old: '', new: '', again: '' })
  const change = useStep(() =>
    postMePassword({ body: { old_password: values.old, new_password: values.new }, throwOnError: true }),
  )
  const fields = change.error instanceof ApiError ? change.error.fields : {}
  const differ = values.again !== '' && values.again !== values.new
  const field = (name: keyof typeof values, error?: string) => (
    <PasswordInput
      label={t(`signIn.${name}`)}
      autoComplete={name === 'old' ? 'current-password' : 'new-password'}
      value={values[name]}
      error={error}
      onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
      required
    />
  )
  return (
    <Step
      title={t('signIn.changeTitle')}
      submit={t('signIn.save')}
      busy={change.isPending}
      onSubmit={() => values.again === values.new && change.mutate(undefined)}
    >
      <Text size="sm">{t('signIn.changeHint')}</Text>
      {field('old', fields.old_password)}
      {field('new', fields.new_password)}
      {field('again', differ ? t('signIn.differ') : undefined)}
      <ProblemNote error={change.error} />
    </Step>
  )
}
