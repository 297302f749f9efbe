// Enrolling an app: a picture to scan or a secret to type, the first code of it, and the recovery codes that are shown once.
import { Button, Code, Group, Loader, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useEffectEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postMeSecondFactor, postMeSecondFactorConfirm } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './profile.module.css'
import { RecoveryCodes } from './recovery-codes.tsx'

export function EnrolDialog({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const enrol = useAct({
    run: async () => (await postMeSecondFactor({ throwOnError: true })).data,
    touches: [],
    isForm: true,
  })
  const confirm = useAct({
    run: async (code: string) => (await postMeSecondFactorConfirm({ body: { code }, throwOnError: true })).data,
    touches: [['second-factor'], ['panel-sessions']],
    isForm: true,
  })
  const begin = useEffectEvent(() => enrol.mutate(undefined))
  useEffect(() => begin(), [])
  const { values, field } = useFields({ code: '' }, confirm.error)
  const codes = confirm.data?.recovery_codes
  return (
    <Modal
      opened
      onClose={onClose}
      title={codes === undefined ? t('profile.enrol') : t('profile.codes')}
      closeOnClickOutside={codes === undefined}
    >
      {codes !== undefined ? (
        <RecoveryCodes codes={codes} onKept={onClose} />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            confirm.mutate(values.code.trim())
          }}
        >
          <Stack gap="md">
            <ProblemNote error={enrol.error} />
            {enrol.isPending && <Loader size="sm" aria-label={t('list.loading')} />}
            {enrol.data && (
              <>
                <Text size="sm">{t('profile.scan')}</Text>
                <img
                  className={classes.qr}
                  alt={t('profile.qr')}
                  src={`data:image/svg+xml;utf8,${encodeURIComponent(enrol.data.qr_svg)}`}
                />
                <Text size="sm">
                  {t('profile.orType')} <Code>{enrol.data.secret}</Code>
                </Text>
                <TextInput
                  label={t('profile.firstCode')}
                  autoComplete="one-time-code"
                  inputMode="numeric"
                  required
                  {...field('code')}
                />
                <ProblemNote
                  error={confirm.error instanceof ApiError && confirm.error.isOfFields ? null : confirm.error}
                />
                <Group justify="flex-end">
                  <Button type="submit" loading={confirm.isPending}>
                    {t('profile.confirm')}
                  </Button>
                </Group>
              </>
            )}
          </Stack>
        </form>
      )}
    </Modal>
  )
}
