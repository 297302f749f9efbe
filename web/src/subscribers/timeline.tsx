// What happened to a subscriber, newest first: decisions, sessions, orders, money, comments, what operators did.
import { Anchor, Text, Timeline as Steps } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { getSubscribersIdTimeline } from '../api/generated/sdk.gen.ts'
import type { TimelineItem } from '../api/generated/types.gen.ts'
import { formatInstant } from '../i18n/format.ts'
import { usePages } from '../list/use-pages.ts'
import { ProblemNote } from '../shell/problem-note.tsx'

export function Timeline({ id }: { id: number }) {
  const { t } = useTranslation()
  const pages = usePages(['subscriber', id, 'timeline'], async (cursor) => {
    const query = { limit: '50', ...(cursor && { cursor }) }
    return (await getSubscribersIdTimeline({ path: { id: String(id) }, query, throwOnError: true })).data
  })
  if (pages.error) return <ProblemNote error={pages.error} />
  return (
    <>
      <Steps bulletSize={12} lineWidth={1}>
        {pages.rows.map((item) => (
          <Steps.Item key={`${item.kind} ${item.key}`} title={t(`timeline.${item.kind}`)}>
            <Text size="sm">{summaryOf(item)}</Text>
            <Text size="xs" c="dimmed">
              {formatInstant(item.at, undefined)}
            </Text>
          </Steps.Item>
        ))}
      </Steps>
      {pages.hasMore && (
        <Anchor component="button" size="sm" mt="sm" onClick={pages.loadMore}>
          {t('act.more')}
        </Anchor>
      )}
    </>
  )
}

const told = [
  'sentence',
  'action',
  'text',
  'kind',
  'reason',
  'state',
  'cause',
  'amount',
  'currency',
  'nas',
  'framed_ip',
  'by',
]

/** What the API says of it, without ids. */
function summaryOf({ data }: TimelineItem): string {
  return told.flatMap((name) => (data[name] == null ? [] : [String(data[name])])).join(' · ')
}
