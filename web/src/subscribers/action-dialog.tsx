// Before many are touched: who and how many, what will happen on the network, what cannot be undone. One row whose action has an
// inverse and is told nothing is done at once, with Undo (use-row-action.ts).
import { Alert, Button, Group, List, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postBulkRuns } from '../api/generated/sdk.gen.ts'
import type { BulkPreview, BulkRun, PostBulkRunsData } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { ActionFields } from './action-fields.tsx'
import { actionTitle, initialParams, isComplete, type PanelAction } from './action-list.ts'

export type Target = PostBulkRunsData['body']['target']
const namesShown = 8

type Props = { action: PanelAction; target: Target; onClose(): void; onBegun(run: BulkRun): void }

export function ActionDialog({ action, target, onClose, onBegun }: Props) {
  const { t } = useTranslation()
  const [params, setParams] = useState(() => initialParams(action))
  const preview = useQuery({
    queryKey: ['bulk-preview', action.name, target],
    queryFn: async () => {
      const body = { action: action.name, target, dry_run: true }
      return (await postBulkRuns({ body, throwOnError: true })).data as BulkPreview
    },
    staleTime: 0,
  })
  const begin = useAct({
    run: async () => {
      const body = { action: action.name, params, target, confirm_count: preview.data?.count }
      return (await postBulkRuns({ body, throwOnError: true })).data as BulkRun
    },
    touches: [['subscribers'], ['bulk-runs']],
    isForm: true,
    onDone: onBegun,
  })
  const errors = begin.error instanceof ApiError ? begin.error.fields : {}
  const title = actionTitle(action.name, t)
  const send = (event: FormEvent) => {
    event.preventDefault()
    begin.mutate(undefined)
  }
  return (
    <Modal opened onClose={onClose} title={title} size="md">
      <form onSubmit={send}>
        <Stack gap="sm">
          <WhoIsTouched preview={preview.data} />
          <ActionFields action={action} params={params} onChange={setParams} errors={errors} />
          <Text size="sm">{t(`network.${action.network}`)}</Text>
          <Text size="sm" c={action.isFinal ? undefined : 'dimmed'}>
            {t(action.isFinal === true ? 'actions.noUndo' : 'actions.withUndo')}
          </Text>
          <ProblemNote error={preview.error ?? begin.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button
              type="submit"
              color={action.isDanger === true ? 'red' : undefined}
              loading={begin.isPending}
              disabled={preview.data === undefined || !isComplete(action, params)}
            >
              {t('actions.confirm', { action: title, count: preview.data?.count ?? 0 })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function WhoIsTouched({ preview }: { preview: BulkPreview | undefined }) {
  const { t } = useTranslation()
  if (preview === undefined) return <Skeleton height={72} />
  const { count, first, missing } = preview
  const named = first.slice(0, namesShown)
  return (
    <div>
      <Text fw={600}>{t('actions.touches', { count })}</Text>
      <List size="sm" mt={4}>
        {named.map(({ id, username, name }) => (
          <List.Item key={id}>
            <bdi>{username}</bdi>
            {name !== null && (
              <>
                {' · '}
                <bdi>{name}</bdi>
              </>
            )}
          </List.Item>
        ))}
        {count > named.length && <List.Item>{t('actions.andMore', { count: count - named.length })}</List.Item>}
      </List>
      {missing > 0 && (
        <Alert mt="xs" color="yellow" icon={<IconAlertTriangle size={16} />}>
          {t('actions.missing', { count: missing })}
        </Alert>
      )}
    </div>
  )
}
