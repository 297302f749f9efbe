// What the sheet and the page show of one subscriber: the head, what the network is being told, and the parts under tabs.
import { Skeleton, Stack, Tabs } from '@mantine/core'
import { Suspense, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { later } from '../i18n/later.ts'
import { useMe } from '../sign-in/me.ts'
import type { Choose } from './actions.tsx'
import { Head } from './head.tsx'
import { Overview } from './overview.tsx'
import { RecentOrders } from './recent-orders.tsx'
import classes from './subscriber.module.css'
import { tabsFor, type SubscriberTab } from './tabs.ts'
import type { Subscriber } from './use-subscriber.ts'
import { Why } from './why.tsx'

const Usage = later(() => import('./usage.tsx'), 'Usage')
const Timeline = later(() => import('./timeline.tsx'), 'Timeline')
const PastSessions = later(() => import('./past-sessions.tsx'), 'PastSessions')
const Lines = later(() => import('./lines.tsx'), 'Lines')
const Money = later(() => import('./money.tsx'), 'Money')
const Comments = later(() => import('./comments.tsx'), 'Comments')
const Changes = later(() => import('./changes.tsx'), 'Changes')

export type PartProps = { subscriber: Subscriber; choose: Choose }
type Props = PartProps & { tab: SubscriberTab; onTab(tab: SubscriberTab): void; isPage?: boolean }

export function SubscriberParts({ subscriber, tab, onTab, choose, isPage = false }: Props) {
  const { t } = useTranslation()
  const { permissions } = useMe()
  const shown = tabsFor(permissions)
  const current = shown.includes(tab) ? tab : 'overview'
  // On a phone not all of them fit beside each other.
  const shownTab = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    shownTab.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [current])
  // In the sheet one begins at its parts: an arrow goes to the next, Tab into the one that is shown.
  useEffect(() => {
    if (!isPage) shownTab.current?.focus({ preventScroll: true })
  }, [isPage])
  return (
    <Stack gap="sm">
      <Head subscriber={subscriber} choose={choose} isPage={isPage} onMoney={() => onTab('money')} />
      <RecentOrders id={subscriber.id} />
      <Tabs
        value={current}
        onChange={(next) => next !== null && onTab(next as SubscriberTab)}
        keepMounted={false}
        variant="default"
      >
        <Tabs.List className={classes.tabs}>
          {shown.map((name) => (
            <Tabs.Tab
              key={name}
              value={name}
              className={classes.tab}
              ref={name === current ? shownTab : undefined}
              data-autofocus={(!isPage && name === current) || undefined}
            >
              {t(`subscriber.tabs.${name}`)}
              {name === 'comments' && subscriber.comments > 0 && ` (${subscriber.comments})`}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={current} pt="md">
          <Suspense fallback={<Skeleton height={240} />}>
            <Part tab={current} subscriber={subscriber} choose={choose} />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}

function Part({ tab, ...props }: PartProps & { tab: SubscriberTab }) {
  const { id } = props.subscriber
  switch (tab) {
    case 'overview':
      return <Overview {...props} />
    case 'why':
      return <Why {...props} />
    case 'usage':
      return <Usage subscriber={props.subscriber} />
    case 'timeline':
      return <Timeline id={id} />
    case 'sessions':
      return <PastSessions id={id} />
    case 'lines':
      return <Lines {...props} />
    case 'money':
      return <Money {...props} />
    case 'comments':
      return <Comments id={id} />
    case 'changes':
      return <Changes id={id} />
  }
}
