// The frame around the portal's pages: where one can go, how it looks, the way out; and who looks in the subscriber's place.
import { ActionIcon, Button, Group, Menu, Text, useMantineColorScheme } from '@mantine/core'
import { IconEye, IconLanguage, IconMoonStars, IconUserCircle } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { portalApi } from './portal-api.ts'
import { formatInstant } from '../i18n/format.ts'
import { languages, setLanguage, type Language } from '../i18n/i18n.ts'
import { AccountPage } from './account-page.tsx'
import { callerQuery, type PortalCaller } from './caller.ts'
import { OverviewPage } from './overview-page.tsx'
import classes from './portal.module.css'
import { PortalProblem } from './portal-problem.tsx'
import { SessionsPage } from './sessions-page.tsx'
import { addressOf, followLink, places, usePlace } from './use-place.ts'
import { usePortalTitle } from './use-portal-title.ts'

const pages = { overview: OverviewPage, sessions: SessionsPage, account: AccountPage }

export function PortalFrame({ caller }: { caller: PortalCaller }) {
  const { t } = useTranslation()
  const place = usePlace()
  const Page = pages[place]
  const leave = useLeave()
  usePortalTitle(t(`portal.pages.${place}`))
  return (
    <>
      {caller.opened_by !== null && <Banner caller={caller} onEnd={leave.mutate} isBusy={leave.isPending} />}
      <header className={classes.header}>
        <div className={classes.bar}>
          <Group gap="xs">
            <img src="/gatehouse.svg" alt="" width={22} height={22} />
            <Text fw={650}>{t('portal.name')}</Text>
          </Group>
          <Own caller={caller} onLeave={leave.mutate} />
        </div>
        <nav className={classes.bar} aria-label={t('portal.pages.label')}>
          <div className={classes.places}>
            {places.map((each) => (
              <a
                key={each}
                href={addressOf(each)}
                onClick={followLink}
                className={classes.place}
                aria-current={each === place ? 'page' : undefined}
              >
                {t(`portal.pages.${each}`)}
              </a>
            ))}
          </div>
        </nav>
      </header>
      <main className={classes.main}>
        <PortalProblem error={leave.error} />
        <Page />
        <div id="floating" />
      </main>
    </>
  )
}

/** An operator looks: said on every page, with the way out. */
function Banner({ caller, onEnd, isBusy }: { caller: PortalCaller; onEnd(): void; isBusy: boolean }) {
  const { t } = useTranslation()
  const { opened_by: name, username, ends_at: endsAt } = caller
  return (
    <div className={classes.banner} role="status">
      <Text size="sm">
        <IconEye size={16} aria-hidden style={{ verticalAlign: 'text-bottom' }} />{' '}
        {t('portal.openedBy', { name, username, until: formatInstant(endsAt) })}
      </Text>
      <Button size="compact-sm" variant="default" loading={isBusy} onClick={onEnd}>
        {t('portal.end')}
      </Button>
    </div>
  )
}

function useLeave() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      await portalApi.signOut()
    },
    onSuccess: () => {
      window.history.replaceState(null, '', '/portal')
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey !== callerQuery.queryKey })
      queries.setQueryData(callerQuery.queryKey, null)
    },
  })
}

function Own({ caller, onLeave }: { caller: PortalCaller; onLeave(): void }) {
  const { t, i18n } = useTranslation()
  const { setColorScheme } = useMantineColorScheme()
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="xl" aria-label={t('account.menu')}>
          <IconUserCircle size={24} stroke={1.5} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <bdi>{caller.full_name ?? caller.username}</bdi>
        </Menu.Label>
        <Menu.Divider />
        {(['auto', 'light', 'dark'] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            leftSection={<IconMoonStars size={15} aria-hidden />}
            onClick={() => setColorScheme(scheme)}
          >
            {t(`account.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        {(Object.keys(languages) as Language[]).map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            disabled={i18n.language === language}
            leftSection={<IconLanguage size={15} aria-hidden />}
            onClick={() => void setLanguage(language)}
          >
            {languages[language].name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={onLeave}>{t('account.signOut')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
