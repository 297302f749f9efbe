// Who used most today. It is asked only when it comes into view: it sums up the day of every subscriber.
import { Anchor, Skeleton, Text } from '@mantine/core'
import { useInViewport } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { BarList } from '../chart/bar-list.tsx'
import { formatOctets } from '../i18n/format.ts'
import { useReport } from '../reports/use-report.ts'
import { DashboardCard } from './card.tsx'

const shown = '6'

export function TopUsage() {
  const { t } = useTranslation()
  const { ref, inViewport } = useInViewport()
  // The day of the ISP, not of the browser.
  const { data: growth } = useReport('growth', {})
  const day = growth?.to ?? ''
  const { data } = useReport('top-usage', { from: day, to: day, limit: shown }, inViewport && growth !== undefined)
  return (
    <DashboardCard ref={ref} title={t('dashboard.topUsage')} more={{ to: '/reports', search: { report: 'top-usage' } }}>
      {data === undefined && <Skeleton height={180} />}
      {data?.rows.length === 0 && <Text size="sm">{t('dashboard.noUsage')}</Text>}
      {data !== undefined && data.rows.length > 0 && (
        <BarList
          label={t('dashboard.topUsage')}
          bars={data.rows.map((row) => ({
            key: String(row.id),
            name: (
              <Anchor
                size="sm"
                renderRoot={(props) => <Link {...props} to="/subscribers" search={{ open: Number(row.id) }} />}
              >
                <bdi>{row.username}</bdi>
              </Anchor>
            ),
            value: Number(row.upload) + Number(row.download),
            shown: formatOctets(String(Number(row.upload) + Number(row.download))),
          }))}
        />
      )}
    </DashboardCard>
  )
}
