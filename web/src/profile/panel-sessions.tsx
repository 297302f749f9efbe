// Where one is signed in; each can be ended, and all but this one at once.
import { Badge, Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { deleteMePanelSessions, deleteMePanelSessionsId, getMePanelSessions } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { browserOf } from './browser-of.ts'
import { Card } from './card.tsx'
import classes from './profile.module.css'

const touches = [['panel-sessions']]

export function PanelSessions() {
  const { t } = useTranslation()
  const instant = useInstant()
  const sessions = useQuery({
    queryKey: ['panel-sessions'],
    queryFn: async ({ signal }) => (await getMePanelSessions({ signal, throwOnError: true })).data.items,
  })
  const end = useAct({
    run: async (id: number) => {
      await deleteMePanelSessionsId({ path: { id: String(id) }, throwOnError: true })
    },
    done: () => t('profile.sessionEnded'),
    touches,
  })
  const endOthers = useAct({
    run: async () => (await deleteMePanelSessions({ throwOnError: true })).data.ended,
    done: (count) => t('profile.sessionsEnded', { count }),
    touches,
  })
  const rows = (sessions.data ?? []).toSorted((one, other) => Number(other.current) - Number(one.current))
  return (
    <Card
      title={t('profile.sessions')}
      hint={t('profile.sessionsHint')}
      tools={
        rows.length > 1 && (
          <Button variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate(undefined)}>
            {t('profile.endOthers')}
          </Button>
        )
      }
    >
      <ProblemNote error={sessions.error} />
      <ul className={classes.rows}>
        {rows.map((session) => (
          <li key={session.id} className={classes.row}>
            <div className={classes.text}>
              <Text component="div" size="sm" fw={500}>
                <bdi>{browserOf(session.user_agent) ?? t('profile.unknownBrowser')}</bdi>{' '}
                {session.current && (
                  <Badge variant="light" tt="none" color="green" size="sm">
                    {t('profile.thisOne')}
                  </Badge>
                )}
              </Text>
              <Text size="xs" c="dimmed">
                <bdi>{session.address}</bdi> · {t('profile.lastSeen', { at: instant(session.last_seen_at) })} ·{' '}
                {t('profile.since', { at: instant(session.created_at) })}
                {session.viewed_by !== null && ` · ${t('profile.viewedBy', { name: session.viewed_by })}`}
              </Text>
            </div>
            {!session.current && (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => end.mutate(session.id)}
                aria-label={t('profile.endOf', { at: instant(session.created_at) })}
              >
                {t('profile.end')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Card>
  )
}
