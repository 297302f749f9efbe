// Who one is, and how the panel looks to oneself.
import { ActionIcon, Menu, Text, Tooltip, useMantineColorScheme } from '@mantine/core'
import {
  IconCheck,
  IconDeviceDesktop,
  IconKeyboard,
  IconLogout,
  IconMoonStars,
  IconSun,
  IconUserCircle,
} from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { languages, setLanguage, type Language } from '../i18n/i18n.ts'
import type { Me } from '../sign-in/me.ts'
import { useSignOut } from '../sign-in/use-sign-out.ts'
import { profilePage } from './pages.ts'

export const schemes = { light: IconSun, dark: IconMoonStars, auto: IconDeviceDesktop } as const
export const schemeNames = ['light', 'dark', 'auto'] as const

export function AccountMenu({ me, onKeys }: { me: Me; onKeys(): void }) {
  const { t, i18n } = useTranslation()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const signOut = useSignOut()
  const [isOpen, setIsOpen] = useState(false)
  const chosen = <IconCheck size={14} aria-hidden />
  return (
    <Menu position="bottom-end" width={250} withinPortal={false} onChange={setIsOpen}>
      <Menu.Target>
        <Tooltip label={me.email} disabled={isOpen}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('account.menu')}>
            <IconUserCircle size={22} stroke={1.5} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)" truncate>
            <bdi>{me.name}</bdi>
          </Text>
          <Text size="xs" truncate>
            <bdi>{me.email}</bdi>
          </Text>
        </Menu.Label>
        <Menu.Item component={Link} to={profilePage.path} leftSection={<profilePage.icon size={15} aria-hidden />}>
          {t('account.profile')}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={15} aria-hidden />} onClick={onKeys}>
          {t('account.keys')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t('account.appearance')}</Menu.Label>
        {schemeNames.map((scheme) => {
          const Icon = schemes[scheme]
          return (
            <Menu.Item
              key={scheme}
              leftSection={<Icon size={15} aria-hidden />}
              rightSection={colorScheme === scheme && chosen}
              onClick={() => setColorScheme(scheme)}
            >
              {t(`account.${scheme}`)}
            </Menu.Item>
          )
        })}
        <Menu.Divider />
        <Menu.Label>{t('account.language')}</Menu.Label>
        {(Object.keys(languages) as Language[]).map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            rightSection={i18n.language === language && chosen}
            onClick={() => void setLanguage(language)}
          >
            {languages[language].name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} aria-hidden />} onClick={() => signOut.mutate()}>
          {t('account.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
