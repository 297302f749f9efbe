// Why can't this one connect: the last decisions in plain sentences, and the button that mends it.
import { Alert, Button, Stack, Text } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { getSubscribersIdWhy } from '../api/generated/sdk.gen.ts'
import { formatRelative } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { actionTitle, panelActions, type ActionName, type PanelAction } from './action-list.ts'

/** Which action mends what a rule refused for. */
const mends: Readonly<Record<string, ActionName>> = {
  expired: 'renew',
  blocked: 'unblock',
  disabled: 'enable',
  archived: 'restore',
  'device-limit': 'release-mac',
  'mac-mismatch': 'release-mac',
  'session-limit': 'disconnect',
  'wrong-password': 'reset-password',
}

export function Why({ id, onAct }: { id: number; onAct(action: PanelAction): void }) {
  const { t } = useTranslation()
  const { data, error } = useQuery({
    queryKey: ['subscriber', id, 'why'],
    queryFn: async () => (await getSubscribersIdWhy({ path: { id: String(id) }, throwOnError: true })).data,
  })
  if (data === undefined) return <ProblemNote error={error} />
  if (data.decisions.length === 0) return <Text size="sm">{t('why.none')}</Text>
  return (
    <Stack gap="xs">
      {data.decisions.map(({ at, first_at, sentence, mend, accepted, reason, count, nas }) => {
        const action: PanelAction | undefined = accepted
          ? undefined
          : panelActions.find(({ name }) => name === mends[reason])
        return (
          <Alert
            key={`${first_at} ${reason}`}
            variant="light"
            color={accepted ? 'green' : 'red'}
            icon={accepted ? <IconCheck size={18} /> : <IconX size={18} />}
            title={sentence}
          >
            <Text size="sm">
              {formatRelative(at, Date.now())}
              {nas !== null && ` · ${nas}`}
              {count > 1 && ` · ${t('why.times', { count })}`}
            </Text>
            {mend !== null && <Text size="sm">{mend}</Text>}
            {action && (
              <Button mt="xs" size="compact-sm" onClick={() => onAct(action)}>
                {actionTitle(action.name, t)}
              </Button>
            )}
          </Alert>
        )
      })}
    </Stack>
  )
}
