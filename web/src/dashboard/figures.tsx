// The numbers one looks at first, each a link to what it counts.
import { Card, Skeleton, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatChange, formatDay, formatMoney, formatNumber, formatShare } from '../i18n/format.ts'
import { useReport } from '../reports/use-report.ts'
import { useMay } from '../sign-in/me.ts'
import type { Way } from './card.tsx'
import classes from './dashboard.module.css'
import { revenueOf } from './revenue.ts'
import { useDashboard, useExpiring, useOnline } from './use-numbers.ts'

type FigureProps = { title: string; value: string | undefined; way?: Way | undefined; note?: ReactNode }

function Figure({ title, value, way, note }: FigureProps) {
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="xs" fw={500} c="dimmed">
        {title}
      </Title>
      {value === undefined ? (
        <Skeleton height={26} width={90} my={4} />
      ) : way === undefined ? (
        <span className={classes.figure}>{value}</span>
      ) : (
        <Link className={`${classes.figure} ${classes.figureLink}`} aria-label={`${title}: ${value}`} {...way}>
          {value}
        </Link>
      )}
      <Text size="xs" c="dimmed" className={classes.note}>
        {note}
      </Text>
    </Card>
  )
}

export function Figures() {
  const mayMoney = useMay('money.read')
  const maySubscribers = useMay('subscriber.read')
  return (
    <div className={classes.grid}>
      <Online />
      <All />
      <Month />
      <Logins />
      {maySubscribers && <Expiring />}
      {mayMoney && <Revenue />}
    </div>
  )
}

/** All that are no longer archived. */
function useTotal(): number | undefined {
  return useDashboard()
    .data?.subscribers.filter(({ label }) => label !== 'archived')
    .reduce((sum, { count }) => sum + count, 0)
}

function Online() {
  const { t } = useTranslation()
  const { data } = useDashboard()
  const live = useOnline()
  const total = useTotal()
  const maySubscribers = useMay('subscriber.read')
  const online = live ?? data?.online
  return (
    <Figure
      title={t('dashboard.online')}
      value={online === undefined ? undefined : formatNumber(online)}
      way={maySubscribers ? { to: '/online' } : undefined}
      note={
        total !== undefined &&
        total > 0 &&
        online !== undefined &&
        t('dashboard.onlineOf', { share: formatShare(Math.min(1, online / total)), total })
      }
    />
  )
}

function All() {
  const { t } = useTranslation()
  const { data } = useDashboard()
  const total = useTotal()
  const maySubscribers = useMay('subscriber.read')
  return (
    <Figure
      title={t('dashboard.total')}
      value={total === undefined ? undefined : formatNumber(total)}
      way={maySubscribers ? { to: '/subscribers' } : undefined}
      note={data && t('dashboard.signups', { today: data.signups.today, week: data.signups.last_7_days })}
    />
  )
}

function Month() {
  const { t } = useTranslation()
  const { data } = useDashboard()
  const { data: growth } = useReport('growth', {})
  const first = growth?.rows[0]
  const last = growth?.rows.at(-1)
  const isNetKnown = first !== undefined && last !== undefined && first !== last
  return (
    <Figure
      title={t('dashboard.month')}
      value={data && formatNumber(data.signups.last_30_days)}
      way={{ to: '/reports', search: { report: 'signups' } }}
      note={
        isNetKnown &&
        t('dashboard.monthNet', {
          net: formatChange(Number(last.total) - Number(first.total)),
          day: formatDay(String(first.day), 'short'),
        })
      }
    />
  )
}

function Logins() {
  const { t } = useTranslation()
  const { data } = useDashboard()
  const all = data && data.logins.accepted + data.logins.refused
  return (
    <Figure
      title={t('dashboard.logins')}
      value={all === undefined ? undefined : formatNumber(all)}
      way={{ to: '/reports', search: { report: 'logins' } }}
      note={
        data &&
        (data.logins.refused === 0
          ? t('dashboard.noneRefused')
          : t('dashboard.refusedShare', { share: formatShare(data.logins.refused / all!), count: data.logins.refused }))
      }
    />
  )
}

function Expiring() {
  const { t } = useTranslation()
  const soon = useExpiring('3')
  const later = useExpiring('7')
  const within = (days: string): Way => ({ to: '/subscribers', search: { filter: { expires_within_days: days } } })
  return (
    <Figure
      title={`${t('dashboard.expiring')} ${t('dashboard.in3')}`}
      value={soon === undefined ? undefined : formatNumber(soon)}
      way={within('3')}
      note={
        later !== undefined && (
          <Link className={classes.noteLink} {...within('7')}>
            {formatNumber(later)} {t('dashboard.in7')}
          </Link>
        )
      }
    />
  )
}

function Revenue() {
  const { t } = useTranslation()
  const { data } = useReport('renewals', {})
  const sums = data && revenueOf(data.rows)
  const renewals = data?.rows.reduce((sum, row) => sum + Number(row.renewals), 0)
  return (
    <Figure
      title={t('dashboard.revenue')}
      value={
        sums &&
        (sums.length === 0
          ? formatNumber(0)
          : sums.map(([currency, sum]) => formatMoney(String(sum), currency)).join(' · '))
      }
      way={{ to: '/reports', search: { report: 'renewals' } }}
      note={renewals !== undefined && t('dashboard.renewals', { count: renewals })}
    />
  )
}
