// How much of the volume is used, and what happens after more of it.
import { Card, Group, Progress, Stack, Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatInstant, formatOctets, formatRate, formatRelative } from '../i18n/format.ts'
import type { Service } from './overview-page.tsx'
import classes from './portal.module.css'

export function QuotaCard({ service }: { service: Service }) {
  const { t } = useTranslation()
  const { quota } = service
  const [down, up] = [BigInt(quota.used_down_octets), BigInt(quota.used_up_octets)]
  const gauges = [
    ['both', down + up, quota.octets],
    ['down', down, quota.down_octets],
    ['up', up, quota.up_octets],
  ] as const
  const limited = gauges.filter(([, , limit]) => limit !== null)
  const since = formatInstant(service.period_started_at)
  return (
    <Card withBorder padding="md" component="section" aria-labelledby="used">
      <Title order={2} size="h5" id="used" mb="sm">
        {t(`portal.used.${quota.period}`, { since })}
      </Title>
      <Stack gap="md">
        {limited.length === 0 && (
          <Text fz={28} fw={650} className={classes.number}>
            <bdi>{formatOctets(String(down + up))}</bdi>
          </Text>
        )}
        {limited.map(([kind, used, limit]) => (
          <Gauge key={kind} name={t(`portal.kinds.${kind}`)} used={used} limit={BigInt(limit!)} />
        ))}
        <Text size="sm" c="dimmed" className={classes.number}>
          ↓ <bdi>{formatOctets(String(down))}</bdi> ↑ <bdi>{formatOctets(String(up))}</bdi>
          {quota.resets_at !== null &&
            ` · ${t('portal.resets', { when: formatRelative(quota.resets_at, Date.now()) })}`}
        </Text>
        <Steps service={service} used={down + up} />
      </Stack>
    </Card>
  )
}

function Gauge({ name, used, limit }: { name: string; used: bigint; limit: bigint }) {
  const { t } = useTranslation()
  const share = limit === 0n ? 100 : Math.min(100, Number((used * 1000n) / limit) / 10)
  const left = limit > used ? limit - used : 0n
  const says = t('portal.of', { used: formatOctets(String(used)), limit: formatOctets(String(limit)) })
  return (
    <div>
      <Group justify="space-between" mb={6} align="baseline">
        <Text fz={24} fw={650} className={classes.number}>
          {left === 0n ? t('portal.usedUp') : t('portal.left', { left: formatOctets(String(left)) })}
        </Text>
        <Text size="sm" c="dimmed" className={classes.number}>
          {name} · {says}
        </Text>
      </Group>
      <Progress.Root size={14}>
        <Progress.Section
          value={share}
          color={share >= 100 ? 'red' : share >= 80 ? 'yellow' : undefined}
          aria-label={name}
          aria-valuetext={says}
        />
      </Progress.Root>
    </div>
  )
}

/** The fair use steps, and the one that holds. */
function Steps({ service, used }: { service: Service; used: bigint }) {
  const { t } = useTranslation()
  const { steps } = service.quota
  if (steps.length === 0) return null
  const now = steps.findLastIndex(({ after_octets: after }) => used >= BigInt(after))
  return (
    <Stack gap={2} component="ul" m={0} ps="md">
      {steps.map((step, index) => (
        <Text component="li" size="sm" key={step.after_octets} fw={index === now ? 650 : undefined}>
          {t('portal.step', {
            volume: formatOctets(step.after_octets),
            down: formatRate(step.down_bps),
            up: formatRate(step.up_bps),
          })}
          {index === now && ` (${t('portal.stepNow')})`}
        </Text>
      ))}
    </Stack>
  )
}
