// Before several requests are put away.
import { Button, Group, List, Modal, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { deleteUnmatchedId } from '../api/generated/sdk.gen.ts'
import type { UnmatchedRequest } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ProblemNote } from '../shell/problem-note.tsx'

const namesShown = 8

export function PutAwayDialog({ requests, onClose }: { requests: readonly UnmatchedRequest[]; onClose(): void }) {
  const { t } = useTranslation()
  const put = useAct({
    run: async () => {
      for (const { id } of requests) await deleteUnmatchedId({ path: { id: String(id) }, throwOnError: true })
    },
    touches: [['unmatched']],
    done: () => t('unmatched.werePut', { count: requests.length }),
    isForm: true,
    onDone: onClose,
  })
  return (
    <Modal opened onClose={onClose} title={t('unmatched.putAway')}>
      <Stack gap="sm">
        <Text fw={600}>{t('unmatched.puts', { count: requests.length })}</Text>
        <List size="sm">
          {requests.slice(0, namesShown).map(({ id, username, mac }) => (
            <List.Item key={id}>
              <bdi>{username || mac}</bdi>
            </List.Item>
          ))}
          {requests.length > namesShown && (
            <List.Item>{t('actions.andMore', { count: requests.length - namesShown })}</List.Item>
          )}
        </List>
        <Text size="sm">{t('unmatched.putHint')}</Text>
        <ProblemNote error={put.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('act.cancel')}
          </Button>
          <Button loading={put.isPending} onClick={() => put.mutate(undefined)}>
            {t('unmatched.putAway')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
