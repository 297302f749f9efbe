// How roles and permissions are called: those that Gatehouse knows in the reader's language, others by their own name.
import { useTranslation } from 'react-i18next'
import { useCallback } from 'react'

/** A role's name: translated where it is built in. */
export function useRoleName(): (role: string) => string {
  const { t } = useTranslation()
  return useCallback((role) => (t as unknown as Lookup)(`roles.names.${role}`, { defaultValue: role }), [t])
}

/** What a permission lets one do. */
export function usePermissionName(): (permission: string) => string {
  const { t } = useTranslation()
  return useCallback(
    (permission) => (t as unknown as Lookup)(`permission.${permission}`, { defaultValue: permission }),
    [t],
  )
}

/** By a name that only the API knows. */
type Lookup = (key: string, options: { defaultValue: string }) => string
