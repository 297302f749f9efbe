// What a subscriber wants to know first: does it work, until when, how much is used, how fast is it now.
import { Alert, Badge, Card, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { portalApi } from './portal-api.ts'
import type { GetPortalServiceResponse } from '../api/generated/types.gen.ts'
import { formatInstant, formatMoney, formatRate, formatRelative } from '../i18n/format.ts'
import { useCaller } from './caller.ts'
import { PortalProblem } from './portal-problem.tsx'
import classes from './portal.module.css'
import { QuotaCard } from './quota-card.tsx'
import { UsageCard } from './usage-card.tsx'

export type Service = GetPortalServiceResponse

const colours = {
  new: 'blue',
  active: 'green',
  grace: 'yellow',
  expired: 'red',
  disabled: 'gray',
  blocked: 'red',
  archived: 'gray',
} as const
/** Within so many days the end is spoken of. */
const soonMs = 5 * 86_400_000

export function OverviewPage() {
  const { data, error } = useQuery({
    queryKey: ['portal', 'service'],
    queryFn: portalApi.service,
    refetchInterval: 60_000,
  })
  return (
    <Stack gap="md">
      <Head service={data} />
      <PortalProblem error={error} />
      {data === undefined && error === null && <Skeleton height={260} />}
      {data && (
        <>
          <Notes service={data} />
          <QuotaCard service={data} />
          <PlanCard service={data} />
        </>
      )}
      <UsageCard />
    </Stack>
  )
}

function Head({ service }: { service: Service | undefined }) {
  const { t } = useTranslation()
  const { full_name: fullName, username } = useCaller()
  return (
    <Group justify="space-between">
      <div>
        <Title order={1} size="h3">
          <bdi>{fullName ?? username}</bdi>
        </Title>
        {fullName !== null && (
          <Text size="sm" c="dimmed">
            <bdi>{username}</bdi>
          </Text>
        )}
      </div>
      {service && (
        <Group gap="xs">
          <Badge variant="light" tt="none" color={colours[service.label]}>
            {t(`portal.labels.${service.label}`)}
          </Badge>
          <Badge variant="dot" tt="none" color={service.online ? 'green' : 'gray'}>
            {t(service.online ? 'portal.online' : 'portal.offline')}
          </Badge>
        </Group>
      )}
    </Group>
  )
}

function Notes({ service }: { service: Service }) {
  const { t } = useTranslation()
  const { label, expires_at: expiresAt, grace_until: graceUntil } = service
  const now = Date.now()
  const isSoon = expiresAt !== null && Date.parse(expiresAt) - now < soonMs && !service.auto_renew
  const say = (words: string, color: string) => (
    <Alert color={color} variant="light" icon={<IconAlertTriangle size={18} aria-hidden />} role="status">
      {words}
    </Alert>
  )
  if (label === 'expired') return say(t('portal.endedNote'), 'red')
  if (label === 'blocked' || label === 'disabled') return say(t('portal.blockedNote'), 'red')
  if (label === 'grace' && graceUntil !== null) {
    return say(t('portal.graceNote', { until: formatInstant(graceUntil) }), 'yellow')
  }
  return isSoon ? say(t('portal.soonNote', { when: formatRelative(expiresAt, now) }), 'yellow') : null
}

function PlanCard({ service }: { service: Service }) {
  const { t } = useTranslation()
  const { plan, balance, speed } = service
  const instant = (iso: string | null) => (iso === null ? t('portal.never') : formatInstant(iso))
  const facts: [string, ReactNode][] = [
    [t('portal.plan'), <bdi key="plan">{plan.name}</bdi>],
    ...(service.next_plan === null
      ? []
      : [[t('portal.nextPlan'), <bdi key="next">{service.next_plan}</bdi>] as [string, ReactNode]]),
    [t('portal.price'), formatMoney(plan.price, plan.currency)],
    [t('portal.period'), formatInstant(service.period_started_at)],
    [t('portal.expires'), instant(service.expires_at)],
    ...(service.grace_until === null
      ? []
      : [[t('portal.grace'), formatInstant(service.grace_until)] as [string, ReactNode]]),
    [t('portal.renews'), t(service.auto_renew ? 'portal.yes' : 'portal.no')],
    ...(balance === null ? [] : [[t('portal.balance'), formatMoney(balance, service.currency)] as [string, ReactNode]]),
    [t('portal.speed'), <Speed key="speed" speed={speed} />],
  ]
  return (
    <Card withBorder padding="md" component="section" aria-labelledby="plan">
      <Title order={2} size="h5" id="plan" mb="sm">
        {t('portal.plan')}
      </Title>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  )
}

function Speed({ speed }: { speed: Service['speed'] }) {
  const { t } = useTranslation()
  return (
    <>
      <span className={classes.number}>
        ↓ <bdi>{formatRate(speed.down_bps)}</bdi> ↑ <bdi>{formatRate(speed.up_bps)}</bdi>
      </span>
      <Text size="xs" c="dimmed">
        {t(`portal.speedFrom.${speed.from}`)}
      </Text>
    </>
  )
}
