// How one signs in: the password, and an authenticator app beside it.
import { Alert, Button, Card, Code, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { portalApi } from './portal-api.ts'
import { useFields } from '../api/use-fields.ts'
import { callerQuery, useCaller } from './caller.ts'
import { usePasswordChange } from './password-fields.tsx'
import { PortalProblem } from './portal-problem.tsx'
import classes from './portal.module.css'

export function AccountPage() {
  const { t } = useTranslation()
  const { opened_by: openedBy } = useCaller()
  return (
    <Stack gap="md">
      <Title order={1} size="h3">
        {t('portal.account')}
      </Title>
      {openedBy === null ? (
        <>
          <PasswordCard />
          <FactorCard />
        </>
      ) : (
        <Text>{t('portal.readOnly')}</Text>
      )}
    </Stack>
  )
}

function PasswordCard() {
  const { t } = useTranslation()
  const [isDone, setDone] = useState(false)
  const { fields, isBusy, send } = usePasswordChange(() => setDone(true))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setDone(false)
    send()
  }
  return (
    <Card withBorder padding="md" component="section" aria-labelledby="password">
      <Title order={2} size="h5" id="password" mb="sm">
        {t('portal.changePassword')}
      </Title>
      <form onSubmit={submit}>
        <Stack gap="sm" maw={380}>
          {fields}
          {isDone && (
            <Alert color="green" variant="light" role="status">
              {t('portal.changed')}
            </Alert>
          )}
          <Group>
            <Button type="submit" loading={isBusy}>
              {t('signIn.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  )
}

function FactorCard() {
  const { t } = useTranslation()
  const { second_factor: isOn } = useCaller()
  const enrol = useMutation({
    mutationFn: portalApi.enrol,
  })
  return (
    <Card withBorder padding="md" component="section" aria-labelledby="factor">
      <Title order={2} size="h5" id="factor" mb="sm">
        {t('portal.factor')}
      </Title>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{t(isOn ? 'portal.factorOn' : 'portal.factorOff')}</Text>
        <PortalProblem error={enrol.error} />
        {!isOn && enrol.data === undefined && (
          <Button variant="default" loading={enrol.isPending} onClick={() => enrol.mutate()}>
            {t('portal.enrol')}
          </Button>
        )}
        {!isOn && enrol.data !== undefined && <Confirm enrolled={enrol.data} />}
      </Stack>
    </Card>
  )
}

function Confirm({ enrolled }: { enrolled: { secret: string; qr_svg: string } }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const confirm = useMutation({
    mutationFn: async (): Promise<void> => {
      await portalApi.confirm(values)
    },
    onSuccess: () => queries.fetchQuery({ ...callerQuery, staleTime: 0 }),
  })
  const { values, field } = useFields({ code: '' }, confirm.error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    confirm.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{t('portal.scan')}</Text>
        <img
          className={classes.qr}
          src={`data:image/svg+xml,${encodeURIComponent(enrolled.qr_svg)}`}
          alt={t('portal.qr')}
        />
        <Text size="sm">
          {t('portal.secret')}: <Code>{enrolled.secret}</Code>
        </Text>
        <TextInput
          label={t('signIn.code')}
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          autoFocus
          {...field('code')}
        />
        <PortalProblem error={confirm.error instanceof ApiError && confirm.error.isOfFields ? null : confirm.error} />
        <Button type="submit" loading={confirm.isPending}>
          {t('portal.confirm')}
        </Button>
      </Stack>
    </form>
  )
}
