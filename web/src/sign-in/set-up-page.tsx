// The very first start: whoever can read the console makes the first operator.
import { PasswordInput, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { useFields } from '../api/use-fields.ts'
import { postSetup, postSignIn } from '../api/generated/sdk.gen.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useTitle } from '../shell/use-title.ts'
import { useLinkToken } from './link-token.ts'
import { whoIsThere } from './me.ts'
import { Step } from './step.tsx'

export function SetUpPage() {
  const { t } = useTranslation()
  useTitle(t('setUp.title'))
  const queries = useQueryClient()
  const navigate = useNavigate()
  const make = useMutation({
    mutationFn: async () => {
      await postSetup({ body: values, throwOnError: true })
      const { email, password } = values
      await postSignIn({ body: { email, password }, throwOnError: true })
    },
    onSuccess: async () => {
      await queries.fetchQuery({ ...whoIsThere, staleTime: 0 })
      await navigate({ to: '/', replace: true })
    },
  })
  const { values, field } = useFields({ token: useLinkToken(), email: '', name: '', password: '' }, make.error)
  return (
    <Step title={t('setUp.title')} submit={t('setUp.submit')} busy={make.isPending} onSubmit={() => make.mutate()}>
      <Text size="sm">{t('setUp.hint')}</Text>
      <TextInput label={t('setUp.token')} autoComplete="off" required autoFocus {...field('token')} />
      <TextInput label={t('setUp.name')} autoComplete="name" required {...field('name')} />
      <TextInput label={t('signIn.email')} type="email" autoComplete="username" required {...field('email')} />
      <PasswordInput label={t('signIn.password')} autoComplete="new-password" required {...field('password')} />
      <ProblemNote error={make.error instanceof ApiError && make.error.isOfFields ? null : make.error} />
    </Step>
  )
}
