// Where the link of a mail leads: somebody who forgot the password, or who was invited, chooses one. Signing in comes next.
import { Anchor, PasswordInput, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postSignInReset } from '../api/generated/sdk.gen.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useTitle } from '../shell/use-title.ts'
import { useLinkToken } from './link-token.ts'
import { Step } from './step.tsx'

export function NewPasswordPage({ isInvited }: { isInvited: boolean }) {
  const { t } = useTranslation()
  const token = useLinkToken()
  const navigate = useNavigate()
  const set = useMutation({
    mutationFn: async () => {
      await postSignInReset({ body: { token, password: values.password }, throwOnError: true })
    },
  })
  const { values, field } = useFields({ password: '', again: '' }, set.error)
  const differ = values.again !== '' && values.again !== values.password
  const title = t(set.isSuccess ? 'signIn.setTitle' : isInvited ? 'setUp.title' : 'signIn.changeTitle')
  useTitle(title)
  const leave = () => void navigate({ to: '/', replace: true })
  if (set.isSuccess) {
    return (
      <Step title={title} submit={t('signIn.submit')} busy={false} onSubmit={leave}>
        <Text size="sm" role="status">
          {t('signIn.setHint')}
        </Text>
      </Step>
    )
  }
  return (
    <Step title={title} submit={t('signIn.save')} busy={set.isPending} onSubmit={() => !differ && set.mutate()}>
      <Text size="sm">{isInvited ? t('signIn.invitedHint') : t('signIn.resetHint')}</Text>
      <PasswordInput label={t('signIn.new')} autoComplete="new-password" required autoFocus {...field('password')} />
      <PasswordInput
        label={t('signIn.again')}
        autoComplete="new-password"
        required
        {...field('again')}
        error={differ ? t('signIn.differ') : undefined}
      />
      <ProblemNote error={set.error instanceof ApiError && set.error.isOfFields ? null : set.error} />
      <Anchor component="button" type="button" size="sm" onClick={leave}>
        {t('signIn.toSignIn')}
      </Anchor>
    </Step>
  )
}
