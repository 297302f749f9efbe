// What needs a look: alarms with the mend, decisions that are not on the network yet, logins that matched nobody, jobs that failed.
import { Anchor, Button, Skeleton, Text } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconClockX,
  IconHelpCircle,
  IconNetworkOff,
  IconUserX,
} from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { postAlarmsClear } from '../api/generated/sdk.gen.ts'
import type { GetAlarmsResponse } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatRelative } from '../i18n/format.ts'
import { useMay } from '../sign-in/me.ts'
import { DashboardCard, type Way } from './card.tsx'
import classes from './dashboard.module.css'
import { mostCounted, useAlarms, useJobs, useStanding } from './use-numbers.ts'

type Alarm = GetAlarmsResponse['items'][number]
const alarmsShown = 3

export function Attention() {
  const { t } = useTranslation()
  const alarms = useAlarms()
  const { notEnforced, unmatched, setAside, isKnown } = useStanding()
  const failed = useJobs().data?.filter(({ last_run: run }) => run?.state === 'failed').length ?? 0
  const isMore = (page: { next_cursor: string | null } | undefined) => page?.next_cursor != null
  const lines: Line[] = [
    {
      count: notEnforced,
      icon: <IconNetworkOff size={17} aria-hidden color="var(--mantine-color-orange-6)" />,
      text: t('dashboard.notEnforced', { count: notEnforced }),
      way: { to: '/not-enforced' },
    },
    {
      count: unmatched?.items.length ?? 0,
      icon: <IconHelpCircle size={17} aria-hidden color="var(--mantine-color-yellow-6)" />,
      text: isMore(unmatched)
        ? t('dashboard.unmatchedMore', { count: mostCounted })
        : t('dashboard.unmatched', { count: unmatched?.items.length ?? 0 }),
      way: { to: '/unmatched' },
    },
    {
      count: failed,
      icon: <IconClockX size={17} aria-hidden color="var(--mantine-color-red-6)" />,
      text: t('dashboard.jobsFailed', { count: failed }),
      way: { to: '/jobs' },
    },
    {
      count: setAside?.items.length ?? 0,
      icon: <IconUserX size={17} aria-hidden color="var(--mantine-color-orange-6)" />,
      text: isMore(setAside)
        ? t('dashboard.setAsideMore', { count: mostCounted })
        : t('dashboard.setAside', { count: setAside?.items.length ?? 0 }),
      way: { to: '/jobs', search: { tab: 'failures' } },
    },
  ]
  const standing = lines.filter(({ count }) => count > 0)
  return (
    <DashboardCard title={t('dashboard.attention')}>
      {isKnown ? (
        <ul className={classes.list}>
          <Alarms alarms={alarms.data ?? []} />
          {standing.map(({ text, icon, way }) => (
            <li key={text} className={classes.item}>
              {icon}
              <Anchor size="sm" className={classes.itemBody} renderRoot={(props) => <Link {...props} {...way} />}>
                {text}
              </Anchor>
            </li>
          ))}
          {standing.length === 0 && (alarms.data ?? []).length === 0 && (
            <li className={classes.item}>
              <IconCircleCheck size={17} aria-hidden color="var(--mantine-color-green-6)" />
              <Text size="sm">{t('dashboard.calm')}</Text>
            </li>
          )}
        </ul>
      ) : (
        <Skeleton height={84} />
      )}
    </DashboardCard>
  )
}

type Line = { count: number; icon: ReactNode; text: string; way: Way }

function Alarms({ alarms }: { alarms: readonly Alarm[] }) {
  const { t } = useTranslation()
  const [isAll, setAll] = useState(false)
  const shown = isAll ? alarms : alarms.slice(0, alarmsShown)
  return (
    <>
      {shown.map((alarm) => (
        <AlarmLine key={`${alarm.kind} ${alarm.subject}`} alarm={alarm} />
      ))}
      {shown.length < alarms.length && (
        <li className={classes.item}>
          <Anchor component="button" type="button" size="sm" onClick={() => setAll(true)}>
            {t('dashboard.allAlarms', { count: alarms.length })}
          </Anchor>
        </li>
      )}
    </>
  )
}

function AlarmLine({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation()
  const { kind, subject, text, count, last_at } = alarm
  const mayClear = useMay('nas.edit')
  const clear = useAct({
    run: () => postAlarmsClear({ body: { kind, subject }, throwOnError: true }),
    touches: [['alarms'], ['dashboard']],
    done: () => t('dashboard.cleared'),
  })
  return (
    <li className={classes.item}>
      <IconAlertTriangle size={17} aria-hidden color="var(--mantine-color-red-6)" />
      <div className={classes.itemBody}>
        <b>
          <bdi>{subject}</bdi>
        </b>{' '}
        <bdi>{text}</bdi>
        <Text size="xs" c="dimmed">
          {t('dashboard.times', { count, ago: formatRelative(last_at, Date.now()) })}
        </Text>
      </div>
      {mayClear && (
        <Button
          size="compact-xs"
          variant="default"
          loading={clear.isPending}
          aria-label={t('dashboard.clearOf', { subject })}
          onClick={() => clear.mutate(undefined)}
        >
          {t('dashboard.clear')}
        </Button>
      )}
    </li>
  )
}
