// The second factor: whether there is one, to enrol an app, to have new recovery codes, to give it up.
import { Badge, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteMeSecondFactor, getMeSecondFactor, postMeRecoveryCodes } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { Card } from './card.tsx'
import { EnrolDialog } from './enrol-dialog.tsx'
import { RecoveryCodes } from './recovery-codes.tsx'

const touches = [['second-factor'], ['panel-sessions']]

export function SecondFactor() {
  const { t } = useTranslation()
  const instant = useInstant()
  const [isEnrolling, setIsEnrolling] = useState(false)
  const [isLeaving, setIsLeaving] = useState(false)
  const [codes, setCodes] = useState<readonly string[]>()
  const factor = useQuery({
    queryKey: ['second-factor'],
    queryFn: async ({ signal }) => (await getMeSecondFactor({ signal, throwOnError: true })).data,
  })
  const renew = useAct({
    run: async () => (await postMeRecoveryCodes({ throwOnError: true })).data.recovery_codes,
    touches,
    onDone: setCodes,
  })
  const enabledAt = factor.data?.enabled_at ?? null
  return (
    <Card
      title={t('signIn.codeTitle')}
      hint={t('profile.factorHint')}
      tools={
        factor.data &&
        (enabledAt === null ? (
          <Button onClick={() => setIsEnrolling(true)}>{t('profile.enrol')}</Button>
        ) : (
          <>
            <Button variant="default" loading={renew.isPending} onClick={() => renew.mutate(undefined)}>
              {t('profile.newCodes')}
            </Button>
            <Button variant="default" color="red" onClick={() => setIsLeaving(true)}>
              {t('profile.giveUp')}
            </Button>
          </>
        ))
      }
    >
      <ProblemNote error={factor.error} />
      {factor.data && (
        <Group gap="xs">
          <Badge variant="light" tt="none" color={enabledAt === null ? 'orange' : 'green'}>
            {enabledAt === null ? t('profile.off') : t('profile.on')}
          </Badge>
          {enabledAt !== null && (
            <Text size="sm" c="dimmed">
              {t('profile.factorSince', { at: instant(enabledAt) })}{' '}
              {t('profile.codesLeft', { count: factor.data.recovery_codes_left })}
            </Text>
          )}
        </Group>
      )}
      {isEnrolling && <EnrolDialog onClose={() => setIsEnrolling(false)} />}
      {isLeaving && <GiveUpDialog onClose={() => setIsLeaving(false)} />}
      <Modal opened={codes !== undefined} onClose={() => setCodes(undefined)} title={t('profile.codes')}>
        {codes && <RecoveryCodes codes={codes} onKept={() => setCodes(undefined)} />}
      </Modal>
    </Card>
  )
}

function GiveUpDialog({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const give = useAct({
    run: async () => {
      await deleteMeSecondFactor({ throwOnError: true })
    },
    done: () => t('profile.givenUp'),
    touches,
    onDone: onClose,
  })
  return (
    <Modal opened onClose={onClose} title={t('profile.giveUp')}>
      <Stack gap="md">
        <Text size="sm">{t('profile.giveUpHint')}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('act.cancel')}
          </Button>
          <Button color="red" loading={give.isPending} onClick={() => give.mutate(undefined)}>
            {t('profile.giveUp')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
