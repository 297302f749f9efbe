// Before many are touched: who and how many, what will happen on the network, what cannot be undone. One row whose action has an
// inverse and is told nothing is done at once, with Undo (use-row-action.ts).
import { Button, Group, Modal, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postBulkRuns } from '../api/generated/sdk.gen.ts'
import type { BulkPreview, BulkRun, PostBulkRunsData } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { ActionFields } from './action-fields.tsx'
import { actionTitle, type PanelAction } from './action-list.ts'
import { initialParams, isComplete, paramsOf } from './action-params.ts'
import { Revealed } from './revealed.tsx'
import { useRowAction } from './use-row-action.ts'
import { WhoIsTouched } from './who-is-touched.tsx'

export type Target = PostBulkRunsData['body']['target']
/** Whom it may be done to, to choose from: D18 of the requirements. */
export type TargetChoice = { name: 'selected' | 'matching' | 'all'; target: Target }

type Props = {
  action: PanelAction
  target: Target
  /** Others that could be meant as well; `target` is one of them. */
  choices?: readonly TargetChoice[]
  onClose(): void
  onBegun(run: BulkRun): void
}

export function ActionDialog({ action, target: first, choices = [], onClose, onBegun }: Props) {
  const { t } = useTranslation()
  const [params, setParams] = useState(() => initialParams(action))
  const [target, setTarget] = useState(first)
  const [typed, setTyped] = useState('')
  const preview = usePreview(action, target)
  const doing = useDoing({ action, target, preview: preview.data, onClose, onBegun })
  const title = actionTitle(action.name, t)
  const count = preview.data?.count ?? 0
  const only = count === 1 ? preview.data?.first[0]?.username : undefined
  const proof = only ?? String(count)
  // Of one it is known who it is: Enter need not wait for the count.
  const isKnown = 'ids' in target && target.ids.length === 1 && action.isTyped !== true
  const isCounted = count > 0 && !preview.isPlaceholderData
  const isProved = action.isTyped !== true || typed.trim() === proof
  const send = (event: FormEvent) => {
    event.preventDefault()
    doing.send(paramsOf(action, params))
  }
  if (doing.revealed) return <Revealed username={only ?? ''} revealed={doing.revealed} onClose={onClose} />
  return (
    <Modal opened onClose={onClose} title={title} size="md">
      <form onSubmit={send}>
        <Stack gap="sm">
          {choices.length > 1 && <Choice choices={choices} target={target} onChange={setTarget} />}
          <WhoIsTouched preview={preview.data} isStale={preview.isPlaceholderData} error={preview.error} />
          <ActionFields action={action} params={params} onChange={setParams} errors={doing.errors} />
          <Text size="sm">{t(`network.${networkOf(action, params)}`)}</Text>
          <Text
            size="sm"
            c={action.isFinal ? undefined : 'dimmed'}
            fw={action.isDanger && action.isFinal ? 600 : undefined}
          >
            {t(action.isTyped ? 'actions.purged' : action.isFinal === true ? 'actions.noUndo' : 'actions.withUndo')}
          </Text>
          {action.isTyped && preview.data && (
            <TextInput
              label={t('actions.typeIt', { proof })}
              value={typed}
              autoComplete="off"
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
          <ProblemNote error={preview.error ?? doing.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button
              type="submit"
              color={action.isDanger === true ? 'red' : undefined}
              loading={doing.isPending}
              disabled={!(isKnown || isCounted) || !isComplete(action, params) || !isProved}
            >
              {only === undefined && !isKnown ? t('actions.confirm', { action: title, count }) : title}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** Where it is asked whether live sessions are to be ended, what was answered. */
function networkOf(
  { network }: PanelAction,
  params: Record<string, unknown>,
): Exclude<PanelAction['network'], 'asked'> {
  if (network !== 'asked') return network
  return params['disconnect'] === true ? 'disconnect' : 'none'
}

/** Whom it would reach; nothing is written. */
function usePreview({ name }: PanelAction, target: Target) {
  return useQuery({
    queryKey: ['bulk-preview', name, target],
    queryFn: async () => {
      const body = { action: name, target, dry_run: true }
      return (await postBulkRuns({ body, throwOnError: true })).data as BulkPreview
    },
    staleTime: 0,
    gcTime: 0,
    placeholderData: keepPreviousData,
  })
}

type Doing = Pick<Props, 'action' | 'target' | 'onClose' | 'onBegun'> & { preview: BulkPreview | undefined }

/** One is done at once, and what it reveals is shown; many are a bulk run. */
function useDoing({ action, target, preview, onClose, onBegun }: Doing) {
  const one = useRowAction({ isForm: true })
  const many = useAct({
    run: async (params: Record<string, unknown>) => {
      const body = { action: action.name, params, target, ...(preview && { confirm_count: preview.count }) }
      return (await postBulkRuns({ body, throwOnError: true })).data as BulkRun
    },
    touches: [['subscribers'], ['bulk-runs']],
    isForm: true,
    onDone: onBegun,
  })
  const id = 'ids' in target && target.ids.length === 1 ? target.ids[0] : undefined
  const error = one.error ?? many.error
  return {
    error,
    errors: error instanceof ApiError ? error.fields : {},
    isPending: one.isPending || many.isPending,
    revealed: one.data?.revealed,
    send(params: Record<string, unknown>): void {
      if (id === undefined) return many.mutate(params)
      const username = preview?.first[0]?.username ?? String(id)
      one.mutate({ id, action, username, params }, { onSuccess: ({ revealed }) => revealed === undefined && onClose() })
    },
  }
}

type ChoiceProps = { choices: readonly TargetChoice[]; target: Target; onChange(target: Target): void }

function Choice({ choices, target, onChange }: ChoiceProps) {
  const { t } = useTranslation()
  const current = choices.find((one) => one.target === target) ?? choices[0]!
  return (
    <SegmentedControl
      fullWidth
      aria-label={t('actions.whom')}
      value={current.name}
      onChange={(name) => onChange(choices.find((one) => one.name === name)!.target)}
      data={choices.map(({ name }) => ({ value: name, label: t(`actions.targets.${name}`) }))}
    />
  )
}
