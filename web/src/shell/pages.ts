// The pages of the panel in the order and the groups of the navigation. A page is shown where its route is in router.tsx and the
// person may read what it shows.
import {
  IconActivity,
  IconAddressBook,
  IconBuildingStore,
  IconChartBar,
  IconClockPlay,
  IconCoins,
  IconFileExport,
  IconFileImport,
  IconHistory,
  IconHourglass,
  IconLayoutDashboard,
  IconListCheck,
  IconMail,
  IconQuestionMark,
  IconRouter,
  IconSettings,
  IconTags,
  IconTopologyStar3,
  IconUserShield,
  IconUsers,
} from '@tabler/icons-react'
import { useRouter } from '@tanstack/react-router'
import { useMe } from '../sign-in/me.ts'
import type { shell } from '../i18n/en/shell.ts'

type PageName = Exclude<keyof (typeof shell)['nav'], 'label' | 'groupNames'>
export type PageGroup = 'customers' | 'network' | 'offer' | 'house'
export type Page = {
  path: string
  /** Of its word, `nav.<name>`. */
  name: PageName
  group: PageGroup
  permission: string
  icon: typeof IconUsers
  /** The second key after `g`. */
  key: string
}

export const pageGroups: readonly PageGroup[] = ['customers', 'network', 'offer', 'house']

const pages: readonly Page[] = [
  {
    path: '/dashboard',
    name: 'dashboard',
    group: 'customers',
    permission: 'report.read',
    icon: IconLayoutDashboard,
    key: 'd',
  },
  {
    path: '/subscribers',
    name: 'subscribers',
    group: 'customers',
    permission: 'subscriber.read',
    icon: IconUsers,
    key: 's',
  },
  { path: '/online', name: 'online', group: 'customers', permission: 'subscriber.read', icon: IconActivity, key: 'o' },
  {
    path: '/unmatched',
    name: 'unmatched',
    group: 'customers',
    permission: 'nas.read',
    icon: IconQuestionMark,
    key: 'u',
  },
  { path: '/nases', name: 'nases', group: 'network', permission: 'nas.read', icon: IconRouter, key: 'n' },
  {
    path: '/not-enforced',
    name: 'notEnforced',
    group: 'network',
    permission: 'subscriber.read',
    icon: IconHourglass,
    key: 'e',
  },
  { path: '/pools', name: 'pools', group: 'network', permission: 'nas.read', icon: IconTopologyStar3, key: 'i' },
  { path: '/plans', name: 'plans', group: 'offer', permission: 'plan.read', icon: IconBuildingStore, key: 'p' },
  { path: '/groups', name: 'groups', group: 'offer', permission: 'subscriber.read', icon: IconTags, key: 't' },
  { path: '/money', name: 'money', group: 'offer', permission: 'money.read', icon: IconCoins, key: 'm' },
  {
    path: '/bulk-runs',
    name: 'bulkRuns',
    group: 'house',
    permission: 'subscriber.read',
    icon: IconListCheck,
    key: 'b',
  },
  {
    path: '/imports',
    name: 'imports',
    group: 'house',
    permission: 'subscriber.create',
    icon: IconFileImport,
    key: 'f',
  },
  { path: '/exports', name: 'exports', group: 'house', permission: 'export.run', icon: IconFileExport, key: 'x' },
  { path: '/jobs', name: 'jobs', group: 'house', permission: 'setting.read', icon: IconClockPlay, key: 'j' },
  { path: '/reports', name: 'reports', group: 'house', permission: 'report.read', icon: IconChartBar, key: 'r' },
  { path: '/messages', name: 'messages', group: 'house', permission: 'message.read', icon: IconMail, key: 'g' },
  { path: '/audit', name: 'audit', group: 'house', permission: 'audit.read', icon: IconHistory, key: 'a' },
  {
    path: '/operators',
    name: 'operators',
    group: 'house',
    permission: 'operator.read',
    icon: IconUserShield,
    key: 'h',
  },
  { path: '/settings', name: 'settings', group: 'house', permission: 'setting.read', icon: IconSettings, key: ',' },
]

/** Not in the navigation: one gets there from one's own menu. */
export const profilePage = { path: '/profile', icon: IconAddressBook } as const

/** The pages that this person may open. */
export function usePages(): readonly Page[] {
  const { permissions } = useMe()
  const { routesByPath } = useRouter()
  return pages.filter(({ path, permission }) => path in routesByPath && permissions.includes(permission))
}
