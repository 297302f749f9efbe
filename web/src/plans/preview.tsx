// What a login would be answered by the plan as it stands in the form, before it is saved: on a NAS or for a vendor, at an instant,
// after so much use.
import { Badge, Card, Group, Select, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getNases, postPlansPreview } from '../api/generated/sdk.gen.ts'
import type { PostPlansPreviewData, PostPlansPreviewResponse } from '../api/generated/types.gen.ts'
import { formatOctets, formatRate } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { FactList } from '../list/fact-list.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import classes from './plan.module.css'
import { usePlan } from './use-plan-form.ts'
import { bodyOf } from './values.ts'

type Asked = PostPlansPreviewData['body']
type Answer = PostPlansPreviewResponse
const vendors = [
  'mikrotik',
  'cisco',
  'juniper',
  'huawei',
  'nokia',
  'zte',
  'h3c',
  'accel-ppp',
  'standard',
] as const satisfies readonly NonNullable<Asked['vendor']>[]
const waitMs = 300

export function PlanPreview() {
  const { t } = useTranslation()
  const { values, isValid } = usePlan()
  const [on, setOn] = useState('vendor:mikrotik')
  const [at, setAt] = useState('')
  const [usage, setUsage] = useState('')
  const [reason, setReason] = useState<'' | 'expired' | 'blocked'>('')
  const [kind, name] = on.split(':')
  const [asked] = useDebouncedValue(
    JSON.stringify({
      plan: { ...bodyOf(values), name: values.name.trim() || '-' },
      ...(kind === 'nas' ? { nas: Number(name) } : { vendor: name }),
      ...(at !== '' && { at }),
      ...(usage !== '' && { usage: usage.trim() }),
      ...(reason !== '' && { reason }),
    }),
    waitMs,
  )
  const preview = useQuery({
    queryKey: ['plan-preview', asked],
    queryFn: async ({ signal }) =>
      (await postPlansPreview({ body: JSON.parse(asked) as Asked, signal, throwOnError: true })).data,
    placeholderData: keepPreviousData,
    enabled: isValid,
    retry: false,
  })
  return (
    <Card withBorder padding="sm" component="section" aria-label={t('plan.preview')}>
      <Title order={2} size="sm" fw={600} mb="xs">
        {t('plan.preview')}
      </Title>
      <Stack gap="xs">
        <Where value={on} onChange={setOn} />
        <Group gap="xs" grow align="flex-start">
          <TextInput
            size="xs"
            type="datetime-local"
            label={t('plan.at')}
            value={at}
            onChange={(event) => setAt(event.currentTarget.value)}
          />
          <TextInput
            size="xs"
            label={t('plan.used')}
            placeholder="80G"
            value={usage}
            onChange={(event) => setUsage(event.currentTarget.value)}
          />
        </Group>
        <Select
          size="xs"
          label={t('plan.against')}
          allowDeselect={false}
          data={[
            { value: '', label: t('plan.nothing') },
            { value: 'expired', label: t('plan.gardenOf.expired') },
            { value: 'blocked', label: t('plan.gardenOf.blocked') },
          ]}
          value={reason}
          onChange={(value) => setReason(value ?? '')}
        />
        {!isValid && (
          <Text size="sm" c="dimmed">
            {t('plan.previewWaits')}
          </Text>
        )}
        <ProblemNote error={isValid ? preview.error : null} />
        {isValid && preview.data === undefined && preview.error === null && <Skeleton height={140} />}
        {isValid && preview.data && preview.error === null && <Given answer={preview.data} />}
      </Stack>
    </Card>
  )
}

function Where({ value, onChange }: { value: string; onChange(value: string): void }) {
  const { t } = useTranslation()
  const mayNases = useMay('nas.read')
  const nases = useQuery({
    queryKey: ['nases', 'preview'],
    queryFn: async () => (await getNases({ throwOnError: true })).data.items,
    enabled: mayNases,
    staleTime: 60_000,
  })
  const groups = [
    {
      group: t('plan.vendor'),
      items: vendors.map((vendor) => ({ value: `vendor:${vendor}`, label: t(`plan.vendors.${vendor}`) })),
    },
    {
      group: t('plan.nases'),
      items: (nases.data ?? []).map(({ id, name }) => ({ value: `nas:${id}`, label: name })),
    },
  ]
  return (
    <Select
      size="xs"
      label={t('plan.where')}
      searchable
      allowDeselect={false}
      data={groups.filter(({ items }) => items.length > 0)}
      value={value}
      onChange={(next) => next !== null && onChange(next)}
    />
  )
}

function Given({ answer }: { answer: Answer }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { rates } = answer
  const isIn = answer.decision === 'accept'
  const both = (down: number | null, up: number | null) =>
    down === null || up === null ? null : `${formatRate(down)} / ${formatRate(up)}`
  return (
    <div aria-live="polite">
      <Group gap="xs" mb={4}>
        <Badge variant="light" tt="none" color={isIn ? (answer.garden === null ? 'green' : 'orange') : 'red'}>
          {isIn ? t(answer.garden === null ? 'plan.accepted' : 'plan.inGarden') : t('plan.rejected')}
        </Badge>
        {answer.rates_from !== null && (
          <Text size="xs" c="dimmed">
            {t(`plan.ratesFrom.${answer.rates_from}`, { step: answer.step ?? '' })}
          </Text>
        )}
      </Group>
      {answer.detail !== null && <Text size="sm">{answer.detail}</Text>}
      <FactList
        facts={[
          [t('plan.rates'), rates && both(rates.down_bps, rates.up_bps)],
          [t('plan.burst'), rates && both(rates.burst_down_bps, rates.burst_up_bps)],
          [t('plan.fields.pool'), answer.pool],
          [t('plan.fields.ipv6_pool'), answer.ipv6_pool],
          [t('plan.fields.delegated_ipv6_pool'), answer.delegated_ipv6_pool],
          [t('plan.fields.address_list'), answer.address_list],
          [t('plan.nextChange'), answer.next_change_at && instant(answer.next_change_at)],
          [t('plan.nextStep'), answer.next_threshold_octets && formatOctets(answer.next_threshold_octets)],
        ]}
      />
      {answer.attributes.length > 0 && (
        <>
          <Title order={3} size="xs" fw={600} mt="sm" mb={4}>
            {t('plan.attributesTo')}
          </Title>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls */}
          <pre className={classes.attributes} dir="ltr" tabIndex={0} role="region" aria-label={t('plan.attributesTo')}>
            {answer.attributes.join('\n')}
          </pre>
        </>
      )}
      <Warnings warnings={answer.warnings} />
    </div>
  )
}

export function Warnings({ warnings }: { warnings: readonly { field: string; reason: string }[] }) {
  const { t } = useTranslation()
  if (warnings.length === 0) return null
  return (
    <>
      <Title order={3} size="xs" fw={600} mt="sm">
        {t('plan.lookAgain')}
      </Title>
      <ul style={{ margin: 0, paddingInlineStart: 18 }}>
        {warnings.map(({ field, reason }) => (
          <Text component="li" size="xs" key={`${field} ${reason}`}>
            <bdi>{`${field}: ${reason}`}</bdi>
          </Text>
        ))}
      </ul>
    </>
  )
}
