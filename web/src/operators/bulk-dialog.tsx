// One action over many operators: whom, what follows, what would be refused and why; then the same for real.
import { Alert, Button, Group, List, Modal, Radio, Select, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { postOperatorsBulk } from '../api/generated/sdk.gen.ts'
import type { PostOperatorsBulkData, PostOperatorsBulkResponse } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { withProof } from '../shell/proof.tsx'
import { allRoles, allTeams } from './choices.ts'
import { useRoleName } from './operator-words.ts'

type Body = PostOperatorsBulkData['body']
export type BulkAction = Body['action']
export const bulkActions: readonly BulkAction[] = ['enable', 'disable', 'assign-role', 'assign-team', 'delete']
type Reach = 'ids' | 'filter' | 'all'
const reasonsShown = 8

type Props = {
  action: BulkAction
  ids: readonly number[]
  /** Of the list as it is shown. */
  filter: Extract<Body['target'], { filter: unknown }>['filter']
  onClose(): void
  onDone(): void
}

export function BulkDialog({ action, ids, filter, onClose, onDone }: Props) {
  const { t } = useTranslation()
  const [reach, setReach] = useState<Reach>(ids.length > 0 ? 'ids' : 'filter')
  const [value, setValue] = useState<number | null>()
  const isReady = action === 'assign-role' ? typeof value === 'number' : action !== 'assign-team' || value !== undefined
  const target = reach === 'ids' ? { ids: [...ids] } : reach === 'filter' ? { filter } : ({ all: true } as const)
  const body = { action, target, ...(value !== undefined && { value }) }
  const preview = useQuery({
    queryKey: ['operators-bulk', body],
    queryFn: () =>
      withProof(async () => (await postOperatorsBulk({ body: { ...body, dry_run: true }, throwOnError: true })).data),
    enabled: isReady,
    retry: false,
    staleTime: 0,
  })
  const run = useAct({
    run: async () => (await postOperatorsBulk({ body, throwOnError: true })).data,
    touches: [['operators'], ['api-tokens']],
    isForm: true,
    done: ({ done }) => t('operators.bulk.done', { count: done }),
    onDone,
  })
  const title = t(`operators.bulk.actions.${action}`)
  return (
    <Modal opened onClose={onClose} title={title}>
      <Stack gap="sm">
        <Radio.Group label={t('operators.bulk.who')} value={reach} onChange={(next) => setReach(next)}>
          <Stack gap={4} mt={4}>
            {(['ids', 'filter', 'all'] as const).map((each) => (
              <Radio
                key={each}
                value={each}
                label={t(`operators.bulk.${each}`)}
                disabled={each === 'ids' && ids.length === 0}
              />
            ))}
          </Stack>
        </Radio.Group>
        <ValueField action={action} value={value} onChange={setValue} />
        {isReady && preview.error === null && <Preview preview={preview.data} />}
        <Text size="sm">{t(`operators.bulk.follows.${action}`)}</Text>
        <ProblemNote error={preview.error ?? run.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('act.cancel')}
          </Button>
          <Button
            color={action === 'delete' || action === 'disable' ? 'red' : undefined}
            loading={run.isPending}
            disabled={!isReady || (preview.data?.done ?? 0) === 0}
            onClick={() => run.mutate(undefined)}
          >
            {title}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

type ValueProps = {
  action: BulkAction
  value: number | null | undefined
  onChange(value: number | null | undefined): void
}

function ValueField({ action, value, onChange }: ValueProps) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const roles = useQuery(allRoles)
  const teams = useQuery(allTeams)
  if (action === 'assign-role') {
    return (
      <Select
        label={t('operators.role')}
        required
        data={(roles.data ?? []).map(({ id, name }) => ({ value: String(id), label: roleName(name) }))}
        value={value == null ? null : String(value)}
        onChange={(next) => onChange(next === null ? undefined : Number(next))}
      />
    )
  }
  if (action !== 'assign-team') return null
  return (
    <Select
      label={t('operators.team')}
      required
      data={[
        { value: 'none', label: t('operators.noTeam') },
        ...(teams.data ?? []).map(({ id, name }) => ({ value: String(id), label: name })),
      ]}
      value={value === undefined ? null : value === null ? 'none' : String(value)}
      onChange={(next) => onChange(next === null ? undefined : next === 'none' ? null : Number(next))}
    />
  )
}

function Preview({ preview }: { preview: PostOperatorsBulkResponse | undefined }) {
  const { t } = useTranslation()
  if (preview === undefined) return <Skeleton height={40} />
  const refused = preview.results.filter(({ kind }) => kind === 'refused')
  return (
    <div role="status">
      <Text fw={600}>{t('operators.bulk.preview', { count: preview.done })}</Text>
      {preview.unchanged > 0 && (
        <Text size="sm" c="dimmed">
          {t('operators.bulk.unchanged', { count: preview.unchanged })}
        </Text>
      )}
      {refused.length > 0 && (
        <Alert mt="xs" color="yellow" variant="light" title={t('operators.bulk.refused', { count: refused.length })}>
          <List size="sm">
            {refused.slice(0, reasonsShown).map(({ operator_id: id, email, reason }) => (
              <List.Item key={id}>
                <bdi>{email ?? id}</bdi>: {reason}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </div>
  )
}
