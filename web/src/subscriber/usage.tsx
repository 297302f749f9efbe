// What a subscriber used over a day, a week, a month or a year: a picture, its sums, and the same numbers for readers.
import { Group, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { later } from '../i18n/later.ts'
import { getSubscribersIdUsage } from '../api/generated/sdk.gen.ts'
import { formatDay, formatHour, formatInstant, formatOctets } from '../i18n/format.ts'
import { AgainButton } from '../list/again-button.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { flow } from './flow.ts'
import { QuotaGauge } from './quota-gauge.tsx'
import { usePlace } from './use-place.ts'
import {
  isByHour,
  isUsageSpan,
  slotsOf,
  usageQuery,
  usageSpans,
  type UsageSlot,
  type UsageSpan,
} from './usage-slots.ts'
import type { Subscriber } from './use-subscriber.ts'

const UsagePlot = later(() => import('./usage-plot.tsx'), 'UsagePlot')
const height = 240

export function Usage({ subscriber }: { subscriber: Subscriber }) {
  const { t } = useTranslation()
  const { id } = subscriber
  const [span, setSpan] = usePlace<UsageSpan>('span', 'day', isUsageSpan)
  const found = useQuery({
    queryKey: ['subscriber', id, 'usage', span],
    queryFn: async ({ signal }) => {
      const now = Date.now()
      const query = usageQuery(span, now)
      const { data } = await getSubscribersIdUsage({ path: { id: String(id) }, query, signal, throwOnError: true })
      return { data, slots: slotsOf(span, data, now), span }
    },
    placeholderData: keepPreviousData,
  })
  return (
    <Stack gap="md">
      <SegmentedControl
        size="xs"
        aria-label={t('usage.by')}
        value={span}
        onChange={setSpan}
        data={usageSpans.map((value) => ({ value, label: t(`usage.spans.${value}`) }))}
        style={{ alignSelf: 'start' }}
      />
      <ProblemNote error={found.error} />
      {found.error !== null && <AgainButton onAgain={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={height} />}
      {found.data && <Picture {...found.data} />}
      <QuotaGauge subscriber={subscriber} />
    </Stack>
  )
}

type Found = { data: { input_octets: string; output_octets: string }; slots: readonly UsageSlot[]; span: UsageSpan }

function Picture({ data, slots, span }: Found) {
  const { t } = useTranslation()
  const [pointed, setPointed] = useState<number>()
  const nameOf = useMemo(
    () => (isByHour(span) ? (at: string) => formatInstant(at) : (at: string) => formatDay(at)),
    [span],
  )
  const shortOf = (at: string) => (span === 'day' ? formatHour(at) : formatDay(at.slice(0, 10), 'short'))
  const one = pointed === undefined ? undefined : slots[pointed]
  const [down, up] = one ? [String(one.down), String(one.up)] : [data.output_octets, data.input_octets]
  return (
    <figure style={{ margin: 0 }}>
      <Group gap="md" mb={4} justify="space-between" aria-hidden={one !== undefined}>
        <Text size="sm" style={{ fontVariantNumeric: 'tabular-nums' }}>
          {flow(formatOctets(down), formatOctets(up))}
        </Text>
        <Text size="sm" c="dimmed">
          {one === undefined ? t('usage.inSum') : nameOf(one.at)}
        </Text>
      </Group>
      <div aria-hidden style={{ blockSize: height, overflow: 'hidden' }}>
        <Suspense fallback={<Skeleton height={height} />}>
          <UsagePlot slots={slots} height={height} shortOf={shortOf} onPoint={setPointed} />
        </Suspense>
      </div>
      <TableForReaders slots={slots} nameOf={nameOf} />
    </figure>
  )
}

function TableForReaders({ slots, nameOf }: { slots: readonly UsageSlot[]; nameOf(at: string): string }) {
  const { t } = useTranslation()
  const told = slots.filter(({ down, up }) => down + up > 0)
  return (
    <div className="visually-hidden">
      <table>
        <caption>{t('usage.chart')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('usage.when')}</th>
            <th scope="col">{t('usage.down')}</th>
            <th scope="col">{t('usage.up')}</th>
          </tr>
        </thead>
        <tbody>
          {told.map(({ at, down, up }) => (
            <tr key={at}>
              <th scope="row">{nameOf(at)}</th>
              <td>{formatOctets(String(down))}</td>
              <td>{formatOctets(String(up))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
