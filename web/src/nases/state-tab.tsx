// How a NAS stands: when it was heard of, what is open on it, which alarms stand, what was learnt of it.
import { Alert, Anchor, Button, Card, Group, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { postAlarmsClear } from '../api/generated/sdk.gen.ts'
import type { NasState } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatInstant, formatNumber, formatRelative, formatSpan } from '../i18n/format.ts'
import { FactList } from '../list/fact-list.tsx'
import { useMay } from '../sign-in/me.ts'
import classes from './nases.module.css'
import { useAlarms, useNasStates, type Alarm, type NasDevice } from './use-nases.ts'

export function StateTab({ nas }: { nas: NasDevice }) {
  const { t } = useTranslation()
  const state = useNasStates().get(nas.id)
  const alarms = useAlarms(nas)
  return (
    <Stack gap="md" className={classes.narrow}>
      {alarms.map((alarm) => (
        <AlarmNote key={`${alarm.kind} ${alarm.subject}`} alarm={alarm} />
      ))}
      {nas.learnt && (
        <Alert color="orange" variant="light" title={t('nases.cannotChange')}>
          {t('nases.cannotChangeHint', {
            at: formatInstant(nas.learnt.cannot_change_since),
            cause: nas.learnt.error_cause,
          })}
        </Alert>
      )}
      {state && <Numbers nas={nas} state={state} />}
      <FactList facts={factsOf(nas, state, t)} />
    </Stack>
  )
}

function Numbers({ nas, state }: { nas: NasDevice; state: NasState }) {
  const { t } = useTranslation()
  const numbers = [
    { name: 'online', value: state.online, search: { nas: nas.id } },
    { name: 'silent', value: state.open - state.online, search: { nas: nas.id, state: 'zombie' } },
  ] as const
  return (
    <div className={classes.numbers}>
      {numbers.map(({ name, value, search }) => (
        <Card key={name} withBorder padding="sm">
          <Text size="sm" c="dimmed">
            {t(`nases.${name}`)}
          </Text>
          <Anchor fz={24} fw={650} renderRoot={(props) => <Link {...props} to="/online" search={search} />}>
            {formatNumber(value)}
          </Anchor>
        </Card>
      ))}
      <Card withBorder padding="sm">
        <Text size="sm" c="dimmed">
          {t('nases.heard')}
        </Text>
        <Text fw={650} className={classes.words}>
          {state.heard_at === null ? t('nases.never') : formatRelative(state.heard_at, Date.now())}
        </Text>
      </Card>
    </div>
  )
}

function AlarmNote({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation()
  const mayEdit = useMay('nas.edit')
  const { kind, subject } = alarm
  const clear = useAct({
    run: () => postAlarmsClear({ body: { kind, subject }, throwOnError: true }),
    touches: [['nases', 'alarms']],
    done: () => t('nases.cleared'),
  })
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} aria-hidden />} title={kind}>
      <Text size="sm">{alarm.text}</Text>
      <Group justify="space-between" mt={4}>
        <Text size="xs">
          {t('why.times', { count: alarm.count })} · {formatRelative(alarm.last_at, Date.now())}
        </Text>
        {mayEdit && (
          <Button size="compact-sm" variant="default" loading={clear.isPending} onClick={() => clear.mutate(undefined)}>
            {t('nases.clear')}
          </Button>
        )}
      </Group>
    </Alert>
  )
}

function factsOf(nas: NasDevice, state: NasState | undefined, t: TFunction): [string, ReactNode][] {
  const at = (iso: string) => `${formatInstant(iso)} (${formatRelative(iso, Date.now())})`
  const interval = nas.observed_interval_s
  return [
    [t('nases.source'), state?.source],
    [t('nases.heardOn'), state?.heard_on],
    [
      t('nases.client'),
      <Anchor
        key="client"
        size="sm"
        renderRoot={(props) => <Link {...props} to="/nases/clients" search={{ open: nas.client }} />}
      >
        {nas.client}
      </Anchor>,
    ],
    [
      t('nases.group'),
      <Anchor
        key="group"
        size="sm"
        renderRoot={(props) => <Link {...props} to="/nases/groups" search={{ open: nas.group }} />}
      >
        {nas.group}
      </Anchor>,
    ],
    [t('nases.identifier'), nas.identifier],
    [t('nases.address'), nas.address],
    [t('nases.coa'), `${nas.coa_address ?? t('nases.whereItSpeaks')} · ${t('sessions.port')} ${nas.coa_port}`],
    [t('nases.interval'), interval === null ? t('nases.notYet') : formatSpan(interval * 1000)],
    [t('nases.changes'), t(nas.learnt ? 'nases.cannotChange' : 'nases.nothingLearnt')],
    [t('nases.reboot'), nas.last_reboot_at && at(nas.last_reboot_at)],
    [t('nases.attributes'), nas.attributes.join('; ')],
    [t('nases.created'), at(nas.created_at)],
  ]
}
