// What happened to a subscriber, newest first, of the kinds that are wanted: logins, sessions, orders, money, comments, changes.
import { Chip, Group, Skeleton, Text, ThemeIcon, Timeline as Steps } from '@mantine/core'
import {
  IconArrowBarToRight,
  IconCoin,
  IconKey,
  IconMessage,
  IconPencil,
  IconPlugConnected,
  IconPlugConnectedX,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { getSubscribersIdTimeline } from '../api/generated/sdk.gen.ts'
import type { TimelineItem } from '../api/generated/types.gen.ts'
import { formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { AgainButton } from '../list/again-button.tsx'
import { usePages } from '../list/use-pages.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMe } from '../sign-in/me.ts'
import { MoreButton } from './more-button.tsx'
import { badOf, partsOf, titleOf } from './timeline-words.ts'
import classes from './subscriber.module.css'
import { usePlace } from './use-place.ts'

type Kind = TimelineItem['kind']

const kinds = [
  'decision',
  'session-start',
  'session-stop',
  'coa',
  'ledger',
  'comment',
  'audit',
] as const satisfies readonly Kind[]
const needs: Partial<Record<Kind, string>> = { decision: 'log.read', ledger: 'money.read' }
const icons = {
  decision: IconKey,
  'session-start': IconPlugConnected,
  'session-stop': IconPlugConnectedX,
  coa: IconArrowBarToRight,
  ledger: IconCoin,
  comment: IconMessage,
  audit: IconPencil,
} as const

export function Timeline({ id }: { id: number }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { permissions } = useMe()
  const [chosen, setChosen] = usePlace<string>('kinds', '', (text): text is string => text !== '')
  const offered = kinds.filter((kind) => needs[kind] === undefined || permissions.includes(needs[kind]))
  const wanted = offered.filter((kind) => chosen.split(',').includes(kind))
  const pages = usePages(['subscriber', id, 'timeline', wanted.join(',')], async (cursor, signal) => {
    const query = { limit: '50', ...(wanted.length > 0 && { kinds: wanted.join(',') }), ...(cursor && { cursor }) }
    return (await getSubscribersIdTimeline({ path: { id: String(id) }, query, signal, throwOnError: true })).data
  })
  return (
    <>
      <Kinds offered={offered} wanted={wanted} onChange={(next) => setChosen(next.join(','))} />
      <ProblemNote error={pages.error} />
      {pages.error !== null && <AgainButton onAgain={pages.again} />}
      {pages.isLoading && <Skeleton height={240} />}
      {!pages.isLoading && pages.rows.length === 0 && pages.error === null && (
        <Text size="sm">{t('timeline.none')}</Text>
      )}
      <Steps
        bulletSize={24}
        lineWidth={1}
        className={classes.steps}
        style={{ opacity: pages.isStale ? 0.5 : 1 }}
        aria-busy={pages.isStale}
      >
        {pages.rows.map((item) => (
          <Steps.Item
            className={classes.step}
            key={`${item.kind} ${item.key}`}
            bullet={<Bullet item={item} />}
            title={
              <Text size="sm" fw={600}>
                {titleOf(item, t)}
              </Text>
            }
          >
            <Text size="sm" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              <bdi>{partsOf(item, t).join(' · ')}</bdi>
            </Text>
            <Text size="xs" c="dimmed">
              <time dateTime={item.at}>
                {instant(item.at)} ({formatRelative(item.at, Date.now())})
              </time>
            </Text>
          </Steps.Item>
        ))}
      </Steps>
      <MoreButton pages={pages} />
    </>
  )
}

type KindsProps = { offered: readonly Kind[]; wanted: Kind[]; onChange(next: string[]): void }

function Kinds({ offered, wanted, onChange }: KindsProps) {
  const { t } = useTranslation()
  return (
    <Chip.Group multiple value={wanted} onChange={onChange}>
      <Group gap={6} mb="md" role="group" aria-label={t('timeline.which')}>
        {offered.map((kind) => (
          <Chip key={kind} value={kind} size="xs" variant="light">
            {t(`timeline.${kind}`)}
          </Chip>
        ))}
      </Group>
    </Chip.Group>
  )
}

function Bullet({ item }: { item: TimelineItem }) {
  const Icon = icons[item.kind]
  return (
    <ThemeIcon size={22} radius="xl" variant="light" color={badOf(item) ? 'red' : 'gate'}>
      <Icon size={13} aria-hidden />
    </ThemeIcon>
  )
}
