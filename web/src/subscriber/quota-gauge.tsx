// How much of the volume of the period is used, and what the speed is after more of it.
import { Group, List, Progress, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { getPlansId, getSubscribers } from '../api/generated/sdk.gen.ts'
import { formatOctets, formatRate, formatShare } from '../i18n/format.ts'
import { useMay } from '../sign-in/me.ts'
import { flow, isolate } from './flow.ts'
import { Section } from './section.tsx'
import type { Subscriber } from './use-subscriber.ts'

const warnAt = 80

export function QuotaGauge({ subscriber: { id, plan } }: { subscriber: Subscriber }) {
  const { t } = useTranslation()
  const used = useQuery({
    queryKey: ['subscriber', id, 'quota'],
    queryFn: async ({ signal }) => {
      const query = { ids: String(id), columns: 'usage,quota,quota_percent', archived: 'any', limit: '1' } as const
      return (await getSubscribers({ query, signal, throwOnError: true })).data.items[0]
    },
  })
  const row = used.data
  if (row === undefined) return null
  const octets = Number(row.usage ?? 0)
  const percent = row.quota_percent == null ? undefined : Math.min(100, row.quota_percent)
  const words =
    row.quota == null
      ? t('subscriber.quota.used', { used: isolate(formatOctets(String(octets))) })
      : t('subscriber.quota.usedOf', {
          used: isolate(formatOctets(String(octets))),
          quota: isolate(formatOctets(row.quota)),
        })
  return (
    <Section title={t('subscriber.quota.title')}>
      <Group justify="space-between" mb={6} gap="xs">
        <Text size="sm">{words}</Text>
        {percent !== undefined && (
          <Text size="sm" fw={600}>
            {formatShare(percent / 100)}
          </Text>
        )}
      </Group>
      {percent !== undefined && (
        <Progress.Root size="md">
          <Progress.Section
            value={percent}
            color={percent >= 100 ? 'red' : percent >= warnAt ? 'yellow' : undefined}
            aria-label={t('subscriber.quota.title')}
            aria-valuetext={words}
          />
        </Progress.Root>
      )}
      <Steps planId={plan.id} used={octets} />
    </Section>
  )
}

function Steps({ planId, used }: { planId: number; used: number }) {
  const { t } = useTranslation()
  const may = useMay('plan.read')
  const { data } = useQuery({
    queryKey: ['plans', planId],
    queryFn: async () => (await getPlansId({ path: { id: String(planId) }, throwOnError: true })).data,
    staleTime: 60_000,
    enabled: may,
  })
  if (data === undefined) return null
  const reached = data.fup_steps.findLastIndex(({ after_octets: after }) => used >= Number(after))
  const rate = (down: number, up: number) => flow(formatRate(down), formatRate(up))
  return (
    <>
      <Text size="sm" c="dimmed" mt={6}>
        {t('subscriber.quota.speed', { rate: rate(data.down_bps, data.up_bps) })}
      </Text>
      <List size="sm" mt={2}>
        {data.fup_steps.map(({ after_octets: after, down_bps: down, up_bps: up }, at) => (
          <List.Item key={after} fw={at === reached ? 600 : undefined} c={at === reached ? undefined : 'dimmed'}>
            {t('subscriber.quota.step', { after: isolate(formatOctets(after)), rate: rate(down, up) })}
            {at === reached && ` · ${t('subscriber.quota.reached')}`}
          </List.Item>
        ))}
      </List>
    </>
  )
}
