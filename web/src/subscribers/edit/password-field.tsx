// The password: made up and shown once, or typed; of one that there is a blank one keeps what it has.
import { Input, PasswordInput, SegmentedControl, Stack } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useInput, WordField } from './inputs.tsx'
import { useForm } from './use-subscriber-form.ts'

export function PasswordField() {
  const { t } = useTranslation()
  const form = useForm()
  const [isTyped, setTyped] = useState(form.mode === 'edit')
  const input = useInput('password')
  if (!form.writable.includes('password')) return null
  const madeLabel = t(form.values.account_type === 'ipoe' ? 'subscriberForm.noPassword' : 'subscriberForm.madePassword')
  return (
    <>
      <Stack gap={4}>
        {form.mode === 'add' && (
          <Input.Wrapper label={t('subscriberForm.fields.password')} labelElement="div">
            <SegmentedControl
              fullWidth
              aria-label={t('subscriberForm.fields.password')}
              value={isTyped ? 'typed' : 'made'}
              onChange={(choice) => {
                setTyped(choice === 'typed')
                if (choice === 'made') form.set({ password: '' })
              }}
              data={[
                { value: 'made', label: madeLabel },
                { value: 'typed', label: t('subscriberForm.typedPassword') },
              ]}
            />
          </Input.Wrapper>
        )}
        {isTyped && (
          <PasswordInput
            {...input}
            label={t(form.mode === 'edit' ? 'subscriberForm.newPassword' : 'subscriberForm.itsPassword')}
            description={form.mode === 'edit' ? t('subscriberForm.blankKeeps') : undefined}
            autoComplete="new-password"
            value={form.values.password}
            onChange={(event) => form.set({ password: event.currentTarget.value })}
          />
        )}
      </Stack>
      {isTyped && form.values.password !== '' && <KindField />}
    </>
  )
}

/** How it is kept: what is not kept in clear cannot prove every method of authentication. */
function KindField() {
  const { t } = useTranslation()
  return (
    <WordField
      name="credential"
      clearable
      placeholder={t('subscriberForm.usual')}
      words={(['clear', 'nt-hash', 'verifier'] as const).map((kind) => ({
        value: kind,
        label: t(`subscriberForm.kinds.${kind}`),
      }))}
    />
  )
}
