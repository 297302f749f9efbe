// What a person has to look at: a bell while an alarm stands, and from it each of them, to be cleared.
import { ActionIcon, Button, Group, Indicator, Popover, ScrollArea, Stack, Text, Tooltip } from '@mantine/core'
import { IconBell } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { getAlarms, postAlarmsClear } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatNumber } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { useLive } from '../live/use-live.ts'
import { useMay } from '../sign-in/me.ts'

const againMs = 60_000

export function Alarms() {
  const { t } = useTranslation()
  const may = useMay('nas.read')
  const queries = useQueryClient()
  const { data = [] } = useQuery({
    queryKey: ['alarms'],
    queryFn: async ({ signal }) => (await getAlarms({ signal, throwOnError: true })).data.items,
    enabled: may,
    refetchInterval: againMs,
  })
  useLive('alarm', () => void queries.invalidateQueries({ queryKey: ['alarms'] }))
  if (data.length === 0) return null
  const label = t('alarms.count', { count: data.length })
  return (
    <Popover position="bottom-end" width={380} shadow="md" trapFocus>
      <Popover.Target>
        <Tooltip label={label}>
          <Indicator label={formatNumber(data.length)} size={15} color="red" offset={5}>
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={label}>
              <IconBell size={20} stroke={1.5} aria-hidden />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('alarms.title')} p={0} maw="calc(100vw - 16px)">
        <ScrollArea.Autosize mah="min(70vh, 480px)">
          <Stack gap="md" p="sm" role="list">
            {data.map((alarm) => (
              <AlarmNote key={`${alarm.kind} ${alarm.subject}`} alarm={alarm} />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  )
}

type Alarm = { kind: string; subject: string; text: string; count: number; first_at: string; last_at: string }

function AlarmNote({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const mayClear = useMay('nas.edit')
  const clear = useAct({
    run: ({ kind, subject }: Alarm) => postAlarmsClear({ body: { kind, subject }, throwOnError: true }),
    done: () => t('alarms.cleared'),
    touches: [['alarms']],
  })
  return (
    <div role="listitem">
      <Group justify="space-between" align="start" wrap="nowrap" gap="xs">
        <div>
          <Text size="sm" fw={600}>
            <bdi>{alarm.subject}</bdi>
          </Text>
          <Text size="sm">{alarm.text}</Text>
          <Text size="xs" c="dimmed">
            {t('alarms.times', { count: alarm.count, at: instant(alarm.last_at) })}
          </Text>
        </div>
        {mayClear && (
          <Button
            size="compact-xs"
            variant="default"
            loading={clear.isPending}
            onClick={() => clear.mutate(alarm)}
            aria-label={t('alarms.clearOf', { name: alarm.subject })}
          >
            {t('alarms.clear')}
          </Button>
        )}
      </Group>
    </div>
  )
}
