// A password that support made up is changed before anything else is shown.
import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Step } from '../sign-in/step.tsx'
import { usePasswordChange } from './password-fields.tsx'
import { usePortalTitle } from './use-portal-title.ts'

export function ChangePage() {
  const { t } = useTranslation()
  usePortalTitle(t('signIn.changeTitle'))
  const { fields, isBusy, send } = usePasswordChange()
  return (
    <Step title={t('signIn.changeTitle')} submit={t('signIn.save')} busy={isBusy} onSubmit={send}>
      <Text size="sm">{t('portal.changeHint')}</Text>
      {fields}
    </Step>
  )
}
