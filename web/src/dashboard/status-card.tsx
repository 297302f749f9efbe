// Subscribers by status: their shares as one bar, and each status with its number, which opens the list of them.
import { Skeleton, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { formatDay, formatNumber } from '../i18n/format.ts'
import { useMay } from '../sign-in/me.ts'
import { labelColours } from '../subscribers/columns.tsx'
import { DashboardCard } from './card.tsx'
import classes from './dashboard.module.css'
import { useDashboard } from './use-numbers.ts'

const order = ['active', 'new', 'grace', 'expired', 'blocked', 'disabled'] as const

export function StatusCard() {
  const { t } = useTranslation()
  const { data } = useDashboard()
  const maySubscribers = useMay('subscriber.read')
  const counts = new Map(data?.subscribers.map(({ label, count }) => [label, count]))
  const colourOf = (label: string) => `var(--mantine-color-${labelColours[label] ?? 'gray'}-6)`
  return (
    <DashboardCard title={t('dashboard.status')} more={{ to: '/reports', search: { report: 'subscribers' } }}>
      {data === undefined ? (
        <Skeleton height={84} />
      ) : (
        <>
          <div className={classes.shares} aria-hidden>
            {order.map((label) => (
              <div key={label} style={{ flexGrow: counts.get(label) ?? 0, background: colourOf(label) }} />
            ))}
          </div>
          <div className={classes.labels}>
            {order.map((label) => {
              const words = (
                <>
                  <span className={classes.dot} style={{ background: colourOf(label) }} aria-hidden />
                  {t(`words.${label}`)} <span className={classes.number}>{formatNumber(counts.get(label) ?? 0)}</span>
                </>
              )
              return maySubscribers ? (
                <Link key={label} className={classes.label} to="/subscribers" search={{ filter: { label } }}>
                  {words}
                </Link>
              ) : (
                <span key={label} className={classes.label}>
                  {words}
                </span>
              )
            })}
          </div>
          <Text size="xs" c="dimmed" mt={8}>
            {data.counted_on === null
              ? t('dashboard.notCounted')
              : t('dashboard.countedOn', { day: formatDay(data.counted_on) })}
          </Text>
        </>
      )}
    </DashboardCard>
  )
}
