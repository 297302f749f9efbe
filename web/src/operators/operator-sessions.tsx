// Where an operator is signed in, each to be ended by itself.
import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { deleteOperatorsIdPanelSessionsSessionId, getOperatorsIdPanelSessions } from '../api/generated/sdk.gen.ts'
import type { GetOperatorsIdPanelSessionsResponse } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'

type Session = GetOperatorsIdPanelSessionsResponse['items'][number]

export function OperatorSessions({ operatorId }: { operatorId: number }) {
  const { t } = useTranslation()
  const id = String(operatorId)
  const { data, error } = useQuery({
    queryKey: ['operators', 'sessions', operatorId],
    queryFn: async () => (await getOperatorsIdPanelSessions({ path: { id }, throwOnError: true })).data.items,
  })
  const end = useAct({
    run: async (session: Session) => {
      await deleteOperatorsIdPanelSessionsSessionId({
        path: { id, session_id: String(session.id) },
        throwOnError: true,
      })
    },
    touches: [['operators']],
    done: () => t('operators.session.ended'),
  })
  const mayEnd = useMay('operator.edit')
  if (error !== null) return <ProblemNote error={error} />
  if (data === undefined) return <Skeleton height={60} />
  if (data.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('operators.sheet.noSessions')}
      </Text>
    )
  }
  return (
    <Stack gap="xs">
      {data.map((session) => (
        <Group key={session.id} justify="space-between" wrap="nowrap" align="flex-start">
          <SessionWords session={session} />
          {mayEnd && (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => end.mutate(session)}
              aria-label={t('operators.session.endOf', {
                address: session.address ?? t('operators.session.unknown'),
              })}
            >
              {t('operators.session.end')}
            </Button>
          )}
        </Group>
      ))}
    </Stack>
  )
}

function SessionWords({ session }: { session: Session }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const seen = formatRelative(session.last_seen_at, Date.now())
  const words = [
    t('operators.session.since', { at: instant(session.created_at) }),
    t('operators.session.seen', { when: seen }),
    session.state === 'full' ? undefined : t('operators.session.half'),
    session.viewed_by === null ? undefined : t('operators.session.viewedBy', { name: session.viewed_by }),
  ].filter((word) => word !== undefined)
  return (
    <div style={{ minInlineSize: 0 }}>
      <Text size="sm">
        <bdi>{session.address ?? t('operators.session.unknown')}</bdi>
      </Text>
      <Text size="xs" c="dimmed">
        {words.join(' · ')}
      </Text>
      <Text size="xs" c="dimmed" truncate>
        <bdi>{session.user_agent}</bdi>
      </Text>
    </div>
  )
}
