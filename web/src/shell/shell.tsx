// The frame around every page: where one is, where one can go, who one is.
import { ActionIcon, AppShell, Burger, Group, Menu, NavLink, Text, Tooltip, useMantineColorScheme } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import {
  IconActivity,
  IconChartBar,
  IconClockPlay,
  IconHistory,
  IconLanguage,
  IconLayoutDashboard,
  IconListCheck,
  IconMoonStars,
  IconUserCircle,
  IconUsers,
} from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteSignIn } from '../api/generated/sdk.gen.ts'
import { languages, setLanguage, type Language } from '../i18n/i18n.ts'
import type { Me } from '../sign-in/me.ts'
import classes from './shell.module.css'

const pages = [
  { to: '/dashboard', name: 'dashboard', permission: 'report.read', icon: IconLayoutDashboard },
  { to: '/subscribers', name: 'subscribers', permission: 'subscriber.read', icon: IconUsers },
  { to: '/online', name: 'online', permission: 'subscriber.read', icon: IconActivity },
  { to: '/reports', name: 'reports', permission: 'report.read', icon: IconChartBar },
  { to: '/bulk-runs', name: 'bulkRuns', permission: 'subscriber.read', icon: IconListCheck },
  { to: '/jobs', name: 'jobs', permission: 'setting.read', icon: IconClockPlay },
  { to: '/audit', name: 'audit', permission: 'audit.read', icon: IconHistory },
] as const

export function Shell({ me, children }: { me: Me; children: ReactNode }) {
  const { t } = useTranslation()
  const [isOpen, { toggle, close }] = useDisclosure(false)
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      className={classes.shell}
    >
      <a href="#content" className={classes.skip}>
        {t('skip')}
      </a>
      <AppShell.Header className={classes.header}>
        <Group gap="xs">
          <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('nav.label')} />
          <img src="/gatehouse.svg" alt="" width={22} height={22} />
          <Text fw={650}>{t('name')}</Text>
        </Group>
        <AccountMenu me={me} />
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('nav.label')}>
        {pages
          .filter(({ permission }) => me.permissions.includes(permission))
          .map(({ to, name, icon: Icon }) => (
            <NavLink
              key={to}
              component={Link}
              to={to}
              onClick={close}
              label={t(`nav.${name}`)}
              leftSection={<Icon size={17} stroke={1.6} aria-hidden />}
              className={classes.link}
            />
          ))}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        {children}
      </AppShell.Main>
    </AppShell>
  )
}

function AccountMenu({ me }: { me: Me }) {
  const { t, i18n } = useTranslation()
  const { setColorScheme } = useMantineColorScheme()
  const queries = useQueryClient()
  const router = useRouter()
  const signOut = async () => {
    await deleteSignIn({ throwOnError: true })
    queries.clear()
    await router.invalidate()
  }
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <Tooltip label={me.email}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('account.menu')}>
            <IconUserCircle size={22} stroke={1.5} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.name}</Menu.Label>
        <Menu.Divider />
        <Menu.Label>{t('account.appearance')}</Menu.Label>
        {(['auto', 'light', 'dark'] as const).map((scheme) => (
          <Menu.Item key={scheme} leftSection={<IconMoonStars size={15} />} onClick={() => setColorScheme(scheme)}>
            {t(`account.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t('account.language')}</Menu.Label>
        {(Object.keys(languages) as Language[]).map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            disabled={i18n.language === language}
            leftSection={<IconLanguage size={15} />}
            onClick={() => void setLanguage(language)}
          >
            {languages[language].name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => void signOut()}>{t('account.signOut')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
