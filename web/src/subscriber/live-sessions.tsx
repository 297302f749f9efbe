// What is open now, with the rate between the last two interims as they arrive, and the button that ends it.
import { Button, Card, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { postSessionsIdDisconnect } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatOctets, formatRate, formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { Confirm } from '../shell/confirm.tsx'
import { useMay } from '../sign-in/me.ts'
import { flow } from './flow.ts'
import { Spark } from './spark.tsx'
import classes from './subscriber.module.css'
import { useRates } from './use-rates.ts'
import type { Subscriber } from './use-subscriber.ts'

type Session = Subscriber['sessions'][number]

export function LiveSessions({ subscriber }: { subscriber: Subscriber }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { sessions, last_seen: seen } = subscriber
  const [ending, setEnding] = useState<Session>()
  if (sessions.length === 0) {
    // Where it was seen is written down a while after its session ended.
    const isNew = seen.at === null && subscriber.usage_down === '0' && subscriber.usage_up === '0'
    const when = isNew
      ? t('subscriber.neverSeen')
      : seen.at !== null && t('subscriber.seen', { when: instant(seen.at), nas: seen.nas ?? '' })
    return (
      <Text size="sm">
        {t('session.none')} {when}
      </Text>
    )
  }
  return (
    <Stack gap="xs">
      {sessions.map((session) => (
        <LiveSession key={session.id} session={session} onEnd={() => setEnding(session)} />
      ))}
      {ending && <End session={ending} subscriber={subscriber} onClose={() => setEnding(undefined)} />}
    </Stack>
  )
}

function LiveSession({ session, onEnd }: { session: Session; onEnd(): void }) {
  const { t } = useTranslation()
  const mayEnd = useMay('subscriber.disconnect')
  const rates = useRates(session)
  const line = [
    session.framed_ip,
    session.delegated_ipv6_prefix ?? session.framed_ipv6_prefix ?? session.framed_ipv6_address,
    session.mac,
    session.interface,
  ].filter(Boolean)
  const now = rates.at(-1)
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between" gap="xs" wrap="nowrap" align="start">
        <Text size="sm" fw={600}>
          {t('session.since', { since: formatRelative(session.started_at, Date.now()), nas: session.nas ?? '' })}
        </Text>
        {mayEnd && (
          <Button size="compact-xs" variant="default" flex="none" onClick={onEnd}>
            {t('disconnect.one')}
          </Button>
        )}
      </Group>
      <div className={classes.mono}>
        <bdi>{line.join(' · ')}</bdi>
      </div>
      <dl className={classes.rate}>
        {(['down', 'up'] as const).map((way) => (
          <div key={way}>
            <Text component="dt" size="xs" c="dimmed">
              {t(`usage.${way}`)}
            </Text>
            <dd className={classes.figure} style={{ margin: 0 }}>
              <bdi>{now === undefined ? '–' : `${now.isAverage ? '⌀ ' : ''}${formatRate(now[way])}`}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <Spark rates={rates} />
      <Text size="xs" c="dimmed">
        {flow(formatOctets(session.usage_down), formatOctets(session.usage_up))} · {t('session.heard')}{' '}
        {formatRelative(session.updated_at, Date.now())}
        {now?.isAverage === true && ` · ${t('session.average')}`}
      </Text>
    </Card>
  )
}

/** There is no way back: it is said what follows. How it goes on the network is told in recent-orders.tsx. */
function End({ session, subscriber, onClose }: { session: Session; subscriber: Subscriber; onClose(): void }) {
  const { t } = useTranslation()
  const end = useAct({
    run: () => postSessionsIdDisconnect({ path: { id: String(session.id) }, body: {}, throwOnError: true }),
    touches: [['subscriber'], ['subscribers'], ['sessions'], ['enforcement']],
    isForm: true,
    onDone: onClose,
  })
  const place = [session.framed_ip, session.mac, session.nas].filter(Boolean).join(' · ')
  return (
    <Confirm
      title={t('disconnect.title')}
      lines={[`${subscriber.username}: ${place}`, t('disconnect.network'), t('actions.noUndo')]}
      submit={t('disconnect.one')}
      isBusy={end.isPending}
      error={end.error}
      onConfirm={() => end.mutate(undefined)}
      onClose={onClose}
    />
  )
}
