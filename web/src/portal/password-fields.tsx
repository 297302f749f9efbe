// The old password, a new one and the new one again: of the change that is owed, and of the one that is wished.
import { PasswordInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { portalApi } from './portal-api.ts'
import { useFields } from '../api/use-fields.ts'
import { PortalProblem } from './portal-problem.tsx'
import { callerQuery } from './caller.ts'

const nothing = { old_password: '', new_password: '', again: '' }

export function usePasswordChange(onChanged?: () => void) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const change = useMutation({
    mutationFn: async (): Promise<void> => {
      const { old_password, new_password } = values
      await portalApi.changePassword({ old_password, new_password })
    },
    onSuccess: async () => {
      set(nothing)
      await queries.fetchQuery({ ...callerQuery, staleTime: 0 })
      onChanged?.()
    },
  })
  const { values, set, field } = useFields(nothing, change.error)
  const differ = values.again !== '' && values.again !== values.new_password
  const fields = (
    <>
      <PasswordInput label={t('signIn.old')} autoComplete="current-password" required {...field('old_password')} />
      <PasswordInput label={t('signIn.new')} autoComplete="new-password" required {...field('new_password')} />
      <PasswordInput
        label={t('signIn.again')}
        autoComplete="new-password"
        required
        {...field('again')}
        error={differ ? t('signIn.differ') : undefined}
      />
      <PortalProblem error={change.error instanceof ApiError && change.error.isOfFields ? null : change.error} />
    </>
  )
  return { fields, isBusy: change.isPending, send: () => values.again === values.new_password && change.mutate() }
}
