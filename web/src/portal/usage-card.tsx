// What was used by hour or by day, as bars that say their numbers.
import { Card, Group, SegmentedControl, Skeleton, Text, Title, Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { portalApi } from './portal-api.ts'
import { formatInstant, formatOctets } from '../i18n/format.ts'
import { currentLanguage } from '../i18n/i18n.ts'
import { PortalProblem } from './portal-problem.tsx'
import classes from './portal.module.css'

type By = 'hour' | 'day'
type Point = { at: string; down_octets: string; up_octets: string }

export function UsageCard() {
  const { t } = useTranslation()
  const [by, setBy] = useState<By>('day')
  const { data, error } = useQuery({
    queryKey: ['portal', 'usage', by],
    queryFn: () => portalApi.usage({ by }),
  })
  return (
    <Card withBorder padding="md" component="section" aria-labelledby="history">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5" id="history">
          {t('portal.history')}
        </Title>
        <SegmentedControl
          size="xs"
          aria-label={t('portal.by')}
          value={by}
          onChange={(value) => setBy(value)}
          data={(['hour', 'day'] as const).map((value) => ({ value, label: t(`portal.${value}`) }))}
        />
      </Group>
      <PortalProblem error={error} />
      {data === undefined && error === null && <Skeleton height={140} />}
      {data && (data.points.length === 0 ? <Nothing /> : <Bars by={data.by} points={data.points} />)}
      <Group gap="md" mt="xs">
        {(['down', 'up'] as const).map((way) => (
          <Text size="xs" key={way}>
            <span className={`${classes.key} ${classes[way]}`} aria-hidden />
            {t(`portal.${way}`)}
          </Text>
        ))}
      </Group>
    </Card>
  )
}

function Nothing() {
  const { t } = useTranslation()
  return (
    <Text size="sm" c="dimmed">
      {t('portal.nothingUsed')}
    </Text>
  )
}

function Bars({ by, points }: { by: By; points: readonly Point[] }) {
  const { t } = useTranslation()
  const shown = by === 'day' ? withGaps(points, 31, dayKeys()) : withGaps(points, 24, hourKeys())
  const most = Math.max(...shown.map((point) => Number(point.down_octets) + Number(point.up_octets)), 1)
  const high = (octets: string) => `${(Number(octets) / most) * 100}%`
  const nameOf = by === 'day' ? dayName : formatHour
  return (
    <>
      <ul className={classes.bars}>
        {shown.map((point) => {
          const says = t('portal.bar', {
            at: nameOf(point.at),
            down: formatOctets(point.down_octets),
            up: formatOctets(point.up_octets),
          })
          return (
            <Tooltip key={point.at} label={says} openDelay={0} events={{ hover: true, focus: true, touch: true }}>
              <li className={classes.column}>
                <span className="visually-hidden">{says}</span>
                <span className={classes.up} style={{ blockSize: high(point.up_octets) }} aria-hidden />
                <span className={classes.down} style={{ blockSize: high(point.down_octets) }} aria-hidden />
              </li>
            </Tooltip>
          )
        })}
      </ul>
      <Group justify="space-between">
        {[shown.at(0), shown.at(-1)].map((point, index) => (
          <Text key={index} size="xs" c="dimmed">
            {point && nameOf(point.at)}
          </Text>
        ))}
      </Group>
    </>
  )
}

/** Days and hours without use have no point; a chart without them would lie about time. */
function withGaps(points: readonly Point[], most: number, keys: readonly string[]): Point[] {
  const known = new Map(points.map((point) => [keyOf(point.at), point]))
  const found = keys.map((at) => known.get(keyOf(at)) ?? { at, down_octets: '0', up_octets: '0' })
  const last = points.at(-1)
  // The ISP's day may be ahead of this browser's.
  if (last !== undefined && !keys.some((at) => keyOf(at) === keyOf(last.at))) found.push(last)
  return found.slice(-most)
}

const keyOf = (at: string): string => (at.length === 10 ? at : new Date(at).toISOString().slice(0, 13))

function dayKeys(): string[] {
  const now = Date.now()
  return Array.from({ length: 31 }, (_, index) => new Date(now - (30 - index) * 86_400_000).toISOString().slice(0, 10))
}

function hourKeys(): string[] {
  const hour = Math.floor(Date.now() / 3_600_000)
  return Array.from({ length: 24 }, (_, index) => new Date((hour - 23 + index) * 3_600_000).toISOString())
}

const formatHour = (at: string): string => formatInstant(at)

function dayName(day: string): string {
  return new Intl.DateTimeFormat(currentLanguage(), { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(day))
}
