// The old password, a new one and the new one again: of the change that is owed, and of the one that is wished.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ApiError } from '../api/client.ts'
import { portalApi } from './portal-api.ts'
import { useFields } from '../api/use-fields.ts'
import { PortalProblem } from './portal-problem.tsx'
import { callerQuery } from './caller.ts'
import { PasswordChange, isTypedAlike, noPasswords } from '../shell/password-change.tsx'

export function usePasswordChange(onChanged?: () => void) {
  const queries = useQueryClient()
  const change = useMutation({
    mutationFn: async (): Promise<void> => {
      const { old_password, new_password } = values
      await portalApi.changePassword({ old_password, new_password })
    },
    onSuccess: async () => {
      set(noPasswords)
      await queries.fetchQuery({ ...callerQuery, staleTime: 0 })
      onChanged?.()
    },
  })
  const { values, set, field } = useFields(noPasswords, change.error)
  const fields = (
    <>
      <PasswordChange values={values} field={field} />
      <PortalProblem error={change.error instanceof ApiError && change.error.isOfFields ? null : change.error} />
    </>
  )
  return { fields, isBusy: change.isPending, send: () => isTypedAlike(values) && change.mutate() }
}
