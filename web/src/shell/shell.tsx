// The frame around every page: where one is, where one can go, who one is.
import { ActionIcon, AppShell, Burger, Button, Group, Kbd, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { Link, useLocation, useRouterState } from '@tanstack/react-router'
import { Suspense, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { later } from '../i18n/later.ts'
import type { Me } from '../sign-in/me.ts'
import { AccountMenu } from './account-menu.tsx'
import { Alarms } from './alarms.tsx'
import { useKeys } from './keys.ts'
import { Navigation } from './navigation.tsx'
import { LineNote, ViewingNote } from './notes.tsx'
import { profilePage, usePages } from './pages.ts'
import classes from './shell.module.css'
import { useUsualTitle } from './use-title.ts'

// Needed when somebody asks for them, not for the first page.
const QuickOpen = later(() => import('./quick-open.tsx'), 'QuickOpen')
const KeysDialog = later(() => import('./keys-dialog.tsx'), 'KeysDialog')

export function Shell({ me, children }: { me: Me; children: ReactNode }) {
  const { t } = useTranslation()
  const [isOpen, { toggle, close }] = useDisclosure(false)
  const [asked, setAsked] = useState<'quick' | 'keys'>()
  const [dialogs, setDialogs] = useState<ReadonlySet<string>>(new Set())
  const burger = useRef<HTMLButtonElement>(null)
  const ask = (dialog: 'quick' | 'keys') => {
    setDialogs((before) => new Set(before).add(dialog))
    setAsked(dialog)
  }
  const isOpenDialog = (dialog: 'quick' | 'keys') => ({ opened: asked === dialog, onClose: () => setAsked(undefined) })
  useKeys({ onQuickOpen: () => ask('quick'), onHelp: () => ask('keys') })
  useArrival()
  const leaveNavigation = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen) return
    close()
    burger.current?.focus()
  }
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      className={classes.shell}
      onKeyDown={leaveNavigation}
    >
      <a href="#content" className={classes.skip}>
        {t('skip')}
      </a>
      <AppShell.Header className={classes.header}>
        <LoadingBar />
        <Group gap="xs" wrap="nowrap">
          <Burger
            ref={burger}
            opened={isOpen}
            onClick={toggle}
            hiddenFrom="sm"
            size="sm"
            aria-label={t('nav.label')}
            aria-expanded={isOpen}
          />
          <Link to="/" className={classes.home} onClick={close}>
            <img src="/gatehouse.svg" alt="" width={22} height={22} />
            <Text fw={650} visibleFrom="xs" component="span">
              {t('name')}
            </Text>
            <span className="visually-hidden">{t('problem.home')}</span>
          </Link>
        </Group>
        <QuickButton onOpen={() => ask('quick')} />
        <Group gap={4} wrap="nowrap">
          <Alarms />
          <AccountMenu me={me} onKeys={() => ask('keys')} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('nav.label')} className={classes.navbar} data-closed={!isOpen || undefined}>
        <Navigation onChoose={close} />
      </AppShell.Navbar>
      <AppShell.Main className={classes.main}>
        <div id="content" tabIndex={-1} className={classes.content}>
          <ViewingNote me={me} />
          <LineNote />
          {children}
        </div>
        <div id="floating" />
      </AppShell.Main>
      <Suspense>
        {dialogs.has('quick') && <QuickOpen {...isOpenDialog('quick')} onKeys={() => ask('keys')} />}
        {dialogs.has('keys') && <KeysDialog {...isOpenDialog('keys')} />}
      </Suspense>
    </AppShell>
  )
}

function QuickButton({ onOpen }: { onOpen(): void }) {
  const { t } = useTranslation()
  return (
    <>
      <Button
        variant="default"
        size="compact-md"
        className={classes.quick}
        visibleFrom="sm"
        leftSection={<IconSearch size={15} aria-hidden />}
        rightSection={
          <Kbd size="xs" aria-hidden>
            {t('keys.ctrl')} K
          </Kbd>
        }
        aria-keyshortcuts="Control+K"
        onClick={onOpen}
      >
        {t('quick.open')}
      </Button>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        hiddenFrom="sm"
        className={classes.quickIcon}
        aria-label={t('quick.open')}
        onClick={onOpen}
      >
        <IconSearch size={20} stroke={1.5} aria-hidden />
      </ActionIcon>
    </>
  )
}

/** That the next page is on its way, when it takes longer than a blink. */
function LoadingBar() {
  const isLoading = useRouterState({ select: ({ status }) => status === 'pending' })
  return isLoading ? <div className={classes.loading} aria-hidden /> : null
}

/** On another page: the tab bears its name, and the keyboard and readers begin at its content. */
function useArrival(): void {
  const { t } = useTranslation()
  const pathname = useLocation({ select: (location) => location.pathname })
  const pages = usePages()
  const page = pages.find(({ path }) => pathname === path || pathname.startsWith(`${path}/`))
  useUsualTitle(pathname === profilePage.path ? t('account.profile') : page && t(`nav.${page.name}`))
  const before = useRef(pathname)
  useEffect(() => {
    if (before.current === pathname) return
    before.current = pathname
    const content = document.querySelector<HTMLElement>('#content')
    if (content?.contains(document.activeElement) === false) content.focus({ preventScroll: true })
  }, [pathname])
}
