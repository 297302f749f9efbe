// The old password and the new one twice: in the profile, where a change is owed, and in the portal.
import { PasswordInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Fields } from '../api/use-fields.ts'

export const noPasswords = { old_password: '', new_password: '', again: '' }
export type Passwords = typeof noPasswords

export function isTypedAlike({ new_password, again }: Passwords): boolean {
  return new_password === again
}

type Props = Pick<Fields<Passwords>, 'values' | 'field'> & { hasFocus?: boolean }

export function PasswordChange({ values, field, hasFocus = false }: Props) {
  const { t } = useTranslation()
  const differ = values.again !== '' && !isTypedAlike(values)
  return (
    <>
      <PasswordInput
        label={t('signIn.old')}
        autoComplete="current-password"
        required
        autoFocus={hasFocus}
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
    </>
  )
}
