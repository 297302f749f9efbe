// The door of the portal: username and password, and a code where an app is enrolled.
import { PasswordInput, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { portalApi } from './portal-api.ts'
import { Step } from '../sign-in/step.tsx'
import { PortalProblem } from './portal-problem.tsx'
import { callerQuery } from './caller.ts'
import { usePortalTitle } from './use-portal-title.ts'

export function EntryPage() {
  const { t } = useTranslation()
  usePortalTitle(t('signIn.title'))
  const queries = useQueryClient()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState<string>()
  const enter = useMutation({
    mutationFn: () => portalApi.signIn({ username, password, ...(code && { code }) }),
    onSuccess: () => queries.fetchQuery({ ...callerQuery, staleTime: 0 }),
    onError: (error) => {
      if (needsCode(error)) setCode('')
    },
  })
  return (
    <Step title={t('portal.name')} submit={t('signIn.submit')} busy={enter.isPending} onSubmit={() => enter.mutate()}>
      <TextInput
        label={t('portal.username')}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        value={username}
        onChange={(event) => setUsername(event.currentTarget.value)}
        required
        autoFocus
      />
      <PasswordInput
        label={t('signIn.password')}
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        required
      />
      {code !== undefined && (
        <TextInput
          label={t('signIn.code')}
          description={t('portal.codeHint')}
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          required
          autoFocus
        />
      )}
      <PortalProblem error={needsCode(enter.error) ? null : enter.error} />
      <Text size="sm" c="dimmed">
        {t('portal.forgotten')}
      </Text>
    </Step>
  )
}

function needsCode(error: Error | null): boolean {
  return error instanceof ApiError && error.code === 'second-factor-needed'
}
