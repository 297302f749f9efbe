// One subscriber beside the list. Which part is shown stands in the address, where the page under it keeps that; the button of the
// head turns it into a page of its own.
import { ActionIcon, Drawer, Group, Skeleton, Tooltip } from '@mantine/core'
import { IconArrowsMaximize } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useTitle } from '../shell/use-title.ts'
import { Actions } from './actions.tsx'
import { HeadingLevel } from './section.tsx'
import { SubscriberParts } from './subscriber-parts.tsx'
import { isSubscriberTab, type SubscriberTab } from './tabs.ts'
import { usePlace } from './use-place.ts'
import classes from './subscriber.module.css'
import { useSubscriber } from './use-subscriber.ts'

type Props = { id: number; onClose(): void; onRun(runId: number): void }

export function SubscriberSheet({ id, onClose, onRun }: Props) {
  const { t } = useTranslation()
  const { data, error } = useSubscriber(id)
  const [tab, setTab] = usePlace<SubscriberTab>('tab', 'overview', isSubscriberTab)
  useTitle(data?.username)
  return (
    <Drawer.Root opened onClose={onClose} position="right" size={720}>
      <Drawer.Overlay />
      <Drawer.Content>
        <Drawer.Header role="none" py="xs" mih={48}>
          {/* Who it is, is what one comes for: the keyboard and readers begin there. */}
          <Drawer.Title fz="lg" fw={650} tabIndex={-1} data-autofocus className={classes.sheetName}>
            <bdi>{data?.username ?? t('subscriber.title')}</bdi>
          </Drawer.Title>
          <Group gap={4} wrap="nowrap">
            <Tooltip label={t('subscriber.asPage')}>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t('subscriber.asPage')}
                renderRoot={(props) => (
                  <Link {...props} to="/subscribers/$id" params={{ id: String(id) }} search={{ tab: pageTab(tab) }} />
                )}
              >
                <IconArrowsMaximize size={17} aria-hidden />
              </ActionIcon>
            </Tooltip>
            <Drawer.CloseButton aria-label={t('act.close')} />
          </Group>
        </Drawer.Header>
        <Drawer.Body>
          <ProblemNote error={error} />
          {data === undefined && error === null && (
            <Skeleton height={320} aria-label={t('list.loading')} role="status" />
          )}
          {data && (
            <HeadingLevel value={3}>
              <Actions subscriber={data} onRun={onRun}>
                {(choose) => <SubscriberParts subscriber={data} tab={tab} onTab={setTab} choose={choose} />}
              </Actions>
            </HeadingLevel>
          )}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  )
}

/** The usual one needs no word in the address. */
function pageTab(tab: SubscriberTab): SubscriberTab | undefined {
  return tab === 'overview' ? undefined : tab
}
