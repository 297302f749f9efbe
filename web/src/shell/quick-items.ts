// What quick open finds: pages and deeds at once, subscribers and NASes as the API finds them.
import { useMantineColorScheme } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconKeyboard, IconLanguage, IconLogout, IconRouter, IconUser, IconUserPlus } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { getSubscribers } from '../api/generated/sdk.gen.ts'
import { currentLanguage, languages, setLanguage, type Language } from '../i18n/i18n.ts'
import { useMay } from '../sign-in/me.ts'
import { useSignOut } from '../sign-in/use-sign-out.ts'
import { schemeNames, schemes } from './account-menu.tsx'
import { profilePage, usePages } from './pages.ts'

export const itemGroups = ['pages', 'actions', 'subscribers', 'nases'] as const
export type QuickItem = {
  id: string
  group: (typeof itemGroups)[number]
  label: string
  hint?: string | undefined
  icon: typeof IconUser
  run(): void
}

const subscribersShown = 8
const nasesShown = 5

/** `isFound`: what was typed last has been answered. */
export function useQuickItems(typed: string, onKeys: () => void): { items: QuickItem[]; isFound: boolean } {
  const text = typed.trim()
  const here = [...usePageItems(), ...useDeedItems(onKeys)].filter(({ label }) => matches(label, text))
  const subscribers = useSubscriberItems(text)
  const nases = useNasItems(text)
  return { items: [...here, ...subscribers.items, ...nases], isFound: subscribers.isFound }
}

/** Every word that was typed begins one of the label's. */
function matches(label: string, text: string): boolean {
  const words = label.toLocaleLowerCase().split(/[\s:,./-]+/)
  return text
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((typed) => words.some((word) => word.startsWith(typed)))
}

function usePageItems(): QuickItem[] {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const pages = usePages().map(({ path, name, icon }) => ({ path, label: t(`nav.${name}`), icon }))
  return [...pages, { ...profilePage, label: t('account.profile') }].map(({ path, label, icon }) => ({
    id: path,
    group: 'pages',
    label,
    icon,
    run: () => void navigate({ to: path as '/' }),
  }))
}

function useDeedItems(onKeys: () => void): QuickItem[] {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { routesByPath } = useRouter()
  const mayAdd = useMay('subscriber.create')
  const { setColorScheme } = useMantineColorScheme()
  const signOut = useSignOut()
  const deed = (id: string, label: string, icon: QuickItem['icon'], run: () => void): QuickItem => ({
    id,
    group: 'actions',
    label,
    icon,
    run,
  })
  const add = '/subscribers/new'
  const others = (Object.keys(languages) as Language[]).filter((language) => language !== currentLanguage())
  return [
    ...(mayAdd && add in routesByPath
      ? [deed('add', t('quick.addSubscriber'), IconUserPlus, () => void navigate({ to: add }))]
      : []),
    ...schemeNames.map((scheme) =>
      deed(scheme, t('quick.theme', { name: t(`account.${scheme}`) }), schemes[scheme], () => setColorScheme(scheme)),
    ),
    ...others.map((language) =>
      deed(
        language,
        t('quick.language', { name: languages[language].name }),
        IconLanguage,
        () => void setLanguage(language),
      ),
    ),
    deed('keys', t('account.keys'), IconKeyboard, onKeys),
    deed('sign-out', t('account.signOut'), IconLogout, () => signOut.mutate()),
  ]
}

function useSubscriberItems(text: string): { items: QuickItem[]; isFound: boolean } {
  const may = useMay('subscriber.read')
  const navigate = useNavigate()
  const [search] = useDebouncedValue(text, 120)
  const isAsked = may && search !== ''
  const found = useQuery({
    queryKey: ['subscribers', 'quick', search],
    queryFn: async ({ signal }) => {
      const query = { search, limit: String(subscribersShown), columns: 'username,full_name,phone' }
      return (await getSubscribers({ query, signal, throwOnError: true })).data.items
    },
    enabled: isAsked,
    placeholderData: keepPreviousData,
  })
  const rows = text !== '' && isAsked ? (found.data ?? []) : []
  const items = rows.map(({ id, username, full_name: name, phone }): QuickItem => ({
    id: `subscriber-${id}`,
    group: 'subscribers',
    label: username ?? String(id),
    hint: [name, phone].filter((part) => part != null && part !== '').join(' · '),
    icon: IconUser,
    run: () => void navigate({ to: '/subscribers', search: { open: id } }),
  }))
  return { items, isFound: !may || (search === text && !found.isFetching) }
}

function useNasItems(text: string): QuickItem[] {
  const may = useMay('nas.read')
  const navigate = useNavigate()
  const { data = [] } = useQuery({ ...choicesOf.nas, enabled: may && text !== '' })
  if (text === '') return []
  return data
    .filter(({ name }) => name.toLocaleLowerCase().includes(text.toLocaleLowerCase()))
    .slice(0, nasesShown)
    .map(({ id, name }) => ({
      id: `nas-${id}`,
      group: 'nases',
      label: name,
      icon: IconRouter,
      run: () => void navigate({ href: `/nases/${id}` }),
    }))
}
