// One NAS: how it stands, what is wrong with it, its script, its sessions and pools, its router and its settings.
import { Anchor, Badge, Group, Loader, Tabs, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { later } from '../i18n/later.ts'
import { deleteNasesName } from '../api/generated/sdk.gen.ts'
import { ListPage } from '../list/list-page.tsx'
import { nasRoute } from '../routes/network.ts'
import { EditMenu } from '../shell/edit-menu.tsx'
import { useTitle } from '../shell/use-title.ts'
import { useMay } from '../sign-in/me.ts'
import { HeardBadge } from './heard-badge.tsx'
import { NasDialog } from './nas-dialog.tsx'
import classes from './nases.module.css'
import { StateTab } from './state-tab.tsx'
import { allNases, nasKeys, useAlarms, useNasStates, type NasDevice } from './use-nases.ts'

const DoctorTab = later(() => import('./doctor-tab.tsx'), 'DoctorTab')
const ScriptTab = later(() => import('./script-tab.tsx'), 'ScriptTab')
const SessionsTab = later(() => import('./sessions-tab.tsx'), 'SessionsTab')
const PoolsTab = later(() => import('./pools-tab.tsx'), 'PoolsTab')
const RouterTab = later(() => import('./router-tab.tsx'), 'RouterTab')
const SettingsTab = later(() => import('./settings-tab.tsx'), 'SettingsTab')

const tabs = ['state', 'doctor', 'script', 'sessions', 'pools', 'router', 'settings'] as const

export function NasPage() {
  const { t } = useTranslation()
  const { id } = nasRoute.useParams()
  const { data, error } = useQuery(allNases)
  const nas = data?.find((one) => String(one.id) === id)
  if (nas !== undefined) return <Inside key={id} nas={nas} />
  return (
    <ListPage title={t('nav.nases')} error={error}>
      <Group p="md">
        {data === undefined && error === null && <Loader size="sm" aria-label={t('list.loading')} />}
        {data !== undefined && <Text size="sm">{t('nases.gone')}</Text>}
        <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/nases" />}>
          {t('nases.all')}
        </Anchor>
      </Group>
    </ListPage>
  )
}

function Inside({ nas }: { nas: NasDevice }) {
  const { t } = useTranslation()
  useTitle(nas.name)
  const { tab = 'state' } = nasRoute.useSearch()
  const navigate = nasRoute.useNavigate()
  const state = useNasStates().get(nas.id)
  const alarms = useAlarms(nas)
  const maySee = useMay('subscriber.read')
  const shown = tabs.filter((name) => name !== 'sessions' || maySee)
  return (
    <ListPage
      title={nas.name}
      error={null}
      tools={
        <>
          <HeardBadge state={state} />
          {alarms.length > 0 && (
            <Badge variant="light" color="red" tt="none">
              {t('nases.alarmCount', { count: alarms.length })}
            </Badge>
          )}
          <NasMenu nas={nas} />
        </>
      }
      filters={
        <Group gap="xs">
          <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/nases" />}>
            {t('nases.all')}
          </Anchor>
          <Text size="sm" c="dimmed">
            {nas.vendor} · <bdi>{nas.client}</bdi> · <bdi>{nas.group}</bdi>
          </Text>
        </Group>
      }
    >
      <Tabs
        value={tab}
        onChange={(next) => void navigate({ search: { tab: (next ?? undefined) as typeof tab }, replace: true })}
        keepMounted={false}
        className={classes.tabs}
      >
        <Tabs.List className={classes.tabList}>
          {shown.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`nases.tabs.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Suspense fallback={null}>
          {shown.map((name) => (
            <Tabs.Panel key={name} value={name} className={name === 'sessions' ? classes.filling : classes.scrolling}>
              <Panel name={name} nas={nas} />
            </Tabs.Panel>
          ))}
        </Suspense>
      </Tabs>
    </ListPage>
  )
}

function Panel({ name, nas }: { name: (typeof tabs)[number]; nas: NasDevice }) {
  switch (name) {
    case 'state':
      return <StateTab nas={nas} />
    case 'doctor':
      return <DoctorTab nas={nas} />
    case 'script':
      return <ScriptTab nas={nas} />
    case 'sessions':
      return <SessionsTab nas={nas} />
    case 'pools':
      return <PoolsTab nas={nas} />
    case 'router':
      return <RouterTab nas={nas} />
    case 'settings':
      return <SettingsTab nas={nas} />
  }
}

function NasMenu({ nas }: { nas: NasDevice }) {
  const { t } = useTranslation()
  const navigate = nasRoute.useNavigate()
  if (!useMay('nas.edit')) return null
  return (
    <EditMenu
      name={nas.name}
      hint={t('nases.removeHint')}
      remove={() => deleteNasesName({ path: { name: nas.name }, throwOnError: true })}
      touches={nasKeys}
      onRemoved={() => void navigate({ to: '/nases' })}
      editor={(close) => <NasDialog nas={nas} onClose={close} />}
    />
  )
}
