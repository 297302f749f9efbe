// Why logins were refused in the last week, by reason.
import { Skeleton, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { BarList } from '../chart/bar-list.tsx'
import { dayAfter } from '../chart/day-series.ts'
import { formatNumber } from '../i18n/format.ts'
import { reasonWords } from '../reports/report-words.ts'
import { useReport } from '../reports/use-report.ts'
import { DashboardCard } from './card.tsx'

const daysBack = 6
const shown = 6

export function Refusals() {
  const { t } = useTranslation()
  const { data: logins } = useReport('logins', {})
  const from = logins && dayAfter(logins.to, -daysBack)
  const { data, isError } = useReport('rejects', { from: from ?? '' }, from !== undefined)
  if (isError) return null
  const sums = new Map<string, number>()
  for (const { reason, refused } of data?.rows ?? []) {
    sums.set(String(reason), (sums.get(String(reason)) ?? 0) + Number(refused))
  }
  const most = [...sums].toSorted(([, one], [, other]) => other - one).slice(0, shown)
  return (
    <DashboardCard title={t('dashboard.reasons')} more={{ to: '/reports', search: { report: 'rejects', from } }}>
      {data === undefined && <Skeleton height={120} />}
      {data !== undefined && most.length === 0 && <Text size="sm">{t('dashboard.noReasons')}</Text>}
      <BarList
        label={t('dashboard.reasons')}
        bars={most.map(([reason, refused]) => ({
          key: reason,
          name: reasonWords(reason, t),
          value: refused,
          shown: formatNumber(refused),
          colour: 'bad',
        }))}
      />
    </DashboardCard>
  )
}
