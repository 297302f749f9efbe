// What one has oneself: name and password, the second factor, where one is signed in, keys for programs.
import { Stack, Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useMe } from '../sign-in/me.ts'
import { ApiTokens } from './api-tokens.tsx'
import { PasswordCard } from './password-card.tsx'
import { PersonCard } from './person-card.tsx'
import classes from './profile.module.css'
import { SecondFactor } from './second-factor.tsx'
import { PanelSessions } from './panel-sessions.tsx'

export function ProfilePage() {
  const { t } = useTranslation()
  const { viewed_by: viewedBy } = useMe()
  return (
    <div className={classes.page}>
      <Title order={1} size="h4" mb="md">
        {t('account.profile')}
      </Title>
      <Stack gap="lg" maw={760}>
        <PersonCard />
        {viewedBy === null ? (
          <>
            <PasswordCard />
            <SecondFactor />
            <PanelSessions />
            <ApiTokens />
          </>
        ) : (
          <Text size="sm" c="dimmed">
            {t('profile.ofAnother')}
          </Text>
        )}
      </Stack>
    </div>
  )
}
